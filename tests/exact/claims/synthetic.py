"""Curves made to obey the claims, or to break them, and their judgements."""

import functools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from maxgain.claims.evidence import Evidence
from maxgain.claims.judge import judge_claim
from maxgain.claims.registry import CLAIMS as REGISTRY
from maxgain.tables.results import ResultTables

SEEDS = (0, 1, 2, 3, 4)


def make_run(
    experiment: str,
    seed: int,
    epochs: int,
    gain: np.ndarray,
    training_loss: np.ndarray,
    validation_loss: np.ndarray,
    rate_factor: float = 1.0,
    network: str = "lenet",
    capacity: float = 1.0,
) -> pd.DataFrame:
    mnist = experiment == "mnist_rates"
    return pd.DataFrame(
        {
            "experiment": experiment,
            "dataset": "mnist" if mnist else "cifar10",
            "data": "synthetic MNIST" if mnist else "synthetic CIFAR-10",
            "stand_in": True,
            "network": network,
            "capacity": capacity,
            "rate_factor": rate_factor,
            "learning_rate": rate_factor * (0.001 if mnist else 0.05),
            "seed": seed,
            "precision": "fp32",
            "device": "cpu",
            "epoch": np.arange(1, epochs + 1),
            "epoch_learning_rate": rate_factor * (0.001 if mnist else 0.05),
            "training_loss": training_loss,
            "validation_loss": validation_loss,
            # Errors follow their losses.
            "training_error": training_loss / 4,
            "validation_error": validation_loss / 4,
            "training_top5_error": training_loss / 20,
            "validation_top5_error": validation_loss / 20,
            "gain_db": gain,
        }
    )


class Curves:
    """Gains and losses of one run, with noise that depends on the seed and the setting alone."""

    def __init__(self, epochs: int, seed: int, setting: float = 0.0) -> None:
        self.random = np.random.default_rng([seed, int(1000 * setting), epochs])
        self.epochs = epochs
        self.time = np.arange(1, epochs + 1, dtype=float)

    def jump(self, scale: float | np.ndarray) -> np.ndarray:
        return scale * self.random.normal(size=self.epochs)

    def saturate(self, epoch: float, rise: float = 7.0, noise: float = 0.1) -> np.ndarray:
        """A straight rise to `epoch`, flat from there."""
        return -28 + rise * np.minimum(self.time, epoch) / epoch + self.jump(noise)

    def climb(self, rise: float = 6.0, noise: float = 0.1) -> np.ndarray:
        return -30 + rise * self.time / self.epochs + self.jump(noise)

    def turn_variable(self, epoch: float, before: float = 0.3, after: float = 5.0) -> np.ndarray:
        """A drop over three epochs, steady until `epoch`, jumping from there on."""
        level = np.where(self.time < 4, -27 - 4 * (self.time - 1), -36.0)
        return level + self.jump(np.where(self.time < epoch, before, after))

    def fall(self, floor: float = 0.1, height: float = 1.0) -> np.ndarray:
        return floor + height * np.exp(-4 * self.time / self.epochs) + self.jump(1e-4)

    def fall_to(self, epoch: float, level: float = 0.4) -> np.ndarray:
        return level + np.maximum(0, 1 - self.time / epoch) + self.jump(1e-3)

    def turn_up(self, epoch: float, level: float = 0.8, rate: float = 1.0) -> np.ndarray:
        """Falls to `epoch`, rises by `rate` over the run's length from there."""
        back = rate * np.maximum(0, self.time - epoch) / self.epochs
        return self.fall_to(epoch, level) + back

    def rise(self, level: float = 1.0) -> np.ndarray:
        return level + self.time / self.epochs + self.jump(1e-3)


def make_mnist(good: bool, seeds: tuple[int, ...] = SEEDS, epochs: int = 20) -> pd.DataFrame:
    """A sweep that obeys M1-M6 (good) or breaks each of them."""
    parts = []
    for seed in seeds:
        for factor in (1.0, 2.0, 3.0, 4.0, 0.333333, 0.1):
            c = Curves(epochs, seed, factor)
            training, validation = c.fall(), c.fall_to(12)
            if good:
                gain = c.saturate(10) if factor == 1 else c.climb(noise=0.4 * factor**1.5)
                if factor == 4:
                    gain = -25 + c.jump(4.0)
                    training = np.where(c.time < 7, training, training + 0.2 * (c.time - 6))
                    validation = np.where(c.time < 7, validation, validation + 0.2 * (c.time - 6))
                if factor == 0.333333:
                    validation = validation + 0.1 + c.jump(0.002)
                if factor == 0.1:
                    gain = c.climb()
            else:
                gain = c.climb(6, 0.5) if factor == 1 else -25 + c.jump(1.0 / factor**1.5)
                if factor == 1:
                    training, validation = c.rise(), c.rise()
                if factor == 4:
                    gain = c.climb()
                if factor == 0.333333:
                    validation = validation - 0.1
                if factor == 0.1:
                    gain = c.saturate(4, noise=0.02)
            parts.append(make_run("mnist_rates", seed, epochs, gain, training, validation, factor))
    return pd.concat(parts, ignore_index=True)


def make_cifar(good: bool, seeds: tuple[int, ...] = SEEDS, epochs: int = 45) -> pd.DataFrame:
    """A sweep that obeys C1-C5 (good) or breaks each of them."""
    parts = []
    for seed in seeds:
        for factor in (1.0, 2.0, 3.0, 4.0, 0.333333, 0.1):
            c = Curves(epochs, seed, factor)
            shift = 0.2 * factor if good else -0.1 * factor
            training, validation = c.fall(1 + shift), c.turn_up(27, 1.5 + shift)
            if good:
                raised = 8.0 * factor
                gain = c.turn_variable(27) if factor == 1 else -30 + c.jump(raised)
                if factor == 0.333333:
                    gain = c.climb(8, 0.0) + c.jump(np.where(c.time < 27, 0.05, 0.35))
                if factor == 0.1:
                    gain = c.climb(6)
            else:
                gain = c.turn_variable(27, 5.0, 0.3) if factor == 1 else -30 + c.jump(2 / factor)
                if factor == 1:
                    # Overfitting without a change of the gain's variability.
                    validation = c.turn_up(15, 1.4)
                if factor == 0.333333:
                    gain = -30 - 0.1 * c.time + c.jump(np.where(c.time < 27, 3.0, 0.2))
                if factor == 0.1:
                    gain = c.climb(-6)
            parts.append(make_run("cifar_rates", seed, epochs, gain, training, validation, factor))
    return pd.concat(parts, ignore_index=True)


def make_networks(
    good: bool, seeds: tuple[int, ...] = SEEDS, epochs: int = 100, nin_epochs: int = 100
) -> pd.DataFrame:
    """LeNet and NIN that obey N1-N3 (good) or break each of them."""
    parts = []
    for seed in seeds:
        c, n = Curves(epochs, seed), Curves(nin_epochs, seed, 9)
        if good:
            lenet = c.turn_variable(70), c.fall(), c.turn_up(70, 0.8, 2)
            nin = -45 + n.jump(0.3), n.fall(), n.fall_to(nin_epochs / 2, 0.5)
        else:
            lenet = c.turn_variable(70, 4, 0.3), c.fall(), c.fall_to(90, 0.8)
            # The better network, LeNet, has the higher gain.
            nin = -60 + 0.1 * n.time + n.jump(0.3), n.fall(), n.fall_to(nin_epochs / 2, 1.2)
        for name, curves in (("lenet", lenet), ("nin", nin)):
            length = epochs if name == "lenet" else nin_epochs
            parts.append(make_run("networks", seed, length, *curves, 1.0, name))
    return pd.concat(parts, ignore_index=True)


def make_capacity(
    good: bool, seeds: tuple[int, ...] = SEEDS, epochs: int = 60, big_epochs: int = 40
) -> pd.DataFrame:
    """Three capacities that obey K1 and K2 (good) or break both."""
    parts = []
    for seed in seeds:
        for capacity in (0.25, 1.0, 4.0):
            length = big_epochs if capacity == 4 else epochs
            c = Curves(length, seed, capacity)
            training, validation = c.fall(), c.fall_to(length / 2)
            gain = -30 + c.jump(0.3)
            if capacity == 0.25:
                training = training + (0.3 if good else -0.05)
                gain = -30 + c.jump(0.8) if good else -40 + c.jump(0.1)
            if capacity == 4:
                gain = -30 + c.jump(0.1 * c.time if good else 4 - 0.09 * c.time)
                validation = c.turn_up(13, 0.8) if good else validation
            parts.append(
                make_run(
                    "capacity", seed, length, gain, training, validation, 1.0, "lenet", capacity
                )
            )
    return pd.concat(parts, ignore_index=True)


# What each sort of run looks like: gain, training loss, validation loss.
KINDS: dict[str, Callable[[Curves], tuple[np.ndarray, np.ndarray, np.ndarray]]] = {
    "high": lambda c: (-25 + c.jump(5.0), c.rise(), c.rise()),
    "low": lambda c: (c.climb(), c.fall(), 2 - c.time / c.epochs),
    "flat": lambda c: (c.saturate(c.epochs // 3), c.fall(), c.fall_to(c.epochs // 3)),
    "late": lambda c: (c.turn_variable(c.epochs // 2), c.fall(), c.turn_up(c.epochs // 2)),
}

# The sort of run that D1-D4 are about.
SUBJECTS = {"D1": "high", "D2": "low", "D3": "flat", "D4": "late"}


def mistake(kind: str, name: str) -> str:
    """The sort of run whose gain a run of `kind` gets, so that the claim `name` is broken."""
    subject = SUBJECTS.get(name)
    if subject is None:
        return {"high": "low", "low": "late", "late": "flat", "flat": "high"}[kind]
    if kind == subject:
        return "low" if subject == "high" else "high"
    return subject


def make_diagnosed(
    good: bool, seeds: tuple[int, ...] = SEEDS, name: str = "D5"
) -> dict[str, pd.DataFrame]:
    """Runs whose gains say what settings and losses say (good), or something else."""
    sweep = {1.0: "flat", 2.0: "high", 3.0: "high", 4.0: "high", 0.333333: "low", 0.1: "low"}
    capacities = {0.125: "flat", 0.25: "flat", 0.5: "flat", 1.5: "late", 2.0: "late", 4.0: "late"}
    tables = {}
    for experiment, epochs in (("mnist_rates", 20), ("cifar_rates", 45), ("capacity", 60)):
        parts = []
        for seed in seeds:
            for setting, kind in (capacities if experiment == "capacity" else sweep).items():
                factor, capacity = (0.1, setting) if experiment == "capacity" else (setting, 1.0)
                seen = KINDS[kind if good else mistake(kind, name)]
                gain, _, _ = seen(Curves(epochs, seed, setting))
                _, training, validation = KINDS[kind](Curves(epochs, seed, setting))
                parts.append(
                    make_run(
                        experiment,
                        seed,
                        epochs,
                        gain,
                        training,
                        validation,
                        factor,
                        capacity=capacity,
                    )
                )
        tables[experiment] = pd.concat(parts, ignore_index=True)
    return tables


def make_response(good: bool, seeds: tuple[int, ...] = SEEDS) -> dict[str, pd.DataFrame]:
    """Both sweeps with sensitivity and saturation that obey S1-S5 (good) or break each of them.

    All of CIFAR-10's runs overfit, none of MNIST's does.
    """
    tables = {}
    for experiment, epochs, end in (("mnist_rates", 20, 12), ("cifar_rates", 45, 27)):
        overfits = experiment == "cifar_rates"
        parts = []
        for seed in seeds:
            for factor in (1.0, 2.0, 3.0, 4.0, 1 / 3, 0.1):
                c = Curves(epochs, seed, factor)
                scale = 0.1 * factor if good else 0.4 / factor
                mean = c.saturate(end if good else epochs // 5, 8.0, scale)
                single = mean + c.jump(0.8 * max(factor, 1) if good else 0.01)
                saturation = -4 + c.jump(1.5 * max(factor, 1) if good else 0.01)
                falling = -4 - np.maximum(0, c.time - end) + c.jump(0.05)
                level = -4 + c.jump(0.05)
                training = c.fall()
                if good:
                    validation = c.turn_up(end) if overfits else c.fall_to(end)
                else:
                    end_of_fall = round(0.8 * epochs)
                    validation = c.turn_up(end_of_fall) if overfits else c.fall_to(end_of_fall)
                table = make_run(experiment, seed, epochs, mean, training, validation, factor)
                falls = overfits if good else not overfits
                mean_saturation = falling if falls else level
                wrong = 0.0 if good else 0.01
                parts.append(
                    table.assign(
                        gain_db=single + saturation + wrong,
                        sensitivity_db=single,
                        saturation_db=saturation,
                        gain_mean_db=mean + mean_saturation + wrong,
                        gain_error_db=0.3,
                        sensitivity_mean_db=mean,
                        sensitivity_error_db=0.3,
                        saturation_mean_db=mean_saturation,
                        saturation_error_db=0.3,
                    )
                )
        tables[experiment] = pd.concat(parts, ignore_index=True)
    return tables


def make_toy(good: bool) -> pd.DataFrame:
    frequency = (np.arange(32) + 0.5) / 64
    response = -(60 if good else -60) * frequency
    rows = []
    for place in ("150,100", "220,280"):
        rows += [
            ("place-response", place, "response_db", f, v)
            for f, v in zip(frequency, response, strict=True)
        ]
        deviation = 1e-3 if good else 0.5
        rows.append(("place-response", place, "deviation_from_filter_db", math.nan, deviation))
        gradient = 0.0 if good else 1e-30
        rows.append(("inactive-place", place, "max_abs_gradient", math.nan, gradient))
    rows += [
        ("impulse-everywhere", "", "response_db", f, v)
        for f, v in zip(frequency, response, strict=True)
    ]
    return pd.DataFrame(rows, columns=["measurement", "place", "quantity", "frequency", "value"])


MAKERS: dict[str, Callable[..., pd.DataFrame]] = {
    "mnist_rates": make_mnist,
    "cifar_rates": make_cifar,
    "networks": make_networks,
    "capacity": make_capacity,
}


@functools.cache
def make_tables(name: str, good: bool, **options: object) -> ResultTables:
    """The tables that the claim `name` is judged from, made to obey or to break it."""
    table = REGISTRY.find(name).table
    if table == "toy":
        return ResultTables(toy=make_toy(good))
    if name.startswith("S"):
        return ResultTables(make_response(good, **options))
    if table == "curves":
        return ResultTables(make_diagnosed(good, name=name, **options))
    return ResultTables({table: MAKERS[table](good, **options)})


@functools.cache
def judge_made(name: str, good: bool, **options: object) -> Evidence:
    return judge_claim(make_tables(name, good, **options), REGISTRY.find(name))

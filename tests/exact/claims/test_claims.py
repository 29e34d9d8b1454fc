"""Every claim says "reproduced" on curves made to obey it and "not reproduced" on broken ones."""

import dataclasses
import functools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maxgain.claims.evidence import Evidence
from maxgain.claims.findings import hold_above, hold_below
from maxgain.claims.judge import find_claim, find_claim_function, judge, judge_claim, read_claims
from maxgain.claims.page import find_worse_verdicts, render_markdown, write_verdicts_markdown
from maxgain.errors import InputError
from maxgain.statistics.decisions import decide, mean_with_interval
from maxgain.statistics.intervals import Quantity, compare_scales, measure_order, measure_scale
from maxgain.tables.results import ResultTables, read_result_tables
from maxgain.tables.verdicts import VERDICT_COLUMNS, read_verdicts, write_verdicts_csv

CLAIMS = [claim.id for claim in read_claims()]
SEEDS = (0, 1, 2, 3)

# --- synthetic curves -----------------------------------------------------------------------------


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
                gain = c.climb(6, 1.0) if factor == 1 else -25 + c.jump(1.0 / factor**1.5)
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
    good: bool, seeds: tuple[int, ...] = (0, 1), name: str = "D5"
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
    table = find_claim(name).table
    if table == "toy":
        return ResultTables(toy=make_toy(good))
    if table == "curves":
        return ResultTables(make_diagnosed(good, name=name, **options))
    return ResultTables({table: MAKERS[table](good, **options)})


@functools.cache
def judge_made(name: str, good: bool, **options: object) -> Evidence:
    return judge_claim(make_tables(name, good, **options), find_claim(name))


# The claims on pretrained networks are tested beside the zoo's code.
CURVE_CLAIMS = [name for name in CLAIMS if find_claim(name).table not in ("toy", "zoo")]
TESTED = [name for name in CLAIMS if find_claim(name).table != "zoo"]


# --- every claim ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TESTED)
def test_claim_is_reproduced_on_curves_that_obey_it(name: str) -> None:
    evidence = judge_made(name, good=True)
    assert evidence.verdict == "reproduced", evidence.numbers


@pytest.mark.parametrize("name", TESTED)
def test_claim_is_not_reproduced_on_curves_that_break_it(name: str) -> None:
    evidence = judge_made(name, good=False)
    assert evidence.verdict == "not reproduced", evidence.numbers


@pytest.mark.parametrize("name", [n for n in CURVE_CLAIMS if find_claim(n).table != "curves"])
@pytest.mark.parametrize("good", [True, False])
def test_one_seed_has_no_interval_and_never_the_opposite_verdict(name: str, good: bool) -> None:
    evidence = judge_made(name, good, seeds=(0,))
    assert evidence.seeds == 1
    assert evidence.ci_low is None
    assert evidence.ci_high is None
    assert "1 seed" in evidence.numbers
    assert evidence.verdict in ("inconclusive", "reproduced" if good else "not reproduced")


def test_one_seed_decides_most_claims_from_within_the_curve() -> None:
    """A clear curve is enough, but for the final error (M6), which is a single number."""
    decided = {n for n in CURVE_CLAIMS if judge_made(n, True, seeds=(0,)).verdict == "reproduced"}
    assert "M6" not in decided
    assert len(decided) >= 0.6 * len(CURVE_CLAIMS)


def test_no_tables_means_that_nothing_was_run() -> None:
    verdicts = judge(ResultTables())
    assert verdicts["id"].tolist() == CLAIMS
    assert set(verdicts["verdict"]) == {"not run"}
    assert verdicts["numbers"].str.startswith("missing: ").all()
    assert tuple(verdicts.columns) == VERDICT_COLUMNS


@pytest.mark.parametrize("name", [n for n in CURVE_CLAIMS if find_claim(n).table != "curves"])
def test_missing_setting_is_named(name: str) -> None:
    """Each run's absence is either irrelevant to a claim or makes it "not run", never a guess."""
    table = find_claim(name).table
    full = make_tables(name, True).curves[table]
    whole = judge_claim(ResultTables({table: full}), find_claim(name))
    messages = []
    for _, rows in full.groupby(["network", "capacity", "rate_factor"]):
        evidence = judge_claim(ResultTables({table: full.drop(rows.index)}), find_claim(name))
        if evidence.verdict == "not run":
            messages.append(evidence.numbers)
        else:
            assert evidence == whole
    assert messages
    assert all(message.startswith(f"missing: {table} with ") for message in messages)


@pytest.mark.parametrize("name", CURVE_CLAIMS)
def test_too_few_epochs_are_not_extrapolated(name: str) -> None:
    claim = find_claim(name)
    tables = {
        key: table[table["epoch"] < claim.epochs]
        for key, table in make_tables(name, True).curves.items()
    }
    evidence = judge_claim(ResultTables(tables), claim)
    assert evidence.verdict == "not run"
    assert f"needs {claim.epochs:.0f} epochs" in evidence.numbers or "needs a run" in (
        evidence.numbers
    )


@pytest.mark.parametrize("value", [math.nan, -math.inf])
@pytest.mark.parametrize("name", CURVE_CLAIMS)
def test_diverged_and_dead_epochs_never_crash_nor_reproduce_by_themselves(
    name: str, value: float
) -> None:
    """All gains undefined: no statement on the gain can be reproduced."""
    tables = make_tables(name, True)
    broken = {}
    for key, table in tables.curves.items():
        broken[key] = table.assign(gain_db=value)
        if math.isnan(value):
            metrics = [c for c in table if c.endswith(("_loss", "_error"))]
            broken[key][metrics] = math.nan
    evidence = judge_claim(ResultTables(broken), find_claim(name))
    # M2, M6 and N1 are about losses and errors alone.
    if name not in ("M2", "M6", "N1") or math.isnan(value):
        assert evidence.verdict in ("inconclusive", "not reproduced"), evidence.numbers
    else:
        assert evidence.verdict == "reproduced"


def test_diverged_seed_is_left_out_and_counted() -> None:
    table = make_mnist(True)
    lost = (table["seed"] == 3) & (table["rate_factor"] == 1) & (table["epoch"] > 2)
    table.loc[lost, ["gain_db", "training_loss", "validation_loss"]] = math.nan
    evidence = judge_claim(ResultTables({"mnist_rates": table}), find_claim("M1"))
    assert "undefined for 1 seed" in evidence.numbers
    assert evidence.verdict == "reproduced"


def test_divergence_at_x4_counts_as_rising_loss() -> None:
    table = make_mnist(True)
    lost = (table["rate_factor"] == 4) & (table["epoch"] > 12)
    table.loc[lost, ["gain_db", "training_loss", "validation_loss"]] = math.nan
    evidence = judge_claim(ResultTables({"mnist_rates": table}), find_claim("M4"))
    assert evidence.verdict == "reproduced"
    assert "4 of 4 runs diverged" in evidence.numbers


def test_diverged_raised_rates_still_order_the_losses() -> None:
    table = make_cifar(True)
    lost = (table["rate_factor"] == 4) & (table["epoch"] > 30)
    metrics = [c for c in table if c.endswith(("_loss", "_error"))]
    table.loc[lost, ["gain_db", *metrics]] = math.nan
    evidence = judge_claim(ResultTables({"cifar_rates": table}), find_claim("C3"))
    assert "tau of final validation loss and rate 1 " in evidence.numbers


def test_nin_stopped_early_does_not_refute_n1() -> None:
    short = judge_claim(
        ResultTables({"networks": make_networks(False, nin_epochs=12)}), find_claim("N1")
    )
    assert short.verdict == "inconclusive"
    assert "NIN 12" in short.numbers
    early_win = judge_claim(
        ResultTables({"networks": make_networks(True, nin_epochs=12)}), find_claim("N1")
    )
    assert early_win.verdict == "reproduced"


def test_nin_stopped_early_leaves_n2_not_run() -> None:
    tables = ResultTables({"networks": make_networks(True, nin_epochs=12)})
    evidence = judge_claim(tables, find_claim("N2"))
    assert evidence == Evidence(
        "not run", numbers="needs 100 epochs, networks with network nin has 12"
    )


@pytest.mark.parametrize("name", CURVE_CLAIMS)
def test_seeds_that_disagree_are_inconclusive_or_worse(name: str) -> None:
    """Half of the seeds obey and half break the claim."""
    good, bad = (make_tables(name, kind).curves for kind in (True, False))
    mixed = {
        key: pd.concat([good[key].query("seed % 2 == 0"), bad[key].query("seed % 2 == 1")])
        for key in good
    }
    assert judge_claim(ResultTables(mixed), find_claim(name)).verdict != "reproduced"


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_homogeneous_noise_reproduces_no_change_of_variability(level: float) -> None:
    """Pure noise of one size at all rates and epochs: C1, C3, C5 and M3 find no effect."""
    for name in ("M3", "C1", "C3", "C5"):
        table = find_claim(name).table
        made = MAKERS[table](True)
        noise = np.random.default_rng(int(level) + 5).normal(size=len(made))
        tables = ResultTables({table: made.assign(gain_db=-30 + 10.0**level * noise)})
        assert judge_claim(tables, find_claim(name)).verdict != "reproduced"


# --- inconsistent tables --------------------------------------------------------------------------


def test_gap_in_the_epochs_is_an_input_error() -> None:
    table = make_mnist(True).query("not (epoch == 7 and seed == 1)")
    with pytest.raises(InputError, match=r"curves/mnist_rates\.csv.*each one once"):
        judge(ResultTables({"mnist_rates": table}))


def test_two_runs_of_one_seed_are_an_input_error() -> None:
    table = make_networks(True, seeds=(0,))
    double = pd.concat([table, table.assign(learning_rate=0.005)])
    with pytest.raises(InputError, match="several runs of one seed"):
        judge(ResultTables({"networks": double}))


# --- the table, decisions, reports ----------------------------------------------------------------


def test_table_declares_all_claims_of_the_paper() -> None:
    counts = {"T": 3, "P": 3, "M": 6, "C": 5, "N": 3, "K": 2, "D": 5}
    assert [f"{k}{i}" for k, n in counts.items() for i in range(1, n + 1)] == CLAIMS
    for claim in read_claims():
        assert claim.statement
        assert claim.statistic
        assert claim.section
        assert math.isfinite(claim.threshold)
        assert math.isnan(claim.epoch) or claim.epoch < claim.epochs


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_has_a_documented_function(name: str) -> None:
    function = find_claim_function(find_claim(name))
    assert len(function.__doc__ or "") > 40


@pytest.mark.parametrize("name", [n for n in TESTED if n[0] != "T" and n != "D5"])
def test_thresholds_come_from_the_table(name: str) -> None:
    """A bound that nothing can pass turns an obeyed claim."""
    claim = find_claim(name)
    unreachable = -1e9 if "below threshold" in claim.statistic else 1e9
    if "between" in claim.statistic:
        unreachable = 0.0
    strict = dataclasses.replace(claim, threshold=unreachable)
    assert judge_claim(make_tables(name, True), strict).verdict != "reproduced"


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((1.0, 0.5, 1.5), "reproduced"),
        ((1.0, -0.5, 2.5), "inconclusive"),
        ((-1.0, -1.5, -0.5), "not reproduced"),
        ((0.0, 0.0, 0.0), "not reproduced"),
        ((1.0, None, None), "inconclusive"),
        ((1.0, math.nan, math.nan), "inconclusive"),
    ],
)
def test_decide(interval: tuple[float, float | None, float | None], verdict: str) -> None:
    assert decide(*interval, threshold=0.0) == verdict


def test_mean_with_interval_is_students() -> None:
    mean, low, high = mean_with_interval(np.array([1.0, 2.0, 3.0]))
    # t(0.975, 2) = 4.3027, standard error 1 / sqrt(3).
    assert (mean, low, high) == pytest.approx((2.0, 2 - 2.4842, 2 + 2.4842), abs=1e-3)
    assert mean_with_interval(np.array([1.0]))[1:] == (None, None)


def test_findings_mirror_each_other() -> None:
    values = [Quantity(value) for value in (1.0, 1.1, 0.9, 1.05)]
    assert hold_above("x", values, 0.5).verdict == "reproduced"
    assert hold_below("x", values, 0.5).verdict == "not reproduced"
    assert hold_below("x", values, 1.5).verdict == "reproduced"
    assert hold_above("x", values, 1.0).verdict == "inconclusive"
    undefined = [*values[:2], Quantity(math.nan), Quantity(math.nan)]
    assert hold_above("x", undefined, 0.5).verdict == "inconclusive"


def test_interval_of_a_scale_covers_the_truth() -> None:
    random = np.random.default_rng(0)
    intervals = [measure_scale(random.normal(size=40)) for _ in range(60)]
    assert np.mean([part.low < 1 < part.high for part in intervals]) > 0.85
    ratios = [compare_scales(random.normal(size=20), random.normal(size=20)) for _ in range(60)]
    assert np.mean([part.low < 0 < part.high for part in ratios]) > 0.85


def test_order_ranks_divergence_above_any_loss() -> None:
    assert measure_order(np.array([5.0, 4, 3, 2, 1])).value == -1
    assert measure_order(np.array([1.0, 2, 3, math.nan, math.nan])).value > 0.9
    assert math.isnan(measure_order(np.full(9, math.nan)).value)
    assert math.isnan(measure_order(np.ones(9)).value)


@pytest.fixture(scope="module")
def verdicts() -> pd.DataFrame:
    curves = {name: maker(True, seeds=(0, 1)) for name, maker in MAKERS.items()}
    return judge(ResultTables(curves, make_toy(True)))


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1))
def test_verdicts_do_not_depend_on_the_row_order(verdicts: pd.DataFrame, seed: int) -> None:
    shuffled = {
        name: maker(True, seeds=(0, 1)).sample(frac=1, random_state=seed)
        for name, maker in reversed(list(MAKERS.items()))
    }
    tables = ResultTables(shuffled, make_toy(True).sample(frac=1, random_state=seed))
    pd.testing.assert_frame_equal(judge(tables), verdicts, check_exact=True)


def test_verdicts_survive_the_file(verdicts: pd.DataFrame, tmp_path: Path) -> None:
    write_verdicts_csv(verdicts, tmp_path / "verdicts.csv")
    pd.testing.assert_frame_equal(read_verdicts(tmp_path / "verdicts.csv"), verdicts)


def test_judging_written_tables_gives_the_same_verdicts(
    verdicts: pd.DataFrame, tmp_path: Path
) -> None:
    for name, maker in MAKERS.items():
        path = tmp_path / "curves" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        maker(True, seeds=(0, 1)).to_csv(path, index=False, na_rep="nan")
    make_toy(True).to_csv(tmp_path / "toy.csv", index=False, na_rep="nan")
    pd.testing.assert_frame_equal(judge(read_result_tables(tmp_path)), verdicts, check_exact=True)


def test_data_says_that_it_is_a_stand_in(verdicts: pd.DataFrame) -> None:
    data = verdicts.set_index("id")["data"]
    assert data["M1"] == "synthetic MNIST (stand-in)"
    assert data["D1"] == "synthetic CIFAR-10 (stand-in); synthetic MNIST (stand-in)"
    assert data["T1"] == ""


def test_markdown_shows_every_claim(verdicts: pd.DataFrame, tmp_path: Path) -> None:
    write_verdicts_markdown(verdicts, tmp_path / "verdicts.md", "Verdicts, protocol test")
    text = (tmp_path / "verdicts.md").read_text(encoding="utf-8")
    assert text == render_markdown(verdicts, "Verdicts, protocol test")
    assert text.startswith("# Verdicts, protocol test\n")
    assert f"{(verdicts['verdict'] == 'not run').sum()} not run" in text
    for row in verdicts.itertuples():
        assert f"| {row.id} | {row.statement.replace('|', chr(92) + '|')} |" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} == {7}


@pytest.mark.parametrize("before", ["reproduced", "inconclusive", "not reproduced", "not run"])
@pytest.mark.parametrize("now", ["reproduced", "inconclusive", "not reproduced", "not run"])
def test_order_of_badness(before: str, now: str, verdicts: pd.DataFrame) -> None:
    order = ["reproduced", "inconclusive", "not reproduced", "not run"]
    reference, today = (verdicts.assign(verdict=value) for value in (before, now))
    worse = find_worse_verdicts(reference, today)
    assert bool(worse) == (order.index(now) > order.index(before))


def test_vanished_claim_is_worse(verdicts: pd.DataFrame) -> None:
    worse = find_worse_verdicts(verdicts, verdicts[verdicts["id"] != "T2"])
    assert worse == {"T2": ("reproduced", "not run")}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,verdict\nM1,reproduced\n", "has the columns id, verdict"),
        (
            ",".join(VERDICT_COLUMNS) + "\nM1,perhaps" + "," * 11 + "\n",
            "has the verdict 'perhaps'",
        ),
    ],
)
def test_foreign_verdict_table_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_verdicts(path)


def test_missing_folder_and_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_result_tables(tmp_path / "nowhere")
    with pytest.raises(InputError, match="does not exist"):
        read_verdicts(tmp_path / "verdicts.csv")

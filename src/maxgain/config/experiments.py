"""Experiments and the runs that they consist of."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from maxgain.config.fields import (
    Count,
    Factor,
    Network,
    Number,
    Precision,
    Role,
    Section,
    Seed,
    without_repeats,
)


class Experiment(Section):
    """Runs that one or two figures compare: every combination of the lists below."""

    dataset: Role
    learning_rate: Factor
    rate_factors: Annotated[list[Factor], Field(min_length=1), AfterValidator(without_repeats)] = [
        Fraction(1)
    ]
    networks: Annotated[list[Network], Field(min_length=1), AfterValidator(without_repeats)] = [
        "lenet"
    ]
    capacities: Annotated[list[Factor], Field(min_length=1), AfterValidator(without_repeats)] = [
        Fraction(1)
    ]
    epochs: Count
    fewer_epochs: dict[str, Count] | None = None
    # No seed at all: the experiment is left out, and "not run" in figures and verdicts.
    seeds: Annotated[list[Seed], AfterValidator(without_repeats)]
    batch_size: Count = 100
    momentum: Annotated[Number, Field(ge=0, lt=1)] = 0.9
    schedule: list[tuple[Count, Factor]] = []
    precision: Precision = "fp32"

    @model_validator(mode="after")
    def _settings_go_together(self) -> "Experiment":
        if "nin" in self.networks and (self.dataset != "cifar10" or self.capacities != [1]):
            raise ValueError("network 'nin' needs the dataset cifar10 and capacities [1]")
        if self.dataset == "mnist" and self.capacities != [1]:
            raise ValueError("the LeNet of the dataset mnist needs capacities [1]")
        arms = [_arm(network, capacity) for network, capacity in self._arms()]
        for name in self.fewer_epochs or {}:
            if name not in arms:
                raise ValueError(f"fewer_epochs names '{name}'; allowed are {', '.join(arms)}")
        for name, epochs in (self.fewer_epochs or {}).items():
            if epochs > self.epochs:
                raise ValueError(
                    f"fewer_epochs.{name} is {epochs}; allowed are 1 to epochs, {self.epochs}"
                )
        if self.dataset == "cifar10" and min(self.capacities) < Fraction(1, 32):
            raise ValueError(f"capacities has {min(self.capacities)}; the least is 1/32")
        if max(self.capacities) > 64:
            raise ValueError(f"capacities has {max(self.capacities)}; the largest is 64")
        return self

    def _arms(self) -> Iterator[tuple[Network, Fraction]]:
        return ((network, capacity) for network in self.networks for capacity in self.capacities)

    def runs(self) -> list["Run"]:
        """Every run of this experiment, in the order of the configuration."""
        return [
            Run(
                dataset=self.dataset,
                network=network,
                capacity=float(capacity),
                learning_rate=float(self.learning_rate * factor),
                rate_factor=float(factor),
                seed=seed,
                epochs=(self.fewer_epochs or {}).get(_arm(network, capacity), self.epochs),
                batch_size=self.batch_size,
                momentum=self.momentum,
                schedule=tuple((epochs, float(rate)) for epochs, rate in self.schedule),
                precision=self.precision,
                architecture=_architecture(network, self.dataset),
                augmentation="batch-flip" if self.dataset == "cifar10" else "none",
            )
            for network, capacity in self._arms()
            for factor in self.rate_factors
            for seed in self.seeds
        ]


def _arm(network: str, capacity: Fraction) -> str:
    return network if capacity == 1 else f"{network} x{capacity}"


def _architecture(network: str, dataset: str) -> str:
    if network == "nin":
        return "nin"
    return {"mnist": "lenet-mnist", "cifar10": "lenet-cifar"}[dataset]


@dataclass(frozen=True)
class Run:
    """One training: what `maxgain train` needs to know, and the name of its folder.

    Attributes
    ----------
    learning_rate
        Of the whole run, before the schedule and a layer's multiplier.
    rate_factor
        `learning_rate` over the experiment's; it is not a part of the run's identity.
    schedule
        Pairs (epochs, factor on the learning rate); the last factor stays. Empty: constant.
    """

    dataset: Role
    network: Network
    capacity: float
    learning_rate: float
    rate_factor: float
    seed: int
    epochs: int
    batch_size: int
    momentum: float
    schedule: tuple[tuple[int, float], ...]
    precision: Precision
    architecture: str
    initialisation: str = "recipe"
    optimiser: str = "sgd"
    nesterov: bool = False
    weight_decay: float | None = None
    augmentation: str = "none"
    fast: bool = True

    @property
    def name(self) -> str:
        """Folder of the run below `runs/`; settings that differ give names that differ."""
        network = f"{self.network}-x{self.capacity:g}-{self.precision}"
        rate = f"lr{self.learning_rate:.6g}"
        if self.schedule:
            rate += "-" + "-".join(f"{epochs}x{factor:g}" for epochs, factor in self.schedule)
        rate += f"-batch{self.batch_size}-momentum{self.momentum:g}"
        return f"{self.dataset}/{network}/{rate}/seed{self.seed}"

    @property
    def cost(self) -> float:
        """Relative cost of the run, to schedule long ones first: epochs x millions of products."""
        if self.network == "nin":
            return self.epochs * 200
        if self.dataset == "mnist":
            return self.epochs * 2.3
        return self.epochs * (2.5 * self.capacity + 9.9 * self.capacity**2)

"""Experiments, each a grid of trainings, and the single runs that they consist of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from maxgain.config.fields import Count, Factor, Flag, Number, Precision, Section, Seed, Unique
from maxgain.config.networks import Network

SGD_MOMENTUM = 0.9
"""Momentum of SGD where the configuration names none (MatConvNet's examples)."""


class NetworkChoice(Section):
    """A network in an experiment, and what it does otherwise than the experiment's others."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """One of `networks`, or any architecture that needs no settings."""

    epochs: Count | None = None
    """Fewer epochs than the experiment's, for a network whose epochs are long."""

    capacities: Annotated[list[Factor], Field(min_length=1), Unique] | None = None
    """In place of the experiment's."""


def _as_choice(value: Any) -> Any:  # what YAML gives, of any kind
    return {"name": value} if isinstance(value, str) else value


Networks = Annotated[
    list[Annotated[NetworkChoice, BeforeValidator(_as_choice, json_schema_input_type=str | dict)]],
    Field(min_length=1),
    Unique,
]
Factors = Annotated[list[Factor], Field(min_length=1), Unique]
Seeds = Annotated[list[Seed], Unique]


class MoreSeeds(Section):
    """Seeds that one learning rate is trained with beside the experiment's."""

    rate_factor: Factor
    """One of `rate_factors`."""

    seeds: Annotated[Seeds, Field(min_length=1)]
    """One run each; none of the experiment's own."""


class EmbeddedChanges(Section):
    """What an experiment does otherwise on embedded data, which are few."""

    networks: Networks | None = None
    """In place of the experiment's; null takes those."""

    capacities: Factors | None = None
    """In place of the experiment's; null takes those."""

    epochs: Count | None = None
    """In place of the experiment's; null takes those."""

    seeds: Seeds | None = None
    """In place of the experiment's; null takes those."""

    more_seeds: list[MoreSeeds] | None = None
    """In place of the experiment's; null takes those."""

    batch_size: Count | None = None
    """In place of the experiment's; null takes that."""


class Experiment(Section):
    """Runs that figures compare: every combination of the lists below."""

    dataset: str
    """One of `datasets`."""

    networks: Networks
    """Names, or mappings of name, epochs and capacities."""

    learning_rate: Factor
    """Of factor 1."""

    rate_factors: Factors = [Fraction(1)]
    """Factors on the learning rate: numbers or fractions."""

    capacities: Factors = [Fraction(1)]
    """Factors on the number of filters of the networks."""

    epochs: Count
    """Length of a training."""

    seeds: Seeds
    """One run each; an empty list leaves the experiment out, and it is "not run" in the results."""

    more_seeds: list[MoreSeeds] = []
    """Further seeds of single rates. A file that sets `seeds` or `rate_factors` replaces it too."""

    batch_size: Count = 100
    """Images a step."""

    optimiser: str = "sgd"
    """sgd or adamw."""

    momentum: Annotated[Number, Field(ge=0, lt=1)] | None = None
    """Of SGD; null takes 0.9."""

    nesterov: Flag = False
    """Nesterov's momentum, of SGD."""

    schedule: list[tuple[Count, Factor]] = []
    """Pairs of epochs and factor on the rate, as [[30, 1], [10, 1/10]]; empty is constant."""

    precision: Precision = "fp32"
    """Arithmetic of training; gains are always measured in fp32."""

    embedded: EmbeddedChanges = EmbeddedChanges()
    """Keys in force only where the data set is embedded, in place of those beside it."""

    @model_validator(mode="after")
    def _settings_go_together(self) -> "Experiment":
        for number, choice in enumerate(self.networks):
            if choice.epochs is not None and choice.epochs > self.epochs:
                raise ValueError(
                    f"networks.{number}.epochs is {choice.epochs}; allowed are 1 to epochs, "
                    f"{self.epochs}"
                )
        for number, more in enumerate(self.more_seeds):
            if more.rate_factor not in self.rate_factors:
                raise ValueError(
                    f"more_seeds.{number}.rate_factor is {more.rate_factor}; allowed are those of "
                    f"rate_factors, {', '.join(map(str, self.rate_factors))}"
                )
            if twice := set(more.seeds) & set(self.seeds):
                message = f"more_seeds.{number}.seeds has {min(twice)}, as seeds has"
                raise ValueError(f"{message}; allowed are others")
        if len({more.rate_factor for more in self.more_seeds}) < len(self.more_seeds):
            raise ValueError("more_seeds names a rate_factor twice; allowed is once")
        length = sum(epochs for epochs, _ in self.schedule)
        if length > self.epochs:
            raise ValueError(
                f"schedule has {length} epochs; allowed are at most epochs, {self.epochs}"
            )
        if self.optimiser != "sgd":
            for key in ("momentum", "nesterov"):
                if getattr(self, key):
                    raise ValueError(f"{key} is for the optimiser 'sgd'; it is '{self.optimiser}'")
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum greater than 0; momentum is 0")
        return self

    def on_embedded_data(self) -> "Experiment":
        """The experiment as it is where its data set is embedded.

        Raises
        ------
        pydantic.ValidationError
            The changes do not go with the rest.
        """
        changes = self.embedded.model_dump(exclude_none=True, by_alias=True)
        if not changes:
            return self
        return Experiment.model_validate({**self.model_dump(exclude={"embedded"}), **changes})

    @property
    def size(self) -> int:
        """Number of runs."""
        arms = sum(len(choice.capacities or self.capacities) for choice in self.networks)
        return arms * sum(len(self.seeds_of(factor)) for factor in self.rate_factors)

    def seeds_of(self, rate_factor: Fraction) -> list[Seed]:
        """Seeds of the runs at a factor on the rate; none where the experiment is left out."""
        if not self.seeds:
            return []
        more = (each for each in self.more_seeds if each.rate_factor == rate_factor)
        return [*self.seeds, *(seed for each in more for seed in each.seeds)]


@dataclass(frozen=True)
class Run:
    """One training: all that decides it but the images, and the name of its folder.

    Attributes
    ----------
    dataset, network
        What tables, figures and folders call them.
    architecture
        Name in the registry of networks.
    rate_factor
        `learning_rate` over the experiment's; it is not a part of the run's identity.
    learning_rate
        Of the whole run, before the schedule and a layer's multiplier.
    weight_decay
        None: the recipe's.
    schedule
        Pairs (epochs, factor on the learning rate); the last factor stays. Empty: constant.
    fast
        Whether kernels for CPUs may be used.
    repetition
        Above 0, which disturbance of the initial weights; it is not a part of the name.
    """

    dataset: str
    network: str
    architecture: str
    capacity: float
    learning_rate: float
    rate_factor: float
    seed: int
    epochs: int
    batch_size: int = 100
    momentum: float = SGD_MOMENTUM
    schedule: tuple[tuple[int, float], ...] = ()
    precision: Precision = "fp32"
    initialisation: str = "recipe"
    optimiser: str = "sgd"
    nesterov: bool = False
    weight_decay: float | None = None
    augmentation: str = "none"
    fast: bool = True
    repetition: int = 0

    @property
    def name(self) -> str:
        """Folder of the run below `runs/`; settings that differ give names that differ."""
        network = f"{self.network}-x{self.capacity:g}-{self.precision}"
        rate = f"lr{self.learning_rate:.6g}"
        if self.schedule:
            rate += "-" + "-".join(f"{epochs}x{factor:g}" for epochs, factor in self.schedule)
        rate += f"-batch{self.batch_size}"
        rate += f"-momentum{self.momentum:g}" if self.optimiser == "sgd" else f"-{self.optimiser}"
        rate += "-nesterov" * self.nesterov
        return f"{self.dataset}/{network}/{rate}/seed{self.seed}"


@dataclass(frozen=True)
class Setting:
    """What the runs of an experiment share that stands elsewhere in the configuration."""

    networks: Mapping[str, Network]
    augmentation: str = "none"
    fast: bool = True
    repetition: int = 0

    def network(self, name: str) -> Network:
        """The network of a name; an architecture's name stands for itself."""
        return self.networks.get(name) or Network(architecture=name)

    def runs(self, experiment: Experiment) -> list[Run]:
        """Every run of an experiment, in the order of the configuration."""
        return [
            self._run(experiment, choice, capacity, factor, seed)
            for choice, capacity in _arms(experiment)
            for factor in experiment.rate_factors
            for seed in experiment.seeds_of(factor)
        ]

    def _run(
        self,
        experiment: Experiment,
        choice: NetworkChoice,
        capacity: Fraction,
        factor: Fraction,
        seed: int,
    ) -> Run:
        network = self.network(choice.name)
        sgd = experiment.optimiser == "sgd"
        momentum = SGD_MOMENTUM if experiment.momentum is None else experiment.momentum
        return Run(
            dataset=experiment.dataset,
            network=network.label_for(choice.name),
            architecture=network.architecture,
            capacity=float(network.capacity * capacity),
            learning_rate=float(experiment.learning_rate * factor),
            rate_factor=float(factor),
            seed=seed,
            epochs=choice.epochs or experiment.epochs,
            batch_size=experiment.batch_size,
            momentum=momentum if sgd else 0.0,
            schedule=tuple((epochs, float(rate)) for epochs, rate in experiment.schedule),
            precision=experiment.precision,
            initialisation=network.initialisation,
            optimiser=experiment.optimiser,
            nesterov=experiment.nesterov,
            weight_decay=network.weight_decay,
            augmentation=self.augmentation,
            fast=self.fast,
            repetition=self.repetition,
        )


def _arms(experiment: Experiment) -> Iterator[tuple[NetworkChoice, Fraction]]:
    for choice in experiment.networks:
        for capacity in choice.capacities or experiment.capacities:
            yield choice, capacity

"""Experiments, each a grid of trainings."""

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from maxgain.config.fields import Count, Factor, Flag, Number, Precision, Section, Seed, Unique


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

    seeds_together: Count | None = None
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

    held_out: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    """Share of the training images, of each class alike, that is not trained on."""

    validation_stride: Count = 1
    """After an epoch every so-manieth validation image is looked at; 2 leaves the other half for
    another judge."""

    seeds_together: Count = 1
    """Seeds of one setting that one job trains in turn, so that short trainings share a start-up.
    Where one of them is missing, all are trained."""

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

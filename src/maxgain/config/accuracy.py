"""Accuracy checks: a network trained as a public example trains it, to compare their errors."""

from fractions import Fraction
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from maxgain.config.experiments import Experiment, NetworkChoice, Seeds
from maxgain.config.fields import Count, Factor, Label, Number, Section


class AccuracyCheck(Section):
    """A network trained as a public example trains it, and the error that the example states."""

    dataset: str
    """One of `datasets`."""

    network: Annotated[str, Field(min_length=1, max_length=200)]
    """One of `networks`, or any architecture that needs no settings."""

    capacity: Factor = Fraction(1)
    """Factor on the number of filters."""

    learning_rate: Factor
    """Of the schedule's factor 1."""

    schedule: list[tuple[Count, Factor]] = []
    """Pairs of epochs and factor on the rate, as [[30, 1], [10, 1/10]]; empty is constant."""

    epochs: Count
    """Length of a training."""

    batch_size: Count = 100
    """Images a step."""

    seeds: Seeds
    """One run each; an empty list leaves the check out, and it is "not run" in the results."""

    source: Label
    """Which example it is, and where it is published."""

    published_error: Annotated[Number, Field(ge=0, le=100)] | None = None
    """Validation error at the end that the source states, percent; null where it states none."""

    @model_validator(mode="after")
    def _settings_go_together(self) -> "AccuracyCheck":
        try:
            _ = self.experiment
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self

    @property
    def experiment(self) -> Experiment:
        """The same trainings as an experiment."""
        return Experiment(
            dataset=self.dataset,
            networks=[NetworkChoice(name=self.network)],
            capacities=[self.capacity],
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            epochs=self.epochs,
            batch_size=self.batch_size,
            seeds=self.seeds,
        )

    @property
    def rates(self) -> str:
        """Epochs and learning rates in words, as "30 x 0.05, 10 x 0.005, 5 x 0.0005"."""
        *first, (_, last) = self.schedule or [(self.epochs, Fraction(1))]
        rest = self.epochs - sum(epochs for epochs, _ in first)  # The last factor stays.
        return ", ".join(
            f"{epochs} x {float(self.learning_rate * factor):g}"
            for epochs, factor in [*first, (rest, last)]
        )

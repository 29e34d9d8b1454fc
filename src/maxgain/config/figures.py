"""What a user may ask a figure to show."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from maxgain.config.fields import Count, Factor, Section, printable, without_repeats

Dimension = Literal["network", "capacity", "rate_factor"]
"""Columns of a table of curves by which the runs of an experiment may differ, beside their seed."""


Text = Annotated[str, AfterValidator(printable)]


Chosen = Annotated[list[Factor], Field(min_length=1), AfterValidator(without_repeats)]


class CurvesFigure(Section):
    """Gain, loss and error of the runs of one experiment, over the epochs.

    Runs that differ in their seed only are one curve. What is asked for and was not run is drawn
    as such.

    Attributes
    ----------
    name
        Of the figure and its files.
    kind
        What draws it, one of `maxgain.figures.registry.KINDS`.
    experiment
        Name of the experiment in the configuration.
    columns, colours
        By what the columns of panels and the colours in a panel differ; None for one of them.
    networks, capacities, rate_factors
        Those to show, in this order, the first on top; None for all that were run.
    names
        What networks are called in titles and legends, where that is not their own name.
    title
        Of the figure; None for one made of the experiment's name.
    paper_epochs
        Epochs of the paper's own figure; one that ends before them says so.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    kind: Annotated[str, Field(min_length=1), AfterValidator(printable)] = "curves"
    experiment: Annotated[str, Field(min_length=1), AfterValidator(printable)]
    columns: Dimension | None = None
    colours: Dimension | None = "rate_factor"
    networks: Annotated[list[Text], Field(min_length=1), AfterValidator(without_repeats)] | None = (
        None
    )
    capacities: Chosen | None = None
    rate_factors: Chosen | None = None
    names: dict[str, Text] = {}
    title: Text | None = None
    paper_epochs: Count | None = None

    @model_validator(mode="after")
    def _dimensions_differ(self) -> "CurvesFigure":
        if self.columns is not None and self.columns == self.colours:
            raise ValueError(
                f"columns and colours are both '{self.columns}'; they must differ, "
                "or one of them be null"
            )
        return self

    def chosen(self, dimension: Dimension) -> list[str] | list[float] | None:
        """The values asked for in one dimension; None for all that were run."""
        if dimension == "network":
            return self.networks
        factors = self.capacities if dimension == "capacity" else self.rate_factors
        return None if factors is None else [float(factor) for factor in factors]

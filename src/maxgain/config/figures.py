"""What a user may ask a figure to show."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from maxgain.config.fields import Count, Factor, Label, Name, Section, Unique

Dimension = Literal["network", "capacity", "rate_factor"]
"""Columns of a table of curves by which the runs of an experiment may differ, beside their seed."""

Factors = Annotated[list[Factor], Field(min_length=1), Unique]
Labels = Annotated[list[Label], Field(min_length=1), Unique]


class CurvesFigure(Section):
    """Gain, loss and error of the runs of one experiment, over the epochs.

    Runs that differ in their seed only are one curve. What is asked for and was not run is drawn
    as such.
    """

    name: Name
    """Of the figure and its files."""

    kind: Label = "curves"
    """What draws it, one of the kinds that are registered."""

    experiment: Name
    """Name of the experiment in the configuration."""

    columns: Dimension | None = None
    """By what the columns of panels differ; null for one column."""

    colours: Dimension | None = "rate_factor"
    """By what the colours in a panel differ; null for one curve a panel."""

    networks: Labels | None = None
    """Networks to show, in this order; null for all that were run."""

    capacities: Factors | None = None
    """Capacities to show, in this order; null for all that were run."""

    rate_factors: Factors | None = None
    """Factors on the learning rate to show, in this order, the first on top; null for all."""

    names: dict[str, Label] = {}
    """What networks are called in titles and legends, where that is not their own name."""

    title: Label | None = None
    """Of the figure; null for the experiment's name."""

    paper_epochs: Count | None = None
    """Epochs of the paper's own figure; one that ends before them says so."""

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

"""What is measured, which pretrained networks are looked at, how figures are written."""

from typing import Annotated, Literal

from pydantic import Field

from maxgain.config.fields import FigureFormat, Number, Section, Unique, UserPath


class Gain(Section):
    """How the Maximum Gain of a snapshot is measured (paper section III)."""

    impulse: Literal["centred", "raw"] = "centred"
    """Whether the impulse is the input after mean subtraction or before it."""

    impulse_value: Annotated[Number, Field(gt=0, le=255)] = 255.0
    """Height of the impulse, in 0-255 pixel units."""

    projection: Literal["inverse-score", "score", "log-odds"] = "inverse-score"
    """The winning class's weight in the projection: 1/score, score, or that of the log-odds."""


class Pretrained(Section):
    """The ImageNet networks of figures 5 to 7."""

    networks: list[str] = []
    """Names, families, ONNX or MatConvNet files, folders or archives with a manifest."""

    image: UserPath | None = None
    """The natural image; null takes matplotlib's sample photograph."""

    weights_folder: UserPath = Field(default="weights", validate_default=True)  # type: ignore[assignment]
    """Where weights are downloaded to."""


class Figures(Section):
    """How figures are written."""

    formats: Annotated[list[FigureFormat], Field(min_length=1), Unique] = ["svg", "png"]
    """Of svg, png and pdf."""

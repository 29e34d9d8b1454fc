"""What is measured, which pretrained networks are looked at, how figures are written."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
)

from maxgain.config.fields import FigureFormat, Number, Section, without_repeats


class Gain(Section):
    """How the Maximum Gain of a snapshot is measured (paper section III)."""

    impulse: Literal["centred", "raw"] = "centred"
    impulse_value: Annotated[Number, Field(gt=0, le=255)] = 255.0
    projection: Literal["inverse-score", "score"] = "inverse-score"


class Pretrained(Section):
    """The ImageNet networks of figures 5 to 7."""

    networks: list[str] = []
    image: Path | None = None
    weights_folder: Path = Path("weights")


class Figures(Section):
    """How figures are written."""

    formats: Annotated[list[FigureFormat], Field(min_length=1), AfterValidator(without_repeats)] = [
        "svg",
        "png",
    ]

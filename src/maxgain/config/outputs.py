"""What is measured, which pretrained networks are looked at, how figures are written."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from maxgain.config.fields import FigureFormat, Number, Section, Seed, Unique, UserPath
from maxgain.config.figures import CurvesFigure


class Gain(Section):
    """How the Maximum Gain of a snapshot is measured (paper section III)."""

    impulse: Literal["centred", "raw"] = "centred"
    """Whether the impulse is the input after mean subtraction or before it."""

    impulse_value: Annotated[Number, Field(gt=0, le=255)] = 255.0
    """Height of the impulse, in 0-255 pixel units."""

    projection: Literal["inverse-score", "score", "log-odds"] = "inverse-score"
    """The winning class's weight in the projection: 1/score, score, or that of the log-odds."""

    impulses: Annotated[int, Field(strict=True, ge=0, le=1024)] = 0
    """At how many random places of the central half gain, sensitivity and saturation are measured
    besides and averaged; 0 for none."""

    seed: Seed = 0
    """Which places those are."""


class Pretrained(Section):
    """The ImageNet networks of figures 5 to 7."""

    networks: list[str] = []
    """Names, families, ONNX or MatConvNet files, folders or archives with a manifest."""

    image: UserPath | None = None
    """The natural image; null takes matplotlib's sample photograph."""

    weights_folder: UserPath = Field(default="weights", validate_default=True)  # type: ignore[assignment]
    """Where weights are downloaded to."""


class Figures(Section):
    """How figures are written, and which are drawn besides the paper's."""

    formats: Annotated[list[FigureFormat], Field(min_length=1), Unique] = ["svg", "png"]
    """Of svg, png and pdf."""

    requests: Annotated[list[CurvesFigure], Unique] = []
    """Figures of gain, loss and error of experiments of yours."""

    @model_validator(mode="before")
    @classmethod
    def _list_is_requests(cls, raw: Any) -> Any:  # what YAML gives, of any kind
        return {"requests": raw} if isinstance(raw, list) else raw

    @model_validator(mode="after")
    def _names_differ(self) -> "Figures":
        names = [request.name for request in self.requests]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"requests has the name '{name}' twice; once is allowed")
        return self

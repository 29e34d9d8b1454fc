"""Where the images of an experiment come from and how they are prepared."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    model_validator,
)

from maxgain.config.fields import Count, Flag, Section, printable


class DataSource(Section):
    """Where the images of a role come from."""

    source: Literal["official", "local", "embedded"] = "embedded"
    location: Path | None = None
    label: Annotated[str, AfterValidator(printable)] | None = None
    stand_in: Flag = False
    training_images: Count | None = None
    validation_images: Count | None = None
    statistics_images: Count | None = None

    @model_validator(mode="after")
    def _keys_fit_the_source(self) -> "DataSource":
        if self.source == "local" and self.location is None:
            raise ValueError("source 'local' needs a location: a folder or an archive")
        for key in ("location", "label", "stand_in"):
            if self.source != "local" and getattr(self, key):
                raise ValueError(f"{key} is for the source 'local'; here it is '{self.source}'")
        if self.statistics_images is not None:
            if self.training_images is None:
                raise ValueError("statistics_images needs training_images, the smaller number")
            if self.statistics_images < self.training_images:
                raise ValueError(
                    f"statistics_images is {self.statistics_images}; allowed are training_images, "
                    f"{self.training_images}, and more"
                )
        return self

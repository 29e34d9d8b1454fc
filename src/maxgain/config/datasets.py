"""Where the images of an experiment come from and how they are prepared."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from maxgain.config.fields import Count, Flag, Label, Number, Section, Seed, UserPath

SIZES = ("training_images", "validation_images", "statistics_images")


class LabelNoise(Section):
    """Wrong labels among the training images, spread evenly over the other classes."""

    rate: Annotated[Number, Field(ge=0, lt=1)]
    """Share of the training images whose label is changed."""

    seed: Seed = 0
    """Which images those are."""


class Sizes(Section):
    """How many images are used."""

    training_images: Count | None = None
    """A stratified subset of that size; null takes all."""

    validation_images: Count | None = None
    """A stratified subset of that size; null takes all."""

    statistics_images: Count | None = None
    """With fewer training images: from how many of the whole training set the mean image, contrast
    and whitening are computed; null takes those that are trained on."""


class Dataset(Sizes):
    """One data set: its images, preprocessing and augmentation."""

    source: Literal["official", "local", "embedded"] = "embedded"
    """Files of the official hosts, the user's own, or images that Python packages carry."""

    set: str | None = None
    """Which official or embedded set; null takes the one of the data set's own name."""

    location: UserPath | None = None
    """Folder or archive of a local source."""

    label: Label | None = None
    """What figures and tables call local data."""

    stand_in: Flag = False
    """Whether local data stands in for other data; every figure and table then says so."""

    preprocessing: str = "mean-image"
    """Name of the preprocessing: mean-image, standardisation, contrast-and-whitening."""

    augmentation: str = "none"
    """Name of the augmentation: none, batch-flip, flip-and-crop."""

    label_noise: LabelNoise | None = None
    """Wrong labels among the training images; null leaves the labels as they are."""

    jpeg_quality: Annotated[int, Field(strict=True, ge=1, le=95)] | None = None
    """Quality of JPEG copies that take the images' place, which makes them a stand-in; null takes
    the pixels as they are."""

    embedded: Sizes = Sizes()
    """Sizes in force only where the source is embedded and no size stands beside it."""

    @property
    def sizes(self) -> Sizes:
        """The sizes in force: those of `embedded` belong to the embedded source alone."""
        if self.source != "embedded":
            return Sizes(**{key: getattr(self, key) for key in SIZES})
        own = {key: getattr(self, key) for key in SIZES if getattr(self, key) is not None}
        return Sizes(**{**self.embedded.model_dump(), **own})

    @model_validator(mode="after")
    def _keys_fit_the_source(self) -> "Dataset":
        if self.source == "local" and self.location is None:
            raise ValueError("source 'local' needs a location: a folder or an archive")
        for key in ("location", "label", "stand_in"):
            if self.source != "local" and getattr(self, key):
                raise ValueError(f"{key} is for the source 'local'; here it is '{self.source}'")
        if self.source == "local" and self.set is not None:
            raise ValueError("set is for the sources 'official' and 'embedded'; here it is 'local'")
        sizes = self.sizes
        if sizes.statistics_images is not None:
            if sizes.training_images is None:
                raise ValueError("statistics_images needs training_images, the smaller number")
            if sizes.statistics_images < sizes.training_images:
                raise ValueError(
                    f"statistics_images is {sizes.statistics_images}; allowed are "
                    f"training_images, {sizes.training_images}, and more"
                )
        return self

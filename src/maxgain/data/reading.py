"""Read a data set from whichever source the configuration names."""

from collections.abc import Callable, Mapping
from pathlib import Path

from maxgain.data.images import DataSet
from maxgain.data.sources.embedded import read_digits, read_digits_on_photographs
from maxgain.data.sources.local import read_local
from maxgain.data.sources.official import read_official
from maxgain.errors import InputError

EMBEDDED: Mapping[str, Callable[[int | None, int | None, int | None], DataSet]] = {
    "mnist": read_digits,
    "cifar10": read_digits_on_photographs,
}
"""What stands in for the data of each role where no files are at hand."""


SOURCES = ("official", "local", "embedded")


def read_source(
    role: str,
    source: str,
    location: Path | None = None,
    *,
    training_images: int | None = None,
    validation_images: int | None = None,
    statistics_images: int | None = None,
    label: str | None = None,
    stand_in: bool = False,
) -> DataSet:
    """Return the data set of a role.

    Parameters
    ----------
    role : "mnist" or "cifar10"
    source : "official", "local" or "embedded"
    location : folder of the official files, or the user's folder or archive
    training_images, validation_images : size of the sets, chosen stratified with a fixed seed;
        None takes all. A smaller training set is told in the label.
    statistics_images : from how many images of the training set, before it is made smaller,
        preprocessing takes its statistics; None: from those that are trained on
    label, stand_in : what to call local data, and whether it stands in for other data

    Raises
    ------
    InputError
        Something of it is not allowed, or the data is missing or broken.
    """
    if role not in EMBEDDED:
        raise InputError(f"role is {role!r}; allowed are {', '.join(EMBEDDED)}.")
    if source not in SOURCES:
        raise InputError(f"data.{role}.source is {source!r}; allowed are {', '.join(SOURCES)}.")
    if source != "local" and (label is not None or stand_in):
        raise InputError(
            f"data.{role}.label and data.{role}.stand_in are for the source local; the source is "
            f"{source}, which names its data itself."
        )
    if source == "embedded":
        if location is not None:
            raise InputError(
                f"data.{role}.location is {location}; the source embedded reads no files."
            )
        return EMBEDDED[role](training_images, validation_images, statistics_images)
    if location is None:
        raise InputError(f"data.{role}.location is missing; the source {source} needs a path.")
    data = (
        read_official(role, location)
        if source == "official"
        else read_local(location, label=label, stand_in=stand_in)
    )
    return _shrink(role, data, training_images, validation_images, statistics_images)


def _shrink(
    role: str,
    data: DataSet,
    training: int | None,
    validation: int | None,
    statistics: int | None,
) -> DataSet:
    chosen = []
    for key, count, part in (
        ("training_images", training, data.training),
        ("validation_images", validation, data.validation),
        ("statistics_images", statistics, data.training),
    ):
        if count is not None and not 1 <= count <= len(part):
            raise InputError(f"data.{role}.{key} is {count}; {data.label} allows 1 to {len(part)}.")
        chosen.append(part if count is None else part.subset(count))
    label = data.label
    if len(chosen[0]) < len(data.training):
        label = f"{label}, {len(chosen[0]):,} of {len(data.training):,} training images"
    return DataSet(
        chosen[0],
        chosen[1],
        label,
        data.stand_in,
        data.checksums,
        None if statistics is None else chosen[2].images,
    )

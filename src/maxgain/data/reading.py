"""Read a data set from whichever source the configuration names."""

from pathlib import Path

from maxgain.data.images import DataSet
from maxgain.data.jpeg_copies import copy_as_jpeg
from maxgain.data.label_noise import LabelNoise, add_label_noise
from maxgain.data.registry import EMBEDDED
from maxgain.data.sources.local import read_local
from maxgain.data.sources.official import read_official
from maxgain.errors import InputError

SOURCES = ("official", "local", "embedded")
"""Where images come from: files of the official hosts, the user's own, or of installed packages."""


def read_dataset(
    name: str,
    source: str,
    *,
    set: str | None = None,
    location: Path | None = None,
    label: str | None = None,
    stand_in: bool = False,
    label_noise: LabelNoise | None = None,
    jpeg_quality: int | None = None,
    training_images: int | None = None,
    validation_images: int | None = None,
    statistics_images: int | None = None,
) -> DataSet:
    """Images of a data set of the configuration, not yet preprocessed.

    Parameters
    ----------
    name
        The data set's name in the configuration, which messages give.
    source
        One of `SOURCES`.
    set
        Which official or embedded set; None takes the one called as `name`.
    location
        Folder of the official files, or the user's folder or archive.
    label
        What to call local data; None takes the official name of files that are the official ones,
        else the location's name.
    stand_in
        Whether local data stands in for other data.
    label_noise
        Wrong labels to be put among the training images.
    jpeg_quality
        Of JPEG copies to be taken in place of the images; None takes the images.
    training_images, validation_images
        Sizes of the sets, chosen stratified with a fixed seed; None takes all. Smaller sets are
        told in the label.
    statistics_images
        From how many images of the training set, before it is made smaller, preprocessing takes
        its statistics; None: from those that are trained on.

    Raises
    ------
    InputError
        Something of it is not allowed, or the data is missing or broken.
    """
    sizes = (training_images, validation_images, statistics_images)
    _check_arguments(name, source, set, location, label, stand_in)
    if source == "embedded":
        data = EMBEDDED.load(set or name)(*sizes)
    else:
        if location is None:
            raise InputError(
                f"datasets.{name}.location is missing; the source {source} needs a path."
            )
        if source == "official":
            whole = read_official(set or name, location)
        else:
            whole = read_local(location, label=label, stand_in=stand_in)
        data = _shrink(name, whole, *sizes)
    if jpeg_quality is not None:
        data = copy_as_jpeg(data, jpeg_quality)
    return data if label_noise is None else add_label_noise(data, label_noise)


def _check_arguments(
    name: str,
    source: str,
    set: str | None,
    location: Path | None,
    label: str | None,
    stand_in: bool,
) -> None:
    key = f"datasets.{name}"
    if source not in SOURCES:
        raise InputError(f"{key}.source is {source!r}; allowed are {', '.join(SOURCES)}.")
    if source != "local" and (label is not None or stand_in):
        raise InputError(
            f"{key}.label and {key}.stand_in are for the source local; the source is {source}, "
            "which names its data itself."
        )
    if source == "local" and set is not None:
        raise InputError(f"{key}.set is {set!r}; the source local knows its data by their content.")
    if source == "embedded" and location is not None:
        raise InputError(f"{key}.location is {location}; the source embedded reads no files.")


def _shrink(
    name: str,
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
            raise InputError(
                f"datasets.{name}.{key} is {count}; {data.label} allows 1 to {len(part)}."
            )
        chosen.append(part if count is None else part.subset(count))
    told = [
        f"{len(part):,} of {len(whole):,} {kind}"
        for part, whole, kind in (
            (chosen[0], data.training, "training"),
            (chosen[1], data.validation, "validation"),
        )
        if len(part) < len(whole)
    ]
    return DataSet(
        chosen[0],
        chosen[1],
        f"{data.label}, {' and '.join(told)} images" if told else data.label,
        data.stand_in,
        data.checksums,
        None if statistics is None else chosen[2].images,
    )

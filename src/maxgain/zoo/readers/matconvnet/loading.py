"""MatConvNet's networks: those that it published, and a user's own files."""

from dataclasses import replace
from pathlib import Path
from statistics import fmean

from maxgain.errors import InputError
from maxgain.zoo.lock import check_or_trust
from maxgain.zoo.network import (
    GivenInput,
    PretrainedNetwork,
    after_mean_subtraction,
    mean_colour_image,
)
from maxgain.zoo.readers.matconvnet.network import read_matconvnet
from maxgain.zoo.registry import RegistryRow, Scaling
from maxgain.zoo.transfer import Transfer, download_once, fetched_file

_UNIT_STD = (1 / 255,)
"""MatConvNet's networks take 0-255 pixels, not divided."""


def fetch_published(row: RegistryRow, folder: Path, transfer: Transfer) -> Path:
    """Download a published network, whose checksum is learnt at the first download."""

    def verify(file: Path) -> None:
        read_matconvnet(file)  # Never trust at first use what is not a network.
        check_or_trust(file, row.file_name, transfer.lock)

    return download_once(row, folder, transfer, verify)


def load_published(row: RegistryRow, folder: Path, given: GivenInput) -> PretrainedNetwork:
    """Published network, from its downloaded file.

    Raises
    ------
    InputError
        The file is missing or not such a network.
    """
    path = fetched_file(row, folder)
    network = load_file(replace(row, source=str(path)), folder, given)
    return replace(network, weights="weights published with MatConvNet")


def load_file(row: RegistryRow, folder: Path, given: GivenInput) -> PretrainedNetwork:
    """Network of a MatConvNet file, with its average image or the given mean.

    Raises
    ------
    InputError
        The file is missing or not such a network, or of another shape than the given one.
    """
    path = Path(row.source)
    wanted = given.shape_or(row.shape)
    model = read_matconvnet(path, wanted)
    shape = model.average_image.shape
    if given.shape is not None and given.shape != tuple(shape):
        raise InputError(
            f"--shape is {','.join(map(str, given.shape))}; {path} takes images of "
            f"{','.join(map(str, shape))}."
        )
    network, average, notes = model.network, model.average_image, model.notes
    scaling = given.scaling or row.scaling
    if scaling is None and given.mean is not None:
        scaling = Scaling(given.mean, _UNIT_STD)
    pretrained = PretrainedNetwork(
        name=row.name,
        family=row.family,
        network=network,
        average_image=average,
        interpolation=row.interpolation,
        class_names=model.class_names,
        top5_error=row.top5_error,
        weights=path.name,
        precision=row.precision,
        notes=notes,
        input_std=_UNIT_STD[0],
    )
    if scaling is None:
        return pretrained
    if bool(average.any()):
        raise InputError(f"{path} holds an average image; leave out --mean and --std.")
    channels, height, width = shape
    return replace(
        pretrained,
        network=after_mean_subtraction(network, scaling, channels),
        average_image=mean_colour_image(scaling, (channels, height, width)),
        input_std=fmean(scaling.std),
        notes=tuple(note for note in notes if "--mean" not in note),
    )

"""Commands that fetch the official data sets and prepare data for training."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Role(StrEnum):
    """The part a data set plays in the protocol: its preprocessing and networks."""

    mnist = "mnist"
    cifar10 = "cifar10"


class Source(StrEnum):
    """Where data comes from."""

    official = "official"
    local = "local"
    embedded = "embedded"


def fetch_dataset(
    role: Annotated[Role, typer.Argument(help="Which official data set to download.")],
    folder: Annotated[Path, typer.Argument(help="Folder for the downloaded files.")],
) -> None:
    """Download the official MNIST or CIFAR-10 files and check their content."""
    from maxgain.data.sources.official import fetch_official

    fetch_official(role.value, folder)


def prepare(
    role: Annotated[Role, typer.Argument(help="Part that the data plays in the protocol.")],
    source: Annotated[Source, typer.Option(help="Where the data comes from.")],
    output: Annotated[Path, typer.Option(help="The safetensors file to write.")],
    location: Annotated[
        Path | None, typer.Option(help="Folder or archive, for the official and local sources.")
    ] = None,
    training_images: Annotated[
        int | None, typer.Option(min=1, help="Size of the training set; all if not given.")
    ] = None,
    validation_images: Annotated[
        int | None, typer.Option(min=1, help="Size of the validation set; all if not given.")
    ] = None,
    statistics_images: Annotated[
        int | None,
        typer.Option(
            min=1, help="Images whose statistics are used; the training set if not given."
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="What results call local data.")] = None,
    stand_in: Annotated[
        bool, typer.Option(help="Whether local data stands in for another data set.")
    ] = False,
) -> None:
    """Read a data set, preprocess it as the protocol asks, and write one file for training."""
    from maxgain.pipeline.data import prepare_images

    preprocessing = {"mnist": "mean-image", "cifar10": "contrast-and-whitening"}
    prepare_images(
        role.value,
        output,
        source=source.value,
        preprocessing=preprocessing[role.value],
        location=location,
        training_images=training_images,
        validation_images=validation_images,
        statistics_images=statistics_images,
        label=label,
        stand_in=stand_in,
    )

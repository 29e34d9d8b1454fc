"""Prepare a data set: read its images, preprocess them, write one file for training."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from maxgain.data.label_noise import LabelNoise
from maxgain.data.prepared import prepare_data, write_prepared
from maxgain.data.reading import read_dataset
from maxgain.data.registry import PREPROCESSINGS

if TYPE_CHECKING:
    from maxgain.pipeline.jobs import PrepareJob  # type: ignore[import-not-found]


def prepare_dataset(job: "PrepareJob", output: Path) -> None:
    """Read a data set, preprocess it as its configuration asks, and write it.

    Parameters
    ----------
    output
        The safetensors file.

    Raises
    ------
    InputError
        Something that is asked for is not allowed, the data is missing or broken, or the file
        cannot be written.
    """
    settings = job.dataset
    noise = settings.label_noise
    prepare_images(
        job.name,
        output,
        source=settings.source,
        preprocessing=settings.preprocessing,
        label_noise=None if noise is None else LabelNoise(noise.rate, noise.seed),
        set=settings.set,
        location=job.location,
        label=settings.label,
        stand_in=settings.stand_in,
        training_images=settings.sizes.training_images,
        validation_images=settings.sizes.validation_images,
        statistics_images=settings.sizes.statistics_images,
    )


def prepare_images(
    name: str,
    output: Path,
    *,
    source: str,
    preprocessing: str,
    label_noise: LabelNoise | None = None,
    **arguments: Any,  # those of `read_dataset`, which checks them
) -> None:
    """Read a data set, preprocess it, and write it; see `read_dataset` and `prepare_data`.

    Raises
    ------
    InputError
        Something that is asked for is not allowed, the data is missing or broken, or the file
        cannot be written.
    """
    PREPROCESSINGS.load(preprocessing)  # Before a minute of reading.
    # Sums over threads differ in the last bit with the number of threads.
    torch.set_num_threads(1)
    data = read_dataset(name, source, label_noise=label_noise, **arguments)
    size = f"{len(data.training):,} training and {len(data.validation):,} validation images"
    print(f"preprocessing {size}: {data.label}", file=sys.stderr)
    prepared = prepare_data(
        data, preprocessing, dataset=name, source=source, label_noise=label_noise
    )
    write_prepared(output, prepared)
    print(f"wrote {output}", file=sys.stderr)

"""Prepare a data set: read its images, preprocess them, write one file for training."""

import sys
from pathlib import Path

from maxgain.data.images import DataSet
from maxgain.data.label_noise import LabelNoise
from maxgain.data.prepared import prepare_data, write_prepared
from maxgain.data.reading import read_dataset
from maxgain.data.registry import PREPROCESSINGS
from maxgain.errors import InputError
from maxgain.networks.building import build_network
from maxgain.pipeline.jobs import PrepareJob, TrainedNetwork
from maxgain.training.threads import use_threads


def prepare_dataset(job: PrepareJob, output: Path) -> None:
    """Read a data set, preprocess it as its configuration asks, and write it.

    Parameters
    ----------
    output
        The safetensors file.

    Raises
    ------
    InputError
        Something that is asked for is not allowed, the data is missing or broken, a network that
        will be trained on it does not take its images, or the file cannot be written.
    """
    settings, noise = job.dataset, job.dataset.label_noise
    PREPROCESSINGS.load(settings.preprocessing)  # Before a minute of reading.
    use_threads(1)
    label_noise = None if noise is None else LabelNoise(noise.rate, noise.seed)
    data = read_dataset(
        job.name,
        settings.source,
        label_noise=label_noise,
        jpeg_quality=settings.jpeg_quality,
        set=settings.set,
        location=job.location,
        label=settings.label,
        stand_in=settings.stand_in,
        **settings.sizes.model_dump(),
    )
    for network in job.networks:
        _check_network(network, data)
    size = f"{len(data.training):,} training and {len(data.validation):,} validation images"
    print(f"preprocessing {size}: {data.label}", file=sys.stderr)
    prepared = prepare_data(
        data,
        settings.preprocessing,
        dataset=job.name,
        source=settings.source,
        label_noise=label_noise,
    )
    write_prepared(output, prepared)
    print(f"wrote {output}", file=sys.stderr)


def _check_network(network: TrainedNetwork, data: DataSet) -> None:
    """Refuse a network that does not take the images, before the first of many is trained."""
    _, channels, height, width = data.training.images.shape
    shape, classes = (channels, height, width), len(data.training.classes)
    try:
        build_network(network.architecture, shape, classes, network.capacity)
    except InputError as error:
        raise InputError(f"{data.label}: {error}") from error

"""The study of stop rules: blocks of trainings on small parts of data sets, each with its twin."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from maxgain.config.datasets import Dataset, LabelNoise
from maxgain.config.experiments import Experiment, Factors, NetworkChoice, Seeds
from maxgain.config.fields import Count, Factor, Flag, Name, Number, Section, Seed, Unique
from maxgain.config.runs import Run

HALVES = 2
"""Parts of the test images, every other one each: neither depends on their order."""

NoiseRate = Annotated[Number, Field(ge=0, lt=1)]


class StudiedData(Section):
    """A data set of the study: what is trained on it, and how fast."""

    network: Annotated[str, Field(min_length=1, max_length=200)]
    """One of `networks`, or any architecture that needs no settings."""

    capacity: Factor = Fraction(1)
    """Factor on the number of its filters."""

    learning_rate: Factor
    """Of factor 1."""

    statistics_images: Count | None = None
    """In place of `stopping.statistics_images`, of data that has fewer; null takes that."""


class Block(Section):
    """Trainings that share their number of images: every combination of the lists below."""

    data: Annotated[list[Name], Field(min_length=1), Unique] | None = None
    """Some of `stopping.data`; null takes all."""

    capacity: Factor | None = None
    """In place of that of the data; null takes that."""

    training_images: Count
    """Of each data set, chosen stratified."""

    epochs: Count
    """Length of a training."""

    label_noise: Annotated[list[NoiseRate], Field(min_length=1), Unique] = [0.0]
    """Shares of the training images whose label is another class."""

    rate_factors: Factors = [Fraction(1)]
    """Factors on the learning rate."""

    momentum: Annotated[Number, Field(ge=0, lt=1)] | None = None
    """Of SGD; null takes 0.9."""

    ranked: Flag = True
    """Whether rules are compared on its cells; false for trainings that answer another question."""


class Stopping(Section):
    """The study of rules that stop a training without validation data."""

    data: Annotated[dict[Name, StudiedData], Field(min_length=1)]
    """By their names in `datasets`."""

    blocks: Annotated[dict[Name, Block], Field(min_length=1)]
    """By names of your choice."""

    only: Annotated[list[Name], Field(min_length=1), Unique] | None = None
    """The blocks that are trained, of all that are named; null takes all."""

    seeds: Annotated[Seeds, Field(min_length=1)] = [0, 1, 2]
    """Trainings of each cell."""

    test_images: Annotated[Count, Field(ge=2)] = 4000
    """Validation images, in two halves: on one the best epoch is chosen, on the other it is
    judged, and the other way round."""

    statistics_images: Count = 20000
    """Unlabelled training images that preprocessing takes its statistics from; at least those that
    are trained on."""

    held_out: Annotated[Number, Field(gt=0, lt=1)] = 0.1
    """Share of its images that the twin of a training keeps for stopping."""

    noise_seed: Seed = 0
    """Which labels are wrong."""


@dataclass(frozen=True)
class StudyCell:
    """One experiment of the study: runs that differ in their rate and seed alone.

    Attributes
    ----------
    block, ranked
        The block, and whether rules are compared on it.
    base, noise_rate
        The data set that the images are of, and the share of wrong labels.
    dataset
        Name of the part of it, with its noise.
    experiment
        The trainings; those of the twins differ in `held_out`.
    """

    block: str
    base: str
    noise_rate: float
    ranked: bool
    dataset: str
    experiment: Experiment

    @property
    def name(self) -> str:
        """Of the experiment."""
        return f"{self.block}-{self.dataset}"

    @property
    def twins_name(self) -> str:
        """Of the experiment of the twins."""
        return f"{self.name}-twins"


@dataclass(frozen=True)
class StudyRun:
    """A training of the study, and the two that are compared with it.

    Attributes
    ----------
    run, twin
        Trained on all images, and on those that are not held out.
    partner
        The run of another seed of the cell, itself where there is one seed alone.
    base, noise_rate
        As in `StudyCell`.
    ranked
        Whether rules are compared on it.
    """

    run: Run
    twin: Run
    partner: Run
    base: str
    noise_rate: float
    ranked: bool


def study_cells(study: Stopping) -> Iterator[StudyCell]:
    """Every experiment of the study, in the order of the configuration.

    Raises
    ------
    ValueError
        A block names data that the study does not have, or `only` a block.
    """
    for name in study.only or study.blocks:
        if name not in study.blocks:
            raise ValueError(
                f"stopping.only names '{name}', which stopping.blocks does not have; allowed are "
                f"{', '.join(study.blocks)}"
            )
        block = study.blocks[name]
        for base in block.data or study.data:
            if base not in study.data:
                raise ValueError(
                    f"stopping.blocks.{name}.data names '{base}', which stopping.data does not "
                    f"have; allowed are {', '.join(study.data)}"
                )
            for noise in block.label_noise:
                dataset = f"{base}-{block.training_images}-noise{noise:g}"
                experiment = _experiment(study, block, base, dataset)
                yield StudyCell(name, base, noise, block.ranked, dataset, experiment)


def _experiment(study: Stopping, block: Block, base: str, dataset: str) -> Experiment:
    data = study.data[base]
    return Experiment(
        dataset=dataset,
        networks=[NetworkChoice(name=data.network)],
        capacities=[block.capacity or data.capacity],
        learning_rate=data.learning_rate,
        rate_factors=block.rate_factors,
        epochs=block.epochs,
        seeds=study.seeds,
        momentum=block.momentum,
        # The history has one half of the test images, outcomes.csv the other besides.
        validation_stride=HALVES,
    )


def study_datasets(study: Stopping, datasets: Mapping[str, Dataset]) -> dict[str, Dataset]:
    """The parts of data sets that the study trains on, by name.

    Raises
    ------
    ValueError
        A data set of the study is not among the configuration's.
    """
    parts = {}
    for cell in study_cells(study):
        whole = datasets.get(cell.base)
        if whole is None:
            raise ValueError(
                f"stopping.data names '{cell.base}', which datasets does not have; allowed are "
                f"{', '.join(datasets) or 'those named there: none'}"
            )
        images = study.blocks[cell.block].training_images
        statistics = study.data[cell.base].statistics_images or study.statistics_images
        noise = LabelNoise(rate=cell.noise_rate, seed=study.noise_seed)
        parts[cell.dataset] = Dataset(
            source=whole.source,
            set=None if whole.source == "local" else whole.set or cell.base,
            location=whole.location,
            label=whole.label,
            stand_in=whole.stand_in,
            preprocessing=whole.preprocessing,
            label_noise=noise if cell.noise_rate else None,
            training_images=images,
            validation_images=study.test_images,
            statistics_images=max(images, statistics),
        )
    return parts


def study_experiments(study: Stopping) -> dict[str, Experiment]:
    """The experiments of the study, those of the twins beside each.

    Raises
    ------
    ValueError
        A block names data that the study does not have.
    """
    found = {}
    for cell in study_cells(study):
        found[cell.name] = cell.experiment
        found[cell.twins_name] = cell.experiment.model_copy(update={"held_out": study.held_out})
    return found


def pair_runs(cell: StudyCell, runs: list[Run], held_out: float) -> Iterator[StudyRun]:
    """The trainings of a cell with their twins and partners."""
    for run in runs:
        others = [other for other in runs if other.rate_factor == run.rate_factor]
        partner = others[(others.index(run) + 1) % len(others)]
        twin = replace(run, held_out=held_out)
        yield StudyRun(run, twin, partner, cell.base, cell.noise_rate, cell.ranked)

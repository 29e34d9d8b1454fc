"""Typed jobs: what a rule of the workflow hands over, as one JSON text.

A rule writes `TrainJob(...).text()` on a command line and the command reads the same model back, so
that a value is parsed once, when the configuration is read. Nothing heavy is imported here: the
workflow is planned with it.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from maxgain.config.datasets import Dataset
from maxgain.config.experiments import Experiment
from maxgain.config.fields import Device, FigureFormat
from maxgain.config.figures import CurvesFigure
from maxgain.config.outputs import Gain
from maxgain.config.parsing import parse_json
from maxgain.config.protocol import Protocol
from maxgain.config.runs import Run, Setting
from maxgain.config.stopping import StudyRun
from maxgain.errors import InputError

JobType = TypeVar("JobType", bound="Job")


class Job(BaseModel):
    """A job of the pipeline: frozen, and the same text for the same values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def text(self) -> str:
        """JSON form, for a command line."""
        return self.model_dump_json(by_alias=True)

    @classmethod
    def of_text(cls: "type[JobType]", text: str) -> "JobType":
        """Job of its JSON form.

        Raises
        ------
        InputError
            The text is no such job.
        """
        name = cls.__name__.removesuffix("Job").lower()
        return parse_json(cls, text, f"the {name} job")


class TrainedNetwork(Job):
    """A network that will be trained on a data set, to be checked against its images."""

    architecture: str
    capacity: float


class PrepareJob(Job):
    """A data set to read and preprocess.

    Attributes
    ----------
    location
        Where its files lie: the download folder of an official set, or the user's path.
    networks
        Every network of it: one that does not take the images is refused before any training.
    """

    name: str
    dataset: Dataset
    location: Path | None = None
    networks: tuple[TrainedNetwork, ...] = ()


class TrainJob(Job):
    """One training."""

    run: Run
    device: Device = "auto"
    threads: int = 1


class QuantitiesJob(Job):
    """What is measured of every snapshot of a run."""

    gain: Gain = Gain()


class StudyRunJob(Job):
    """A training of the stopping study that is measured with its twin.

    Attributes
    ----------
    base, noise_rate
        The data set that its images are of, and the share of wrong labels.
    ranked
        Whether rules are compared on it.
    """

    run: Run
    twin: Run
    base: str
    noise_rate: float
    ranked: bool = True
    gain: Gain = Gain()


class CurvesJob(Job):
    """An experiment whose runs are gathered into one table."""

    name: str
    experiment: Experiment
    setting: Setting
    gain: Gain = Gain()


class FiguresJob(Job):
    """Figures to draw.

    Attributes
    ----------
    figures
        What the configuration asks for under each name; None for a figure of the registry.
    """

    figures: dict[str, CurvesFigure | None]
    formats: tuple[FigureFormat, ...] = ("svg", "png")


class MeasureJob(Job):
    """A pretrained network to measure, besides at so many impulses at random places."""

    network: str
    image: Path | None = None
    impulses: int = 0
    seed: int = 0


class ProvenanceJob(Job):
    """A whole protocol whose sources are to be recorded."""

    protocol: Protocol


def prepare_job(protocol: Protocol, name: str) -> PrepareJob:
    """Job that prepares a data set of a protocol."""
    dataset = protocol.datasets[name]
    official = dataset.source == "official"
    runs = protocol.runs().values()
    pairs = {(run.architecture, run.capacity) for run in runs if run.dataset == name}
    return PrepareJob(
        name=name,
        dataset=dataset,
        location=protocol.data_folder / (dataset.set or name) if official else dataset.location,
        networks=tuple(TrainedNetwork(architecture=a, capacity=c) for a, c in sorted(pairs)),
    )


def study_run_job(protocol: Protocol, studied: StudyRun) -> StudyRunJob:
    """Job that measures a training of the stopping study."""
    return StudyRunJob(
        run=studied.run,
        twin=studied.twin,
        base=studied.base,
        noise_rate=studied.noise_rate,
        ranked=studied.ranked,
        gain=protocol.gain,
    )


def curves_job(protocol: Protocol, name: str) -> CurvesJob:
    """Job that gathers the runs of an experiment."""
    return gathering_job(protocol, name, protocol.experiment(name))


def gathering_job(protocol: Protocol, name: str, experiment: Experiment) -> CurvesJob:
    """Job that gathers runs with the settings of a protocol under a name."""
    return CurvesJob(
        name=name,
        experiment=experiment,
        setting=protocol.setting_of(experiment),
        gain=protocol.gain,
    )


def measured_parts(protocol: Protocol) -> list[tuple[str, ...]]:
    """Names of the runs that one job measures, every run in the first experiment that has it."""
    groups = _placed_runs(protocol)
    return [part for runs in groups for part in _in_parts(runs, protocol.measured_together)]


def trained_parts(protocol: Protocol) -> list[tuple[str, ...]]:
    """Names of the runs that one job trains in turn, where there are several: of other seeds alone.

    A setting in a job of its own is not trained anew where another joins the experiment.
    """
    parts = list[tuple[str, ...]]()
    for experiment, runs in zip(
        protocol.experiments_in_force(), _placed_runs(protocol), strict=True
    ):
        settings = dict[str, list[str]]()
        for run in runs:
            settings.setdefault(run.rpartition("/")[0], []).append(run)
        for seeds in settings.values():
            parts += _in_parts(seeds, experiment.seeds_together)
    return [part for part in parts if len(part) > 1]


def _placed_runs(protocol: Protocol) -> list[tuple[str, ...]]:
    """Names of the runs of every grid that are in none before it."""
    groups, placed = list[tuple[str, ...]](), set[str]()
    for grid in protocol.grids():
        names = dict.fromkeys(run.name for run in grid)
        groups.append(tuple(run for run in names if run not in placed))
        placed.update(names)
    return groups


def drawn_parts(files: Mapping[str, Collection[str]], together: int) -> list[tuple[str, ...]]:
    """Names of the figures that one job draws: of the same files, so that none is drawn in vain."""
    alike = dict[frozenset[str], list[str]]()
    for name, drawn_from in files.items():
        alike.setdefault(frozenset(drawn_from), []).append(name)
    return [part for names in alike.values() for part in _in_parts(names, together)]


def _in_parts(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(names[first : first + size]) for first in range(0, len(names), size)]


def costs(protocol: Protocol) -> dict[str, float]:
    """Relative cost of every run, epochs x millions of products an image, to start long ones first.

    Runs of networks that nobody knows the cost of count as those of average cost.
    """
    from maxgain.networks.registry import products

    runs = protocol.runs()
    single = {name: products(run.architecture, run.capacity) for name, run in runs.items()}
    known = [value for value in single.values() if value is not None]
    usual = sum(known) / len(known) if known else 1.0
    return {
        name: run.epochs * (usual if (cost := single[name]) is None else cost)
        for name, run in runs.items()
    }


def check_names(protocol: Protocol) -> None:
    """Resolve every name of a protocol by its registry, before any job runs.

    Raises
    ------
    InputError
        A name is not known: the sentence names the key, what is known and the nearest spelling.
    """
    from maxgain.data.registry import AUGMENTATIONS, EMBEDDED, OFFICIAL, PREPROCESSINGS
    from maxgain.figures.rows import KINDS
    from maxgain.networks.registry import NETWORKS
    from maxgain.training.registry import OPTIMISERS

    for name, dataset in protocol.datasets.items():
        place = f"datasets.{name}"
        if dataset.source != "local":
            sets = OFFICIAL if dataset.source == "official" else EMBEDDED
            _find(sets, dataset.set or name, f"{place}.set")
        _find(PREPROCESSINGS, dataset.preprocessing, f"{place}.preprocessing")
        _find(AUGMENTATIONS, dataset.augmentation, f"{place}.augmentation")
    for request in protocol.figures.requests:
        _find(KINDS, request.kind, f"figures.requests: {request.name}: kind")
    for name, network in protocol.networks.items():
        _find(NETWORKS, network.architecture, f"networks.{name}.from")
    for run in protocol.runs().values():
        NETWORKS.find(run.architecture).check_capacity(run.capacity)
    for name in protocol.experiments:
        experiment = protocol.experiment(name)
        place = f"experiments.{name}"
        _find(OPTIMISERS, experiment.optimiser, f"{place}.optimiser")
        for choice in experiment.networks:
            if choice.name not in protocol.networks:
                _find(NETWORKS, choice.name, f"{place}.networks", protocol.networks)
    for name, check in protocol.accuracy.items():
        if check.network not in protocol.networks:
            _find(NETWORKS, check.network, f"accuracy.{name}.network", protocol.networks)


def _find(registry: Any, name: str, key: str, others: Any = ()) -> None:
    try:
        registry.find(name)
    except InputError as error:
        more = f" (and those of networks: {', '.join(others)})" if others else ""
        raise InputError(f"{key}: {str(error).removesuffix('.')}{more}.") from error

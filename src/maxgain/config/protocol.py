"""A whole replication: the typed form of config.yaml and its overlays."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from maxgain.config.accuracy import AccuracyCheck
from maxgain.config.choices import Choice, Varied, copies_name, copies_of, vary, without_others
from maxgain.config.datasets import Dataset
from maxgain.config.experiments import Experiment
from maxgain.config.fields import Count, Device, Flag, Label, Name, Section, Unique, UserPath
from maxgain.config.networks import Network
from maxgain.config.outputs import Figures, Gain, Pretrained
from maxgain.config.runs import Run, Setting, say_difference
from maxgain.config.stopping import (
    Stopping,
    StudyRun,
    pair_runs,
    study_cells,
    study_datasets,
    study_experiments,
)


class Protocol(Section):
    """A whole replication."""

    protocol: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=100)]
    """Names results/<protocol> and figures/<protocol>."""

    note: Label | None = None
    """What a reader of the verdicts must know of this run, such as what of it is still to come."""

    device: Device = "auto"
    """Where to train: auto takes a GPU if there is one."""

    threads: Count = 1
    """CPU threads of a training job."""

    measured_together: Count = 15
    """Runs of an experiment whose snapshots one job measures, so that its start-up is paid once;
    1 measures each run as soon as it is trained."""

    drawn_together: Count = 15
    """Figures of the same tables that one job draws, so that its start-up is paid once; 1 draws
    each in a job of its own."""

    fast: Flag = True
    """Whether trainings on a CPU use the kernels that take sums in another order, for speed."""

    repetition: Annotated[int, Field(strict=True, ge=0, le=1000)] = 0
    """Above 0, the initial weights of every training are disturbed by a part in ten million, in
    another way for each number: what does not survive that hangs on rounding (`maxgain
    rehearse`)."""

    most_runs: Count = 10_000
    """Experiments of more runs are refused: a larger number here confirms that they are meant."""

    data_folder: UserPath = Field(default="data", validate_default=True)  # type: ignore[assignment]
    """Where official data sets are downloaded to."""

    datasets: dict[Name, Dataset] = {}
    """Data sets by names of your choice."""

    networks: dict[Annotated[str, Field(min_length=1, max_length=200)], Network] = {}
    """Networks by names of your choice; an architecture that needs no settings need not stand
    here."""

    gain: Gain = Gain()
    """How the gain is measured."""

    experiments: dict[Name, Experiment] = {}
    """Experiments by names of your choice, each a grid of trainings."""

    only: Annotated[list[Name], Unique] | None = None
    """The experiments and accuracy checks that there are, of all that files below name; null takes
    all."""

    stopping: Stopping | None = None
    """The study of stop rules, whose trainings join the experiments; null makes none. A protocol
    that has it makes its tables and figures in place of the paper's."""

    choices: dict[Name, Choice] = {}
    """What the paper leaves open, taken otherwise; choices.csv says what the results owe to it.
    An overlay leaves a choice of the files below it out by null."""

    accuracy: dict[Name, AccuracyCheck] = {}
    """Networks trained as public examples train them; accuracy.csv has their errors beside the
    published ones. No claim, diagnosis or figure is of them."""

    pretrained: Pretrained = Pretrained()
    """The ImageNet networks of figures 5 to 7."""

    figures: Figures = Figures()
    """How figures are written."""

    @model_validator(mode="before")
    @classmethod
    def _without_the_others(cls, raw: Any) -> Any:  # what YAML gives, of any kind
        """Leave out what an overlay does not want of the files below it, errors in it included."""
        if not isinstance(raw, Mapping) or not isinstance(raw.get("only"), list):
            return raw
        wanted, left = raw["only"], dict(raw)
        for key in ("experiments", "accuracy"):
            if isinstance(grids := raw.get(key), Mapping):
                left[key] = {name: grids[name] for name in grids if name in wanted}
        if isinstance(choices := raw.get("choices"), Mapping):
            left["choices"] = without_others(choices, wanted)
        return left

    @field_validator("choices", mode="before")
    @classmethod
    def _null_is_no_choice(cls, raw: Any) -> Any:  # what YAML gives, of any kind
        if not isinstance(raw, Mapping):
            return raw
        return {name: choice for name, choice in raw.items() if choice is not None}

    @model_validator(mode="after")
    def _study_joins_the_experiments(self) -> "Protocol":
        if self.stopping is not None:
            # The model is frozen for its users; what it makes of its own sections belongs to it.
            self.datasets.update(study_datasets(self.stopping, self.datasets))
            self.experiments.update(study_experiments(self.stopping))
        return self

    @model_validator(mode="after")
    def _experiments_have_data(self) -> "Protocol":
        for name in self.only or ():
            if name not in self.experiments and name not in self.accuracy:
                raise ValueError(f"only names '{name}', which neither experiments nor accuracy has")
        for key, experiment in self._declared().items():
            if experiment.dataset not in self.datasets:
                raise ValueError(
                    f"{key}.dataset is '{experiment.dataset}', which datasets does "
                    f"not have; allowed are {', '.join(self.datasets) or 'those named there: none'}"
                )
            if self.device == "cpu" and experiment.precision == "tf32":
                raise ValueError(
                    f"{key}.precision is 'tf32', which the device 'cpu' does not "
                    "have; allowed are fp32, bf16"
                )
        return self

    @model_validator(mode="after")
    def _embedded_changes_go_with_the_rest(self) -> "Protocol":
        for key, experiment in self._declared().items():
            try:
                self._in_force(experiment)
            except ValidationError as error:
                first = error.errors()[0]["msg"].removeprefix("Value error, ")
                raise ValueError(f"{key}.embedded: {first}") from error
        return self

    @model_validator(mode="after")
    def _choices_vary_experiments(self) -> "Protocol":
        for name, choice in self.choices.items():
            for of in choice.of:
                if of not in self.experiments:
                    raise ValueError(
                        f"choices.{name}.of names '{of}', which experiments does not have; allowed "
                        f"are {', '.join(self.experiments) or 'those named there: none'}"
                    )
                if choice.jpeg_quality is not None:
                    base = self.experiments[of].dataset
                    copies = copies_of(base, self.datasets[base], choice.jpeg_quality)
                    self.datasets[copies_name(base, choice.jpeg_quality)] = copies
            if self.device == "cpu" and choice.precision == "tf32":
                raise ValueError(
                    f"choices.{name}.precision is 'tf32', which the device 'cpu' does not have; "
                    "allowed are fp32, bf16"
                )
            try:
                list(self._vary(name))
            except ValueError as error:
                raise ValueError(f"choices.{name}: {error}") from error
        return self

    @model_validator(mode="after")
    def _figures_have_experiments(self) -> "Protocol":
        for request in self.figures.requests:
            if request.experiment not in self.experiments:
                raise ValueError(
                    f"figures.requests: '{request.name}' asks for the experiment "
                    f"'{request.experiment}', which experiments does not have; allowed are "
                    f"{', '.join(self.experiments)}"
                )
        return self

    @model_validator(mode="after")
    def _no_grid_is_a_slip(self) -> "Protocol":
        # Before any run is made: a slip of a list may ask for more runs than there is memory.
        for key, experiment in self._declared().items():
            size = self._in_force(experiment).size
            if size > self.most_runs:
                raise ValueError(
                    f"{key} has {size:,} runs; allowed are most_runs, "
                    f"{self.most_runs:,}, which a larger number raises"
                )
        return self

    @model_validator(mode="after")
    def _run_names_tell_settings_apart(self) -> "Protocol":
        """A run's name has six digits of a number; more would share a folder unseen."""
        known: dict[str, tuple[str, Run]] = {}
        for key, experiment in self._declared().items():
            for run in self._runs_in_force(self._in_force(experiment)):
                settings = replace(run, epochs=0, rate_factor=0.0)
                other, same = known.setdefault(run.name, (key, settings))
                if settings != same:
                    raise ValueError(
                        f"{other} and {key} both have a run named "
                        f"'{run.name}', but {say_difference(same, settings)}; allowed are equal "
                        "settings, or ones whose names differ (numbers in the first six digits, "
                        "networks in their label)"
                    )
        return self

    def experiment(self, name: str) -> Experiment:
        """An experiment as it is on its data set: changes for embedded data are in force or not."""
        return self._in_force(self.experiments[name])

    def _in_force(self, chosen: Experiment) -> Experiment:
        embedded = self.datasets[chosen.dataset].source == "embedded"
        return chosen.on_embedded_data() if embedded else chosen

    def _declared(self) -> dict[str, Experiment]:
        """Key to experiment, for those that claims are of and for accuracy checks alike."""
        checks = {f"accuracy.{name}": check.experiment for name, check in self.accuracy.items()}
        return {f"experiments.{name}": own for name, own in self.experiments.items()} | checks

    def setting_of(self, chosen: Experiment) -> Setting:
        """What the runs of an experiment that is in force share."""
        names = {choice.name for choice in chosen.networks}
        return Setting(
            {name: network for name, network in self.networks.items() if name in names},
            self.datasets[chosen.dataset].augmentation,
            self.fast,
            self.repetition,
        )

    def runs_of(self, experiment: str) -> list[Run]:
        """Every run of an experiment, in the order of the configuration."""
        return self._runs_in_force(self.experiment(experiment))

    def _runs_in_force(self, experiment: Experiment) -> list[Run]:
        return self.setting_of(experiment).runs(experiment)

    def runs(self) -> dict[str, Run]:
        """Every run of all experiments by its name, trained once for the most epochs asked."""
        runs: dict[str, Run] = {}
        for run in chain.from_iterable(self.grids()):
            known = runs.get(run.name)
            if known is None or known.epochs < run.epochs:
                # The factor is an experiment's view of the run: two may disagree about it.
                runs[run.name] = replace(run, rate_factor=1.0)
        return runs

    def grids(self) -> Iterator[list[Run]]:
        """The runs of each experiment, of each that a choice varies, then of accuracy checks."""
        yield from map(self._runs_in_force, self.experiments_in_force())

    def experiments_in_force(self) -> Iterator[Experiment]:
        """Each experiment, each that a choice varies, then accuracy checks, as their data want."""
        yield from map(self.experiment, self.experiments)
        yield from (varied.experiment for varied in self.varied())
        yield from (check.experiment for check in self.accuracy.values())

    def varied(self) -> list[Varied]:
        """Every experiment that a choice varies, choice by choice."""
        return [varied for name in self.choices for varied in self._vary(name)]

    def runs_of_varied(self, varied: Varied) -> list[Run]:
        """Every run of a varied experiment: of other settings, or the experiment's own."""
        return self._runs_in_force(varied.experiment)

    def runs_of_check(self, name: str) -> list[Run]:
        """Every run of an accuracy check."""
        return self._runs_in_force(self.accuracy[name].experiment)

    def _vary(self, name: str) -> Iterator[Varied]:
        choice = self.choices[name]
        return vary(name, choice, {of: self.experiment(of) for of in choice.of}, self.gain)

    def study_runs(self) -> dict[str, StudyRun]:
        """Every training of the stopping study that has a twin, by its name; none without one."""
        study = self.stopping
        if study is None:
            return {}
        return {
            paired.run.name: paired
            for cell in study_cells(study)
            for paired in pair_runs(cell, self.runs_of(cell.name), study.held_out)
        }

"""A whole replication: the typed form of config.yaml and its overlays."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import (
    Field,
    model_validator,
)

from maxgain.config.datasets import DataSource
from maxgain.config.experiments import Experiment, Run
from maxgain.config.fields import Count, Device, Role, Section
from maxgain.config.outputs import Figures, Gain, Pretrained


class Protocol(Section):
    """A whole replication: the typed form of config.yaml and its overlays."""

    protocol: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    device: Device = "auto"
    threads: Count = 1
    data_folder: Path = Path("data")
    data: dict[Role, DataSource]
    gain: Gain = Gain()
    experiments: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], Experiment] = {}
    pretrained: Pretrained = Pretrained()
    figures: Figures = Figures()

    @model_validator(mode="after")
    def _experiments_have_data(self) -> "Protocol":
        for name, experiment in self.experiments.items():
            if experiment.dataset not in self.data:
                raise ValueError(
                    f"experiments.{name} needs data.{experiment.dataset}, which is missing"
                )
        if self.device == "cpu":
            for name, experiment in self.experiments.items():
                if experiment.precision == "tf32":
                    raise ValueError(
                        f"experiments.{name}.precision is 'tf32', which the device 'cpu' does not "
                        "have; allowed are fp32, bf16"
                    )
        return self

    @model_validator(mode="after")
    def _run_names_tell_settings_apart(self) -> "Protocol":
        """A run's name has six digits of a number; more would share a folder unseen."""
        known: dict[str, tuple[str, Run]] = {}
        for name, experiment in self.experiments.items():
            for run in experiment.runs():
                settings = replace(run, epochs=0, rate_factor=0.0)
                other, same = known.setdefault(run.name, (name, settings))
                if settings != same:
                    raise ValueError(
                        f"experiments.{other} and experiments.{name} both have a run named "
                        f"'{run.name}', but numbers in it differ beyond the sixth digit; allowed "
                        "are equal numbers, or ones that differ in the first six digits"
                    )
        return self

    def runs(self) -> dict[str, Run]:
        """Every run of all experiments by its name, trained once for the most epochs asked."""
        runs: dict[str, Run] = {}
        for experiment in self.experiments.values():
            for run in experiment.runs():
                known = runs.get(run.name)
                if known is None or known.epochs < run.epochs:
                    # The factor is an experiment's view of the run: two may disagree about it.
                    runs[run.name] = replace(run, rate_factor=1.0)
        return runs

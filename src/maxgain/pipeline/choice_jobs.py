"""Typed jobs of the choices that the paper leaves open, taken otherwise."""

from maxgain.config.choices import Varied
from maxgain.config.protocol import Protocol
from maxgain.pipeline.jobs import CurvesJob, Job


class VariedCurvesJob(CurvesJob):
    """An experiment with one setting taken otherwise, whose runs are gathered into one table.

    Attributes
    ----------
    gain_column
        Column of gains.csv that is the gain here.
    measured_anew
        Whether the runs' snapshots are measured again, as `gain` says.
    """

    gain_column: str = "gain_db"
    measured_anew: bool = False


class ComparedChoice(Job):
    """A varied experiment as the table of choices names it (`maxgain.config.choices.Varied`)."""

    choice: str
    of: str
    changed: str
    taken: str
    otherwise: str
    retrained: bool
    whole: bool


class ChoicesJob(Job):
    """Varied experiments to compare with those of the protocol."""

    compared: tuple[ComparedChoice, ...]


def varied_curves_job(protocol: Protocol, varied: Varied) -> VariedCurvesJob:
    """Job that gathers the runs of a varied experiment."""
    return VariedCurvesJob(
        name=varied.of,
        experiment=varied.experiment,
        setting=protocol.setting_of(varied.experiment),
        gain=varied.gain,
        gain_column=varied.gain_column,
        measured_anew=varied.measured_anew,
    )


def choices_job(protocol: Protocol) -> ChoicesJob:
    """Job that compares all varied experiments with their originals."""
    keys = ComparedChoice.model_fields
    return ChoicesJob(
        compared=tuple(
            ComparedChoice(**{key: getattr(varied, key) for key in keys})
            for varied in protocol.varied()
        )
    )

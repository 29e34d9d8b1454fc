"""Typed jobs of the choices that the paper leaves open, taken otherwise."""

from maxgain.config.choices import Alternative, Varied
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


class ChoicesJob(Job):
    """Varied experiments to compare with those of the protocol."""

    alternatives: tuple[Alternative, ...]


def varied_curves_job(protocol: Protocol, varied: Varied) -> VariedCurvesJob:
    """Job that gathers the runs of a varied experiment."""
    return VariedCurvesJob(
        name=varied.alternative.of,
        experiment=varied.experiment,
        setting=protocol.setting_of(varied.experiment),
        gain=varied.gain,
        gain_column=varied.gain_column,
        measured_anew=varied.alternative.measured_anew,
    )


def choices_job(protocol: Protocol) -> ChoicesJob:
    """Job that compares all varied experiments with their originals."""
    return ChoicesJob(alternatives=tuple(varied.alternative for varied in protocol.varied()))

"""Typed jobs of the accuracy checks."""

from maxgain.config.accuracy import AccuracyCheck
from maxgain.config.protocol import Protocol
from maxgain.pipeline.jobs import CurvesJob, Job


class AccuracyJob(Job):
    """Accuracy checks whose errors are gathered into one table."""

    checks: dict[str, AccuracyCheck]


def check_curves_job(protocol: Protocol, name: str) -> CurvesJob:
    """Job that gathers the runs of an accuracy check."""
    experiment = protocol.accuracy[name].experiment
    return CurvesJob(
        name=name,
        experiment=experiment,
        setting=protocol.setting_of(experiment),
        gain=protocol.gain,
    )


def accuracy_job(protocol: Protocol) -> AccuracyJob:
    """Job that gathers all accuracy checks."""
    return AccuracyJob(checks=protocol.accuracy)

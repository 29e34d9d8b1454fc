"""Typed jobs of the accuracy checks."""

from maxgain.config.accuracy import AccuracyCheck
from maxgain.config.protocol import Protocol
from maxgain.pipeline.jobs import CurvesJob, Job, gathering_job


class AccuracyJob(Job):
    """Accuracy checks whose errors are gathered into one table."""

    checks: dict[str, AccuracyCheck]


def check_curves_job(protocol: Protocol, name: str) -> CurvesJob:
    """Job that gathers the runs of an accuracy check."""
    return gathering_job(protocol, name, protocol.accuracy[name].experiment)


def accuracy_job(protocol: Protocol) -> AccuracyJob:
    """Job that gathers all accuracy checks."""
    return AccuracyJob(checks=protocol.accuracy)

"""The learning rate of an epoch."""

from maxgain.config.runs import Run


def rate_at(run: Run, epoch: int) -> float:
    """Learning rate of an epoch, numbered from 1, under the run's schedule."""
    last = 0
    for epochs, factor in run.schedule:
        last += epochs
        if epoch <= last:
            return run.learning_rate * factor
    return run.learning_rate * (run.schedule[-1][1] if run.schedule else 1.0)

"""What the callbacks log of a monitor."""

import numpy as np

from maxgain.monitor.monitor import GainMonitor

PREFIX = "maxgain/"
"""Before the name of every logged quantity, as loggers group by it."""

QUANTITIES = ("gain", "sensitivity", "saturation")
"""What is logged after a measurement, in dB at the centred impulse, mean over the channels."""


def latest(monitor: GainMonitor) -> dict[str, float]:
    """The last record's quantities by the names under which they are logged."""
    curves = monitor.curves()
    return {PREFIX + name: float(np.asarray(vars(curves)[name])[-1]) for name in QUANTITIES}

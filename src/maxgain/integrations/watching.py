"""What the callbacks log and say of a monitor."""

import numpy as np

from maxgain.errors import InputError
from maxgain.monitor.monitor import GainMonitor

PREFIX = "maxgain/"
"""Before the name of every logged quantity, as loggers group by it."""

QUANTITIES = ("gain", "sensitivity", "saturation")
"""What is logged after a measurement, in dB at the centred impulse, mean over the channels."""


def latest(monitor: GainMonitor) -> dict[str, float]:
    """The last record's quantities by the names under which they are logged."""
    curves = monitor.curves()
    return {PREFIX + name: float(np.asarray(vars(curves)[name])[-1]) for name in QUANTITIES}


def last_word(monitor: GainMonitor, rules: str) -> str:
    """The diagnosis at a training's end in a sentence, or why the rules cannot give it."""
    try:
        said = monitor.diagnose(rules).sentence
    except InputError as error:  # The training is done, and is not to be lost.
        said = str(error)
    return f"maxgain: {said}"

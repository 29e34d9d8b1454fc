"""What the callbacks log and say of a monitor."""

import numpy as np

from maxgain.errors import InputError
from maxgain.monitor.monitor import GainMonitor
from maxgain.stopping.stop import Stop

PREFIX = "maxgain/"
"""Before the name of every logged quantity, as loggers group by it."""

QUANTITIES = ("gain", "sensitivity", "saturation")
"""What is logged after a measurement, in dB at the centred impulse, mean over the channels."""


SELECTED = "selected_epoch"
"""What is logged beside it once a rule has stopped: the epoch, from 1, whose weights it uses."""


def latest(monitor: GainMonitor, stopped: Stop | None) -> dict[str, float]:
    """What is logged of the last record, and of the stop if there is one, by name."""
    curves = monitor.curves()
    values = {PREFIX + name: float(np.asarray(vars(curves)[name])[-1]) for name in QUANTITIES}
    return values if stopped is None else values | {PREFIX + SELECTED: stopped.selected}


def last_word(monitor: GainMonitor, rules: str) -> str:
    """The diagnosis at a training's end in a sentence, or why the rules cannot give it."""
    try:
        said = monitor.diagnose(rules).sentence
    except InputError as error:  # The training is done, and is not to be lost.
        said = str(error)
    return f"maxgain: {said}"

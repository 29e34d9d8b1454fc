"""The stop of a training that a callback follows: asked for, kept in checkpoints, and said."""

from collections.abc import Mapping
from typing import Any

from maxgain.errors import InputError
from maxgain.monitor.monitor import GainMonitor
from maxgain.stopping.stop import Stop

KEY = "stopped"
"""Of the stop, beside a monitor's own state."""


def first_stop(monitor: GainMonitor, rule: str | None, stopped: Stop | None) -> Stop | None:
    """The stop that is known, else what the rule says after the last record.

    A training goes on after its first stop where its loop has a least number of epochs.

    Raises
    ------
    InputError
        The rule fails.
    """
    return stopped if rule is None or stopped is not None else monitor.should_stop(rule)


def with_stop(state: dict[str, Any], rule: str | None, stopped: Stop | None) -> dict[str, Any]:
    """A monitor's state with the stop beside it, of plain values, for a checkpoint."""
    kept = None if stopped is None else {"rule": rule, **stopped._asdict()}
    return state | {KEY: kept}


def stop_in(state: Mapping[str, Any], rule: str | None) -> Stop | None:
    """The stop that a state holds; None where it is another rule's, which is to judge anew.

    A training that is resumed without a rule keeps what an earlier rule said.

    Raises
    ------
    InputError
        What it holds is no stop.
    """
    kept = state.get(KEY)  # not in states of earlier versions
    if kept is None:
        return None
    try:
        stop = Stop(int(kept["halt"]), int(kept["selected"]), str(kept["reason"]))
        of = kept["rule"]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"the state holds no stop of a GainCallback: {error!r}.") from error
    return stop if rule in (None, of) else None


def stop_word(stopped: Stop, checkpoint: str) -> str:
    """A stop in a sentence.

    Parameters
    ----------
    checkpoint
        What the library's own files call the selected epoch.
    """
    return (
        f"maxgain: the rule stopped after epoch {stopped.halt} ({stopped.reason}): use the weights "
        f"of epoch {stopped.selected} ({checkpoint})."
    )

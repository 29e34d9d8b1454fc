"""What a stop rule answers."""

from typing import NamedTuple


class Stop(NamedTuple):
    """Stop now, and use the weights of an epoch.

    A rule is a function of the table of a training so far: one row an epoch from 1 to now, columns
    its quantities. It answers None (go on) or this; it judges the last row's epoch alone, and
    whoever drives it (`maxgain.stopping.replay`, a running training) ends at its first Stop.

    A rule counts rows. They are the epochs where each was measured; where some were left out,
    `maxgain.GainMonitor.should_stop` says the epochs of the rows in their place, and a reason that
    names an epoch takes it from the column "epoch".

    Attributes
    ----------
    halt
        The epoch after which the training ends: the table's last one.
    selected
        The epoch whose weights are used, from 1 to `halt`.
    reason
        Why, in a few words.
    """

    halt: int
    selected: int
    reason: str

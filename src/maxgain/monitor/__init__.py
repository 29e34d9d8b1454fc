"""Maximum Gain of a running training.

The names of this room are imported when they are first used: its registry needs none of torch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maxgain.monitor.monitor import GainMonitor

__all__ = ["GainMonitor"]


def __getattr__(name: str) -> object:
    """The class of that name."""
    if name not in __all__:
        raise AttributeError(f"module 'maxgain.monitor' has no attribute '{name}'")
    from maxgain.monitor import monitor

    return getattr(monitor, name)

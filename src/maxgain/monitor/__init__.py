"""Maximum Gain of a running training."""

from maxgain.monitor.monitor import GainMonitor

__all__ = ["GainMonitor"]

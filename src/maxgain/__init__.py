"""The spectral response and the Maximum Gain of convolutional neural networks.

>>> import maxgain
>>> from torch import nn
>>> network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))
>>> result = maxgain.measure(network, maxgain.impulse_image(3, 32, 32), window=True)
>>> result.gain.shape  # One gain a channel, in dB.
torch.Size([3])
"""

from importlib import import_module
from typing import TYPE_CHECKING

import maxgain.extras
import maxgain.networks.torchvision_ops  # noqa: F401 - `import torchvision` works after it

if TYPE_CHECKING:
    from maxgain.diagnosis.rules import diagnose
    from maxgain.diagnosis.sensitivity import diagnose_sensitivity
    from maxgain.diagnosis.verdicts import Diagnosis
    from maxgain.errors import InputError
    from maxgain.monitor.monitor import GainMonitor
    from maxgain.networks.scaling import ScaledInput
    from maxgain.response.measure import Measurement, input_gradient, measure
    from maxgain.response.probes import impulse_image, impulse_set
    from maxgain.response.snapshots import (
        SnapshotResponses,
        mean_over_impulses,
        snapshot_gains,
        snapshot_responses,
    )
    from maxgain.response.spectrum import frequency_response, maximum_gain


_HOMES = {
    "Diagnosis": "diagnosis",
    "GainMonitor": "monitor",
    "InputError": "errors",
    "Measurement": "response",
    "ScaledInput": "networks.scaling",
    "SnapshotResponses": "response",
    "diagnose": "diagnosis",
    "diagnose_sensitivity": "diagnosis",
    "frequency_response": "response",
    "impulse_image": "response",
    "impulse_set": "response",
    "input_gradient": "response",
    "maximum_gain": "response",
    "mean_over_impulses": "response",
    "measure": "response",
    "snapshot_gains": "response",
    "snapshot_responses": "response",
}

__all__ = [
    "Diagnosis",
    "GainMonitor",
    "InputError",
    "Measurement",
    "ScaledInput",
    "SnapshotResponses",
    "diagnose",
    "diagnose_sensitivity",
    "frequency_response",
    "impulse_image",
    "impulse_set",
    "input_gradient",
    "maximum_gain",
    "mean_over_impulses",
    "measure",
    "snapshot_gains",
    "snapshot_responses",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the command line needs none of torch to start."""
    if name not in _HOMES:
        raise AttributeError(f"module 'maxgain' has no attribute '{name}'")
    return getattr(import_module(f"maxgain.{_HOMES[name]}"), name)

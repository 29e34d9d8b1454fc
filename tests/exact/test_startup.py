"""No command pays for a library that it does not use: imports of a fresh process."""

import subprocess
import sys

import pytest

_GATHERS_CURVES = """
import maxgain.cli
import maxgain.config.protocol
import maxgain.pipeline.curves
import maxgain.pipeline.provenance
"""
_TRAINS_AND_MEASURES = """
import torch
from maxgain.networks.recipes import build_network, initialise, parameter_rates
from maxgain.response.probes import impulse_image
from maxgain.response.snapshots import snapshot_gains
from maxgain.training.engine import Batches, Images, Trainer
from maxgain.training.optimisers import MomentumSGD
import maxgain.pipeline.quantities
import maxgain.pipeline.training

network = build_network("lenet-mnist", (1, 28, 28), 10)
initialise("lenet-mnist", network, torch.Generator().manual_seed(0))
optimiser = MomentumSGD(parameter_rates("lenet-mnist", network), 0.9, 0.0)
images = Images(torch.randn(4, 28, 28, 1), torch.arange(4))
before = network.convolution1.weight.detach().clone()
Trainer(network, optimiser, images, 2, "fp32").train_epoch(
    Batches(torch.arange(4), torch.zeros(2, dtype=torch.bool)), 0.1
)
assert not torch.equal(before, network.convolution1.weight)
snapshots = {name: value.detach()[None] for name, value in network.state_dict().items()}
assert snapshot_gains(network, snapshots, impulse_image(1, 28, 28)).isfinite().all()
"""


@pytest.mark.parametrize(
    ("code", "unused"),
    [
        (_GATHERS_CURVES, ("torch", "pandas", "matplotlib", "scipy", "numpy", "numba")),
        # torch's compiler takes longer to import than all else that a training needs.
        (_TRAINS_AND_MEASURES, ("torch._dynamo", "sympy", "torchvision", "pandas", "matplotlib")),
    ],
)
def test_work_is_done_without_importing(code: str, unused: tuple[str, ...]) -> None:
    found = f"import sys; print(sorted(set({unused!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code + found], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"

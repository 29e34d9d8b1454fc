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
_DIAGNOSES_STORED_CURVES = """
import maxgain.cli.diagnose
import maxgain.monitor.stored
import maxgain.pipeline.diagnoses
from maxgain.monitor.registry import DIAGNOSIS_RULES

for name in DIAGNOSIS_RULES.names():
    DIAGNOSIS_RULES.load(name)
"""
_TRAINS_AND_MEASURES = """
import torch
from maxgain.networks.recipes import initial_network, parameter_rates
from maxgain.response.probes import impulse_image
from maxgain.response.snapshots import snapshot_gains
from maxgain.training.batches import Batches, Images
from maxgain.training.engine import Trainer, training_twin
from maxgain.training.optimisers import AdamW, MomentumSGD
import maxgain.pipeline.quantities
import maxgain.pipeline.training

network = initial_network("lenet-mnist", (1, 28, 28), 10, 1.0, "recipe", 0)
groups = parameter_rates(network, "lenet-mnist")
images = Images(torch.randn(4, 28, 28, 1), torch.arange(4))
before = network.convolution1.weight.detach().clone()
twin = training_twin(network, torch.device("cpu"), "fp32")
for optimiser in (MomentumSGD(groups, 0.9, 0.0), AdamW(groups, 0.0)):
    Trainer(twin, optimiser, images, 2, "fp32").train_epoch(
        Batches(torch.arange(4), torch.empty(4, 0, dtype=torch.int64)), 1e-3
    )
assert not torch.equal(before, network.convolution1.weight)
snapshots = {name: value.detach()[None] for name, value in network.state_dict().items()}
assert snapshot_gains(network, snapshots, impulse_image(1, 28, 28)).isfinite().all()
"""


@pytest.mark.parametrize(
    ("code", "unused"),
    [
        (_GATHERS_CURVES, ("torch", "pandas", "matplotlib", "scipy", "numpy", "numba")),
        (_DIAGNOSES_STORED_CURVES, ("torch", "matplotlib")),
        # torch's compiler takes longer to import than all else that a training needs.
        (_TRAINS_AND_MEASURES, ("torch._dynamo", "sympy", "torchvision", "pandas", "matplotlib")),
    ],
)
def test_work_is_done_without_importing(code: str, unused: tuple[str, ...]) -> None:
    found = f"import sys; print(sorted(set({unused!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code + found], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"

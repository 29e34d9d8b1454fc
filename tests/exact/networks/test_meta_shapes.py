"""Every network that is trained runs forward and backward on shapes alone, in every type."""

import pytest
import torch

from maxgain.networks.building import build_network
from maxgain.networks.registry import NETWORKS


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])  # tf32 is float32 in memory.
@pytest.mark.parametrize("name", NETWORKS.names())
def test_shapes_on_the_meta_device(name: str, dtype: torch.dtype) -> None:
    shape = (1, 28, 28) if name == "lenet-mnist" else (3, 32, 32)
    network = build_network(name, shape, 10, 1.0).to("meta", dtype)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.empty(100, *shape, device="meta", dtype=dtype)
    logits = network(images.contiguous(memory_format=torch.channels_last))
    assert logits.shape == (100, 10)
    assert (logits.device.type, logits.dtype) == ("meta", dtype)
    gradients = torch.autograd.grad(logits.float().sum(), list(network.parameters()))
    for gradient, parameter in zip(gradients, network.parameters(), strict=True):
        assert gradient.shape == parameter.shape

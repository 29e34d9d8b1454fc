"""Devices and precisions."""

import pytest
import torch

from maxgain.errors import InputError
from maxgain.training.device import choose_device, emulates_bf16


@pytest.mark.parametrize(
    ("device", "precision", "said"),
    [
        ("tpu", "fp32", "device is 'tpu'; allowed are auto, cpu, cuda"),
        ("cpu", "fp8", "precision is 'fp8'; allowed are fp32, tf32, bf16"),
        ("cpu", "tf32", "precision is 'tf32', which needs a CUDA device; .* fp32, bf16"),
    ],
)
def test_device_and_precision_are_checked(device: str, precision: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        choose_device(device, precision)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_device_is_refused_and_auto_takes_the_cpu() -> None:
    with pytest.raises(InputError, match="no CUDA device is available; allowed are auto, cpu"):
        choose_device("cuda")
    assert choose_device("auto") == torch.device("cpu")


@pytest.mark.parametrize(
    ("capabilities", "emulated"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False, "l2_cache_size": 1}, True),
        ({"avx2": True, "avx512_bf16": True, "amx_bf16": False}, False),
        ({"avx512_bf16": False, "amx_bf16": True}, False),
        ({}, True),
    ],
)
def test_emulation_of_bf16_is_seen(
    capabilities: dict[str, object], emulated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert emulates_bf16(torch.device("cpu")) == emulated
    assert not emulates_bf16(torch.device("cuda"))

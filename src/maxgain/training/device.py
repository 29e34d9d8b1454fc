"""Choice of device, precision and threads, checked before any work starts."""

import torch

from maxgain.errors import InputError


def choose_device(name: str, precision: str = "fp32") -> torch.device:
    """Device of a configured name; 'auto' takes a CUDA device where there is one.

    Raises
    ------
    InputError
        No such device here, or a precision that the device does not have.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"device is '{name}'; allowed are auto, cpu, cuda.")
    if precision not in ("fp32", "tf32", "bf16"):
        raise InputError(f"precision is '{precision}'; allowed are fp32, tf32, bf16.")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError(
            "device is 'cuda', but no CUDA device is available; allowed are auto, cpu."
        )
    device = torch.device("cuda" if available and name != "cpu" else "cpu")
    if precision == "tf32" and device.type == "cpu":
        raise InputError(
            "precision is 'tf32', which needs a CUDA device; on a CPU allowed are fp32, bf16."
        )
    return device


def describe_device(device: torch.device) -> str:
    """Name of a device for tables and provenance: 'cpu' or the GPU's own name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def use_reproducible_kernels(device: torch.device, precision: str) -> None:
    """Deterministic algorithms, and matrix units in tf32 only where that is asked for."""
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"


def forward_precision(device: torch.device, precision: str) -> torch.autocast:
    """Context of a forward pass: bf16 autocast where asked for, else nothing.

    Nothing is cached: a cast weight kept from one step would be stale in the next.
    """
    return torch.autocast(
        device.type, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False
    )


def emulates_bf16(device: torch.device) -> bool:
    """Whether a device computes in bf16 without instructions for it, many times slower than fp32.

    oneDNN, which multiplies matrices on a CPU, has no other way to say so; `py-cpuinfo` was
    weighed, and torch knows as much.
    """
    if device.type != "cpu":
        return False
    found = torch.cpu.get_capabilities()
    return not any(value is True for name, value in found.items() if "bf16" in name)

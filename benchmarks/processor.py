"""What the processor has, what the libraries make of it, and how they are limited to less.

Four libraries choose instructions by themselves, each by a variable of its own, read when it is
loaded: so a limit is for processes that are started under it. `py-cpuinfo` was weighed: it tells
what the processor has, which `/proc/cpuinfo` tells too, and nothing of what a library takes.
"""

import json
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LIMITS: dict[str, dict[str, str]] = {
    "native": {},
    "avx2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NUMBA_CPU_NAME": "haswell",
        # By the name alone numba keeps the features of the processor that is there.
        "NUMBA_CPU_FEATURES": "+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+popcnt,+sse4.2",
    },
}
"""Variables under which each library computes with no more than some instructions."""

_TOLD = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16")
"""Instruction sets, as the kernel writes them, that decide how fast a training is."""


@dataclass(frozen=True)
class Libraries:
    """Instructions that each library takes.

    Attributes
    ----------
    aten, onednn, openblas, numba
        By the library's own word.
    bf16
        Whether some instruction multiplies bf16, so that it is not emulated.
    """

    aten: str
    onednn: str
    openblas: str
    numba: str
    bf16: bool

    def __str__(self) -> str:
        return (
            f"ATen {self.aten}, oneDNN {self.onednn}, OpenBLAS {self.openblas}, numba {self.numba}"
        )


def processor_name() -> str:
    """Model and instruction sets, as far as the system tells them."""
    path = Path("/proc/cpuinfo")
    text = path.read_text() if path.exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE)
    present = flags[1].split() if flags else []
    name = model[1].strip() if model else platform.processor() or platform.machine()
    told = [flag for flag in _TOLD if flag in present]
    return f"{name} ({', '.join(told)})" if told else name


def limit_instructions(isa: str) -> None:
    """Limit what processes that are started from now on take."""
    os.environ.update(LIMITS[isa])


def libraries_in_new_processes() -> Libraries:
    """What a process that is started now takes; oneDNN tells it in what it prints alone."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.processor"],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "ONEDNN_VERBOSE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    isa = re.search(r"cpu,isa:(.+)", done.stdout)
    onednn = isa[1].strip() if isa else "unknown"
    return Libraries(onednn=onednn, **told)


def _tell() -> None:
    """Print, in JSON, what this process takes."""
    import numpy  # noqa: F401 - its OpenBLAS is asked for
    import threadpoolctl  # type: ignore[import-untyped]
    import torch
    from numba.core.registry import cpu_target

    from maxgain.training.device import emulates_bf16

    # Large enough for oneDNN, which then prints its line.
    torch.conv2d(torch.zeros(4, 64, 32, 32), torch.zeros(64, 64, 3, 3))
    blas = [
        found["architecture"]
        for found in threadpoolctl.threadpool_info()
        if found["internal_api"] == "openblas"
    ]
    _, name, features = cpu_target.target_context.codegen().magic_tuple()
    aten = torch.backends.cpu.get_cpu_capability()
    limited = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in {"AVX", "AVX2", "SSE41"}
    told = {
        "aten": aten,
        "openblas": blas[0] if blas else "absent",
        "numba": f"{name}{' with AVX-512' if '+avx512f' in features else ''}",
        "bf16": not limited and not emulates_bf16(torch.device("cpu")),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    _tell()

"""`python -m benchmarks.measure_command`: what `maxgain measure` of a ResNet-50 takes of a core."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import torch
import typer

import maxgain.networks.torchvision_ops  # noqa: F401 - `import torchvision` works after it

NETWORK = """
import maxgain, torch, torchvision

def build():
    with torch.device("meta"):
        network = torchvision.models.resnet50(weights=None)
    network.load_state_dict(torch.load("weights.pth", weights_only=True), assign=True)
    return maxgain.ScaledInput(network, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""


def measure_command(
    repetitions: Annotated[int, typer.Option(min=1, help="The first finds nothing in memory.")] = 3,
) -> None:
    """Time the whole command, Python's own start included, in seconds of processor time."""
    import torchvision

    core = min(os.sched_getaffinity(0))
    program = (
        f"import os; os.sched_setaffinity(0, {{{core}}}); from maxgain.cli import main; main()"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "speed_network.py").write_text(NETWORK)
        torch.save(torchvision.models.resnet50(weights=None).state_dict(), f"{folder}/weights.pth")
        words = [sys.executable, "-c", program, "measure", "speed_network:build"]
        for _ in range(repetitions):
            before = _seconds_of_children()
            subprocess.run(words, cwd=folder, check=True, capture_output=True)
            typer.echo(f"{_seconds_of_children() - before:.1f} s")


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    typer.run(measure_command)

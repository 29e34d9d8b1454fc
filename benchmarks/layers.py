"""`python -m benchmarks.layers`: each layer's time, forward and backward, beside the ceiling.

One thread, batches of 100, the engine's own layers in fp32, each timed alone on its real input.
"""

import statistics
import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.cases import BATCH_SIZE, CASES, Case
from benchmarks.ceiling import matrix_product_rate
from benchmarks.processor import processor_name
from benchmarks.turns import Row
from maxgain.files.csv import write_table
from maxgain.networks.recipes import initial_network
from maxgain.training.engine import training_twin
from maxgain.training.memory import keep_freed_memory
from maxgain.training.threads import use_threads

COLUMNS = (
    "processor",
    "network",
    "layer",
    "kind",
    "milliseconds",
    "share",
    "gflop",
    "gflops",
    "ceiling_gflops",
    "fraction_of_ceiling",
)


def layer_rows(case: Case, repetitions: int) -> list[Row]:
    """Rows of `COLUMNS`; work is counted as the multiplications of the plain layer."""
    network = initial_network(case.network, case.shape, 10, case.capacity, "recipe", 0)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    twin = training_twin(network, torch.device("cpu"), "fp32")
    images = torch.randn(BATCH_SIZE, *case.shape).to(memory_format=torch.channels_last)
    ceiling = matrix_product_rate("cpu", "fp32", 1.0)
    rows: list[Row] = []
    pairs = zip(twin.named_children(), network.children(), strict=True)
    for place, ((name, layer), plain) in enumerate(pairs):
        seconds, outputs = _seconds(layer, images, place > 0, repetitions)
        work = _work(plain, images, place > 0) if next(plain.parameters(), None) is not None else 0
        rows.append(
            {
                "processor": processor_name(),
                "network": case.label,
                "layer": name,
                "kind": type(layer).__name__,
                "milliseconds": 1e3 * seconds,
                "gflop": work,
                "gflops": work / seconds,
                "ceiling_gflops": ceiling,
                "fraction_of_ceiling": work / seconds / ceiling,
            }
        )
        images = outputs
    whole = sum(float(str(row["milliseconds"])) for row in rows)
    return [row | {"share": float(str(row["milliseconds"])) / whole} for row in rows]


def _inputs(images: Tensor, needs_gradient: bool) -> Tensor:
    # A layer in place may change no leaf: it gets a copy, in the same order of memory.
    return images.detach().requires_grad_(needs_gradient) * 1.0


def _seconds(
    layer: nn.Module, images: Tensor, needs_gradient: bool, repetitions: int
) -> tuple[float, Tensor]:
    """Median time of a step through a layer, and its outputs."""
    durations = []
    for _ in range(repetitions + 1):
        inputs = _inputs(images, needs_gradient)
        start = time.perf_counter()
        outputs = layer(inputs)
        forward = time.perf_counter() - start
        gradient, back = torch.ones_like(outputs), 0.0
        if outputs.requires_grad and outputs is not inputs:
            start = time.perf_counter()
            outputs.backward(gradient)
            back = time.perf_counter() - start
        durations.append(forward + back)
    return statistics.median(durations[1:]), outputs.detach()


def _work(layer: nn.Module, images: Tensor, needs_gradient: bool) -> float:
    with FlopCounterMode(display=False) as counter:
        layer(_inputs(images, needs_gradient)).sum().backward()
    return float(counter.get_total_flops()) / 1e9


def measure_layers(
    output: Annotated[Path, typer.Option(help="Table to write.")] = Path(
        "benchmarks/results/layers.csv"
    ),
    repetitions: Annotated[int, typer.Option(min=1, help="Steps through each layer.")] = 5,
) -> None:
    """Time each layer of each network alone."""
    use_threads(1)
    keep_freed_memory()
    rows: list[Row] = []
    for case in CASES:
        typer.echo(f"measuring {case.label}", err=True)
        rows += layer_rows(case, repetitions)
    write_table(output, COLUMNS, rows)
    for row in rows:
        typer.echo(
            f"{row['network']:30} {row['layer']:14} {row['kind']:30} {row['milliseconds']:9.2f} ms "
            f"{row['share']:5.0%} {row['gflops']:7.0f} GFLOP/s {row['fraction_of_ceiling']:5.0%}"
        )


if __name__ == "__main__":
    typer.run(measure_layers)

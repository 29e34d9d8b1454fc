"""What `GainMonitor.record()` costs: as a share of an epoch, on the CPU.

python -m benchmarks.monitor_overhead    prints the table and writes benchmarks/results/monitor.csv
"""

import csv
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

import maxgain
from benchmarks.processor import processor_name
from maxgain.networks.building import construct_network
from maxgain.training.threads import use_threads

OUTPUT = Path(__file__).parent / "results" / "monitor.csv"


@dataclass(frozen=True)
class Case:
    """A training whose epoch is extrapolated from steps of a plain loop.

    Attributes
    ----------
    images
        Of an epoch.
    """

    name: str
    architecture: str
    shape: tuple[int, int, int]
    classes: int
    images: int
    batch: int


CASES = (
    Case("LeNet, MNIST", "lenet-mnist", (1, 28, 28), 10, 60_000, 100),
    Case("ResNet-50, ImageNet at 224", "torchvision:resnet50", (3, 224, 224), 1000, 1_281_167, 8),
)


def seconds(work: Callable[[], object], times: int) -> float:
    """Median seconds of a piece of work, after one that is not counted."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measure_case(case: Case, times: int = 5) -> dict[str, object]:
    """Seconds of an epoch and of a record, without and with the set of sixteen impulses."""
    torch.manual_seed(0)
    network = construct_network(case.architecture, case.shape, case.classes)
    images = torch.randn(case.batch, *case.shape)
    labels = torch.arange(case.batch) % case.classes
    optimiser = torch.optim.SGD(network.parameters(), 1e-4, momentum=0.9)

    def step() -> None:
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    epoch = seconds(step, times) * case.images / case.batch
    row: dict[str, object] = {"training": case.name, "epoch_s": round(epoch, 2)}
    for impulses in (0, 16):
        monitor = maxgain.GainMonitor(network, case.shape, impulses=impulses)
        taken = seconds(monitor.record, times)
        row[f"record_{impulses}_s"] = round(taken, 4)
        row[f"share_{impulses}_percent"] = float(f"{100 * taken / epoch:.2g}")
    return row


def main() -> None:
    """Measure all cases, print them, and write the table."""
    use_threads(1)
    rows = [{**measure_case(case), "processor": processor_name()} for case in CASES]
    with OUTPUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(", ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()

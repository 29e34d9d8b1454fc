"""The loops of a case take turns, and what each reached becomes a row."""

import statistics
from contextlib import ExitStack
from dataclasses import dataclass, field

import typer

from benchmarks.cases import Case
from benchmarks.processes import Group

COLUMNS = (
    "network",
    "loop",
    "precision",
    "device",
    "instructions",
    "processes",
    "threads",
    "images_per_second",
    "ratio_to_plain",
    "gflop_per_image",
    "ceiling_gflops",
    "other_library_gflops",
    "fraction_of_ceiling",
    "core_share",
    "peak_memory_mb",
    "gain_seconds_20_snapshots",
    "gain_share_of_epoch",
    "gain_seconds_100_snapshots_16_impulses",
)
SNAPSHOTS = 20
MANY = 100, 16
"""Snapshots and impulses of a whole measurement, as a run of the paper protocol needs it."""

Row = dict[str, object]


@dataclass
class Turns:
    """What one loop reached in each of its turns."""

    group: Group
    loop: str
    precision: str
    processes: int
    threads: int
    rates: list[float] = field(default_factory=list)
    core_shares: list[float] = field(default_factory=list)
    ceilings: list[float] = field(default_factory=list)

    def take(self, seconds: float) -> None:
        """Train for some seconds, then see what the machine could have done in that moment."""
        rate, core_share = self.group.train(seconds, self.threads)
        self.rates.append(rate)
        self.core_shares.append(core_share)
        self.ceilings.append(self.group.matrix_product_rate(seconds / 2, self.threads))

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.loop} {self.precision}, {self.processes} x {self.threads} thread"

    @property
    def rate(self) -> float:
        """Images a second, the median."""
        return statistics.median(self.rates)


def measure_case(
    case: Case,
    device: str,
    rounds: int,
    seconds: float,
    cores: int,
    precisions: tuple[str, ...],
) -> list[Row]:
    """One row for the plain loop and one for each precision of the engine.

    All take turns, so that whatever else the machine does slows all of them, and ratios and
    fractions are medians over the turns. The engine uses one process of one thread for each core;
    the plain loop is either the same or one process of as many threads, whatever is faster.
    """
    on_cpu = device == "cpu"
    with ExitStack() as stack:

        def start(precision: str | None, processes: int) -> Group:
            return stack.enter_context(Group(case, precision, device, processes))

        choices = sorted({(1, cores), (cores, 1)}) if on_cpu else [(1, 1)]
        plain = [Turns(start(None, many), "plain", "fp32", many, each) for many, each in choices]
        processes = cores if on_cpu else 1
        engines = [
            Turns(start(precision, processes), "engine", precision, processes, 1)
            for precision in precisions
        ]
        for turns in (*plain, *engines):  # Libraries choose and set up their kernels.
            typer.echo(f"  {turns.name}: warming up", err=True)
            turns.group.train(0.0, turns.threads)
        memory = {turns.group: turns.group.memory() for turns in (*plain, *engines)}
        for number in range(1, rounds + 1):
            for turns in (*plain, *engines):
                turns.take(seconds)
                said = f"{turns.rates[-1]:,.0f} images/s, ceiling {turns.ceilings[-1]:,.0f} GFLOP/s"
                typer.echo(f"  {turns.name}: turn {number} of {rounds}, {said}", err=True)
        gains = {turns.group: turns.group.gain_seconds(SNAPSHOTS) for turns in engines}
        typer.echo("  gains of {} snapshots at {} places".format(*MANY), err=True)
        other = engines[0].group.other_library_rate(seconds / 2) if on_cpu else float("nan")
        many = engines[0].group.gain_seconds(*MANY)
    best = max(plain, key=lambda turns: turns.rate)
    return [
        _row(case, device, turns, best)
        | {"peak_memory_mb": memory[turns.group]}
        | _gain_costs(case, turns, gains.get(turns.group, float("nan")))
        | {"other_library_gflops": other}
        | {"gain_seconds_100_snapshots_16_impulses": many if turns is engines[0] else float("nan")}
        for turns in (best, *engines)
    ]


def _row(case: Case, device: str, turns: Turns, plain: Turns) -> Row:
    from benchmarks.ceiling import training_work

    work = training_work(case)
    pairs = zip(turns.rates, plain.rates, strict=True)
    fractions = zip(turns.rates, turns.ceilings, strict=True)
    return {
        "network": case.label,
        "loop": turns.loop,
        "precision": turns.precision,
        "device": device,
        "processes": turns.processes,
        "threads": turns.threads,
        "images_per_second": turns.rate,
        "ratio_to_plain": statistics.median(rate / other for rate, other in pairs),
        "gflop_per_image": work,
        "ceiling_gflops": statistics.median(turns.ceilings),
        "fraction_of_ceiling": statistics.median(rate * work / top for rate, top in fractions),
        "core_share": statistics.median(turns.core_shares),
    }


def _gain_costs(case: Case, turns: Turns, seconds: float) -> Row:
    epoch = case.images / (turns.rate / turns.processes)
    return {
        "gain_seconds_20_snapshots": seconds,
        "gain_share_of_epoch": seconds / SNAPSHOTS / epoch,
    }

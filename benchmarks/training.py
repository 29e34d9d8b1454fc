"""Images a second of the engine and of a plain loop, side by side, beside the machine's ceiling."""

import statistics
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, Case
from benchmarks.processes import Group, available_cores

COLUMNS = (
    "network",
    "loop",
    "precision",
    "device",
    "processes",
    "threads",
    "images_per_second",
    "ratio_to_plain",
    "gflop_per_image",
    "ceiling_gflops",
    "fraction_of_ceiling",
    "core_share",
    "peak_memory_mb",
    "gain_seconds_20_snapshots",
    "gain_share_of_epoch",
)
SNAPSHOTS = 20

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


def measured_precisions(device: str) -> tuple[str, ...]:
    """Those of the engine that the device computes in by itself.

    A processor without bf16 instructions emulates them: a large matrix product, which takes half a
    second in fp32, takes more than a minute.
    """
    import torch

    from maxgain.training import device as devices

    if device == "cuda":
        return "fp32", "tf32", "bf16"
    return ("fp32",) if devices.emulates_bf16(torch.device(device)) else ("fp32", "bf16")


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
    the plain loop is one process, of as many threads as makes it fastest.
    """
    on_cpu = device == "cpu"
    with ExitStack() as stack:

        def start(precision: str | None, processes: int) -> Group:
            return stack.enter_context(Group(case, precision, device, processes))

        loop = start(None, 1)
        choices = sorted({1, cores}) if on_cpu else [1]
        plain = [Turns(loop, "plain", "fp32", 1, threads) for threads in choices]
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
    best = max(plain, key=lambda turns: turns.rate)
    return [
        _row(case, device, turns, best)
        | {"peak_memory_mb": memory[turns.group]}
        | _gain_costs(case, turns, gains.get(turns.group, float("nan")))
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


def print_table(rows: list[Row], title: str) -> None:
    """The rows for people."""
    table = Table(title=title, title_justify="left")
    for column in ("network", "loop", "images/s", "x plain", "of ceiling", "memory", "20 gains"):
        table.add_column(column, justify="left" if column in ("network", "loop") else "right")
    for row in rows:
        table.add_row(
            str(row["network"]) if row["loop"] == "plain" else "",
            f"{row['loop']} {row['precision']}, {row['processes']} x {row['threads']} thread",
            f"{row['images_per_second']:,.0f}",
            f"{row['ratio_to_plain']:.2f}",
            f"{row['fraction_of_ceiling']:.0%}",
            f"{row['peak_memory_mb']:,.0f} MB",
            "" if row["loop"] == "plain" else f"{row['gain_seconds_20_snapshots']:.2f} s",
            end_section=row is rows[-1] or rows[rows.index(row) + 1]["loop"] == "plain",
        )
    console = Console(width=120)
    console.print(table)
    shares = [float(str(row["core_share"])) for row in rows if row["loop"] == "engine"]
    if rows[0]["device"] == "cpu" and min(shares) < 0.9:
        console.print(
            f"Other programs used the machine: the engine got {min(shares):.0%} of its cores at "
            "worst. Measure again on a quiet machine.",
            highlight=False,
        )


def draw_figure(rows: list[Row], title: str, stem: Path) -> None:
    """Bars of images a second, one group for each network, with ratios to the plain loop."""
    from maxgain.figures.style import PAGE_WIDTH, new_figure, save_figure, set_title, styled

    colors = {"plain": "#9a9a9a", "fp32": "#1f5fbf", "tf32": "#009e73", "bf16": "#d62728"}

    @styled
    def draw():  # type: ignore[no-untyped-def]
        figure = new_figure(PAGE_WIDTH, 0.8 + 0.19 * len(rows))
        axes = figure.subplots()
        labels = []
        for place, row in enumerate(rows):
            kind = "plain" if row["loop"] == "plain" else str(row["precision"])
            rate = float(str(row["images_per_second"]))
            axes.barh(place, rate, color=colors[kind], height=0.8)
            note = f" {rate:,.0f}"
            if kind != "plain":
                note += f"  ({row['ratio_to_plain']:.1f}x)"
            axes.text(rate, place, note, va="center", fontsize=6.5)
            name = f"{row['network']}   " if kind == "plain" else ""
            labels.append(f"{name}{'plain loop' if kind == 'plain' else f'engine, {kind}'}")
        axes.set_yticks(range(len(rows)), labels)
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.set_xscale("log")
        axes.set_xlabel("training images a second, whole machine")
        low, high = axes.get_xlim()
        axes.set_xlim(low / 2, high * 2.5)
        set_title(figure, title)
        return figure

    save_figure(draw(), stem)


def main() -> None:
    """Run the command line."""
    typer.run(benchmark)


def benchmark(
    output: Annotated[Path, typer.Option(help="Folder for the table and the figure.")] = Path(
        "benchmarks/results"
    ),
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each loop gets.")] = 5,
    seconds: Annotated[float, typer.Option(min=0, help="Length of a turn.")] = 4.0,
    quick: Annotated[bool, typer.Option(help="A test run of the smallest network.")] = False,
) -> None:
    """Time training by the engine and by a plain loop; write training.csv and a figure."""
    import torch

    from maxgain.files.csv import write_table
    from maxgain.training.device import describe_device

    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    cases: tuple[Case, ...] = CASES
    cores = available_cores()
    if quick:
        cases, cores, rounds, seconds = CASES[1:2], 1, 1, 0.0
    rows: list[Row] = []
    precisions = measured_precisions(device)
    if "bf16" not in precisions:
        typer.echo(
            "this processor has no bf16 instructions and emulates them, many times slower than "
            "fp32: bf16 is left out",
            err=True,
        )
    for number, case in enumerate(cases, 1):
        typer.echo(f"measuring {case.label} ({number} of {len(cases)})", err=True)
        rows += measure_case(case, device, rounds, seconds, cores, precisions)
    name = describe_device(torch.device(device))
    machine = f"CPU, {cores} threads at once" if device == "cpu" else name
    title = f"Training speed on {machine}, torch {torch.__version__.split('+')[0]}"
    write_table(output / "training.csv", COLUMNS, rows)
    draw_figure(rows, title, output / "training")
    print_table(rows, title)


if __name__ == "__main__":
    main()

"""Images a second of the engine and of a plain loop, side by side, beside the machine's ceiling."""

import statistics
from contextlib import ExitStack
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
    "peak_memory_mb",
    "gain_seconds_20_snapshots",
    "gain_share_of_epoch",
)
SNAPSHOTS = 20

Row = dict[str, object]


def measure_case(case: Case, device: str, rounds: int, seconds: float, cores: int) -> list[Row]:
    """One row for the plain loop and one for each precision of the engine.

    All take turns, so that whatever else the machine does slows all of them. The engine uses one
    process of one thread for each core; the plain loop is one process, of as many threads as makes
    it fastest. A ratio is the median over the rounds.
    """
    from benchmarks.ceiling import training_work

    precisions = ("fp32", "bf16") if device == "cpu" else ("fp32", "tf32", "bf16")
    processes = cores if device == "cpu" else 1
    choices = sorted({1, cores}) if device == "cpu" else [1]
    plain: dict[int, list[float]] = {threads: [] for threads in choices}
    ours: dict[str, list[float]] = {precision: [] for precision in precisions}
    with ExitStack() as stack:
        loop = stack.enter_context(Group(case, None, device, 1))
        engines = {
            precision: stack.enter_context(Group(case, precision, device, processes))
            for precision in precisions
        }
        for engine in engines.values():  # Libraries choose and set up their kernels.
            engine.images_per_second(0.0, 1)
        for threads in choices:
            loop.images_per_second(0.0, threads)
        for _ in range(rounds):
            for threads, rates in plain.items():
                rates.append(loop.images_per_second(seconds, threads))
            for precision, rates in ours.items():
                rates.append(engines[precision].images_per_second(seconds, 1))
        threads = max(plain, key=lambda choice: statistics.median(plain[choice]))
        work = training_work(case)
        rows = [
            _row(case, "plain", "fp32", device, 1, threads, plain[threads], plain[threads], work)
            | {"peak_memory_mb": loop.memory()}
            | _ceiling(loop.matrix_product_rate(seconds, threads), plain[threads], work)
        ]
        for precision, engine in engines.items():
            rates = ours[precision]
            row = _row(case, "engine", precision, device, processes, 1, rates, plain[threads], work)
            row["peak_memory_mb"] = engine.memory()
            gain = engine.gain_seconds(SNAPSHOTS)
            row["gain_seconds_20_snapshots"] = gain
            epoch = case.images / (statistics.median(rates) / processes)
            row["gain_share_of_epoch"] = gain / SNAPSHOTS / epoch
            rows.append(row | _ceiling(engine.matrix_product_rate(seconds, 1), rates, work))
    return rows


def _row(
    case: Case,
    loop: str,
    precision: str,
    device: str,
    processes: int,
    threads: int,
    rates: list[float],
    plain_rates: list[float],
    work: float,
) -> Row:
    ratios = [rate / plain for rate, plain in zip(rates, plain_rates, strict=True)]
    return dict.fromkeys(COLUMNS, float("nan")) | {
        "network": case.label,
        "loop": loop,
        "precision": precision,
        "device": device,
        "processes": processes,
        "threads": threads,
        "images_per_second": statistics.median(rates),
        "ratio_to_plain": statistics.median(ratios),
        "gflop_per_image": work,
    }


def _ceiling(gflops: float, rates: list[float], work: float) -> Row:
    fraction = statistics.median(rates) * work / gflops
    return {"ceiling_gflops": gflops, "fraction_of_ceiling": fraction}


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
    Console(width=110).print(table)


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

    from maxgain.tables import write_table
    from maxgain.training.device import describe_device

    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    cases, cores = CASES, available_cores()
    if quick:
        cases, cores, rounds, seconds = CASES[1:2], 1, 1, 0.0
    rows: list[Row] = []
    for case in cases:
        typer.echo(f"measuring {case.label}", err=True)
        rows += measure_case(case, device, rounds, seconds, cores)
    name = describe_device(torch.device(device))
    machine = f"CPU, {cores} threads at once" if device == "cpu" else name
    title = f"Training speed on {machine}, torch {torch.__version__.split('+')[0]}"
    write_table(output / "training.csv", COLUMNS, rows)
    draw_figure(rows, title, output / "training")
    print_table(rows, title)


if __name__ == "__main__":
    main()

"""The rows of a benchmark as a table for people and as a figure."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.turns import Row


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


def print_protocols(rows: list[Row]) -> None:
    """Hours that each protocol trains, by each loop."""
    table = Table(title="training of whole protocols, from these rates", title_justify="left")
    for column in ("protocol", "loop", "runs", "hours", "x plain"):
        table.add_column(column, justify="left" if column in ("protocol", "loop") else "right")
    for row in rows:
        loop = f"{row['loop']} {row['precision']}"
        table.add_row(
            str(row["protocol"]),
            loop,
            str(row["runs"]),
            f"{row['hours']:,.2f}",
            f"{row['ratio_to_plain']:.2f}",
        )
    Console(width=120).print(table)

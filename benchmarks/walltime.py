"""`python -m benchmarks.walltime results/PROTOCOL` draws where a workflow's wall time went.

Snakemake writes a benchmark file when its job ends, so the file's time stamp less the seconds in
it is the job's start. Copies of the files must keep their time stamps.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from maxgain.errors import InputError
from maxgain.figures.style import PAGE_WIDTH, new_figure, save_figure, set_title, styled


@dataclass(frozen=True)
class Job:
    """One job of the workflow; `start` and `end` in seconds since the first job started."""

    rule: str
    name: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long the job took."""
        return self.end - self.start


def read_jobs(folder: Path) -> list[Job]:
    """The jobs of Snakemake's benchmark files below a folder, by their start.

    Raises
    ------
    InputError
        There is none, or one is not a benchmark file.
    """
    jobs = []
    for path in sorted(folder.rglob("*.tsv")):
        rule, *rest = path.relative_to(folder).with_suffix("").parts
        try:
            with path.open(newline="") as file:
                seconds = float(next(csv.DictReader(file, delimiter="\t"))["s"])
        except (StopIteration, KeyError, ValueError, TypeError) as error:
            raise InputError(f"{path} is not a benchmark file of Snakemake.") from error
        end = path.stat().st_mtime
        jobs.append(Job(rule, "/".join(rest), end - seconds, end))
    if not jobs:
        raise InputError(f"{folder} has no benchmark file (*.tsv); run the workflow first.")
    first = min(job.start for job in jobs)
    moved = (Job(job.rule, job.name, job.start - first, job.end - first) for job in jobs)
    return sorted(moved, key=lambda job: (job.start, job.rule, job.name))


def assign_lanes(jobs: Iterable[Job]) -> list[list[Job]]:
    """Jobs in as few lanes as ran at once; `jobs` by their start."""
    lanes: list[list[Job]] = []
    for job in jobs:
        # Time stamps are of the end of writing: neighbours may overlap by a little.
        free = (lane for lane in lanes if lane[-1].end <= job.start + 0.5)
        lane = next(free, None)
        if lane is None:
            lanes.append([job])
        else:
            lane.append(job)
    return lanes


@styled
def draw_wall_time(jobs: list[Job], title: str) -> Figure:
    """Jobs as bars over time, one line for each that ran at once, coloured by rule."""
    lanes = assign_lanes(jobs)
    rules = sorted({job.rule for job in jobs}, key=lambda rule: -_total(jobs, rule))
    figure = new_figure(PAGE_WIDTH, 1.1 + 0.28 * len(lanes))
    axes = figure.subplots()
    for number, rule in enumerate(rules):
        bars = [(job, place) for place, lane in enumerate(lanes) for job in lane]
        chosen = [(job, place) for job, place in bars if job.rule == rule]
        axes.barh(
            [place for _, place in chosen],
            [job.seconds / 60 for job, _ in chosen],
            left=[job.start / 60 for job, _ in chosen],
            height=0.8,
            color=f"C{number}",
            edgecolor="white",
            linewidth=0.3,
            label=f"{rule} ({_total(jobs, rule):,.0f} s)",
        )
    axes.set_yticks(range(len(lanes)), [f"{lane + 1}" for lane in range(len(lanes))])
    axes.set_ylabel("jobs at once")
    axes.set_xlabel("minutes since the first job started")
    axes.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=4)
    set_title(figure, title)
    return figure


def print_rules(jobs: list[Job]) -> None:
    """Seconds of all jobs of each rule, and its longest job."""
    groups: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.rule].append(job)
    total = sum(job.seconds for job in jobs)
    table = Table("rule", "jobs", "seconds", "share", "longest job")
    for rule, members in sorted(groups.items(), key=lambda group: -_total(group[1], group[0])):
        longest = max(members, key=lambda job: job.seconds)
        seconds = _total(members, rule)
        table.add_row(
            rule,
            str(len(members)),
            f"{seconds:,.0f}",
            f"{seconds / total:.0%}",
            f"{longest.seconds:,.0f} s {longest.name}",
        )
    wall = max(job.end for job in jobs)
    Console(width=120).print(table)
    Console(width=120).print(
        f"{wall:,.0f} s of wall time, {total:,.0f} s of jobs: {total / wall:.2f} at once on "
        "average.",
        highlight=False,
    )


def _total(jobs: Iterable[Job], rule: str) -> float:
    return sum(job.seconds for job in jobs if job.rule == rule)


def show_wall_time(
    results: Annotated[Path, typer.Argument(help="Results folder of a protocol.")],
    output: Annotated[Path, typer.Option(help="Figure to write, without an ending.")] = Path(
        "benchmarks/results/walltime"
    ),
) -> None:
    """Draw a workflow's jobs over time and print the seconds of each rule."""
    try:
        jobs = read_jobs(results / "benchmarks")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    print_rules(jobs)
    save_figure(draw_wall_time(jobs, f"Wall time of the protocol {results.name}"), output)


if __name__ == "__main__":
    typer.run(show_wall_time)

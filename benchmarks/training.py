"""Images a second of the engine and of a plain loop, side by side, beside the machine's ceiling."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks import processor, protocols
from benchmarks.cases import CASES, Case
from benchmarks.processes import available_cores
from benchmarks.shown import draw_figure, print_protocols, print_table
from benchmarks.turns import COLUMNS, Row, measure_case


def measured_precisions(device: str, libraries: processor.Libraries) -> tuple[str, ...]:
    """Those of the engine that the device computes in by itself.

    A processor without bf16 instructions emulates them: a large matrix product, which takes half a
    second in fp32, takes more than a minute.
    """
    if device == "cuda":
        return "fp32", "tf32", "bf16"
    return ("fp32", "bf16") if libraries.bf16 else ("fp32",)


def main() -> None:
    """Run the command line."""
    typer.run(benchmark)


def benchmark(
    output: Annotated[Path, typer.Option(help="Folder for the tables and the figure.")] = Path(
        "benchmarks/results"
    ),
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each loop gets.")] = 3,
    seconds: Annotated[float, typer.Option(min=0, help="Length of a turn, s.")] = 2.0,
    isa: Annotated[
        str, typer.Option(help="Instructions of the processor: native, or avx2 as on older ones.")
    ] = "native",
    quick: Annotated[bool, typer.Option(help="A test run of the smallest network.")] = False,
) -> None:
    """Time training by the engine and by a plain loop; write training.csv and a figure."""
    if isa not in processor.LIMITS:
        allowed = ", ".join(processor.LIMITS)
        typer.echo(f"error: --isa is '{isa}'; allowed are {allowed}.", err=True)
        raise typer.Exit(2)
    processor.limit_instructions(isa)
    libraries = processor.libraries_in_new_processes()
    import torch

    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    cases: tuple[Case, ...] = CASES
    cores = available_cores()
    if quick:
        cases, cores, rounds, seconds = CASES[1:2], 1, 1, 0.0
    precisions = measured_precisions(device, libraries)
    typer.echo(f"{processor.processor_name()}; {cores} cores; {libraries}", err=True)
    if "bf16" not in precisions:
        typer.echo(
            "this processor has no bf16 instructions and emulates them, many times slower than "
            "fp32: bf16 is left out",
            err=True,
        )
    rows: list[Row] = []
    for number, case in enumerate(cases, 1):
        typer.echo(f"measuring {case.label} ({number} of {len(cases)})", err=True)
        measured = measure_case(case, device, rounds, seconds, cores, precisions)
        rows += [row | {"instructions": str(libraries)} for row in measured]
    _write(output, isa, rows, _title(device, isa, cores))


def _title(device: str, isa: str, cores: int) -> str:
    import torch

    from maxgain.training.device import describe_device

    machine = describe_device(torch.device(device))
    if device == "cpu":
        limit = "" if isa == "native" else f" limited to {isa}"
        machine = f"{cores} cores of {processor.processor_name()}{limit}"
    return f"Training speed, torch {torch.__version__.split('+')[0]}, {machine}"


def _write(output: Path, isa: str, rows: list[Row], title: str) -> None:
    from maxgain.files.csv import write_table

    suffix = "" if isa == "native" else f"-{isa}"
    write_table(output / f"training{suffix}.csv", COLUMNS, rows)
    whole = protocols.protocol_rows(rows)
    write_table(output / f"protocols{suffix}.csv", protocols.COLUMNS, whole)
    draw_figure(rows, title, output / f"training{suffix}")
    print_table(rows, title)
    if whole:
        print_protocols(whole)


if __name__ == "__main__":
    main()

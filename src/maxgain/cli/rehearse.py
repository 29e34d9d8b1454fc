"""`maxgain rehearse`: how stable a protocol's verdicts are."""

from pathlib import Path
from typing import Annotated

import typer


def rehearse(
    configfile: Annotated[
        list[Path] | None, typer.Option(help="Overlay of the protocol; repeatable.")
    ] = None,
    repetitions: Annotated[int, typer.Option(min=5, help="How often the protocol is run.")] = 5,
    cores: Annotated[str, typer.Option(help="As Snakemake takes it.")] = "all",
) -> None:
    """Run a protocol again with weights disturbed by 1e-7, and count how often verdicts agree.

    Called where config.yaml is, after `snakemake` has made the protocol's results. It writes
    results/PROTOCOL/stability.csv and takes as long as that many runs.
    """
    from maxgain.pipeline.rehearsal import rehearse as repeat

    typer.echo(f"wrote {repeat(configfile or [], repetitions, cores)}", err=True)

"""The trainings of a protocol repeated with disturbed weights, and how stable its verdicts are."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from maxgain.config.parsing import parse_protocol
from maxgain.config.yaml_files import read_configuration
from maxgain.errors import InputError
from maxgain.pipeline.claims import write_stability

SHARED = ("toy.csv", "zoo.csv", "prepared")
"""What of a results folder no training changes."""


def rehearse(overlays: Sequence[Path], repetitions: int, cores: str) -> Path:
    """Repeat a protocol that was run, in folders beside its results; write stability.csv.

    An interrupted call goes on where it was when it is made again.

    Parameters
    ----------
    overlays
        Configuration files on top of config.yaml, as for Snakemake.
    repetitions
        How many, at least five.
    cores
        As Snakemake takes it: a number or "all".

    Returns
    -------
    The table that was written, results/<protocol>/stability.csv.

    Raises
    ------
    InputError
        The protocol has no results yet, or a repetition failed.
    """
    protocol = parse_protocol(read_configuration([Path("config.yaml"), *overlays]))
    results = Path("results") / protocol.protocol
    for name in SHARED:
        if not (results / name).exists():
            raise InputError(f"{results / name} does not exist; run the protocol first.")
    folders = []
    for number in range(1, repetitions + 1):
        folder = results.with_name(f"{results.name}-repetition-{number}")
        _copy_shared(results, folder)
        _train(overlays, folder, number, [*protocol.experiments], cores)
        folders.append(folder)
    output = results / "stability.csv"
    write_stability(folders, output)
    return output


def _copy_shared(results: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        if (folder / name).exists():
            continue
        if (results / name).is_dir():
            shutil.copytree(results / name, folder / name)
        else:
            shutil.copy(results / name, folder / name)


def _train(
    overlays: Sequence[Path], folder: Path, number: int, experiments: Sequence[str], cores: str
) -> None:
    words = [sys.executable, "-m", "snakemake", "--cores", cores, "--rerun-triggers", "mtime"]
    if overlays:
        words += ["--configfile", *map(str, overlays)]
    words += ["--config", f"protocol={folder.name}", f"repetition={number}", "--"]
    targets = [str(folder / "curves" / f"{name}.csv") for name in experiments]
    if subprocess.run([*words, *targets]).returncode != 0:
        raise InputError(f"repetition {number} failed; what it did is in {folder}.")

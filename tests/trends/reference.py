"""Where results folders are, and what verdicts were committed for them."""

import io
import subprocess
import tarfile
from pathlib import Path

import pandas as pd

from maxgain.tables.verdicts import read_verdicts

REPOSITORY = Path(__file__).parents[2]

#: Protocols whose results are meant to be committed. The smoke protocol's are not.
PROTOCOLS = ("embedded", "paper", "paper-confirmation")


def list_results_folders(given: list[str], repository: Path = REPOSITORY) -> list[Path]:
    """The folders named on the command line, else those that may be committed."""
    return [Path(name) for name in given] or [repository / "results" / name for name in PROTOCOLS]


def list_processor_tables() -> list[Path]:
    """Verdict tables of the embedded protocol as other processors gave them.

    Each is the verdicts.csv of one run of the protocol, its name says what was different, for
    example avx2.csv for ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 and numba limited alike.
    """
    return sorted((Path(__file__).parent / "processors").glob("*.csv"))


def copy_committed_results(name: str, scratch: Path, repository: Path = REPOSITORY) -> Path | None:
    """A copy of the results folder of a protocol as the last commit holds it; None without one.

    A copy of the repository without git holds nothing but the folder, which is taken then.
    """
    place = f"results/{name}"
    answer = subprocess.run(
        ["git", "-C", str(repository), "archive", "--format=tar", "HEAD", place],
        capture_output=True,
        check=False,
    )
    if answer.returncode != 0:
        folder = repository / place
        return folder if folder.is_dir() and not (repository / ".git").exists() else None
    with tarfile.open(fileobj=io.BytesIO(answer.stdout)) as archive:
        archive.extractall(scratch, filter="data")
    return scratch / place


def read_committed_verdicts(
    folder: Path, scratch: Path, repository: Path = REPOSITORY
) -> pd.DataFrame | None:
    """The verdicts that the last commit holds for a folder of this name; None where it has none.

    The commit and not the file is the reference: a new run overwrites the file. A copy of the
    repository without git holds nothing but the file, which is the reference then.
    """
    copy = copy_committed_results(folder.resolve().name, scratch, repository)
    if copy is None or not (copy / "verdicts.csv").is_file():
        return None
    return read_verdicts(copy / "verdicts.csv")

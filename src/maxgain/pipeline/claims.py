"""The rules on claims: judge a results folder, count how stable its verdicts are."""

from collections.abc import Sequence
from pathlib import Path

from maxgain.claims.judge import judge
from maxgain.claims.page import write_verdicts_markdown
from maxgain.claims.stability import count_stable
from maxgain.files.atomic import atomic_path
from maxgain.tables.results import read_result_tables
from maxgain.tables.verdicts import write_verdicts_csv


def judge_results(results: Path, table: Path, page: Path, note: str = "") -> None:
    """Judge every declared claim from a results folder; write verdicts.csv and verdicts.md.

    Parameters
    ----------
    note
        Stands above the verdicts on the page, as it is.

    Raises
    ------
    InputError
        The folder does not exist, or a table in it cannot be read.
    """
    verdicts = judge(read_result_tables(results))
    write_verdicts_csv(verdicts, table)
    write_verdicts_markdown(verdicts, page, f"Verdicts, protocol {results.name}", note)


def write_stability(repetitions: Sequence[Path], output: Path) -> None:
    """Judge the results folders of repetitions of one protocol anew; write stability.csv.

    Parameters
    ----------
    repetitions
        Results folders (curves/*.csv, toy.csv, zoo.csv), five or more.

    Raises
    ------
    InputError
        There are fewer than five, or one cannot be read.
    """
    stability = count_stable([judge(read_result_tables(folder)) for folder in repetitions])
    with atomic_path(output) as temporary:
        stability.to_csv(temporary, index=False, lineterminator="\n")

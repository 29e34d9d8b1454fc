"""How many repetitions give a claim the same verdict, from tables and from results folders."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maxgain.claims.stability import STABILITY_COLUMNS, count_stable
from maxgain.errors import InputError
from maxgain.pipeline.claims import judge_results, write_stability
from maxgain.tables.verdicts import read_verdicts
from tests.exact.claims.synthetic import make_mnist, make_toy


def make_table(**verdicts: str) -> pd.DataFrame:
    return pd.DataFrame({"id": verdicts.keys(), "verdict": verdicts.values()})


def test_the_most_frequent_verdict_is_counted() -> None:
    tables = [make_table(M1="seen", M2="seen", M3="not run")] * 3
    tables += [make_table(M1="seen", M2="inconclusive"), make_table(M1="seen", M2="not seen")]
    found = count_stable(tables).set_index("id")
    assert tuple(count_stable(tables).columns) == STABILITY_COLUMNS
    assert found.loc["M1"].tolist() == ["seen", "5/5", "seen 5"]
    assert found.loc["M2"].tolist() == ["seen", "3/5", "inconclusive 1; not seen 1; seen 3"]
    # A table that lacks a claim did not run it.
    assert found.loc["M3", "stable"] == "5/5"


def test_a_tie_does_not_depend_on_the_order() -> None:
    tables = [make_table(M1=verdict) for verdict in ("seen", "inconclusive") * 3]
    assert count_stable(tables).equals(count_stable(tables[::-1]))
    assert count_stable(tables)["stable"].tolist() == ["3/6"]


def test_too_few_and_double_are_refused() -> None:
    with pytest.raises(InputError, match="4 verdict tables were given; stability needs 5 or more"):
        count_stable([make_table(M1="seen")] * 4)
    double = pd.concat([make_table(M1="seen")] * 2)
    with pytest.raises(InputError, match="claim M1 twice"):
        count_stable([double] * 5)


@pytest.fixture
def repetitions(tmp_path: Path) -> list[Path]:
    """Five results folders that differ by a little noise; in the last the toy network is wrong."""
    folders = []
    for number in range(5):
        folder = tmp_path / f"repetition{number}"
        (folder / "curves").mkdir(parents=True)
        table = make_mnist(True)
        noise = 1e-3 * np.random.default_rng(number).normal(size=len(table))
        table = table.assign(gain_db=table["gain_db"] + noise)
        table.to_csv(folder / "curves/mnist_rates.csv", index=False, na_rep="nan")
        make_toy(number < 4).to_csv(folder / "toy.csv", index=False, na_rep="nan")
        folders.append(folder)
    return folders


def test_results_folders_are_judged_anew(repetitions: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "stability.csv"
    write_stability(repetitions, output)
    found = pd.read_csv(output).set_index("id")
    assert found["stable"]["M1"] == found["stable"]["M3"] == "5/5"
    assert found["verdict"]["M1"] == "seen"
    assert found["verdicts"]["T1"] == "not reproduced 1; reproduced 4"
    assert found["stable"]["T1"] == "4/5"
    with pytest.raises(InputError, match="needs 5 or more"):
        write_stability(repetitions[:3], tmp_path / "other.csv")
    assert not (tmp_path / "other.csv").exists()


def test_a_results_folder_becomes_table_and_page(repetitions: list[Path], tmp_path: Path) -> None:
    table, page = tmp_path / "verdicts.csv", tmp_path / "verdicts.md"
    judge_results(repetitions[0], table, page)
    assert read_verdicts(table).set_index("id")["verdict"]["M1"] == "seen"
    assert page.read_text().startswith("# Verdicts, protocol repetition0\n")
    with pytest.raises(InputError, match="nowhere does not exist"):
        judge_results(tmp_path / "nowhere", table, page)

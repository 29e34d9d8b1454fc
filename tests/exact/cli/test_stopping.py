"""`maxgain stopping`, on tables made up so that regrets are known, and the page on own rules."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from maxgain.cli.app import app
from maxgain.errors import InputError
from maxgain.stopping.registry import RULES
from maxgain.tables.quantities import QUANTITY_COLUMNS
from maxgain.tables.regrets import SCORE_COLUMNS, SUMMARY_COLUMNS
from maxgain.tables.stopping import (
    HELD_OUT,
    HELD_OUT_COLUMNS,
    STUDY_RUN_COLUMNS,
    TEST_COLUMNS,
    write_study,
)
from tests.exact.stopping.study_by_hand import study
from tests.pages import blocks_on

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "own-stop-rule.md"

BROKEN = """
from maxgain.stopping.stop import Stop


def raises(table):
    raise ValueError("no such thing\\nand more")


def beyond(table):
    return Stop(len(table), 99, "")


def nothing(table):
    return Stop(len(table), float("nan"), "")


def table(table):
    return table


def five(table):
    return Stop(5, 5, "five") if len(table) == 5 else None


number = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_study(study(), tmp_path / "study")
    (tmp_path / "stopping_test_rules.py").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, ["stopping", "--results", "study", *arguments])
    if done.exception is not None:
        raise done.exception
    return done


def of(*names: str) -> list[str]:
    return [word for name in names for word in ("--rules", f"stopping_test_rules:{name}")]


def test_a_rule_is_scored_beside_all_registered_ones(folder: Path) -> None:
    said = run(*of("five"), "--scores", "made/scores.csv").stdout
    table = pd.read_csv("regret.csv").set_index("rule")
    assert table.reset_index().columns.tolist() == list(SUMMARY_COLUMNS)
    assert table.index.tolist() == ["stopping_test_rules:five", *RULES.names()]
    # By hand: the V's slope is 0.1 an epoch, its foot at 4, 6 and 8 of 12.
    assert table.loc["stopping_test_rules:five", "mean_regret"] == pytest.approx(0.5 / 3)
    assert table.loc["last", "mean_regret"] == pytest.approx(1.8 / 3)
    assert table.loc["eb-criterion", "failed"] == 1
    assert table.loc["eb-criterion", "failure"] == "the table has no column 'eb_criterion'."
    assert list(pd.read_csv("made/scores.csv")) == list(SCORE_COLUMNS)
    shown = [line.split() for line in said.splitlines() if line.rstrip().endswith(" %")]
    means = [float(next(word for word in words if word[0].isdigit())) for words in shown]
    assert means == sorted(means), "the least regret stands first"
    last = " ".join(next(words for words in shown if words[0] == "last"))
    assert last.startswith("last (knows the end) 0.600")
    assert "eb-criterion failed in 100 % of its runs" in said
    assert not any(words[0] == "eb-criterion" for words in shown)


@pytest.fixture
def scored(folder: Path) -> Path:
    """The folder with a regret.csv as of a study; the regret of "random" is made up in it."""
    run("--output", "study/regret.csv")
    table = pd.read_csv("study/regret.csv", keep_default_na=False, na_values="nan")
    table.loc[table["rule"] == "random", ["mean_regret", "cells"]] = [0.123, 2]
    table.insert(1, "kind", [RULES.find(rule).kind for rule in table["rule"]])
    table.to_csv("study/regret.csv", index=False, na_rep="nan")
    return folder


def regrets_of_random(*arguments: str) -> float:
    run(*arguments)
    return float(pd.read_csv("regret.csv").set_index("rule").loc["random", "mean_regret"])


EXPECTED_OF_RANDOM = pytest.approx(0.1 * (42 + 36 + 38) / 36)


def test_registered_rules_stand_as_the_study_has_them(scored: Path) -> None:
    """So that a rule is scored in seconds: nothing else is replayed."""
    assert regrets_of_random(*of("five")) == 0.123
    table = pd.read_csv("regret.csv", keep_default_na=False, na_values="nan").set_index("rule")
    assert table.reset_index().columns.tolist() == list(SUMMARY_COLUMNS)
    assert table.index.tolist() == ["stopping_test_rules:five", *RULES.names()]
    assert table.loc["stopping_test_rules:five", "mean_regret"] == pytest.approx(0.5 / 3)
    assert table.loc["eb-criterion", "failure"] == "the table has no column 'eb_criterion'."
    assert table.loc["random", "failure"] == ""
    assert table["cells"].dtype == int
    assert regrets_of_random() == 0.123, "without a rule of one's own, too"


@pytest.mark.parametrize("option", [["--replay"], ["--scores", "scores.csv"]])
def test_they_are_replayed_on_request(scored: Path, option: list[str]) -> None:
    assert regrets_of_random(*option) == EXPECTED_OF_RANDOM


def test_rules_that_are_named_or_lack_a_row_are_replayed(scored: Path) -> None:
    assert regrets_of_random("--rules", "random") == EXPECTED_OF_RANDOM
    table = pd.read_csv("study/regret.csv", keep_default_na=False)
    table[table["rule"] != "random"].to_csv("study/regret.csv", index=False)
    assert regrets_of_random() == EXPECTED_OF_RANDOM


def test_regrets_of_other_trainings_are_not_used(scored: Path) -> None:
    runs = pd.read_csv("study/runs.csv")
    runs.loc[runs["dataset"] == "mnist", "ranked"] = 0
    runs.to_csv("study/runs.csv", index=False)
    run(*of("five"))
    table = pd.read_csv("regret.csv").set_index("rule")
    assert table.loc["random", "mean_regret"] not in (0.123, EXPECTED_OF_RANDOM)
    assert table.loc["validation-keras", "cells"] == 2


def test_a_damaged_table_of_regrets_is_refused(scored: Path) -> None:
    lines = Path("study/regret.csv").read_text().splitlines(keepends=True)
    Path("study/regret.csv").write_text("".join([*lines, lines[1]]))
    with pytest.raises(InputError, match=r"regret.csv lists the rule eb-criterion twice"):
        run(*of("five"))
    Path("study/regret.csv").write_text("rule\nlast\n")
    with pytest.raises(InputError, match="has no column 'decides'"):
        run(*of("five"))
    assert run(*of("five"), "--only").exit_code == 0, "which does not need it"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("raises", "it raised ValueError at epoch 1: no such thing."),
        ("beyond", "it selected the epoch 99 at epoch 1; allowed are 1 to 1."),
        ("nothing", "it answered the epochs 1 and nan at epoch 1; they must be whole numbers."),
        ("table", "at epoch 1; allowed are None and a Stop."),
    ],
)
def test_a_broken_rule_is_reported_and_others_are_judged(
    folder: Path, name: str, sentence: str
) -> None:
    said = run(*of(name, "five"), "--only", "--output", "made/regret.csv").stdout
    broken, five = pd.read_csv("made/regret.csv").to_dict("records")
    assert broken["failed"] == 1
    assert broken["failure"].endswith(sentence)
    assert broken["cells"] == 0
    assert five["mean_regret"] == pytest.approx(0.5 / 3)
    assert sentence in " ".join(said.split())


def test_tidy_quantities_are_read_as_signals_are(folder: Path) -> None:
    run("--rules", "gain-db-maximum", "--rules", "gain-diagnosis", "--only")
    wanted = Path("regret.csv").read_text()
    tables = study()
    tidy = tables.signals.melt(["run", "epoch"], var_name="quantity").assign(standard_error=0.1)
    tidy[list(QUANTITY_COLUMNS)].to_csv("study/quantities.csv", index=False)
    with pytest.raises(InputError, match=r"has signals.csv and quantities.csv; allowed is one"):
        run()
    Path("study/signals.csv").unlink()
    run("--rules", "gain-db-maximum", "--rules", "gain-diagnosis", "--only")
    assert Path("regret.csv").read_text() == wanted


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only"], "--only is given without --rules"),
        (["--rules", "lasst"], "'lasst' is not known; did you mean 'last'"),
        (of("missing"), "has no 'missing'"),
        (of("number"), "stopping_test_rules:number is not a function"),
        (["--results", "elsewhere"], "results folder elsewhere does not exist"),
        (["--results", "."], "runs.csv does not exist"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    folder: Path, arguments: list[str], said: str
) -> None:
    program = "from maxgain.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "stopping", "--results", "study", *arguments],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert not Path("regret.csv").exists()


def test_the_page_on_own_rules_is_what_happens(folder: Path) -> None:
    """Its files, its command and its program, as they stand there."""
    blocks = blocks_on(PAGE)
    module, program = (text for language, text in blocks if language == "python")
    (command,) = (text for language, text in blocks if not language)
    Path("my_rules.py").write_text(module)
    console = "import sys; sys.argv = sys.argv[1:]; from maxgain.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", console, *command.split()], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv("regret.csv").set_index("rule")
    # The signal is the loss: it stops two epochs after the best one, and uses that one.
    assert table.loc["my_rules:patient", "mean_regret"] == pytest.approx(0)
    assert table.loc["my_rules:patient", "epochs_used"] == pytest.approx((6 + 8 + 10) / 3 / 12)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append('')\n{program}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    # Nothing is trained there, so the first gain stays the highest.
    assert done.stdout.strip() == "Stop(halt=3, selected=1, reason='highest gain at epoch 1')"


def test_the_page_names_the_columns_of_the_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for columns in (STUDY_RUN_COLUMNS, QUANTITY_COLUMNS, TEST_COLUMNS, HELD_OUT_COLUMNS):
        assert ", ".join(columns) in text
    assert f"; {HELD_OUT} (" in text

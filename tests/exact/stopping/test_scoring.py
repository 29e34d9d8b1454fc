"""Rules are scored on stored tables; a broken one hinders no other."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maxgain.errors import InputError
from maxgain.stopping.descriptions import describe_runs, signal_agreement
from maxgain.stopping.registry import RULES
from maxgain.stopping.scoring import by_cell, constant_epochs, score_folder, score_rules, summarise
from maxgain.stopping.stop import Stop
from maxgain.tables.regrets import CELL_COLUMNS, SCORE_COLUMNS, SUMMARY_COLUMNS
from maxgain.tables.stopping import CELL, StudyTables, read_study, write_study
from tests.exact.stopping.study_by_hand import BEST, EPOCHS, study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_study(study(), tmp_path)
    return tmp_path


def stop_at_five(table: pd.DataFrame) -> Stop | None:
    return Stop(5, 5, "five") if len(table) == 5 else None


def raises_on_some(table: pd.DataFrame) -> Stop | None:
    # mnist turns first: its gain falls at epoch 5.
    if len(table) == 5 and table["gain_db"].iloc[-1] < table["gain_db"].iloc[-2]:
        raise KeyError("lost")
    return stop_at_five(table)


def test_regret_of_a_users_rule_by_hand(folder: Path) -> None:
    scores, summary = score_folder([f"{__name__}:stop_at_five"], folder)
    assert tuple(scores) == SCORE_COLUMNS
    assert tuple(summary) == SUMMARY_COLUMNS
    assert len(scores) == 9
    by_set = scores.groupby("dataset")["loss_regret"].mean()
    assert by_set.to_dict() == pytest.approx({"mnist": 0.1, "cifar10": 0.1, "fashion-mnist": 0.3})
    (line,) = summary.to_dict("records")
    assert line["cells"] == 3
    assert line["mean_regret"] == pytest.approx(0.5 / 3)
    assert line["median_regret"] == pytest.approx(0.1)
    assert line["worst_regret"] == pytest.approx(0.3)
    assert line["worst_cell"] == "fashion-mnist lenet n=1000 noise=0.2 rate x0.3333333"
    assert line["epochs_used"] == pytest.approx(5 / 12)
    # Errors are a ninth of losses; the best epochs are 4, 6 and 8.
    assert line["mean_error_regret"] == pytest.approx(100 * 0.5 / 3 / 9, rel=1e-5)
    assert line["epoch_error"] == pytest.approx(-1)
    assert math.isnan(line["work"]), "it does not say what it sees"
    assert line["failed"] == line["never_fired"] == line["failed_cells"] == 0
    assert line["decides"] == "online"
    assert line["low"] <= line["mean_regret"] <= line["high"]


def test_a_rule_that_raises_is_reported_and_others_are_judged(folder: Path) -> None:
    names = [f"{__name__}:raises_on_some", "validation-10-retrain", "eb-criterion", "last"]
    scores, summary = score_folder(names, folder)
    assert summary["rule"].tolist() == names
    broken, retrained, unserved, last = summary.to_dict("records")
    assert broken["failed"] == pytest.approx(1 / 3)
    assert broken["failure"] == "it raised KeyError at epoch 5: 'lost'."
    assert (broken["cells"], broken["failed_cells"]) == (2, 1)
    assert (unserved["failed"], unserved["failed_cells"]) == (1, 3)
    assert unserved["failure"] == "the table has no column 'eb_criterion'."
    assert math.isnan(unserved["mean_regret"])
    # Patience of ten runs out for nobody within twelve epochs.
    assert retrained["never_fired"] == 1
    assert last["mean_regret"] == pytest.approx((0.8 + 0.6 + 0.4) / 3)
    assert last["recovered_share"] == pytest.approx(0)
    assert not summary.loc[1, list(SUMMARY_COLUMNS)].isna().any()
    assert len(scores) == 36


def test_every_rule_has_a_row_for_every_cell() -> None:
    tables = study()
    # One seed of mnist is worse by a nat after its best epoch, where the rule stops.
    late = (tables.outcomes["run"] == "mnist/seed1") & (tables.outcomes["epoch"] > 4)
    losses = ["test_loss_a", "test_loss_b"]
    tables.outcomes.loc[late, losses] += 1
    rows = [RULES.find(f"{__name__}:{name}") for name in ("stop_at_five", "raises_on_some")]
    found = by_cell(score_rules([*rows, RULES.find("last")], tables))
    assert tuple(found) == CELL_COLUMNS
    assert len(found) == 9
    five, raising, last = (
        found[found["rule"] == name].set_index("dataset") for name in dict.fromkeys(found["rule"])
    )
    assert five.loc["mnist", "loss_regret"] == pytest.approx((0.1 + 1.1 + 0.1) / 3)
    assert five.loc["mnist", "worst_regret"] == pytest.approx(1.1)
    assert five.loc["fashion-mnist", "loss_regret"] == pytest.approx(0.3)
    assert five.loc["mnist", ["seeds", "halt", "never_fired", "failed"]].tolist() == [3, 5, 0, 0]
    assert five["epochs_used"].tolist() == pytest.approx([5 / 12] * 3)
    assert last["work"].tolist() == [12 * 1000] * 3
    assert last.loc["cifar10", "error_regret"] == pytest.approx(100 * 0.6 / 9)
    assert raising.loc["mnist", "failed"] == 1
    assert raising.loc["mnist", "halt":"costly"].isna().all()  # type: ignore[misc]
    assert raising.loc["cifar10", "loss_regret"] == pytest.approx(0.1)
    assert not found.duplicated(["rule", *CELL]).any()


def test_a_cell_with_one_failed_run_has_no_numbers() -> None:
    tables = study()
    tables.outcomes.loc[tables.outcomes["run"] == "mnist/seed2", "test_loss_a"] = np.nan
    found = by_cell(score_rules([RULES.find("last")], tables)).set_index("dataset")
    assert found.loc["mnist", "failed"] == pytest.approx(1 / 3)
    assert found.loc["mnist", "seeds"] == 3
    assert math.isnan(found.loc["mnist", "loss_regret"])
    assert math.isnan(found.loc["mnist", "worst_regret"])
    assert found.loc["cifar10", "loss_regret"] == pytest.approx(0.6)


def test_constant_is_the_median_best_of_other_data_sets(folder: Path) -> None:
    constants = constant_epochs(read_study(folder))
    assert constants["mnist/seed0"] == 7
    assert constants["cifar10/seed0"] == 6
    assert constants["fashion-mnist/seed2"] == 5
    scores, _ = score_folder(["constant"], folder)
    assert sorted(set(scores["halt"])) == [5, 6, 7]


def test_random_epochs_have_the_expected_regret(folder: Path) -> None:
    _, summary = score_folder(["random"], folder)
    expected = np.mean(
        [[0.1 * abs(e - best) for e in range(1, EPOCHS + 1)] for best in BEST.values()]
    )
    assert summary["mean_regret"].iloc[0] == pytest.approx(expected)
    assert summary["epochs_used"].iloc[0] == pytest.approx((EPOCHS + 1) / 2 / EPOCHS)


def test_every_epoch_is_drawn_once() -> None:
    tables = study()
    scores = score_rules([RULES.find("random")], tables)
    assert scores.groupby("run")["selected"].apply(list).tolist() == [[*range(1, EPOCHS + 1)]] * 9
    # One epoch of one run has no loss: what was drawn there is not known, and that is said.
    tables = study()
    lost = (tables.outcomes["run"] == "mnist/seed2") & (tables.outcomes["epoch"] == 12)
    tables.outcomes.loc[lost, "test_loss_a"] = np.nan
    (line,) = summarise(score_rules([RULES.find("random")], tables)).to_dict("records")
    assert (line["cells"], line["failed_cells"]) == (2, 1)
    assert line["failed"] == pytest.approx(1 / (9 * EPOCHS))
    assert line["failure"] == "the test loss of the selected epoch is not finite."


def test_means_over_runs_do_not_count_draws() -> None:
    """Of two lengths of training the longer has more epochs to draw, and is one training."""
    tables = study()
    short = tables.runs["dataset"] == "mnist"
    tables.runs.loc[short, "epochs"] = 6
    kept = [
        table[~(table["run"].isin(tables.runs["run"][short]) & (table["epoch"] > 6))]
        for table in (tables.signals, tables.outcomes)
    ]
    scores = score_rules([RULES.find("random")], StudyTables(tables.runs, *kept))
    (line,) = summarise(scores).to_dict("records")
    assert line["epochs_used"] == pytest.approx((7 / 12 + 2 * 13 / 24) / 3)


def test_signal_that_is_the_loss_agrees_with_it(folder: Path) -> None:
    agreements = signal_agreement(read_study(folder))
    assert agreements["tau"].to_numpy() == pytest.approx(-1)


def test_runs_that_are_hard_to_read_are_described(folder: Path) -> None:
    found = describe_runs(read_study(folder)).set_index("run")
    assert found.loc["mnist/seed0", "best_epoch"] == 4
    assert found.loc["mnist/seed0", "last_regret"] == pytest.approx(0.8)
    # The error goes as the loss does: down, and up for good.
    assert not found[["late_best", "descends_twice"]].any(axis=None)
    tables = study()
    waves = np.tile([0.2, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1], 9)
    falling = np.tile(np.linspace(2, 1, 12), 9)
    outcomes = tables.outcomes.assign(
        test_error_a=waves, test_error_b=waves, test_loss_a=falling, test_loss_b=falling
    )
    hard = describe_runs(StudyTables(tables.runs, tables.signals, outcomes))
    assert hard[["late_best", "descends_twice"]].all(axis=None)


def test_tables_survive_the_round_trip(folder: Path) -> None:
    found, made = read_study(folder), study()
    pd.testing.assert_frame_equal(
        found.signals, made.signals.reset_index(drop=True), rtol=1e-6, check_dtype=False
    )
    # A table that does not say what twins hold out is of the study's first runs.
    pd.testing.assert_frame_equal(found.runs, made.runs.assign(held_out=0.1), rtol=1e-6)
    write_study(StudyTables(made.runs.assign(held_out=0.25), made.signals, made.outcomes), folder)
    assert read_study(folder).runs["held_out"].tolist() == [0.25] * 9
    _, summary = score_folder(["validation-10"], folder)
    assert summary["work"].iloc[0] == pytest.approx(EPOCHS * (750 + 250 / 3))


def test_bad_input_is_refused_before_work(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'no-such-rule' is not known"):
        score_folder(["no-such-rule"], folder)
    with pytest.raises(InputError, match="has no 'missing'"):
        score_folder([f"{__name__}:missing"], folder)
    with pytest.raises(InputError, match="does not exist"):
        score_folder(["last"], tmp_path / "elsewhere")
    text = (folder / "signals.csv").read_text().splitlines(keepends=True)
    (folder / "signals.csv").write_text("".join(text[:-1]))
    with pytest.raises(InputError, match="must have the epochs 1 to 12, each once; it has 11"):
        score_folder(["last"], folder)


def test_a_run_listed_twice_is_refused(folder: Path) -> None:
    lines = (folder / "runs.csv").read_text()
    (folder / "runs.csv").write_text(lines + lines.splitlines()[1] + "\n")
    with pytest.raises(InputError, match="lists the run mnist/seed0 twice"):
        read_study(folder)


def test_rules_are_compared_on_ranked_runs_alone() -> None:
    tables = study()
    left_out = str(tables.runs["run"].iloc[0])
    runs = tables.runs.assign(ranked=(tables.runs["run"] != left_out).astype(int))
    ranked = StudyTables(runs, tables.signals, tables.outcomes)
    scores = score_rules([RULES.find("last")], ranked)
    assert left_out not in set(scores["run"])
    assert len(scores) == len(runs) - 1

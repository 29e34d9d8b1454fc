"""The page of the study says what came out, and of which rule it is no fair comparison."""

import re

import numpy as np
import pandas as pd
import pytest

from maxgain.stopping.declaration import REFERENCES
from maxgain.stopping.families import compare_rules
from maxgain.stopping.momentum import MOMENTUM_COLUMNS
from maxgain.stopping.rates import RATE_COLUMNS
from maxgain.stopping.recommended import recommend
from maxgain.stopping.scoring import summarise
from maxgain.stopping.study_page import StudyOutcome, render_study
from maxgain.stopping.verdict import GAIN_RULES, judge_study
from maxgain.tables.stopping import CELL
from tests.exact.stopping.study_by_hand import around, fail

VALIDATION, CONSTANT = REFERENCES


def rates_by_hand() -> pd.DataFrame:
    line = dict.fromkeys(RATE_COLUMNS, 0.5) | {"rival": "sharpness", "limits": "own", "runs": 24}
    return pd.DataFrame([line])


def momentum_by_hand() -> pd.DataFrame:
    cell = ("mnist", "lenet-momentum0", 4000, 0.4, 10)
    judged = dict(zip(CELL, cell, strict=True)) | {"momentum": 0.0, "seeds": 3, "failed": 0}
    judged |= {"loss_regret": 0.21, "epochs_used": 0.21, "never_fired": 1 / 3}
    failed = {"loss_regret": np.nan, "epochs_used": np.nan, "never_fired": np.nan, "failed": 2 / 3}
    rows = [judged | {"rule": "eb-criterion"}, judged | failed | {"rule": "eb-criterion-batch"}]
    return pd.DataFrame(rows, columns=list(MOMENTUM_COLUMNS))


def ranks_by_hand() -> pd.DataFrame:
    line = {"rule": "alignment", "decides": "post-hoc", "mean_rank": 1.0, "cells": 24}
    return pd.DataFrame([line | {"p_value": 0.01, "critical_difference": 2.0}])


def scores_by_hand() -> pd.DataFrame:
    """Of a run in each of 24 cells: constant far off in two, a failure, work, kinds of stops."""
    regrets = dict.fromkeys(GAIN_RULES, 0.4) | {VALIDATION: 0.1, CONSTANT: 0.5}
    scores = around(regrets | {"last": 0.7, "alignment": 0.3})
    fail(scores, "saturation-fall", [3])
    constant, cell = scores["rule"] == CONSTANT, scores["run"].str.removeprefix("run").astype(int)
    scores.loc[constant & cell.isin([0, 1]), "loss_regret"] += 3
    scores.loc[constant, "work"] = 63000.0
    scores.loc[scores["rule"] == GAIN_RULES[0], "work"] = np.nan
    scores.loc[constant & (cell < 6), "too_early"] = 1.0
    scores.loc[constant & (cell < 3), "costly"] = 1.0
    return scores


@pytest.fixture(scope="module")
def page() -> str:
    scores = scores_by_hand()
    summary, runs = summarise(scores), scores.drop_duplicates("run")
    comparisons = compare_rules(scores[scores["rule"] != "last"], list(REFERENCES))
    parts = [summarise(rows).assign(noise_rate=rate) for rate, rows in scores.groupby("noise_rate")]
    marks = {"run": runs["run"], "late_best": True, "descends_twice": runs["run"] == "run1"}
    return render_study(
        StudyOutcome(
            runs=runs,
            declared=69,
            data=pd.DataFrame({"dataset": ["mnist"], "label": ["MNIST"], "stand_in": [True]}),
            summary=summary,
            by_noise=pd.concat(parts),
            comparisons=comparisons,
            ranks=ranks_by_hand(),
            recommended=recommend(scores),
            marks=pd.DataFrame(marks),
            rates=rates_by_hand(),
            momentum=momentum_by_hand(),
            verdict=judge_study(scores, summary, comparisons),
        )
    )


def table(text: str) -> dict[str, dict[str, str]]:
    """Of the first table of rules of a text, each rule's cells by the heads of their columns."""
    lines = iter(text.splitlines())
    heads = next(line for line in lines if line.startswith("| rule"))[2:-2].split(" | ")
    next(lines)
    found = {}
    for line in lines:
        if not line.startswith("| "):
            break
        row = dict(zip(heads, line[2:-2].split(" | "), strict=True))
        found[row["rule"]] = row
    return found


def test_the_page_says_what_there_is_of_the_study(page: str) -> None:
    assert "**The gain cannot stand in for validation loss" in page
    assert "On stand-in data" in page
    assert (
        "**The study is not complete**: 45 cells are to come.\n24 trainings in 24 cells of" in page
    )
    assert "24 cells of the 69 that are declared. mnist: MNIST." in page
    assert "In 24 of them the best epoch lies in the last tenth, in 1 the test error" in page


def test_means_stand_beside_medians_cells_and_failures(page: str) -> None:
    rows = table(page)
    shown = rows[CONSTANT]
    # Two cells of 24 are far off: they move the mean, not the median.
    assert float(shown["mean [95 %]"].split()[0]) == pytest.approx(0.5 + 2 * 3 / 24, abs=0.01)
    assert float(shown["median"]) == pytest.approx(0.5, abs=0.01)
    assert float(shown["worst"]) == pytest.approx(3.5, abs=0.05)
    assert shown["work"] == "63,000"
    assert rows[GAIN_RULES[0]]["work"] == "", "it is not known"
    assert (shown["too early"], shown["costly"]) == ("25 %", "12 %")
    assert (shown["cells"], rows["saturation-fall"]["cells"]) == ("24", "23, failed in 1")
    assert "- saturation-fall, in 1 of 24 cells (4.2 % of its runs): it diverged." in page


def test_rules_that_do_not_decide_online_are_marked(page: str) -> None:
    rows = table(page)
    decides = {rule: rows[rule]["decides"] for rule in ("last", "alignment", CONSTANT, VALIDATION)}
    assert list(decides.values()) == ["knows the end", "post-hoc", "informed", "online"]
    assert "over 24 cells; where a rule failed it is the last:\nalignment (post-hoc) 1.0." in page


def test_rules_are_held_against_both_references(page: str) -> None:
    rows = table(page)
    found = re.fullmatch(r"(.+), p = (.+)", rows["alignment"]["against constant"])
    assert found is not None
    assert float(found[1]) == pytest.approx(0.3 - 0.75, abs=0.02)
    assert float(found[2]) < 0.001
    assert rows[VALIDATION]["against validation"] == rows[CONSTANT]["against constant"] == ""
    # The one pair of references, from either side.
    one, two = rows[VALIDATION]["against constant"], rows[CONSTANT]["against validation"]
    assert one == two.replace("+", "-")
    assert rows["last"]["against constant"] == "", "it is in no family"
    better = "(adjusted p of at most 0.05):\n"
    assert f"{better}{', '.join(GAIN_RULES)}, alignment (post-hoc)." in page
    assert "In no family of tests: last." in page


def test_a_rule_that_failed_somewhere_comes_after_those_that_did_not(page: str) -> None:
    rows = table(page)
    assert list(rows)[-1] == "saturation-fall"
    regrets = [float(row["mean [95 %]"].split()[0]) for row in rows.values()]
    assert regrets[:-1] == sorted(regrets[:-1])
    assert regrets[-1] < regrets[-2]


def test_cells_without_noise_stand_apart(page: str) -> None:
    part = page.partition("## Without label noise")[2]
    rows, whole = table(part), table(page)
    assert set(rows) == set(whole)
    # One of the eight cells without noise is far off.
    mean, worst = (rows[CONSTANT][name].split()[0] for name in ("mean [95 %]", "worst"))
    assert float(mean) == pytest.approx(0.5 + 3 / 8, abs=0.02)
    assert float(worst) == pytest.approx(3.5, abs=0.05)
    assert rows["saturation-fall"]["cells"] == "7, failed in 1"


def test_rates_and_trainings_without_momentum_have_tables(page: str) -> None:
    cell = "mnist lenet-momentum0 n=4000 noise=0.4 rate x10"
    assert f"| eb-criterion | {cell} | 3 | 0 | 0.210 | 21 % | 33 % | 0 % |" in page
    assert f"| eb-criterion-batch | {cell} | 3 | 0 |  |  |  | 67 % |" in page
    assert "| sharpness | own | 0.50 [0.50, 0.50] | 0.50 [0.50, 0.50] | 0 |" in page


def test_the_page_says_what_a_monitor_is_to_ask(page: str) -> None:
    section = page.partition("## The default of a monitor")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
    assert [row[0] for row in rows] == ["| mnist", "| cifar10", "| all", "| all"]
    assert rows[2][2] == "each of these"
    # saturation-fall fails in a cell, so it is none of these.
    assert all(row[2] != "saturation-fall" for row in rows)
    assert float(rows[3][4].split()[0]) == pytest.approx(0.4, abs=0.01)

"""The study's claim: which outcome gives which word."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from maxgain.stopping.declaration import REFERENCES
from maxgain.stopping.momentum import MOMENTUM_COLUMNS
from maxgain.stopping.rates import RATE_COLUMNS
from maxgain.stopping.scoring import compare_rules, summarise
from maxgain.stopping.study_page import StudyOutcome, render_study
from maxgain.stopping.verdict import GAIN_RULES, MARGIN, judge_study, not_worse_p
from maxgain.tables.stopping import CELL, SCORE_COLUMNS

VALIDATION, CONSTANT = REFERENCES
RIVALS = ("eb-criterion", "label-wave-3", "noise-rate")


def scores_of(regrets: dict[str, float], cells: int = 24) -> pd.DataFrame:
    """One run a cell, with a mean regret for each rule and a spread of a hundredth."""
    random = np.random.default_rng(0)
    lines = []
    for (rule, regret), cell in itertools.product(regrets.items(), range(cells)):
        line = dict.fromkeys(SCORE_COLUMNS, 0.0) | {
            "rule": rule,
            "run": f"run{cell}",
            "dataset": ("mnist", "cifar10")[cell % 2],
            "network": f"net{cell}",
            "noise_rate": 0.2 * (cell % 3),
            "failure": "",
            "loss_regret": regret + random.normal(0, 0.01),
        }
        lines.append(line)
    return pd.DataFrame(lines)


def judged(gain: dict[str, float] | float, validation: float = 0.1, constant: float = 0.5):
    own = gain if isinstance(gain, dict) else dict.fromkeys(GAIN_RULES, gain)
    regrets = own | {VALIDATION: validation, CONSTANT: constant} | dict.fromkeys(RIVALS, 0.3)
    regrets["noise-rate"] = 0.01  # It is told the share of wrong labels.
    scores = scores_of(regrets)
    summary = summarise(scores)
    return judge_study(scores, summary, compare_rules(scores, list(REFERENCES)))


def test_a_rule_as_good_as_validation_can_stand_in() -> None:
    verdict = judged({GAIN_RULES[0]: 0.11} | dict.fromkeys(GAIN_RULES[1:], 0.9))
    assert verdict.word == "can"
    assert verdict.gain == GAIN_RULES[0]
    assert verdict.rival in ("eb-criterion", "label-wave-3")
    assert verdict.sentence.startswith("The gain can stand in for validation loss")
    assert [round(verdict.regrets[rule][0], 1) for rule in REFERENCES] == [0.1, 0.5]
    assert round(verdict.regrets[verdict.rival][0], 1) == 0.3


def test_rules_that_all_lose_more_cannot() -> None:
    assert judged(0.4).word == "cannot"
    assert judged(0.1 + 2 * MARGIN).word == "cannot"


def test_a_little_more_regret_than_validations_does_not_matter() -> None:
    assert judged(0.1 + MARGIN / 2).word == "can"


def test_what_does_not_beat_the_constant_epoch_has_shown_nothing() -> None:
    assert judged(0.1, constant=0.1).word == "undecided"


def test_one_rule_that_is_not_shown_to_lose_leaves_it_open() -> None:
    gain = dict.fromkeys(GAIN_RULES, 0.9) | {GAIN_RULES[3]: 0.1}
    scores = scores_of(gain | {VALIDATION: 0.1, CONSTANT: 0.5})
    scores.loc[scores["rule"] == GAIN_RULES[3], "loss_regret"] += np.tile([-0.2, 0.2], 12)
    verdict = judge_study(scores, summarise(scores), compare_rules(scores, list(REFERENCES)))
    assert verdict.word == "undecided"


def test_without_validation_nothing_is_decided() -> None:
    scores = scores_of(dict.fromkeys(GAIN_RULES, 0.1) | {CONSTANT: 0.5})
    verdict = judge_study(scores, summarise(scores), compare_rules(scores, [CONSTANT]))
    assert verdict.word == "undecided"
    assert "(validation-10-retrain) loses what is not known" in verdict.sentence


@pytest.mark.parametrize(("difference", "small"), [(0.0, True), (MARGIN, False), (0.2, False)])
def test_not_worse_by_the_margin(difference: float, small: bool) -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, 30)
    assert (not_worse_p(difference + noise) < 0.01) == small
    assert not_worse_p(np.array([])) == 1


def judge_rates_by_hand() -> pd.DataFrame:
    line = dict.fromkeys(RATE_COLUMNS, 0.5) | {"rival": "sharpness", "limits": "own", "runs": 24}
    return pd.DataFrame([line])


def momentum_by_hand() -> pd.DataFrame:
    cell = ("mnist", "lenet-momentum0", 4000, 0.4, 10)
    judged = dict(zip(CELL, cell, strict=True)) | {"momentum": 0.0, "seeds": 3, "failed": 0}
    judged |= {"loss_regret": 0.21, "epochs_used": 0.21, "never_fired": 1 / 3}
    failed = {"loss_regret": np.nan, "epochs_used": np.nan, "never_fired": np.nan, "failed": 2 / 3}
    rows = [judged | {"rule": "eb-criterion"}, judged | failed | {"rule": "eb-criterion-batch"}]
    return pd.DataFrame(rows, columns=list(MOMENTUM_COLUMNS))


def test_the_page_says_all_of_it() -> None:
    regrets = dict.fromkeys(GAIN_RULES, 0.4) | {VALIDATION: 0.1, CONSTANT: 0.5}
    scores = scores_of(regrets)
    scores.loc[(scores["rule"] == "saturation-fall") & (scores["run"] == "run3"), "failure"] = "no."
    constant, cell = scores["rule"] == CONSTANT, scores["run"].str.removeprefix("run").astype(int)
    scores.loc[constant & cell.isin([0, 1]), "loss_regret"] += 3
    scores.loc[constant, "work"] = 63000.0
    scores.loc[scores["rule"] == GAIN_RULES[0], "work"] = np.nan
    scores.loc[constant & (cell < 6), "too_early"] = 1.0
    scores.loc[constant & (cell < 3), "costly"] = 1.0
    summary = summarise(scores)
    comparisons = compare_rules(scores, list(REFERENCES))
    runs = scores.drop_duplicates("run")
    page = render_study(
        StudyOutcome(
            runs=runs,
            declared=69,
            data=pd.DataFrame({"dataset": ["mnist"], "label": ["MNIST"], "stand_in": [True]}),
            summary=summary,
            comparisons=comparisons,
            ranks=pd.DataFrame(
                {
                    "rule": [VALIDATION],
                    "mean_rank": [1.0],
                    "cells": [24],
                    "p_value": [0.01],
                    "critical_difference": [2.0],
                }
            ),
            rates=judge_rates_by_hand(),
            momentum=momentum_by_hand(),
            marks=pd.DataFrame(
                {"run": runs["run"], "late_best": True, "descends_twice": runs["run"] == "run1"}
            ),
            verdict=judge_study(scores, summary, comparisons),
        )
    )
    assert "**The gain cannot stand in for validation loss" in page
    assert "On stand-in data" in page
    assert (
        "**The study is not complete**: 45 cells are to come.\n24 trainings in 24 cells of" in page
    )
    assert "24 cells of the 69 that are declared. mnist: MNIST." in page
    cell = "mnist lenet-momentum0 n=4000 noise=0.4 rate x10"
    assert f"| eb-criterion | {cell} | 3 | 0 | 0.210 | 21 % | 33 % | 0 % |" in page
    assert f"| eb-criterion-batch | {cell} | 3 | 0 |  |  |  | 67 % |" in page
    assert "| sharpness | own | 0.50 [0.50, 0.50] | 0.50 [0.50, 0.50] | 0 |" in page
    assert "In 24 of them the best epoch lies in the last tenth, in 1 the test error" in page
    assert "- saturation-fall, in 4 % of its runs: no." in page
    assert re.search(r"\| validation-10-retrain \| 0\.(10|09)\d \[", page)
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    heads = next(row for row in rows if "median" in row)
    shown = dict(zip(heads, next(row for row in rows if row[0] == "constant"), strict=True))
    # Two cells of 24 are far off: they move the mean, not the median.
    assert float(shown["mean [95 %]"].split()[0]) == pytest.approx(0.5 + 2 * 3 / 24, abs=0.01)
    assert float(shown["median"]) == pytest.approx(0.5, abs=0.01)
    assert float(shown["worst"]) == pytest.approx(3.5, abs=0.05)
    assert shown["work"] == "63,000"
    assert (shown["too early"], shown["costly"]) == ("25 %", "12 %")
    unknown = next(row for row in rows if row[0] == GAIN_RULES[0])
    assert unknown[heads.index("work")] == "", "its work is not known"

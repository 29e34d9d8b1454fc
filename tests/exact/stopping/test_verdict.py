"""The study's claim: which outcome gives which word."""

import re

import numpy as np
import pandas as pd
import pytest

from maxgain.stopping.declaration import REFERENCES
from maxgain.stopping.families import compare_rules
from maxgain.stopping.scoring import summarise
from maxgain.stopping.verdict import GAIN_RULES, MARGIN, StudyVerdict, judge_study, not_worse_p
from tests.exact.stopping.study_by_hand import around, fail

VALIDATION, CONSTANT = REFERENCES
RIVALS = ("eb-criterion", "label-wave-3", "noise-rate")


def judge(scores: pd.DataFrame, held_out: tuple[float, ...] = (0.1,)) -> StudyVerdict:
    return judge_study(scores, summarise(scores), compare_rules(scores, list(REFERENCES)), held_out)


def judged(
    gain: dict[str, float] | float,
    validation: float = 0.1,
    constant: float = 0.5,
    alignment: float = 0.4,
) -> StudyVerdict:
    own = gain if isinstance(gain, dict) else dict.fromkeys(GAIN_RULES, gain)
    regrets = own | {VALIDATION: validation, CONSTANT: constant} | dict.fromkeys(RIVALS, 0.3)
    regrets["noise-rate"] = 0.01  # It is told the share of wrong labels.
    return judge(around(regrets | {"alignment": alignment}))


def test_a_rule_as_good_as_validation_can_stand_in() -> None:
    verdict = judged({GAIN_RULES[0]: 0.11} | dict.fromkeys(GAIN_RULES[1:], 0.9))
    assert verdict.word == "can"
    assert verdict.gain == GAIN_RULES[0]
    assert verdict.rival in ("eb-criterion", "label-wave-3")
    assert verdict.sentence.startswith("The gain can stand in for validation loss")
    assert [round(verdict.losses[rule].mean, 1) for rule in REFERENCES] == [0.1, 0.5]
    assert round(verdict.losses[verdict.rival].mean, 1) == 0.3
    assert verdict.post_hoc == ""
    assert "where validation with 10 % held out (validation-10-retrain) loses" in verdict.sentence
    assert "failed" not in verdict.sentence


def test_a_rule_that_chooses_after_the_end_is_no_rival_but_is_named_where_it_is_better() -> None:
    verdict = judged(0.4, alignment=0.2)
    assert verdict.rival in ("eb-criterion", "label-wave-3")
    assert verdict.post_hoc == "alignment"
    said = r"\(alignment, which chooses from the whole training after its end, 0\.(20|19)\d \["
    assert re.search(said, verdict.sentence)


def test_a_rule_that_was_judged_in_the_easy_cells_alone_is_not_the_best() -> None:
    regrets = dict.fromkeys(GAIN_RULES, 0.4) | {VALIDATION: 0.1, CONSTANT: 0.5}
    scores = around(regrets | {"eb-criterion": 0.2, "label-wave-3": 0.3})
    fail(scores, "eb-criterion", range(1))
    scores.loc[scores["rule"] == GAIN_RULES[1], "loss_regret"] = 0.0
    fail(scores, GAIN_RULES[1], range(4, 24))
    verdict = judge(scores)
    assert verdict.rival == "label-wave-3"
    assert verdict.gain not in ("none", GAIN_RULES[1])


def test_failures_are_said_and_count_against_a_rule() -> None:
    regrets = dict.fromkeys(GAIN_RULES[1:], 0.9) | {VALIDATION: 0.1, CONSTANT: 0.5}
    scores = around(regrets | {GAIN_RULES[0]: 0.1})
    assert judge(scores).word == "can"
    for rule in GAIN_RULES:
        fail(scores, rule, range(20))
    verdict = judge(scores, (0.1, 0.2))
    # As good as validation wherever it did not fail.
    assert verdict.gain == GAIN_RULES[0]
    assert verdict.losses[GAIN_RULES[0]].mean == pytest.approx(0.1, abs=0.02)
    assert verdict.word == "cannot"
    assert "(failed in 20 of 24 cells) nats against the best epoch" in verdict.sentence
    assert "validation with 10 % or 20 % held out" in verdict.sentence


def test_rules_that_all_lose_more_cannot() -> None:
    assert judged(0.4).word == "cannot"
    assert judged(0.1 + 2 * MARGIN).word == "cannot"


def test_a_little_more_regret_than_validations_does_not_matter() -> None:
    assert judged(0.1 + MARGIN / 2).word == "can"


def test_what_does_not_beat_the_constant_epoch_has_shown_nothing() -> None:
    assert judged(0.1, constant=0.1).word == "undecided"


def test_one_rule_that_is_not_shown_to_lose_leaves_it_open() -> None:
    gain = dict.fromkeys(GAIN_RULES, 0.9) | {GAIN_RULES[3]: 0.1}
    scores = around(gain | {VALIDATION: 0.1, CONSTANT: 0.5})
    scores.loc[scores["rule"] == GAIN_RULES[3], "loss_regret"] += np.tile([-0.2, 0.2], 12)
    assert judge(scores).word == "undecided"


def test_without_validation_nothing_is_decided() -> None:
    scores = around(dict.fromkeys(GAIN_RULES, 0.1) | {CONSTANT: 0.5})
    verdict = judge_study(scores, summarise(scores), compare_rules(scores, [CONSTANT]))
    assert verdict.word == "undecided"
    assert "(validation-10-retrain) loses what is not known" in verdict.sentence


@pytest.mark.parametrize(("difference", "small"), [(0.0, True), (MARGIN, False), (0.2, False)])
def test_not_worse_by_the_margin(difference: float, small: bool) -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, 30)
    assert (not_worse_p(difference + noise) < 0.01) == small
    assert not_worse_p(np.array([])) == 1

"""Rules against each other: each pair of rules is one test, and no failure is rewarded."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maxgain.errors import InputError
from maxgain.stopping.families import (
    COMPARISON_COLUMNS,
    compare_rules,
    paired_differences,
    rank_rules,
)
from maxgain.stopping.scoring import score_folder
from maxgain.stopping.stop import Stop
from maxgain.tables.stopping import write_study
from tests.exact.stopping.study_by_hand import fail, scores_of, study


def stop_at_five(table: pd.DataFrame) -> Stop | None:
    return Stop(5, 5, "five") if len(table) == 5 else None


def test_rules_are_compared_as_one_family(tmp_path: Path) -> None:
    write_study(study(), tmp_path)
    scores, _ = score_folder([f"{__name__}:stop_at_five", "last", "constant"], tmp_path)
    found = compare_rules(scores, ["last", "constant"])
    assert tuple(found) == COMPARISON_COLUMNS
    assert len(found) == 4
    line = found[(found["rule"] == f"{__name__}:stop_at_five") & (found["reference"] == "last")]
    assert line["difference"].iloc[0] == pytest.approx((0.1 + 0.1 + 0.3 - 0.8 - 0.6 - 0.4) / 3)
    assert line["p_value"].iloc[0] == 0.25  # two of the eight signs of three cells
    assert line["rank_balance"].iloc[0] == -1
    assert (found["p_adjusted"] >= found["p_value"]).all()
    ranking = rank_rules(scores, ["last", f"{__name__}:stop_at_five"])
    assert ranking.mean_ranks.tolist() == [2, 1]
    with pytest.raises(InputError, match="'random' was not scored"):
        compare_rules(scores, ["random"])
    failed, _ = score_folder(["last", "eb-criterion"], tmp_path)
    with pytest.raises(InputError, match="'eb-criterion' failed in every cell"):
        rank_rules(failed, ["last", "eb-criterion"])


def test_two_references_are_one_test_on_either_side() -> None:
    """Three tests: rule and each reference, and these against each other."""
    random = np.random.default_rng(0)
    values = {
        name: list(level + random.normal(0, 0.01, 6))
        for name, level in (("rule", 0.3), ("one", 0.2), ("other", 0.1))
    }
    found = compare_rules(scores_of(values), ["one", "other"]).set_index(["rule", "reference"])
    assert len(found) == 4
    assert found["p_value"].to_numpy() == pytest.approx(2 / 64)
    assert found["p_adjusted"].to_numpy() == pytest.approx(3 * 2 / 64)
    there, back = found.loc[("one", "other")], found.loc[("other", "one")]
    assert there["difference"] == -back["difference"] > 0
    assert there["rank_balance"] == -back["rank_balance"] == 1


def test_a_failure_counts_as_worse() -> None:
    steady = [0.20, 0.21, 0.22, 0.23, 0.24, 0.5, 0.6, 0.7, 0.8, 0.9, 0.1]
    # The other is better by a hair wherever it was judged: in the first five.
    scores = scores_of({"fails": [0.19] * 11, "steady": steady})
    fail(scores, "fails", range(5, 11))
    fail(scores, "steady", [10])
    (line,) = compare_rules(scores, ["steady"]).to_dict("records")
    assert (line["cells"], line["failed"], line["reference_failed"]) == (5, 5, 0)
    assert line["difference"] == pytest.approx(-0.03)
    # Ranks 1 to 5 for it, 8 five times against it.
    assert line["rank_balance"] == pytest.approx((5 * 8 - 15) / 55)
    (back,) = compare_rules(scores, ["fails"]).to_dict("records")
    assert (back["failed"], back["reference_failed"]) == (0, 5)
    assert back["rank_balance"] == -line["rank_balance"]
    assert back["p_value"] == line["p_value"]
    ranking = rank_rules(scores, ["fails", "steady"])
    assert ranking.cells == 10, "where both failed nothing is known"
    assert ranking.mean_ranks.tolist() == [1.5, 1.5]


def test_rules_that_were_judged_nowhere_beside_each_other_are_not_tested() -> None:
    scores = scores_of({"a": [0.1, 0.1], "b": [0.1, 0.1]})
    fail(scores, "a", [0])
    fail(scores, "b", [1])
    (line,) = compare_rules(scores, ["b"]).to_dict("records")
    assert (line["cells"], line["failed"], line["reference_failed"]) == (0, 1, 1)
    assert math.isnan(line["p_value"])


def test_differences_of_failures_are_infinite() -> None:
    means = pd.DataFrame({"a": [0.1, math.nan, 0.2, math.nan], "b": [0.3, 0.1, math.nan, math.nan]})
    found = paired_differences(means, "a", "b")
    assert found.tolist() == pytest.approx([-0.2, math.inf, -math.inf])

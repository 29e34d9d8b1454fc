"""What sensitivity and saturation say beside a claim on the gain."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from maxgain.claims.evidence import Evidence
from maxgain.claims.judge import judge_claim
from maxgain.claims.registry import CLAIMS
from maxgain.tables.results import ResultTables
from tests.exact.claims.synthetic import MAKERS, make_toy

TABLES = ResultTables({name: maker(True) for name, maker in MAKERS.items()}, make_toy(True))
NUMBER = r"(-?[\d.]+) \["
NOTE = re.compile(f"sensitivity {NUMBER}.*saturation {NUMBER}")


def judged(name: str, curves: pd.DataFrame) -> Evidence:
    claim = CLAIMS.find(name)
    tables = replace(TABLES, curves=TABLES.curves | {claim.tables[0]: curves})
    return judge_claim(tables, claim)


def with_parts(table: str, share: float) -> pd.DataFrame:
    """Curves whose steps are by such a share the sensitivity's, and the saturation's for the rest.

    At epoch 27 the shares are exchanged.
    """
    curves = TABLES.curves[table].copy()
    early = curves["epoch"] < 27
    noise = np.random.default_rng(0).normal(size=len(curves)) * 0.01
    own = np.where(early, 1 - share, share)
    curves["sensitivity_db"] = own * curves["gain_db"] + noise
    curves["saturation_db"] = curves["gain_db"] - curves["sensitivity_db"]
    return curves


@pytest.mark.parametrize("name", ["C1", "C5"])
def test_the_part_that_jumps_later_is_told(name: str) -> None:
    late = NOTE.search(judged(name, with_parts("cifar_rates", 1.0)).numbers)
    early = NOTE.search(judged(name, with_parts("cifar_rates", 0.0)).numbers)
    assert late is not None
    assert early is not None
    assert float(late[1]) > 0 > float(late[2])
    assert float(early[1]) < 0 < float(early[2])


@pytest.mark.parametrize(("name", "table"), [("M3", "mnist_rates"), ("C3", "cifar_rates")])
def test_growth_with_the_rate_is_told_of_both_parts(name: str, table: str) -> None:
    halves = with_parts(table, 0.5)
    halves["sensitivity_db"] = halves["saturation_db"] = halves["gain_db"] / 2
    evidence = judged(name, halves)
    assert evidence.effect is not None
    note = NOTE.search(evidence.numbers)
    assert note is not None
    # A power of the rate has the same exponent in any unit.
    assert float(note[1]) == pytest.approx(evidence.effect, abs=0.01)
    assert float(note[2]) == pytest.approx(evidence.effect, abs=0.01)


@pytest.mark.parametrize("name", ["M3", "C1", "C2", "C3", "C5"])
def test_the_parts_decide_nothing(name: str) -> None:
    table = CLAIMS.find(name).tables[0]
    plain, noted = judged(name, TABLES.curves[table]), judged(name, with_parts(table, 1.0))
    assert "sensitivity" not in plain.numbers
    assert "saturation" in noted.numbers
    assert replace(noted, numbers="") == replace(plain, numbers="")


def test_around_overfitting_the_gain_itself_is_compared_too() -> None:
    numbers = judged("C2", with_parts("cifar_rates", 1.0)).numbers
    assert "log2 variability after/before overfitting: gain " in numbers

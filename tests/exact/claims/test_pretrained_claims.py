"""P1 to P3 and S6 on networks made to obey them, to break them, and too few to tell."""

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from maxgain.claims.evidence import Evidence, NotRun
from maxgain.claims.judge import judge_claim
from maxgain.claims.pretrained import judge_p1, judge_p2, judge_p3, judge_s6
from maxgain.claims.registry import CLAIMS as REGISTRY
from maxgain.tables.results import ResultTables

JUDGES = {"P1": judge_p1, "P2": judge_p2, "P3": judge_p3, "S6": judge_s6}
ERRORS = np.linspace(6, 20, 19)


def zoo_of(
    gains: np.ndarray,
    errors: np.ndarray = ERRORS,
    family: str = "matconvnet",
    random_weights: bool = False,
) -> DataFrame:
    """A zoo.csv of networks with these gains (of all channels, dB), top-5 errors in percent."""
    return DataFrame(
        [
            {
                "name": f"{family}-{number}-{random_weights}",
                "family": family,
                "architecture": f"design-{number}",
                "precision": "float32",
                "random_weights": random_weights,
                "top5_error": error,
                "image": image,
                "impulse": "centred" if image == "impulse" else np.nan,
                "projection": projection,
                "channel": channel,
                "gain_db": gain + offset + (0 if image == "impulse" else 50 * (number % 2)),
                "sensitivity_db": gain + offset,
            }
            for number, (gain, error) in enumerate(zip(gains, errors, strict=True))
            for image in ("natural", "impulse")
            for projection in ("inverse-score", "score")
            for channel, offset in (("red", 0.0), ("green", 0.5), ("blue", -0.5))
        ]
    )


def judge(name: str, *tables: DataFrame) -> Evidence:
    return JUDGES[name](ResultTables(zoo=pd.concat(tables)), REGISTRY.find(name))


def noise(size: int = 19) -> np.ndarray:
    return np.random.default_rng(1).normal(size=size)


OBEYING = -20 - (ERRORS - 13) + noise()  # about -20 dB in the middle, falling with the error
BREAKING = -20 + (ERRORS - 13) + noise()


@pytest.mark.parametrize("name", JUDGES)
def test_networks_that_obey(name: str) -> None:
    found = judge(name, zoo_of(OBEYING))
    assert found.outcome == "holds", found.numbers
    assert found.stand_in is False
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.ci_low <= found.effect <= found.ci_high  # type: ignore[operator]
    assert "19 networks" in found.numbers


@pytest.mark.parametrize("name", JUDGES)
def test_networks_that_disobey(name: str) -> None:
    assert judge(name, zoo_of(BREAKING)).outcome == "fails"


@pytest.mark.parametrize("name", ["P1", "P3", "S6"])
def test_gain_without_relation_to_the_error_is_no_trend(name: str) -> None:
    found = judge(name, zoo_of(-20 + 5 * noise()))
    assert found.outcome in ("inconclusive", "fails")
    assert abs(found.effect) < 0.5  # type: ignore[arg-type]


def test_one_channel_without_the_trend_is_enough_to_fail() -> None:
    zoo = zoo_of(OBEYING)
    blue = zoo["channel"] == "blue"
    zoo.loc[blue, "gain_db"] = zoo.loc[blue, "top5_error"]
    assert judge("P1", zoo).outcome == "fails"


def test_p3_looks_at_the_score_projection_only() -> None:
    zoo = zoo_of(OBEYING)
    score = zoo["projection"] == "score"
    zoo.loc[score, "gain_db"] = zoo.loc[score, "top5_error"]
    assert judge("P1", zoo).outcome == "holds"
    assert judge("P3", zoo).outcome == "fails"


def test_s6_looks_at_the_sensitivity() -> None:
    zoo = zoo_of(OBEYING).assign(sensitivity_db=lambda table: table["top5_error"])
    assert judge("P1", zoo).outcome == "holds"
    assert judge("S6", zoo).outcome == "fails"
    without = ResultTables(zoo=zoo.drop(columns="sensitivity_db"))
    assert judge_claim(without, REGISTRY.find("S6")).numbers == (
        "missing: the column sensitivity_db in zoo.csv; run the protocol again"
    )


@pytest.mark.parametrize("name", JUDGES)
def test_three_networks_decide_nothing_and_it_says_why(name: str) -> None:
    few = zoo_of(np.array([-15.0, -20.0, -25.0]), np.array([6.25, 6.77, 7.83]), "carried")
    found = judge(name, few)
    assert found.outcome == "inconclusive"
    assert found.stand_in is True
    assert found.ci_low is None
    assert "3 networks" in found.numbers
    assert "no interval" in found.numbers
    if name != "P2":
        assert "smallest p-value attainable is 0.17" in found.numbers


@pytest.mark.parametrize("name", JUDGES)
def test_random_controls_never_enter(name: str) -> None:
    controls = zoo_of(np.full(19, 40.0), ERRORS + 0.1, random_weights=True)
    assert judge(name, zoo_of(OBEYING), controls) == judge(name, zoo_of(OBEYING))
    with pytest.raises(NotRun):
        judge(name, controls)


@pytest.mark.parametrize("name", JUDGES)
def test_families_are_judged_apart_and_the_papers_set_decides(name: str) -> None:
    both = judge(name, zoo_of(BREAKING, family="torchvision"), zoo_of(OBEYING))
    assert both.outcome == "holds"
    assert "torchvision (not seen)" in both.numbers
    alone = judge(name, zoo_of(BREAKING, family="torchvision"))
    assert (alone.outcome, alone.stand_in) == ("fails", True)
    assert alone.data == "ImageNet networks, torchvision (stand-in)"
    with pytest.raises(NotRun):
        judge(name, zoo_of(OBEYING, family="user"))


def test_dead_networks_and_unknown_errors_are_left_out() -> None:
    gains, errors = OBEYING.copy(), ERRORS.copy()
    gains[0], gains[1], errors[2] = -np.inf, np.nan, np.nan
    assert "16 networks" in judge("P1", zoo_of(gains, errors)).numbers


def test_an_empty_table_is_not_run() -> None:
    with pytest.raises(NotRun):
        judge("P1", zoo_of(OBEYING).iloc[:0])


def test_networks_of_one_architecture_are_one_observation() -> None:
    """Thirty obeying networks of one architecture weigh as much as each of four others."""
    errors = np.concatenate([np.linspace(6, 20, 4), np.linspace(7, 19, 30)])
    gains = np.concatenate([errors[:4], -errors[4:]])
    zoo = zoo_of(gains, errors)
    number = zoo["name"].str.split("-").str[1].astype(int)
    one = zoo.assign(architecture=np.where(number >= 4, "large", zoo["architecture"]))
    assert judge("P1", zoo).outcome == "holds"
    found = judge("P1", one)
    assert found.outcome == "inconclusive"
    assert found.effect > -0.3  # type: ignore[operator]
    assert "34 networks of 5 architectures" in found.numbers
    assert "taken for independent (34): red -0." in found.numbers

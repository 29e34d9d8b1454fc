"""Charts: the drawn bar says the numbers, the specifications are Vega-Lite."""

import math
import re
from xml.etree import ElementTree

import pytest
import vl_convert

from maxgain.report.charts import describe_networks, describe_regrets, draw_bar


def _places(svg: str) -> dict[str, float]:
    """Where effect, interval and threshold are drawn, pixels from the left."""
    point = re.search(r"translate\(([-\d.]+),9\)", svg)
    bar = re.search(r'd="M([-\d.]+),[-\d.]+h([-\d.]+)v6', svg)
    rule = re.search(r'<line transform="translate\(([-\d.]+),', svg)
    found = {"effect": point, "low": bar, "threshold": rule}
    places = {name: float(match[1]) for name, match in found.items() if match}
    if bar:
        places["high"] = float(bar[1]) + float(bar[2])
    return places


def test_a_bar_is_to_scale() -> None:
    picture = draw_bar(effect=2.0, low=1.0, high=4.0, threshold=0.0, width=100)
    assert picture is not None
    places = _places(picture)
    step = places["high"] / (4.0 + 0.32)
    for name, value in {"effect": 2.0, "low": 1.0, "threshold": 0.0}.items():
        assert places[name] == pytest.approx((value + 0.32) * step, abs=0.01)
    assert places["high"] < 100


def test_a_bar_is_an_element_in_the_colours_of_the_page_and_silent() -> None:
    picture = draw_bar(2.0, 1.0, 4.0, 0.0)
    assert picture is not None
    ElementTree.fromstring(picture)
    assert "var(--tone)" in picture
    assert "currentColor" in picture
    assert re.findall(r' (?:role|aria-\w+)="', picture) == [' aria-hidden="']


def test_what_is_not_known_is_not_drawn() -> None:
    picture = draw_bar(2.0, math.nan, math.nan, math.nan)
    assert picture is not None
    assert set(_places(picture)) == {"effect"}
    assert draw_bar(math.nan, 0.0, 1.0, 0.0) is None
    assert draw_bar(math.inf, 0.0, 1.0, 0.0) is None


@pytest.mark.parametrize("error", [5.0, None])
def test_networks_and_regrets_compile(error: float | None) -> None:
    row = {"name": "a", "family": "f", "probe": "p", "channel": "red", "error": error, "gain": -1.0}
    for spec in (
        describe_networks([row], ["p"], ["f"], ["red"]),
        describe_regrets([{"rule": "r", "regret": 0.1, "low": None, "high": None}]),
    ):
        assert vl_convert.vegalite_to_vega(spec)["marks"]

"""Figure 7 with many networks: every point has its number, and no label covers another."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from maxgain.claims.pretrained import judge_p1
from maxgain.claims.registry import CLAIMS
from maxgain.figures.labels import label_points
from maxgain.figures.numbers import correlate_sets
from maxgain.figures.scatter import (
    FamilyStyle,
    choose_family_styles,
    draw_fig07,
    reader_styles,
)
from maxgain.figures.style import STAND_IN_NETWORKS, new_figure
from maxgain.tables.results import ResultTables
from maxgain.zoo.readers.registry import READERS
from tests.exact.figures.made_up_curves import read_texts


def legend_texts(figure: Figure, panel: int) -> list[str]:
    legend = figure.axes[panel].get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_every_network_has_its_number_in_every_channel(zoo: pd.DataFrame) -> None:
    figure = draw_fig07(zoo)
    texts = read_texts(figure)
    for number in range(25):
        assert f"{number + 1}  network-{number}" in texts
    for axes, channel in zip(figure.axes, ("red", "green", "blue"), strict=True):
        assert axes.get_title() == f"{channel} channel"
        labels = [text for text in axes.texts if isinstance(text, Annotation)]
        rows = zoo[(zoo["channel"] == channel) & (zoo["family"] != "random-control")]
        shown = {label.get_text(): label.xy for label in labels}
        for row in rows.itertuples():
            number = str(int(row.name.removeprefix("network-")) + 1)
            assert shown[number] == pytest.approx((row.top5_error, row.gain_db))


def test_an_unknown_family_is_drawn_and_named(zoo: pd.DataFrame) -> None:
    styles = choose_family_styles(["mine", "carried", "matconvnet", "other"])
    assert list(styles) == ["carried", "matconvnet", "mine", "other"]
    assert len({(style.color, style.marker) for style in styles.values()}) == 4
    names = legend_texts(draw_fig07(zoo), 0)
    assert "mine, n = 8" in names
    assert "random weights, n = 3" in names


def test_families_look_as_the_table_of_readers_says(zoo: pd.DataFrame) -> None:
    for reader in READERS.rows():
        style = choose_family_styles([reader.name])[reader.name]
        assert style == (reader.label, reader.colour, reader.marker)
    assert len({style[1:] for style in reader_styles().values()}) == len(READERS.rows())
    assert "MatConvNet (the paper's set), n = 9" in legend_texts(draw_fig07(zoo), 0)


def test_int8_networks_alone_are_hollow(zoo: pd.DataFrame) -> None:
    axes = draw_fig07(zoo).axes[0]
    rows = zoo[(zoo["channel"] == "red") & (zoo["family"] != "random-control")]
    hollow, filled = set(), set()
    for points in axes.collections:
        places = {tuple(place) for place in points.get_offsets().tolist()}
        white = (points.get_facecolor() == 1).all()
        assert len(places) == len(points.get_facecolor()) or white
        (hollow if white else filled).update(places)
    for precision, places in (("int8", hollow), ("float32", filled)):
        found = rows[rows["precision"] == precision][["top5_error", "gain_db"]]
        assert places == {tuple(place) for place in found.to_numpy().tolist()}
    assert f"hollow: int8, dequantised, n = {len(hollow)}" in legend_texts(draw_fig07(zoo), 0)
    without = draw_fig07(zoo.assign(precision=""))
    assert not any("hollow" in text for text in legend_texts(without, 0))


def test_correlations_are_those_of_claim_p1_and_given(
    zoo: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = correlate_sets(zoo)["correlations"]
    judged = judge_p1(ResultTables(zoo=zoo), CLAIMS.find("P1")).numbers
    monkeypatch.setattr("scipy.stats.permutation_test", None)
    figure = draw_fig07(zoo, correlations=found)
    # "mine" is judged nowhere; designs come in threes, so that three are too few for an interval.
    assert set(found["set"]) == {"matconvnet", "public"}
    for number, channel in enumerate(("red", "green", "blue")):
        texts = [text for text in legend_texts(figure, number) if "ρ" in text]
        assert len(texts) == 2
        for text in texts:
            head, numbers = text.split("\n")
            rho, p_value = numbers.removeprefix("ρ = ").split(", p = ")
            said = f"{channel} {rho} (p = {p_value})"
            assert said.replace(" (no interval)", "") in judged
            networks, architectures = re.findall(r"\d+", head)
            assert f"{networks} networks of {architectures} architectures" in judged


def test_few_architectures_have_no_interval(zoo: pd.DataFrame) -> None:
    few = zoo[zoo["architecture"].isin(["design-0", "design-1", "design-3"])]
    found = correlate_sets(few)["correlations"]
    texts = legend_texts(draw_fig07(few, correlations=found), 1)
    assert any("(no interval)" in text for text in texts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architecture": "design-0"}, "1 architecture:\ntoo few architectures for ρ"),
        ({"gain_db": -20.0}, "9 architectures:\nρ undefined without variation"),
    ],
)
def test_where_there_is_no_correlation_words_say_why(
    zoo: pd.DataFrame, change: dict[str, str | float], said: str
) -> None:
    public = zoo.replace({"family": {"mine": "carried", "matconvnet": "carried"}}).assign(**change)
    figure = draw_fig07(public, correlations=correlate_sets(public)["correlations"])
    for panel in range(3):
        texts = legend_texts(figure, panel)
        assert not any("nan" in text for text in texts)
        assert texts[-1] == f"public, 25 of {said}"


def test_networks_stand_in_for_the_papers_as_the_claims_say(zoo: pd.DataFrame) -> None:
    few = zoo[zoo["name"].isin([f"network-{number}" for number in range(6)])]
    for families in ({}, {"matconvnet": "torchvision"}):
        table = few.replace({"family": families})
        stand_in = judge_p1(ResultTables(zoo=table), CLAIMS.find("P1")).stand_in
        assert stand_in == bool(families)
        assert (STAND_IN_NETWORKS in draw_fig07(table).get_suptitle()) == stand_in


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(1, 30))
def test_labels_cover_neither_each_other_nor_points(seed: int, count: int) -> None:
    figure = new_figure(2.4, 2.2)
    axes = figure.subplots()
    points = np.random.default_rng(seed).uniform(0, 1, (count, 2))
    axes.plot(*points.T, "o")
    axes.set(xlim=(-0.1, 1.1), ylim=(-0.1, 1.1))
    figure.draw_without_rendering()
    label_points(axes, points, [str(number + 1) for number in range(count)])
    figure.draw_without_rendering()
    # Without the line to a far point.
    boxes = [Text.get_window_extent(text) for text in axes.texts]
    for number, box in enumerate(boxes):
        # A pixel of slack, for rounding of glyphs.
        assert not any(box.padded(-1).overlaps(other) for other in boxes[:number])
        assert not any(box.contains(*place) for place in axes.transData.transform(points))


def test_families_may_bring_their_own_style(zoo: pd.DataFrame) -> None:
    own = {"mine": FamilyStyle("of my own", "#123456", "*"), "absent": FamilyStyle("-", "red", "o")}
    names = legend_texts(draw_fig07(zoo, families=own), 0)
    assert names[:3] == ["of my own, n = 8", "matconvnet, n = 9", "carried, n = 8"]

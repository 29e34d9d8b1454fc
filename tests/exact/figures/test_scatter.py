"""Figure 7 with many networks: every point has its number, and no label covers another."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Annotation, Text

from maxgain.figures.labels import label_points
from maxgain.figures.numbers import correlate_families
from maxgain.figures.scatter import FamilyStyle, choose_family_styles, draw_fig07
from maxgain.figures.style import new_figure
from maxgain.statistics.correlation import correlate_ranks
from tests.exact.figures.made_up_curves import read_texts


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
    assert list(styles) == ["matconvnet", "carried", "mine", "other"]
    assert len({(style.color, style.marker) for style in styles.values()}) == 4
    legend = draw_fig07(zoo).axes[0].get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    assert "mine, n = 8" in names
    assert "random weights, n = 3" in names


def test_correlations_are_given_and_not_measured(
    zoo: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = correlate_families(zoo)["correlations"]
    rows = zoo[(zoo["family"] == "mine") & (zoo["channel"] == "green")]
    expected = correlate_ranks(rows["gain_db"].to_numpy(), rows["top5_error"].to_numpy())
    (row,) = found.query("family == 'mine' and channel == 'green'").itertuples()
    assert (row.rho, row.ci_low, row.networks) == (expected.rho, expected.ci_low, 8)
    monkeypatch.setattr("scipy.stats.permutation_test", None)
    legend = draw_fig07(zoo, correlations=found).axes[1].get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    interval = f"[{expected.ci_low:.2f}, {expected.ci_high:.2f}]"
    assert f"mine, n = 8\nρ = {expected.rho:.2f}, {interval}" in texts


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
    figure = draw_fig07(zoo, families=own)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    assert names[:3] == ["of my own, n = 8", "matconvnet, n = 9", "carried, n = 8"]

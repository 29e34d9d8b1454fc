"""Figures of one design's grid and of what goes with gain and error, from given numbers."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from maxgain.claims.pretrained_trends import describe_trends
from maxgain.figures.carriers import draw_carriers
from maxgain.figures.registry import draw_figure
from maxgain.figures.within import draw_within
from maxgain.pipeline.zoo import write_trends
from maxgain.tables.zoo import ZOO_COLUMNS, network_means, read_trends

WIDTHS, SIDES = (0.25, 0.5, 1.0), (128, 160, 224)


def slope_of(width: float) -> float:
    return {0.25: -1.0, 0.5: -6.0, 1.0: -12.0}[width]


@pytest.fixture(scope="module")
def grid() -> pd.DataFrame:
    """A zoo.csv: gain falls with the error at equal resolution, by known slopes over resolution.

    Besides the grid: a float network of the same design, and two of other designs.
    """
    rows = []
    networks = [(f"net_{w}_{s}_int8", w, s, "int8") for w, s in itertools.product(WIDTHS, SIDES)]
    networks += [("net_0.5_160", 0.5, 160, "float32"), ("other", 1, 224, ""), ("third", 1, 99, "")]
    for name, width, side, precision in networks:
        gain = -10 + 8 * np.log2(width) + slope_of(width) * np.log2(side / 128)
        for image, impulse in (("impulse", "centred"), ("impulses", "centred"), ("natural", "")):
            for channel, offset in (("red", -1.0), ("green", 0.0), ("blue", 1.0)):
                row = {
                    "name": name,
                    "family": "manifest",
                    "architecture": name.split("_")[0],
                    "year": 2017 if "net" in name else 2014,
                    "normalisation": "batch norm",
                    "precision": precision,
                    "resolution": side,
                    "input_std": 0.5,
                    "random_weights": False,
                    "top5_error": 30 - 20 * width - side / 50,
                    "image": image,
                    "impulse": impulse,
                    "places": 1,
                    "projection": "inverse-score",
                    "channel": channel,
                    "score": 0.5,
                    "gain_db": gain + offset,
                    "sensitivity_db": -gain + offset,
                    "saturation_db": 0.0,
                }
                rows.append(row)
    return pd.DataFrame(rows, columns=list(ZOO_COLUMNS))


def test_the_grid_alone_is_drawn_and_every_network_of_it(grid: pd.DataFrame) -> None:
    figure = draw_within(grid, describe_trends(grid))
    assert "net, int8: 9 networks" in figure.get_suptitle()
    means = network_means(grid).set_index("name")
    expected = {(row.top5_error, row.gain_db) for n, row in means.iterrows() if "int8" in str(n)}
    np.testing.assert_allclose(sorted(points_of(figure.axes[0])), sorted(expected))
    over_resolution = figure.axes[2]
    assert {round(side) for side, _ in points_of(over_resolution)} == set(SIDES)
    assert [len(line.get_xdata()) for line in over_resolution.get_lines()[:3]] == [3, 3, 3]
    labels = [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]
    assert labels == [["128", "160", "224"], ["0.25", "0.5", "1"]]


def points_of(axes: Axes) -> set[tuple[float, float]]:
    lines = [line for line in axes.get_lines() if line.get_linestyle() != "--"]
    return {tuple(point) for line in lines for point in line.get_xydata().tolist()}


def test_numbers_in_the_figure_are_those_of_the_table(grid: pd.DataFrame) -> None:
    trends = describe_trends(grid)
    figure = draw_within(grid, trends)
    titles = [axes.get_title() for axes in figure.axes]
    # Gain falls with the error at equal resolution, sensitivity was made to rise: 1 of 6^3 orders.
    assert titles[0] == "one impulse\nρ = -1.00, p = 0.0046"
    assert titles[4] == "one impulse\nρ = 1.00, p = 1"
    changed = trends.assign(rho=0.25, p_value=0.5)
    assert draw_within(grid, changed).axes[1].get_title().endswith("ρ = 0.25, p = 0.5")


def test_slopes_over_resolution_are_found(grid: pd.DataFrame) -> None:
    trends = describe_trends(grid)
    chosen = (trends["comparison"] == "equal width") & (trends["image"] == "impulse")
    rows = trends[chosen & (trends["quantity"] == "gain_db") & (trends["stratum"] != "")]
    assert dict(zip(rows["stratum"], rows["db_per_octave"], strict=True)) == {
        f"{width:g}": pytest.approx(slope_of(width), abs=1e-9) for width in WIDTHS
    }


def test_without_a_grid_the_figure_says_so(grid: pd.DataFrame) -> None:
    few = grid[~grid["name"].str.contains("int8")]
    figure = draw_within(few, describe_trends(few))
    assert "no grid of one design was measured" in figure.get_suptitle().replace("\n", " ")
    nothing = draw_carriers(few.iloc[:0], describe_trends(few)).get_suptitle()
    assert "no network was judged" in nothing.replace("\n", " ")


def test_carriers_show_every_judged_network_and_the_tables_numbers(grid: pd.DataFrame) -> None:
    trends = describe_trends(grid)
    figure = draw_carriers(grid, trends)
    assert "public: 12 networks of 3 architectures" in figure.get_suptitle()
    for axes in figure.axes:
        assert sum(len(points.get_offsets()) for points in axes.collections) == 12
    (rho,) = trends[(trends["against"] == "year") & (trends["quantity"] == "top5_error")]["rho"]
    assert figure.axes[4].get_title() == f"ρ = {rho:.2f}"
    assert figure.axes[0].get_ylabel() == "Maximum Gain (dB)"
    # The scaling of all is the same: nothing to correlate, and no number made up.
    assert figure.axes[3].get_title() == ""


def test_both_are_drawn_from_files(grid: pd.DataFrame, tmp_path: Path) -> None:
    zoo, trends = tmp_path / "zoo.csv", tmp_path / "zoo_trends.csv"
    grid.to_csv(zoo, index=False)
    write_trends(zoo, trends)
    read = read_trends(trends)
    assert (read["stratum"] != "").any()
    pd.testing.assert_frame_equal(
        read[["rho", "db_per_octave"]].astype(float),
        describe_trends(grid)[["rho", "db_per_octave"]].astype(float),
    )
    for name in ("within", "carriers"):
        assert draw_figure(name, [zoo, trends]).axes

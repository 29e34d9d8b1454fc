"""What moves the gain: the two figures of sensitivity and saturation."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy import stats

from maxgain.errors import InputError
from maxgain.figures.curves import name_filters
from maxgain.figures.numbers import ESTIMATORS, interval_of_seeds, measure_variabilities
from maxgain.figures.scales import label_decades
from maxgain.figures.sensitivity import draw_sensitivity
from maxgain.figures.style import new_figure
from maxgain.figures.variability import STYLES, draw_variability
from maxgain.statistics.variability import START_STEPS, variability
from tests.exact.figures.made_up_curves import make_rates, read_texts


def with_sensitivity(table: pd.DataFrame) -> pd.DataFrame:
    random = np.random.default_rng(5)
    saturation = -np.abs(random.normal(3, 2, len(table)))
    return table.assign(
        saturation_db=saturation,
        sensitivity_db=table["gain_db"] - saturation,
        sensitivity_mean_db=-20 + random.normal(0, 0.3, len(table)),
        sensitivity_error_db=0.1,
        saturation_mean_db=saturation,
    )


@pytest.fixture
def table() -> pd.DataFrame:
    return with_sensitivity(make_rates(seeds=3)).sample(frac=1, random_state=0)


def test_the_stack_is_one_run_at_the_default_and_the_highest_rate(table: pd.DataFrame) -> None:
    figure = draw_sensitivity(table, table.assign(dataset="cifar10"))
    assert len(figure.axes) == 12
    titles = [axes.get_title() for axes in figure.axes[:4]]
    assert titles == [
        "mnist: rate 0.001 (×1)",
        "mnist: rate 0.004 (×4)",
        "cifar10: rate 0.001 (×1)",
        "cifar10: rate 0.004 (×4)",
    ]
    for axes, factor in zip(figure.axes[:2], (1.0, 4.0), strict=True):
        run = table.query(f"rate_factor == {factor} and seed == 0").sort_values("epoch")
        sensitivity, gain = axes.get_lines()
        np.testing.assert_array_equal(sensitivity.get_ydata(), run["sensitivity_db"])
        np.testing.assert_array_equal(gain.get_ydata(), run["gain_db"])
        assert len(axes.collections) == 1
    runs = table.query("rate_factor == 4").pivot(index="epoch", columns="seed")
    for row, name in ((1, "sensitivity_db"), (2, "saturation_db")):
        lines = figure.axes[4 * row + 1].get_lines()
        (median,) = [line for line in lines if line.get_linewidth() > 1]
        np.testing.assert_allclose(median.get_ydata(), runs[name].median(axis=1))
        assert len(lines) == 4


def test_rows_have_as_many_decibels_to_the_inch(table: pd.DataFrame) -> None:
    figure = draw_sensitivity(table)
    figure.draw_without_rendering()
    first = figure.axes[::2]
    density = [np.ptp(axes.get_ylim()) / axes.get_window_extent().height for axes in first]
    np.testing.assert_allclose(density, density[0], rtol=0.02)


def test_dead_and_diverged_epochs_are_gaps(table: pd.DataFrame) -> None:
    late = table["epoch"].between(5, 8) & (table["rate_factor"] == 4)
    table.loc[late, ["gain_db", "sensitivity_db"]] = -np.inf
    table.loc[late, "saturation_db"] = np.nan
    figure = draw_sensitivity(table)
    assert all(np.isfinite(axes.get_ylim()).all() for axes in figure.axes)
    medians = [line for line in figure.axes[3].get_lines() if line.get_linewidth() > 1]
    assert [(x.get_xdata()[0], x.get_xdata()[-1]) for x in medians] == [(1, 4), (9, 20)]


def test_a_table_without_the_columns_gives_panels_that_say_so() -> None:
    for figure in (draw_sensitivity(make_rates()), draw_sensitivity(make_rates()[:0])):
        for axes in figure.axes:
            (text,) = axes.texts
            assert text.get_text() == "not in the table:\nsensitivity_db\nsaturation_db"
    with pytest.raises(InputError, match="no column 'gain_db'"):
        draw_sensitivity(make_rates().drop(columns="gain_db"))
    text = make_rates().assign(sensitivity_db="high")
    for use in (draw_sensitivity, measure_variabilities):
        with pytest.raises(InputError, match="text in the column 'sensitivity_db'"):
            use(text)


def test_variability_is_that_of_each_run_without_its_start(table: pd.DataFrame) -> None:
    found = measure_variabilities(table)["variabilities"]
    run = table.query("rate_factor == 2 and seed == 1").sort_values("epoch")
    chosen = found.query("learning_rate == 0.002 and seed == 1").set_index("estimator")["value"]
    for column, name in ESTIMATORS.items():
        assert chosen[name] == variability(run[column].to_numpy()[START_STEPS:])


def test_points_are_geometric_means_with_students_interval(table: pd.DataFrame) -> None:
    found = measure_variabilities(table)["variabilities"]
    figure = draw_variability(table, variabilities=found)
    (axes,) = figure.axes
    name = ESTIMATORS["sensitivity_db"]
    lines = [line for line in axes.get_lines() if line.get_color() == STYLES[name].color]
    line = max(lines, key=lambda x: len(x.get_xdata()))
    values = found[found["estimator"] == name].groupby("learning_rate")["value"]
    np.testing.assert_allclose(line.get_ydata(), values.apply(stats.gmean))
    logs = np.log10(values.get_group(0.003))
    low, high = interval_of_seeds(logs)
    expected = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))
    corners = np.concatenate(
        [segment[:, 1] for bars in axes.collections for segment in bars.get_segments()]
    )
    assert np.isclose(corners, 10**low).any()
    assert np.isclose(corners, 10**high).any()
    assert "3 seeds; geometric mean, 95 % interval" in read_texts(figure)


def test_one_seed_has_no_interval_and_absent_estimators_are_named() -> None:
    table = make_rates()
    figure = draw_variability(table, **measure_variabilities(table))
    (axes,) = figure.axes
    assert not axes.collections
    texts = read_texts(figure)
    assert "not in the table: sensitivity_db, sensitivity_mean_db" in texts
    assert "1 seed" in texts
    nothing = draw_variability(table[:0], **measure_variabilities(table[:0]))
    assert nothing.axes[0].texts[0].get_text() == "not run"
    assert np.isnan(interval_of_seeds(pd.Series([1.0]))).all()


def read_ticks(axes: Axes) -> list[str]:
    axes.figure.draw_without_rendering()
    low, high = axes.get_ylim()
    return [x.get_text() for x in axes.get_yticklabels() if low <= x.get_position()[1] <= high]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.12, 9, "0.2 0.5 1 2 5"),
        (0.035, 17, "0.05 0.1 0.2 0.5 1 2 5 10"),
        (0.2, 10, "0.2 0.5 1 2 5 10"),
        (2.1, 4.8, "3 4"),
        (1e-4, 20, "0.0001 0.001 0.01 0.1 1 10"),
    ],
)
def test_variabilities_can_be_read_from_their_axis(low: float, high: float, labels: str) -> None:
    axes = new_figure().subplots()
    axes.set(yscale="log", ylim=(low, high))
    label_decades(axes)
    assert read_ticks(axes) == labels.split()
    assert axes.get_ylim() == pytest.approx((low, high))


def test_panels_share_labels_that_reach_as_far_as_any_of_them() -> None:
    near, far = (
        make_rates().assign(gain_db=lambda rows, step=step: step * (-1.0) ** rows["epoch"])
        for step in (0.11, 30.0)
    )
    figure = draw_variability(near, far, **measure_variabilities(near, far))
    values = measure_variabilities(near, far)["variabilities"]["value"]
    ticks = [float(text) for text in read_ticks(figure.axes[0])]
    assert ticks[0] < 2.5 * values.min()
    assert ticks[-1] > values.max() / 2.5
    assert set(ticks) <= {step * 10.0**decade for step in (1, 2, 5) for decade in range(-3, 4)}


def test_one_legend_names_the_estimators_of_all_panels_as_they_are_drawn(
    table: pd.DataFrame,
) -> None:
    figure = draw_variability(make_rates(), table, **measure_variabilities(make_rates(), table))
    assert not any(axes.get_legend() for axes in figure.axes)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(STYLES)
    for line, style in zip(legend.get_lines(), STYLES.values(), strict=True):
        assert (line.get_color(), line.get_marker()) == style


def test_networks_with_other_filters_than_the_papers_say_so(table: pd.DataFrame) -> None:
    narrow = table.assign(dataset="cifar10", capacity=0.25)
    titles = [axes.get_title() for axes in draw_sensitivity(table, narrow).axes[1:3]]
    assert titles == ["mnist: rate 0.004 (×4)", "cifar10, filters ×1/4:\nrate 0.001 (×1)"]
    found = measure_variabilities(table, narrow)
    titles = [axes.get_title() for axes in draw_variability(table, narrow, **found).axes]
    assert titles == ["mnist", "cifar10, filters ×1/4"]
    both = pd.concat([table.assign(capacity=2), narrow])
    assert name_filters(both) == "filters ×1/4, ×2"
    assert name_filters(both[:0]) == ""

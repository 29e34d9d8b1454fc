"""Figures of any experiment: its curves, what was not run, and axes that stay readable."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from maxgain.config.figures import CurvesFigure
from maxgain.errors import InputError
from maxgain.figures.palette import RATE_STYLES
from maxgain.figures.training import draw_curves
from tests.exact.figures.made_up_curves import (
    RATES,
    choose_values,
    draw,
    find_line,
    find_lines,
    find_runs,
    make_rates,
    make_run,
    read_texts,
    spoil,
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("fig08", (1.0, 2.0, 3.0, 4.0)),
        ("fig09", (1.0, 0.333333, 0.1)),
        ("fig10", (1.0, 2.0, 3.0, 4.0)),
        ("fig11", (1.0, 0.333333, 0.1)),
    ],
)
def test_rate_figures_draw_exactly_their_rates(name: str, shown: tuple[float, ...]) -> None:
    # Rows of a table may come in any order.
    table = make_rates().sample(frac=1, random_state=0)
    figure = draw(name, table)
    panels = dict(zip(("gain_db", "loss", "error"), figure.axes, strict=True))
    for rate, (part, axes) in itertools.product(RATES, panels.items()):
        names = [part] if part == "gain_db" else [f"training_{part}", f"validation_{part}"]
        for quantity in names:
            line = find_line(axes, rate, quantity)
            if rate not in shown:
                assert line is None
                continue
            assert line is not None
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 21))
            np.testing.assert_array_equal(line.get_ydata(), choose_values(table, rate, quantity))
    assert "1 seed" in read_texts(figure)


def test_a_network_with_fewer_filters_than_the_papers_is_named() -> None:
    table = make_rates()
    assert "filters" not in read_texts(draw("fig10", table))
    table["capacity"] = 0.25
    assert "raised learning rates, filters ×1/4" in read_texts(draw("fig10", table))


def test_several_seeds_are_a_median_and_the_range() -> None:
    table = make_rates(seeds=3)
    figure = draw("fig08", table)
    gain = figure.axes[0]
    runs = table[table["rate_factor"] == 3].pivot(index="epoch", columns="seed", values="gain_db")
    line = find_line(gain, 3.0, "gain_db")
    assert line is not None
    np.testing.assert_allclose(line.get_ydata(), runs.median(axis=1))
    bands = [
        x
        for x in gain.collections
        if to_rgb(x.get_facecolor()[0]) == to_rgb(RATE_STYLES["×3"].color)
    ]
    (band,) = bands
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.round(9).tolist()}
    for epoch, values in runs.iterrows():
        assert (float(epoch), round(values.min(), 9)) in corners
        assert (float(epoch), round(values.max(), 9)) in corners
    single = [line.get_ydata() for line in find_runs(gain, 3.0)]
    np.testing.assert_allclose(single, runs.to_numpy().T)
    assert "3 seeds; line: median, band: range" in read_texts(figure)


def test_different_numbers_of_seeds_are_said() -> None:
    table = pd.concat([make_run(1.0, 0), make_run(1.0, 1), make_run(2.0, 0)])
    assert "1 to 2 seeds" in read_texts(draw("fig08", table))


def test_a_diverged_run_is_a_gap_with_a_cross_at_its_epoch() -> None:
    nan = float("nan")
    table = spoil(make_rates(), 4.0, 8, training_loss=nan, validation_loss=nan, gain_db=nan)
    figure = draw("fig08", table)
    line = find_line(figure.axes[0], 4.0, "gain_db")
    assert line is not None
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 8))
    for axes in figure.axes:
        (mark,) = [x for x in axes.get_lines() if x.get_marker() == "x"]
        assert list(mark.get_xdata()) == [8]
        assert mark.get_color() == RATE_STYLES["×4"].color
    assert "diverged" in read_texts(figure)
    assert "diverged" not in read_texts(draw("fig09", table))


def test_one_diverged_seed_of_several_leaves_the_others_and_its_mark() -> None:
    table = make_rates(seeds=3)
    gone = (table["rate_factor"] == 1) & (table["seed"] == 2) & (table["epoch"] >= 5)
    table.loc[gone, ["gain_db", "training_loss", "validation_loss"]] = np.nan
    gain = draw("fig08", table).axes[0]
    line = find_line(gain, 1.0, "gain_db")
    kept = table[(table["rate_factor"] == 1) & ~gone].groupby("epoch")["gain_db"].median()
    assert line is not None
    np.testing.assert_allclose(line.get_ydata(), kept)
    assert [list(x.get_xdata()) for x in gain.get_lines() if x.get_marker() == "x"] == [[5]]


def test_a_dead_network_is_a_gap_in_the_gain_alone() -> None:
    figure = draw("fig08", spoil(make_rates(), 3.0, 11, gain_db=-np.inf))
    gain, loss, _ = figure.axes
    (mark,) = [x for x in gain.get_lines() if list(x.get_xdata()) == [11]]
    assert mark.get_marker() == "v"
    assert np.isfinite(gain.get_ylim()).all()
    line = find_line(loss, 3.0, "training_loss")
    assert line is not None
    assert np.isfinite(line.get_ydata()).all()
    assert "dead" in read_texts(figure)


def test_an_exploding_loss_does_not_flatten_the_others() -> None:
    figure = draw("fig08", spoil(make_rates(), 4.0, 15, training_loss=4e4, validation_loss=5e4))
    bottom, top = figure.axes[1].get_ylim()
    assert 0 <= bottom < 0.3
    assert 2.2 < top < 10
    assert "highest loss 5e+04" in read_texts(figure)


def test_one_gain_far_off_does_not_flatten_the_others_and_is_named() -> None:
    table = make_rates(seeds=3)
    usual = draw("fig08", table).axes[0]
    diverging = table.index[(table["rate_factor"] == 4) & (table["epoch"] == 17)][0]
    table.loc[diverging, "gain_db"] = -134.0
    cut = draw("fig08", table).axes[0]
    assert cut.get_ylim() == pytest.approx(usual.get_ylim(), abs=1)
    assert [text.get_text() for text in cut.texts] == ["axis cut; lowest -134 dB"]
    assert not usual.texts


def test_a_low_start_of_every_run_is_shown_whole() -> None:
    table = make_rates(seeds=3)
    table.loc[table["epoch"] == 1, "gain_db"] = -134.0
    axes = draw("fig08", table).axes[0]
    assert axes.get_ylim()[0] < -134
    assert not axes.texts


def test_a_high_loss_of_one_column_is_shown_whole() -> None:
    high = make_run(epochs=30, capacity=1.0)
    high["validation_loss"] += 6
    axes = draw("fig13", pd.concat([make_run(epochs=30, capacity=0.25), high])).axes
    assert high["validation_loss"].max() < axes[3].get_ylim()[1]
    assert axes[4].get_ylim() == axes[3].get_ylim()


def test_the_largest_error_is_inside_the_axes() -> None:
    for error in (0.0, 0.9, 0.0004):
        table = spoil(make_rates(), 1.0, 1, training_error=error, validation_error=0.917)
        axes = draw("fig08", table).axes[2]
        assert axes.get_ylim()[0] == 0
        assert axes.get_ylim()[1] > 0.93


def test_losses_over_decades_get_a_logarithmic_axis() -> None:
    assert draw("fig08", make_rates()).axes[1].get_yscale() == "linear"
    figure = draw("fig08", spoil(make_rates(), 1.0, 15, training_loss=1e-3, training_error=0.0))
    assert figure.axes[1].get_yscale() == "log"
    assert "log axis" in figure.axes[1].get_ylabel()


def test_a_run_that_is_missing_is_named() -> None:
    table = make_rates()
    texts = read_texts(draw("fig08", table[table["rate_factor"] != 4]))
    assert "×4 (not run)" in texts
    assert "×3, rate 0.003" in texts


@pytest.mark.parametrize(
    ("name", "panels"),
    [("fig08", 3), ("fig09", 3), ("fig12", 6), ("fig13", 9)],
)
def test_nothing_run_is_empty_labelled_panels(name: str, panels: int) -> None:
    figure = draw(name, make_rates()[:0])
    assert len(figure.axes) == panels
    for axes in figure.axes:
        assert not axes.get_lines()
        assert [text.get_text() for text in axes.texts] == ["not run"]


def test_architectures_have_their_columns_and_honest_epochs() -> None:
    table = pd.concat([make_run(epochs=100), make_run(epochs=8, network="nin")])
    figure = draw("fig12", table)
    lenet, nin = figure.axes[:2]
    assert lenet.get_title().startswith("LeNet")
    assert nin.get_title().startswith("Network in Network")
    for axes, network in ((lenet, "lenet"), (nin, "nin")):
        (line,) = axes.get_lines()
        np.testing.assert_array_equal(
            line.get_ydata(), table[table["network"] == network]["gain_db"]
        )
    assert nin.get_xlim()[1] < 10
    assert figure.axes[-1].get_xlabel() == "epoch (8 of the paper's 100)"
    assert figure.axes[-2].get_xlabel() == "epoch"


def test_capacities_have_their_columns_and_a_missing_one_is_empty() -> None:
    table = pd.concat([make_run(epochs=100, capacity=0.25), make_run(epochs=100, capacity=1.0)])
    quarter, full, fourfold = draw("fig13", table).axes[:3]
    for axes, capacity in ((quarter, 0.25), (full, 1.0)):
        (line,) = axes.get_lines()
        np.testing.assert_array_equal(
            line.get_ydata(), table[table["capacity"] == capacity]["gain_db"]
        )
    assert not fourfold.get_lines()
    assert [text.get_text() for text in fourfold.texts] == ["not run"]


def test_epoch_axes_have_whole_numbers() -> None:
    for epochs in (1, 2, 3, 20, 45):
        figure = draw("fig08", make_rates(epochs=epochs))
        ticks = figure.axes[-1].get_xticks()
        np.testing.assert_array_equal(ticks, np.round(ticks))


def test_a_single_epoch_is_a_visible_point() -> None:
    (line,) = draw("fig12", make_run(epochs=1)).axes[0].get_lines()
    assert line.get_marker() == "o"


def test_stand_in_data_are_named_in_the_title() -> None:
    named = draw("fig10", make_rates(stand_in=True))
    assert "STAND-IN DATA" in named.get_suptitle()
    assert "digits on photographs (stand-in for CIFAR-10)" in named.get_suptitle().replace(
        "\n", " "
    )
    assert "STAND-IN" not in draw("fig10", make_rates()).get_suptitle()


def test_tables_that_do_not_fit_are_refused_by_name() -> None:
    table = make_rates()
    with pytest.raises(InputError, match="no column 'gain_db'"):
        draw("fig08", table.drop(columns="gain_db"))
    with pytest.raises(InputError, match="text in the column 'training_loss'"):
        draw("fig08", table.assign(training_loss="high"))
    with pytest.raises(InputError, match="each once"):
        draw("fig08", pd.concat([table, table[:1]]))
    with pytest.raises(InputError, match="each once"):
        draw("fig08", table.assign(epoch=table["epoch"].replace(20, 10**9)))
    two = pd.concat([table, make_run(seed=1).assign(learning_rate=0.5)])
    with pytest.raises(InputError, match=r"'×1' has runs with learning_rate 0\.001, 0\.5"):
        draw("fig08", two)


def test_a_gap_is_not_bridged() -> None:
    table = make_rates(seeds=2)
    gap = (table["rate_factor"] == 2) & table["epoch"].between(7, 9)
    table.loc[gap, "gain_db"] = -np.inf
    gain, loss, _ = draw("fig08", table).axes
    before, after = find_lines(gain, 2.0, "gain_db")
    assert (before.get_xdata()[-1], after.get_xdata()[0]) == (6, 10)
    assert len(find_runs(gain, 2.0)) == 4
    whole = find_line(loss, 2.0, "training_loss")
    assert whole is not None
    assert len(whole.get_xdata()) == 20


def test_any_experiment_is_drawn_with_its_own_names_and_colours() -> None:
    runs = [
        make_run(rate, seed, network=network).assign(experiment="mine")
        for rate in (0.5, 1.0, 7.3)
        for seed in (0, 1)
        for network in ("resnet20", "timm:x")
    ]
    request = CurvesFigure(
        name="my-rates", experiment="mine", columns="network", names={"timm:x": "Mine"}
    )
    figure = draw_curves(pd.concat(runs), request)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["resnet20", "Mine"]
    texts = read_texts(figure)
    for label in ("×1, rate 0.001", "×1/2, rate 0.0005", "×7.3, rate 0.0073", "Experiment mine"):
        assert label in texts
    lines = [x for x in figure.axes[0].get_lines() if x.get_linewidth() > 1]
    assert len({line.get_color() for line in lines}) == 3
    # The paper's default rate keeps its colour, and lies on top.
    assert lines[-1].get_color() == RATE_STYLES["×1"].color


def test_networks_may_be_the_colours_and_rates_the_columns() -> None:
    runs = [make_run(rate, network=name) for rate in (1.0, 2.0) for name in ("a", "b", "c")]
    request = CurvesFigure(
        name="x", experiment="e", columns="rate_factor", colours="network", networks=["c", "a", "z"]
    )
    figure = draw_curves(pd.concat(runs), request)
    assert [axes.get_title() for axes in figure.axes[:2]] == [
        "learning rate ×1",
        "learning rate ×2",
    ]
    assert len(figure.axes[0].get_lines()) == 2
    assert "z (not run)" in read_texts(figure)


def test_runs_that_no_column_or_colour_tells_apart_are_refused() -> None:
    table = pd.concat([make_run(network="a"), make_run(network="b")])
    with pytest.raises(InputError, match=r"runs with network a, b; .* figures.columns"):
        draw_curves(table, CurvesFigure(name="x", experiment="e"))

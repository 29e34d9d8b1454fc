"""Figures hold the data of their tables, say what is missing, and are the same bytes every time."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy import ndarray
from safetensors.numpy import save_file

from maxgain.cli.figures import figure as figure_command
from maxgain.errors import InputError
from maxgain.figures.curves import select_curve
from maxgain.figures.registry import CAPTIONS, FIGURES, draw_figure
from maxgain.figures.style import RATE_STYLES, label_empty_panel, new_figure, save_figure, set_title
from maxgain.figures.toy import draw_fig01, draw_fig02, draw_fig03, draw_fig04
from maxgain.figures.training import (
    draw_fig08,
    draw_fig09,
    draw_fig10,
    draw_fig11,
    draw_fig12,
    draw_fig13,
)

REPORT = Path(__file__).parents[3] / "workflow/report"
RATES = (1.0, 2.0, 3.0, 4.0, 0.333333, 0.1)

Draw = Callable[[pd.DataFrame], Figure]


def make_run(
    rate_factor: float = 1.0,
    seed: int = 0,
    epochs: int = 20,
    network: str = "lenet",
    capacity: float = 1.0,
    stand_in: bool = False,
) -> pd.DataFrame:
    """Rows of one made-up run whose numbers differ in every column, run and epoch."""
    epoch = np.arange(1, epochs + 1)
    random = np.random.default_rng([int(rate_factor * 60), seed, epochs, int(capacity * 4)])
    loss = 2 / epoch + random.uniform(0.1, 0.2, epochs)
    return pd.DataFrame(
        {
            "experiment": "made-up",
            "dataset": "mnist",
            "data": "digits on photographs (stand-in for CIFAR-10)" if stand_in else "MNIST",
            "stand_in": stand_in,
            "network": network,
            "capacity": capacity,
            "rate_factor": rate_factor,
            "learning_rate": 0.001 * rate_factor,
            "seed": seed,
            "epoch": epoch,
            "training_loss": loss,
            "validation_loss": loss + 0.05,
            "training_error": loss / 4,
            "validation_error": loss / 4 + 0.02,
            "gain_db": -25 + random.normal(0, 2, epochs),
        }
    )


def make_rates(seeds: int = 1, **settings: int | bool) -> pd.DataFrame:
    """All six learning rates."""
    runs = [make_run(rate, seed, **settings) for rate in RATES for seed in range(seeds)]  # type: ignore[arg-type]
    return pd.concat(runs, ignore_index=True)


def spoil(table: pd.DataFrame, rate_factor: float, epoch: int, **values: float) -> pd.DataFrame:
    """Put values into one rate's rows from an epoch on."""
    table = table.copy()
    rows = (table["rate_factor"] == rate_factor) & (table["epoch"] >= epoch)
    for name, value in values.items():
        table.loc[rows, name] = value
    return table


def find_line(axes: Axes, rate_factor: float, quantity: str) -> Line2D | None:
    color = next(
        style.color
        for rate, style in RATE_STYLES.items()
        if np.isclose(rate, rate_factor, rtol=1e-3)
    )
    lines = [x for x in axes.get_lines() if x.get_color() == color and x.get_label() == quantity]
    assert len(lines) <= 1
    return lines[0] if lines else None


def read_texts(figure: Figure) -> str:
    """All words of a figure."""
    legends = [text.get_text() for x in figure.legends for text in (*x.get_texts(), x.get_title())]
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    titles = [axes.get_title() for axes in figure.axes]
    labels = [axes.get_xlabel() for axes in figure.axes]
    return "\n".join([figure.get_suptitle(), *legends, *inside, *titles, *labels])


def choose_values(table: pd.DataFrame, rate_factor: float, quantity: str) -> ndarray:
    return table[table["rate_factor"] == rate_factor].sort_values("epoch")[quantity].to_numpy()


@pytest.mark.parametrize(
    ("draw", "shown"),
    [
        (draw_fig08, (1.0, 2.0, 3.0, 4.0)),
        (draw_fig09, (1.0, 0.333333, 0.1)),
        (draw_fig10, (1.0, 2.0, 3.0, 4.0)),
        (draw_fig11, (1.0, 0.333333, 0.1)),
    ],
)
def test_rate_figures_draw_exactly_their_rates(draw: Draw, shown: tuple[float, ...]) -> None:
    # Rows of a table may come in any order.
    table = make_rates().sample(frac=1, random_state=0)
    figure = draw(table)
    panels = dict(zip(("gain_db", "loss", "error"), figure.axes, strict=True))
    for rate, (part, axes) in itertools.product(RATES, panels.items()):
        names = [part] if part == "gain_db" else [f"training_{part}", f"validation_{part}"]
        for name in names:
            line = find_line(axes, rate, name)
            if rate not in shown:
                assert line is None
                continue
            assert line is not None
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 21))
            np.testing.assert_array_equal(line.get_ydata(), choose_values(table, rate, name))
            assert (line.get_linestyle() == "-") == (not name.startswith("validation"))
    assert "1 seed" in read_texts(figure)


def test_several_seeds_are_a_median_and_the_range() -> None:
    table = make_rates(seeds=3)
    figure = draw_fig08(table)
    gain = figure.axes[0]
    runs = table[table["rate_factor"] == 3].pivot(index="epoch", columns="seed", values="gain_db")
    line = find_line(gain, 3.0, "gain_db")
    assert line is not None
    np.testing.assert_allclose(line.get_ydata(), runs.median(axis=1))
    bands = [
        x
        for x in gain.collections
        if to_rgb(x.get_facecolor()[0]) == to_rgb(RATE_STYLES[3.0].color)
    ]
    (band,) = bands
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.round(9).tolist()}
    for epoch, values in runs.iterrows():
        assert (float(epoch), round(values.min(), 9)) in corners
        assert (float(epoch), round(values.max(), 9)) in corners
    single = [
        x.get_ydata()
        for x in gain.get_lines()
        if x.get_label() == "run" and x.get_color() == RATE_STYLES[3.0].color
    ]
    np.testing.assert_allclose(single, runs.to_numpy().T)
    assert "3 seeds; line: median, band: range" in read_texts(figure)


def test_different_numbers_of_seeds_are_said() -> None:
    table = pd.concat([make_run(1.0, 0), make_run(1.0, 1), make_run(2.0, 0)])
    assert "1 to 2 seeds" in read_texts(draw_fig08(table))


def test_a_diverged_run_is_a_gap_with_a_cross_at_its_epoch() -> None:
    nan = float("nan")
    table = spoil(make_rates(), 4.0, 8, training_loss=nan, validation_loss=nan, gain_db=nan)
    figure = draw_fig08(table)
    line = find_line(figure.axes[0], 4.0, "gain_db")
    assert line is not None
    np.testing.assert_array_equal(np.isnan(line.get_ydata()), np.arange(1, 21) >= 8)
    for axes in figure.axes:
        (mark,) = [x for x in axes.get_lines() if x.get_marker() == "x"]
        assert list(mark.get_xdata()) == [8]
        assert mark.get_color() == RATE_STYLES[4.0].color
    assert "diverged" in read_texts(figure)
    assert "diverged" not in read_texts(draw_fig09(table))


def test_one_diverged_seed_of_several_leaves_the_others_and_its_mark() -> None:
    table = make_rates(seeds=3)
    gone = (table["rate_factor"] == 1) & (table["seed"] == 2) & (table["epoch"] >= 5)
    table.loc[gone, ["gain_db", "training_loss", "validation_loss"]] = np.nan
    gain = draw_fig08(table).axes[0]
    line = find_line(gain, 1.0, "gain_db")
    kept = table[(table["rate_factor"] == 1) & ~gone].groupby("epoch")["gain_db"].median()
    assert line is not None
    np.testing.assert_allclose(line.get_ydata(), kept)
    assert [list(x.get_xdata()) for x in gain.get_lines() if x.get_marker() == "x"] == [[5]]


def test_a_dead_network_is_a_gap_in_the_gain_alone() -> None:
    figure = draw_fig08(spoil(make_rates(), 3.0, 11, gain_db=-np.inf))
    gain, loss, _ = figure.axes
    (mark,) = [x for x in gain.get_lines() if list(x.get_xdata()) == [11]]
    assert mark.get_marker() == "v"
    assert np.isfinite(gain.get_ylim()).all()
    line = find_line(loss, 3.0, "training_loss")
    assert line is not None
    assert np.isfinite(line.get_ydata()).all()
    assert "dead" in read_texts(figure)


def test_an_exploding_loss_does_not_flatten_the_others() -> None:
    figure = draw_fig08(spoil(make_rates(), 4.0, 15, training_loss=4e4, validation_loss=5e4))
    bottom, top = figure.axes[1].get_ylim()
    assert 0 <= bottom < 0.3
    assert 2.2 < top < 10
    assert "highest loss 5e+04" in read_texts(figure)


def test_a_high_loss_of_one_column_is_shown_whole() -> None:
    high = make_run(epochs=30, capacity=1.0)
    high["validation_loss"] += 6
    axes = draw_fig13(pd.concat([make_run(epochs=30, capacity=0.25), high])).axes
    assert high["validation_loss"].max() < axes[3].get_ylim()[1]
    assert axes[4].get_ylim() == axes[3].get_ylim()


def test_the_largest_error_is_inside_the_axes() -> None:
    for error in (0.0, 0.9, 0.0004):
        table = spoil(make_rates(), 1.0, 1, training_error=error, validation_error=0.917)
        axes = draw_fig08(table).axes[2]
        assert axes.get_ylim()[0] == 0
        assert axes.get_ylim()[1] > 0.93


def test_losses_over_decades_get_a_logarithmic_axis() -> None:
    assert draw_fig08(make_rates()).axes[1].get_yscale() == "linear"
    figure = draw_fig08(spoil(make_rates(), 1.0, 15, training_loss=1e-3, training_error=0.0))
    assert figure.axes[1].get_yscale() == "log"
    assert "log axis" in figure.axes[1].get_ylabel()


def test_a_run_that_is_missing_is_named() -> None:
    table = make_rates()
    texts = read_texts(draw_fig08(table[table["rate_factor"] != 4]))
    assert "×4 (not run)" in texts
    assert "×3, rate 0.003" in texts


@pytest.mark.parametrize(
    ("draw", "panels"),
    [(draw_fig08, 3), (draw_fig09, 3), (draw_fig12, 6), (draw_fig13, 9)],
)
def test_nothing_run_is_empty_labelled_panels(draw: Draw, panels: int) -> None:
    figure = draw(make_rates()[:0])
    assert len(figure.axes) == panels
    for axes in figure.axes:
        assert not axes.get_lines()
        assert [text.get_text() for text in axes.texts] == ["not run"]


def test_architectures_have_their_columns_and_honest_epochs() -> None:
    table = pd.concat([make_run(epochs=100), make_run(epochs=8, network="nin")])
    figure = draw_fig12(table)
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
    quarter, full, fourfold = draw_fig13(table).axes[:3]
    for axes, capacity in ((quarter, 0.25), (full, 1.0)):
        (line,) = axes.get_lines()
        np.testing.assert_array_equal(
            line.get_ydata(), table[table["capacity"] == capacity]["gain_db"]
        )
    assert not fourfold.get_lines()
    assert [text.get_text() for text in fourfold.texts] == ["not run"]


def test_epoch_axes_have_whole_numbers() -> None:
    for epochs in (1, 2, 3, 20, 45):
        figure = draw_fig08(make_rates(epochs=epochs))
        ticks = figure.axes[-1].get_xticks()
        np.testing.assert_array_equal(ticks, np.round(ticks))


def test_a_single_epoch_is_a_visible_point() -> None:
    (line,) = draw_fig12(make_run(epochs=1)).axes[0].get_lines()
    assert line.get_marker() == "o"


def test_stand_in_data_are_named_in_the_title() -> None:
    named = draw_fig10(make_rates(stand_in=True))
    assert "STAND-IN DATA" in named.get_suptitle()
    assert "digits on photographs (stand-in for CIFAR-10)" in named.get_suptitle().replace(
        "\n", " "
    )
    assert "STAND-IN" not in draw_fig10(make_rates()).get_suptitle()


def test_tables_that_do_not_fit_are_refused_by_name() -> None:
    table = make_rates()
    with pytest.raises(InputError, match="no column 'gain_db'"):
        draw_fig08(table.drop(columns="gain_db"))
    with pytest.raises(InputError, match="text in the column 'training_loss'"):
        draw_fig08(table.assign(training_loss="high"))
    with pytest.raises(InputError, match="each once"):
        draw_fig08(pd.concat([table, table[:1]]))
    with pytest.raises(InputError, match="each once"):
        draw_fig08(table.assign(epoch=table["epoch"].replace(20, 10**9)))
    with pytest.raises(InputError, match=r"learning_rate 0\.001, 0\.5"):
        select_curve(
            pd.concat([table, make_run(seed=1).assign(learning_rate=0.5)]), {"rate_factor": 1.0}
        )


def test_rate_styles_differ_in_color_marker_and_for_the_color_blind() -> None:
    styles = list(RATE_STYLES.values())
    assert len({style.marker for style in styles}) == len(styles)
    # Machado, Oliveira & Fernandes 2009: full deuteranopia and protanopia, on linear RGB.
    deuteranopia = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    protanopia = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    for matrix in (np.eye(3), np.array(deuteranopia), np.array(protanopia)):
        for shown in ((1.0, 2.0, 3.0, 4.0), (1.0, 1 / 3, 1 / 10)):
            seen = [measure_lab(to_rgb(RATE_STYLES[rate].color), matrix) for rate in shown]
            for first, second in itertools.combinations(seen, 2):
                assert np.linalg.norm(first - second) > 15


def measure_lab(rgb: tuple[float, float, float], matrix: ndarray) -> ndarray:
    """CIE L*a*b* of an sRGB colour after a linear change of it."""
    srgb = np.array(rgb)
    linear = np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)
    linear = (matrix @ linear).clip(0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ratio = np.array(to_xyz) @ linear / [0.9505, 1, 1.089]
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.fixture(scope="module")
def toy_arrays() -> dict[str, ndarray]:
    random = np.random.default_rng(0)
    names = ("image", "feature_map", "gradient_place", "gradient_everywhere", "gradient_impulse")
    arrays = {name: random.normal(size=(48, 40)).astype(np.float32) for name in names}
    for name in ("response_place", "response_everywhere", "response_impulse"):
        arrays[name] = random.uniform(-80, 0, (48, 40)).astype(np.float32)
    arrays["filter"] = random.normal(size=(7, 7)).astype(np.float32)
    return arrays | {"place": np.array([30, 17])}


def shown_images(figure: Figure) -> list[AxesImage]:
    return [image for axes in figure.axes for image in axes.get_images()]


def test_toy_figures_show_their_arrays(toy_arrays: dict[str, ndarray]) -> None:
    images = shown_images(draw_fig01(toy_arrays))
    for image, name in zip(images, ("image", "filter", "feature_map"), strict=True):
        np.testing.assert_array_equal(image.get_array(), toy_arrays[name])
    zoomed, everywhere = shown_images(draw_fig02(toy_arrays))
    np.testing.assert_array_equal(zoomed.get_array(), toy_arrays["gradient_place"][18:43, 5:30])
    assert tuple(zoomed.get_extent()) == (4.5, 29.5, 42.5, 17.5)
    np.testing.assert_array_equal(everywhere.get_array(), toy_arrays["gradient_everywhere"])


def test_responses_have_zero_frequency_in_the_middle(toy_arrays: dict[str, ndarray]) -> None:
    arrays = toy_arrays | {"response_place": np.full((48, 41), -50.0)}
    arrays["response_place"][0, 0] = 0.0
    for image in shown_images(draw_fig03(arrays)) + shown_images(draw_fig04(arrays))[1:]:
        left, right, bottom, top = image.get_extent()
        height, width = image.get_array().shape
        # The pixel that holds the zero frequency is centred on 0.
        assert left + (width // 2 + 0.5) * (right - left) / width == pytest.approx(0, abs=1e-12)
        assert bottom + (height // 2 + 0.5) * (top - bottom) / height == pytest.approx(0, abs=1e-12)
    shown = shown_images(draw_fig03(arrays))[0].get_array()
    assert shown[24, 20] == 0.0
    assert (shown == 0).sum() == 1


def test_missing_toy_arrays_are_named(toy_arrays: dict[str, ndarray]) -> None:
    with pytest.raises(InputError, match="lack 'response_place'"):
        draw_fig03({"place": toy_arrays["place"]})


def test_a_title_wraps_within_the_figure() -> None:
    figure = new_figure()
    set_title(figure, "a long title " * 6, data="long data " * 8, stand_in=True)
    figure.draw_without_rendering()
    title = next(x for x in figure.findobj(Text) if "STAND-IN" in x.get_text())
    box = title.get_window_extent()
    assert box.width < figure.bbox.width


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_files_are_the_same_bytes_every_time(suffix: str, tmp_path: Path) -> None:
    written = [
        save_figure(draw_fig08(make_rates(seeds=2)), tmp_path / name / "fig08", [suffix], "caption")
        for name in ("a", "b")
    ]
    (first,), (second,) = written
    assert first.name == f"fig08.{suffix}"
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == [first.name]


def test_unknown_formats_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for formats, message in ((["svg", "gif"], "'gif' is not one of svg, png, pdf"), ([], "empty")):
        with pytest.raises(InputError, match=message):
            save_figure(new_figure(), tmp_path / "fig", formats)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_panel_says_why() -> None:
    axes = new_figure().subplots()
    label_empty_panel(axes, "no network measured")
    assert axes.texts[0].get_text() == "no network measured"


def test_every_figure_is_registered_and_captioned() -> None:
    assert list(FIGURES) == list(CAPTIONS) == [f"fig{number:02d}" for number in range(1, 14)]
    assert all(caption.endswith(".") for caption in CAPTIONS.values())


def test_the_command_draws_from_files(toy_arrays: dict[str, ndarray], tmp_path: Path) -> None:
    curves, arrays = tmp_path / "curves/mnist_rates.csv", tmp_path / "toy.safetensors"
    curves.parent.mkdir()
    nan_and_infinity = spoil(make_rates(), 4.0, 3, gain_db=-np.inf, training_loss=np.nan)
    nan_and_infinity.to_csv(curves, index=False, na_rep="nan")
    save_file(toy_arrays, arrays)
    for name in ("fig01", "fig08"):
        figure_command(name, [curves, arrays], tmp_path / "out" / name, "svg,png")
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["fig01.png", "fig01.svg", "fig08.png", "fig08.svg"]
    assert "learning rate 0.001" in (tmp_path / "out/fig08.svg").read_text()


def test_files_that_cannot_be_drawn_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'fig99' is not known; allowed are fig01"):
        draw_figure("fig99", [])
    with pytest.raises(InputError, match=r"fig08 is drawn from mnist_rates.csv; .* no file"):
        draw_figure("fig08", [])
    for name, content in (
        ("toy.safetensors", b"\x80\x04pickle"),
        ("mnist_rates.csv", b"\xff\xfe\0"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        figure = "fig01" if path.suffix == ".safetensors" else "fig08"
        with pytest.raises(InputError, match=f"{name} (cannot be read as|is not a table)"):
            draw_figure(figure, [path])
        with pytest.raises(InputError, match=f"{name} (cannot be read as|does not exist)"):
            draw_figure(figure, [tmp_path / "missing" / name])

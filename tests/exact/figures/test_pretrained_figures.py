"""Figures 5 and 6: every network at hand, its names legible, its responses where they belong."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy import ndarray

from maxgain.errors import InputError
from maxgain.figures.panels import frequency_borders
from maxgain.figures.pretrained import choose_network, draw_fig05, draw_fig06, draw_network
from maxgain.figures.probes import describe_missing, probe_rows, sort_networks, stand_in
from maxgain.figures.style import STAND_IN_NETWORKS

LEAST_POINTS = 5.0
"""Smaller type is not read in print."""


@pytest.fixture(scope="module")
def arrays(zoo: pd.DataFrame) -> dict[str, dict[str, ndarray]]:
    random = np.random.default_rng(4)
    names = ("impulse.gradient", "impulse.response", "natural.gradient", "natural.response")
    made = {}
    for network in zoo["name"].unique():
        made[network] = {name: random.normal(-40, 9, (3, 8, 8)) for name in names}
        for image in ("impulse", "natural"):
            pixels = random.integers(0, 256, (3, 8, 8), dtype=np.uint8)
            made[network][f"{image}.pixels"] = pixels
    return made


@pytest.fixture(scope="module")
def both(zoo: pd.DataFrame) -> pd.DataFrame:
    """Rows of the natural image and of the raw impulse too, which figures leave out."""
    natural = zoo.assign(image="natural", impulse="", data="photo.jpg")
    return pd.concat([natural, zoo.assign(impulse="raw", gain_db=99.0), zoo], ignore_index=True)


def texts_of(figure: Figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_text()]


def test_all_networks_stand_in_the_order_of_their_error_with_legible_names(
    both: pd.DataFrame, arrays: dict[str, dict[str, ndarray]]
) -> None:
    long = {name: f"{name}-of-a-quite-long-name" for name in arrays}
    figure = draw_fig06(
        both.assign(name=both["name"].map(long)), {long[name]: x for name, x in arrays.items()}
    )
    names = [text for text in figure.texts if text.get_text() in long.values()]
    numbers = [int(text.get_text().split("-")[1]) for text in names]
    assert numbers == list(range(28))
    assert min(text.get_fontsize() for text in names) >= LEAST_POINTS
    assert figure.get_size_inches()[1] < 10
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in names]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    responses = figure.axes[1 : 2 * 28 : 2]
    expected = np.fft.fftshift(arrays["network-0"]["impulse.response"].mean(0))
    np.testing.assert_array_equal(responses[0].get_images()[0].get_array(), expected)
    assert responses[0].get_xlim() == frequency_borders(8)
    assert "random weights" in "".join(text.get_text() for text in figure.texts)


def test_a_network_without_a_published_error_says_so(
    zoo: pd.DataFrame, arrays: dict[str, dict[str, ndarray]]
) -> None:
    unknown = zoo.assign(top5_error=zoo["top5_error"].where(zoo["name"] != "network-2"))
    texts = [text.get_text() for text in draw_fig06(unknown, arrays).texts]
    assert sum("no published error" in text for text in texts) == 1
    assert sum("random weights" in text for text in texts) == 3
    assert not any("nan" in text for text in texts)
    assert texts.index("network-2") > texts.index("network-24")


def test_figure_5_is_alexnet_or_the_best_at_hand(
    both: pd.DataFrame, arrays: dict[str, dict[str, ndarray]]
) -> None:
    figure = draw_fig05(both, arrays, ["vgg-f"])
    title = figure.get_suptitle().replace("\n", " ")
    assert "network-0;" in title
    assert "best network at hand, as AlexNet was not measured; not measured: vgg-f" in title
    shown = [image for axes in figure.axes for image in axes.get_images() if axes.get_xlabel()]
    assert [tuple(x.get_extent()[:2]) for x in shown] == [frequency_borders(8)] * 6
    renamed = both.replace({"name": {"network-7": "alexnet"}})
    chosen = arrays | {"alexnet": arrays["network-7"]}
    assert choose_network(renamed, chosen) == "alexnet"
    assert choose_network(both[:0], {}) is None


def test_a_network_of_the_users_own_is_drawn_from_its_rows(
    both: pd.DataFrame, arrays: dict[str, dict[str, ndarray]]
) -> None:
    rows = both[both["name"] == "network-3"].to_dict("records")
    figure = draw_network(rows, arrays["network-3"])
    assert "network-3" in figure.get_suptitle()
    gains = probe_rows(pd.DataFrame(rows), "impulse")["gain_db"]
    titles = [axes.get_title() for axes in figure.axes]
    for channel, gain in zip(("red", "green", "blue"), gains, strict=True):
        assert f"|H| {channel}, peak {gain:.1f} dB" in titles


def test_arrays_that_do_not_fit_are_named(
    both: pd.DataFrame, arrays: dict[str, dict[str, ndarray]]
) -> None:
    good = arrays["network-0"]
    for change, message in (
        ({"natural.response": good["natural.response"][:2]}, "zoo.csv has 3 channels"),
        ({"natural.response": good["natural.response"][0]}, r"has the shape \(8, 8\)"),
    ):
        with pytest.raises(InputError, match=message):
            draw_fig05(both, {"network-0": good | change})
    with pytest.raises(InputError, match=r"lack 'impulse.response'"):
        draw_fig06(both, {"network-0": {"impulse.gradient": good["impulse.gradient"]}})


@pytest.mark.parametrize("column", ["name", "family"])
def test_a_row_without_a_name_is_refused(zoo: pd.DataFrame, column: str) -> None:
    with pytest.raises(InputError, match=f"a row without {column}"):
        probe_rows(zoo.assign(**{column: [*zoo[column][1:], None]}), "impulse")


def test_nothing_measured_is_said() -> None:
    assert describe_missing([]) == ""
    assert describe_missing(list("abcdefgh")) == "not measured: a, b, c, d, e, f and 2 more"


def test_random_networks_come_last(zoo: pd.DataFrame) -> None:
    assert sort_networks(zoo)["random"].tolist() == [False] * 25 + [True] * 3


def test_networks_that_stand_in_for_the_papers_are_in_a_box_above_all_names(
    zoo: pd.DataFrame, arrays: dict[str, dict[str, ndarray]]
) -> None:
    few = {name: arrays[name] for name in ("network-0", "network-1", "network-25")}
    assert "STAND-IN" not in draw_fig06(zoo, few).get_suptitle()
    others = zoo.replace({"family": {"matconvnet": "torchvision"}})
    figure = draw_fig06(others, few, [f"a-network-of-a-long-name-{number}" for number in range(9)])
    (title,) = (text for text in texts_of(figure) if STAND_IN_NETWORKS in text.get_text())
    figure.draw_without_rendering()
    box = title.get_bbox_patch()
    assert box is not None
    assert box.get_window_extent().y1 < figure.bbox.y1
    names = [text for text in figure.texts if text.get_text() in few]
    assert len(names) == len(few)
    assert max(x.get_window_extent().y1 for x in names) < box.get_window_extent().y0
    assert figure.axes[-1].xaxis.label.get_window_extent().y0 > figure.bbox.y0


def test_controls_alone_stand_in_for_nothing(zoo: pd.DataFrame) -> None:
    assert stand_in(zoo[zoo["family"] != "matconvnet"])
    assert not stand_in(zoo)
    assert not stand_in(zoo[zoo["random_weights"]])
    assert not stand_in(zoo[:0])

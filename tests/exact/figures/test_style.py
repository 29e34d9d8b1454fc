"""Titles, empty panels and files that are the same bytes every time."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib
import pytest
from matplotlib.text import Text

from maxgain.errors import InputError
from maxgain.figures.style import label_empty_panel, new_figure, save_figure, set_title
from tests.exact.figures.made_up_curves import draw, make_rates
from tests.report_folders import HOSTILE


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
        save_figure(
            draw("fig08", make_rates(seeds=2)), tmp_path / name / "fig08", [suffix], "caption"
        )
        for name in ("a", "b")
    ]
    (first,), (second,) = written
    assert first.name == f"fig08.{suffix}"
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == [first.name]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_hostile_names_are_text_in_an_svg(name: str, tmp_path: Path) -> None:
    figure = new_figure()
    set_title(figure, name, data=name, stand_in=True)
    figure.subplots().plot([0, 1], label=name)
    figure.legend()
    (path,) = save_figure(figure, tmp_path / "figure", ["svg"], name)
    elements = [*ElementTree.parse(path).iter()]
    assert "script" not in {element.tag.rpartition("}")[2].lower() for element in elements}
    assert not [key for element in elements for key in element.attrib if key.startswith("on")]
    # XML counts a line separator as a space in an attribute alone; here it is an element's text.
    assert name in {element.text for element in elements}, "the caption"


def test_unknown_formats_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for formats, message in ((["svg", "gif"], "'gif' is not one of svg, png, pdf"), ([], "empty")):
        with pytest.raises(InputError, match=message):
            save_figure(new_figure(), tmp_path / "fig", formats)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_panel_says_why() -> None:
    axes = new_figure().subplots()
    label_empty_panel(axes, "no network measured")
    assert axes.texts[0].get_text() == "no network measured"


def test_a_users_own_settings_of_matplotlib_change_nothing(tmp_path: Path) -> None:
    written = []
    for settings in (
        {},
        {"axes.facecolor": "red", "lines.dashed_pattern": (9, 9), "font.size": 20},
    ):
        with matplotlib.rc_context(settings):
            before = dict(matplotlib.rcParams)
            stem = tmp_path / str(len(written)) / "fig08"
            written += save_figure(draw("fig08", make_rates(seeds=2)), stem, ["svg"])
            assert dict(matplotlib.rcParams) == before
    assert written[0].read_bytes() == written[1].read_bytes()


def test_dollar_signs_of_names_are_no_formula(tmp_path: Path) -> None:
    figure = new_figure()
    set_title(figure, "$d %e_{", data="a $ b^ $")
    assert save_figure(figure, tmp_path / "figure", ("png",))

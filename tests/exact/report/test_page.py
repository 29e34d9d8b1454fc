"""The whole page: complete, self-contained, harmless, and written whole or not at all."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from maxgain.errors import InputError
from maxgain.pipeline.report import write_report
from maxgain.report import page as pages
from maxgain.report.page import Sources, render_page
from tests.report_folders import (
    HOSTILE,
    curve_rows,
    verdict_row,
    write_curves,
    write_hostile_results,
    write_verdicts,
    write_zoo,
    zoo_rows,
)


class Elements(HTMLParser):
    """Counts elements, keeps text and what every address points to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_script = tag in ("script", "style")
        for name, value in attrs:
            if name in ("src", "href", "action", "srcset"):
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if not self._in_script:
            self.text += data


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "small"
    write_verdicts(folder, [verdict_row()])
    write_curves(folder, curve_rows())
    return folder


def test_the_page_fetches_nothing(small: Path) -> None:
    found = Elements(render_page(Sources(small)))
    outside = [one for one in found.addresses if not one.startswith(("data:", "#"))]
    assert outside == ["https://arxiv.org/abs/1810.03241"], "a link that a reader may follow"
    assert found.tags.count("script") == 3
    assert not {"iframe", "object", "embed", "base"} & set(found.tags)


def test_what_is_missing_is_said(small: Path) -> None:
    text = Elements(render_page(Sources(small))).text
    for name in ("provenance.json", "zoo.csv", "regret.csv"):
        assert f"no {name}" in text
    assert "no verdicts.csv" not in text
    assert "Figure 8 is not in this page" in text
    (small / "verdicts.csv").unlink()
    text = Elements(render_page(Sources(small))).text
    assert "no verdicts.csv: no claim has been judged" in text


def test_without_the_chart_library_the_tables_stay(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_zoo(small, zoo_rows("a network", "f", 5.0, -10.0))
    monkeypatch.setattr("maxgain.report.charts.find_spec", lambda name: None)
    pages._library.cache_clear()
    page = render_page(Sources(small))
    pages._library.cache_clear()
    found = Elements(page)
    assert found.text.count("vl-convert-python is not installed") == 2, "explorer and networks"
    assert "the gain rises" in found.text
    assert "a network" in found.text
    assert "svg" not in found.tags
    assert len(page) < 100_000


def test_hostile_names_are_text(tmp_path: Path) -> None:
    write_hostile_results(tmp_path)
    page = render_page(Sources(tmp_path))
    found = Elements(page)
    assert found.tags.count("script") == 3
    assert found.handlers == []
    for name in HOSTILE:
        assert name in found.text
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    keys = {run["key"][2] for run in json.loads(data[1])["explorer"]["runs"]}
    assert keys == set(HOSTILE)


def test_the_same_results_make_the_same_page(small: Path) -> None:
    assert render_page(Sources(small)) == render_page(Sources(small))


def test_a_folder_without_anything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds nothing to show"):
        render_page(Sources(tmp_path))
    with pytest.raises(InputError, match="does not exist"):
        render_page(Sources(tmp_path / "none"))


def test_the_report_takes_the_figures_beside_its_results(small: Path, tmp_path: Path) -> None:
    from PIL import Image

    figures = tmp_path / "figures" / "small"
    figures.mkdir(parents=True)
    Image.new("RGB", (40, 30), "white").save(figures / "fig08.png")
    output = tmp_path / "new" / "report.html"
    write_report(small, output)
    found = Elements(output.read_text(encoding="utf-8"))
    assert any(address.startswith("data:image/webp") for address in found.addresses)
    assert "LeNet on MNIST" in found.text, "its caption"


def test_an_open_claim_says_what_would_decide_it(tmp_path: Path) -> None:
    results = Path(__file__).parents[3] / "results" / "embedded"
    shutil.copy(results / "verdicts.csv", tmp_path)
    write_report(tmp_path, tmp_path / "report.html")
    text = Elements((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "Missing: curves/networks.csv; at least 5 seeds of each setting." in text
    assert text.count("What would decide it") == len(
        re.findall("^- \\*\\*", (results / "verdicts.md").read_text(encoding="utf-8"), re.MULTILINE)
    )


def test_a_refusal_leaves_the_earlier_report(small: Path, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    output.write_text("earlier")
    (small / "curves" / "rates.csv").write_text("cut o")
    with pytest.raises(InputError, match="cut off"):
        write_report(small, output)
    assert output.read_text() == "earlier"

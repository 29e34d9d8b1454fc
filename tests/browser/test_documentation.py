"""The documentation in a real browser: every page loads, fetches nothing, and can be read."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.browser.accessibility import serious_faults

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import OpenPage

ROOT = Path(__file__).parents[2]

SHOWN = (
    "index.html",
    "tutorial.html",
    "architecture.html",
    "method/index.html",
    "reference/python.html",
)
"""Pages of which pictures are kept."""


class AnyTag(yaml.SafeLoader):
    """Reads mkdocs.yml, whose tags name Python objects."""


AnyTag.add_multi_constructor("", lambda loader, suffix, node: None)


def pages() -> list[str]:
    """Addresses of all pages of the navigation."""

    def walk(part: object) -> list[str]:
        if isinstance(part, str):
            return [part.removesuffix(".md") + ".html"]
        inner = part.values() if isinstance(part, dict) else part
        return [page for one in inner for page in walk(one)]  # type: ignore[union-attr,attr-defined]

    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    return walk(yaml.load(text, AnyTag)["nav"])


def wait_for_site(page: "Page") -> None:
    page.wait_for_load_state("networkidle")


def test_every_page_loads_without_a_complaint(open_page: "OpenPage", site: str) -> None:
    assert len(pages()) > 20
    for name in pages():
        page = open_page(f"{site}{name}")
        wait_for_site(page)
        assert page.locator("h1").count() == 1, name
        broken = "images => images.filter(image => image.naturalWidth < 20).map(i => i.src)"
        assert page.eval_on_selector_all("article img", broken) == [], name
        assert open_page.complaints == [], name
        page.context.close()


@pytest.mark.parametrize("width", [400, 800, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_the_screen(open_page: "OpenPage", site: str, width: int, scheme: str) -> None:
    """With MAXGAIN_SCREENSHOTS=FOLDER the pictures of some are kept to be looked at."""
    kept = os.environ.get("MAXGAIN_SCREENSHOTS")
    page = open_page(site, width=width, scheme=scheme)
    # Colours do not move anything: all pages at the narrowest width, once.
    for name in pages() if (width, scheme) == (400, "light") else SHOWN:
        page.goto(f"{site}{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if kept and name in SHOWN:
            Path(kept).mkdir(exist_ok=True)
            file = f"docs-{name.replace('/', '-').removesuffix('.html')}-{width}-{scheme}.png"
            page.screenshot(path=Path(kept) / file)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "name",
    [
        *("index.html", "tutorial.html", "architecture.html", "method/index.html"),
        *("reference/python.html", "reference/configuration.html", "results/paper.html"),
    ],
)
def test_axe_finds_no_serious_fault(
    open_page: "OpenPage", site: str, axe: str, name: str, scheme: str
) -> None:
    page = open_page(f"{site}{name}", scheme=scheme)
    wait_for_site(page)
    assert serious_faults(page, axe) == []


def test_the_search_finds_a_page(open_page: "OpenPage", site: str) -> None:
    page = open_page(site)
    wait_for_site(page)
    page.keyboard.press("/")
    page.keyboard.type("saturation", delay=20)
    page.wait_for_selector(".md-search-result__item a, [role=option], .md-search__output a")
    assert "aturation" in page.locator(".md-search").inner_text()
    assert open_page.complaints == []


def test_formulas_and_diagrams_are_drawn(open_page: "OpenPage", site: str) -> None:
    page = open_page(f"{site}method/index.html")
    formula = page.locator(".formula math").first.bounding_box()
    assert formula is not None
    assert formula["height"] > 20
    assert page.locator("math").count() > 10
    assert "\\frac" not in page.inner_text("article")
    page = open_page(f"{site}architecture.html")
    diagram = page.locator(".diagram svg").bounding_box()
    assert diagram is not None
    assert diagram["height"] > 200
    assert "judge" in (page.locator(".diagram svg").text_content() or "")
    assert open_page.complaints == []


def test_the_public_names_are_in_the_reference(open_page: "OpenPage", site: str) -> None:
    import maxgain

    page = open_page(f"{site}reference/python.html")
    places: list[str] = page.eval_on_selector_all("article h3", "all => all.map(one => one.id)")
    documented = {place.split(".")[-1] for place in places}
    assert set(maxgain.__all__) - documented == set()

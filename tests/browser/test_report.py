"""The report in a real browser: it loads, filters, sorts, draws, shares views, and harms nobody."""

import base64
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.accessibility import serious_faults
from tests.report_folders import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import OpenPage

Report = Callable[[str], Path]


def wait_for_charts(page: "Page") -> None:
    page.wait_for_selector("#explorer-chart canvas")
    page.wait_for_function("[...document.querySelectorAll('.chart')].every(c => c.children.length)")


def shown_claims(page: "Page") -> list[str]:
    return page.locator("#claims tbody tr:visible b").all_inner_texts()


def legend_of(page: "Page") -> list[str]:
    """Names of the settings, from the table that says the same as the chart."""
    return page.locator("#explorer-table tbody tr td:first-child").all_text_contents()


@pytest.mark.parametrize("name", ["embedded", "paper"])
def test_loads_from_disk_without_a_complaint(
    open_page: "OpenPage", report: Report, name: str
) -> None:
    page = open_page(report(name))
    wait_for_charts(page)
    assert open_page.complaints == []
    assert page.locator("#claims tbody tr").count() == len(shown_claims(page)) > 20
    assert report(name).stat().st_size < 6_000_000


def test_words_and_choices_filter_the_claims(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("embedded"))
    everything = shown_claims(page)
    page.fill("#claim-filters [name=words]", "NIN LeNet")
    some = shown_claims(page)
    assert 0 < len(some) < len(everything)
    assert page.inner_text("#claim-count") == f"{len(some)} of {len(everything)} claims"
    page.fill("#claim-filters [name=words]", "")
    page.select_option("#claim-filters [name=verdict]", "not run")
    verdicts = page.locator("#claims tbody tr:visible .verdict").all_inner_texts()
    assert set(verdicts) == {"not run"}
    page.select_option("#claim-filters [name=verdict]", "")
    page.select_option("#claim-filters [name=section]", "IV-B")
    assert shown_claims(page) == ["C1", "C2", "C3", "C4", "C5"]


def test_a_head_sorts_and_its_second_click_turns_the_order(
    open_page: "OpenPage", report: Report
) -> None:
    page = open_page(report("embedded"))
    head = page.locator("#claims th[data-sort=effect]")
    read = "rows => rows.map(r => Number(r.dataset.effect)).filter(x => !Number.isNaN(x))"
    head.locator("button").click()
    effects: list[float] = page.eval_on_selector_all("#claims tbody tr", read)
    assert effects == sorted(effects)
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").press("Enter")
    assert page.eval_on_selector_all("#claims tbody tr", read) == sorted(effects, reverse=True)
    last = page.locator("#claims tbody tr").last.get_attribute("data-effect")
    assert last == "nan", "claims without an effect come last in either order"


def test_a_claim_opens_with_its_numbers_and_figure_and_closes(
    open_page: "OpenPage", report: Report
) -> None:
    page = open_page(report("paper"))
    wait_for_charts(page)
    page.locator("#claims a", has_text="MNIST: gain variability grows").click()
    dialog = page.locator("dialog[open]")
    assert "exponent of gain variability" in dialog.inner_text()
    seeds = dialog.locator(".seeds tbody tr")
    assert seeds.count() == 30, "six rates times five seeds"
    assert dialog.locator("figure img").evaluate("image => image.naturalWidth") > 600
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.url.endswith("#verdicts")


def test_a_claim_leads_to_its_runs(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("paper"), "#claim-M1")
    page.locator("dialog[open] a", has_text="explorer").click()
    page.wait_for_function("!document.querySelector('dialog[open]')")
    assert "mnist" in page.inner_text("#choices [name=dataset] option:checked")
    assert len(legend_of(page)) == 6


def test_the_address_holds_the_view(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("paper"), "#explore?dataset=mnist")
    wait_for_charts(page)
    page.select_option("#choices [name=mode]", "single")
    page.uncheck("[data-group=rate] input[value='0.001']")
    page.uncheck("[data-group=seed] input[value='3']")
    page.uncheck("[data-group=quantity] input[value='gain_db']")
    page.check("#choices [name=logy]")
    page.fill("#choices [name=from]", "3")
    page.press("#choices [name=from]", "Tab")
    other = open_page(
        Path(page.url.removeprefix("file://").split("#")[0]), f"#{page.url.split('#')[1]}"
    )
    wait_for_charts(other)
    assert legend_of(other) == legend_of(page)
    assert len(legend_of(other)) == 5
    assert other.inner_text("#explorer-caption") == page.inner_text("#explorer-caption")
    assert "20 runs" in other.inner_text("#explorer-caption")
    state: Any = other.evaluate("[readState(), chosen('quantity'), chosen('seed')]")
    assert state[0] | {"to": None} == {
        "mode": "single",
        "logx": False,
        "logy": True,
        "from": 3,
        "to": None,
    }
    assert state[1:] == [
        ["training_loss", "validation_loss", "training_error", "validation_error"],
        ["0", "1", "2", "4"],
    ]
    assert open_page.complaints == []


def test_a_fragment_that_nobody_made_is_no_harm(open_page: "OpenPage", report: Report) -> None:
    for fragment in ("#explore?dataset=none&network=x&from=abc&mode=5", "#%E0%A4%A", "#claim-none"):
        page = open_page(report("paper"), fragment)
        page.wait_for_selector("#explorer-caption:not(:empty)", state="attached")
    assert open_page.complaints == []


def test_a_drag_zooms_all_panels_and_a_double_click_takes_it_back(
    open_page: "OpenPage", report: Report
) -> None:
    page = open_page(report("paper"), "#explore?dataset=mnist")
    wait_for_charts(page)
    box = page.locator("#explorer-chart canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + 140, box["y"] + 120
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y + 20, steps=8)
    page.mouse.up()
    page.wait_for_function("document.querySelector('#choices').to.value !== ''")
    first, last = (int(page.input_value(f"#choices [name={name}]")) for name in ("from", "to"))
    assert 1 <= first < last < 20
    assert f"from={first}&to={last}" in page.url
    page.wait_for_timeout(300)
    page.mouse.dblclick(x, y)
    page.wait_for_function("document.querySelector('#choices').to.value === ''")
    assert open_page.complaints == []


def test_values_show_under_the_pointer_and_the_legend_fades(
    open_page: "OpenPage", report: Report
) -> None:
    page = open_page(report("paper"), "#explore?dataset=mnist&mode=single")
    wait_for_charts(page)
    chart = page.locator("#explorer-chart canvas")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 190, box["y"] + 120)
    page.mouse.move(box["x"] + 200, box["y"] + 125, steps=4)
    page.wait_for_selector("#vg-tooltip-element.visible")
    said = page.inner_text("#vg-tooltip-element")
    assert "rate 0.0" in said
    assert "Gain, dB" in said
    before = chart.screenshot()
    page.mouse.click(box["x"] + 60 + 30, box["y"] + box["height"] - 32)
    page.wait_for_timeout(400)
    assert chart.screenshot() != before


def test_nothing_chosen_says_so(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("embedded"))
    wait_for_charts(page)
    for name in page.evaluate("chosen('quantity')"):
        page.uncheck(f"[data-group=quantity] input[value={name}]")
    assert "Nothing is chosen" in page.inner_text("#explorer-chart")
    page.locator("[data-group=quantity] input").first.check()
    page.wait_for_selector("#explorer-chart canvas")
    assert open_page.complaints == []


def test_stand_ins_are_marked_on_every_view(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("paper"), "#explore?dataset=cifar10")
    wait_for_charts(page)
    assert page.locator("#explorer-mark").is_visible()
    assert "(stand-in data)" in page.inner_text("#explorer-caption")
    page.select_option("#choices [name=dataset]", label="mnist: MNIST")
    assert not page.locator("#explorer-mark").is_visible()
    marks = "#claims tr:has(a[href='#claim-{}']) .mark"
    assert page.locator(marks.format("C1")).count() == 1
    assert page.locator(marks.format("M1")).count() == 0


def test_the_colours_turn_and_follow_the_system(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("embedded"), scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.click("#theme")
    light = page.evaluate(paper)
    assert light == "rgb(255, 255, 255)" != dark
    assert open_page(report("embedded")).evaluate(paper) == light


@pytest.mark.parametrize("width", [400, 800, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_the_screen(open_page: "OpenPage", report: Report, width: int, scheme: str) -> None:
    """With MAXGAIN_SCREENSHOTS=FOLDER the pictures are kept to be looked at."""
    page = open_page(report("paper"), width=width, scheme=scheme)
    wait_for_charts(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("MAXGAIN_SCREENSHOTS"):
        Path(folder).mkdir(exist_ok=True)
        page.screenshot(path=Path(folder) / f"report-{width}-{scheme}.png", full_page=True)


def test_the_keyboard_reaches_a_claim(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("embedded"))
    wait_for_charts(page)
    page.locator("#claims tbody a").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog[open]").get_attribute("id") == "claim-T1"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") in ("A", "BUTTON", "DIV", "INPUT")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fragment", ["", "#claim-M3"])
def test_axe_finds_no_serious_fault(
    open_page: "OpenPage", report: Report, axe: str, scheme: str, fragment: str
) -> None:
    page = open_page(report("paper"), fragment, scheme=scheme)
    wait_for_charts(page)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert serious_faults(page, axe) == []


def test_a_chosen_network_shows_its_response(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("hostile"), "#networks")
    wait_for_charts(page)
    shown = page.locator("[data-network]:visible")
    for name in HOSTILE[::2]:
        page.select_option("#network-choice", name)
        assert shown.count() == 1
        assert shown.get_attribute("data-network") == name
        assert name in (shown.locator("img").get_attribute("alt") or "")
        page.wait_for_function("document.querySelector('figure:not([hidden]) img').complete")
        assert shown.locator("img").evaluate("image => image.naturalWidth") > 600
    page.evaluate("name => chooseNetwork(name)", HOSTILE[1])
    assert page.input_value("#network-choice") == HOSTILE[1]
    assert open_page.complaints == []


def test_hostile_names_are_text(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("hostile"))
    wait_for_charts(page)
    for name in HOSTILE:
        assert name in page.locator("#claims tbody").text_content()  # type: ignore[operator]
        page.evaluate("name => openClaim('claim-' + name)", name)
        assert name in page.locator("dialog[open] h2").text_content()  # type: ignore[operator]
        page.evaluate("document.querySelector('dialog[open]').close()")
        page.select_option("#choices [name=dataset]", str(HOSTILE.index(name)))
        assert name in page.locator("#explorer-caption").text_content()  # type: ignore[operator]
    assert page.evaluate("window.hacked") is None
    assert page.locator("main script, dialog script, main b b, img[onerror]").count() == 0
    assert open_page.complaints == []


def test_hostile_names_are_no_formula_in_a_download(open_page: "OpenPage", report: Report) -> None:
    page = open_page(report("hostile"))
    addresses: list[str] = page.eval_on_selector_all(
        ".downloads a", "links => links.map(link => link.href)"
    )
    tables = [base64.b64decode(one.split(",", 1)[1]).decode("utf-8") for one in addresses]
    assert any("'=cmd|" in table for table in tables)
    assert not any(cell.startswith("=") for table in tables for cell in table.split(","))
    with page.expect_download() as started:
        page.locator(".downloads a", has_text="curves/rates.csv").click()
    assert started.value.suggested_filename == "curves-rates.csv"


def test_ten_thousand_runs_open_within_five_seconds(open_page: "OpenPage", report: Report) -> None:
    path = report("large")
    start = time.monotonic()
    page = open_page(path)
    wait_for_charts(page)
    assert time.monotonic() - start < 5
    assert "10,000 runs are too many" in page.inner_text("#explore .note")
    assert path.stat().st_size < 6_000_000
    assert open_page.complaints == []


def test_a_folder_with_one_table_says_what_is_missing(
    open_page: "OpenPage", report: Report
) -> None:
    page = open_page(report("large"))
    said = page.locator(".absent").all_inner_texts()
    assert any("no zoo.csv" in sentence for sentence in said)
    assert any("no provenance.json" in sentence for sentence in said)
    assert any("no regret.csv" in sentence for sentence in said)

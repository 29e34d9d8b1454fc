"""The page that declares the study says what the registry has."""

import re
from pathlib import Path

import pytest

from maxgain.errors import InputError
from maxgain.quantities.costs import COLUMN_COSTS, PASS_COSTS, with_bases
from maxgain.stopping.comparison import critical_difference
from maxgain.stopping.declaration import END, RANKED, REFERENCES, START, family, write_tables
from maxgain.stopping.registry import CONTEXT_COLUMNS, RULES
from maxgain.stopping.rivals import FREE_COLUMNS, RIVALS

PAGE = Path(__file__).parents[3] / "docs" / "method" / "stopping.md"


def test_the_page_has_the_tables_of_the_registry(tmp_path: Path) -> None:
    """`make reference` writes them anew."""
    copy = tmp_path / "page.md"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    write_tables(copy)
    assert copy.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_every_rule_and_its_source_is_named_once() -> None:
    tables = PAGE.read_text(encoding="utf-8").partition(START)[2].partition(END)[0]
    lines = [line.split(" | ") for line in tables.splitlines() if line.startswith("| `")]
    listed = [(name, line) for line in lines for name in re.findall(r"`([^`]+)`", line[0])]
    assert sorted(name for name, _ in listed) == sorted(RULES.names())
    for name, line in listed:
        row = RULES.find(name)
        assert line[3] == row.source
        for parameter, value in row.parameters.items():
            assert parameter == "column" or f"{parameter} {value}" in line[2], name


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Rules\n")
    with pytest.raises(InputError, match="must have the lines '<!-- rules"):
        write_tables(page)
    assert page.read_text() == "# Rules\n"


def test_each_rule_is_in_one_family() -> None:
    primary, wrappers = family("primary"), family("wrappers")
    tested = [row.name for row in RULES.rows() if row.kind not in ("reference", "blind")]
    assert sorted([*primary, *wrappers]) == sorted(tested)
    assert {"eb-criterion", "gain-diagnosis", "plateau-and-fall"} <= set(primary)
    assert all(RULES.find(name).kind == "signal" for name in wrappers)
    with pytest.raises(InputError, match="the family is 'all'; allowed are primary, wrappers"):
        family("all")


def test_rules_say_how_they_decide() -> None:
    decide = {row.name: row.decides for row in RULES.rows() if row.decides != "online"}
    assert decide == {
        "alignment": "post-hoc",
        "alignment-online": "knows the end",
        "counterfactual-distance": "post-hoc",
        "noise-rate": "informed",
        "last": "knows the end",
        "random": "knows the end",
        "constant": "informed",
    }
    told = {row.name for row in RULES.rows() if set(row.columns or ()) & set(CONTEXT_COLUMNS)}
    assert told == set(decide), "who is told of its run more than its epochs is marked"


def test_the_ranks_are_of_twelve_known_rules_that_the_page_names() -> None:
    ranks = PAGE.read_text(encoding="utf-8").partition("- Ranks:")[2].partition("- Secondary")[0]
    assert re.findall(r"`([^`]+)`", ranks) == list(RANKED)
    assert set(RANKED) <= set(RULES.names())
    assert set(REFERENCES) < set(RANKED)
    assert f"{critical_difference(len(RANKED), 69):.1f} ranks" in ranks


def section(title: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    return re.split(r"^#+ ", text.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def test_the_page_has_the_costs_of_the_passes() -> None:
    said = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", section("Costs"), re.MULTILINE))
    passes = {
        "five batches": "five-batches",
        "single images": "single-gradients",
        "ten steps": "steps",
        "Jacobians": "jacobians",
        "curvature": "curvature",
        "steps in turn": "steps-in-turn",
        "range test": "range-test",
    }
    for name, of_pass in passes.items():
        cost = PASS_COSTS[of_pass](10**6, 16, 10)
        assert re.match(rf"{cost:,.0f}\b", said[name]), name
    assert f"{PASS_COSTS['jacobians'](0, 0, 10):.0f} at the impulse alone" in said["Jacobians"]
    assert f"at most {PASS_COSTS['batch-gradients'](10**6, 16, 10):,}" in said["twenty batches"]
    assert PASS_COSTS["pair"](3, 16, 10) == 5
    assert said["pair"].startswith("5 n / 3,")


def test_the_page_names_every_rival_of_the_rate() -> None:
    rates = section("Learning rates").lower()
    for rival in RIVALS:
        name, _, part = rival.name.partition(", ")
        assert name in rates, rival.name
        assert part in rates, rival.name


def test_the_page_has_what_rivals_are_charged() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", section("Learning rates"), re.MULTILINE)
    said = dict(rows)  # Of a rival that stands in both tables the cost comes last.
    for name, column in (("sharpness", "edge_ratio"), ("batch sharpness", "batch_edge_ratio")):
        assert said[name].startswith(f"{COLUMN_COSTS[column](10**6):,}:"), name
    beside = COLUMN_COSTS["noise_rate_ratio"](10**6) - PASS_COSTS["batch-gradients"](10**6, 16, 10)
    assert said["gradient noise"].startswith(f"n + {beside:,}:")
    pairs = with_bases(["steps-in-turn"])
    cosines = sum(PASS_COSTS[name](10**6, 16, 10) for name in pairs)
    assert said["hypergradient"].startswith(f"{cosines:,}:")
    free = [rival for rival in RIVALS if rival.column == "training_loss"]
    assert {"training_loss", "update_ratio"} == FREE_COLUMNS
    assert len(free) == 6
    assert said["the six of the loss; update ratio"].startswith("0:")

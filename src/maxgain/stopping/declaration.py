"""What the study of stop rules declares before it is run: families of tests, and its tables.

The page docs/method/stopping.md carries the tables; `make reference` writes them anew.
"""

import inspect
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.stopping.registry import RULES
from maxgain.stopping.row import StopRule

REFERENCES = ("validation-10-retrain", "constant")
"""What every rule is tested against: patience of ten on 10 % held out with a second training on all
images, and the epoch that was best on other data."""

RANKED = (
    *REFERENCES,
    "last",
    "gain-diagnosis",
    "sensitivity-plateau",
    "saturation-fall",
    "plateau-and-fall",
    "eb-criterion",
    "disparity-consecutive",
    "label-wave-3",
    "optimisation-variance",
    "alignment",
)
"""The twelve rules of the plot of critical differences."""

START, END = "<!-- rules: from the registry -->\n", "<!-- end of the rules -->\n"
"""What the tables stand between on the page."""

_TITLES = {
    "published": "Published rules",
    "own": "Rules of this project",
    "signal": "Signals without a rule: the same wrappers for each",
    "reference": "Reference rules, which see held-out images",
    "blind": "Rules that see nothing",
}


def family(name: str) -> tuple[str, ...]:
    """Rules of one family of tests, without the references.

    "primary" are the published rules, the paper's diagnosis and this project's rules; "wrappers"
    are the wrappers around signals, which are many, so that some will do well by chance.

    Raises
    ------
    InputError
        There is no such family.

    Examples
    --------
    >>> "gain-diagnosis" in family("primary"), "gain-db-minimum" in family("wrappers")
    (True, True)
    """
    if name not in ("primary", "wrappers"):
        raise InputError(f"the family is '{name}'; allowed are primary, wrappers.")
    rules = [row for row in RULES.rows() if row.kind not in ("reference", "blind")]
    return tuple(row.name for row in rules if _is_wrapper(row) == (name == "wrappers"))


def _is_wrapper(row: StopRule) -> bool:
    return row.kind == "signal" and row.source == "own"


def render_tables() -> str:
    """Every registered rule, one table a kind, as Markdown.

    Rules that differ in their signal alone share a line.
    """
    rows = sorted(RULES.rows(), key=lambda row: list(_TITLES).index(row.kind))
    parts = []
    for kind, of_kind in groupby(rows, key=lambda row: row.kind):
        lines = [f"### {_TITLES[kind]}", "", "| rule | sees | function and values | source | |"]
        lines += ["| --- | --- | --- | --- | --- |", *_lines(list(of_kind))]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _lines(rows: list[StopRule]) -> Iterator[str]:
    alike: dict[tuple[str, ...], list[StopRule]] = {}
    for row in rows:
        said = (_call(row), row.source, _marks(row))
        # Wrappers are one thing with many signals; any other rule has a line of its own.
        key = said if _is_wrapper(row) else (*said, row.name)
        alike.setdefault(key, []).append(row)
    for (call, source, marks, *_), group in alike.items():
        names = ", ".join(f"`{row.name}`" for row in group)
        seen = (
            ["its signal"] if len(group) > 1 else [f"`{name}`" for name in group[0].columns or ()]
        )
        yield f"| {names} | {', '.join(seen)} | {call} | {source} | {marks} |"


def _call(row: StopRule) -> str:
    """A rule's function with all its values, its defaults among them."""
    function = RULES.load(row.name)
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    values = {k: v for k, v in (defaults | dict(row.parameters)).items() if k != "column"}
    said = ", ".join(f"{name} {value}" for name, value in values.items())
    name = row.function.partition(":")[2]
    return f"`{name}`: {said}" if said else f"`{name}`"


def _marks(row: StopRule) -> str:
    several = f"mean of {row.draws} draws" if row.draws else "mean of all epochs"
    marks = [
        ("post-hoc: after the planned end", row.timing == "post-hoc"),
        ("knows the planned end", row.timing == "planned"),
        ("told what users may not know", row.informed),
        ("uses the twin's weights", row.weights == "twin"),
        (several, row.draws != 1),
    ]
    return ", ".join(mark for mark, holds in marks if holds)


def write_tables(page: Path) -> None:
    """Write the tables anew between the marks of a page.

    Raises
    ------
    InputError
        The page lacks a mark.
    """
    text = page.read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise InputError(f"{page} must have the lines '{START.strip()}' and '{END.strip()}'.")
    with atomic_path(page) as temporary:
        whole = f"{before}{START}\n{render_tables()}\n{END}{after}"
        temporary.write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    write_tables(Path(sys.argv[1]))

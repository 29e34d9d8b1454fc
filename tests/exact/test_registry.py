"""Every registry: rows of its own, rows that packages announce, and names that nobody knows."""

import importlib
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from maxgain.claims.registry import CLAIMS
from maxgain.data.registry import AUGMENTATIONS, EMBEDDED, FORMATS, OFFICIAL, PREPROCESSINGS
from maxgain.errors import InputError
from maxgain.figures.registry import FIGURES
from maxgain.figures.rows import KINDS
from maxgain.monitor.registry import DIAGNOSIS_RULES
from maxgain.networks.registry import NETWORKS
from maxgain.quantities.registry import QUANTITIES
from maxgain.registry import Registry, Row, load_function
from maxgain.stopping.registry import RULES
from maxgain.training.registry import OPTIMISERS
from maxgain.zoo.readers.registry import READERS

REGISTRIES = {
    "networks": NETWORKS,
    "official-datasets": OFFICIAL,
    "embedded-datasets": EMBEDDED,
    "data-formats": FORMATS,
    "preprocessings": PREPROCESSINGS,
    "augmentations": AUGMENTATIONS,
    "optimisers": OPTIMISERS,
    "quantities": QUANTITIES,
    "diagnosis-rules": DIAGNOSIS_RULES,
    "stop-rules": RULES,
    "claims": CLAIMS,
    "figures": FIGURES,
    "figure-kinds": KINDS,
    "readers": READERS,
}
"""The library's registries by their kind; docs/architecture.md lists the same."""

REPOSITORY = Path(__file__).parents[2]
PACKAGE = "a_package_of_rows"
MODULE = """
def function(*arguments, **keywords):
    return "called"
"""


@pytest.fixture(params=REGISTRIES, name="kind")
def _kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def install(folder: Path, kind: str, address: str) -> None:
    """A package with an entry point of the group `maxgain.KIND`, as pip leaves it."""
    (folder / f"{PACKAGE}.py").write_text(MODULE)
    about = folder / f"{PACKAGE}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[maxgain.{kind}]\na-new-one = {address}\n")


def fresh(registry: Registry[Row], monkeypatch: pytest.MonkeyPatch) -> Registry[Row]:
    """The registry as a new process finds it: entry points are looked for once."""
    monkeypatch.delitem(vars(registry), "_installed", raising=False)
    return registry


def test_kinds_are_the_names_of_the_groups(kind: str) -> None:
    assert REGISTRIES[kind].kind == kind


def test_a_package_adds_a_row(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, kind, f"{PACKAGE}:row")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[Row] = fresh(REGISTRIES[kind], monkeypatch)  # type: ignore[arg-type]
    own = registry.find(registry.names()[0])
    module = importlib.import_module(PACKAGE)
    row = replace(own, name="a-new-one", function=f"{PACKAGE}:function")
    monkeypatch.setattr(module, "row", row, raising=False)
    try:
        assert registry.names()[-1] == "a-new-one"
        assert registry.rows()[-1] == row
        assert registry.load("a-new-one")() == "called"
    finally:
        vars(registry).pop("_installed", None)
        sys.modules.pop(PACKAGE, None)


def test_an_unknown_name_lists_what_is_known_and_the_nearest(kind: str) -> None:
    registry = REGISTRIES[kind]
    known = max(registry.names(), key=len)
    with pytest.raises(InputError) as caught:
        registry.find(f"{known}x")
    said = str(caught.value)
    assert f"{known}x" in said
    assert f"did you mean '{known}'?" in said
    assert all(name in said for name in registry.names())


def test_every_row_names_a_function_that_is_there(kind: str) -> None:
    registry = REGISTRIES[kind]
    missing = [name for name in registry.names() if not callable(registry.load(name))]
    assert missing == []


def test_the_page_on_architecture_lists_the_groups() -> None:
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [kind for kind in REGISTRIES if f"`maxgain.{kind}`" not in page] == []


def test_no_registry_is_forgotten() -> None:
    """Each `Registry(...)` of the source is one of those above."""
    made = [
        line
        for path in (REPOSITORY / "src").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"[A-Z_]+(: .*)? = \w*Registry\(", line)
    ]
    assert len(made) == len(REGISTRIES), made


def test_a_function_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"a thing: the module maxgain.errors has no 'none'"):
        load_function("maxgain.errors:none", "a thing")
    with pytest.raises(InputError, match="a thing: no_such_module:f cannot be imported"):
        load_function("no_such_module:f", "a thing")

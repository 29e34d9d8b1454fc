"""The rules of the house: floors, sizes, light doors, no `if` on a name of the paper."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "src" / "maxgain"
FILES = sorted(SOURCE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}

LONGEST_FILE, LONGEST_FUNCTION = 300, 40
"""Lines; a function's docstring does not count."""

HEAVY = ("torch", "pandas", "matplotlib", "seaborn", "scipy", "timm", "sklearn")
"""Libraries whose import takes longer than planning a workflow may."""

ROOMS_OF_NAMES = ("maxgain.claims",)
"""Rooms that speak of the paper's networks and data because the paper's claims do."""

NAMES = re.compile(r"mnist|cifar|lenet|\bnin\b", re.IGNORECASE)


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


DOORS = [
    "maxgain",
    "maxgain.cli",
    "maxgain.pipeline.jobs",
    "maxgain.registry",
    "maxgain.zoo.names",
    *(
        name
        for name in map(module_name, FILES)
        if name.endswith(".registry") or name.startswith("maxgain.config")
    ),
]
TABLES = [name for name in map(module_name, FILES) if name.startswith("maxgain.tables")]


def length_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def imported_by(modules: list[str]) -> set[str]:
    program = f"import sys, {', '.join(modules)}; print(*[m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(found.stdout.split())


def test_files_are_found() -> None:
    assert len(FILES) > 100


def test_imports_point_down() -> None:
    """The contract of pyproject.toml, by import-linter."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ]
    done = subprocess.run(
        [*command, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


def test_every_room_has_a_floor() -> None:
    contract = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    layers = contract.partition("layers = [")[2].partition("]")[0]
    placed = set(re.findall(r"\w+", layers))
    rooms = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    modules = {path.stem for path in SOURCE.glob("*.py") if path.stem != "__init__"}
    assert rooms | modules <= placed
    optional = set(re.findall(r"\((\w+)\)", layers))
    assert not optional & rooms, "a room that exists is not optional"


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert [f"{path}: {n}" for path, n in lengths.items() if n >= LONGEST_FILE] == []


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}: {length_without_docstring(node)}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and length_without_docstring(node) >= LONGEST_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("module", DOORS)
def test_doors_are_light(module: str) -> None:
    assert imported_by([module]) == set()


def test_columns_of_tables_are_light() -> None:
    """What reads tables needs pandas; what they are called does not."""
    assert "torch" not in imported_by(TABLES)
    assert "matplotlib" not in imported_by(TABLES)
    assert imported_by(["maxgain.tables", "maxgain.tables.curves", "maxgain.tables.toy"]) == set()


def _strings_of(node: ast.AST) -> list[str]:
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def _decisions(tree: ast.Module) -> list[ast.AST]:
    """Comparisons, `match` patterns, `Literal` types, and starts and ends of text."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        literal = (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id == "Literal"
        )
        affix = (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("startswith", "endswith")
        )
        if literal or affix or isinstance(node, ast.Compare | ast.match_case):
            found.append(node)
    return found


def test_nothing_decides_by_a_name_of_the_paper() -> None:
    """Rows, architectures, formats and claims name them; a comparison or a Literal does not.

    What an old configuration meant is the exception: there the two words were all there was.
    """
    decided = [
        f"{path}:{node.lineno} {text}"  # type: ignore[attr-defined]
        for path, tree in TREES.items()
        if not module_name(path).startswith((*ROOMS_OF_NAMES, "maxgain.config.old_forms"))
        for node in _decisions(tree)
        for text in _strings_of(node)
        if NAMES.search(text)
    ]
    assert decided == []


def test_check_of_names_would_find_one() -> None:
    tree = ast.parse("def f(dataset: Literal['mnist']): return dataset == 'cifar10'")
    found = {text for node in _decisions(tree) for text in _strings_of(node)}
    assert found == {"mnist", "cifar10"}


def test_constants_are_explained_below_them() -> None:
    marked = [f"{path}" for path in FILES if "\n#: " in path.read_text(encoding="utf-8")]
    assert marked == []


def test_docstrings_name_what_is_given() -> None:
    """A function that gives something is called by it: no "Return the ..."."""
    told = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and (ast.get_docstring(node) or "").startswith(("Return ", "Returns ", "Get the "))
    ]
    assert told == []

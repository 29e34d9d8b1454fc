"""Tables keep every number, and a damaged one is refused in a sentence."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maxgain.errors import InputError
from maxgain.files.csv import read_frame, read_table, write_table


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.tuples(st.floats(), st.integers()), max_size=6),
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8),
)
def test_numbers_and_text_survive_the_round_trip(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[float, int]], text: str
) -> None:
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    rows = [{"real": real, "whole": whole, "text": text} for real, whole in values]
    write_table(path, ("real", "whole", "text"), rows)
    found = read_table(path, ("real", "text"))
    assert len(found) == len(rows)
    for row, (real, whole) in zip(found, values, strict=True):
        assert float(row["real"]).hex() == real.hex()
        assert int(row["whole"]) == whole
        assert row["text"] == text


def test_values_that_are_not_finite_and_of_numpy(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    numbers = [math.nan, math.inf, -math.inf, 0.1, np.float64(0.1) + 0.2, -0.0]
    write_table(path, ("x", "flag"), [{"x": number, "flag": True} for number in numbers])
    assert path.read_bytes() == (
        b"x,flag\nnan,True\ninf,True\n-inf,True\n0.1,True\n0.30000000000000004,True\n-0.0,True\n"
    )


def test_equal_rows_make_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_table(tmp_path / name, ("x",), ({"x": x / 3} for x in range(9)))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_value_of_no_column_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="y"):
        write_table(tmp_path / "table.csv", ("x",), [{"x": 1, "y": 2}])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "table.csv does not exist"),
        (b"", "table.csv is empty; a table with epoch, gain is needed"),
        (b"epoch,loss\n1,2\n", "has no column 'gain'; it has epoch, loss"),
        (b"epoch,gain\n1,2\n3\n", "line 3: the number of values is not 2"),
        (b"epoch,gain\n1,2\n3,4,5\n", "line 3: the number of values is not 2"),
        (b"epoch,gain\n\xff\xfe,2\n", "table.csv is not a table"),
        (b'epoch,gain\n"1"2,3\n', "table.csv is not a table"),
        (b'epoch,gain\n"1,3\n', "table.csv is not a table"),
        ("folder", "table.csv cannot be read: Is a directory"),
    ],
)
def test_what_is_no_table_is_refused(
    tmp_path: Path, content: bytes | str | None, said: str
) -> None:
    path = tmp_path / "table.csv"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    with pytest.raises(InputError, match=said):
        read_table(path, ("epoch", "gain"))


@pytest.mark.parametrize("read", [read_table, read_frame])
def test_a_column_that_stands_twice_is_refused(
    read: Callable[[Path, tuple[str, ...]], object], tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("epoch,gain,gain\n1,2,3\n")
    with pytest.raises(InputError, match="has the column 'gain' twice"):
        read(path, ("epoch", "gain"))

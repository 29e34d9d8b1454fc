"""What a page carries: JSON in scripts, guarded tables, pictures."""

import base64
import csv
import io
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from maxgain.errors import InputError
from maxgain.report.embedding import (
    Room,
    data_uri,
    guarded_csv,
    read_downloads,
    read_pictures,
    script_json,
)
from tests.report_folders import HOSTILE


@given(
    st.recursive(
        st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_in_a_script_comes_back_and_cannot_end_it(content: object) -> None:
    text = str(script_json(content))
    assert json.loads(text) == content
    assert not set(text) & set("<>&\u2028\u2029")
    assert text.isascii()


def test_numbers_without_a_word_in_json_are_null() -> None:
    numbers = {"a": [math.nan, math.inf, -math.inf, 1.5]}
    assert json.loads(str(script_json(numbers))) == {"a": [None, None, None, 1.5]}


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)


@given(st.lists(st.lists(_CELLS | st.sampled_from(HOSTILE), min_size=2, max_size=3), min_size=1))
def test_no_cell_is_a_formula_and_no_text_is_lost(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    guarded = list(csv.reader(io.StringIO(guarded_csv(text.getvalue()), newline="")))
    assert [[cell.removeprefix("'") for cell in row] for row in guarded] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    for row in guarded:
        for cell in row:
            try:
                float(cell)
            except ValueError:
                assert not cell.strip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("number", ["-1.5", "+2", "-inf", "nan", "1e-5"])
def test_numbers_stay_as_they_are(number: str) -> None:
    assert guarded_csv(f"a\n{number}\n") == f"a\n{number}\n"


@pytest.mark.parametrize("cell", ["=1+1", "+A1", "-A1", "@SUM(A1)", " =1", "|x", "%x"])
def test_formulas_are_guarded(cell: str) -> None:
    assert guarded_csv(f"{cell},b\n") == f"'{cell},b\n"


def test_a_data_address_holds_its_content() -> None:
    kind, content = data_uri(b"\x00a,b", "text/csv").split(";base64,")
    assert kind == "data:text/csv"
    assert base64.b64decode(content) == b"\x00a,b"


def test_tables_that_do_not_fit_are_named(tmp_path: Path) -> None:
    (tmp_path / "curves").mkdir()
    (tmp_path / "curves" / "large.csv").write_text("a\n" * 100)
    (tmp_path / "small.csv").write_text("a\n=1\n")
    links, left_out = read_downloads(tmp_path, [*tmp_path.rglob("*.csv")], 100)
    assert [link["name"] for link in links] == ["small.csv"]
    assert base64.b64decode(links[0]["address"].split(",", 1)[1]) == b"a\n'=1\n"
    assert left_out == ["curves/large.csv"]


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"a\.csv is not a table"):
        read_downloads(tmp_path, [tmp_path / "a.csv"], 100)


def test_pictures_are_scaled_down_and_never_up(tmp_path: Path) -> None:
    Image.new("RGB", (2800, 100), "white").save(tmp_path / "fig01.png")
    words = PngInfo()
    words.add_text("Description", "what it shows")
    Image.new("RGBA", (70, 50)).save(tmp_path / "fig02.png", pnginfo=words)
    pictures, left_out = read_pictures({n: tmp_path / f"{n}.png" for n in ("fig01", "fig02")})
    assert [picture.caption for picture in pictures.values()] == ["", "what it shows"]
    sizes = []
    for picture in pictures.values():
        assert picture.address.startswith("data:image/webp;base64,")
        with Image.open(io.BytesIO(base64.b64decode(picture.address.split(",")[1]))) as image:
            sizes.append(image.size)
    assert sizes == [(1400, 50), (70, 50)]
    assert left_out == []


def test_pictures_that_do_not_fit_are_named(tmp_path: Path) -> None:
    Image.new("RGB", (70, 50)).save(tmp_path / "fig02.png")
    files = {"fig02": tmp_path / "fig02.png"}
    assert read_pictures(files, Room(10, 1400)) == ({}, ["fig02"])


def test_a_picture_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fig01.png").write_bytes(b"GIF89a")
    with pytest.raises(InputError, match=r"fig01\.png is not a PNG picture"):
        read_pictures({"fig01": tmp_path / "fig01.png"})

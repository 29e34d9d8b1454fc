"""What tables that were gathered from parts of a protocol were made from."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from maxgain.errors import InputError
from maxgain.pipeline.provenance import merge_provenances


def part(path: Path, **changes: Any) -> Path:
    settings = {
        "protocol": {"protocol": path.stem},
        "data": {"digits": {"checksums": {"training": "a"}}},
        "devices": ["cpu (AVX512)"],
        "packages_of_runs": [{"torch": "2.13.0"}],
        "runs": 2,
    }
    path.write_text(json.dumps({"settings": settings | changes}))
    return path


def test_parts_are_gathered_under_the_protocol_of_the_first(tmp_path: Path) -> None:
    whole = part(tmp_path / "whole.json")
    rest = part(
        tmp_path / "rest.json",
        data={"digits": {"checksums": {"training": "a"}}, "clothes": {}},
        devices=["cpu (AVX2)"],
        packages_of_runs=[{"torch": "2.13.0"}, {"torch": "2.11.0"}],
        runs=3,
    )
    merge_provenances([whole, rest], whole)
    settings = json.loads(whole.read_text())["settings"]
    assert settings["protocol"] == {"protocol": "whole"}
    assert set(settings["data"]) == {"digits", "clothes"}
    assert settings["devices"] == ["cpu (AVX2)", "cpu (AVX512)"]
    assert settings["packages_of_runs"] == [{"torch": "2.11.0"}, {"torch": "2.13.0"}]
    assert settings["runs"] == 5


def test_parts_of_other_data_are_refused(tmp_path: Path) -> None:
    one = part(tmp_path / "one.json")
    two = part(tmp_path / "two.json", data={"digits": {"checksums": {"training": "b"}}})
    with pytest.raises(InputError, match=re.escape(f"{two} has another data set 'digits'")):
        merge_provenances([one, two], tmp_path / "whole.json")
    assert not (tmp_path / "whole.json").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"settings": {"data": {}}}', '{"settings": 3}'])
def test_what_is_no_provenance_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(InputError, match=r"bad\.json is not the provenance of a protocol"):
        merge_provenances([tmp_path / "bad.json"], tmp_path / "whole.json")
    with pytest.raises(InputError, match=r"none\.json does not exist"):
        merge_provenances([tmp_path / "none.json"], tmp_path / "whole.json")

"""One door to all networks."""

import math
from pathlib import Path

import pytest

from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError
from maxgain.zoo.loading import load_network
from maxgain.zoo.measurement import measure_network, zoo_rows
from tests.exact.zoo.zoo_networks import USER_MODULE, tiny_network


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.module:build", "cannot be imported"),
        ("zoo_test_nets_3:nothing", "has no 'nothing'"),
        ("zoo_test_nets_3:number", "returned a int"),
        ("timm:no_such_network", "timm has no network"),
        ("vgg-zzz", "is not known"),
        ("vgg-f", "fetch-weights"),
        ("alexnet", "fetch-weights"),
        ("none.mat", "does not exist"),
    ],
)
def test_networks_that_cannot_be_had_say_why(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "zoo_test_nets_3.py").write_text(USER_MODULE)
    with pytest.raises(InputError, match=words):
        load_network(name, tmp_path)


def test_a_users_own_matconvnet_file_is_measured(tmp_path: Path) -> None:
    tiny_network(tmp_path / "mine.mat")
    network = load_network(str(tmp_path / "mine.mat"), tmp_path)
    rows = list(zoo_rows(network, measure_network(network, read_photograph(None)[0]), "photo"))
    assert {row["class_name"] for row in rows} <= {"thing 0", "thing 1"}
    assert all(math.isfinite(float(row["gain_db"])) for row in rows)  # type: ignore[arg-type]

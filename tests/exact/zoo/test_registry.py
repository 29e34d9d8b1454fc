"""The table of pretrained networks."""

import math
from pathlib import Path

import pytest

from maxgain.errors import InputError
from maxgain.registry import Registry, Row
from maxgain.zoo.registry import read_registry, read_rows


def test_the_registry_holds_the_papers_19_networks_and_the_carried_ones() -> None:
    rows = read_registry()
    by_family = {row.family: [] for row in rows.values()}  # type: ignore[var-annotated]
    for row in rows.values():
        by_family[row.family].append(row)
    assert {family: len(found) for family, found in by_family.items()} == {
        "carried": 3,
        "random-control": 3,
        "matconvnet": 19,
        "onnx-zoo": 26,
    }
    for row in by_family["matconvnet"]:
        assert row.source == f"http://www.vlfeat.org/matconvnet/models/imagenet-{row.name}.mat"
        assert 6 < row.top5_error < 20 < row.top1_error < 43
        assert row.scaling is None
    assert rows["resnet-152-dag"].top5_error == 6.7
    assert rows["caffe-alex"].top5_error == 19.6
    assert [row.top5_error for row in by_family["carried"]] == [7.828, 6.770, 6.250]
    assert all(len(row.checksum) == 64 for row in by_family["carried"])
    assert all(math.isnan(row.top5_error) for row in by_family["random-control"])


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "registry.csv"
    table.write_text("name,family,source\nmine,function,a:b\nmine,function,a:c\n")
    with pytest.raises(InputError, match="has the network 'mine' twice"):
        read_rows(table)
    with pytest.raises(InputError, match="things has 'a' twice"):
        Registry("things", [Row("a", "x:y"), Row("a", "x:z")])

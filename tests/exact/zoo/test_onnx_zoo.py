"""The ONNX Model Zoo as a family: its rows, and a download from a local server."""

import hashlib
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from maxgain.errors import InputError
from maxgain.zoo.fetching import fetch_weights
from maxgain.zoo.loading import load_network
from maxgain.zoo.names import needs_download, resolve_networks
from maxgain.zoo.readers.onnx.loading import read_onnx
from maxgain.zoo.registry import read_registry
from tests.exact.zoo import onnx_files as files


def test_rows_are_pinned_and_say_their_preprocessing() -> None:
    rows = [read_registry()[name] for name in resolve_networks(["onnx-zoo"])]
    assert len(rows) >= 26
    for row in rows:
        address = r"https://media\.githubusercontent\.com/media/onnx/models/[0-9a-f]{40}/.+\.onnx"
        assert re.fullmatch(address, row.source)
        assert re.fullmatch("[0-9a-f]{64}", row.checksum)
        assert row.scaling is not None
        assert row.error_source
        assert row.licence
        assert needs_download(row.name)
    assert len({row.checksum for row in rows}) == len({row.file_name for row in rows}) == len(rows)


def test_a_network_is_downloaded_checked_and_loaded(
    server: tuple[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = files.classifier().SerializeToString()
    row = replace(
        read_registry()["googlenet-7"],
        source=f"{server[0]}/googlenet-7.onnx",
        checksum=hashlib.sha256(content).hexdigest(),
        shape=(3, files.SIDE, files.SIDE),
    )
    for module in ("maxgain.zoo.fetching", "maxgain.zoo.loading"):
        monkeypatch.setattr(f"{module}.find_row", lambda name: row)
    with pytest.raises(InputError, match="fetch-weights googlenet-7"):
        load_network("googlenet-7", tmp_path)
    server[1]["/googlenet-7.onnx"] = content[:-1] + b"!"
    with pytest.raises(InputError, match="SHA-256"):
        fetch_weights("googlenet-7", tmp_path, tmp_path / "lock", progress=False)
    server[1]["/googlenet-7.onnx"] = content
    fetch_weights("googlenet-7", tmp_path, tmp_path / "lock", progress=False)
    network = load_network("googlenet-7", tmp_path)
    assert (network.family, network.top5_error) == ("onnx-zoo", 11.1)
    red, _, blue = network.average_image[:, 0, 0].tolist()
    assert (red, blue) == pytest.approx((123.68, 103.939), rel=1e-5)


KNOWN = {
    "densenet-12": "0294e7e8",
    "inception-v1-12": "814b31a6",
    "zfnet512-12": "c975ca6a",
    "shufflenet-8": "faabc409",
}
"""Beginnings of SHA-256 that were noted down apart from the table."""


def test_checksums_are_those_of_the_large_files() -> None:
    for name, beginning in KNOWN.items():
        assert read_registry()[name].checksum.startswith(beginning)


@pytest.mark.parametrize("name", resolve_networks(["onnx-zoo"]))
def test_every_row_is_loaded_as_it_says(
    name: str,
    server: tuple[str, dict[str, bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a small network in its place: the scaling is what the row says, the mean outside."""
    content = files.classifier().SerializeToString()
    known = read_registry()[name]
    row = replace(
        known,
        source=f"{server[0]}/{known.file_name}",
        checksum=hashlib.sha256(content).hexdigest(),
        shape=(3, files.SIDE, files.SIDE),
    )
    for module in ("maxgain.zoo.fetching", "maxgain.zoo.loading"):
        monkeypatch.setattr(f"{module}.find_row", lambda name: row)
    server[1][f"/{known.file_name}"] = content
    fetch_weights(name, tmp_path, tmp_path / "lock", progress=False)
    network = load_network(name, tmp_path)
    assert known.scaling is not None
    scaling = known.scaling.for_channels(3)
    mean, std = (torch.tensor(x)[:, None, None] for x in (scaling.mean, scaling.std))
    torch.testing.assert_close(network.average_image[:, :1, :1], 255 * mean)
    pixels = torch.rand(1, 3, files.SIDE, files.SIDE) * 255
    expected = (pixels / 255 - mean) / std
    expected = expected.flip(1) if scaling.order == "BGR" else expected
    raw, _, _ = read_onnx(tmp_path / known.file_name)
    torch.testing.assert_close(
        network.network(pixels - network.average_image), raw(expected), rtol=1e-3, atol=1e-3
    )
    assert network.top5_error == known.top5_error or math.isnan(known.top5_error)

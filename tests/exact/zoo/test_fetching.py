"""Downloads of weights: checksums, what is learnt at the first, what is no network."""

import hashlib
from pathlib import Path

import pytest

from maxgain.errors import InputError
from maxgain.zoo import fetching
from maxgain.zoo.fetching import fetch_weights
from maxgain.zoo.loading import load_network
from maxgain.zoo.names import find_row
from tests.exact.zoo.zoo_networks import tiny_network, with_source


def test_first_download_is_trusted_and_later_ones_must_match(
    server: tuple[str, dict[str, bytes]], vgg_f_at: str, tmp_path: Path
) -> None:
    served, lock = server[1], tmp_path / "weights.lock"
    served[vgg_f_at] = tiny_network(tmp_path / "a.mat")
    path = fetch_weights("vgg-f", tmp_path / "one", lock, progress=False)
    assert path is not None
    digest = hashlib.sha256(served[vgg_f_at]).hexdigest()
    assert lock.read_text() == (
        f"name,sha256,bytes\nimagenet-vgg-f.mat,{digest},{len(served[vgg_f_at])}\n"
    )
    network = load_network("vgg-f", tmp_path / "one")
    assert network.top5_error == 18.8
    assert network.average_image.shape == (3, 5, 5)
    assert fetch_weights("vgg-f", tmp_path / "one", lock, progress=False) == path

    served[vgg_f_at] = tiny_network(tmp_path / "b.mat", seed=1)
    with pytest.raises(InputError, match=r"weights\.lock says"):
        fetch_weights("vgg-f", tmp_path / "two", lock, progress=False)
    assert not (tmp_path / "two" / "imagenet-vgg-f.mat").exists()
    path.write_bytes(served[vgg_f_at])
    with pytest.raises(InputError, match=r"weights\.lock says"):
        fetch_weights("vgg-f", tmp_path / "one", lock, progress=False)


def test_what_is_no_network_is_not_trusted(
    server: tuple[str, dict[str, bytes]], vgg_f_at: str, tmp_path: Path
) -> None:
    lock = tmp_path / "weights.lock"
    for content in (b"<html>not found</html>" * 20, tiny_network(tmp_path / "a.mat")[:-50]):
        server[1][vgg_f_at] = content
        with pytest.raises(InputError, match="not the right content"):
            fetch_weights("vgg-f", tmp_path, lock, progress=False)
    assert not lock.exists()
    assert not (tmp_path / "imagenet-vgg-f.mat").exists()


def test_torchvisions_hash_is_enforced(
    server: tuple[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"weights" * 100
    digest = hashlib.sha256(content).hexdigest()
    row = with_source(find_row("alexnet"), f"{server[0]}/alexnet-{digest[:8]}.pth", digest[:8])
    monkeypatch.setattr(fetching, "find_row", lambda name: row)
    server[1][f"/alexnet-{digest[:8]}.pth"] = content
    path = fetch_weights("alexnet", tmp_path, tmp_path / "lock", progress=False)
    assert path is not None
    assert path.read_bytes() == content
    path.unlink()
    server[1][f"/alexnet-{digest[:8]}.pth"] = content[:-1] + b"!"
    with pytest.raises(InputError, match="SHA-256"):
        fetch_weights("alexnet", tmp_path, tmp_path / "lock", progress=False)
    assert not (tmp_path / "lock").exists()

"""The registry of pretrained networks, their loading, fetching, measuring and drawing."""

import hashlib
import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import matconvnet_files as mat
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file
from torch import Tensor, nn
from typer.testing import CliRunner

from maxgain.cli.app import app
from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError
from maxgain.figures.pretrained import draw_fig05, draw_fig06
from maxgain.figures.scatter import draw_fig07
from maxgain.pipeline.zoo import gather_tables, status_path
from maxgain.tables.zoo import ZOO_COLUMNS
from maxgain.zoo import fetching
from maxgain.zoo.crop import crop_photograph
from maxgain.zoo.fetching import fetch_weights
from maxgain.zoo.loading import load_network
from maxgain.zoo.lock import check_or_trust
from maxgain.zoo.measurement import make_probes, measure_network, zoo_rows
from maxgain.zoo.names import find_row, needs_download, resolve_networks
from maxgain.zoo.network import PretrainedNetwork, after_mean_subtraction, mean_colour_image
from maxgain.zoo.readers.state_dict import load_by_order, read_state_dict
from maxgain.zoo.readers.torchvision import (
    as_pretrained,
    build_torchvision,
    load_torchvision,
    read_torchvision_registry,
)
from maxgain.zoo.registry import RegistryRow, Scaling, read_registry
from maxgain.zoo.status import NetworkStatus, read_status, write_status

SCALING = Scaling((0.4, 0.5, 0.6), (0.2, 0.3, 0.4))


def test_the_registry_holds_the_papers_19_networks_and_the_carried_ones() -> None:
    rows = read_registry()
    by_family = {row.family: [] for row in rows.values()}  # type: ignore[var-annotated]
    for row in rows.values():
        by_family[row.family].append(row)
    assert {family: len(found) for family, found in by_family.items()} == {
        "carried": 3,
        "random-control": 3,
        "matconvnet": 19,
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


def test_torchvisions_78_networks_are_read_without_network() -> None:
    rows = read_torchvision_registry()
    assert len(rows) == 78
    assert rows["alexnet"].top5_error == pytest.approx(20.934)
    assert rows["alexnet"].checksum == "7be5be79"
    assert all(0 < row.top5_error < 21 and len(row.checksum) >= 8 for row in rows.values())
    assert find_row("torchvision:alexnet") is find_row("alexnet")
    assert not set(rows) & set(read_registry())


def test_names_are_resolved_and_wrong_ones_refused() -> None:
    assert len(resolve_networks(["matconvnet", "carried", "alexnet"])) == 23
    assert resolve_networks(["timm:resnet18", "mine.nets:build"]) == [
        "timm:resnet18",
        "mine.nets:build",
    ]
    with pytest.raises(InputError, match="'vgg-z' is not known; allowed are"):
        resolve_networks(["vgg-z"])
    with pytest.raises(InputError, match="'vgg-f' is listed twice"):
        resolve_networks(["matconvnet", "vgg-f"])
    assert [needs_download(name) for name in ("tf_efficientnet_lite0", "vgg-f", "alexnet")] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("name", ["googlenet", "densenet121", "mnasnet0_5"])
def test_torchvision_files_are_loaded_by_name(name: str, tmp_path: Path) -> None:
    """Those whose files do not simply fit: further classifiers, old names, versions."""
    network = build_torchvision(name)
    state = network.state_dict()
    if name == "densenet121":
        for key in [key for key in state if "denselayer" in key]:
            old = key.replace(".norm1.", ".norm.1.").replace(".conv2.", ".conv.2.")
            state[old] = state.pop(key)
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    row = _with_source(find_row(name), "", hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    loaded = load_torchvision(row, path)
    image = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        expected = network(image / find_std(row))
        found = loaded.network(255 * image)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="SHA-256"):
        load_torchvision(_with_source(row, "", "00000000"), path)
    with pytest.raises(InputError, match="does not fit the network"):
        load_torchvision(_with_source(find_row("alexnet"), "", row.checksum), path)


def find_std(row: RegistryRow) -> Tensor:
    assert row.scaling is not None
    return torch.tensor(row.scaling.std)[:, None, None]


def _with_source(row: RegistryRow, source: str, checksum: str = "") -> RegistryRow:
    return RegistryRow(
        row.name,
        row.family,
        source,
        checksum,
        row.input_size,
        row.scaling,
        row.top1_error,
        row.top5_error,
        row.error_source,
    )


def test_carried_weights_know_the_photograph(tmp_path: Path) -> None:
    """Matplotlib's photograph shows a military uniform (class 652), as was seen before."""
    network = load_network("tf_efficientnet_lite0", tmp_path)
    photograph, label = read_photograph(None)
    rows = list(zoo_rows(network, measure_network(network, photograph), label))
    assert len(rows) == 3 * 2 * 3  # probes, projections, channels
    assert list(rows[0]) == list(ZOO_COLUMNS)
    natural = [row for row in rows if row["image"] == "natural"]
    assert {(row["predicted_class"], row["class_name"]) for row in natural} == {
        (652, "military uniform")
    }
    assert all(0.3 < row["score"] < 0.6 for row in natural)  # type: ignore[operator]
    assert all("grace_hopper.jpg" in str(row["data"]) for row in natural)
    for first, second in zip(natural[:3], natural[3:], strict=True):
        # z_c dz_c/dx is z_c^2 times d log z_c/dx.
        shift = 40 * math.log10(float(first["score"]))  # type: ignore[arg-type]
        assert second["gain_db"] == pytest.approx(first["gain_db"] + shift, abs=1e-3)  # type: ignore[operator]


def test_random_controls_are_the_same_every_time_and_labelled() -> None:
    name = "tf_efficientnet_lite0-random"
    torch.manual_seed(7)
    first, second = (load_network(name, Path()) for _ in range(2))
    states = first.network.state_dict(), second.network.state_dict()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert first.random_weights
    assert "random weights" in first.weights
    assert torch.initial_seed() == 7


class Sums(nn.Module):
    """Logits that are linear in the image: the sum of the red channel, minus it, and nothing."""

    def forward(self, x: Tensor) -> Tensor:
        total = x[:, 0].sum((1, 2))
        return torch.stack([total, -total, 0 * total], 1)


def linear_network(scaling: Scaling = SCALING, side: int = 6) -> PretrainedNetwork:
    return PretrainedNetwork(
        name="sums",
        family="user",
        network=after_mean_subtraction(Sums(), scaling),
        average_image=mean_colour_image(scaling, side),
        interpolation="bilinear",
        class_names=("up, above", "down"),
        top5_error=math.nan,
        weights="none",
    )


def test_scaling_is_a_part_of_the_network_and_the_mean_is_outside() -> None:
    """The probes are what (x / 255 - mean) / std makes of the photograph and of both impulses."""
    network = linear_network()
    photograph, _ = read_photograph(None)
    natural, centred, raw = make_probes(network, photograph)
    pixels = crop_photograph(photograph, (6, 6), "bilinear")
    mean, std = (torch.tensor(x)[:, None, None] for x in (SCALING.mean, SCALING.std))
    for probe, expected in (
        (natural, (pixels / 255 - mean) / std),
        (centred, torch.zeros(3, 6, 6)),
        (raw, (torch.zeros(3, 6, 6) - mean).expand(3, 6, 6) / std),
    ):
        given = probe.pixels / 255 / std
        if probe.image == "impulse":
            expected = expected.clone()
            expected[:, 3, 3] += 1 / std[:, 0, 0]
        torch.testing.assert_close(given, expected, rtol=1e-5, atol=1e-5)
    assert [probe.is_windowed for probe in (natural, centred, raw)] == [False, True, True]
    assert [network.class_name(i) for i in range(3)] == ["up", "down", "class 2"]


def test_gain_of_a_network_with_scaling_is_per_pixel_unit() -> None:
    """A std ten times as large lowers the gain of a linear network by 20 dB, as far as p does."""
    photograph, _ = read_photograph(None)
    gains = []
    for factor in (1.0, 10.0):
        small = Scaling(SCALING.mean, tuple(1e6 * factor * s for s in SCALING.std))
        measurements = measure_network(linear_network(small), photograph)
        gains.append(float(measurements[0].result.gain[0]))
    assert gains[0] - gains[1] == pytest.approx(20, abs=0.01)


def test_the_crop_is_the_centre_of_the_photograph() -> None:
    photograph, _ = read_photograph(None)  # 512 wide, 600 high
    crop = crop_photograph(photograph, (512, 512), "bilinear")
    expected = np.asarray(photograph)[44:556].transpose(2, 0, 1)
    assert np.array_equal(crop.numpy(), expected)
    assert crop_photograph(photograph, (50, 100), "bicubic").shape == (3, 50, 100)


def test_bad_photographs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_photograph(tmp_path / "none.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match="not a readable image"):
        read_photograph(tmp_path / "bad.jpg")


class _Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('code from a file was run')",))


def test_weights_files_run_no_code(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"x": _Code()}, path)
    with pytest.raises(InputError, match="not a readable weights file"):
        read_state_dict(path)
    torch.save({"x": torch.ones(1)}, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a readable weights file"):
        read_state_dict(path)
    torch.save([torch.ones(1)], path)
    with pytest.raises(InputError, match="something else"):
        read_state_dict(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_state_dict(tmp_path / "none.pth")


def test_tensors_that_do_not_fit_by_order_are_refused(tmp_path: Path) -> None:
    network = nn.Linear(2, 3)
    with pytest.raises(InputError, match="1 tensors; the network has 2"):
        load_by_order(network, {"a": torch.ones(3, 2)}, tmp_path)
    with pytest.raises(InputError, match="'a' has the shape"):
        load_by_order(network, {"a": torch.ones(2, 3), "b": torch.ones(3)}, tmp_path)
    load_by_order(network, {"a": torch.ones(3, 2), "b": torch.ones(3)}, tmp_path)
    assert float(network(torch.ones(1, 2)).sum().detach()) == 9


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Address of a local server, and the files that it serves, by path."""
    served: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in served:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(served[self.path])))
            self.end_headers()
            self.wfile.write(served[self.path])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", served
        http.shutdown()
        thread.join()


def tiny_network(path: Path, seed: int = 0) -> bytes:
    filters = np.random.default_rng(seed).normal(size=(5, 5, 3, 2)).astype(np.float32) / 1e4
    layer = {"type": "conv", "name": "fc", "weights": mat.cells(filters, np.zeros((1, 2)))}
    mat.save_simple(path, [layer], side=5, classes=2)
    return path.read_bytes()


@pytest.fixture
def vgg_f_at(server: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch) -> str:
    """The path at which the server is asked for the weights of vgg-f."""
    row = _with_source(read_registry()["vgg-f"], f"{server[0]}/imagenet-vgg-f.mat")
    for module in ("maxgain.zoo.fetching", "maxgain.zoo.loading"):
        monkeypatch.setattr(f"{module}.find_row", lambda name: row)
    return "/imagenet-vgg-f.mat"


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
    row = _with_source(find_row("alexnet"), f"{server[0]}/alexnet-{digest[:8]}.pth", digest[:8])
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


def test_many_jobs_may_enter_the_lock_file_at_once(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.mat" for number in range(12)]
    for file in files:
        file.write_bytes(file.name.encode())
    lock = tmp_path / "weights.lock"
    jobs = [threading.Thread(target=check_or_trust, args=(f, f.name, lock)) for f in files]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert set(pd.read_csv(lock)["name"]) == {file.name for file in files}


run = CliRunner().invoke


def test_a_dead_link_fails_its_network_alone(
    server: tuple[str, dict[str, bytes]],
    vgg_f_at: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fetch, measure and gather as the workflow does: the rest is drawn, the missing is named."""
    status, lock = tmp_path / "weights/vgg-f.json", tmp_path / "weights.lock"
    folder = ["--folder", str(tmp_path / "weights")]
    fetched = run(app, ["fetch-weights", "vgg-f", *folder, "--lock", str(lock), "--status",
                        str(status)])  # fmt: skip
    assert fetched.exit_code == 0
    assert not read_status(status).ok
    assert "404" in read_status(status).reason

    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "zoo_test_nets.py").write_text(USER_MODULE)
    tables = [tmp_path / "zoo/vgg-f.csv", tmp_path / "zoo/zoo_test_nets:build.csv"]
    for table, name, further in (
        (tables[0], "vgg-f", ["--fetched", str(status)]),
        (tables[1], "zoo_test_nets:build", []),
    ):
        done = run(app, ["zoo-measure", name, "--output", str(table), *folder, *further])
        assert done.exit_code == 0, done.output
    gathered = run(app, ["zoo-table", *map(str, tables), "--output", str(tmp_path / "zoo.csv")])
    assert "404" in gathered.output
    missing = pd.read_csv(tmp_path / "zoo_missing.csv")
    assert missing["name"].tolist() == ["vgg-f"]
    assert "404" in missing["reason"][0]

    zoo = pd.read_csv(tmp_path / "zoo.csv")
    assert list(zoo.columns) == list(ZOO_COLUMNS)
    assert set(zoo["name"]) == {"zoo_test_nets:build"}
    arrays = {
        table.name.removesuffix(".csv"): load_file(str(table).removesuffix("csv") + "safetensors")
        for table in tables
    }
    for figure in (
        draw_fig05(zoo, arrays, ["vgg-f"]),
        draw_fig06(zoo, arrays, ["vgg-f"]),
        draw_fig07(zoo, ["vgg-f"]),
    ):
        assert "not measured: vgg-f" in figure.get_suptitle()


USER_MODULE = """
import torch
from maxgain.networks.scaling import ScaledInput

def build():
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 7, stride=4), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(), torch.nn.Linear(4, 5))
    return ScaledInput(network, (0.5,) * 3, (0.5,) * 3)

def number():
    return 3
"""


def test_measure_prints_the_gain_and_writes_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    (tmp_path / "zoo_test_nets_2.py").write_text(USER_MODULE)
    picture = tmp_path / "picture.png"
    name = "zoo_test_nets_2:build"
    done = run(app, ["measure", name, "--side", "32", "--output", str(picture)])
    assert done.exit_code == 0, done.output
    assert "Maximum Gain" in done.output
    assert "red (dB)" in done.output
    assert "inverse-score" in done.output
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.module:build", "cannot be imported"),
        ("zoo_test_nets_3:nothing", "no function 'nothing'"),
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


def test_statuses_and_tables_are_checked_at_the_door(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_status(path, NetworkStatus("x", False, "no"))
    assert read_status(path) == NetworkStatus("x", False, "no")
    for text in ("{", "[]", json.dumps({"name": 3, "ok": 1}), json.dumps({"nam": 3})):
        path.write_text(text)
        with pytest.raises(InputError, match=r"x\.json"):
            read_status(path)
    table = tmp_path / "y.csv"
    write_status(status_path(table), NetworkStatus("y", True))
    table.write_text("name\ny\n")
    with pytest.raises(InputError, match="no column 'family'"):
        gather_tables([table], tmp_path / "zoo.csv", tmp_path / "missing.csv")


def test_figures_of_nothing_say_so() -> None:
    empty = pd.DataFrame(columns=list(ZOO_COLUMNS))
    for figure in (draw_fig05(empty, {}), draw_fig06(empty, {}), draw_fig07(empty)):
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert "no network measured" in texts


def test_every_preprocessing_of_torchvision_is_understood() -> None:
    """Size, scaling and interpolation come from the weights' metadata, for all networks."""
    for name, row in read_torchvision_registry().items():
        network = as_pretrained(row, nn.Identity())
        assert network.average_image.shape == (3, row.input_size, row.input_size), name
        assert network.interpolation in ("bilinear", "bicubic")
        assert len(network.class_names) == 1000

"""Broken and malicious results: state, snapshots, tables and arrays, read again by later steps."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load, save, save_file

from maxgain.claims.judge import judge
from maxgain.config.experiments import Experiment
from maxgain.config.outputs import Gain
from maxgain.config.parsing import parse_protocol
from maxgain.config.runs import Run, Setting
from maxgain.data.images import DataSet, ImageData
from maxgain.data.pictures import read_photograph
from maxgain.data.prepared import PreparedData, prepare_data
from maxgain.errors import InputError
from maxgain.figures.registry import FIGURES, draw_figure
from maxgain.files.csv import read_frame
from maxgain.pipeline.curves import write_curves
from maxgain.pipeline.jobs import CurvesJob, QuantitiesJob, check_names
from maxgain.pipeline.quantities import measure_snapshots
from maxgain.pipeline.training import run_training_job
from maxgain.tables.curves import CURVE_COLUMNS, CURVE_NUMBERS, RESPONSE_COLUMNS
from maxgain.tables.results import read_result_tables
from maxgain.tables.toy import COLUMNS as TOY_COLUMNS
from maxgain.tables.verdicts import VERDICT_COLUMNS, read_verdicts
from maxgain.tables.zoo import MISSING_COLUMNS, ZOO_COLUMNS
from maxgain.training.snapshots import read_snapshots

REPOSITORY = Path(__file__).parents[3]
MANY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
EXPERIMENT = Experiment(
    **{"dataset": "mnist", "networks": ["lenet-mnist"], "learning_rate": 0.001},
    **{"epochs": 2, "seeds": [0]},
)
JOB = CurvesJob(name="x", experiment=EXPERIMENT, setting=Setting({}))
(RUN,) = JOB.setting.runs(EXPERIMENT)


def prepared() -> PreparedData:
    random = np.random.default_rng(0)
    parts = [
        ImageData(
            torch.from_numpy(random.integers(0, 256, (count, 1, 16, 16), np.uint8)),
            torch.arange(count) % 3,
            ("a", "b", "c"),
        )
        for count in (12, 6)
    ]
    data = DataSet(*parts, "noise", False, {})
    return prepare_data(data, "mean-image", dataset="mnist", source="local")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a finished run by name."""
    folder = tmp_path_factory.mktemp("hostile")
    run_training_job(RUN, prepared(), folder / "run", folder / "state", "cpu", 1)
    measure(folder / "run/snapshots.safetensors")
    return {path.name: path.read_bytes() for path in (folder / "run").iterdir()}


def measure(path: Path) -> None:
    job = QuantitiesJob(gain=Gain(impulse="raw"))
    measure_snapshots(job, path, path.with_name("gains.csv"))


def assert_refused(path: Path, use: Callable[[], object], said: str | None = None) -> None:
    """Check that a call ends in an InputError of one sentence that names the file."""
    with pytest.raises(InputError, match=said) as caught:
        use()
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


# Snapshots


def rewrite_snapshots(
    content: bytes, change: Callable[[dict[str, torch.Tensor]], object], **about: object
) -> bytes:
    """The bytes of a file of snapshots with other content, and a checksum that fits it."""
    length = int.from_bytes(content[:8], "little")
    old = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["architecture"])
    tensors = load(content)
    change(tensors)
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    old["sha256"] = digest.hexdigest()
    return save(tensors, {"architecture": json.dumps(old | about)})


def set_first(value: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., None]:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        name = "parameters.convolution1.weight"
        tensors[name] = value(tensors[name]).contiguous()

    return change


@pytest.mark.parametrize(
    ("change", "about", "said"),
    [
        (set_first(lambda t: t[:, :, :, 1:]), {}, "its tensors are not those of lenet-mnist"),
        (set_first(lambda t: t[:1]), {}, "its tensors are not those"),
        (set_first(lambda t: t.double()), {}, "its tensors are not those"),
        (lambda t: t.pop("parameters.convolution2.bias"), {}, "its tensors are not those"),
        (lambda t: t.update(more=torch.zeros(2)), {}, "its tensors are not those"),
        (lambda t: t.clear(), {}, "its tensors are not those"),
        (lambda t: t.pop("mean_image"), {}, "its tensors are not those"),
        (lambda t: t["mean_image"].fill_(torch.nan), {}, "its mean image is not finite"),
        (len, {"name": "vgg"}, "network 'vgg' is not known; allowed are lenet-mnist"),
        (len, {"name": ["lenet-mnist"]}, "name: Input should be a valid string"),
        (len, {"classes": 10**7}, "its tensors are not those"),
        (len, {"classes": 10**30}, "classes: Input should be less than"),
        (len, {"shape": [1, 10**9, 10**9]}, "its tensors are not those|no network"),
        (len, {"shape": [1, 16]}, "shape"),
        (len, {"name": "lenet-cifar", "capacity": 1e9}, "capacity is 1e"),
        (len, {"capacity": float("nan")}, "capacity"),
        (len, {"code": "import os"}, "code: Extra inputs"),
        (len, {"format": 1}, "has format 1 of snapshots, .* reads only 2; train the run again"),
    ],
)
def test_snapshots_of_other_content_are_refused(
    tmp_path: Path,
    made: dict[str, bytes],
    change: Callable[..., object],
    about: dict[str, object],
    said: str,
) -> None:
    path = tmp_path / "snapshots.safetensors"
    path.write_bytes(rewrite_snapshots(made[path.name], len))
    measure(path)
    path.write_bytes(rewrite_snapshots(made[path.name], change, **about))
    assert_refused(path, lambda: measure(path), said)


@MANY
@given(data=st.data())
def test_snapshots_with_a_flipped_bit_or_cut_off_are_refused(
    tmp_path: Path, made: dict[str, bytes], data: st.DataObject
) -> None:
    path = tmp_path / "snapshots.safetensors"
    content = bytearray(made[path.name])
    length = int.from_bytes(content[:8], "little")
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, 8 + length) | st.integers(0, len(content) - 1))
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    path.write_bytes(content)
    try:
        snapshots = read_snapshots(path)
    except InputError as error:
        assert path.name in str(error)  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
        return
    # Spaces that pad the header say nothing.
    path.write_bytes(made[path.name])
    whole = read_snapshots(path)
    if snapshots.architecture != whole.architecture:
        # One bit of a known name gives an unknown one, which no network is built of.
        path.write_bytes(content)
        assert_refused(path, lambda: measure(path), "is not known")
    assert all(torch.equal(x, whole.parameters[name]) for name, x in snapshots.parameters.items())


# A run's tables


def lay_out(folder: Path, files: dict[str, bytes]) -> Path:
    run = folder / "runs" / RUN.name
    run.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (run / name).write_bytes(content)
    return run


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("history.csv", lambda c: c[:-3], "is cut off: its last line has no end"),
        ("gains.csv", lambda c: c[:-3], "is cut off"),
        ("gains.csv", lambda c: c[: c.rindex(b"\n", 0, -1) + 1], "2 epochs in history.csv and 1"),
        ("gains.csv", lambda c: c.replace(b"\n2,", b"\n3,"), "the epoch '3' where 2 must come"),
        ("history.csv", lambda c: c.replace(b"\n1,", b"\n2,"), "the epoch '2' where 1 must"),
        ("gains.csv", lambda c: c.replace(b"\n1,-", b"\n1,~"), "gain_db is '~.*must be a number"),
        ("history.csv", lambda c: c.replace(b"\n1,", b"\n1,x"), "epoch_learning_rate is 'x0.001'"),
        ("history.csv", lambda c: c + b"\x80\n", "is not a table"),
        ("provenance.json", lambda c: c[:-9], "is not the provenance of a run"),
        ("provenance.json", lambda c: b"[]", "is not the provenance of a run"),
        ("provenance.json", lambda c: b"[" * 10**5, "is not the provenance of a run"),
    ],
)
def test_damaged_tables_of_a_run_are_named(
    tmp_path: Path,
    made: dict[str, bytes],
    name: str,
    change: Callable[[bytes], bytes],
    said: str,
) -> None:
    run = lay_out(tmp_path, made)
    write_curves(JOB, tmp_path / "runs", tmp_path / "curves.csv")
    (run / name).write_bytes(change(made[name]))
    assert (run / name).read_bytes() != made[name]
    with pytest.raises(InputError, match=said) as caught:
        write_curves(JOB, tmp_path / "runs", tmp_path / "second.csv")
    assert name in str(caught.value)
    assert not (tmp_path / "second.csv").exists()


# Tables and arrays of a whole protocol


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Committed result tables, cut short, and arrays for the toy network and one other."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "curves").mkdir()
    committed = REPOSITORY / "results/embedded"
    for name in ("mnist_rates", "capacity"):
        table = pd.read_csv(committed / f"curves/{name}.csv")
        short = table[(table["epoch"] <= 2) & (table["seed"] == 0)]
        short = short.assign(**dict.fromkeys(RESPONSE_COLUMNS, -1.5))
        short.to_csv(folder / f"curves/{name}.csv", index=False, na_rep="nan")
    for name in ("toy.csv", "zoo.csv", "zoo_missing.csv"):
        (folder / name).write_bytes((committed / name).read_bytes())
    random = np.random.default_rng(0)
    flat = ("image", "filter", "feature_map", "gradient_place", "gradient_everywhere")
    arrays = {name: torch.from_numpy(random.normal(size=(24, 20))) for name in flat}
    save_file(arrays | {"place": torch.tensor([12, 10])}, folder / "toy.safetensors")
    trained = pd.read_csv(folder / "zoo.csv").query("not random_weights")["name"].iloc[0]
    maps = torch.from_numpy(random.normal(size=(3, 8, 8)))
    deep = {
        f"{image}.{kind}": maps.clone()
        for image in ("natural", "impulse")
        for kind in ("gradient", "response")
    }
    pixels = {f"{image}.pixels": maps.clone().byte() for image in ("natural", "impulse")}
    save_file(deep | pixels, folder / f"{trained}.safetensors")
    return folder


def users(folder: Path, name: str) -> Iterator[Callable[[], object]]:
    """Calls that read a result file."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    networks = [path for path in files if path.name != "toy.safetensors"]
    figures = {"mnist_rates": "fig08", "capacity": "fig13", "toy": "fig01", "zoo": "fig07"}
    figure = figures.get(Path(name).stem, "fig05")
    needed = networks if "*.safetensors" in FIGURES.find(figure).files else files
    if name != "toy.csv":
        yield lambda: draw_figure(figure, needed)
    if name.endswith(".csv") and name != "zoo_missing.csv":
        yield lambda: judge(read_result_tables(folder))


def network_file(results: Path) -> str:
    return next(path.name for path in results.glob("*.safetensors") if path.stem != "toy")


TABLES = ("curves/mnist_rates.csv", "curves/capacity.csv", "toy.csv", "zoo.csv", "zoo_missing.csv")
VALUES = ("text", "nan", "inf", "-inf", "-1", "1e308", "9" * 40, "", "\0", "1e9", "2.5", "True")


def test_the_results_are_good_before_they_are_damaged(results: Path) -> None:
    for name in (*TABLES, "toy.safetensors", network_file(results)):
        for use in users(results, name):
            use()


@MANY
@given(data=st.data())
def test_damaged_results_are_read_or_refused_in_one_sentence(
    results: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from((*TABLES, "toy.safetensors", network_file(results))))
    path = results / name
    whole = path.read_bytes()
    kinds = ["bit", "cut", "cell"] if name.endswith(".csv") else ["bit", "cut"]
    kind = data.draw(st.sampled_from(kinds))
    # Headers are where bits matter.
    place = data.draw(st.integers(0, min(len(whole), 900) - 1) | st.integers(0, len(whole) - 1))
    if kind == "bit":
        flipped = whole[place] ^ (1 << data.draw(st.integers(0, 7)))
        content = whole[:place] + bytes([flipped]) + whole[place + 1 :]
    elif kind == "cut":
        content = whole[:place]
    else:
        rows = list(csv.reader(io.StringIO(whole.decode(), newline="")))
        row = rows[data.draw(st.integers(0, len(rows) - 1))]
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(st.sampled_from(VALUES))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        content = text.getvalue().encode()
    path.write_bytes(content)
    try:
        for use in users(results, name):
            try:
                use()
            except InputError as error:
                assert path.stem in str(error), error  # noqa: PT017
                assert "\n" not in str(error)  # noqa: PT017
            else:
                assert kind != "cut" or content.endswith(b"\n"), "a table cut off was accepted"
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("image", lambda t: t[0]),
        ("image", lambda t: t[:0]),
        ("image", lambda t: t[None]),
        ("image", lambda t: t.bfloat16()),
        ("place", lambda t: t.double()),
        ("place", lambda t: t[:1]),
    ],
)
def test_arrays_of_another_form_are_refused(
    results: Path, tmp_path: Path, name: str, change: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    path = tmp_path / "toy.safetensors"
    tensors = load((results / "toy.safetensors").read_bytes())
    save_file(tensors | {name: change(tensors[name]).contiguous()}, path)
    assert_refused(path, lambda: draw_figure("fig01", [path]))


def test_bfloat16_is_refused_whatever_is_imported(results: Path, tmp_path: Path) -> None:
    pytest.importorskip("ml_dtypes")
    path = tmp_path / "toy.safetensors"
    tensors = load((results / "toy.safetensors").read_bytes())
    save_file(tensors | {"image": tensors["image"].bfloat16()}, path)
    assert_refused(path, lambda: draw_figure("fig01", [path]), "bfloat16")


def test_a_networks_file_without_an_array_is_named(results: Path, tmp_path: Path) -> None:
    path = tmp_path / network_file(results)
    tensors = load((results / path.name).read_bytes())
    del tensors["natural.response"]
    save_file(tensors, path)
    tables = [results / "zoo.csv", results / "zoo_missing.csv"]
    assert_refused(path, lambda: draw_figure("fig05", [*tables, path]), "lack 'natural.response'")


def test_a_table_must_have_its_columns_and_numbers(tmp_path: Path) -> None:
    assert set(CURVE_NUMBERS) <= set(CURVE_COLUMNS)
    path = tmp_path / "toy.csv"
    good = dict.fromkeys(TOY_COLUMNS, "x") | {"frequency": "0.5", "value": "nan"}
    for change in ({"frequency": "text"}, {"value": "text"}):
        pd.DataFrame([good]).to_csv(path, index=False)
        read_result_tables(tmp_path)
        pd.DataFrame([good | change]).to_csv(path, index=False)
        assert_refused(path, lambda: read_result_tables(tmp_path), "must hold numbers")
    for column in TOY_COLUMNS:
        pd.DataFrame([good]).drop(columns=column).to_csv(path, index=False)
        assert_refused(path, lambda: read_result_tables(tmp_path), f"no column '{column}'")
    for columns in (ZOO_COLUMNS, MISSING_COLUMNS):
        path.write_text("a\n1\n")
        assert_refused(path, lambda columns=columns: read_frame(path, columns), "has no column")  # type: ignore[misc]


@pytest.mark.parametrize("content", [b"", b"id\n", b"\x80\n", b'"a\n', b"a,b\n1,2,3\n"])
def test_no_verdict_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_bytes(content)
    assert_refused(path, lambda: read_verdicts(path))
    row = dict.fromkeys(VERDICT_COLUMNS, "1") | {"verdict": "reproduced", "stand_in": "True"}
    pd.DataFrame([row | {"stand_in": "perhaps"}]).to_csv(path, index=False)
    assert_refused(path, lambda: read_verdicts(path), "stand_in 'perhaps'; allowed are True, False")
    for change in ({"seeds": "nan"}, {"effect": "text"}):
        pd.DataFrame([row]).to_csv(path, index=False)
        read_verdicts(path)
        pd.DataFrame([row | change]).to_csv(path, index=False)
        assert_refused(path, lambda: read_verdicts(path), "text in place of a number")


# Photographs


@pytest.mark.parametrize("image_format", ["EPS", "GIF", "PPM"])
def test_photographs_of_other_formats_are_refused(tmp_path: Path, image_format: str) -> None:
    path = tmp_path / "photograph"
    Image.new("RGB", (8, 8)).save(path, image_format)
    assert_refused(path, lambda: read_photograph(path), "not a readable image")


def test_a_photograph_that_declares_absurd_sizes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.bmp"
    Image.new("RGB", (8, 8)).save(path)
    content = bytearray(path.read_bytes())
    content[18:26] = (10_000).to_bytes(4, "little") * 2
    path.write_bytes(content)
    assert_refused(path, lambda: read_photograph(path), "not a readable image.*100000000 pixels")


@MANY
@given(data=st.data())
def test_damaged_photographs_never_end_in_another_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from(["BMP", "JPEG", "PNG", "TIFF", "WEBP"]))
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "photograph"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        image, _ = read_photograph(path)
    except InputError as error:
        assert path.name in str(error)  # noqa: PT017
        return
    assert image.width * image.height <= Image.MAX_IMAGE_PIXELS  # type: ignore[operator]


# Configuration


def bomb(levels: int) -> object:
    """Lists whose aliases stand for 9 ** levels values, in a few lines of YAML."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    return yaml.safe_load("\n".join(lines))[f"a{levels - 1}"]


@pytest.mark.parametrize(
    ("experiment", "said"),
    [
        ({"learning_rate": "1e999999999"}, "must be a number or a fraction"),
        ({"learning_rate": "1/" + "3" * 5000}, "must be a number or a fraction"),
        ({"seeds": bomb(12)}, "must be a whole number"),
        ({"rate_factors": bomb(12)}, "must be a number or a fraction"),
        ({"schedule": bomb(12)}, "pair"),
        ({"epochs": 10**30}, "less than 2147483648"),
        (
            {"capacities": [10**9]},
            "capacity is 1e[+]09; .* takes 1/32 to 64",
        ),
    ],
)
def test_absurd_configurations_are_refused_at_once(
    experiment: dict[str, object], said: str
) -> None:
    raw = {
        "protocol": "x",
        "datasets": {"cifar10": {}},
        "experiments": {
            "capacity": {
                **{"dataset": "cifar10", "networks": ["lenet-cifar"], "learning_rate": 1},
                **{"epochs": 1, "seeds": [0]},
                **experiment,
            }
        },
    }
    with pytest.raises(InputError, match=said) as caught:
        check_names(parse_protocol(raw))
    assert len(str(caught.value)) < 500


def test_labels_are_printable() -> None:
    source = {"source": "local", "location": "x", "label": "a\x1b[2Jb"}
    with pytest.raises(InputError, match=r"label.*must be printable"):
        parse_protocol({"protocol": "x", "datasets": {"mnist": source}})


def test_absurd_capacities_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    run: Run = replace(RUN, architecture="lenet-cifar", capacity=1e9)
    with pytest.raises(InputError, match="capacity is 1e"):
        run_training_job(run, prepared(), tmp_path / "run", tmp_path / "state", "cpu", 1)

"""The configuration: what it means, and what it says of every kind of mistake."""

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from maxgain.config.experiments import Run
from maxgain.config.parsing import parse_experiment, parse_protocol, parse_protocol_json
from maxgain.config.protocol import Protocol
from maxgain.errors import InputError

REPOSITORY = Path(__file__).parents[3]
OVERLAYS = sorted((REPOSITORY / "workflow" / "protocols").glob("*.yaml"))

Raw = dict[str, Any]


def _shipped(overlay: Path | None = None) -> Protocol:
    """The shipped configuration under an overlay, merged as Snakemake merges them."""
    config = load_configfile(REPOSITORY / "config.yaml")
    for path in _stack(overlay) if overlay else []:
        update_config(config, load_configfile(path))
    return parse_protocol(config)


def _stack(overlay: Path) -> list[Path]:
    """An overlay and the one it goes on top of: paper-two-cores is used after paper."""
    below = [path for path in OVERLAYS if f"{overlay.stem}-".startswith(f"{path.stem}-")]
    return sorted(below, key=lambda path: len(path.stem))


def _small() -> Raw:
    """A configuration without mistakes, as YAML gives it."""
    return yaml.safe_load(
        """
        protocol: small
        data: {mnist: {}, cifar10: {}}
        experiments:
          digits: {dataset: mnist, learning_rate: 0.001, epochs: 20, seeds: [0]}
          colours:
            dataset: cifar10
            learning_rate: 0.05
            rate_factors: [1, 1/3, 1/10]
            epochs: 45
            seeds: [0, 1]
          networks:
            dataset: cifar10
            learning_rate: 0.005
            networks: [lenet, nin]
            epochs: 100
            fewer_epochs: {nin: 4}
            seeds: [0]
        """
    )


# --- the shipped protocols


def test_overlays_are_found() -> None:
    assert {path.stem for path in OVERLAYS} >= {"paper", "smoke"}


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.stem)
def test_overlays_are_whole_protocols(overlay: Path) -> None:
    protocol = _shipped(overlay)
    assert protocol.protocol == _stack(overlay)[0].stem
    assert protocol.experiments.keys() == _shipped().experiments.keys()
    assert protocol.runs()


def test_default_is_the_embedded_protocol() -> None:
    protocol = _shipped()
    assert protocol.protocol == "embedded"
    assert {data.source for data in protocol.data.values()} == {"embedded"}


def test_paper_overlay_is_the_papers_protocol() -> None:
    protocol = _shipped(REPOSITORY / "workflow/protocols/paper.yaml")
    assert {data.source for data in protocol.data.values()} == {"official"}
    assert {data.training_images for data in protocol.data.values()} == {None}
    six = [1, 2, 3, 4, 1 / 3, 1 / 10]
    expected = {
        "mnist_rates": (0.001, six, 20, [1], ["lenet"]),
        "cifar_rates": (0.05, six, 45, [1], ["lenet"]),
        "networks": (0.005, [1], 100, [1], ["lenet", "nin"]),
        "capacity": (0.005, [1], 100, [0.25, 1, 4], ["lenet"]),
    }
    for name, (rate, factors, epochs, capacities, networks) in expected.items():
        experiment = protocol.experiments[name]
        assert float(experiment.learning_rate) == rate
        assert [float(factor) for factor in experiment.rate_factors] == factors
        assert {run.epochs for run in experiment.runs()} == {epochs}
        assert [float(capacity) for capacity in experiment.capacities] == capacities
        assert experiment.networks == networks
        assert (experiment.batch_size, experiment.momentum) == (100, 0.9)


@pytest.mark.parametrize("overlay", [None, *OVERLAYS], ids=lambda path: path and path.stem)
def test_protocols_survive_json(overlay: Path | None) -> None:
    protocol = _shipped(overlay)
    assert parse_protocol_json(protocol.model_dump_json()) == protocol
    for experiment in protocol.experiments.values():
        assert parse_experiment(experiment.model_dump_json()) == experiment


# --- runs


def test_equal_settings_are_trained_once_for_the_most_epochs() -> None:
    protocol = parse_protocol(_small())
    tenth = next(r for r in protocol.experiments["colours"].runs() if r.rate_factor == 0.1)
    lenet = next(r for r in protocol.experiments["networks"].runs() if r.network == "lenet")
    assert tenth.learning_rate == lenet.learning_rate == 0.005
    assert tenth.name == lenet.name
    assert (tenth.epochs, lenet.epochs) == (45, 100)
    assert protocol.runs()[lenet.name].epochs == 100
    assert len(protocol.runs()) == 1 + 6 + 2 - 1
    turned = _small()
    turned["experiments"] = dict(reversed(turned["experiments"].items()))
    assert parse_protocol(turned).runs() == protocol.runs()


def test_fewer_epochs_are_for_the_named_arm_alone() -> None:
    runs = parse_protocol(_small()).experiments["networks"].runs()
    assert {run.network: run.epochs for run in runs} == {"lenet": 100, "nin": 4}


def test_factors_are_exact() -> None:
    raw = _small()
    raw["experiments"]["digits"]["rate_factors"] = ["1/3", 0.1, "0.2", 3]
    runs = parse_protocol(raw).experiments["digits"].runs()
    assert [run.learning_rate for run in runs] == [0.001 / 3, 0.0001, 0.0002, 0.003]
    assert [run.rate_factor for run in runs] == [1 / 3, 0.1, 0.2, 3.0]


_SETTINGS = {
    "dataset": st.sampled_from(["mnist", "cifar10"]),
    "network": st.sampled_from(["lenet", "nin"]),
    "capacity": st.sampled_from([0.25, 1.0, 4.0]),
    "learning_rate": st.sampled_from([0.05, 0.005, 0.001, 0.001 / 3, 1e-5]),
    "rate_factor": st.sampled_from([1.0, 0.1]),
    "seed": st.integers(0, 12),
    "epochs": st.integers(1, 3),
    "batch_size": st.sampled_from([1, 10, 100]),
    "momentum": st.sampled_from([0.0, 0.9, 0.95]),
    "schedule": st.lists(
        st.tuples(st.sampled_from([1, 3, 30]), st.sampled_from([1.0, 0.1, 1e-5])), max_size=2
    ).map(tuple),
    "precision": st.sampled_from(["fp32", "tf32", "bf16"]),
}
_RUNS = st.fixed_dictionaries(_SETTINGS)


@settings(max_examples=300, deadline=None)
@given(one=_RUNS, another=_RUNS)
def test_names_are_equal_where_settings_are(one: Raw, another: Raw) -> None:
    first, second = Run(**one), Run(**another)
    assert (first.name == second.name) == (
        replace(first, epochs=1, rate_factor=1.0) == replace(second, epochs=1, rate_factor=1.0)
    )
    assert "//" not in first.name
    assert not set(first.name) & set(" '\"$*?{}")


@settings(max_examples=60, deadline=None)
@given(settings_=_RUNS, field=st.sampled_from(sorted(_SETTINGS)), others=_RUNS)
def test_every_setting_but_epochs_and_factor_changes_the_name(
    settings_: Raw, field: str, others: Raw
) -> None:
    run = Run(**settings_)
    changed = replace(run, **{field: others[field]})
    differs = changed != run and field not in ("epochs", "rate_factor")
    assert (changed.name != run.name) == differs


def test_settings_that_a_name_cannot_tell_apart_are_refused() -> None:
    raw = _small()
    raw["experiments"]["twin"] = raw["experiments"]["digits"] | {"learning_rate": 0.00100000001}
    with pytest.raises(InputError, match=r"digits and experiments.twin both have a run named"):
        parse_protocol(raw)


def test_longer_runs_cost_more() -> None:
    runs = _shipped(REPOSITORY / "workflow/protocols/paper.yaml").runs().values()
    costs = {(run.network, run.capacity, run.dataset): run.cost / run.epochs for run in runs}
    assert sorted(costs, key=lambda arm: costs[arm]) == [
        ("lenet", 0.25, "cifar10"),
        ("lenet", 1.0, "mnist"),
        ("lenet", 1.0, "cifar10"),
        ("lenet", 4.0, "cifar10"),
        ("nin", 1.0, "cifar10"),
    ]


# --- mistakes

_MISSING = object()


def _at(*path: str, value: object) -> Callable[[Raw], None]:
    def change(raw: Raw) -> None:
        section = raw
        for key in path[:-1]:
            section = section.setdefault(key, {})
        if value is _MISSING:
            del section[path[-1]]
        else:
            section[path[-1]] = value

    return change


def _in(key: str, value: object) -> Callable[[Raw], None]:
    return _at("experiments", "colours", key, value=value)


WHOLE = "must be a whole number"
NUMBER = "must be a number or a fraction such as '1/3'"


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        # unknown keys
        (_at("devcie", value="cpu"), ["'devcie'", "not a known key", "device", "threads"]),
        (_at("gain", "window", value=1), ["'gain.window'", "impulse, impulse_value, projection"]),
        (_at("data", "imagenet", value={}), ["'data.imagenet'", "mnist, cifar10"]),
        (_at("data", "mnist", "path", value="a"), ["'data.mnist.path'", "location"]),
        (_in("learning_rates", 1), ["'experiments.colours.learning_rates'", "learning_rate,"]),
        (_at("experiments", "A b", value={}), ["'experiments.A b'", "lower-case letters"]),
        (_at("figures", "dpi", value=3), ["'figures.dpi'", "formats"]),
        (_at("pretrained", "model", value=3), ["'pretrained.model'", "networks"]),
        (lambda raw: raw.update({1: 2}), ["'1' is not a known key", "protocol"]),
        # missing keys
        (_at("protocol", value=_MISSING), ["'protocol' is missing", "a name of lower-case"]),
        (_at("data", value=_MISSING), ["'data' is missing", "mnist, cifar10"]),
        (_at("data", "mnist", value=_MISSING), ["experiments.digits needs data.mnist"]),
        (_in("seeds", _MISSING), ["'experiments.colours.seeds' is missing", "whole numbers"]),
        (_in("epochs", _MISSING), ["epochs' is missing", "a whole number greater than 0"]),
        # sections that are null or something else
        (_at("gain", value=None), ["'gain' is null", "must be a mapping", "projection"]),
        (_at("data", value=None), ["'data' is null", "must be a mapping", "mnist, cifar10"]),
        (_at("data", "mnist", value=None), ["'data.mnist' is null", "mapping", "source"]),
        (_at("experiments", value=None), ["'experiments' is null", "must be a mapping"]),
        (_at("experiments", "x", value=None), ["'experiments.x' is null", "learning_rate"]),
        (_at("experiments", "x", value=[1]), ["'experiments.x' is [1]", "mapping"]),
        (_in("seeds", None), ["seeds' is null", "must be a list"]),
        (_in("fewer_epochs", [3]), ["fewer_epochs' is [3]", "must be a mapping", "lenet x4"]),
        # names
        (_at("device", value="tpu"), ["'device' is 'tpu'", "'auto', 'cpu' or 'cuda'"]),
        (_in("networks", ["vgg"]), ["networks.0' is 'vgg'", "'lenet' or 'nin'"]),
        (_in("dataset", "svhn"), ["dataset' is 'svhn'", "'mnist' or 'cifar10'"]),
        (_in("precision", "fp8"), ["precision' is 'fp8'", "'fp32', 'tf32' or 'bf16'"]),
        (_at("protocol", value="A b"), ["'protocol' is 'A b'", "lower-case letters"]),
        (_at("protocol", value="../x"), ["'protocol' is '../x'", "lower-case letters"]),
        (_at("protocol", value=5), ["'protocol' is 5", "must be text"]),
        (_at("figures", "formats", value=["gif"]), ["'gif'", "'svg', 'png' or 'pdf'"]),
        (_at("figures", "formats", value="svg"), ["formats' is 'svg'", "must be a list"]),
        (_at("gain", "projection", value="max"), ["'max'", "'inverse-score' or 'score'"]),
        (_at("gain", "impulse", value="left"), ["'left'", "'centred' or 'raw'"]),
        (_at("data", "mnist", "source", value="ftp"), ["'ftp'", "'official', 'local' or"]),
        (_at("data", "mnist", "source", value="local"), ["data.mnist", "needs a location"]),
        (
            _at("data", "mnist", value={"training_images": 9, "statistics_images": 8}),
            ["statistics_images is 8", "allowed are training_images, 9, and more"],
        ),
        (_at("data", "mnist", "statistics_images", value=8), ["needs training_images"]),
        (_at("data", "mnist", "location", value=5), ["location' is 5", "must be a path"]),
        (_at("data", "mnist", "stand_in", value="yes"), ["'yes'", "must be true or false"]),
        (_at("data", "mnist", "label", value="x"), ["data.mnist", "label is for the source"]),
        # numbers
        (_in("learning_rate", -0.05), ["learning_rate' is -0.05", "must be greater than 0"]),
        (_in("learning_rate", 0), ["learning_rate' is 0", "must be greater than 0"]),
        (_in("learning_rate", math.nan), ["learning_rate' is nan", NUMBER]),
        (_in("learning_rate", math.inf), ["learning_rate' is inf", NUMBER]),
        (_in("learning_rate", "fast"), ["learning_rate' is 'fast'", NUMBER]),
        (_in("learning_rate", True), ["learning_rate' is true", NUMBER]),
        (_in("learning_rate", None), ["learning_rate' is null", NUMBER]),
        (_in("learning_rate", "1e400"), ["'1e400'", "between 1e-12 and 1e12"]),
        (_in("rate_factors", [1, "1/0"]), ["rate_factors.1' is '1/0'", NUMBER]),
        (_in("rate_factors", [1, "-1/3"]), ["rate_factors.1' is '-1/3'", "greater than 0"]),
        (_in("rate_factors", [1, "2/2"]), ["rate_factors' is [1, '2/2']", "a value twice"]),
        (_in("rate_factors", 3), ["rate_factors' is 3", "must be a list"]),
        (_in("rate_factors", []), ["rate_factors' is []", "at least one value"]),
        (_in("capacities", ["1/64"]), ["experiments.colours", "1/64", "1/32"]),
        (_in("epochs", 0), ["epochs' is 0", "must be greater than 0"]),
        (_in("epochs", 2.5), ["epochs' is 2.5", WHOLE]),
        (_in("epochs", "20"), ["epochs' is '20'", WHOLE]),
        (_in("epochs", True), ["epochs' is true", WHOLE]),
        (_in("epochs", math.nan), ["epochs' is nan", WHOLE]),
        (_in("batch_size", 0), ["batch_size' is 0", "must be greater than 0"]),
        (_in("momentum", 1), ["momentum' is 1", "must be less than 1"]),
        (_in("momentum", math.nan), ["momentum' is nan", "must be a finite number"]),
        (_in("momentum", False), ["momentum' is false", "must be a number"]),
        (_in("seeds", [3, 3]), ["seeds' is [3, 3]", "must not name a value twice"]),
        (_in("seeds", ["a"]), ["seeds.0' is 'a'", WHOLE]),
        (_in("seeds", [0, 1.5]), ["seeds.1' is 1.5", WHOLE]),
        (_in("seeds", [True]), ["seeds.0' is true", WHOLE]),
        (_in("seeds", [-1]), ["seeds.0' is -1", "greater than or equal to 0"]),
        (_in("seeds", [2**32]), ["seeds.0' is 4294967296", "less than 4294967296"]),
        (_in("seeds", 3), ["seeds' is 3", "must be a list"]),
        (_in("schedule", [5]), ["schedule.0' is 5", "a pair [epochs, factor]"]),
        (_in("schedule", [[30]]), ["is [30]", "a pair [epochs, factor]"]),
        (_in("schedule", [[30, 1, 2]]), ["schedule.0' is [30, 1, 2]", "a pair [epochs, factor]"]),
        (_in("schedule", [[0, 1]]), ["schedule.0.0' is 0", "greater than 0"]),
        (_in("fewer_epochs", {"nin": 3}), ["fewer_epochs names 'nin'", "allowed are lenet"]),
        (_in("fewer_epochs", {"lenet": 0}), ["fewer_epochs.lenet' is 0", "greater than 0"]),
        (_in("fewer_epochs", {"lenet": 46}), ["fewer_epochs.lenet is 46", "1 to epochs, 45"]),
        (_at("threads", value=0), ["'threads' is 0", "greater than 0"]),
        (_at("gain", "impulse_value", value=300), ["impulse_value' is 300", "equal to 255"]),
        (_at("gain", "impulse_value", value=math.nan), ["impulse_value' is nan", "finite"]),
        (_at("gain", "impulse_value", value=0), ["impulse_value' is 0", "greater than 0"]),
        (_at("data", "mnist", "training_images", value=-1), ["is -1", "greater than 0"]),
        # what does not go together
        (_at("experiments", "networks", "dataset", value="mnist"), ["'nin' needs the dataset"]),
        (
            _at("experiments", "networks", "capacities", value=[4]),
            ["needs the dataset cifar10 and capacities [1]"],
        ),
        (_at("experiments", "digits", "capacities", value=[2]), ["mnist needs capacities [1]"]),
        (
            lambda raw: (_at("device", value="cpu")(raw), _in("precision", "tf32")(raw)),
            ["experiments.colours.precision is 'tf32'", "'cpu'", "allowed are fp32, bf16"],
        ),
    ],
)
def test_a_mistake_is_one_sentence_with_key_value_and_what_is_allowed(
    change: Callable[[Raw], object], parts: list[str]
) -> None:
    raw = _small()
    parse_protocol(copy.deepcopy(raw))  # Nothing else is wrong with it.
    change(raw)
    with pytest.raises(InputError) as caught:
        parse_protocol(raw, "config.yaml")
    said = str(caught.value)
    assert said.startswith("config.yaml: ")
    assert said.endswith(".")
    assert "\n" not in said
    assert [part for part in parts if part not in said] == [], said


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize("raw", [None, [], "text"])
def test_a_configuration_that_is_no_mapping_is_refused(raw: object) -> None:
    with pytest.raises(InputError, match=r"config.yaml is .*; it must be a mapping; allowed in it"):
        parse_protocol(raw, "config.yaml")  # type: ignore[arg-type]


@pytest.mark.parametrize("parse", [parse_experiment, parse_protocol_json])
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}"])
def test_json_that_is_something_else_is_refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(InputError, match=r"^the (experiment|protocol): .*[.]$"):
        parse(text)


def test_a_misspelt_key_is_named_rather_than_the_missing_one() -> None:
    raw = _small()
    raw["experiments"]["digits"]["epoch"] = raw["experiments"]["digits"].pop("epochs")
    with pytest.raises(
        InputError, match=r"'experiments.digits.epoch' is not a known key; .*epochs"
    ):
        parse_protocol(raw)

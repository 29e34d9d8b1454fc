"""The configuration: what it means, and what it says of every kind of mistake."""

import copy
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from maxgain.config.parsing import parse_json, parse_protocol
from maxgain.config.protocol import Protocol
from maxgain.config.runs import Run
from maxgain.config.yaml_files import read_configuration
from maxgain.errors import InputError

REPOSITORY = Path(__file__).parents[3]
OVERLAYS = sorted((REPOSITORY / "workflow" / "protocols").glob("*.yaml"))

Raw = dict[str, Any]


def _shipped(overlay: Path | None = None) -> Protocol:
    """The shipped configuration under an overlay, merged as the workflow merges them."""
    files = [REPOSITORY / "config.yaml", *(_stack(overlay) if overlay else [])]
    return parse_protocol(read_configuration(files))


def _stack(overlay: Path) -> list[Path]:
    """An overlay and the one it goes on top of: paper-original-pixels is used after paper."""
    if not re.search(r"(?i)after\s(# )?\w+\.yaml", overlay.read_text()):
        return [overlay]
    below = [path for path in OVERLAYS if f"{overlay.stem}-".startswith(f"{path.stem}-")]
    return sorted(below, key=lambda path: len(path.stem))


def _small() -> Raw:
    """A configuration without mistakes, as YAML gives it."""
    return yaml.safe_load(
        """
        protocol: small
        datasets: {mnist: {}, cifar10: {augmentation: batch-flip}}
        networks:
          digits-lenet: {from: lenet-mnist, label: lenet}
          lenet: {from: lenet-cifar}
        experiments:
          digits:
            {dataset: mnist, networks: [digits-lenet], learning_rate: 0.001, epochs: 20, seeds: [0]}
          colours:
            dataset: cifar10
            networks: [lenet]
            learning_rate: 0.05
            rate_factors: [1, 1/3, 1/10]
            epochs: 45
            seeds: [0, 1]
          networks:
            dataset: cifar10
            learning_rate: 0.005
            networks: [lenet, {name: nin, epochs: 4}]
            epochs: 100
            seeds: [0]
        """
    )


# --- the shipped protocols


def test_overlays_are_found() -> None:
    assert {path.stem for path in OVERLAYS} >= {"paper", "smoke"}


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.stem)
def test_overlays_are_whole_protocols(overlay: Path) -> None:
    protocol = _shipped(overlay)
    named = [path.stem for path in _stack(overlay) if "\nprotocol: " in path.read_text()]
    assert protocol.protocol == named[-1]
    if protocol.stopping is None:
        assert protocol.experiments.keys() == _shipped().experiments.keys()
    assert protocol.runs()


def test_default_is_the_embedded_protocol() -> None:
    protocol = _shipped()
    assert protocol.protocol == "embedded"
    assert {data.source for data in protocol.datasets.values()} == {"embedded"}


def test_paper_overlay_is_the_papers_protocol() -> None:
    protocol = _shipped(REPOSITORY / "workflow/protocols/paper.yaml")
    assert {data.source for data in protocol.datasets.values()} == {"official"}
    assert {data.sizes.training_images for data in protocol.datasets.values()} == {None}
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
        assert {run.epochs for run in protocol.runs_of(name)} == {epochs}
        runs = protocol.runs_of(name)
        assert list(dict.fromkeys(run.capacity for run in runs)) == capacities
        assert list(dict.fromkeys(run.network for run in runs)) == networks
        assert {(run.batch_size, run.momentum, run.nesterov) for run in runs} == {(100, 0.9, False)}


@pytest.mark.parametrize("overlay", [None, *OVERLAYS], ids=lambda path: path and path.stem)
def test_protocols_survive_json(overlay: Path | None) -> None:
    protocol = _shipped(overlay)
    text = protocol.model_dump_json(by_alias=True)
    assert parse_json(Protocol, text, "the protocol") == protocol


# --- runs


def test_more_seeds_are_trained_of_their_rate_alone() -> None:
    raw = _small()
    raw["experiments"]["colours"]["more_seeds"] = [{"rate_factor": "1/3", "seeds": [5, 7]}]
    protocol = parse_protocol(raw)
    runs = protocol.runs_of("colours")
    seeds = {
        factor: [run.seed for run in runs if run.rate_factor == factor] for factor in (1, 1 / 3)
    }
    assert seeds == {1: [0, 1], 1 / 3: [0, 1, 5, 7]}
    assert len(runs) == protocol.experiment("colours").size == 8
    raw["experiments"]["colours"]["seeds"] = []
    assert parse_protocol(raw).runs_of("colours") == []


def test_equal_settings_are_trained_once_for_the_most_epochs() -> None:
    protocol = parse_protocol(_small())
    tenth = next(r for r in protocol.runs_of("colours") if r.rate_factor == 0.1)
    lenet = next(r for r in protocol.runs_of("networks") if r.network == "lenet")
    assert tenth.learning_rate == lenet.learning_rate == 0.005
    assert tenth.name == lenet.name
    assert (tenth.epochs, lenet.epochs) == (45, 100)
    assert protocol.runs()[lenet.name].epochs == 100
    assert len(protocol.runs()) == 1 + 6 + 2 - 1
    turned = _small()
    turned["experiments"] = dict(reversed(turned["experiments"].items()))
    assert parse_protocol(turned).runs() == protocol.runs()


def test_epochs_of_a_network_are_its_own_alone() -> None:
    runs = parse_protocol(_small()).runs_of("networks")
    assert {run.network: run.epochs for run in runs} == {"lenet": 100, "nin": 4}


def test_factors_are_exact() -> None:
    raw = _small()
    raw["experiments"]["digits"]["rate_factors"] = ["1/3", 0.1, "0.2", 3]
    runs = parse_protocol(raw).runs_of("digits")
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
    "nesterov": st.booleans(),
    # A network's label stands for all of its settings, and a data set's name for all of its own.
    "architecture": st.just("lenet-cifar"),
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


def test_a_larger_grid_is_confirmed_by_a_key() -> None:
    raw = _small() | {"most_runs": 10_200}
    raw["experiments"]["colours"]["seeds"] = list(range(3400))
    assert len(parse_protocol(raw).runs_of("colours")) == 10_200


def test_only_leaves_the_other_experiments_out() -> None:
    raw = _small() | {"only": ["digits"]}
    raw["experiments"]["colours"] = None  # Whatever is left out may be wrong.
    assert parse_protocol(raw).experiments.keys() == {"digits"}
    with pytest.raises(InputError, match="only names 'digit', which neither experiments nor"):
        parse_protocol(_small() | {"only": ["digit"]})


def test_sizes_of_the_embedded_data_are_in_force_there_alone() -> None:
    raw = _small()
    embedded = {"training_images": 40, "validation_images": 10}
    raw["datasets"]["mnist"] = {"embedded": embedded}
    assert parse_protocol(raw).datasets["mnist"].sizes.training_images == 40
    for other in ({"source": "official"}, {"source": "local", "location": "a"}):
        raw["datasets"]["mnist"] = {"embedded": embedded} | other
        sizes = parse_protocol(raw).datasets["mnist"].sizes
        assert set(sizes.model_dump().values()) == {None}
    raw["datasets"]["mnist"] = {"embedded": embedded, "training_images": 30}
    sizes = parse_protocol(raw).datasets["mnist"].sizes
    assert (sizes.training_images, sizes.validation_images) == (30, 10)


def test_changes_for_embedded_data_are_in_force_there_alone() -> None:
    raw = _small()
    raw["experiments"]["colours"]["embedded"] = {"capacities": ["1/4"], "batch_size": 50}
    runs = parse_protocol(raw).runs_of("colours")
    assert {(run.capacity, run.batch_size, run.epochs) for run in runs} == {(0.25, 50, 45)}
    raw["datasets"]["cifar10"] |= {"source": "official"}
    runs = parse_protocol(raw).runs_of("colours")
    assert {(run.capacity, run.batch_size, run.epochs) for run in runs} == {(1.0, 100, 45)}
    raw["datasets"]["cifar10"] |= {"source": "embedded"}
    raw["experiments"]["networks"]["embedded"] = {"epochs": 3}
    with pytest.raises(InputError, match=r"experiments.networks.embedded: networks.1.epochs is 4"):
        parse_protocol(raw)


def test_a_network_without_settings_needs_no_section() -> None:
    runs = {run.network: run for run in parse_protocol(_small()).runs_of("networks")}
    assert runs["nin"].architecture == "nin"
    raw = _small()
    raw["experiments"]["networks"]["networks"] = ["timm:resnet18", "my.module:build"]
    labels = {run.architecture: run.network for run in parse_protocol(raw).runs_of("networks")}
    assert labels == {"timm:resnet18": "timm-resnet18", "my.module:build": "my.module-build"}


def test_networks_of_one_label_are_refused_where_they_meet() -> None:
    raw = _small()
    raw["networks"]["other"] = {"from": "lenet-cifar", "label": "lenet", "weight_decay": 0.1}
    raw["experiments"]["colours"]["networks"] = ["lenet", "other"]
    with pytest.raises(InputError, match=r"both have a run named .*weight_decay is None and 0.1"):
        parse_protocol(raw)


def test_adamw_has_no_momentum() -> None:
    raw = _small()
    raw["experiments"]["colours"]["optimiser"] = "adamw"
    run = parse_protocol(raw).runs_of("colours")[0]
    assert (run.momentum, run.optimiser) == (0.0, "adamw")
    assert run.name.endswith("-adamw/seed0")


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


def _more(rate_factor: str, seeds: list[int]) -> Callable[[Raw], None]:
    return _in("more_seeds", [{"rate_factor": rate_factor, "seeds": seeds}])


def _in(key: str, value: object) -> Callable[[Raw], None]:
    return _at("experiments", "colours", key, value=value)


WHOLE = "must be a whole number"
NUMBER = "must be a number or a fraction such as '1/3'"


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        # unknown keys
        (_at("devcie", value="cpu"), ["'devcie'", "not a known key", "device", "threads"]),
        (_at("gain", "window", value=1), ["'gain.window'", "impulse, impulse_value, impulses"]),
        (_at("datasets", "a b", value={}), ["'datasets.a b'", "letters, digits"]),
        (_at("datasets", "../x", value={}), ["'datasets.../x'", "letters, digits"]),
        (_at("networks", "x", value={}), ["'networks.x.from' is missing", "lenet-cifar, nin"]),
        (
            _at("networks", "lenet", "filters", value=3),
            ["'networks.lenet.filters'", "capacity, from"],
        ),
        (_at("datasets", "mnist", "path", value="a"), ["'datasets.mnist.path'", "location"]),
        (_in("learning_rates", 1), ["'experiments.colours.learning_rates'", "learning_rate,"]),
        (_at("experiments", "A b", value={}), ["'experiments.A b'", "letters, digits"]),
        (_at("figures", "dpi", value=3), ["'figures.dpi'", "formats"]),
        (_at("pretrained", "model", value=3), ["'pretrained.model'", "networks"]),
        (lambda raw: raw.update({1: 2}), ["'1' is not a known key", "protocol"]),
        # missing keys
        (_at("protocol", value=_MISSING), ["'protocol' is missing", "a name of lower-case"]),
        (
            _at("datasets", "mnist", value=_MISSING),
            ["experiments.digits.dataset is 'mnist'", "cifar10"],
        ),
        (_in("networks", _MISSING), ["networks' is missing", "a list of names"]),
        (_in("seeds", _MISSING), ["'experiments.colours.seeds' is missing", "whole numbers"]),
        (_in("epochs", _MISSING), ["epochs' is missing", "a whole number greater than 0"]),
        # sections that are null or something else
        (_at("gain", value=None), ["'gain' is null", "must be a mapping", "projection"]),
        (_at("datasets", value=None), ["'datasets' is null", "must be a mapping", "letters"]),
        (_at("datasets", "mnist", value=None), ["'datasets.mnist' is null", "mapping", "source"]),
        (_at("experiments", value=None), ["'experiments' is null", "must be a mapping"]),
        (_at("experiments", "x", value=None), ["'experiments.x' is null", "learning_rate"]),
        (_at("experiments", "x", value=[1]), ["'experiments.x' is [1]", "mapping"]),
        (_in("seeds", None), ["seeds' is null", "must be a list"]),
        (_in("networks", [[3]]), ["networks.0' is [3]", "must be a mapping", "capacities, epochs"]),
        # names
        (_at("device", value="tpu"), ["'device' is 'tpu'", "'auto', 'cpu' or 'cuda'"]),
        (_in("dataset", "svhn"), ["colours.dataset is 'svhn'", "mnist, cifar10"]),
        (_in("precision", "fp8"), ["precision' is 'fp8'", "'fp32', 'tf32' or 'bf16'"]),
        (_at("protocol", value="A b"), ["'protocol' is 'A b'", "lower-case letters"]),
        (_at("protocol", value="../x"), ["'protocol' is '../x'", "lower-case letters"]),
        (_at("protocol", value=5), ["'protocol' is 5", "must be text"]),
        (_at("figures", "formats", value=["gif"]), ["'gif'", "'svg', 'png' or 'pdf'"]),
        (_at("figures", "formats", value="svg"), ["formats' is 'svg'", "must be a list"]),
        (_at("gain", "projection", value="max"), ["'max'", "'inverse-score', 'score' or"]),
        (_at("gain", "impulse", value="left"), ["'left'", "'centred' or 'raw'"]),
        (_at("datasets", "mnist", "source", value="ftp"), ["'ftp'", "'official', 'local' or"]),
        (_at("datasets", "mnist", "source", value="local"), ["datasets.mnist", "needs a location"]),
        (
            _at("datasets", "mnist", value={"training_images": 9, "statistics_images": 8}),
            ["statistics_images is 8", "allowed are training_images, 9, and more"],
        ),
        (_at("datasets", "mnist", "statistics_images", value=8), ["needs training_images"]),
        (_at("datasets", "mnist", "location", value=5), ["location' is 5", "must be a path"]),
        (_at("datasets", "mnist", "stand_in", value="yes"), ["'yes'", "must be true or false"]),
        (
            _at("datasets", "mnist", "label", value="x"),
            ["datasets.mnist", "label is for the source"],
        ),
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
        (_in("epochs", 0), ["epochs' is 0", "must be greater than 0"]),
        (_in("epochs", 2.5), ["epochs' is 2.5", WHOLE]),
        (_in("epochs", "20"), ["epochs' is '20'", WHOLE]),
        (_in("epochs", True), ["epochs' is true", WHOLE]),
        (_in("epochs", math.nan), ["epochs' is nan", WHOLE]),
        (_in("batch_size", 0), ["batch_size' is 0", "must be greater than 0"]),
        (_in("momentum", 1), ["momentum' is 1", "must be less than 1"]),
        (_in("momentum", math.nan), ["momentum' is nan", "must be a finite number"]),
        (_in("momentum", False), ["momentum' is false", "must be a number"]),
        (_in("nesterov", 1), ["nesterov' is 1", "must be true or false"]),
        (_in("seeds", [3, 3]), ["seeds' is [3, 3]", "must not name a value twice"]),
        (_in("seeds", ["a"]), ["seeds.0' is 'a'", WHOLE]),
        (_in("seeds", [0, 1.5]), ["seeds.1' is 1.5", WHOLE]),
        (_in("seeds", [True]), ["seeds.0' is true", WHOLE]),
        (_in("seeds", [-1]), ["seeds.0' is -1", "greater than or equal to 0"]),
        (_in("seeds", [2**32]), ["seeds.0' is 4294967296", "less than 4294967296"]),
        (_in("seeds", 3), ["seeds' is 3", "must be a list"]),
        (_more("1/5", [7]), ["more_seeds.0.rate_factor is 1/5", "rate_factors, 1, 1/3, 1/10"]),
        (_more("1/3", [7, 1]), ["more_seeds.0.seeds has 1", "others"]),
        (_more("1/3", []), ["more_seeds.0.seeds' is []", "at least one value"]),
        (
            _in("more_seeds", [{"rate_factor": 1, "seeds": [seed]} for seed in (7, 8)]),
            ["more_seeds names a rate_factor twice", "once"],
        ),
        (_in("schedule", [5]), ["schedule.0' is 5", "a pair [epochs, factor]"]),
        (_in("schedule", [[30]]), ["is [30]", "a pair [epochs, factor]"]),
        (_in("schedule", [[30, 1, 2]]), ["schedule.0' is [30, 1, 2]", "a pair [epochs, factor]"]),
        (_in("schedule", [[0, 1]]), ["schedule.0.0' is 0", "greater than 0"]),
        (_in("schedule", [[30, 1], [16, 0.1]]), ["schedule has 46 epochs", "at most epochs, 45"]),
        (_in("networks", ["lenet", "lenet"]), ["a value twice"]),
        (
            _in("networks", [{"name": "lenet", "epochs": 46}]),
            ["experiments.colours", "networks.0.epochs is 46", "1 to epochs, 45"],
        ),
        (_in("networks", [{"epochs": 4}]), ["networks.0.name' is missing"]),
        (_in("networks", [{"name": "lenet", "epochs": 0}]), ["networks.0.epochs' is 0"]),
        (_at("threads", value=0), ["'threads' is 0", "greater than 0"]),
        (_at("gain", "impulse_value", value=300), ["impulse_value' is 300", "equal to 255"]),
        (_at("gain", "impulse_value", value=math.nan), ["impulse_value' is nan", "finite"]),
        (_at("gain", "impulse_value", value=0), ["impulse_value' is 0", "greater than 0"]),
        (_at("datasets", "mnist", "training_images", value=-1), ["is -1", "greater than 0"]),
        # what does not go together
        (
            lambda raw: (_in("optimiser", "adamw")(raw), _in("momentum", 0.5)(raw)),
            ["experiments.colours", "momentum is for the optimiser 'sgd'", "'adamw'"],
        ),
        (
            lambda raw: (_in("nesterov", True)(raw), _in("momentum", 0)(raw)),
            ["experiments.colours", "nesterov needs a momentum greater than 0"],
        ),
        (
            _in("seeds", list(range(3400))),
            ["experiments.colours has 10,200 runs", "most_runs, 10,000"],
        ),
        (
            _at("datasets", "mnist", value={"label_noise": {"rate": 1}}),
            ["label_noise.rate' is 1", "less than 1"],
        ),
        (_at("datasets", "mnist", value={"set": "x", "source": "local", "location": "a"}), ["set"]),
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


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}"])
def test_json_that_is_something_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^the protocol: .*[.]$"):
        parse_json(Protocol, text, "the protocol")


def test_a_misspelt_key_is_named_rather_than_the_missing_one() -> None:
    raw = _small()
    raw["experiments"]["digits"]["epoch"] = raw["experiments"]["digits"].pop("epochs")
    with pytest.raises(
        InputError, match=r"'experiments.digits.epoch' is not a known key; .*epochs"
    ):
        parse_protocol(raw)

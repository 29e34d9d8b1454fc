"""Configurations of version 0.3 still mean what they meant, and say how they read today."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from maxgain.config.parsing import parse_protocol, parse_protocol_with_notes
from maxgain.config.yaml_files import merge, read_configuration
from maxgain.errors import InputError

REPOSITORY = Path(__file__).parents[3]

OLD = yaml.safe_load(
    """
    protocol: mine
    data:
      mnist: {source: embedded, training_images: 4000, validation_images: 1000}
      cifar10: {source: local, location: /data/flowers.tar.xz, training_images: null}
    experiments:
      digits: {dataset: mnist, learning_rate: 0.001, epochs: 20, seeds: [0]}
      networks:
        dataset: cifar10
        learning_rate: 0.005
        networks: [lenet, nin]
        epochs: 100
        fewer_epochs: {nin: 10}
        seeds: [0]
      capacity:
        dataset: cifar10
        learning_rate: 0.005
        capacities: [1/4, 1, 4]
        epochs: 100
        fewer_epochs: {lenet x4: 6}
        seeds: [0]
    """
)


def _epochs(raw: dict[str, Any], experiment: str) -> dict[tuple[str, float], int]:
    runs = parse_protocol(raw).runs_of(experiment)
    return {(run.network, run.capacity): run.epochs for run in runs}


def test_a_whole_old_configuration_trains_the_same_runs() -> None:
    protocol, notes = parse_protocol_with_notes(OLD)
    digits = protocol.runs_of("digits")[0]
    assert (digits.network, digits.architecture) == ("lenet", "lenet-mnist")
    assert digits.name == "mnist/lenet-x1-fp32/lr0.001-batch100-momentum0.9/seed0"
    assert protocol.runs_of("networks")[0].augmentation == "batch-flip"
    assert _epochs(OLD, "networks") == {("lenet", 1): 100, ("nin", 1): 10}
    assert _epochs(OLD, "capacity") == {("lenet", 0.25): 100, ("lenet", 1): 100, ("lenet", 4): 6}
    assert protocol.datasets["cifar10"].preprocessing == "contrast-and-whitening"
    assert protocol.datasets["mnist"].sizes.training_images == 4000
    assert len(notes) == 6


def test_the_notes_are_the_new_form() -> None:
    protocol, notes = parse_protocol_with_notes(OLD)
    new: dict[str, Any] = {key: value for key, value in OLD.items() if key != "data"}
    new["experiments"] = {
        name: {key: value for key, value in section.items() if key != "fewer_epochs"}
        for name, section in OLD["experiments"].items()
    }
    for note in notes:
        new = merge(new, yaml.safe_load(note))
    again, more = parse_protocol_with_notes(new)
    assert again.runs() == protocol.runs()
    assert again.datasets == protocol.datasets
    assert more == []


@pytest.mark.parametrize(
    ("overlay", "sizes"),
    [
        ("{source: official, training_images: null}", (None, None)),
        ("{source: local, location: /data/mnist}", (None, None)),
        ("{training_images: 300, validation_images: 100}", (300, 100)),
    ],
)
def test_an_old_overlay_lies_on_top_of_the_configuration_of_today(
    overlay: str, sizes: tuple[int | None, int | None], tmp_path: Path
) -> None:
    (tmp_path / "old.yaml").write_text(f"protocol: mine\ndata: {{mnist: {overlay}}}\n")
    raw = read_configuration([REPOSITORY / "config.yaml", tmp_path / "old.yaml"])
    protocol, notes = parse_protocol_with_notes(raw)
    found = protocol.datasets["mnist"].sizes
    assert (found.training_images, found.validation_images) == sizes
    assert len(notes) == 1


def test_an_old_overlay_of_capacities_and_epochs_replaces_those_of_today(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(
        "experiments:\n"
        "  capacity: {capacities: [1/4, 1], epochs: 3, fewer_epochs: null}\n"
        "  networks: {networks: [lenet], epochs: 3, fewer_epochs: null, seeds: [0]}\n"
    )
    raw = read_configuration([REPOSITORY / "config.yaml", tmp_path / "old.yaml"])
    assert _epochs(raw, "capacity") == {("lenet", 0.25): 3, ("lenet", 1): 3}
    assert _epochs(raw, "networks") == {("lenet", 1): 3}


def test_an_exception_for_a_network_that_is_not_there_is_refused() -> None:
    raw = merge(OLD, {"experiments": {"networks": {"fewer_epochs": {"vgg": 101}}}})
    with pytest.raises(InputError, match=r"networks.2.epochs is 101"):
        parse_protocol(raw)

"""The study of stop rules as a configuration: its grid, its twins, and what is refused."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from maxgain.config.parsing import parse_json, parse_protocol
from maxgain.config.protocol import Protocol
from maxgain.config.yaml_files import read_configuration
from maxgain.errors import InputError
from maxgain.pipeline.jobs import prepare_job

REPOSITORY = Path(__file__).parents[3]


def shipped(name: str) -> Protocol:
    files = [REPOSITORY / "config.yaml", REPOSITORY / f"workflow/protocols/{name}.yaml"]
    return parse_protocol(read_configuration(files))


def small() -> dict[str, Any]:
    return yaml.safe_load(
        """
        protocol: study
        datasets: {mnist: {}}
        stopping:
          seeds: [4, 5]
          test_images: 100
          statistics_images: 300
          data: {mnist: {network: lenet-mnist, learning_rate: 0.001}}
          blocks:
            a: {training_images: 200, epochs: 3, label_noise: [0, 0.2], rate_factors: [1, 3]}
        """
    )


def test_the_declared_grid() -> None:
    """docs/method/stopping.md: 207 runs in four blocks, and as many twins."""
    protocol = shipped("stopping")
    studied = protocol.study_runs()
    sizes = Counter(
        (protocol.datasets[run.run.dataset].training_images, run.run.epochs)
        for run in studied.values()
        if run.ranked
    )
    assert sizes == {(1000, 80): 81, (4000, 40): 81 + 18, (20000, 25): 27}
    assert len(studied) == 207 + 18 + 3
    trained = protocol.runs()
    assert len(trained) == 2 * len(studied)
    for run in studied.values():
        assert run.run.name in trained
        assert run.twin.name in trained
        assert run.twin.held_out == 0.1
        assert run.partner.seed != run.run.seed
        assert run.partner.learning_rate == run.run.learning_rate
        assert run.run.augmentation == "none"
        assert run.run.schedule == ()


def test_parts_of_a_data_set() -> None:
    protocol = parse_protocol(small())
    assert list(protocol.datasets) == ["mnist", "mnist-200-noise0", "mnist-200-noise0.2"]
    clean, noisy = (prepare_job(protocol, name) for name in list(protocol.datasets)[1:])
    assert clean.dataset.set == noisy.dataset.set == "mnist"
    assert clean.dataset.label_noise is None
    assert noisy.dataset.label_noise is not None
    assert noisy.dataset.label_noise.rate == 0.2
    assert noisy.dataset.sizes.model_dump() == {
        **{"training_images": 200, "validation_images": 100, "statistics_images": 300}
    }


def test_official_parts_are_read_from_the_one_download() -> None:
    job = prepare_job(shipped("stopping"), "fashion-mnist-1000-noise0.4")
    assert str(job.location) == "data/fashion-mnist"
    assert job.dataset.source == "official"


def test_a_protocol_with_a_study_survives_json() -> None:
    protocol = parse_protocol(small())
    text = protocol.model_dump_json(by_alias=True)
    assert parse_json(Protocol, text, "the protocol") == protocol


def test_partners_are_all_of_one_cell() -> None:
    studied = parse_protocol(small()).study_runs()
    pairs = {(run.run.name, run.partner.name) for run in studied.values()}
    assert len(studied) == len(pairs) == 8
    assert {name for name, _ in pairs} == {partner for _, partner in pairs}


def test_single_blocks_are_trained_where_asked() -> None:
    raw = small()
    raw["stopping"]["blocks"]["b"] = {"training_images": 100, "epochs": 2}
    assert len(parse_protocol(raw).study_runs()) == 10
    raw["stopping"]["only"] = ["b"]
    assert {run.run.dataset for run in parse_protocol(raw).study_runs().values()} == {
        "mnist-100-noise0"
    }


def test_one_seed_is_its_own_partner() -> None:
    raw = small()
    raw["stopping"]["seeds"] = [1]
    assert all(run.partner == run.run for run in parse_protocol(raw).study_runs().values())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"data": {}}, "'stopping.data'"),
        (
            {"data": {"svhn": {"network": "lenet-mnist", "learning_rate": 1}}},
            r"stopping\.data names 'svhn', which datasets does not have; allowed are mnist",
        ),
        (
            {"blocks": {"a": {"training_images": 9, "epochs": 1, "data": ["svhn"]}}},
            r"stopping\.blocks\.a\.data names 'svhn', which stopping\.data does not have; "
            "allowed are mnist",
        ),
        (
            {"only": ["b"]},
            r"stopping\.only names 'b', which stopping\.blocks does not have; allowed are a",
        ),
        ({"held_out": 0.0}, r"'stopping\.held_out' is 0\.0"),
        ({"test_images": 1}, r"'stopping\.test_images' is 1"),
        ({"sede": 1}, r"'stopping\.sede' is not a known key; allowed here are blocks, data,"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], sentence: str) -> None:
    raw = small()
    raw["stopping"].update(change)
    with pytest.raises(InputError, match=sentence):
        parse_protocol(raw)

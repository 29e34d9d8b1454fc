"""Accuracy checks as a configuration: what is trained, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from maxgain.config.parsing import parse_protocol
from maxgain.config.yaml_files import read_configuration
from maxgain.errors import InputError
from maxgain.pipeline.accuracy_jobs import AccuracyJob, accuracy_job, check_curves_job
from maxgain.pipeline.jobs import check_names, measured_parts

REPOSITORY = Path(__file__).parents[3]


def raw(**keys: object) -> dict[str, Any]:
    text = """
        protocol: checked
        datasets: {mnist: {}}
        networks: {digits: {from: lenet-mnist, label: lenet}}
        experiments:
          rates: {dataset: mnist, networks: [digits], learning_rate: 0.001, epochs: 6, seeds: [0]}
        accuracy:
          example: {dataset: mnist, network: digits, learning_rate: 0.001, epochs: 6, seeds: [0, 1],
                    schedule: [[4, 1], [2, 1/10]], source: an example}
    """
    whole: dict[str, Any] = yaml.safe_load(text)
    whole["accuracy"]["example"] |= keys
    return whole


def test_a_check_is_trained_and_measured_beside_the_experiments() -> None:
    protocol = parse_protocol(raw())
    runs = protocol.runs_of_check("example")
    assert [(run.seed, run.network, run.epochs) for run in runs] == [
        (0, "lenet", 6),
        (1, "lenet", 6),
    ]
    assert {run.schedule for run in runs} == {((4, 1.0), (2, 0.1))}
    assert len(protocol.runs()) == 1 + 2
    assert measured_parts(protocol)[-1] == tuple(run.name for run in runs)
    # What claims and figures are of is as it was.
    assert list(protocol.experiments) == ["rates"]
    job = check_curves_job(protocol, "example")
    assert job.setting.runs(job.experiment) == runs
    assert AccuracyJob.of_text(accuracy_job(protocol).text()).checks == protocol.accuracy


def test_a_check_may_be_an_experiments_training() -> None:
    constant = parse_protocol(raw(schedule=[], seeds=[0]))
    assert len(constant.runs()) == 1
    assert constant.accuracy["example"].rates == "6 x 0.001"


def test_an_empty_list_of_seeds_leaves_a_check_out() -> None:
    protocol = parse_protocol(raw(seeds=[]))
    assert protocol.runs_of_check("example") == []
    assert len(protocol.runs()) == 1


def test_only_leaves_checks_out_that_it_does_not_name() -> None:
    assert parse_protocol({**raw(epochs="wrong"), "only": ["rates"]}).accuracy == {}
    both = parse_protocol({**raw(), "only": ["example"]})
    assert (list(both.experiments), list(both.accuracy)) == ([], ["example"])


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"schedule": [[5, 1], [2, 0.1]]},
            r"'accuracy\.example': schedule has 7 epochs; allowed .* 6",
        ),
        ({"schedule": [[5]]}, r"must be a pair \[epochs, factor\]"),
        (
            {"dataset": "minst"},
            r"accuracy\.example\.dataset is 'minst', which datasets does not have",
        ),
        (
            {"published_error": 101},
            r"'accuracy\.example\.published_error' is 101; .*less than or equal",
        ),
        ({"source": " "}, r"'accuracy\.example\.source' is ' '; it must be printable text"),
        ({"momentum": 0.5}, r"'accuracy\.example\.momentum' is not a known key; allowed here are"),
        (
            {"batch_size": 100, "learning_rate": 0},
            r"learning_rate' is 0; it must be greater than 0",
        ),
    ],
)
def test_what_is_refused(keys: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_protocol(raw(**keys))


def test_a_network_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InputError, match="lenet-minst"):
        check_names(parse_protocol(raw(network="lenet-minst")))


def test_runs_whose_names_are_one_are_told_by_their_keys() -> None:
    clash = raw(schedule=[], seeds=[0])
    clash["networks"]["other"] = {"from": "lenet-mnist", "label": "lenet", "weight_decay": 0.5}
    clash["accuracy"]["example"]["network"] = "other"
    with pytest.raises(
        InputError, match=r"experiments\.rates and accuracy\.example both have a run"
    ):
        parse_protocol(clash)


def test_the_papers_protocol_checks_lenet_by_its_examples_own_schedule() -> None:
    below = [REPOSITORY / "config.yaml", REPOSITORY / "workflow/protocols/paper.yaml"]
    protocol = parse_protocol(read_configuration(below))
    (check,) = protocol.accuracy.values()
    assert check.rates == "30 x 0.05, 10 x 0.005, 5 x 0.0005"
    runs = protocol.runs_of_check("matconvnet_lenet")
    assert {(run.architecture, run.capacity, run.epochs) for run in runs} == {
        ("lenet-cifar", 1, 45)
    }
    assert [run.seed for run in runs] == [0, 1, 2]
    assert len(protocol.runs()) == 79 + 3
    # It is the one whose source states no error for this network.
    assert check.published_error is None
    assert parse_protocol(read_configuration(below[:1])).accuracy == {}

"""Choices that the paper leaves open as a configuration: what they vary, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from maxgain.config.parsing import parse_protocol
from maxgain.config.protocol import Protocol
from maxgain.config.yaml_files import read_configuration
from maxgain.errors import InputError
from maxgain.pipeline.choice_jobs import choices_job, varied_curves_job
from maxgain.pipeline.jobs import measured_parts, prepare_job

REPOSITORY = Path(__file__).parents[3]


def raw(**choice: object) -> dict[str, Any]:
    text = """
        protocol: chosen
        datasets: {mnist: {}}
        gain: {impulses: 4}
        experiments:
          rates: {dataset: mnist, networks: [lenet-mnist], learning_rate: 0.001,
                  rate_factors: [1, 3], epochs: 6, seeds: [0, 1]}
          other: {dataset: mnist, networks: [lenet-mnist], learning_rate: 0.001, epochs: 6,
                  seeds: [0]}
    """
    return {**yaml.safe_load(text), "choices": {"open": {"of": ["rates"], **choice}}}


def varied_by(**choice: object) -> Protocol:
    return parse_protocol(raw(**choice))


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"impulse": "raw"}, ("impulse centred", "impulse raw")),
        ({"projection": "score"}, ("projection inverse-score", "projection score")),
        (
            {"averaged": True},
            ("impulse at the centre", "mean over impulses at random places"),
        ),
    ],
)
def test_a_choice_of_measuring_trains_nothing(
    choice: dict[str, object], words: tuple[str, str]
) -> None:
    protocol = varied_by(**choice)
    (varied,) = protocol.varied()
    assert (varied.alternative.taken, varied.alternative.otherwise) == words
    assert not varied.alternative.retrained
    assert varied.alternative.whole
    assert set(protocol.runs()) == set(parse_protocol({**raw(), "choices": {}}).runs())
    assert protocol.runs_of_varied(varied) == protocol.runs_of("rates")


def test_what_is_measured_anew_is_the_gain_alone() -> None:
    protocol = varied_by(projection="score")
    job = varied_curves_job(protocol, protocol.varied()[0])
    assert job.measured_anew
    assert (job.gain.projection, job.gain.impulses) == ("score", 0)
    averaged = varied_by(averaged=True)
    job = varied_curves_job(averaged, averaged.varied()[0])
    assert (job.measured_anew, job.gain_column) == (False, "gain_mean_db")


def test_another_precision_is_trained_beside_the_protocols_own() -> None:
    protocol = varied_by(precision="bf16", rate_factors=[3], seeds=[1])
    (varied,) = protocol.varied()
    assert (varied.alternative.retrained, varied.alternative.whole) == (True, False)
    (run,) = protocol.runs_of_varied(varied)
    assert (run.precision, run.rate_factor, run.seed) == ("bf16", 3, 1)
    assert len(protocol.runs()) == 4 + 1
    assert run.name in protocol.runs()
    assert [part for part in measured_parts(protocol) if run.name in part] == [(run.name,)]


def test_an_experiment_of_fewer_seeds_has_fewer_counterparts() -> None:
    protocol = varied_by(precision="bf16", seeds=[0, 7])
    assert {run.seed for run in protocol.runs_of_varied(protocol.varied()[0])} == {0}
    none = raw(precision="bf16", seeds=[0])
    none["experiments"]["rates"]["seeds"] = []  # The experiment is left out, its choice too.
    protocol = parse_protocol(none)
    assert protocol.runs_of_varied(protocol.varied()[0]) == []


def test_jpeg_copies_are_a_data_set_of_their_own() -> None:
    protocol = varied_by(jpeg_quality=75)
    (varied,) = protocol.varied()
    assert varied.alternative.whole
    assert {run.dataset for run in protocol.runs_of_varied(varied)} == {"mnist-jpeg75"}
    job = prepare_job(protocol, "mnist-jpeg75")
    assert (job.dataset.set, job.dataset.jpeg_quality) == ("mnist", 75)
    # A local set has no name among the official ones.
    local = raw(jpeg_quality=75)
    local["datasets"]["mnist"] = {"source": "local", "location": "mine", "label": "Mine"}
    copies = parse_protocol(local).datasets["mnist-jpeg75"]
    assert (copies.set, copies.location, copies.label) == (None, Path("mine"), "Mine")


def test_every_varied_experiment_is_compared() -> None:
    changed = raw(impulse="raw")
    changed["choices"]["pixels"] = {"of": ["other", "rates"], "jpeg_quality": 50}
    compared = choices_job(parse_protocol(changed)).alternatives
    assert [(each.choice, each.of, each.changed) for each in compared] == [
        ("open", "rates", "impulse"),
        ("pixels", "other", "jpeg_quality"),
        ("pixels", "rates", "jpeg_quality"),
    ]


def test_an_overlay_that_wants_some_experiments_leaves_out_their_choices() -> None:
    both = raw(of=["rates", "other"], impulse="raw")
    both["choices"]["gone"] = {"of": ["rates"], "projection": "score"}
    protocol = parse_protocol({**both, "only": ["other"]})
    assert [(each.alternative.choice, each.alternative.of) for each in protocol.varied()] == [
        ("open", "other")
    ]


def test_an_overlay_leaves_a_choice_out_by_null() -> None:
    changed = raw(impulse="raw")
    changed["choices"] |= {"open": None, "other": {"of": ["other"], "averaged": True}}
    protocol = parse_protocol(changed)
    assert list(protocol.choices) == ["other"]


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({}, r"choices\.open.*sets nothing; it must set one of impulse, projection"),
        ({"impulse": "raw", "averaged": True}, r"sets impulse and averaged; it must set one of"),
        ({"impulse": "raw", "seeds": [0]}, r"seeds is for choices that are trained anew"),
        ({"impulse": "centred"}, r"choices\.open: impulse is centred, as it is in the protocol"),
        ({"precision": "fp32"}, r"precision is fp32, as it is in the protocol"),
        ({"of": ["rated"], "impulse": "raw"}, r"open\.of names 'rated'.*allowed are rates, other"),
        ({"precision": "bf16", "seeds": [7]}, r"seeds has 7; allowed are .* 0, 1"),
        ({"precision": "bf16", "rate_factors": [2]}, r"rate_factors has 2; allowed are .* 1, 3"),
        ({"jpeg_quality": 0}, r"choices\.open\.jpeg_quality' is 0"),
        ({"precison": "bf16"}, r"'choices\.open\.precison' is not a known key; allowed here are"),
    ],
)
def test_what_is_refused(choice: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        varied_by(**choice)


def test_a_mean_over_impulses_needs_some() -> None:
    none = raw(averaged=True)
    none["gain"] = {"impulses": 0}
    with pytest.raises(InputError, match=r"gain\.impulses is 0"):
        parse_protocol(none)


def test_a_precision_that_the_device_lacks_is_refused() -> None:
    with pytest.raises(InputError, match=r"choices\.open\.precision is 'tf32'"):
        parse_protocol({**raw(precision="tf32"), "device": "cpu"})


def test_the_papers_protocol_varies_what_the_paper_leaves_open() -> None:
    files = [REPOSITORY / "config.yaml", REPOSITORY / "workflow/protocols/paper.yaml"]
    protocol = parse_protocol(read_configuration(files))
    changed = {each.alternative.changed for each in protocol.varied()}
    assert changed == {"impulse", "projection", "averaged", "precision", "jpeg_quality"}
    # Retrained are three seeds of one rate each.
    anew = [each for each in protocol.varied() if each.alternative.retrained]
    assert {each.alternative.changed: len(protocol.runs_of_varied(each)) for each in anew} == {
        **{"precision": 3, "jpeg_quality": 3}
    }

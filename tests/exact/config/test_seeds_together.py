"""Which runs one job trains in turn."""

from typing import Any

import yaml

from maxgain.config.parsing import parse_protocol
from maxgain.pipeline.jobs import trained_parts


def raw(**keys: object) -> dict[str, Any]:
    text = """
        protocol: together
        datasets: {mnist: {source: embedded}}
        networks: {digits: {from: lenet-mnist, label: lenet}}
        experiments:
          rates: {dataset: mnist, networks: [digits], learning_rate: 0.001, rate_factors: [1, 1/10],
                  epochs: 6, seeds: [0, 1, 2, 3, 4], embedded: {seeds_together: 2}}
    """
    whole: dict[str, Any] = yaml.safe_load(text)
    whole["experiments"]["rates"] |= keys
    return whole


def test_seeds_of_one_setting_are_trained_in_turn_and_a_single_one_by_itself() -> None:
    protocol = parse_protocol(raw())
    parts = trained_parts(protocol)
    first, second = ("mnist/lenet-x1-fp32/lr0.001", "mnist/lenet-x1-fp32/lr0.0001")
    names = [f"{rate}-batch100-momentum0.9/seed{{}}" for rate in (first, second)]
    expected = [(name.format(seed), name.format(seed + 1)) for name in names for seed in (0, 2)]
    assert parts == expected
    assert {names[0].format(seed) for seed in range(5)} <= protocol.runs().keys()


def test_official_data_are_long_trainings_of_their_own() -> None:
    official = raw()
    official["datasets"]["mnist"]["source"] = "official"
    assert trained_parts(parse_protocol(official)) == []


def test_a_run_of_two_experiments_is_trained_with_the_first_ones() -> None:
    twice = raw()
    later = {**twice["experiments"]["rates"], "rate_factors": [1, 3], "seeds": [0, 1, 2]}
    twice["experiments"]["later"] = later
    parts = trained_parts(parse_protocol(twice))
    runs = [run for part in parts for run in part]
    assert len(runs) == len(set(runs)) == 8 + 2

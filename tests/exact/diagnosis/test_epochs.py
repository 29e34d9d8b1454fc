"""Diagnoses name the epochs that the values are of."""

import re
from dataclasses import replace

import numpy as np
import pytest
from torch import nn

import maxgain
from maxgain.diagnosis.rules import checked_epochs, diagnose
from maxgain.diagnosis.sensitivity import diagnose_sensitivity
from maxgain.errors import InputError
from tests.exact.diagnosis.test_rules import GAINS
from tests.exact.diagnosis.test_sensitivity import CURVES

EVERY = 5
SPACED = 1 + EVERY * np.arange(45)
NAMED = re.compile(r"epoch (\d+)|last (\d+) epochs")


def spaced(sentence: str) -> str:
    """A sentence on the epochs 1 to 45, as it is of those five apart."""

    def say(found: re.Match[str]) -> str:
        if found[1]:
            return f"epoch {SPACED[int(found[1]) - 1]}"
        return f"last {EVERY * int(found[2])} epochs"

    return NAMED.sub(say, sentence).replace("an epoch", "from one measured epoch to the next")


@pytest.mark.parametrize("verdict", GAINS)
def test_every_sentence_names_the_epochs_measured(verdict: str) -> None:
    by_place = diagnose(GAINS[verdict])
    assert repr(diagnose(GAINS[verdict], epochs=np.arange(1, 46))) == repr(by_place)
    found = diagnose(GAINS[verdict], epochs=SPACED)
    assert found.sentence == spaced(by_place.sentence)
    assert found.verdict == by_place.verdict
    assert found.plateau == (by_place.plateau and SPACED[by_place.plateau - 1])
    if by_place.onset is not None:
        places = {n: int(SPACED[getattr(by_place.onset, n) - 1]) for n in ("epoch", "low", "high")}
        assert found.onset == replace(by_place.onset, **places)


def test_sentences_that_name_an_epoch_are_among_them() -> None:
    said = [diagnose(curve).sentence for curve in GAINS.values()]
    assert sum(bool(NAMED.search(sentence)) for sentence in said) >= 4


@pytest.mark.parametrize("verdict", CURVES)
def test_sensitivity_names_the_epochs_measured(verdict: str) -> None:
    sensitivity, saturation = CURVES[verdict]
    curves = -30 + sensitivity, np.ones(45), saturation, np.full(45, 0.3)
    by_place = diagnose_sensitivity(*curves)
    found = diagnose_sensitivity(*curves, epochs=SPACED)
    assert found.sentence == spaced(by_place.sentence)
    assert found.verdict == by_place.verdict


@pytest.mark.parametrize("epochs", [[1, 2], list(range(45, 0, -1)), [0.5 * n for n in range(45)]])
def test_epochs_that_are_none_are_refused(epochs: list[float]) -> None:
    with pytest.raises(InputError, match="it must be 45 ascending whole numbers"):
        checked_epochs(epochs, np.zeros(45))


def test_both_diagnoses_check_the_epochs() -> None:
    twice = np.repeat(np.arange(9), 5)
    for diagnosed in (
        lambda: diagnose(np.zeros(45), epochs=twice),
        lambda: diagnose_sensitivity(np.zeros(45), np.ones(45), epochs=twice),
    ):
        with pytest.raises(InputError, match="it must be 45 ascending whole numbers"):
            diagnosed()


def test_a_monitor_names_the_epochs_of_the_training() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(9, 2))
    monitor = maxgain.GainMonitor(network, (1, 3, 3), impulses=0, measure_every=EVERY)
    for epoch in range(60):
        if epoch == 41:
            nn.init.constant_(network[1].weight, float("nan"))
        monitor.record()
    assert monitor.diagnose().diverged_epoch == 46
    assert "from epoch 46 on" in monitor.diagnose().sentence

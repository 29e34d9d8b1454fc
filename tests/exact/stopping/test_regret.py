"""Measures on curves whose regret is known by hand."""

import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxgain.quantities.registry import snapshot_cost
from maxgain.stopping.registry import RULES
from maxgain.stopping.regret import agreement, best_epoch, best_on_half, regret, score, work
from maxgain.stopping.replay import Replayed
from maxgain.stopping.stop import Stop
from maxgain.tables.stopping import HELD_OUT, HELD_OUT_COLUMNS

RUN: dict[str, object] = {"training_images": 1000, "impulses": 9, "classes": 10, "epochs": 10}
RULE = RULES.find("training-loss-0.1")


def outcomes(
    loss_a: list[float], loss_b: list[float], twin: float = 0.0, error: float = 0.1
) -> pd.DataFrame:
    """Outcomes of a run; the twin's losses lie `twin` above, errors are a tenth of losses."""
    table = pd.DataFrame({"epoch": range(1, len(loss_a) + 1)})
    for half, loss in (("a", np.array(loss_a)), ("b", np.array(loss_b))):
        table[f"test_loss_{half}"] = loss
        table[f"test_error_{half}"] = error * loss
        table[f"twin_test_loss_{half}"] = loss + twin
        table[f"twin_test_error_{half}"] = error * (loss + twin)
    for name in HELD_OUT_COLUMNS:
        table[name] = 1.0
    return table


VALLEY = [2.0, 1.5, 1.0, 0.6, 0.5, 0.6, 0.8, 1.0, 1.2, 1.4]


def test_halves_are_swapped() -> None:
    # Half A is lowest at epoch 3, half B at epoch 6.
    a = [9.0, 5, 1, 5, 6, 7, 8, 9]
    b = [9.0, 8, 7, 6, 3, 2, 3, 4]
    table = outcomes(a, b)
    assert best_epoch(table) == 4.5
    # Chosen on A (epoch 3), read on B: 6 - 7; chosen on B (epoch 6), read on A: 5 - 7.
    assert regret(table, 4, "loss") == pytest.approx(((6 - 7) + (5 - 7)) / 2)
    assert regret(table, 4, "error") == pytest.approx(-0.15)


def test_the_best_epoch_costs_nothing_where_halves_agree() -> None:
    table = outcomes(VALLEY, VALLEY)
    assert regret(table, 5, "loss") == 0
    assert regret(table, 10, "loss") == pytest.approx(0.9)
    assert regret(table, 5, "loss", "twin") == 0
    assert regret(outcomes(VALLEY, VALLEY, twin=0.2), 5, "loss", "twin") == pytest.approx(0.2)


def test_one_lucky_epoch_is_not_the_best() -> None:
    lucky = [*VALLEY[:8], 0.1, 1.4]
    assert best_epoch(outcomes(lucky, lucky)) == 5


@pytest.mark.parametrize(
    ("curve", "best"),
    [
        # Epochs 4 and 5 have the median 0.6 as 3 has: the lowest of them.
        (VALLEY, 5),
        # The median of 0.5, 0.8 and 0.4 is the lowest, and it is epoch 4's, high as that is.
        ([2.0, 0.9, 0.5, 0.8, 0.4, 0.9, 1.2], 4),
        # Without its neighbours an end has no median.
        ([5.0, 4.0, 3.0, 2.0, 1.0], 4),
        ([1.0, 2.0, 3.0, 4.0], 2),
        ([1.0, 1.0, 1.0, 1.0], 2),
        # What is not finite is left out, and others keep their epochs.
        ([math.nan, 3.0, 2.0, math.nan, 1.0, 4.0, math.inf, 5.0], 5),
        ([1.0, 2.0, math.nan, math.nan], None),
    ],
)
def test_the_best_epoch_has_the_lowest_median_of_three(
    curve: list[float], best: int | None
) -> None:
    assert best_on_half(np.array(curve)) == best


def test_score_of_a_stop_by_hand() -> None:
    found = score(RULE, Replayed(0, Stop(7, 4, "why")), outcomes(VALLEY, VALLEY, error=0.05), RUN)
    assert asdict(found) == {
        "draw": 0,
        "halt": 7,
        "selected": 4,
        "fired": True,
        "reason": "why",
        "failure": "",
        "best_epoch": 5.0,
        "loss_regret": pytest.approx(0.1),
        "error_regret": pytest.approx(0.5),
        "recovered_share": pytest.approx(1 - 0.1 / 0.9),
        "epochs_used": 0.7,
        "work": pytest.approx(7 * (1000 + 1000 / 3)),
        "epoch_error": -1.0,
        "too_early": False,
        "costly": False,
    }


def test_never_fired_scores_the_last_epoch() -> None:
    found = score(RULE, Replayed(0, None), outcomes(VALLEY, VALLEY), RUN)
    assert (found.halt, found.selected, found.fired) == (10, 10, False)
    assert found.loss_regret == pytest.approx(0.9)
    assert found.recovered_share == pytest.approx(0)
    assert found.costly
    assert not found.too_early


def test_too_early_needs_both_epoch_and_regret() -> None:
    early = score(RULE, Replayed(0, Stop(2, 2, "")), outcomes(VALLEY, VALLEY), RUN)
    assert early.too_early
    assert early.loss_regret == pytest.approx(1.0)
    flat = [0.6, 0.58, 0.55, 0.52, 0.5, 0.52, 0.6, 0.7, 0.8, 0.9]
    assert not score(RULE, Replayed(0, Stop(2, 2, "")), outcomes(flat, flat), RUN).too_early


def test_share_is_not_recovered_where_nothing_is_lost() -> None:
    falling = np.linspace(2, 0.5, 10).tolist()
    found = score(RULE, Replayed(0, Stop(5, 5, "")), outcomes(falling, falling), RUN)
    assert math.isnan(found.recovered_share)


def test_losses_that_are_not_finite_are_failures() -> None:
    diverged = [*VALLEY[:6], *[math.nan] * 4]
    found = score(RULE, Replayed(0, Stop(8, 8, "")), outcomes(diverged, diverged), RUN)
    assert found.failure == "the test loss of the selected epoch is not finite."
    nothing = [math.nan] * 10
    found = score(RULE, Replayed(0, Stop(8, 8, "")), outcomes(nothing, nothing), RUN)
    assert found.failure == "fewer than 3 epochs of the training have a finite test loss."
    assert math.isnan(found.loss_regret)
    failed = score(RULE, Replayed(0, None, "it raised."), outcomes(VALLEY, VALLEY), RUN)
    assert (failed.failure, failed.halt) == ("it raised.", 0)


def test_work_by_hand() -> None:
    assert work(RULES.find("last"), 10, 10, RUN) == 10 * 1000
    # The pass of the images is a third, that of twenty batches a whole training set.
    assert work(RULES.find("label-wave-3"), 6, 4, RUN) == pytest.approx(6 * (1000 + 1000 / 3))
    assert work(RULES.find("eb-criterion"), 6, 4, RUN) == pytest.approx(6 * 2000)
    # Nine impulses beside the centred one; the paper's own rule looks at the latter alone.
    assert work(RULES.find("plateau-and-fall"), 6, 4, RUN) == pytest.approx(6 * (1000 + 10))
    assert work(RULES.find("gain-diagnosis"), 6, 4, RUN) == pytest.approx(6 * (1000 + 1))
    assert math.isnan(work(RULES.find("my.module:rule"), 6, 4, RUN))
    twin = 6 * (900 + 100 / 3)
    assert work(RULES.find("validation-10"), 6, 4, RUN) == pytest.approx(twin)
    assert work(RULES.find("validation-10-retrain"), 6, 4, RUN) == pytest.approx(twin + 4000)
    other = 6 * (750 + 250 / 3)
    assert work(RULES.find("validation-10"), 6, 4, RUN | {HELD_OUT: 0.25}) == pytest.approx(other)


def test_passes_that_signals_share_cost_once() -> None:
    one = snapshot_cost(["training_loss"], 1000, 9, 10)
    assert snapshot_cost(["training_loss", "local_dimension"], 1000, 9, 10) == one
    assert snapshot_cost(["gradient_noise_ratio"], 20_000, 9, 10) == 5000


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=20, unique=True))
def test_agreement_is_one_for_the_loss_itself(values: list[float]) -> None:
    loss = np.array(values)
    assert agreement(loss, loss) == pytest.approx(1)
    assert agreement(-loss, loss) == pytest.approx(-1)


def test_agreement_leaves_out_what_is_not_finite() -> None:
    loss = np.array([1.0, 2, 3, 4, 5, 6, 7])
    signal = np.array([math.nan, 2, 3, 4, 5, 6, -math.inf])
    assert agreement(signal, loss) == pytest.approx(1)
    assert math.isnan(agreement(signal[:5], loss[:5]))
    assert math.isnan(agreement(np.ones(7), loss))

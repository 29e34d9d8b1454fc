"""Kendall's tau of curves, and what is left of it where a third is held fixed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from maxgain.statistics.concordance import concordance, partial_concordance

EPOCHS = np.arange(30.0)


def test_epochs_without_a_number_are_left_out() -> None:
    curve = np.exp(EPOCHS / 9)
    curve[[3, 7]] = math.nan, math.inf
    assert concordance(curve, EPOCHS) == 1
    assert concordance(-curve, EPOCHS) == -1
    assert math.isnan(concordance(curve[:1], EPOCHS[:1]))


def test_what_goes_by_the_third_alone_is_not_left() -> None:
    random = np.random.default_rng(0)
    held = random.normal(size=4000)
    first, second = (held + random.normal(size=4000) for _ in range(2))
    assert concordance(first, second) > 0.25
    # Holding ranks does not hold a normal variable: a little remains, and far less than before.
    assert abs(partial_concordance(first, second, held)) < 0.12
    other = random.normal(size=4000)
    assert partial_concordance(first, second, other) == pytest.approx(
        concordance(first, second), abs=0.03
    )


def test_nothing_is_left_to_say_where_the_third_orders_all() -> None:
    assert math.isnan(partial_concordance(EPOCHS, EPOCHS[::-1] % 7, 2 * EPOCHS))


@given(st.lists(st.integers(0, 20), min_size=5, max_size=12), st.randoms(use_true_random=False))
def test_it_is_the_correlation_of_residual_signs(values: list[int], random: object) -> None:
    """Kendall's partial tau is Pearson's partial correlation of the signs of all pairs."""
    first = np.array(values, dtype=float)
    orders = [list(range(len(values))) for _ in range(2)]
    for order in orders:
        random.shuffle(order)  # type: ignore[attr-defined]
    second, held = (np.array(order, dtype=float) for order in orders)
    if np.ptp(first) == 0 or abs(concordance(second, held)) > 1 - 1e-9:
        return
    ones, twos, thirds = (
        np.sign(curve[:, None] - curve[None])[np.triu_indices(len(values), 1)]
        for curve in (first, second, held)
    )
    signs = {"12": (ones, twos), "13": (ones, thirds), "23": (twos, thirds)}
    r = {name: a @ b / math.sqrt((a @ a) * (b @ b)) for name, (a, b) in signs.items()}
    if abs(r["13"]) > 1 - 1e-9:
        return
    expected = (r["12"] - r["13"] * r["23"]) / math.sqrt((1 - r["13"] ** 2) * (1 - r["23"] ** 2))
    assert partial_concordance(first, second, held) == pytest.approx(expected)
    assert concordance(first, second) == pytest.approx(stats.kendalltau(first, second).statistic)

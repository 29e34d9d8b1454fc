"""Correlation within strata: against brute force, against known p-values, against levels."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from maxgain.statistics.correlation import correlate_ranks
from maxgain.statistics.strata import correlate_within


def brute_force(gains: np.ndarray, errors: np.ndarray, strata: list[str]) -> tuple[float, float]:
    """Mean of scipy's correlations weighted by pairs, and its exact p-value, order by order."""
    members = [[i for i, s in enumerate(strata) if s == name] for name in dict.fromkeys(strata)]
    pairs = [len(part) * (len(part) - 1) / 2 for part in members]

    def mean(orders: tuple[tuple[int, ...], ...]) -> float:
        rhos = [
            stats.spearmanr(gains[list(order)], errors[part]).statistic
            for order, part in zip(orders, members, strict=True)
        ]
        return float(np.average(rhos, weights=pairs))

    found = mean(tuple(tuple(part) for part in members))
    every = [mean(orders) for orders in product(*(permutations(part) for part in members))]
    return found, float(np.mean([value <= found + 1e-12 for value in every]))


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 1000), st.booleans())
def test_estimate_and_p_value_are_those_of_brute_force(seed: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    strata = ["a", "b", "a", "b", "a", "c", "c"]
    gains, errors = random.normal(size=(2, len(strata)))
    if ties:
        gains[2] = gains[0]
    found = correlate_within(gains, errors, strata)
    rho, p_value = brute_force(gains, errors, strata)
    assert found.rho == pytest.approx(rho)
    assert found.p_value == pytest.approx(p_value)
    assert found.smallest == 1 / (6 * 2 * 2)
    assert found.networks == 7


@pytest.mark.parametrize(
    ("sizes", "p_value"), [((3, 3, 3, 3), 1 / 1296), ((4, 4, 4), 1 / 13824), ((2,), 1 / 2)]
)
def test_a_perfect_order_has_the_p_value_of_one_order(
    sizes: tuple[int, ...], p_value: float
) -> None:
    strata = [name for name, size in enumerate(sizes) for _ in range(size)]
    errors = np.concatenate([np.arange(size, dtype=float) for size in sizes])
    found = correlate_within(-errors, errors, strata)
    assert found.rho == -1
    assert found.p_value == pytest.approx(p_value)
    assert found.p_value == pytest.approx(found.smallest)
    assert correlate_within(errors, errors, strata).p_value == 1


def test_levels_of_strata_change_nothing() -> None:
    """Between strata gain rises with error, within them it falls: the fall alone is seen."""
    strata = ["a"] * 4 + ["b"] * 4
    errors = np.array([1.0, 2, 3, 4, 11, 12, 13, 14])
    gains = np.array([4.0, 3, 2, 1, 44, 43, 42, 41])
    assert correlate_ranks(gains, errors).rho > 0.4
    assert correlate_within(gains, errors, strata).rho == -1
    moved = correlate_within(gains + np.repeat([0.0, 100.0], 4), errors, strata)
    assert moved == correlate_within(gains, errors, strata)


def test_one_stratum_is_the_plain_correlation() -> None:
    gains, errors = np.random.default_rng(1).normal(size=(2, 6))
    found = correlate_within(gains, errors, ["all"] * 6)
    plain = correlate_ranks(gains, errors)
    assert found.rho == pytest.approx(plain.rho)
    assert found.p_value == pytest.approx(plain.p_value)
    assert found.by_stratum == {"all": found.rho}


def test_strata_without_a_correlation_are_left_out() -> None:
    gains, errors = np.array([1.0, 5, 5, 2, 1]), np.array([1.0, 2, 3, 4, 5])
    found = correlate_within(gains, errors, ["alone", "flat", "flat", "pair", "pair"])
    assert found.by_stratum == {"pair": -1.0}
    assert (found.rho, found.p_value, found.networks) == (-1.0, 0.5, 2)
    nothing = correlate_within(gains, errors, [*"abcde"])
    assert np.isnan([nothing.rho, nothing.p_value, nothing.smallest]).all()
    assert nothing.networks == 0


def test_many_orders_are_drawn_and_agree_with_a_normal_one() -> None:
    """Thirteen and seven networks: the mean of the permuted correlations is 0, of known spread."""
    random = np.random.default_rng(2)
    strata = ["a"] * 13 + ["b"] * 7
    errors = random.normal(size=20)
    gains = random.normal(size=20) - 0.5 * errors
    found = correlate_within(gains, errors, strata)
    weights = np.array([78, 21]) / 99
    deviation = np.sqrt((weights**2 / [12, 6]).sum())  # Spearman's variance is 1 / (n - 1).
    expected = stats.norm.cdf(found.rho / deviation)
    assert found.p_value == pytest.approx(expected, abs=0.03)
    assert found.p_value == correlate_within(gains, errors, strata).p_value
    assert found.smallest == 1e-4

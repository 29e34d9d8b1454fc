"""Statistics of clustered networks: against brute force, and against those of single networks."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from maxgain.statistics.clusters import bootstrap_clusters, correlate_clusters, mean_over_clusters
from maxgain.statistics.correlation import correlate_ranks

CLUSTERS = ["a", "b", "a", "c", "d", "b"]
RANDOM = np.random.default_rng(3)
GAINS, ERRORS = RANDOM.normal(size=(2, len(CLUSTERS)))


def brute_force(gains: np.ndarray, errors: np.ndarray, clusters: list[str]) -> tuple[float, float]:
    """Mean over all draws, and the exact p-value over permutations of whole clusters."""
    members = [[i for i, c in enumerate(clusters) if c == name] for name in dict.fromkeys(clusters)]
    draws = [np.array(draw) for draw in product(*members)]

    def mean(order: tuple[int, ...]) -> float:
        return float(
            np.mean([stats.spearmanr(gains[d][list(order)], errors[d]).statistic for d in draws])
        )

    orders = list(permutations(range(len(members))))
    found = mean(orders[0])
    return found, float(np.mean([mean(order) <= found + 1e-12 for order in orders]))


def test_estimate_and_p_value_are_those_of_brute_force() -> None:
    found = correlate_clusters(GAINS, ERRORS, CLUSTERS)
    rho, p_value = brute_force(GAINS, ERRORS, CLUSTERS)
    assert found.rho == pytest.approx(rho)
    assert found.p_value == pytest.approx(p_value)
    assert (found.networks, found.clusters) == (6, 4)
    assert found.draws.size == 0  # Four architectures give no interval.


@settings(deadline=None, max_examples=10)
@given(st.integers(5, 7), st.integers(0, 1000))
def test_each_its_own_cluster_is_the_plain_correlation(size: int, seed: int) -> None:
    gains, errors = np.random.default_rng(seed).normal(size=(2, size))
    found = correlate_clusters(gains, errors, list(range(size)))
    plain = correlate_ranks(gains, errors)
    assert found.rho == pytest.approx(plain.rho)
    assert found.p_value == pytest.approx(plain.p_value)
    assert np.median(found.draws) == pytest.approx(np.median(plain.draws), abs=0.05)


def test_a_copied_network_changes_nothing() -> None:
    clusters = [*"abcdefgh"]
    gains, errors = RANDOM.normal(size=(2, 8))
    once = correlate_clusters(gains, errors, clusters)
    often = correlate_clusters(
        np.append(gains, [gains[0]] * 5), np.append(errors, [errors[0]] * 5), clusters + ["a"] * 5
    )
    assert often.rho == pytest.approx(once.rho)
    assert often.p_value == pytest.approx(once.p_value)


def test_nothing_varies() -> None:
    found = correlate_clusters(np.ones(6), ERRORS, CLUSTERS)
    assert np.isnan(found.rho)
    assert np.isnan(correlate_clusters(GAINS, ERRORS, ["a"] * 6).rho)


def test_many_draws_are_sampled() -> None:
    clusters = [name for name in "abcdefghijklmn" for _ in range(3)]
    gains = np.repeat(np.arange(14.0), 3) + np.tile([0, 0.1, 0.2], 14)
    found = correlate_clusters(gains, -gains, clusters)
    assert found.rho == -1.0
    assert found.p_value < 0.001
    assert found.draws.max() < -0.999


def test_a_mean_and_its_bootstrap_weigh_clusters_alike() -> None:
    values = np.array([0.0] * 9 + [1.0, 2.0, 3.0, 4.0])
    clusters = ["large"] * 9 + [*"bcde"]

    def mean(rows: np.ndarray) -> np.ndarray:
        return np.asarray(values[rows].mean(axis=1))

    assert mean_over_clusters(mean, clusters) == 2.0
    draws = bootstrap_clusters(mean, clusters)
    assert draws.mean() == pytest.approx(2.0, abs=0.05)
    assert bootstrap_clusters(mean, [*clusters[:11], "b", "b"]).size == 0

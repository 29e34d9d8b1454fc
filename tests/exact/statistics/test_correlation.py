"""Rank correlation against scipy's own, and its bootstrap."""

import numpy as np
import pytest
from scipy import stats

from maxgain.statistics.correlation import correlate_ranks

ERRORS = np.linspace(6, 20, 19)
OBEYING = -20 - (ERRORS - 13) + np.random.default_rng(1).normal(size=19)


def test_correlation_and_p_value_are_scipys() -> None:
    random = np.random.default_rng(2)
    errors = random.normal(size=6)
    gains = -errors + random.normal(size=6)
    found = correlate_ranks(gains, errors)
    exact = stats.spearmanr(gains, errors, alternative="less")
    assert found.rho == pytest.approx(exact.statistic)
    permuted = stats.permutation_test(
        (gains,),
        lambda x: stats.spearmanr(x, errors).statistic,
        permutation_type="pairings",
        alternative="less",
        n_resamples=np.inf,
    )
    assert found.p_value == pytest.approx(permuted.pvalue)
    perfect = correlate_ranks(-errors[:3], errors[:3])
    assert (perfect.rho, perfect.p_value) == (-1.0, pytest.approx(1 / 6))


def test_the_interval_covers_the_correlation() -> None:
    found = correlate_ranks(OBEYING, ERRORS)
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert -1 <= found.ci_low < found.rho < found.ci_high < 0
    np.testing.assert_array_equal(correlate_ranks(OBEYING, ERRORS).draws, found.draws)
    assert np.isnan(correlate_ranks(np.ones(6), ERRORS[:6]).rho)


def test_few_networks_have_no_draws() -> None:
    found = correlate_ranks(OBEYING[:4], ERRORS[:4])
    assert found.draws.size == 0
    assert found.ci_low is None

"""Judges P1 to P3: what the Maximum Gain of pretrained networks has to do with their error.

Each family of weights is judged on its own, as families differ in preprocessing, training and the
crop under which their error was measured. The verdict is that of the paper's own set (MatConvNet)
where it was measured, else of torchvision's, else of the networks that packages carry; the numbers
of all families are given. Networks with random weights are never judged.

Rank correlation is Spearman's, as nothing says that the trend is linear, tested by permutation:
how often would a random pairing of gains and errors give one as low? Its interval is a percentile
bootstrap over networks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame
from scipy import stats

from maxgain.claims.evidence import Claim, Evidence, NotRun, ResultTables, Verdict, decide

JUDGED_FAMILIES = ("matconvnet", "torchvision", "carried")
"""Families of trained weights; the first that was measured decides the verdict."""

_SIGNIFICANCE = 0.05
_RESAMPLES = 9999
_SEED = 0
_DIGITS = 12  # a perfect correlation is 1, not 1 - 1e-16
#: A bootstrap of fewer networks draws the same few values again and again.
_FEWEST_FOR_INTERVAL = 5


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation of gain and top-5 error over networks.

    Attributes
    ----------
    rho
        NaN where one of both does not vary.
    ci_low, ci_high
        95 % bootstrap interval; None with fewer than five networks.
    p_value
        One-sided, for a negative correlation, by permutation.
    networks
        Number of networks.
    """

    rho: float
    ci_low: float | None
    ci_high: float | None
    p_value: float
    networks: int


def correlate_ranks(
    gains: Float[ndarray, "networks"], errors: Float[ndarray, "networks"]
) -> RankCorrelation:
    """Rank correlation of Maximum Gain (dB) and top-5 error (percent) over networks."""
    count = len(gains)
    if count < 2 or np.ptp(gains) == 0 or np.ptp(errors) == 0:
        return RankCorrelation(math.nan, None, None, math.nan, count)
    # A permutation of the gains permutes their ranks, so ranking once is enough.
    gain_ranks, error_ranks = (_standardize_ranks(values) for values in (gains, errors))
    test = stats.permutation_test(
        (gain_ranks,),
        lambda ranks, axis: (ranks * error_ranks).sum(axis),
        permutation_type="pairings",
        alternative="less",
        n_resamples=_RESAMPLES,
        rng=np.random.default_rng(_SEED),
        vectorized=True,
    )
    rho = round(float(test.statistic), _DIGITS)
    low, high = _bootstrap_rank_correlation(gains, errors)
    return RankCorrelation(rho, low, high, float(test.pvalue), count)


def judge_p1(tables: ResultTables, claim: Claim) -> Evidence:
    """P1: the rank correlation of gain and top-5 error is below the threshold in every channel.

    Impulse image, p_c = 1/score (section III-D). The effect is the correlation of the channel where
    it is weakest. "reproduced" where in every channel the whole interval is below the threshold and
    the permutation test rejects at 5 %; "not reproduced" where some channel's whole interval is not
    below the threshold.
    """
    return _judge_trend(tables, claim, "inverse-score")


def judge_p2(tables: ResultTables, claim: Claim) -> Evidence:
    """P2: the better half of the networks lies above the threshold (dB), the worse half below.

    Halves by top-5 error, the network in the middle left out; gain on the impulse image with
    p_c = 1/score, mean over channels in dB. The effect is the median of the better half; both
    medians' bootstrap intervals decide.
    """
    return _judge_families(tables, "inverse-score", lambda rows: _judge_halves(rows, claim))


def judge_p3(tables: ResultTables, claim: Claim) -> Evidence:
    """P3: as P1, with the projection p_c = score."""
    return _judge_trend(tables, claim, "score")


def judged_rows(
    zoo: DataFrame, projection: str, image: str = "impulse", impulse: str = "centred"
) -> DataFrame:
    """Rows of trained networks with a known error and a finite gain, for one kind of probe."""
    chosen = (zoo["image"] == image) & (zoo["projection"] == projection)
    if image == "impulse":
        chosen &= zoo["impulse"] == impulse
    trained = ~zoo["random_weights"].astype(str).str.lower().eq("true")
    known = zoo["top5_error"].notna() & np.isfinite(zoo["gain_db"].astype(float))
    return zoo[chosen & trained & known & zoo["family"].isin(JUDGED_FAMILIES)]


def _judge_trend(tables: ResultTables, claim: Claim, projection: str) -> Evidence:
    return _judge_families(
        tables, projection, lambda rows: _judge_correlations(rows, claim.threshold)
    )


def _judge_families(
    tables: ResultTables, projection: str, judge_family: Callable[[DataFrame], Evidence]
) -> Evidence:
    """Evidence of the first of `JUDGED_FAMILIES` that was measured, with the numbers of all."""
    if tables.zoo is None:
        raise NotRun("missing: zoo.csv")
    rows = judged_rows(tables.zoo, projection)
    judged = {
        family: judge_family(rows[rows["family"] == family])
        for family in JUDGED_FAMILIES
        if (rows["family"] == family).any()
    }
    if not judged:
        raise NotRun("missing: trained networks with a known top-5 error in zoo.csv")
    first = next(iter(judged.values()))
    numbers = " | ".join(
        f"{family}{': ' if number == 0 else f' ({found.verdict}): '}{found.numbers}"
        for number, (family, found) in enumerate(judged.items())
    )
    return replace(first, numbers=numbers)


def _judge_correlations(rows: DataFrame, threshold: float) -> Evidence:
    correlations = {
        str(channel): correlate_ranks(
            group["gain_db"].to_numpy(dtype=np.float64),
            group["top5_error"].to_numpy(dtype=np.float64),
        )
        for channel, group in rows.groupby("channel", sort=False)
    }
    count = min(found.networks for found in correlations.values())
    described = "; ".join(f"{name} {_describe(found)}" for name, found in correlations.items())
    numbers = f"{count} networks, rank correlation of gain and top-5 error: {described}"
    if any(math.isnan(found.rho) for found in correlations.values()):
        return Evidence("inconclusive", numbers=f"{numbers}; undefined without variation")
    weakest = max(correlations.values(), key=lambda found: found.rho)
    if count < _FEWEST_FOR_INTERVAL:
        smallest = 1 / math.factorial(count)
        why = (
            f"no interval from {count} networks; the smallest p-value attainable is {smallest:.2g}"
        )
        return Evidence("inconclusive", weakest.rho, numbers=f"{numbers}; {why}")
    verdicts = {_decide_correlation(found, threshold) for found in correlations.values()}
    verdict: Verdict = "inconclusive"
    if "not reproduced" in verdicts:
        verdict = "not reproduced"
    elif verdicts == {"reproduced"}:
        verdict = "reproduced"
    return Evidence(verdict, weakest.rho, weakest.ci_low, weakest.ci_high, numbers=numbers)


def _decide_correlation(found: RankCorrelation, threshold: float) -> Verdict:
    """Verdict on "the correlation is below the threshold": interval and permutation test agree."""
    assert found.ci_low is not None
    assert found.ci_high is not None
    verdict = decide(-found.rho, -found.ci_high, -found.ci_low, -threshold)
    if verdict == "reproduced" and found.p_value >= _SIGNIFICANCE:
        return "inconclusive"
    return verdict


def _describe(found: RankCorrelation) -> str:
    interval = "" if found.ci_low is None else f" [{found.ci_low:.2f}, {found.ci_high:.2f}]"
    return f"{found.rho:.2f}{interval} (p = {found.p_value:.2g})"


def _judge_halves(rows: DataFrame, claim: Claim) -> Evidence:
    networks = rows.groupby("name", sort=False).agg(
        gain=("gain_db", "mean"), error=("top5_error", "first")
    )
    gains = networks.sort_values(["error", "gain"])["gain"].to_numpy(dtype=np.float64)
    half = len(gains) // 2
    if half == 0:
        return Evidence("inconclusive", numbers=f"{len(gains)} networks: no two halves")
    better, worse = gains[:half], gains[-half:]
    medians = (
        f"median of the better half {np.median(better):.1f}, of the worse {np.median(worse):.1f} dB"
    )
    numbers = f"{len(gains)} networks, {medians} (bound {claim.threshold:g})"
    effect = float(np.median(better))
    if half < _FEWEST_FOR_INTERVAL:
        return Evidence(
            "inconclusive", effect, numbers=f"{numbers}; no interval from halves of {half}"
        )
    low, high = _bootstrap_median(better)
    worse_low, worse_high = _bootstrap_median(worse)
    verdicts = {
        decide(effect, low, high, claim.threshold),
        decide(-float(np.median(worse)), -worse_high, -worse_low, -claim.threshold),
    }
    verdict: Verdict = "inconclusive"
    if "not reproduced" in verdicts:
        verdict = "not reproduced"
    elif verdicts == {"reproduced"}:
        verdict = "reproduced"
    return Evidence(
        verdict,
        effect,
        low,
        high,
        numbers=f"{numbers}; 95 % intervals [{low:.1f}, {high:.1f}] and "
        f"[{worse_low:.1f}, {worse_high:.1f}]",
    )


def _bootstrap_median(values: Float[ndarray, "networks"]) -> tuple[float, float]:
    found = stats.bootstrap(
        (values,),
        np.median,
        n_resamples=_RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return float(found.low), float(found.high)


def _bootstrap_rank_correlation(
    gains: Float[ndarray, "networks"], errors: Float[ndarray, "networks"]
) -> tuple[float | None, float | None]:
    """95 % percentile interval over resampled networks; resamples without variation are left out.

    Ranks are taken anew in each resample, all of them in one go.
    """
    count = len(gains)
    if count < _FEWEST_FOR_INTERVAL:
        return None, None
    chosen = np.random.default_rng(_SEED).integers(0, count, (_RESAMPLES, count))
    correlations = (_standardize_ranks(gains[chosen]) * _standardize_ranks(errors[chosen])).sum(1)
    low, high = np.nanquantile(correlations, [0.025, 0.975]).round(_DIGITS)
    return float(low), float(high)


def _standardize_ranks(
    values: Float[ndarray, "*sets networks"],
) -> Float[ndarray, "*sets networks"]:
    """Ranks with mean 0 and square sum 1, so that Spearman's correlation is a sum of products.

    NaN where all values are equal.
    """
    ranks = stats.rankdata(values, axis=-1)
    ranks = ranks - ranks.mean(axis=-1, keepdims=True)
    square_sum = (ranks**2).sum(axis=-1, keepdims=True)
    standardized: ndarray = ranks / np.sqrt(np.where(square_sum > 0, square_sum, np.nan))
    return standardized

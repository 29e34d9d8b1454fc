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
from dataclasses import replace

import numpy as np
from pandas import DataFrame

from maxgain.claims.evidence import Claim, Evidence, NotRun
from maxgain.statistics.correlation import (
    FEWEST_FOR_INTERVAL,
    SIGNIFICANCE,
    RankCorrelation,
    bootstrap_median,
    correlate_ranks,
)
from maxgain.statistics.decisions import Verdict, decide
from maxgain.tables.results import ResultTables
from maxgain.tables.zoo import JUDGED_FAMILIES, judged_rows


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
    if count < FEWEST_FOR_INTERVAL:
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
    if verdict == "reproduced" and found.p_value >= SIGNIFICANCE:
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
    if half < FEWEST_FOR_INTERVAL:
        return Evidence(
            "inconclusive", effect, numbers=f"{numbers}; no interval from halves of {half}"
        )
    low, high = bootstrap_median(better)
    worse_low, worse_high = bootstrap_median(worse)
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

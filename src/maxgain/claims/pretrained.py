"""Claims P1-P3 and S6: what the response of pretrained networks has to do with their error.

Sets of weights are judged on their own: the paper's (MatConvNet), torchvision's, and all other
public networks together. The outcome is that of the first of them that was measured, the others
standing in for the paper's; the numbers of all are given. Networks with random weights, or without
a published error, are never judged. Networks whose published error is of the same weights in
another precision count (docs/method/imagenet.md says why, network by network).

Networks of one architecture are not independent. Every statistic is a mean over draws of one
network an architecture; its interval is a bootstrap over architectures. Rank correlation is
Spearman's, as nothing says that the trend is linear, tested by permuting whole architectures (how
often would a random pairing of gains and errors give one as low?) and by the bootstrap, both of
which must agree that it is there.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy import ndarray
from pandas import DataFrame

from maxgain.claims.evidence import Evidence, NotRun, make_evidence
from maxgain.claims.registry import Claim
from maxgain.statistics.correlation import RankCorrelation, correlate_ranks, draw_medians
from maxgain.statistics.decisions import (
    FEWEST_TRAININGS,
    Finding,
    Side,
    decide,
    hold_draws,
    name_verdict,
)
from maxgain.tables.results import ResultTables
from maxgain.tables.zoo import JUDGED_FAMILIES, PAPERS_FAMILY, judged_rows


def judge_p1(tables: ResultTables, claim: Claim) -> Evidence:
    """P1: the rank correlation of gain and top-5 error is below the threshold in every channel.

    Impulse image, p_c = 1/score (section III-D). The effect is the correlation of the channel where
    it is weakest. All channels must show it, so each is tested at 5 %. A correlation between -0.3
    and 0, less than medium in Cohen's (1988) words, is equivalent to none.
    """
    return _judge_trend(tables, claim, "inverse-score")


def judge_p2(tables: ResultTables, claim: Claim) -> Evidence:
    """P2: the better half of the networks lies above the threshold (dB), the worse half below.

    Halves by top-5 error, the network in the middle left out; gain on the impulse image with
    p_c = 1/score, mean over channels in dB. The effect is the median of the better half; both
    medians' bootstraps decide.
    """
    return _judge_families(tables, claim, "inverse-score", _judge_halves)


def judge_p3(tables: ResultTables, claim: Claim) -> Evidence:
    """P3: as P1, with the projection p_c = score."""
    return _judge_trend(tables, claim, "score")


def judge_s6(tables: ResultTables, claim: Claim) -> Evidence:
    """S6: as P1 for the sensitivity, from which the network's confidence is taken out.

    Networks with a lower error may be surer of themselves at the impulse, or less: if P1's trend
    is one of confidence, it is not seen here. Bound and equivalence are P1's, so that the two
    compare.
    """
    return _judge_trend(tables, claim, "inverse-score")


def _judge_trend(tables: ResultTables, claim: Claim, projection: str) -> Evidence:
    return _judge_families(tables, claim, projection, _judge_correlations)


def _judge_families(
    tables: ResultTables,
    claim: Claim,
    projection: str,
    judge_family: Callable[[DataFrame, Claim], Evidence],
) -> Evidence:
    """Evidence of the first of `JUDGED_FAMILIES` that was measured, with the numbers of all."""
    if tables.zoo is None:
        raise NotRun("missing: zoo.csv")
    rows = judged_rows(tables.zoo, projection, quantity=claim.quantities[0])
    judged = {
        family: judge_family(rows[rows["family"] == family], claim)
        for family in JUDGED_FAMILIES
        if (rows["family"] == family).any()
    }
    if not judged:
        raise NotRun("missing: trained networks with a known top-5 error in zoo.csv")
    decisive, first = next(iter(judged.items()))
    texts = []
    for family, found in judged.items():
        word = name_verdict(found.outcome, family == PAPERS_FAMILY and claim.origin == "paper")
        texts.append(f"{family}{'' if family == decisive else f' ({word})'}: {found.numbers}")
    stand_in = decisive != PAPERS_FAMILY
    return replace(
        first,
        numbers=" | ".join(texts),
        data=f"ImageNet networks, {decisive}{' (stand-in)' if stand_in else ''}",
        stand_in=stand_in,
    )


def _judge_correlations(rows: DataFrame, claim: Claim) -> Evidence:
    correlations = {
        str(channel): correlate_ranks(
            group[claim.quantities[0]].to_numpy(dtype=np.float64),
            group["top5_error"].to_numpy(dtype=np.float64),
        )
        for channel, group in rows.groupby("channel", sort=False)
    }
    findings = {name: _find_correlation(name, found, claim) for name, found in correlations.items()}
    count = min(found.networks for found in correlations.values())
    described = "; ".join(
        f"{name} {_describe(findings[name], found)}" for name, found in correlations.items()
    )
    numbers = f"{count} networks, rank correlation with top-5 error: {described}"
    if any(math.isnan(found.rho) for found in correlations.values()):
        return Evidence("inconclusive", numbers=f"{numbers}; undefined without variation")
    if count < FEWEST_TRAININGS:
        numbers += (
            f"; no interval from {count} networks; the smallest p-value attainable is "
            f"{1 / math.factorial(count):.2g}"
        )
    weakest_first = tuple(sorted(findings.values(), key=lambda finding: -finding.estimate))
    return make_evidence(decide(weakest_first), weakest_first, 0, numbers)


def _find_correlation(name: str, found: RankCorrelation, claim: Claim) -> Finding:
    finding = hold_draws(
        f"rank correlation, {name}",
        found.rho,
        found.draws,
        "below",
        claim.threshold,
        found.networks,
        claim.equivalence,
    )
    # The bootstrap of few networks is too sure of itself: the permutation test must agree.
    p_value = 1.0 if math.isnan(found.p_value) else found.p_value
    return replace(finding, p_holds=max(finding.p_holds, p_value))


def _describe(finding: Finding, found: RankCorrelation) -> str:
    interval = "" if finding.low is None else f" [{finding.low:.2f}, {finding.high:.2f}]"
    return f"{found.rho:.2f}{interval} (p = {found.p_value:.2g})"


def _judge_halves(rows: DataFrame, claim: Claim) -> Evidence:
    networks = rows.groupby("name", sort=False).agg(
        gain=(claim.quantities[0], "mean"), error=("top5_error", "first")
    )
    gains = networks.sort_values(["error", "gain"])["gain"].to_numpy(dtype=np.float64)
    half = len(gains) // 2
    if half == 0:
        return Evidence("inconclusive", numbers=f"{len(gains)} networks: no two halves")
    parts: tuple[tuple[str, ndarray, Side], ...] = (
        ("better", gains[:half], "above"),
        ("worse", gains[-half:], "below"),
    )
    findings = tuple(
        hold_draws(
            f"median of the {name} half, dB",
            float(np.median(part)),
            draw_medians(part) if half >= FEWEST_TRAININGS else np.empty(0),
            side,
            claim.threshold,
            half,
            claim.equivalence,
        )
        for name, part, side in parts
    )
    texts = "; ".join(
        f"{finding.name} {finding.estimate:.1f}"
        + ("" if finding.low is None else f" [{finding.low:.1f}, {finding.high:.1f}]")
        for finding in findings
    )
    numbers = f"{len(gains)} networks: {texts} (bound {claim.threshold:g})"
    if half < FEWEST_TRAININGS:
        numbers += f"; no interval from halves of {half}"
    return make_evidence(decide(findings), findings, 0, numbers)

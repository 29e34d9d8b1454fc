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
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame

from maxgain.claims.evidence import Evidence, NotRun, make_evidence
from maxgain.claims.registry import Claim
from maxgain.statistics.clusters import (
    RowStatistic,
    bootstrap_clusters,
    correlate_clusters,
    mean_over_clusters,
)
from maxgain.statistics.correlation import RankCorrelation, correlate_ranks
from maxgain.statistics.decisions import (
    FEWEST_TRAININGS,
    Finding,
    Side,
    decide,
    hold_draws,
    name_verdict,
)
from maxgain.tables.results import ResultTables
from maxgain.tables.zoo import JUDGED_SETS, PAPERS_SET, judged_rows


def judge_p1(tables: ResultTables, claim: Claim) -> Evidence:
    """P1: the rank correlation of gain and top-5 error is below the threshold in every channel.

    Impulse image, p_c = 1/score (section III-D). The effect is the correlation of the channel where
    it is weakest. All channels must show it, so each is tested at 5 %. A correlation between -0.3
    and 0, less than medium in Cohen's (1988) words, is equivalent to none.
    """
    return _judge_trend(tables, claim, "inverse-score")


def judge_p2(tables: ResultTables, claim: Claim) -> Evidence:
    """P2: the better half of the networks lies above the threshold (dB), the worse half below.

    Halves by top-5 error of the networks drawn, the one in the middle left out; gain on the impulse
    image with p_c = 1/score, mean over channels in dB. The effect is the median of the better half;
    both medians' bootstraps decide.
    """
    return _judge_sets(tables, claim, "inverse-score", _judge_halves)


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
    return _judge_sets(tables, claim, projection, _judge_correlations)


def _judge_sets(
    tables: ResultTables,
    claim: Claim,
    projection: str,
    judge_set: Callable[[DataFrame, Claim], Evidence],
) -> Evidence:
    """Evidence of the first of `JUDGED_SETS` that was measured, with the numbers of all."""
    if tables.zoo is None:
        raise NotRun("missing: zoo.csv")
    rows = judged_rows(tables.zoo, projection, quantity=claim.quantities[0])
    judged = {
        name: judge_set(rows[rows["set"] == name], claim)
        for name in JUDGED_SETS
        if (rows["set"] == name).any()
    }
    if not judged:
        raise NotRun("missing: trained networks with a known top-5 error in zoo.csv")
    decisive, first = next(iter(judged.items()))
    texts = []
    for name, found in judged.items():
        word = name_verdict(found.outcome, name == PAPERS_SET and claim.origin == "paper")
        texts.append(f"{name}{'' if name == decisive else f' ({word})'}: {found.numbers}")
    stand_in = decisive != PAPERS_SET
    return replace(
        first,
        numbers=" | ".join(texts),
        data=f"ImageNet networks, {decisive}{' (stand-in)' if stand_in else ''}",
        stand_in=stand_in,
    )


def _judge_correlations(rows: DataFrame, claim: Claim) -> Evidence:
    groups = {str(channel): group for channel, group in rows.groupby("channel", sort=False)}
    correlations = {
        name: correlate_clusters(*_read_pairs(group, claim), group["architecture"].tolist())
        for name, group in groups.items()
    }
    findings = {name: _find_correlation(name, found, claim) for name, found in correlations.items()}
    described = "; ".join(
        f"{name} {_describe(findings[name], found)}" for name, found in correlations.items()
    )
    fewest = min(correlations.values(), key=lambda found: found.clusters)
    numbers = (
        f"{fewest.networks} networks of {fewest.clusters} architectures, rank correlation with "
        f"top-5 error: {described}"
    )
    if any(math.isnan(found.rho) for found in correlations.values()):
        return Evidence("inconclusive", numbers=f"{numbers}; undefined without variation")
    if fewest.clusters < FEWEST_TRAININGS:
        numbers += (
            f"; no interval from {fewest.clusters} architectures; the smallest p-value attainable "
            f"is {1 / math.factorial(fewest.clusters):.2g}"
        )
    numbers += _describe_all(groups, claim)
    weakest_first = tuple(sorted(findings.values(), key=lambda finding: -finding.estimate))
    return make_evidence(decide(weakest_first), weakest_first, 0, numbers)


def _describe_all(groups: Mapping[str, DataFrame], claim: Claim) -> str:
    """What the networks say as if each were independent, and those in float32 alone: no verdict."""
    texts = []
    in_float32 = {name: group[group["precision"] == "float32"] for name, group in groups.items()}
    for words, parts in (("taken for independent", groups), ("of these in float32", in_float32)):
        if all(len(part) > 1 for part in parts.values()):
            found = {n: correlate_ranks(*_read_pairs(p, claim)) for n, p in parts.items()}
            correlations = ", ".join(f"{name} {each.rho:.2f}" for name, each in found.items())
            counts = {each.networks for each in found.values()}
            texts.append(f"; {words} ({max(counts)}): {correlations}")
    return "".join(texts)


def _read_pairs(
    group: DataFrame, claim: Claim
) -> tuple[Float[ndarray, "networks"], Float[ndarray, "networks"]]:
    """The claim's quantity and the top-5 error of every network."""
    columns = (claim.quantities[0], "top5_error")
    values, errors = (group[name].to_numpy(dtype=np.float64) for name in columns)
    return values, errors


def _find_correlation(name: str, found: RankCorrelation, claim: Claim) -> Finding:
    finding = hold_draws(
        f"rank correlation, {name}",
        found.rho,
        found.draws,
        "below",
        claim.threshold,
        found.clusters,
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
        gain=(claim.quantities[0], "mean"),
        error=("top5_error", "first"),
        architecture=("architecture", "first"),
    )
    count = networks["architecture"].nunique()
    if count < 2:
        return Evidence("inconclusive", numbers=f"{count} architecture: no two halves")
    # In a fixed order, so that networks of equal error fall into the same half everywhere.
    ordered = networks.sort_values(["error", "gain"])
    gains = ordered["gain"].to_numpy(dtype=np.float64)
    clusters = ordered["architecture"].tolist()
    halves: tuple[tuple[str, slice, Side], ...] = (
        ("better", slice(None, count // 2), "above"),
        ("worse", slice(-(count // 2), None), "below"),
    )

    def median(half: slice) -> RowStatistic:
        return lambda drawn: np.median(gains[np.sort(drawn, axis=1)[:, half]], axis=1)

    findings = tuple(
        hold_draws(
            f"median of the {name} half, dB",
            mean_over_clusters(median(half), clusters),
            bootstrap_clusters(median(half), clusters),
            side,
            claim.threshold,
            count,
            claim.equivalence,
        )
        for name, half, side in halves
    )
    texts = "; ".join(_describe_median(finding) for finding in findings)
    numbers = f"{len(gains)} networks of {count} architectures: {texts} (bound {claim.threshold:g})"
    if count < FEWEST_TRAININGS:
        numbers += f"; no interval from {count} architectures"
    return make_evidence(decide(findings), findings, 0, numbers)


def _describe_median(finding: Finding) -> str:
    interval = "" if finding.low is None else f" [{finding.low:.1f}, {finding.high:.1f}]"
    return f"{finding.name} {finding.estimate:.1f}{interval}"

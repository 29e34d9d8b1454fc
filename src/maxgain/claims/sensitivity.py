"""Claims S1-S4 and S5 of this project: what moves the gain, sensitivity or saturation.

With the log-odds m of the winning class, d log z_c/dx = (1 - z_c) dm/dx, hence exactly G = S + C:
the gain is the network's sensitivity S plus the saturation C = 20 log10(1 - z_c) of its softmax at
the impulse. Means over several impulses are means of dB. None of this is the paper's, so outcomes
are "seen" or "not seen", whatever the data. Bounds were declared before any full-scale run with
these quantities was judged. S4b is in
`maxgain.claims.saturation`, S6 stands beside P1 in `maxgain.claims.pretrained`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from maxgain.claims.conditions import (
    RAISED,
    Block,
    Condition,
    above,
    below,
    grow_with_rate,
    join_blocks,
    judge_runs,
    select_blocks,
)
from maxgain.claims.diagnosed_runs import find_overfitting
from maxgain.claims.evidence import Evidence, add_note
from maxgain.claims.registry import Claim
from maxgain.statistics.intervals import (
    Statistic,
    average,
    measure_change,
    measure_distance,
)
from maxgain.statistics.trend import plateau_epoch
from maxgain.statistics.variability import variability
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves

IDENTITIES = (
    ("gain_db", "sensitivity_db", "saturation_db"),
    ("gain_mean_db", "sensitivity_mean_db", "saturation_mean_db"),
)
"""Columns of which the first is the sum of the others: a mean of dB is linear."""


def judge_s1(tables: ResultTables, claim: Claim) -> Evidence:
    """S1: in no epoch of no run is G further from S + C than the threshold.

    The identity is exact, so nothing is estimated. The three are measured in float32, whose seven
    digits leave 1e-5 dB of a few tens of dB, and 1 - z_c of a sure network loses some of them: the
    threshold of 0.001 dB is a hundred times that and a thousandth of what any claim looks at. Parts
    beyond 100 dB, of a network that is about to diverge, have as many digits and no more: there the
    deviation counts per 100 dB.
    """
    deviations = []
    for table in tables.curves.values():
        for whole, *parts in IDENTITIES:
            if {whole, *parts} <= set(table.columns):
                values = table[[whole, *parts]].to_numpy(dtype=float)
                gain, one, other = values[np.isfinite(values).all(1)].T
                size = np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)) / 100)
                deviations.append(np.abs(gain - one - other) / size)
    found = np.concatenate(deviations)
    if not found.size:
        return Evidence("inconclusive", numbers="no epoch with a finite gain")
    worst = float(found.max())
    return Evidence(
        "holds" if worst < claim.threshold else "fails",
        worst,
        numbers=f"{found.size} sums: largest deviation {worst:.2g} dB (bound {claim.threshold:g})",
    )


def judge_s2(tables: ResultTables, claim: Claim) -> Evidence:
    """S2: variability of S (mean over impulses) grows with the rate, on both data sets.

    As M3, with its bound and equivalence, so that the two compare: an exponent over x1, x2, x3, x4
    for each data set. The first data set's is the effect; both must hold.
    """

    def growth(name: str) -> Condition:
        whole = grow_with_rate(claim, f", {name}")
        return replace(whole, measure=lambda *runs: whole.measure(*_only(runs, name)))

    return judge_runs(_join_raised(tables, claim), [growth(name) for name in claim.tables])


def judge_s3(tables: ResultTables, claim: Claim) -> Evidence:
    """S3: saturation and the choice of place explain most of the gain's variability.

    What is left of the gain's variance of steps once both are taken out is that of S averaged over
    impulses: the share explained is 1 - (variability of mean S / variability of G)^2, averaged
    over the rates x1 to x4. "Most" is more than one half. The text adds what saturation alone
    explains: the same with S at the gain's own impulse.
    """
    averaged, own, gain = claim.quantities
    blocks = _join_raised(tables, claim)

    def share(column: str, name: str) -> Callable[..., Statistic]:
        return lambda *runs: average([_explain(run, column, gain) for run in _only(runs, name)])

    evidence = judge_runs(
        blocks,
        [
            above(
                f"share explained, {name}",
                share(averaged, name),
                claim.threshold,
                claim.equivalence,
            )
            for name in claim.tables
        ],
    )
    for name in claim.tables:
        alone = average([share(own, name)(*block).value for block in blocks]).value
        evidence = add_note(evidence, f"saturation alone, {name}: {alone:.2g}")
    return evidence


def judge_s4(tables: ResultTables, claim: Claim) -> Evidence:
    """S4: at x1, S rises, and its plateau comes when the validation loss stops falling.

    S's plateau is the break of a broken stick. The validation loss stops falling at its own
    plateau or, where the training overfits, at its lowest value. "When" is a fifth of the run's
    epochs, 9 of 45 and 4 of 20: what "about epoch 27" allows for in C1. One that does not come
    counts as if it came right after the last epoch. The rise must exceed 1 dB, as in M1.
    """
    blocks = join_blocks(
        *(select_blocks(tables, claim, {"rate_factor": 1}, table=name) for name in claim.tables)
    )
    conditions = []
    for name in claim.tables:
        conditions += [
            below(
                f"distance of plateaus over epochs, {name}",
                lambda *runs, name=name: _compare_plateaus(claim, *_only(runs, name)),
                claim.threshold,
            ),
            above(
                f"rise of S, dB, {name}",
                lambda *runs, name=name: measure_change(claim.curve(_only(runs, name)[0])),
                claim.margin,
            ),
        ]
    return judge_runs(blocks, conditions)


def judge_s5(tables: ResultTables, claim: Claim) -> Evidence:
    """S5: averaging over the protocol's impulses at least halves S's error.

    The error is S's variability at x1, in dB a step. It has a part that is each place's own, which
    averaging over K impulses divides by K, and one that all places share, which it leaves: the
    ratio of variabilities of mean and single S tells both. If all were the places' own, four
    impulses would halve it. The text gives the number that halves it; `margin` is K.
    """
    averaged, single = claim.quantities
    blocks = join_blocks(
        *(select_blocks(tables, claim, {"rate_factor": 1}, table=name) for name in claim.tables)
    )

    def ratio(run: RunCurves) -> float:
        reference = variability(run[single])
        return variability(run[averaged]) / reference if reference > 0 else float("nan")

    evidence = judge_runs(
        blocks,
        [
            below(
                f"variability of mean over single S, {name}",
                lambda *runs, name=name: Statistic(ratio(_only(runs, name)[0])),
                claim.threshold,
                claim.equivalence,
            )
            for name in claim.tables
        ],
    )
    for name in claim.tables:
        number = _count_halving(
            average([ratio(_only(block, name)[0]) for block in blocks]).value, claim.margin
        )
        evidence = add_note(evidence, f"impulses that halve it, {name}: {number}")
    return evidence


def _join_raised(tables: ResultTables, claim: Claim) -> list[Block]:
    """Blocks of the raised rates of all the claim's experiments."""
    settings = [{"rate_factor": factor} for factor in RAISED]
    return join_blocks(
        *(select_blocks(tables, claim, *settings, table=name) for name in claim.tables)
    )


def _only(runs: Sequence[RunCurves], experiment: str) -> list[RunCurves]:
    return [run for run in runs if run.experiment == experiment]


def _explain(run: RunCurves, column: str, gain: str) -> float:
    """Share of the gain's variance of steps that is not the column's."""
    whole = variability(run[gain])
    return 1 - (variability(run[column]) / whole) ** 2 if whole > 0 else float("nan")


def _compare_plateaus(claim: Claim, run: RunCurves) -> Statistic:
    """Distance of S's plateau and the end of the validation loss's fall, over the epochs."""
    loss = run["validation_loss"]
    lowest = find_overfitting(run)
    end = plateau_epoch(-loss) if lowest is None else lowest
    tolerance = claim.threshold * run.epochs
    distance = measure_distance(plateau_epoch(claim.curve(run)), end, run.epochs, tolerance)
    return Statistic(distance.value / run.epochs)


def _count_halving(ratio: float, impulses: float) -> str:
    """Number of impulses that halves the error, from the ratio that `impulses` of them give."""
    if not np.isfinite(ratio):
        return "unknown"
    own = (1 - ratio**2) / (1 - 1 / impulses)
    # A mean over n leaves 1 - own (1 - 1/n) of the variance: a quarter is half of the error.
    return f"{np.ceil(own / (own - 0.75)):.0f}" if own > 0.75 else "none"

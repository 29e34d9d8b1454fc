"""Rules held against each other in the same cells: families of tests, and ranks.

A rule that failed in a cell did worse there than every rule that did not; a cell in which all of
them failed tells nothing.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from maxgain.errors import InputError
from maxgain.stopping.comparison import (
    Ranking,
    holm,
    rank,
    rank_balance,
    signed_rank_p,
)
from maxgain.stopping.scoring import cell_means, interval_of_cells

COMPARISON_COLUMNS = (
    "rule",
    "reference",
    "cells",
    "failed",
    "reference_failed",
    "difference",
    "low",
    "high",
    "rank_balance",
    "p_value",
    "p_adjusted",
)
"""Columns of comparisons.csv beside the family, one row a rule and reference.

cells: those in which both were judged; failed, reference_failed: those in which one of them alone
failed. difference: mean over the first of the rule's less the reference's regret, nats; low, high:
ends of its 95 % interval, a bootstrap over groups of cells. rank_balance, p_value: Wilcoxon's
signed-rank test over all three, in which who failed did worse (`maxgain.stopping.comparison`);
p_adjusted: after Holm over the family.
"""


def paired_differences(means: DataFrame, rule: str, reference: str) -> Series:
    """The rule's less the reference's regret in each cell, nats.

    Infinite where one of them failed, in the other's favour; without the cells in which both did.

    Parameters
    ----------
    means
        As `maxgain.stopping.scoring.cell_means` gives them.
    """
    both = means[[rule, reference]].dropna(how="all").fillna(np.inf)
    return both[rule] - both[reference]


def compare_rules(scores: DataFrame, references: Sequence[str]) -> DataFrame:
    """Rows of `COMPARISON_COLUMNS`: every rule against some of them, as one family of tests.

    Two references stand twice, once on either side; that is one test, and counts once.

    Raises
    ------
    InputError
        A reference is not among the scores.
    """
    means = cell_means(scores)
    _check_scored(references, means)
    pairs = [
        (rule, reference)
        for rule in dict.fromkeys(scores["rule"])
        for reference in references
        if rule != reference
    ]
    lines = [_comparison(means, *pair) for pair in pairs]
    table = DataFrame(lines, columns=list(COMPARISON_COLUMNS[:-1]))
    p_values = pd.Series(
        table["p_value"].to_numpy(dtype=np.float64), [" ".join(sorted(pair)) for pair in pairs]
    )
    once = p_values[~p_values.index.duplicated()]
    adjusted = pd.Series(holm(once.to_numpy()), once.index)
    return table.assign(p_adjusted=adjusted[p_values.index].to_numpy())


def _comparison(means: DataFrame, rule: str, reference: str) -> dict[str, object]:
    differences = paired_differences(means, rule, reference)
    judged = differences[np.isfinite(differences)]
    interval = interval_of_cells(judged)
    # A rule that was judged nowhere beside the reference is not compared with it.
    tested = differences.to_numpy() if len(judged) else judged.to_numpy()
    return {
        "rule": rule,
        "reference": reference,
        "cells": len(judged),
        "failed": int((differences == np.inf).sum()),
        "reference_failed": int((differences == -np.inf).sum()),
        "difference": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "rank_balance": rank_balance(tested),
        "p_value": signed_rank_p(tested),
    }


def rank_rules(scores: DataFrame, rules: Sequence[str]) -> Ranking:
    """Mean ranks of rules over the cells in which one of them was judged; who failed is last.

    Raises
    ------
    InputError
        A rule is not among the scores, or failed in every cell.
    """
    means = cell_means(scores)
    _check_scored(rules, means)
    for rule in rules:
        if means[rule].isna().all():
            raise InputError(f"the rule '{rule}' failed in every cell; it cannot be ranked.")
    regrets = means[list(rules)].dropna(how="all").fillna(np.inf)
    return rank(regrets.to_numpy(dtype=np.float64))


def _check_scored(rules: Sequence[str], means: DataFrame) -> None:
    for rule in rules:
        if rule not in means:
            raise InputError(
                f"the rule '{rule}' was not scored; it must be one of {', '.join(map(str, means))}."
            )

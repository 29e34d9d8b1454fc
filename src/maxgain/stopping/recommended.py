"""The stop rule that a monitor asks by default: the study's choice, and what choosing costs."""

import pandas as pd
from pandas import DataFrame, Series

from maxgain.stopping.elsewhere import ALL, best_column, best_elsewhere
from maxgain.stopping.registry import rules_on
from maxgain.stopping.scoring import cell_means, interval_of_cells
from maxgain.tables.curves import RESPONSE_COLUMNS

MONITORED = ("gain_db", *RESPONSE_COLUMNS)
"""The columns that a monitor of the gain records."""

RECOMMENDED_COLUMNS = ("judged_on", "chosen_on", "rule", "cells", "mean_regret", "low", "high")
"""Columns of recommended.csv: a line for each data set, judged by the rule that is best on the
others; one for all of them so judged, which names no rule; and one for the rule that is best on
all, whose regret is too low a guess, as it was chosen for it. In nats, with ends of the 95 %
interval over groups."""

OTHERS = "others"


def recommend(scores: DataFrame) -> DataFrame:
    """Rows of `RECOMMENDED_COLUMNS` for the rules that a monitor of the gain can ask.

    Parameters
    ----------
    scores
        As `maxgain.stopping.scoring.score_rules` gives them; without a rule of the monitor the
        table has no row.
    """
    means = cell_means(scores)
    regrets = means[[rule for rule in rules_on(MONITORED) if rule in means]].dropna(how="all")
    if regrets.empty:
        return DataFrame(columns=list(RECOMMENDED_COLUMNS))
    datasets = regrets.index.get_level_values("dataset")
    chosen = {
        name: regrets[datasets == name][rule] for name, rule in best_elsewhere(regrets).items()
    }
    lines = [_line(name, OTHERS, str(cells.name), cells) for name, cells in chosen.items()]
    if chosen:
        lines.append(_line(ALL, OTHERS, "", pd.concat(chosen.values())))
    best = best_column(regrets)
    lines.append(_line(ALL, ALL, best, regrets[best]))
    return DataFrame(lines, columns=list(RECOMMENDED_COLUMNS))


def _line(judged_on: str, chosen_on: str, rule: str, cells: Series) -> tuple[object, ...]:
    judged = cells.dropna()
    interval = interval_of_cells(judged)
    return (judged_on, chosen_on, rule, len(judged), interval.mean, interval.low, interval.high)

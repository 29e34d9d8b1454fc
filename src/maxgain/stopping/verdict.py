"""The claim that the study answers: can the gain stand in for validation loss?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame
from scipy import stats

from maxgain.stopping.comparison import holm
from maxgain.stopping.declaration import REFERENCES, family
from maxgain.stopping.families import paired_differences
from maxgain.stopping.scoring import cell_means
from maxgain.tables.regrets import ONLINE, POST_HOC
from maxgain.tables.stopping import HELD_OUT_SHARE

GAIN_RULES = ("gain-diagnosis", "sensitivity-plateau", "saturation-fall", "plateau-and-fall")
"""The rules on the gain and its parts that the claim is about: the paper's and this project's."""

MARGIN = 0.05
"""Nats by which a rule may lose more than validation and still stand in for it."""

LEVEL = 0.05
"""Of the tests, after Holm."""

Word = Literal["can", "cannot", "undecided"]


_LOSS_COLUMNS = ("mean_regret", "low", "high", "cells", "failed_cells")


class Loss(NamedTuple):
    """Mean regret of a rule over the cells that it was judged in, nats, and its 95 % interval."""

    mean: float
    low: float
    high: float
    cells: int
    failed: int
    """Cells in which it failed, which the mean leaves out."""


@dataclass(frozen=True)
class StudyVerdict:
    """Whether the gain can stand in for validation loss, and the numbers of the sentence.

    Attributes
    ----------
    word
        "can": one of `GAIN_RULES` does not lose `MARGIN` nats or more above what validation with
        retraining loses (one-sided signed-rank test over cells, Holm over these rules), and has
        less regret than the constant epoch (Holm over the primary family). "cannot": none can, and
        each has more regret than validation with retraining (Holm over the primary family).
        "undecided" elsewhere, and where validation was not judged.
    gain, rival
        The gain rule, and the other rule of the primary family that decides online, with the least
        mean regret: of those that failed in the fewest cells, as means over other cells are no
        comparison. "none" where none was judged.
    post_hoc
        The rule that chooses from the whole training and does better than the rival; else "".
    losses
        Of these and the references; none for a rule that was not judged in any cell.
    held_out
        Shares of the images that twins hold out.
    """

    word: Word
    gain: str
    rival: str
    post_hoc: str
    losses: Mapping[str, Loss]
    held_out: Sequence[float]

    @property
    def sentence(self) -> str:
        """The claim D5' in plain words."""
        said = {
            "can": "The gain can stand in for validation loss",
            "cannot": "The gain cannot stand in for validation loss",
            "undecided": "Whether the gain can stand in for validation loss is undecided",
        }[self.word]
        validation, constant = REFERENCES
        share = " or ".join(f"{100 * share:g} %" for share in self.held_out)
        post_hoc = ""
        if self.post_hoc:
            post_hoc = (
                f" ({self.post_hoc}, which chooses from the whole training after its end, "
                f"{self._say(self.post_hoc)})"
            )
        return (
            f"{said}: the best of its rules, {self.gain}, loses {self._say(self.gain)} nats "
            f"against the best epoch, where validation with {share} held out ({validation}) loses "
            f"{self._say(validation)}, the best rival that needs no validation data, {self.rival}, "
            f"{self._say(self.rival)}{post_hoc}, and the same epoch for all ({constant}) "
            f"{self._say(constant)}."
        )

    def _say(self, rule: str) -> str:
        if rule not in self.losses:
            return "what is not known"
        mean, low, high, cells, failed = self.losses[rule]
        said = f"{mean:.3f} [{low:.3f}, {high:.3f}]"
        return f"{said} (failed in {failed} of {cells + failed} cells)" if failed else said


def judge_study(
    scores: DataFrame,
    summary: DataFrame,
    primary: DataFrame,
    held_out: Sequence[float] = (HELD_OUT_SHARE,),
) -> StudyVerdict:
    """Answer the claim from the scores of all rules.

    Parameters
    ----------
    scores, summary
        As `maxgain.stopping.scoring` gives them.
    primary
        Comparisons of the primary family with the references, adjusted after Holm.
    held_out
        Shares of the images that the twins of the runs hold out.
    """
    judged = summary[summary["cells"] > 0].set_index("rule")
    rules = [rule for rule in GAIN_RULES if rule in judged.index]
    others = judged[judged.index.isin(family("primary")) & ~judged.index.isin(GAIN_RULES)]
    gain, rival = _best(judged.loc[rules]), _best(others[others["decides"] == ONLINE])
    ahead = _best(others[others["decides"].isin([ONLINE, POST_HOC])])
    post_hoc = "" if ahead == rival else ahead
    rows = judged.to_dict("index")
    losses = {
        rule: Loss(*(rows[rule][column] for column in _LOSS_COLUMNS))
        for rule in (gain, rival, post_hoc, *REFERENCES)
        if rule in rows
    }
    word = _word(scores, primary, rules)
    return StudyVerdict(word, gain, rival, post_hoc, losses, held_out)


def _best(judged: DataFrame) -> str:
    """The rule of least mean regret, of those that failed in the fewest cells."""
    if judged.empty:
        return "none"
    whole = judged[judged["failed_cells"] == judged["failed_cells"].min()]
    return str(whole["mean_regret"].idxmin())


def _word(scores: DataFrame, primary: DataFrame, rules: Sequence[str]) -> Word:
    validation, constant = REFERENCES
    means = cell_means(scores)
    if not rules or validation not in means or not means[validation].notna().any():
        return "undecided"
    better = _decided(primary, rules, constant, sign=-1)
    p_values = [
        not_worse_p(paired_differences(means, rule, validation).to_numpy()) for rule in rules
    ]
    close = holm(np.array(p_values)) <= LEVEL
    if (close & np.array(better)).any():
        return "can"
    worse = _decided(primary, rules, validation, sign=1)
    return "cannot" if len(rules) == len(GAIN_RULES) and all(worse) else "undecided"


def _decided(primary: DataFrame, rules: Sequence[str], reference: str, sign: int) -> list[bool]:
    """For each rule, whether it is shown to have more (1) or less (-1) regret than a reference.

    By the way that the test points: the mean difference leaves out what failed.
    """
    of_reference = primary[primary["reference"] == reference].set_index("rule")
    rows = of_reference.reindex(list(rules))
    return list((rows["p_adjusted"] <= LEVEL) & (sign * rows["rank_balance"] > 0))


def not_worse_p(differences: Float[ndarray, " cells"]) -> float:
    """One-sided p-value against "a rule loses `MARGIN` nats more than validation, or yet more".

    Wilcoxon's signed-rank test of the differences of regret in each cell, infinite where one of
    both failed; 1 without any.
    """
    shifted = np.asarray(differences, dtype=np.float64) - MARGIN
    if not shifted.size or not shifted.any():
        return 1.0
    return float(stats.wilcoxon(shifted, alternative="less").pvalue)

"""The claim that the study answers: can the gain stand in for validation loss?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame, Series
from scipy import stats

from maxgain.stopping.comparison import holm
from maxgain.stopping.declaration import REFERENCES, family
from maxgain.stopping.registry import RULES
from maxgain.stopping.scoring import cell_means

GAIN_RULES = ("gain-diagnosis", "sensitivity-plateau", "saturation-fall", "plateau-and-fall")
"""The rules on the gain and its parts that the claim is about: the paper's and this project's."""

MARGIN = 0.05
"""Nats by which a rule may lose more than validation and still stand in for it."""

LEVEL = 0.05
"""Of the tests, after Holm."""

Word = Literal["can", "cannot", "undecided"]


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
        The gain rule, and the other rule of the primary family, with the least mean regret; rules
        that are told the share of wrong labels are no rivals.
    regrets
        For both and the references mean regret and its 95 % interval, nats; none for a rule that
        was not judged in any cell.
    """

    word: Word
    gain: str
    rival: str
    regrets: Mapping[str, tuple[float, float, float]]

    @property
    def sentence(self) -> str:
        """The claim D5' in plain words."""
        said = {
            "can": "The gain can stand in for validation loss",
            "cannot": "The gain cannot stand in for validation loss",
            "undecided": "Whether the gain can stand in for validation loss is undecided",
        }[self.word]
        validation, constant = REFERENCES
        return (
            f"{said}: the best of its rules, {self.gain}, loses {self._say(self.gain)} nats "
            f"against the best epoch, where validation with 10 % held out ({validation}) loses "
            f"{self._say(validation)}, the best rival that needs no validation data, {self.rival}, "
            f"{self._say(self.rival)}, and the same epoch for all ({constant}) "
            f"{self._say(constant)}."
        )

    def _say(self, rule: str) -> str:
        if rule not in self.regrets:
            return "what is not known"
        mean, low, high = self.regrets[rule]
        return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def judge_study(scores: DataFrame, summary: DataFrame, primary: DataFrame) -> StudyVerdict:
    """Answer the claim from the scores of all rules.

    Parameters
    ----------
    scores, summary
        As `maxgain.stopping.scoring` gives them.
    primary
        Comparisons of the primary family with the references, adjusted after Holm.
    """
    judged = summary[summary["cells"] > 0].set_index("rule")
    rules = [rule for rule in GAIN_RULES if rule in judged.index]
    rivals = [rule for rule in _rivals() if rule in judged.index]
    gain, rival = (_least(judged["mean_regret"], names) for names in (rules, rivals))
    named = [rule for rule in (gain, rival, *REFERENCES) if rule in judged.index]
    rows = judged.to_dict("index")
    regrets = {
        rule: (rows[rule]["mean_regret"], rows[rule]["low"], rows[rule]["high"]) for rule in named
    }
    return StudyVerdict(_word(scores, primary, rules), gain, rival, regrets)


def _rivals() -> list[str]:
    """The other rules of the primary family, save those that are told what users do not know."""
    names = [rule for rule in family("primary") if rule not in GAIN_RULES]
    return [rule for rule in names if not RULES.find(rule).informed]


def _least(regret: Series, rules: Sequence[str]) -> str:
    return str(regret[list(rules)].idxmin()) if rules else "none"


def _word(scores: DataFrame, primary: DataFrame, rules: Sequence[str]) -> Word:
    validation, constant = REFERENCES
    means = cell_means(scores)
    if not rules or validation not in means or not means[validation].notna().any():
        return "undecided"
    better = _decided(primary, rules, constant, sign=-1)
    p_values = [
        not_worse_p((means[rule] - means[validation]).dropna().to_numpy()) for rule in rules
    ]
    close = holm(np.array(p_values)) <= LEVEL
    if (close & np.array(better)).any():
        return "can"
    worse = _decided(primary, rules, validation, sign=1)
    return "cannot" if len(rules) == len(GAIN_RULES) and all(worse) else "undecided"


def _decided(primary: DataFrame, rules: Sequence[str], reference: str, sign: int) -> list[bool]:
    """For each rule, whether it is shown to have more (1) or less (-1) regret than a reference."""
    of_reference = primary[primary["reference"] == reference].set_index("rule")
    rows = of_reference.reindex(list(rules))
    return list((rows["p_adjusted"] <= LEVEL) & (sign * rows["difference"] > 0))


def not_worse_p(differences: Float[ndarray, " cells"]) -> float:
    """One-sided p-value against "a rule loses `MARGIN` nats more than validation, or yet more".

    Wilcoxon's signed-rank test of the differences of regret in each cell; 1 without any.
    """
    shifted = np.asarray(differences, dtype=np.float64) - MARGIN
    if not shifted.size or not shifted.any():
        return 1.0
    return float(stats.wilcoxon(shifted, alternative="less").pvalue)

"""What the results owe to choices that the paper leaves open.

An experiment is compared with itself, one setting taken otherwise. Trainings are paired: by
network, learning rate and seed where they were trained anew, each with itself where only the
measurement is another. Differences are averaged within a seed; intervals are over seeds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame

from maxgain.claims.evidence import Evidence
from maxgain.claims.judge import judge_claim
from maxgain.claims.registry import CLAIMS
from maxgain.config.choices import Alternative
from maxgain.errors import InputError
from maxgain.statistics.decisions import find_mean_interval, name_verdict
from maxgain.statistics.variability import variability
from maxgain.tables.choices import CHANGES, CHOICE_COLUMNS
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves, read_data_label, read_runs

Compared = tuple[Alternative, DataFrame]
"""A varied experiment and its tidy table."""


def compare_choices(tables: ResultTables, compared: Sequence[Compared]) -> DataFrame:
    """One row for each varied experiment, `CHOICE_COLUMNS`; those that were not run are left out.

    Raises
    ------
    InputError
        A training of a varied experiment has no counterpart of as many epochs.
    """
    run = [(each, table) for each, table in compared if each.of in tables.curves and len(table)]
    verdicts = _OtherVerdicts(tables, run)
    said = {choice: verdicts.of(choice) for choice in {each.choice for each, _ in run}}
    rows = [
        _compare(tables.curves[each.of], each, table) | said[each.choice] for each, table in run
    ]
    return DataFrame(rows, columns=list(CHOICE_COLUMNS))


def settled_gain(run: RunCurves) -> float:
    """Median gain of the second half of a training, dB; NaN where it is nowhere finite."""
    late = run["gain_db"][run.epochs // 2 :]
    finite = late[np.isfinite(late)]
    return float(np.median(finite)) if finite.size else float("nan")


def _variability_octaves(run: RunCurves) -> float:
    """Base-2 logarithm of the gain's variability; NaN where there is none."""
    scale = variability(run["gain_db"])
    return float(np.log2(scale)) if scale > 0 else float("nan")


def _lowest_loss(run: RunCurves) -> float:
    losses = run["validation_loss"]
    finite = losses[np.isfinite(losses)]
    return float(finite.min()) if finite.size else float("nan")


_MEASURES: Mapping[str, Callable[[RunCurves], float]] = {
    "gain_change_db": settled_gain,
    "variability_change": _variability_octaves,
    "loss_change": _lowest_loss,
}


def _compare(own: DataFrame, each: Alternative, varied: DataFrame) -> dict[str, object]:
    """A row but for the verdicts."""
    pairs = list(_pairs(read_runs(own), read_runs(varied), each))
    data, stand_in = read_data_label(varied)
    row: dict[str, object] = {
        "choice": each.choice,
        "experiment": each.of,
        "taken": each.taken,
        "otherwise": each.otherwise,
        "data": data,
        "stand_in": stand_in,
        "trainings": len(pairs),
        "seeds": len({run.seed for run, _ in pairs}),
    }
    for name in CHANGES:
        values = np.array([])
        if each.retrained or name != "loss_change":
            values = _changes_by_seed(pairs, _MEASURES[name])
        low, high = find_mean_interval(values)
        row[name] = float(values.mean()) if values.size else np.nan
        row[f"{name}_low"] = np.nan if low is None else low
        row[f"{name}_high"] = np.nan if high is None else high
    return row


def _pairs(
    own: Sequence[RunCurves], others: Sequence[RunCurves], each: Alternative
) -> Iterator[tuple[RunCurves, RunCurves]]:
    """Every training of a varied experiment after the one it is compared with."""
    by_key = {_key(run): run for run in own}
    for other in others:
        run = by_key.get(_key(other))
        if run is None or run.epochs != other.epochs:
            raise InputError(
                f"the choice {each.choice} of {each.of} has a training with factor "
                f"{other.rate_factor:.4g}, seed {other.seed} and {other.epochs} epochs; "
                f"curves/{each.of}.csv must have one like it."
            )
        yield run, other


def _key(run: RunCurves) -> tuple[object, ...]:
    """What two compared trainings share; the data differ where the choice is theirs."""
    _, _, network, capacity, learning_rate = run.setting
    return network, capacity, learning_rate, run.seed


def _changes_by_seed(
    pairs: Sequence[tuple[RunCurves, RunCurves]], measure: Callable[[RunCurves], float]
) -> Float[ndarray, " seeds"]:
    """Mean difference of each seed that has one."""
    changes: dict[int, list[float]] = {}
    for run, other in pairs:
        change = measure(other) - measure(run)
        if np.isfinite(change):
            changes.setdefault(run.seed, []).append(change)
    return np.array([np.mean(values) for _, values in sorted(changes.items())])


class _OtherVerdicts:
    """The paper's claims about the gain, judged once as the protocol has it and once otherwise."""

    def __init__(self, tables: ResultTables, compared: Sequence[Compared]) -> None:
        self._tables = tables
        self._own: dict[str, Evidence] = {}
        self._whole: dict[str, dict[str, DataFrame]] = {}
        for each, table in compared:
            if each.whole:
                self._whole.setdefault(each.choice, {})[each.of] = table

    def of(self, choice: str) -> dict[str, object]:
        """How many claims were judged otherwise, and which have another verdict then."""
        varied = self._whole.get(choice, {})
        others = ResultTables({**self._tables.curves, **varied})
        judged, turned = 0, []
        for claim in CLAIMS.rows():
            names = claim.tables
            if names == ("curves",):  # Whatever experiments there are.
                names = tuple(name for name, table in self._tables.curves.items() if len(table))
            if claim.origin != "paper" or not claim.quantities or not set(names) <= set(varied):
                continue
            if claim.name not in self._own:
                self._own[claim.name] = judge_claim(self._tables, claim)
            before, after = self._own[claim.name], judge_claim(others, claim)
            if "not run" in (before.outcome, after.outcome):
                continue
            judged += 1
            if before.outcome != after.outcome:
                official = not any(read_data_label(varied[name])[1] for name in names)
                words = (name_verdict(each.outcome, official) for each in (before, after))
                turned.append(f"{claim.name}: {' > '.join(words)}")
        return {"claims": judged, "other_verdicts": "; ".join(turned)}

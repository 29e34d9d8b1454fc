"""Feeds a rule the epochs of a stored training one after the other, as a running one would."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from textwrap import shorten

from pandas import DataFrame

from maxgain.stopping.registry import CONTEXT_COLUMNS, RULES
from maxgain.stopping.row import StopRule
from maxgain.stopping.stop import Stop
from maxgain.tables.stopping import HELD_OUT_COLUMNS

Rule = Callable[[DataFrame], Stop | None]
"""A rule with its parameters: of the table so far, whether to stop."""


@dataclass(frozen=True)
class Replayed:
    """What a rule did on one training.

    Attributes
    ----------
    draw
        Of a rule with chance in it; 0 for others.
    stop
        None where it never stopped, or failed.
    failure
        Why it could not be judged, in one sentence; empty where it could.
    """

    draw: int
    stop: Stop | None
    failure: str = ""


class RuleFailedError(Exception):
    """A rule raised, lacks a column or gave an answer that is none; the message says which."""


def bound_rules(row: StopRule, epochs: int = 1) -> list[Rule]:
    """The functions of a row with their parameters, one for each draw.

    Parameters
    ----------
    epochs
        Of the training, for a rule with a draw for each of them.

    Raises
    ------
    InputError
        The row's function cannot be imported.
    """
    function = RULES.load(row.name)
    if row.draws == 1:
        return [partial(function, **row.parameters)]
    draws = _draws(row, epochs)
    return [partial(function, **row.parameters, draw=draw, draws=draws) for draw in range(draws)]


def _draws(row: StopRule, epochs: int) -> int:
    return epochs if row.draws is None else row.draws


def replay_row(
    row: StopRule, signals: DataFrame, outcomes: DataFrame, context: Mapping[str, float]
) -> list[Replayed]:
    """A rule on one training, each of its draws; what fails is said and hinders no other.

    Parameters
    ----------
    signals, outcomes
        Of one run, one row an epoch from 1 on (`maxgain.tables.stopping`). Of the outcomes a rule
        sees losses on held-out images, and these only where its row lists them.
    context
        What the run is told: values of `maxgain.stopping.registry.CONTEXT_COLUMNS`.
    """
    try:
        table = visible_table(row, signals, outcomes, context)
    except RuleFailedError as error:
        return [Replayed(draw, None, str(error)) for draw in range(_draws(row, len(signals)))]
    found = []
    for draw, rule in enumerate(bound_rules(row, len(signals))):
        try:
            found.append(Replayed(draw, replay(rule, table)))
        except RuleFailedError as error:
            found.append(Replayed(draw, None, str(error)))
    return found


def visible_table(
    row: StopRule, signals: DataFrame, outcomes: DataFrame, context: Mapping[str, float]
) -> DataFrame:
    """What a rule may see of a whole training: the columns of its row, all quantities without.

    Raises
    ------
    RuleFailedError
        A column is not there, or has no number at any epoch.
    """
    if row.columns is None:
        return signals.drop(columns="run").reset_index(drop=True)
    table = signals[["epoch"]].reset_index(drop=True)
    for name in row.columns:
        if name in CONTEXT_COLUMNS:
            table[name] = context.get(name, math.nan)
        elif name in HELD_OUT_COLUMNS:
            table[name] = outcomes[name].to_numpy()
        elif name in signals:
            table[name] = signals[name].to_numpy()
        else:
            raise RuleFailedError(f"the table has no column '{name}'.")
        if table[name].isna().all():
            raise RuleFailedError(f"the column '{name}' has no number at any epoch.")
    return table


def replay(rule: Rule, table: DataFrame) -> Stop | None:
    """The first stop of a rule that is shown one more epoch each time; None if it never stops.

    Each time it gets a copy, so that it can neither look ahead nor leave a mark.

    Raises
    ------
    RuleFailedError
        The rule raised, or its answer is no stop at the epoch it was shown.

    Examples
    --------
    >>> (rule,) = bound_rules(RULES.find("training-loss-0.1"))
    >>> replay(rule, DataFrame({"epoch": [1, 2, 3], "training_loss": [2.3, 0.4, 0.1]}))
    Stop(halt=3, selected=3, reason='training_loss is 0.1')
    """
    for epoch in range(1, len(table) + 1):
        try:
            answer = rule(table.iloc[:epoch].copy())
        except Exception as error:  # A user's rule may raise anything.
            said = (str(error).strip() or "no reason given").splitlines()[0]
            raise RuleFailedError(
                f"it raised {type(error).__name__} at epoch {epoch}: {said.removesuffix('.')}."
            ) from error
        if answer is not None:
            return checked_stop(answer, epoch)
    return None


def checked_stop(answer: object, epoch: int) -> Stop:
    """A rule's answer, if it is a stop at this epoch that selects one until now.

    Raises
    ------
    RuleFailedError
        It is not; the sentence says what it is.
    """
    if not isinstance(answer, Stop):
        said = shorten(repr(answer), 60)  # A table would fill the screen.
        raise RuleFailedError(f"it answered {said} at epoch {epoch}; allowed are None and a Stop.")
    try:
        # NaN and 2.5 are no epochs; numpy's integers are.
        halt, selected = operator.index(answer.halt), operator.index(answer.selected)
    except TypeError:
        raise RuleFailedError(
            f"it answered the epochs {answer.halt} and {answer.selected} at epoch {epoch}; they "
            "must be whole numbers."
        ) from None
    if halt != epoch:
        raise RuleFailedError(
            f"it said at epoch {epoch} to stop at epoch {halt}; must be the same."
        )
    if not 1 <= selected <= epoch:
        raise RuleFailedError(
            f"it selected the epoch {selected} at epoch {epoch}; allowed are 1 to {epoch}."
        )
    return Stop(halt, selected, str(answer.reason))

"""Stop rules on what a running training's monitor has recorded."""

from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.stopping.registry import RULES, rules_on
from maxgain.stopping.replay import RuleFailedError, bound_rules, checked_stop
from maxgain.stopping.stop import Stop


def check_rule(rule: str, columns: list[str]) -> None:
    """Raise InputError unless a rule is known and sees no more than the columns of a monitor."""
    row = RULES.find(rule)
    missing = [name for name in row.columns or () if name not in columns]
    if missing or row.draws != 1:
        lacks = f"the column '{missing[0]}'" if missing else "draws by chance"
        if missing and missing[0].endswith("_mean_db"):
            lacks += " (a monitor with impulses=0 has no means)"
        raise InputError(
            f"the stop rule '{rule}' needs {lacks}, which this monitor does not have; allowed are "
            f"{', '.join(rules_on(columns))} and package.module:function."
        )


def stop_of_records(table: DataFrame, rule: str) -> Stop | None:
    """What a rule says after the last row of a monitor's table; None on an empty one.

    The rule counts rows, what it says is given in the epochs of these rows.

    Raises
    ------
    InputError
        The rule is not known, needs other columns, or fails.
    """
    check_rule(rule, list(table.columns))
    if table.empty:
        return None
    row = RULES.find(rule)
    shown = table if row.columns is None else table[["epoch", *row.columns]]
    (bound,) = bound_rules(row)
    try:
        answer = bound(shown.copy())
        return None if answer is None else _in_epochs(checked_stop(answer, len(table)), table)
    except RuleFailedError as error:
        raise InputError(f"the stop rule '{rule}' fails: {error}{_how_counted(table)}") from error
    except Exception as error:  # a user's rule may raise anything
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"the stop rule '{rule}' fails: {said}.") from error


def _in_epochs(stop: Stop, table: DataFrame) -> Stop:
    """A stop that counts rows from 1, in the epochs of the rows."""
    epochs = table["epoch"].to_numpy()
    return Stop(int(epochs[stop.halt - 1]), int(epochs[stop.selected - 1]), stop.reason)


def _how_counted(table: DataFrame) -> str:
    """What a rule's author has to know where rows and epochs differ; else nothing."""
    if table["epoch"].iloc[-1] == len(table):
        return ""
    return " A rule counts the rows of its table, not the epochs of the training."

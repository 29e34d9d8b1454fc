"""Reference rules, which see losses on held-out images, and rules that see nothing."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame

from maxgain.stopping.rules import signal
from maxgain.stopping.stop import Stop


def generalisation_loss(table: DataFrame, alpha: float = 2.0) -> Stop | None:
    """Stop where the held-out loss is alpha percent above its lowest; the lowest is used.

    Prechelt 1998, "Early stopping - but when?", GL.
    """
    loss = signal(table, "held_out_loss")
    excess = _excess(loss)
    if not excess > alpha:
        return None
    return Stop(len(table), _lowest(loss), f"GL is {excess:.3g} %")


def progress_quotient(table: DataFrame, alpha: float = 1.0, strip: int = 5) -> Stop | None:
    """Stop at a strip's end where GL exceeds alpha times the progress of training.

    Prechelt 1998, PQ: P is a thousand times the mean training loss of the strip over its minimum,
    less 1.
    """
    epoch = len(table)
    if epoch % strip:
        return None
    training, loss = signal(table, "twin_training_loss"), signal(table, "held_out_loss")
    last = training[-strip:]
    if not np.isfinite(last).all() or last.min() <= 0:
        return None
    progress = 1000 * (last.mean() / last.min() - 1)
    excess = _excess(loss)
    # No progress at all makes any loss of generalisation too much.
    if not excess > alpha * progress:
        return None
    return Stop(epoch, _lowest(loss), f"GL is {excess:.3g} %, progress {progress:.3g}")


def successive_strips(table: DataFrame, strips: int = 3, strip: int = 5) -> Stop | None:
    """Stop where the held-out loss rose from strip's end to strip's end, several times running.

    Prechelt 1998, UP.
    """
    epoch = len(table)
    if epoch % strip or epoch < (strips + 1) * strip:
        return None
    loss = signal(table, "held_out_loss")
    ends = loss[strip - 1 :: strip][-strips - 1 :]
    if not (np.diff(ends) > 0).all():
        return None
    return Stop(epoch, _lowest(loss), f"the held-out loss rose in {strips} strips")


def last_epoch(table: DataFrame) -> Stop | None:
    """Train to the planned end."""
    epoch = len(table)
    ended = epoch >= int(table["planned_epochs"].iloc[-1])
    return Stop(epoch, epoch, "planned end") if ended else None


def random_epoch(table: DataFrame, draw: int, draws: int) -> Stop | None:
    """Stop at an epoch drawn uniformly: the draws are the first epochs of equal parts in turn.

    With a draw for each epoch every epoch is taken once, and the mean is the expected regret.
    """
    epoch, planned = len(table), int(table["planned_epochs"].iloc[-1])
    chosen = 1 + draw * planned // draws
    return Stop(epoch, epoch, "drawn") if epoch >= chosen else None


def constant_epoch(table: DataFrame) -> Stop | None:
    """Stop at the median best epoch of other data sets' runs with as many training images."""
    epoch, chosen = len(table), float(table["constant_epoch"].iloc[-1])
    return Stop(epoch, epoch, "constant") if epoch >= chosen else None


def _excess(loss: Float[ndarray, " epochs"]) -> float:
    """Prechelt's GL: percent by which the last loss is above the lowest; NaN without losses."""
    lowest = np.nanmin(loss, initial=np.inf)
    return float(100 * (loss[-1] / lowest - 1)) if np.isfinite(lowest) and lowest > 0 else np.nan


def _lowest(loss: Float[ndarray, " epochs"]) -> int:
    return 1 + int(np.nanargmin(loss))

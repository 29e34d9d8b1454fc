"""Stop rules that need no held-out data: published ones, and one wrapper for any signal.

Each is a function of the table so far (`maxgain.stopping.stop.Stop`) and judges its last epoch
alone. An epoch whose signal is not a number never counts as an improvement nor as a crossing.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame

from maxgain.stopping.stop import Stop

Select = Literal["now", "best"]
"""Which weights are used: those of the epoch at which the rule stops, or of the best until then."""


def crossing(
    table: DataFrame, column: str, threshold: float, side: Literal["above", "below", "at-most"]
) -> Stop | None:
    """Stop where a signal is beyond a threshold.

    Parameters
    ----------
    side
        "at-most" counts the threshold itself, and "above" and "below" do not.
    """
    epoch, value = len(table), float(table[column].iloc[-1])
    beyond = {
        "above": value > threshold,
        "below": value < threshold,
        "at-most": value <= threshold,
    }[side]
    return Stop(epoch, epoch, f"{column} is {value:.4g}") if beyond else None


def at_least(table: DataFrame, column: str, threshold: float) -> Stop | None:
    """Stop where a signal reaches a threshold."""
    epoch, value = len(table), float(table[column].iloc[-1])
    return Stop(epoch, epoch, f"{column} is {value:.4g}") if value >= threshold else None


def fall_below(table: DataFrame, column: str, threshold: float) -> Stop | None:
    """Stop where a signal is below a threshold that it reached before."""
    values, epoch = signal(table, column), len(table)
    if values[-1] < threshold and (values[:-1] >= threshold).any():
        return Stop(epoch, epoch, f"{column} fell to {values[-1]:.4g}")
    return None


def below_noise_rate(table: DataFrame) -> Stop | None:
    """Stop where the training error is no larger than the share of wrong labels.

    Song et al. 2019 (arXiv:1911.08059), Prestopping. It has to be told that share.
    """
    rate = float(table["noise_rate"].iloc[-1])
    return crossing(table, "training_error", rate, "at-most")


def no_improvement(
    table: DataFrame,
    column: str,
    patience: int,
    direction: Literal["minimum", "maximum"] = "minimum",
    window: int = 1,
    least_change: float = 0.0,
    select: Select = "best",
    share: float = 1.0,
) -> Stop | None:
    """Stop where a signal's moving average has not improved for some epochs.

    With the best epoch selected this finds the signal's first local extremum that outlasts the
    patience.

    Parameters
    ----------
    patience
        Epochs without an improvement after which the rule stops; 0 is as 1.
    window
        Epochs of the trailing moving average; it begins at the first epoch with as many values.
    least_change
        An improvement must be larger than this.
    share
        The epoch selected is this share of the one found, rounded, for a training on more images.
    """
    values = trailing_mean(signal(table, column), window)
    best, waited = last_improvement(values, direction, least_change)
    if best is None or waited < max(1, patience):
        return None
    chosen = best if select == "best" else len(table)
    chosen = max(1, round(share * chosen))
    said = f"{column} has its {direction} at epoch {epoch_of_row(table, best)}"
    return Stop(len(table), chosen, said)


def no_improvement_of_loss(
    table: DataFrame, tolerance: float = 1e-4, epochs: int = 10
) -> Stop | None:
    """Stop where the training loss was above its best less a tolerance more than 10 times running.

    scikit-learn's `MLPClassifier` with its defaults, `_update_no_improvement_count`.
    """
    best, count = np.inf, 0
    for value in signal(table, "training_loss"):
        # Written so that NaN counts as no improvement.
        count = 0 if value <= best - tolerance else count + 1
        best = min(best, value) if np.isfinite(value) else best
    halt = len(table)
    return Stop(halt, halt, "the training loss stopped falling") if count > epochs else None


def increases(
    table: DataFrame,
    column: str,
    patience: int = 5,
    consecutive: bool = True,
    select: Select = "now",
) -> Stop | None:
    """Stop where a signal has risen a number of times, running or in all.

    Forouzesh & Thiran 2021 (arXiv:2107.06665) for the gradient disparity, whose five increases can
    be read in both ways.
    """
    values = signal(table, column)
    rises = np.diff(values) > 0
    count = 0
    for rise in rises:
        count = count + 1 if rise else (0 if consecutive else count)
    if count < patience or not rises[-1]:
        return None
    chosen = 1 + int(np.nanargmin(values)) if select == "best" else len(table)
    return Stop(len(table), chosen, f"{column} rose {count} times")


def label_wave(table: DataFrame, patience: int = 3, window: int = 3) -> Stop | None:
    """Stop after the first local minimum of the prediction changes' moving average.

    Yuan, Feng & Liu, ICLR 2024 (arXiv:2502.07551), equations 2 to 4 and algorithm 1, which leaves
    the patience open.
    """
    return no_improvement(table, "prediction_changes", patience, window=window)


def best_alignment(table: DataFrame) -> Stop | None:
    """Use the epoch of the highest gradient-weight alignment, the first tenth left out.

    Hölzl et al. 2025 (arXiv:2510.25480). It sees the whole training: it answers at its planned
    end.
    """
    epoch, planned = len(table), int(table["planned_epochs"].iloc[-1])
    values = _alignment(table)
    if epoch < planned or not np.isfinite(values).any():
        return None
    return Stop(epoch, 1 + int(np.nanargmax(values)), "highest alignment")


def alignment_turn(table: DataFrame, patience: int = 10) -> Stop | None:
    """Stop where the gradient-weight alignment has not risen for some epochs, and use its highest.

    `best_alignment` for a training that goes on: the first tenth of the planned epochs is left out
    as there. The patience is ours.
    """
    column = "gradient_weight_alignment"
    return no_improvement(table.assign(**{column: _alignment(table)}), column, patience, "maximum")


def _alignment(table: DataFrame) -> Float[ndarray, " epochs"]:
    """The alignment, NaN at the first tenth of the planned epochs."""
    values = signal(table, "gradient_weight_alignment")
    values[: int(table["planned_epochs"].iloc[-1]) // 10] = np.nan
    return values


def counterfactual_curvature(table: DataFrame, smoothings: int = 5) -> Stop | None:
    """Use the epoch of the largest curvature of the distance to a second network.

    Vardasbi et al. 2022 (arXiv:2208.09529): the distance's differences are smoothed five times by
    (1/4, 1/2, 1/4), the curvature is their change. Only after the planned end; it needs a second
    training with another seed (`maxgain.quantities.pair.counterfactual_distance`).
    """
    epoch, planned = len(table), int(table["planned_epochs"].iloc[-1])
    values = signal(table, "counterfactual_distance")
    if epoch < planned or epoch < 4 or not np.isfinite(values).all():
        return None
    slopes = np.diff(values)
    for _ in range(smoothings):
        padded = np.pad(slopes, 1, mode="edge")
        slopes = padded[:-2] / 4 + padded[1:-1] / 2 + padded[2:] / 4
    steps = np.diff(slopes)
    # The change of slope number i is that at epoch i + 2.
    return Stop(epoch, 2 + int(np.argmax(np.abs(steps))), "largest curvature")


def dimension_turn(
    table: DataFrame, window: int = 5, deviations: float = 2.0, first: int = 11
) -> Stop | None:
    """Stop where the local dimension exceeds its last five values by two of their deviations.

    Ma et al. 2018 (arXiv:1806.02612), section 4.2, from epoch 11 on; the epoch before is used.
    """
    values, epoch = signal(table, "local_dimension"), len(table)
    before = values[-window - 1 : -1]
    if epoch < first or len(before) < window or not np.isfinite(before).all():
        return None
    limit = before.mean() + deviations * before.std()
    if not values[-1] > limit:
        return None
    return Stop(epoch, epoch - 1, f"dimension {values[-1]:.4g} is above {limit:.4g}")


def credible(table: DataFrame, level: float = 0.5) -> Stop | None:
    """Stop where the last layer's credibility reaches a level.

    After the idea of GRADSTOP (Jamshidi et al. 2025, arXiv:2508.19028), whose estimator is
    another: `maxgain.quantities.credibility`.
    """
    return at_least(table, "credibility", level)


def credible_by_draw(table: DataFrame, draw: int, draws: int) -> Stop | None:
    """`credible` with a level drawn uniformly: the middles of equal parts of [0, 1] in turn."""
    return credible(table, (draw + 0.5) / draws)


def epoch_of_row(table: DataFrame, row: int) -> int:
    """The training's epoch of a row, for a reason that names it. Rows are counted from 1.

    The two differ where not every epoch was measured (`measure_every` of `maxgain.GainMonitor`).
    """
    return int(table["epoch"].iloc[row - 1])


def signal(table: DataFrame, column: str) -> Float[ndarray, " epochs"]:
    """A copy of a column, NaN where it is not finite."""
    values = table[column].to_numpy(dtype=np.float64, copy=True)
    values[~np.isfinite(values)] = np.nan
    return values


def trailing_mean(values: Float[ndarray, " epochs"], window: int) -> Float[ndarray, " epochs"]:
    """Mean of the last values at each epoch; NaN where one of them is."""
    means = np.full(values.shape, np.nan)
    if values.size >= window:
        windows = np.lib.stride_tricks.sliding_window_view(values, window)
        with np.errstate(invalid="ignore"):  # Infinities of both signs have no mean.
            means[window - 1 :] = windows.mean(axis=1)
    return means


def last_improvement(
    values: Float[ndarray, " epochs"],
    direction: Literal["minimum", "maximum"],
    least_change: float = 0.0,
) -> tuple[int | None, int]:
    """The epoch (from 1) of the best value so far, and the epochs since; None where there is none.

    A value counts as better if it is so by more than `least_change`.
    """
    sign = 1.0 if direction == "minimum" else -1.0
    best, where = np.inf, None
    for epoch, value in enumerate(sign * values, start=1):
        if value < best - least_change or (np.isinf(best) and np.isfinite(value)):
            best, where = value, epoch
    return where, 0 if where is None else values.size - where

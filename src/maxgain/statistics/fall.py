"""When a curve that was level begins to fall."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from maxgain.statistics.trend import plateau_epoch


def fall_onset(curve: Float[ndarray, " epochs"]) -> int | None:
    """Epoch (from 1) from which on a level curve falls; None where it does not.

    A level that falls is, seen backwards, a rise that ends on a plateau: the rules of
    `maxgain.statistics.trend.plateau_epoch` apply, among them that the level stretch holds a
    quarter of the epochs and is at most a quarter as steep as the fall, and that the fall exceeds
    the curve's jumping. The curve is cut at its first epoch that is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> fall_onset(np.array([-4.0] * 10 + [-5.0, -6, -7, -8, -9, -10, -11, -12, -13, -14]))
    10
    """
    values = np.asarray(curve, dtype=np.float64)
    broken = np.flatnonzero(~np.isfinite(values))
    whole = values[: broken[0]] if broken.size else values
    place = plateau_epoch(whole[::-1])
    return None if place is None else whole.size + 1 - place

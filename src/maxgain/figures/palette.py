"""Colours and markers of curves: the paper's for its learning rates, colour-blind safe for all."""

from collections.abc import Sequence
from itertools import cycle, islice
from typing import NamedTuple

import seaborn


class CurveStyle(NamedTuple):
    """Colour and marker of a curve; the marker tells curves apart where colour is lost."""

    color: str
    marker: str


DEFAULT_RED = "#d62728"
"""The paper's colour of the default learning rate."""

THIRD_BLUE = "#1f5fbf"
"""The paper's colour of a third of it."""

TENTH_BLACK = "#000000"
"""The paper's colour of a tenth of it."""

RATE_STYLES: dict[str, CurveStyle] = {
    "×1": CurveStyle(DEFAULT_RED, "o"),
    "×1/3": CurveStyle(THIRD_BLUE, "s"),
    "×1/10": CurveStyle(TENTH_BLACK, "^"),
    "×2": CurveStyle("#e69f00", "D"),
    "×3": CurveStyle("#009e73", "v"),
    "×4": CurveStyle("#7b3f9d", "P"),
}
"""Style of the paper's learning-rate factors. The raised rates take colours of the Okabe-Ito
palette that stay apart from the paper's three, and from each other, under the common colour
blindnesses."""

ONLY = CurveStyle(TENTH_BLACK, "")
"""Style of a curve that is alone in its panel: figures 12 and 13 use a tenth of the default rate,
and no marker is needed."""

_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "p", "h")
# One more colour than markers would repeat pairs sooner: 10 and 11 have no common divisor.


def choose_styles(labels: Sequence[str], known: dict[str, CurveStyle]) -> dict[str, CurveStyle]:
    """Style of each label: its own where it is `known`, else the next of seaborn's palette.

    The palette is "colorblind" (Okabe & Ito's colours); beyond its ten colours they repeat with
    other markers.
    """
    colors = seaborn.color_palette("colorblind").as_hex()
    others = [label for label in labels if label not in known]
    used = {known[label].marker for label in labels if label in known}
    markers = [marker for marker in _MARKERS if marker not in used] or _MARKERS
    # The palette's first three are close to the paper's own.
    start = 4 if used else 0
    pairs = islice(zip(cycle(colors), cycle(markers), strict=False), start, None)
    free = {label: CurveStyle(*pair) for label, pair in zip(others, pairs, strict=False)}
    return {label: known.get(label) or free[label] for label in labels}

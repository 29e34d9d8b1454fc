"""What a row of the registry of figures says, and the kinds of figure that may be asked for."""

from dataclasses import dataclass

from maxgain.config.figures import CurvesFigure
from maxgain.registry import Registry, Row


@dataclass(frozen=True)
class FigureRow(Row):
    """One figure.

    Attributes
    ----------
    function
        Returns the drawn figure.
    files
        Names of the result files that the function takes as its arguments, in order: tables
        (.csv), arrays (.safetensors). ``*.safetensors`` is the arrays of all networks by name.
    caption
        For the report and the metadata of every figure file. Where data stand in for the paper's,
        the figure's own title says so.
    request
        What the function takes after the files, where it draws on request.
    measure
        "package.module:function" of the same files that gives the function's further keyword
        arguments, so that drawing itself measures nothing; "" for none.
    """

    files: tuple[str, ...]
    caption: str
    request: CurvesFigure | None = None
    measure: str = ""


@dataclass(frozen=True)
class Kind(Row):
    """One kind of figure that may be asked for of any experiment.

    Attributes
    ----------
    function
        Returns the figure of the experiment's table and of the request.
    caption
        What follows the title.
    """

    caption: str


KINDS: Registry[Kind] = Registry(
    "figure-kinds",
    [
        Kind(
            "curves",
            "maxgain.figures.training:draw_curves",
            "Top: Maximum Gain of the snapshot of each epoch, on the impulse image, mean over "
            "channels. Middle: loss. Bottom: top-1 error. Training is solid, validation dashed. "
            "Several seeds are a line (median) and a band (range), each run's gain a thin line. A "
            "cross marks the epoch where a run diverged, a triangle at the bottom one whose "
            "network died. What was not run is left out and says so.",
        ),
    ],
)
"""What the key `kind` of a figure in the configuration may be."""


def row_of_request(request: CurvesFigure, caption: str = "") -> FigureRow:
    """The row of a figure that is asked for.

    Raises
    ------
    InputError
        Its kind is not known.
    """
    kind = KINDS.find(request.kind)
    caption = caption or f"{request.title or f'Experiment {request.experiment}'}."
    return FigureRow(
        request.name,
        kind.function,
        (f"{request.experiment}.csv",),
        f"{caption} {kind.caption}",
        request,
    )

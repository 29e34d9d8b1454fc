"""matplotlib imported whatever backend the environment names: figures here need none."""

import contextlib
import os
import sys


def import_matplotlib() -> None:
    """Import matplotlib even if the backend in MPLBACKEND is not installed.

    Jupyter and Colab set MPLBACKEND for every shell that they start, and matplotlib refuses to be
    imported where that backend belongs to another environment. The figures of this package are
    drawn into files without a window, so the backend does not matter to them. The environment is
    left as it was, and a backend that matplotlib can use stays the chosen one.

    Without MPLBACKEND nothing is imported here: a workflow reads the names of the figures without
    paying for matplotlib. `matplotlib.use` was weighed: it needs matplotlib imported first.
    """
    wanted = os.environ.get("MPLBACKEND")
    if not wanted or "matplotlib" in sys.modules:
        return
    del os.environ["MPLBACKEND"]
    try:
        import matplotlib
    finally:
        os.environ["MPLBACKEND"] = wanted
    # What matplotlib's own import does with a name that it knows.
    with contextlib.suppress(ValueError):
        matplotlib.rcParams["backend"] = wanted

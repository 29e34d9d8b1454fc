"""The table of choices as a Markdown page."""

from typing import Any

from pandas import DataFrame

from maxgain.claims.page import format_effect, render_table
from maxgain.tables.choices import CHANGES

EXPLANATION = (
    "An experiment is compared with itself, one setting taken otherwise, training by training. "
    "*Gain*: median of the second half of a training. *Variability*: factor by which the gain's "
    "jumps from epoch to epoch grow, as a power of 2. *Loss*: lowest validation loss, where "
    "networks were trained anew. In brackets 90 % intervals over seeds: an interval that holds 0 "
    "shows no difference. *Other verdicts*: of the paper's claims on the gain that could be judged "
    "both ways (their number in parentheses), those that come out otherwise."
)


def render_choices(table: DataFrame, title: str) -> str:
    """The page, one row for each choice and experiment.

    Parameters
    ----------
    table
        As `maxgain.claims.choices.compare_choices` gives it.
    """
    heads = (
        "choice",
        "experiment",
        "trainings",
        "gain, dB",
        "variability, octaves",
        "loss, nats",
        "other verdicts",
    )
    lines = [f"# {title}", "", EXPLANATION, ""]
    lines += render_table(heads, map(_cells, table.to_dict("records")))
    return "\n".join(lines) + "\n"


def _cells(row: dict[Any, Any]) -> tuple[object, ...]:  # as pandas gives rows
    stand_in = " (stand-in)" if row["stand_in"] else ""
    verdicts = f"{row['other_verdicts'] or 'none'} ({row['claims']})"
    return (
        f"{row['otherwise']} in place of {row['taken']}",
        f"{row['experiment']}{stand_in}",
        row["trainings"],
        *(format_effect(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in CHANGES),
        verdicts if row["claims"] else "not judged",
    )

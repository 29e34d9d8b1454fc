"""Columns of choices.csv: what the results owe to choices that the paper leaves open."""

CHANGES = ("gain_change_db", "variability_change", "loss_change")
"""The change of the settled gain (dB), of its variability (base-2 logarithm of their ratio) and of
the lowest validation loss (nats), each the choice's less the protocol's."""

CHOICE_COLUMNS = (
    "choice",
    "experiment",
    "taken",
    "otherwise",
    "data",
    "stand_in",
    "trainings",
    "seeds",
    *(f"{name}{end}" for name in CHANGES for end in ("", "_low", "_high")),
    "claims",
    "other_verdicts",
)
"""In this order. `_low` and `_high` are ends of the 90 % interval over seeds, NaN with one;
`loss_change` is NaN where nothing was trained anew; `claims` were judged both ways, and
`other_verdicts` says of which the outcome is another."""

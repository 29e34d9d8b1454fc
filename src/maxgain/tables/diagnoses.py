"""Columns of diagnoses.csv: what the curves of every run of the experiments mean."""

DIAGNOSIS_COLUMNS = (
    "experiment",
    "dataset",
    "network",
    "capacity",
    "rate_factor",
    "learning_rate",
    "seed",
    "by_gain",
    "by_sensitivity",
    "by_losses",
    "sentence",
)
"""Columns of diagnoses.csv: one row a run of every experiment. `by_gain`, `by_sensitivity` and
`by_losses` are verdicts of `maxgain.diagnosis.verdicts.DiagnosisVerdict`, `sentence` is that of the
gain; `by_sensitivity` is empty where the run was measured on fewer than two impulses."""

"""Sets of diagnosis rules by name; each turns the monitor's curves into a diagnosis."""

from maxgain.registry import Registry, Row

DIAGNOSIS_RULES: Registry[Row] = Registry(
    "diagnosis-rules",
    [
        Row("paper", "maxgain.monitor.diagnoses:diagnose_by_paper"),
        Row("sensitivity", "maxgain.monitor.diagnoses:diagnose_by_sensitivity"),
    ],
    of_function=Row,
)
"""The paper's rules on the gain at one impulse, and those on sensitivity and saturation over the
set of impulses. A row's function takes `maxgain.monitor.curves.Curves` and returns a
`maxgain.diagnosis.Diagnosis`."""

"""Sets of diagnosis rules by name; each turns the monitor's curves into a diagnosis."""

from dataclasses import dataclass

from maxgain.registry import Registry, Row
from maxgain.tables.curves import RESPONSE_COLUMNS, SENSITIVITY_COLUMNS


@dataclass(frozen=True)
class DiagnosisRules(Row):
    """A set of diagnosis rules.

    Attributes
    ----------
    columns
        Which a stored table of curves must have for them. A function that does not say may look
        at all curves.
    """

    columns: tuple[str, ...] = ("gain_db", *RESPONSE_COLUMNS)


DIAGNOSIS_RULES: Registry[DiagnosisRules] = Registry(
    "diagnosis-rules",
    [
        DiagnosisRules("paper", "maxgain.monitor.diagnoses:diagnose_by_paper", ("gain_db",)),
        DiagnosisRules(
            "sensitivity",
            "maxgain.monitor.diagnoses:diagnose_by_sensitivity",
            SENSITIVITY_COLUMNS,
        ),
    ],
    of_function=DiagnosisRules,
)
"""The paper's rules on the gain at one impulse, and those on sensitivity and saturation over the
set of impulses. A row's function takes `maxgain.monitor.curves.Curves` and returns a
`maxgain.diagnosis.Diagnosis`."""

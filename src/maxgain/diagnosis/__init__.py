"""Read a gain curve, sensitivity and saturation, or losses, and say what that means."""

from maxgain.diagnosis.losses import diagnose_losses, loss_minimum, overfitting_onset
from maxgain.diagnosis.rules import diagnose
from maxgain.diagnosis.sensitivity import diagnose_sensitivity
from maxgain.diagnosis.verdicts import Diagnosis, DiagnosisVerdict

__all__ = [
    "Diagnosis",
    "DiagnosisVerdict",
    "diagnose",
    "diagnose_losses",
    "diagnose_sensitivity",
    "loss_minimum",
    "overfitting_onset",
]

"""Read a gain curve, or losses, and say what that means for the training."""

from maxgain.diagnosis.losses import diagnose_losses, loss_minimum, overfitting_onset
from maxgain.diagnosis.rules import Diagnosis, DiagnosisVerdict, diagnose

__all__ = [
    "Diagnosis",
    "DiagnosisVerdict",
    "diagnose",
    "diagnose_losses",
    "loss_minimum",
    "overfitting_onset",
]

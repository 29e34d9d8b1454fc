"""Read a gain curve: how variable it is, where it goes, and what that says about the training."""

from maxgain.diagnosis.gaps import first_diverged_epoch, keep_finite_epochs
from maxgain.diagnosis.losses import diagnose_losses, loss_minimum, overfitting_onset
from maxgain.diagnosis.onset import Onset, variability_onset
from maxgain.diagnosis.rules import Diagnosis, DiagnosisVerdict, diagnose
from maxgain.diagnosis.trend import Line, Trend, fit_line, late_share, plateau_epoch, trend
from maxgain.diagnosis.variability import (
    detrended_differences,
    rolling_variability,
    scale_of,
    scales_of,
    variability,
)

__all__ = [
    "Diagnosis",
    "DiagnosisVerdict",
    "Line",
    "Onset",
    "Trend",
    "detrended_differences",
    "diagnose",
    "diagnose_losses",
    "first_diverged_epoch",
    "fit_line",
    "keep_finite_epochs",
    "late_share",
    "loss_minimum",
    "overfitting_onset",
    "plateau_epoch",
    "rolling_variability",
    "scale_of",
    "scales_of",
    "trend",
    "variability",
    "variability_onset",
]

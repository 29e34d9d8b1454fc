"""What the curves of a monitor say of a training, by one set of rules or another."""

import numpy as np

from maxgain.diagnosis.rules import diagnose
from maxgain.diagnosis.sensitivity import diagnose_sensitivity
from maxgain.diagnosis.verdicts import Diagnosis
from maxgain.errors import InputError
from maxgain.monitor.curves import Curves


def diagnose_by_paper(curves: Curves) -> Diagnosis:
    """The paper's rules (section IV-C1) on the gain at the centred impulse."""
    return diagnose(curves.gain, epochs=curves.epochs)


def diagnose_by_sensitivity(curves: Curves) -> Diagnosis:
    """The rules on sensitivity and saturation, means over the set of impulses.

    Raises
    ------
    InputError
        The set of impulses is empty, or has one, so that the mean has no error.
    """
    if (np.isnan(curves.sensitivity_mean) & ~np.isnan(curves.sensitivity)).any():
        raise InputError(
            "the rules 'sensitivity' need means over impulses; there are none, as with impulses=0, "
            "and must be of at least 2."
        )
    return diagnose_sensitivity(
        curves.sensitivity_mean,
        curves.sensitivity_error,
        curves.saturation_mean,
        curves.saturation_error,
        epochs=curves.epochs,
    )

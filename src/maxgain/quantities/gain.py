"""The Maximum Gain and its two parts, at one impulse and as a mean over several."""

from maxgain.quantities.estimate import Values, mean_of
from maxgain.quantities.impulses import Impulses


def gain(impulses: Impulses) -> Values:
    """Maximum Gain G in dB: of the centred impulse, and its mean over all impulses.

    Stamatescu & McDonnell 2018 (arXiv:1810.03241), section III, with the projection 1/score and a
    Hann window; channels are averaged in dB. Minus infinity where the network is dead.
    """
    return {"gain_db": float(impulses.gain[0]), "gain_mean_db": mean_of(impulses.gain)}


def sensitivity(impulses: Impulses) -> Values:
    """Sensitivity S in dB: the Maximum Gain of the winning class's log-odds.

    With m the log-odds, d log z_c/dx = (1 - z_c) dm/dx, hence G = S + C exactly.
    """
    return {
        "sensitivity_db": float(impulses.sensitivity[0]),
        "sensitivity_mean_db": mean_of(impulses.sensitivity),
    }


def saturation(impulses: Impulses) -> Values:
    """Saturation C = 20 log10(1 - z_c) in dB, z_c the winning class's score (see `sensitivity`)."""
    return {
        "saturation_db": float(impulses.saturation[0]),
        "saturation_mean_db": mean_of(impulses.saturation),
    }


def impulse_gradient_norm(impulses: Impulses) -> Values:
    """Norm of d log z_c/dx at the centred impulse, without window and Fourier transform.

    What the gain's peak adds to it is the question. Own comparison.
    """
    return {"impulse_gradient_norm": float(impulses.gradient_norm[0])}

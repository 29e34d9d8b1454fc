"""The Maximum Gain and its two parts, at one impulse and as a mean over several."""

from jaxtyping import Float
from torch import Tensor

from maxgain.quantities.estimate import Estimate, Values
from maxgain.quantities.impulses import Impulses
from maxgain.response.snapshots import mean_over_impulses


def gain(impulses: Impulses) -> Values:
    """Maximum Gain G in dB: of the centred impulse, and its mean over the others.

    Stamatescu & McDonnell 2018 (arXiv:1810.03241), section III, with the projection 1/score and a
    Hann window; channels are averaged in dB. Minus infinity where the network is dead, NaN where a
    logit or a derivative is; a mean is so where one impulse is, and NaN without any.
    """
    return {"gain_db": float(impulses.gain[0]), "gain_mean_db": _mean_of_set(impulses.gain)}


def sensitivity(impulses: Impulses) -> Values:
    """Sensitivity S in dB: the Maximum Gain of the winning class's log-odds.

    With m the log-odds, d log z_c/dx = (1 - z_c) dm/dx, hence G = S + C exactly. Own split of the
    gain. Minus infinity where the network is dead, NaN where a derivative is not finite; a mean is
    so where one impulse is, and NaN without any.
    """
    return {
        "sensitivity_db": float(impulses.sensitivity[0]),
        "sensitivity_mean_db": _mean_of_set(impulses.sensitivity),
    }


def saturation(impulses: Impulses) -> Values:
    """Saturation C = 20 log10(1 - z_c) in dB, z_c the winning class's score (see `sensitivity`).

    Own split of the gain. Finite wherever the log-odds are, NaN where a logit is; a mean is NaN
    where one impulse is, and without any.
    """
    return {
        "saturation_db": float(impulses.saturation[0]),
        "saturation_mean_db": _mean_of_set(impulses.saturation),
    }


def impulse_gradient_norm(impulses: Impulses) -> Values:
    """Norm of d log z_c/dx at the centred impulse, without window and Fourier transform.

    What the gain's peak adds to it is the question. Own comparison. 0 where the network is dead,
    NaN where a logit or the derivative is.
    """
    return {"impulse_gradient_norm": float(impulses.gradient_norm[0])}


def _mean_of_set(values: Float[Tensor, "impulses"]) -> Estimate:
    """Mean over the impulses at random places, the centred one left out; NaN without any.

    So curves and monitor have it: the set is a sample of places, of which the centre is none.
    """
    mean, error = mean_over_impulses(values[None, 1:])
    return Estimate(float(mean), float(error))

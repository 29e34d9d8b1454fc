"""What gradients of batches and of single images say: signal, noise, agreement."""

import math
from itertools import combinations

from maxgain.quantities.batches import BatchGradients, FiveBatches, SingleGradients
from maxgain.quantities.estimate import Values, mean_of, ratio


def eb_criterion(gradients: BatchGradients) -> Values:
    """Evidence-based criterion over the training set: above zero the gradients are noise alone.

    1 - c K mean_k(mean_k^2 / s_k^2), K batches, s_k^2 the unbiased variance over them, and
    c = (K - 3) / (K - 1), which takes away the bias of 1 / s^2. After Mahsereci et al. 2017
    (arXiv:1703.09580), equation 7, with batches in place of single images; the factor c is ours.
    It assumes plain stochastic gradient descent.

    Weights with a variance of zero are left out; NaN where all are.
    """
    varying = gradients.variance > 0
    if not varying.any():
        return {"eb_criterion": math.nan}
    mean, variance = gradients.mean[varying].double(), gradients.variance[varying].double()
    batches = gradients.batches
    unbiased = (batches - 3) / (batches - 1)
    return {"eb_criterion": 1 - unbiased * batches * float((mean.square() / variance).mean())}


def eb_criterion_batch(singles: SingleGradients) -> Values:
    """Evidence-based criterion as cockpit computes it: of single images in a batch of 100.

    1 - |S| mean_k(mean_k^2 / s_k^2), s_k^2 the variance over the batch's images (divisor
    |S| - 1); mean over the batches that were measured. That is one (`SINGLE_BATCHES`), as cockpit
    takes at a step, so there is no standard error. Mahsereci et al. 2017 (arXiv:1703.09580),
    equation 7, and cockpit's `quantities/early_stopping.py`, without the latter's constant in the
    denominator: it swamps small variances.

    Weights with a variance of zero are left out; a batch in which all are, too. NaN where no batch
    is left.
    """
    values = []
    for mean, variance in zip(singles.means, singles.variances, strict=True):
        varying = variance > 0
        if varying.any():
            quotient = mean[varying].square() / variance[varying]
            values.append(1 - singles.size * quotient.mean())
    if not values:
        return {"eb_criterion_batch": math.nan}
    return {"eb_criterion_batch": mean_of(singles.means.new_tensor(values))}


def gradient_disparity(batches: FiveBatches) -> Values:
    """Mean distance ||g_a - g_b|| over the ten pairs of five batch gradients.

    Forouzesh & Thiran 2021 (arXiv:2107.06665), equation 6; the losses of a batch are divided by
    their standard deviation, as in the authors' code. NaN where that is zero in a batch.
    """
    distances = [(a - b).double().norm() for a, b in combinations(batches.gradients, 2)]
    return {"gradient_disparity": float(sum(distances)) / len(distances)}


def gradient_noise(gradients: BatchGradients) -> Values:
    """Noise scale tr(C) / ||g||^2 in images, and its ratio to the images measured.

    C is the covariance of single images' gradients, tr(C) = (images / K) sum s_k^2, and g the mean
    gradient. At a ratio of 1 the gradient is no larger than its noise: the one-step ratio of Liu
    et al. 2020 (arXiv:2001.07384) is then zero. The scale is that of McCandlish et al. 2018
    (arXiv:1812.06162), equation 2.9. NaN where the mean gradient is zero.
    """
    trace = gradients.images / gradients.batches * float(gradients.variance.double().sum())
    scale = ratio(trace, float(gradients.mean.double().square().sum()))
    return {"gradient_noise_scale": scale, "gradient_noise_ratio": scale / gradients.images}


def overshoot(gradients: BatchGradients) -> Values:
    """Cosine of the mean gradient and the last epoch's step: above zero the step went too far.

    Own comparison. Multipliers of the rate are left out: to weigh both by them, the gradient by
    their root and the step by one over it, changes both lengths but neither the product nor,
    hence, the sign. NaN at the first snapshot and at the first after one that
    was not finite, and where one of both is zero.
    """
    if gradients.step is None:
        return {"overshoot_cosine": math.nan}
    mean, step = gradients.mean.double(), gradients.step.double()
    return {"overshoot_cosine": ratio(float(mean @ step), float(mean.norm() * step.norm()))}

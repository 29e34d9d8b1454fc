"""What the network says of its training images: losses, errors, changes of mind."""

import math

import torch

from maxgain.quantities.batches import Steps
from maxgain.quantities.estimate import Values, mean_of, ratio
from maxgain.quantities.images import ImagePass

MASTERED = 1e-3
"""An image is mastered where its loss's second differences are smaller on average, in nats."""

SECOND_DIFFERENCES = 3
"""Second differences of the loss that the average is taken of."""


def training_loss(images: ImagePass) -> Values:
    """Mean cross-entropy in nats and share of errors on the training images, labels as trained.

    At the frozen snapshot, unlike a mean over the epoch that led to it. Stop rules on the loss:
    Jiang et al. 2020 (arXiv:1912.02178), scikit-learn's `MLPClassifier`, Keras; on the error: Song
    et al. 2019 (arXiv:1911.08059).

    The loss is NaN or infinite where that of an image is, as where a logit overflows. The error is
    always a number: a logit that is NaN counts as the highest.
    """
    wrong = (images.predictions != images.labels).to(images.losses)
    return {"training_loss": mean_of(images.losses), "training_error": mean_of(wrong)}


def prediction_changes(images: ImagePass) -> Values:
    """Number of training images whose predicted class is another than at the snapshot before.

    Yuan, Feng & Liu, ICLR 2024 (arXiv:2502.07551), equation 2. NaN at the first snapshot,
    and at the first one after a snapshot that was not finite.
    """
    if images.previous_predictions is None:
        return {"prediction_changes": math.nan}
    return {"prediction_changes": float((images.predictions != images.previous_predictions).sum())}


def mastered_share(images: ImagePass) -> Values:
    """Share of training images that are mastered: whose loss no longer bends.

    The mean size of the loss's second differences over three epochs is below 1e-3: "Instance-
    dependent early stopping", ICLR 2025 (arXiv:2502.07547). NaN before the fifth
    snapshot running that is finite.
    """
    losses = (*images.previous_losses, images.losses)
    if len(losses) < SECOND_DIFFERENCES + 2:
        return {"mastered_share": math.nan}
    curves = torch.stack(losses[-SECOND_DIFFERENCES - 2 :]).double()
    bends = curves.diff(n=2, dim=0).abs().mean(0)
    return {"mastered_share": float((bends < MASTERED).double().mean())}


def optimisation_variance(steps: Steps) -> Values:
    """Variance of the logits over steps on different batches, relative to their size.

    mean_x[ mean_b ||f_b - f||^2 / mean_b ||f_b||^2 ], f_b the logits after a step on batch b and f
    their mean over batches. Zhang et al. 2021 (submission to ICLR), equation 6. NaN where the
    logits of an image are zero after all steps.
    """
    logits = steps.logits.double()
    variances = (logits - logits.mean(0)).square().sum(2).mean(0)
    sizes = logits.square().sum(2).mean(0)
    values = [ratio(float(v), float(s)) for v, s in zip(variances, sizes, strict=True)]
    return {"optimisation_variance": mean_of(torch.tensor(values, dtype=torch.float64))}

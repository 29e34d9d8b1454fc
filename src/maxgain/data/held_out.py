"""Training images that a training does not see, for those who stop it by their loss."""

import torch
from jaxtyping import Int64
from torch import Tensor

from maxgain.data.images import choose_stratified
from maxgain.errors import InputError

_SEED = 1


def kept_and_held_out(
    labels: Int64[Tensor, "count"], share: float
) -> tuple[Int64[Tensor, "kept"], Int64[Tensor, "held_out"]]:
    """Places of the images that are trained on, and of a share that is not.

    Each class keeps its share, as the labels name classes: wrong labels are held out as they are.

    Parameters
    ----------
    share
        Of all images, from 0 to below 1, rounded to whole images.

    Returns
    -------
    tuple
        Ascending places, the same ones for the same labels and share.

    Raises
    ------
    InputError
        The share is above 0 and leaves no image on one of the sides.
    """
    count = round(share * len(labels))
    if share > 0 and not 0 < count < len(labels):
        raise InputError(
            f"held_out is {share:g}, of {len(labels)} images {count}; on either side there must be "
            "one image at least."
        )
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    if count:
        chosen[choose_stratified(labels, count, _SEED)] = True
    return (~chosen).nonzero().flatten(), chosen.nonzero().flatten()

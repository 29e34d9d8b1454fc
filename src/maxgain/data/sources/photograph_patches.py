"""Make digits on photographs, by the recipe of MNIST-M (Ganin et al. 2016, section 5.2.4)."""

from collections.abc import Sequence

import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.nn.functional import pad

from maxgain.errors import InputError

SIZE = 32
"""Height and width of the images made."""


def blend_with_patches(
    digits: UInt8[Tensor, "count 1 height width"],
    photographs: Sequence[UInt8[Tensor, "channels photo_height photo_width"]],
    seed: int,
) -> UInt8[Tensor, "count channels 32 32"]:
    """\\|patch - digit\\| with a patch at a random place of a random photograph each.

    Digits smaller than 32 x 32 get a border of zeros, where the photograph shows unchanged.

    Parameters
    ----------
    digits
        Grey images, 0-255, at most 32 x 32.
    photographs
        Colour images, 0-255, at least 32 x 32.
    seed
        Of the choice of photographs and places.

    Raises
    ------
    InputError
        There is no photograph, or one is smaller than a patch, or the digits are larger.
    """
    _, _, height, width = digits.shape
    if max(height, width) > SIZE:
        raise InputError(f"digits are {height} x {width}; allowed are at most {SIZE} x {SIZE}.")
    if not photographs or any(min(photo.shape[1:]) < SIZE for photo in photographs):
        sizes = ", ".join(f"{photo.shape[1]} x {photo.shape[2]}" for photo in photographs)
        raise InputError(
            f"photographs are {sizes or 'missing'}; at least one is needed, each of at least "
            f"{SIZE} x {SIZE} pixels."
        )
    top, left = (SIZE - height) // 2, (SIZE - width) // 2
    framed = pad(digits, (left, SIZE - width - left, top, SIZE - height - top)).to(torch.int16)
    generator = torch.Generator().manual_seed(seed)
    patches = torch.stack([_random_patch(photographs, generator) for _ in range(len(digits))])
    return (patches.to(torch.int16) - framed).abs().to(torch.uint8)


def _random_patch(
    photographs: Sequence[UInt8[Tensor, "channels height width"]], generator: torch.Generator
) -> UInt8[Tensor, "channels 32 32"]:
    photo = photographs[_random_below(len(photographs), generator)]
    row = _random_below(photo.shape[1] - SIZE + 1, generator)
    column = _random_below(photo.shape[2] - SIZE + 1, generator)
    return photo[:, row : row + SIZE, column : column + SIZE]


def _random_below(limit: int, generator: torch.Generator) -> int:
    return int(torch.randint(limit, (), generator=generator))

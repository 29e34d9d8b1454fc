"""Images held out: how many, of which classes, and that nothing is on both sides."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from maxgain.data.held_out import kept_and_held_out
from maxgain.data.label_noise import LabelNoise, flip_labels, true_labels
from maxgain.errors import InputError


@given(st.integers(20, 300), st.floats(0.05, 0.95), st.integers(1, 10))
def test_every_image_is_on_one_side(count: int, share: float, classes: int) -> None:
    labels = torch.randint(0, classes, (count,), generator=torch.Generator().manual_seed(count))
    kept, held_out = kept_and_held_out(labels, share)
    assert torch.equal(torch.cat([kept, held_out]).sort().values, torch.arange(count))
    assert len(held_out) == round(share * count)
    expected = share * torch.bincount(labels, minlength=classes)
    found = torch.bincount(labels[held_out], minlength=classes)
    assert bool(((found - expected).abs() <= 1 + 0.5 / count * found).all())


def test_nothing_is_held_out_of_a_share_of_none() -> None:
    kept, held_out = kept_and_held_out(torch.arange(30) % 3, 0.0)
    assert torch.equal(kept, torch.arange(30))
    assert len(held_out) == 0


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_a_side_without_images_is_refused(share: float) -> None:
    with pytest.raises(InputError, match=rf"held_out is {share}, of 10 images"):
        kept_and_held_out(torch.zeros(10, dtype=torch.int64), share)


@given(st.floats(0, 0.99), st.integers(0, 2**40), st.integers(2, 10))
def test_true_labels_come_back(rate: float, seed: int, classes: int) -> None:
    labels = torch.arange(101) % classes
    noise = LabelNoise(rate, seed)
    assert torch.equal(true_labels(flip_labels(labels, classes, noise), classes, noise), labels)

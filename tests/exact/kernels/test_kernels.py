"""The fast ways of convolution and pooling against torch's own."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from maxgain.errors import InputError
from maxgain.kernels import compiled, winograd
from maxgain.kernels.pooling import rectified_max_pool2d
from maxgain.kernels.winograd import KERNEL, winograd_conv2d

ROUNDING = 3e-5
"""Largest error of float32, relative to the norm: six times what is seen at 192 channels."""


def relative_error(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape
    return float((found.double() - expected).norm() / expected.norm().clamp(min=1e-30))


@settings(deadline=None, max_examples=60)
@given(
    batch=st.integers(1, 9),
    channels=st.integers(1, 5),
    filters=st.integers(1, 5),
    padding=st.integers(0, 3),
    height=st.integers(5, 19),
    width=st.integers(5, 19),
    has_bias=st.booleans(),
    rectified=st.booleans(),
    is_channels_last=st.booleans(),
    seed=st.integers(0, 99),
)
def test_value_and_derivatives_are_those_of_the_convolution(
    batch: int,
    channels: int,
    filters: int,
    padding: int,
    height: int,
    width: int,
    has_bias: bool,
    rectified: bool,
    is_channels_last: bool,
    seed: int,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(batch, channels, height, width, generator=generator)
    weight = torch.randn(filters, channels, KERNEL, KERNEL, generator=generator)
    bias = torch.randn(filters, generator=generator) if has_bias else None
    if is_channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    inputs = [x.requires_grad_() for x in (images, weight, bias) if x is not None]
    exact = [x.detach().double().requires_grad_() for x in inputs]

    result = winograd_conv2d(images, weight, bias, padding, rectified=rectified)
    expected = F.conv2d(*exact[:2], exact[2] if has_bias else None, padding=padding)
    if rectified:  # By the signs of the result: rounding may turn that of a tiny number.
        expected = expected * (result.detach() > 0)
    assert result.is_contiguous(memory_format=torch.channels_last)
    assert relative_error(result.detach(), expected.detach()) < ROUNDING

    gradient = torch.randn(expected.shape, generator=generator)
    found = torch.autograd.grad(result, inputs, gradient)
    for one, other in zip(
        found, torch.autograd.grad(expected, exact, gradient.double()), strict=True
    ):
        assert relative_error(one, other) < ROUNDING


def test_wide_layer_rounds_little() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(20, 192, 7, 7, generator=generator)
    weight = torch.randn(192, 192, 5, 5, generator=generator) / 70
    expected = F.conv2d(images.double(), weight.double(), padding=2)
    assert relative_error(winograd_conv2d(images, weight, None, 2), expected) < 6e-6


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_one_derivative_alone(wanted: int) -> None:
    parts = [torch.randn(shape) for shape in ((3, 1, 9, 9), (2, 1, 5, 5), (2,))]
    parts[wanted].requires_grad_()
    found = torch.autograd.grad(winograd_conv2d(*parts, 2).square().sum(), parts[wanted])
    expected = torch.autograd.grad(F.conv2d(*parts, padding=2).square().sum(), parts[wanted])
    assert relative_error(found[0], expected[0].double()) < ROUNDING


def test_result_can_be_changed_in_place() -> None:
    images = torch.randn(2, 3, 8, 8, requires_grad=True)
    weight = torch.randn(4, 3, 5, 5, requires_grad=True)
    bias = torch.randn(4, requires_grad=True)
    parts = images, weight, bias
    found = torch.autograd.grad(winograd_conv2d(*parts, 2).relu_().square().sum(), parts)
    expected = torch.autograd.grad(F.conv2d(*parts, padding=2).relu().square().sum(), parts)
    for one, other in zip(found, expected, strict=True):
        assert relative_error(one, other.double()) < ROUNDING


@pytest.mark.parametrize("kernel", [(3, 3), (5, 4), (6, 6)])
def test_filters_of_other_sizes_are_refused(kernel: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"kernel is {kernel[0]} x {kernel[1]}; allowed is 5 x 5"):
        winograd_conv2d(torch.zeros(1, 1, 9, 9), torch.zeros(1, 1, *kernel), None, 0)


def test_wide_and_narrow_matrix_products_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Either library that multiplies, on the same images."""
    images = torch.randn(6, 8, 10, 10)
    weight = torch.randn(12, 8, 5, 5, requires_grad=True)
    results = []
    for small in (0, 2**18):
        monkeypatch.setattr(winograd, "_SMALL", small)
        result = winograd_conv2d(images, weight, None, 2)
        results.append((result.detach(), *torch.autograd.grad(result.square().sum(), weight)))
    for one, other in zip(*results, strict=True):
        assert relative_error(one, other.double()) < ROUNDING


def test_nan_and_infinity_are_not_hidden() -> None:
    for value in (torch.nan, torch.inf):
        images = torch.zeros(1, 1, 8, 8)
        images[0, 0, 3, 3] = value
        result = winograd_conv2d(images, torch.ones(1, 1, 5, 5), None, 2)
        assert not result[0, 0, 3, 3].isfinite()


# --- pooling


@settings(deadline=None, max_examples=60)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 20),
    height=st.integers(3, 12),
    width=st.integers(3, 12),
    stride=st.integers(1, 3),
    ceil_mode=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
    is_channels_last=st.booleans(),
    seed=st.integers(0, 99),
)
def test_pooling_is_that_of_torch(
    batch: int,
    channels: int,
    height: int,
    width: int,
    stride: int,
    ceil_mode: bool,
    dtype: torch.dtype,
    is_channels_last: bool,
    seed: int,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randint(-4, 9, (batch, channels, height, width), generator=generator).to(dtype)
    if is_channels_last:
        features = features.contiguous(memory_format=torch.channels_last)
    bias = torch.randint(-3, 3, (channels,), generator=generator).float()
    inputs = [features.requires_grad_(), bias.requires_grad_()]
    found = rectified_max_pool2d(features, bias, stride, ceil_mode)
    pooled = F.max_pool2d(features, 3, stride, ceil_mode=ceil_mode).float()
    expected = (pooled + bias[:, None, None]).relu()
    # Whole numbers, many of them equal: nothing is rounded, and of equal maxima the first counts.
    assert torch.equal(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)
    gradient = torch.randint(-3, 4, expected.shape, generator=generator).float()
    for one, other in zip(
        torch.autograd.grad(found, inputs, gradient),
        torch.autograd.grad(expected, inputs, gradient),
        strict=True,
    ):
        assert torch.equal(one, other)


def test_bfloat16_derivative_is_rounded_as_torch_rounds() -> None:
    features = torch.randn(5, 4, 9, 9).bfloat16().requires_grad_()
    found = rectified_max_pool2d(features, torch.full((4,), 9.0), 3, False)
    gradient = torch.randn(found.shape) * 10 ** torch.randn(found.shape)
    (derivative,) = torch.autograd.grad(found, features, gradient)
    # Windows do not overlap: each derivative comes from one number.
    values = torch.sort(derivative[derivative != 0].float()).values
    assert torch.equal(values, torch.sort(gradient.bfloat16().float().flatten()).values)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pooling_does_not_hide_what_is_not_a_number(dtype: torch.dtype) -> None:
    for value in (torch.nan, -torch.nan, torch.inf):
        features = torch.zeros(1, 2, 5, 5, dtype=dtype)
        features[0, 1, 1, 1] = value
        pooled = rectified_max_pool2d(features, torch.zeros(2), 2, True)
        assert pooled[0, 0].eq(0).all()
        assert pooled[0, 1].isfinite().tolist() == [[False, True], [True, True]]


def test_loops_run_where_nothing_compiled_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    njit = compiled.njit

    def refuse_to_cache(*, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    def add_one(values: Any) -> None:
        for i in range(len(values)):
            values[i] += 1

    monkeypatch.setattr(compiled, "njit", refuse_to_cache)
    values = np.zeros(3)
    compiled.compiled(add_one)(values)
    assert values.tolist() == [1, 1, 1]

"""One network with the states of many epochs, differentiated at many images in few calls."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.func import functional_call, vmap

from maxgain.errors import InputError
from maxgain.response.conditions import measurement_conditions
from maxgain.response.guards import checked_network, diverged_names, refusals_named, unwrapped
from maxgain.response.outputs import (
    Ending,
    check_margin,
    class_logits,
    detect_ending,
    output_tensor,
)
from maxgain.response.projections import log_odds
from maxgain.response.slopes import check_precision, check_slopes
from maxgain.response.spectrum import frequency_response, maximum_gain
from maxgain.response.stacked import checked_epochs, distinct_snapshots, stacked_state
from maxgain.response.zeros import ValueOf, check_zeros, derivative, zero_channels

MEASURED_AT_ONCE = 64
"""Images at which one vectorised call differentiates a snapshot, at most. For LeNet on a core, so
many images times snapshots are fastest."""

Scalar = Callable[[Tensor], Tensor]
"""The scalar of the logits that is differentiated."""


class _Pass(NamedTuple):
    gains: Float[Tensor, "epochs impulses channels"]
    margins: Float[Tensor, "epochs impulses"]
    zeros: Bool[Tensor, "epochs impulses channels"]


class StackedNetwork:
    """A network, its snapshots and the images at which all are measured.

    Parameters
    ----------
    network, snapshots
        As in `maxgain.response.snapshots.snapshot_gains`.
    images
        One for each impulse.
    window
        Whether a Hann window multiplies derivatives.
    at_once
        How many snapshots one call holds in memory, each with `MEASURED_AT_ONCE` images at most.

    Raises
    ------
    InputError
        They do not fit each other.
    """

    def __init__(
        self,
        network: nn.Module,
        snapshots: Mapping[str, Tensor],
        images: Tensor,
        window: bool,
        at_once: int,
    ) -> None:
        if at_once < 1:
            raise InputError(f"snapshots_at_once is {at_once}; it must be at least 1.")
        self._network = checked_network(network)
        prefix = unwrapped(network)[1]
        snapshots = {name.removeprefix(prefix): values for name, values in snapshots.items()}
        self._epochs = checked_epochs(self._network, snapshots)
        self._snapshots = distinct_snapshots(self._network, snapshots)
        self._images = images.detach().float().clone()
        self._window, self._at_once = window, at_once
        self._ending: Ending = "logits"

    def gains(
        self, scalar_of: Scalar
    ) -> tuple[Float[Tensor, "epochs impulses channels"], Float[Tensor, "epochs impulses"]]:
        """Gain in dB of a scalar of the logits, and the log-odds, of every snapshot and image."""
        impulses, channels = self._images.shape[:2]
        if not self._epochs:
            return torch.empty(0, impulses, channels), torch.empty(0, impulses)
        finite = self._finite_epochs()
        with measurement_conditions(self._network, self._images.device):
            if finite.any():
                self._learn_ending(int(finite.nonzero()[0]))
            gains, margins, zeros = self._pass(scalar_of, torch.arange(self._epochs), torch.float32)
            zero_epochs = (zeros.flatten(1).any(1) & finite).nonzero().flatten()
            if len(zero_epochs):
                precise = self._zeros_examined(scalar_of, zero_epochs, zeros[zero_epochs])
                gains[zeros & finite[:, None, None]] = precise.float()
            if finite.any():
                self._check_slopes(int(finite.nonzero()[0]))
        check_margin(margins[finite], self._ending)
        lost = ~finite[:, None] | ~margins.isfinite()
        return (
            torch.where(lost[..., None], torch.nan, gains),
            torch.where(lost, torch.nan, margins),
        )

    def _pass(self, scalar_of: Scalar, epochs: Int[Tensor, "some"], dtype: torch.dtype) -> _Pass:
        def scalars(pixels: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            logits = self._logits(pixels, state)
            return scalar_of(logits), log_odds(logits.detach())

        each = vmap(vmap(scalars, (0, None)), (0, 0))
        parts: list[_Pass] = []
        for chunk in torch.split(epochs, self._at_once):
            state = stacked_state(self._snapshots, chunk, self._images.device, dtype)
            images = (
                part.repeat(len(chunk), 1, 1, 1, 1)
                for part in torch.split(self._images, MEASURED_AT_ONCE)
            )
            parts.append(_joined([self._call(each, part, state, dtype) for part in images], 1))
        return _joined(parts, 0)

    def _call(
        self,
        each: Callable[[Tensor, dict[str, Tensor]], tuple[Tensor, Tensor]],
        images: Float[Tensor, "some impulses channels height width"],
        state: dict[str, Tensor],
        dtype: torch.dtype,
    ) -> _Pass:
        """One vectorised call; all it held but its result is freed before the next."""
        with refusals_named(self._images[0], "vectorised pass"):
            pixels = images.to(dtype).requires_grad_()
            # Not torch.func.grad, which would import torch's compiler: seconds, for nothing.
            values, margins = each(pixels, state)
            gradient = derivative(values.sum(), pixels)
        gains = maximum_gain(frequency_response(gradient, window=self._window))
        return _Pass(gains.cpu(), margins.detach().cpu(), zero_channels(gradient).cpu())

    def _zeros_examined(
        self,
        scalar_of: Scalar,
        epochs: Int[Tensor, "some"],
        zeros: Bool[Tensor, "some impulses channels"],
    ) -> Float[Tensor, " zeros"]:
        """Gains in dB of derivatives that are zero in float32, in the order of `zeros`.

        They are taken anew in float64, where float32 may have underflowed. The first that is zero
        there too is examined: whether gradients arrive lies in the network's code, not in its
        weights. A network that only runs in float32 keeps its zeros.
        """
        dtype, gains = torch.float32, torch.full(zeros.shape, -torch.inf)
        with suppress(InputError):
            found = self._pass(scalar_of, epochs, torch.float64)
            dtype, gains, zeros_left = torch.float64, found.gains, found.zeros & zeros
        zeros_left = zeros if dtype == torch.float32 else zeros_left
        if zeros_left.any():
            number, impulse = (int(place) for place in zeros_left.any(2).nonzero()[0])
            state = self._one(int(epochs[number]), dtype)
            image = self._images[impulse].to(dtype)
            gradient = torch.where(zeros_left[number, impulse], 0.0, 1.0).to(image)
            check_zeros(
                lambda pixels: log_odds(self._logits(pixels, state)),
                image,
                gradient[:, None, None].expand(image.shape),
            )
        return gains[zeros]

    def _logits(self, pixels: Tensor, state: dict[str, Tensor]) -> Float[Tensor, "1 classes"]:
        output = output_tensor(functional_call(self._network, state, (pixels[None],)))
        return class_logits(output, self._ending)

    def _one(self, epoch: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        state = stacked_state(self._snapshots, torch.tensor([epoch]), self._images.device, dtype)
        return {name: values[0] for name, values in state.items()}

    def _learn_ending(self, epoch: int) -> None:
        """Call the network once as it is: its own words are clearer than vmap's."""
        state, image = self._one(epoch), self._images[0].clone().requires_grad_()

        def output(pixels: Tensor) -> Tensor:
            return output_tensor(functional_call(self._network, state, (pixels[None].clone(),)))

        with refusals_named(image):
            found = output(image)
            check_precision(found)
            self._ending = detect_ending(found, lambda: output(255 - image.detach()))

    def _check_slopes(self, epoch: int) -> None:
        """One epoch, one image: whether gradients are the output's lies in the network's code."""

        def scalar() -> ValueOf:
            state = self._one(epoch, torch.float64)
            return lambda pixels: log_odds(self._logits(pixels, state))

        check_slopes(scalar, self._images[0])

    def _finite_epochs(self) -> Bool[Tensor, "epochs"]:
        finite = torch.ones(self._epochs, dtype=torch.bool)
        watched = set(diverged_names(self._network)) & self._snapshots.keys()
        for values in (self._snapshots[name] for name in watched):
            if values.is_floating_point() or values.is_complex():
                finite &= values.reshape(self._epochs, -1).isfinite().all(1).cpu()
        return finite


def _joined(parts: Sequence[_Pass], dim: int) -> _Pass:
    return _Pass(*(torch.cat(values, dim) for values in zip(*parts, strict=True)))

"""Gain, sensitivity and saturation of all snapshots of one training, vectorised."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Real, Shaped
from torch import Tensor, nn
from torch.func import functional_call, vmap

from maxgain.errors import InputError
from maxgain.response.conditions import measurement_conditions
from maxgain.response.guards import (
    checked_image,
    checked_network,
    diverged_names,
    refusals_named,
    unwrapped,
)
from maxgain.response.outputs import (
    Ending,
    check_margin,
    class_logits,
    detect_ending,
    output_tensor,
)
from maxgain.response.projections import (
    ALL_CLASS_PROJECTIONS,
    ClassProjection,
    checked_projection,
    log_odds,
    projected,
    saturation,
    shift_of_projection,
)
from maxgain.response.spectrum import frequency_response, maximum_gain
from maxgain.response.stacked import checked_epochs, distinct_snapshots, stacked_state
from maxgain.response.zeros import check_zeros, derivative

MEASURED_AT_ONCE = 64
"""Images times snapshots that one vectorised call holds in memory: fastest for LeNet on a core."""


STEEP_MARGIN = 60.0
"""Log-odds beyond which 1 - z_c, 1e-26 here, is not left to float32's range in a backward pass."""


@dataclass(frozen=True)
class SnapshotResponses:
    """What every snapshot answers to every impulse.

    Attributes
    ----------
    gain
        Maximum Gain in dB under the projection asked for.
    sensitivity
        S, the Maximum Gain in dB for the log-odds of the winning class.
    saturation
        C = 20 log10(1 - score) in dB; the same for all channels. G = S + C under "inverse-score".
    """

    gain: Float[Tensor, "epochs impulses channels"]
    sensitivity: Float[Tensor, "epochs impulses channels"]
    saturation: Float[Tensor, "epochs impulses"]


@torch.inference_mode(False)
def snapshot_gains(
    network: nn.Module,
    snapshots: Mapping[str, Shaped[Tensor, "epochs *parameter"]],
    image: Real[Tensor, "channels height width"],
    projection: ClassProjection = "inverse-score",
    *,
    window: bool = True,
    snapshots_at_once: int = 32,
) -> Float[Tensor, "epochs channels"]:
    """Maximum Gain of every snapshot of one network, in dB, vectorised over the snapshots.

    Parameters
    ----------
    network
        The architecture; its own parameters are not used.
    snapshots
        For each name of the network's state dict, the values of all epochs stacked.
    image, projection, window
        As in `measure`; the window is on, as snapshots are measured on an impulse image.
    snapshots_at_once
        How many snapshots one vectorised call holds in memory.

    Raises
    ------
    InputError
        The snapshots' names, shapes or numbers of epochs do not fit the network, or the image or
        the projection does not, or no gradient arrives (see `measure`).
    """
    checked_image(image)
    measured = _Measured(network, snapshots, image[None], projection, window, snapshots_at_once)
    gains, margins = measured.all(lambda logits: projected(logits, projection))
    steep = (margins[:, 0] > STEEP_MARGIN) & gains[:, 0].isnan().logical_not().all(1)
    if steep.any():
        chosen = {name: values[steep.to(values.device)] for name, values in snapshots.items()}
        gains[steep] = snapshot_responses(
            network, chosen, image[None], projection, window=window
        ).gain
    return gains[:, 0]


@torch.inference_mode(False)
def snapshot_responses(
    network: nn.Module,
    snapshots: Mapping[str, Shaped[Tensor, "epochs *parameter"]],
    impulses: Real[Tensor, "impulses channels height width"],
    projection: ClassProjection = "inverse-score",
    *,
    window: bool = True,
    snapshots_at_once: int | None = None,
) -> SnapshotResponses:
    """Gain, sensitivity and saturation of every snapshot at every impulse, in one pass.

    Vectorised over both; memory is bounded by `snapshots_at_once`. The arithmetic is float32.

    Parameters
    ----------
    network, snapshots, projection, window
        As in `snapshot_gains`.
    impulses
        Images, for example of `maxgain.response.probes.impulse_set`.
    snapshots_at_once
        How many snapshots one vectorised call holds in memory, each with all impulses; by default
        as many as make 64 images, or one.

    Raises
    ------
    InputError
        As `snapshot_gains`.
    """
    if not isinstance(impulses, Tensor) or impulses.ndim != 4 or len(impulses) == 0:
        shape = tuple(getattr(impulses, "shape", ()))
        raise InputError(
            f"impulses have the shape {shape}; it must be (impulses, channels, height, width)."
        )
    checked_image(impulses.flatten(0, 1))
    if snapshots_at_once is None:
        snapshots_at_once = max(1, MEASURED_AT_ONCE // len(impulses))
    measured = _Measured(network, snapshots, impulses, projection, window, snapshots_at_once)
    sensitivity, margins = measured.all(log_odds)
    shift = shift_of_projection(margins, projection)[..., None]
    gain = (sensitivity.double() + shift).float()
    return SnapshotResponses(gain, sensitivity, saturation(margins).float())


def mean_over_impulses(
    values: Float[Tensor, "epochs impulses *channels"],
) -> tuple[Float[Tensor, "epochs"], Float[Tensor, "epochs"]]:
    """Mean over channels and impulses of values in dB, and its standard error over the impulses.

    The channels of one impulse are averaged first, since they share its place; the error is the
    standard deviation of these means over the square root of their number. It is NaN for one
    impulse, and where a value is minus infinity or NaN.
    """
    each = values.double().flatten(2).mean(2) if values.ndim > 2 else values.double()
    number = each.shape[1]
    if number < 2:
        return each.mean(1), torch.full((len(each),), torch.nan, dtype=torch.float64)
    return each.mean(1), each.std(1) / number**0.5


class _Measured:
    """A network, its snapshots and the images at which all are measured."""

    def __init__(
        self,
        network: nn.Module,
        snapshots: Mapping[str, Tensor],
        images: Tensor,
        projection: ClassProjection,
        window: bool,
        at_once: int,
    ) -> None:
        checked_projection(projection)
        if isinstance(projection, Tensor):
            raise InputError(
                f"projection is a tensor; snapshots allow only {', '.join(ALL_CLASS_PROJECTIONS)}."
            )
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

    def all(
        self, scalar_of: Callable[[Tensor], Tensor]
    ) -> tuple[Float[Tensor, "epochs impulses channels"], Float[Tensor, "epochs impulses"]]:
        """Gain in dB of a scalar of the logits, and the log-odds, of every snapshot and image."""
        impulses, channels = self._images.shape[:2]
        if not self._epochs:
            return torch.empty(0, impulses, channels), torch.empty(0, impulses)
        finite = self._finite_epochs()
        with measurement_conditions(self._network, self._images.device):
            if finite.any():
                self._learn_ending(int(finite.nonzero()[0]))
            parts = list(self._chunks(scalar_of))
            gradients = torch.cat([gradient for gradient, _ in parts])
            margins = torch.cat([margin for _, margin in parts])
            self._check_zeros(gradients, finite)
        check_margin(margins[finite], self._ending)
        gains = maximum_gain(frequency_response(gradients, window=self._window))
        lost = ~finite[:, None] | ~margins.isfinite()
        return (
            torch.where(lost[..., None], torch.nan, gains),
            torch.where(lost, torch.nan, margins),
        )

    def _chunks(
        self, scalar_of: Callable[[Tensor], Tensor]
    ) -> Iterator[tuple[Float[Tensor, "some impulses *image"], Float[Tensor, "some impulses"]]]:
        def scalars(pixels: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            logits = self._logits(pixels, state)
            return scalar_of(logits), log_odds(logits.detach())

        each = vmap(vmap(scalars, (0, None)), (0, 0))
        for first in range(0, self._epochs, self._at_once):
            chunk = stacked_state(self._snapshots, first, self._at_once, self._images.device)
            number = min(self._at_once, self._epochs - first)
            with refusals_named(self._images[0], "vectorised pass"):
                images = self._images.repeat(number, 1, 1, 1, 1).requires_grad_()
                # Not torch.func.grad, which would import torch's compiler: seconds, for nothing.
                values, margins = each(images, chunk)
                yield derivative(values.sum(), images).cpu(), margins.detach().cpu()

    def _logits(self, pixels: Tensor, state: dict[str, Tensor]) -> Float[Tensor, "1 classes"]:
        output = output_tensor(functional_call(self._network, state, (pixels[None],)))
        return class_logits(output, self._ending)

    def _one(self, epoch: int) -> dict[str, Tensor]:
        chunk = stacked_state(self._snapshots, epoch, 1, self._images.device)
        return {name: values[0] for name, values in chunk.items()}

    def _learn_ending(self, epoch: int) -> None:
        """Call the network once as it is: its own words are clearer than vmap's."""
        state, image = self._one(epoch), self._images[0].clone().requires_grad_()

        def output(pixels: Tensor) -> Tensor:
            return output_tensor(functional_call(self._network, state, (pixels[None].clone(),)))

        with refusals_named(image):
            self._ending = detect_ending(output(image), lambda: output(255 - image.detach()))

    def _check_zeros(self, gradients: Tensor, finite: Tensor) -> None:
        """Examine the first zero of a live snapshot: whether gradients arrive lies in the code."""
        zero = (gradients == 0).flatten(3).all(3).any(2) & finite[:, None]
        if not zero.any():
            return
        epoch, impulse = (int(place) for place in zero.nonzero()[0])
        state = self._one(epoch)
        check_zeros(
            lambda pixels: log_odds(self._logits(pixels, state)),
            self._images[impulse],
            gradients[epoch, impulse].to(self._images.device),
        )

    def _finite_epochs(self) -> Shaped[Tensor, "epochs"]:
        finite = torch.ones(self._epochs, dtype=torch.bool)
        watched = set(diverged_names(self._network)) & self._snapshots.keys()
        for values in (self._snapshots[name] for name in watched):
            if values.is_floating_point() or values.is_complex():
                finite &= values.reshape(self._epochs, -1).isfinite().all(1).cpu()
        return finite

"""Follow the Maximum Gain of your own network while it trains, without validation data."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.diagnosis.rules import Diagnosis, diagnose
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image
from maxgain.response.projections import ClassProjection


class GainMonitor:
    """Records the Maximum Gain of a network after each epoch and says what its curve means.

    A call costs one forward and one backward pass on one image (section IV-C1).

    Parameters
    ----------
    network
        Takes a batch of 0-255 images, or of images scaled inside it (see
        `maxgain.networks.scaling.ScaledInput`), returns logits.
    shape
        Of an image: channels, height, width.
    impulse_value
        Value of the synthetic impulse, 0-255.
    projection
        "inverse-score" (the paper's) or "score".

    Attributes
    ----------
    gains
        One row an epoch: the gain of every channel in dB.

    Examples
    --------
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    >>> monitor = GainMonitor(network, (1, 28, 28))
    >>> for epoch in range(3):
    ...     gain = monitor.record()  # after each epoch of your training
    >>> monitor.diagnose().verdict.value
    'undecided'
    """

    def __init__(
        self,
        network: nn.Module,
        shape: tuple[int, int, int],
        impulse_value: float = 255.0,
        projection: ClassProjection = "inverse-score",
    ) -> None:
        self._network = network
        self._image = impulse_image(*shape, value=impulse_value)
        self._projection: ClassProjection = projection
        self.gains: list[Float[Tensor, " channels"]] = []

    def record(self) -> float:
        """Measure the network as it is now; return the mean of the channels' gains in dB."""
        parameter = next(self._network.parameters(), None)
        image = self._image if parameter is None else self._image.to(parameter.device)
        gain = measure(self._network, image, self._projection, window=True).gain.cpu()
        self.gains.append(gain)
        return float(gain.mean())

    def curve(self) -> Float[np.ndarray, " epochs"]:
        """Gain in dB, mean over the channels, one value an epoch."""
        if not self.gains:
            return np.empty(0)
        values: np.ndarray = torch.stack(self.gains).mean(1).double().numpy()
        return values

    def diagnose(self) -> Diagnosis:
        """What the curve so far says of the training (section IV-C1), from the gain alone."""
        return diagnose(self.curve())

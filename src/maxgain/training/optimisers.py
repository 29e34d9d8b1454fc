"""SGD with momentum as MatConvNet's trainer does it, at no start-up cost.

`torch.optim.SGD` imports torch's compiler when it is first used, which takes longer than to start
Python and torch together; the function that it calls for an update does not.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd


class MomentumSGD:
    """Plain SGD with momentum and weight decay, parameters grouped by learning-rate multiplier.

    Parameters
    ----------
    groups
        The parameters of each multiplier of the learning rate.
    momentum, weight_decay
        Of all parameters, biases included.

    Attributes
    ----------
    momentum_buffers
        The decaying sum of each parameter's gradients, in the parameter's memory order.
    """

    def __init__(
        self, groups: Mapping[float, list[nn.Parameter]], momentum: float, weight_decay: float
    ) -> None:
        self._groups = groups
        self._momentum = momentum
        self._weight_decay = weight_decay
        self.momentum_buffers = {
            parameter: torch.zeros_like(parameter, requires_grad=False)
            for parameters in groups.values()
            for parameter in parameters
        }

    def clear_gradients(self) -> None:
        """Forget the gradients of the last step."""
        for parameter in self.momentum_buffers:
            parameter.grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Change the parameters by their gradients, at a learning rate before the multipliers."""
        for multiplier, parameters in self._groups.items():
            buffers: list[Tensor | None] = [self.momentum_buffers[p] for p in parameters]
            on_cpu = parameters[0].device.type == "cpu"
            sgd(
                list(parameters),
                [p.grad for p in parameters if p.grad is not None],
                buffers if self._momentum else [None] * len(buffers),
                fused=on_cpu,
                foreach=not on_cpu,
                lr=learning_rate * multiplier,
                momentum=self._momentum,
                weight_decay=self._weight_decay,
                dampening=0.0,
                nesterov=False,
                maximize=False,
            )

"""SGD with momentum, as MatConvNet's trainer does it or Nesterov's, and AdamW, at no start-up cost.

The classes of `torch.optim` import torch's compiler when they are first used, which takes longer
than to start Python and torch together; the functions that they call for an update, which are
called here, do not.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw as adamw_update
from torch.optim.sgd import sgd as sgd_update

from maxgain.config.runs import Run
from maxgain.errors import InputError

Groups = Mapping[float, Sequence[nn.Parameter]]
"""The parameters of each multiplier of the learning rate, each parameter once."""

_ADAMW_BETAS = (0.9, 0.999)
_ADAMW_EPSILON = 1e-8
"""As Loshchilov & Hutter (2019, "Decoupled weight decay regularization") and torch have them."""


class Optimiser(ABC):
    """Changes parameters by their gradients.

    Parameters
    ----------
    groups
        The parameters of each multiplier of the learning rate.
    weight_decay
        Of all parameters, biases included.

    Attributes
    ----------
    state
        What it remembers from step to step: of each kind one tensor for each parameter, changed in
        place, so that a CUDA graph can hold it and a resumed run restore it.
    """

    state: Mapping[str, Mapping[nn.Parameter, Tensor]]

    def __init__(self, groups: Groups, weight_decay: float) -> None:
        self._groups = groups
        self._weight_decay = weight_decay

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All of them, group by group."""
        return [parameter for group in self._groups.values() for parameter in group]

    def clear_gradients(self) -> None:
        """Forget the gradients of the last step."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Change the parameters that have gradients, at a rate before the multipliers."""
        for multiplier, group in self._groups.items():
            parameters = [parameter for parameter in group if parameter.grad is not None]
            if parameters:
                self._update(parameters, learning_rate * multiplier)

    @abstractmethod
    def _update(self, parameters: list[nn.Parameter], learning_rate: float) -> None: ...


class MomentumSGD(Optimiser):
    """SGD with momentum and weight decay.

    Parameters
    ----------
    groups, weight_decay
        As in `Optimiser`.
    momentum
        Of all parameters.
    nesterov
        Whether the step is that of Nesterov's momentum.

    Raises
    ------
    InputError
        Nesterov's momentum is 0.
    """

    def __init__(
        self, groups: Groups, momentum: float, weight_decay: float, nesterov: bool = False
    ) -> None:
        super().__init__(groups, weight_decay)
        if nesterov and momentum == 0:
            raise InputError("nesterov is true and momentum is 0; it must be above 0.")
        self._momentum = momentum
        self._nesterov = nesterov
        self.state = {"momentum": _zeros_like(self.parameters)}

    def _update(self, parameters: list[nn.Parameter], learning_rate: float) -> None:
        buffers: list[Tensor | None] = [self.state["momentum"][p] for p in parameters]
        on_cpu = parameters[0].device.type == "cpu"
        sgd_update(
            list(parameters),
            _gradients(parameters),
            buffers if self._momentum else [None] * len(buffers),
            fused=on_cpu,
            foreach=not on_cpu,
            lr=learning_rate,
            momentum=self._momentum,
            weight_decay=self._weight_decay,
            dampening=0.0,
            nesterov=self._nesterov,
            maximize=False,
        )


class AdamW(Optimiser):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), which the rate multiplies.

    Parameters
    ----------
    groups, weight_decay
        As in `Optimiser`.
    """

    def __init__(self, groups: Groups, weight_decay: float) -> None:
        super().__init__(groups, weight_decay)
        self.state = {
            "average": _zeros_like(self.parameters),
            "square": _zeros_like(self.parameters),
            "steps": {p: torch.zeros((), device=p.device) for p in self.parameters},
        }

    def _update(self, parameters: list[nn.Parameter], learning_rate: float) -> None:
        averages, squares, steps = (
            [self.state[kind][parameter] for parameter in parameters]
            for kind in ("average", "square", "steps")
        )
        on_cpu = parameters[0].device.type == "cpu"
        adamw_update(
            list(parameters),
            _gradients(parameters),
            averages,
            squares,
            [],
            steps,
            fused=on_cpu,
            foreach=not on_cpu,
            capturable=not on_cpu,
            amsgrad=False,
            beta1=_ADAMW_BETAS[0],
            beta2=_ADAMW_BETAS[1],
            lr=learning_rate,
            weight_decay=self._weight_decay,
            eps=_ADAMW_EPSILON,
            maximize=False,
        )


def momentum_sgd(groups: Groups, run: Run, weight_decay: float) -> Optimiser:
    """The optimiser "sgd" of a run."""
    return MomentumSGD(groups, run.momentum, weight_decay, run.nesterov)


def adamw(groups: Groups, run: Run, weight_decay: float) -> Optimiser:
    """The optimiser "adamw" of a run; it has no use for a momentum."""
    return AdamW(groups, weight_decay)


def _zeros_like(parameters: list[nn.Parameter]) -> dict[nn.Parameter, Tensor]:
    """A tensor for each parameter, in its order in memory."""
    return {p: torch.zeros_like(p, requires_grad=False) for p in parameters}


def _gradients(parameters: list[nn.Parameter]) -> list[Tensor]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]

"""What does not fit is refused in one sentence that says what failed where."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.checkpoint import checkpoint

from maxgain.errors import InputError
from maxgain.response.measure import input_gradient, measure
from maxgain.response.snapshots import snapshot_gains
from maxgain.toy.network import GaussianToy


class _Returns(nn.Module):
    def __init__(self, output: object) -> None:
        super().__init__()
        self.output = output

    def forward(self, pixels: Tensor) -> object:
        return self.output


_CLASSES = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
_STATE = {key: value[None] for key, value in _CLASSES.state_dict().items()}
_IMAGE = torch.zeros(1, 4, 4)


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: measure(_CLASSES, torch.zeros(4, 4)), r"image has the shape \(4, 4\); .*channels"),
        (lambda: measure(_CLASSES, torch.zeros(1, 1, 4, 4)), r"image has the shape \(1, 1, 4, 4\)"),
        (lambda: measure(_CLASSES, torch.zeros(1, 5, 4)), r"accept an image of shape \(1, 5, 4\)"),
        (
            lambda: measure(_CLASSES, _IMAGE, "best"),
            "'best'; allowed are inverse-score, score, log-odds",
        ),
        (lambda: measure(_CLASSES, _IMAGE, torch.ones(4)), r"shape \(4,\); .* \(1, 3\)"),
        (lambda: measure(_CLASSES, _IMAGE, torch.ones(1, 1, 3)), r"shape \(1, 1, 3\)"),
        (lambda: measure(GaussianToy(), _IMAGE), r"\(1, 1, 4, 4\), a map of .* needs logits"),
        (lambda: measure(_Returns((1, 2)), _IMAGE), "returns the type tuple; it must be a tensor"),
        (lambda: input_gradient(_CLASSES, torch.zeros(4)), "image has the shape"),
        (lambda: snapshot_gains(_CLASSES, _STATE, torch.zeros(4, 4)), r"the shape \(4, 4\)"),
        (lambda: snapshot_gains(_CLASSES, _STATE, torch.zeros(1, 5, 4)), "accept an image of"),
        (lambda: snapshot_gains(_CLASSES, _STATE, _IMAGE, "best"), "projection is 'best'"),
        (lambda: snapshot_gains(_CLASSES, _STATE, _IMAGE, torch.ones(3)), "is a tensor; .* only"),
        (
            lambda: snapshot_gains(_CLASSES, _STATE, _IMAGE, snapshots_at_once=0),
            "snapshots_at_once is 0; it must be at least 1",
        ),
        (lambda: snapshot_gains(_CLASSES, {}, _IMAGE), "lack '1.bias'"),
        (lambda: snapshot_gains(nn.Flatten(), {}, _IMAGE), "has no parameters"),
        (
            lambda: snapshot_gains(_CLASSES, _STATE | {"a": torch.ones(1)}, _IMAGE),
            "hold 'a', which the network does not have",
        ),
        (
            lambda: snapshot_gains(_CLASSES, _STATE | {"1.bias": torch.ones(1, 4)}, _IMAGE),
            r"'1.bias' has the shape \(4,\); .* \(3,\)",
        ),
        (
            lambda: snapshot_gains(_CLASSES, _STATE | {"1.bias": torch.ones(2, 3)}, _IMAGE),
            r"epochs differ \(\[1, 2\]\); they must be equal",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()


class _Raises(nn.Module):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def forward(self, pixels: Tensor) -> Tensor:
        raise self.error


class _Reentrant(nn.Module):
    def forward(self, pixels: Tensor) -> Tensor:
        return checkpoint(_CLASSES, pixels, use_reentrant=True)


class _BackwardFails(nn.Module):
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: object, gradient: Tensor) -> Tensor:
            raise KeyError("no such kernel")

    def forward(self, pixels: Tensor) -> Tensor:
        return _CLASSES(self.Fails.apply(pixels))


def _fake() -> nn.Module:
    with FakeTensorMode():
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 3))


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            lambda: _CLASSES.state_dict(),
            "network is a collections.OrderedDict; it must be",
        ),
        (lambda: len, "network is a builtin_function_or_method; it must be"),
        (
            lambda: torch.export.export(_CLASSES, (_IMAGE[None],)),
            "network is a torch.export.*ExportedProgram; it must be a torch.nn.Module",
        ),
        (lambda: nn.Linear(16, 3, device="meta"), "'weight' is a Parameter on meta without values"),
        (_fake, "'1.weight' is a FakeTensor on cpu without values"),
        (
            lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(3)),
            "'1.weight' has no shape yet; call the network on a batch once",
        ),
        (
            lambda: torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).bfloat16()),
            "is TorchScript and holds '1.weight' in half precision",
        ),
        (_Reentrant, "checkpoints with use_reentrant=True"),
        (_BackwardFails, "backward pass fails in float32 on cpu, .* KeyError: 'no such kernel'"),
        (lambda: _Raises(KeyError("a")), "forward pass fails in float32 on cpu, .* KeyError: 'a'"),
        (lambda: _Raises(AssertionError()), "forward pass fails .* AssertionError: AssertionError"),
        (
            lambda: _Raises(RuntimeError("expected scalar type Float but found Half")),
            "forward pass fails in float32 .* found Half",
        ),
        (lambda: nn.Conv2d(3, 2, 3), r"does not accept an image of shape \(1, 4, 4\): .*channels"),
    ],
)
def test_what_fails_is_said_with_where(network: Callable[[], nn.Module], said: str) -> None:
    with pytest.raises(InputError, match=said):
        measure(network(), _IMAGE)


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(
    ("image", "said"),
    [
        (_IMAGE.numpy(), "image is a numpy.ndarray; it must be a torch.Tensor"),
        (_IMAGE.tolist(), "image is a list; it must be"),
        (_IMAGE * torch.nan, "image holds values that are NaN or infinite"),
        (_IMAGE + torch.inf, "image holds values that are NaN or infinite"),
        (_IMAGE.to_sparse(), "layout torch.sparse_coo"),
        (_IMAGE.to("meta"), "on meta; it must hold its values"),
        (_IMAGE + 0j, "dtype torch.complex64"),
        (_IMAGE[:, :0], "and 0 values"),
    ],
)
def test_images_that_are_none_are_refused(image: Tensor, said: str) -> None:
    with pytest.raises(InputError, match=said):
        measure(_CLASSES, image)
    with pytest.raises(InputError, match=said):
        snapshot_gains(_CLASSES, _STATE, image)

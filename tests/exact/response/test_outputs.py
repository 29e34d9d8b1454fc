"""Logits from what networks return, and scores turned back into logits."""

import math
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image
from maxgain.response.snapshots import snapshot_gains
from tests.exact.response.response_networks import generator

IMAGE = impulse_image(1, 6, 6)
Inception = namedtuple("Inception", ["logits", "aux_logits"])


class Ending(nn.Module):
    """A small classifier and what is made of its logits."""

    def __init__(self, end: Callable[[Tensor], Any], classes: int = 4, gap: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(1)
        layers = (nn.Linear(36, 5), nn.ReLU(), nn.Linear(5, classes))
        self.network = nn.Sequential(nn.Flatten(), *layers)
        with torch.no_grad():
            layers[2].weight.mul_(0.05)
            layers[2].bias[0] += gap
        self.end = end

    def forward(self, pixels: Tensor) -> Any:
        return self.end(self.network(pixels))


def _stacked(network: nn.Module) -> dict[str, Tensor]:
    return {name: value[None] for name, value in network.state_dict().items()}


FORMS: dict[str, Callable[[Tensor], Any]] = {
    "object": lambda logits: SimpleNamespace(logits=logits),
    "dict": lambda logits: {"loss": None, "logits": logits},
    "tuple": lambda logits: (logits, logits * 2),
    "list": lambda logits: [logits, None],
    "named tuple": lambda logits: Inception(logits, logits * 2),
    "map of one place": lambda logits: logits[:, :, None, None],
}


@pytest.mark.parametrize("form", FORMS)
def test_logits_are_found_in_what_networks_return(form: str) -> None:
    expected = measure(Ending(lambda logits: logits), IMAGE)
    network = Ending(FORMS[form])
    assert torch.equal(measure(network, IMAGE).gain, expected.gain)
    gains = snapshot_gains(network, _stacked(network), IMAGE, window=False)
    torch.testing.assert_close(gains[0], expected.gain, rtol=0, atol=1e-3)


@pytest.mark.parametrize("gap", [0.0, 5.0, 16.0, 40.0])
@pytest.mark.parametrize("end", [nn.Softmax(1), nn.LogSoftmax(1), nn.Sequential(nn.Softmax(1))])
def test_softmax_at_the_end_is_undone(end: nn.Module, gap: float) -> None:
    expected = measure(Ending(lambda logits: logits, gap=gap), IMAGE)
    network = Ending(end, gap=gap)
    found = measure(network, IMAGE)
    # Where a score rounds to 1, softmax keeps the others' ratio to it, of float32's precision.
    torch.testing.assert_close(found.gain, expected.gain, rtol=0, atol=2e-3)
    assert found.saturation == pytest.approx(expected.saturation, abs=2e-3)
    assert found.predicted_class == expected.predicted_class
    gains = snapshot_gains(network, _stacked(network), IMAGE, window=False)
    torch.testing.assert_close(gains[0], expected.gain, rtol=0, atol=3e-3)


@pytest.mark.parametrize("classes", [1, 4])
def test_sigmoid_at_the_end_is_undone(classes: int) -> None:
    expected = measure(Ending(lambda logits: logits, classes), IMAGE)
    for end in (nn.Sigmoid(), nn.Sequential(nn.Sigmoid(), nn.Flatten())):
        found = measure(Ending(end, classes), IMAGE)
        torch.testing.assert_close(found.gain, expected.gain, rtol=0, atol=2e-3)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_softmax_of_a_traced_network_is_undone() -> None:
    expected = measure(Ending(lambda logits: logits), IMAGE)
    traced = torch.jit.trace(Ending(nn.Softmax(1)).eval(), IMAGE[None])
    torch.testing.assert_close(measure(traced, IMAGE).gain, expected.gain, rtol=0, atol=2e-3)


@pytest.mark.parametrize("end", [nn.Softmax(1), nn.Sigmoid()])
def test_scores_that_have_rounded_are_refused(end: nn.Module) -> None:
    network = Ending(end, gap=1000.0)
    said = "scores are exactly 0 and 1, .* measure it without that last layer"
    with pytest.raises(InputError, match=said):
        measure(network, IMAGE)
    with pytest.raises(InputError, match=said):
        snapshot_gains(network, _stacked(network), IMAGE)


def test_logits_that_happen_to_sum_to_one_stay_logits() -> None:
    """They do so at one image, a softmax at every one."""
    linear = nn.Linear(36, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.rand(2, 36, generator=generator()) / 100)
        linear.bias.copy_(torch.tensor([0.25, 0.75]))
    measured = measure(nn.Sequential(nn.Flatten(), linear), torch.zeros(1, 6, 6))
    assert measured.saturation == pytest.approx(-20 * math.log10(1 + math.exp(0.5)), abs=1e-4)


REFUSED: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "scalar": (lambda logits: logits.mean(), "returns one number for a whole batch"),
    "sequence": (lambda logits: logits[:, None].repeat(1, 7, 1), r"\(1, 7, 4\), a sequence"),
    "segmentation": (lambda logits: logits[..., None, None].repeat(1, 1, 2, 3), "a map of logits"),
    "segmentation's dict": (
        lambda logits: OrderedDict(out=logits),
        "type OrderedDict with the keys out; it must",
    ),
    "two rows": (lambda logits: logits.repeat(2, 1), r"for one image has the shape \(2, 4\)"),
    "no row": (lambda logits: logits[0], r"for one image has the shape \(4,\)"),
    "no class": (lambda logits: logits[:, :0], r"has the shape \(1, 0\)"),
    "nothing": (lambda logits: None, "returns the type NoneType; it must be a tensor, an object"),
    "empty tuple": (lambda logits: (), "returns the type tuple; it must be a tensor"),
    "tuple of numbers": (lambda logits: (1, 2), "returns the type tuple; it must be a tensor"),
    "sparse": (lambda logits: logits.to_sparse(), "returns a sparse tensor"),
    "complex": (lambda logits: torch.complex(logits, logits), "returns complex numbers"),
    "class index": (lambda logits: logits.argmax(1, keepdim=True), "returns whole numbers"),
    "half": (lambda logits: logits.bfloat16(), "torch.bfloat16 from a measurement in float32"),
    "quantised": (
        lambda logits: torch.quantize_per_tensor(logits, 0.1, 0, torch.qint8),
        "returns a quantised tensor",
    ),
}


@pytest.mark.filterwarnings("ignore:.*quantize")
@pytest.mark.parametrize("kind", REFUSED)
def test_other_outputs_are_refused_in_a_sentence(kind: str) -> None:
    end, said = REFUSED[kind]
    with pytest.raises(InputError, match=said):
        measure(Ending(end), IMAGE)
    with pytest.raises(InputError, match=said):
        snapshot_gains(Ending(end), _stacked(Ending(end)), IMAGE)

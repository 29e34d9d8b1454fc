"""Which network a name means."""

import subprocess
import sys

import pytest

from maxgain.errors import InputError
from maxgain.zoo.names import needs_download, resolve_networks


def test_names_are_resolved_and_wrong_ones_refused() -> None:
    assert len(resolve_networks(["matconvnet", "carried", "alexnet"])) == 23
    assert resolve_networks(["timm:resnet18", "mine.nets:build"]) == [
        "timm:resnet18",
        "mine.nets:build",
    ]
    with pytest.raises(InputError, match="'vgg-z' is not known; did you mean"):
        resolve_networks(["vgg-z"])
    with pytest.raises(InputError, match="'vgg-f' is listed twice"):
        resolve_networks(["matconvnet", "vgg-f"])
    assert [needs_download(name) for name in ("tf_efficientnet_lite0", "vgg-f", "alexnet")] == [
        False,
        True,
        True,
    ]


def test_planning_imports_nothing_heavy() -> None:
    program = (
        "import sys; from maxgain.zoo.names import needs_download, resolve_networks; "
        "names = resolve_networks(['matconvnet', 'onnx-zoo', 'timm:x', 'a.b:c', 'd.onnx']); "
        "any(map(needs_download, names)); "
        "print(*({'torch', 'torchvision', 'timm', 'onnx', 'pandas'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr

"""`import torchvision` works after `import maxgain`, whatever build of torch there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[3] / "README.md"


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "imports",
    [
        "import maxgain, torchvision",
        "import torch, maxgain, torchvision",
        "import maxgain; from torchvision.models import alexnet; import torchvision",
        "import maxgain, timm, torchvision",
    ],
)
def test_torchvision_is_imported_after_maxgain_in_any_order(imports: str) -> None:
    assert "alexnet" in run(f"{imports}; print(torchvision.models.alexnet)")


def test_importing_maxgain_and_looking_for_torchvision_imports_no_torch() -> None:
    program = (
        "import sys, importlib.util, maxgain; importlib.util.find_spec('torchvision'); "
        "print('torch' in sys.modules, importlib.util.find_spec('no_such_package'))"
    )
    assert run(program).split() == ["False", "None"]


def test_the_finder_is_installed_once_and_the_module_keeps_its_loader() -> None:
    program = (
        "import sys, maxgain, maxgain.networks.torchvision_ops as ops; ops.install(); "
        "import torchvision; print(sum(isinstance(f, ops.TorchvisionFinder) for f in "
        "sys.meta_path), type(torchvision.__loader__).__name__)"
    )
    assert run(program).split() == ["1", "SourceFileLoader"]


def test_the_five_lines_of_the_readme_run() -> None:
    """Without the weights, whose host a test must not need."""
    heading = r"## Your own network in five lines\n+```python\n(.*?)```"
    (code,) = re.findall(heading, README.read_text(), re.DOTALL)
    assert "import maxgain" in code
    assert "torchvision" in code
    program = re.sub(r'weights="IMAGENET1K_V1"', "weights=None", code)
    assert "tensor" in run(program)

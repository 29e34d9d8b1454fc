"""What a workflow plans with imports nothing heavy."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "maxgain.quantities.registry",
        "maxgain.stopping.registry",
        "maxgain.tables.quantities",
        "maxgain.stopping",
        "maxgain.quantities",
    ],
)
def test_registries_are_light(module: str) -> None:
    code = f"import sys, {module}; print({{'torch', 'pandas', 'numpy'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr

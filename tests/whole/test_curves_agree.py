"""The smoke protocol's curves with and without the kernels, compared as `make gpu-check` does."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.whole.test_benchmark import REPOSITORY, run_module


def test_the_fast_way_gives_the_curves_of_torchs_own_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every run of the smoke protocol, `fast: false` as the reference."""
    monkeypatch.syspath_prepend(REPOSITORY)
    from benchmarks import gpu_check
    from maxgain.config.parsing import parse_protocol
    from maxgain.config.yaml_files import read_configuration

    files = (REPOSITORY / "config.yaml", REPOSITORY / "workflow/protocols/smoke.yaml")
    protocol = parse_protocol(read_configuration(files))
    data = gpu_check.prepared_data(protocol, tmp_path)
    train = gpu_check.curves_on("cpu", protocol.gain)
    runs = list(protocol.runs().values())
    rows = gpu_check.compare(
        runs, data, lambda run, *rest: train(replace(run, fast=False), *rest), train
    )
    assert len(rows) == sum(run.epochs for run in runs)
    assert [row for row in rows if not row["agrees"]] == []
    assert any(row["loss_cpu"] != row["loss_gpu"] for row in rows)  # They were two ways.
    other = gpu_check.compare(
        runs[:1], data, train, lambda run, *rest: train(replace(run, seed=9), *rest)
    )
    assert not all(row["agrees"] for row in other)  # Tolerances tell two trainings apart.


def test_the_check_is_of_one_seed_and_three_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)
    from benchmarks import gpu_check

    runs = gpu_check.check_protocol().runs().values()
    assert {run.seed for run in runs} == {0}
    assert {run.epochs for run in runs} == {3}
    assert {"nin", "lenet-cifar", "lenet-mnist"} == {run.architecture for run in runs}
    assert {0.25, 1.0, 4.0} == {run.capacity for run in runs}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_the_check_says_so() -> None:
    done = run_module("benchmarks.gpu_check")
    assert done.returncode == 2
    assert done.stderr == "error: gpu-check needs a CUDA device, and torch finds none here.\n"

"""How many threads a training process computes with, whatever its environment says."""

import os
import subprocess
import sys
from pathlib import Path

_TRAIN = """
from pathlib import Path
from threadpoolctl import threadpool_info
from maxgain.pipeline import training
from maxgain.pipeline.jobs import TrainJob
from maxgain.training.state import TrainingState
from tests.exact.training.training_cases import RUN
import torch

def say(*_):
    blas = [found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"]
    print(torch.get_num_threads(), sorted(set(blas)))
    return TrainingState(Path("z"), {})

training.load_prepared = lambda path: None
training._train = say
for threads in (1, 2):
    job = TrainJob(run=RUN, device="cpu", threads=threads)
    training.train_runs([job], Path("x"), [Path("y")], Path("z"))
"""


def test_a_training_has_its_threads_in_every_library() -> None:
    environment = {name: v for name, v in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", _TRAIN],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 [1]\n2 [2]\n"

"""The project's own engine on synthetic images, and the gain measurement on its network."""

import time

import torch

from benchmarks.cases import BATCH_SIZE, LEARNING_RATE, MOMENTUM, Case, synthetic_images
from maxgain.networks.recipes import RECIPES, build_network, initialise, parameter_rates
from maxgain.response.probes import impulse_image
from maxgain.response.snapshots import snapshot_gains
from maxgain.training.engine import Batches, Images, Trainer
from maxgain.training.memory import keep_freed_memory
from maxgain.training.optimisers import MomentumSGD

_STEPS = {"cpu": 2, "cuda": 100}
"""An epoch is short on a CPU, where a step of Network in Network takes seconds; on a GPU it is a
graph, replayed without a word from the host until the epoch ends."""


class EngineLoop:
    """A trainer of a case in one precision, called as a run calls it, a few steps an epoch."""

    def __init__(self, case: Case, device: str, precision: str) -> None:
        keep_freed_memory()
        self._case = case
        self._network = build_network(case.network, case.shape, 10, case.capacity)
        initialise(case.network, self._network, torch.Generator().manual_seed(0))
        self._network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        steps = _STEPS[device]
        pixels, labels = synthetic_images(case, steps * BATCH_SIZE)
        pixels_on_device = (pixels.float() - 127.5).permute(0, 2, 3, 1).contiguous().to(device)
        groups = parameter_rates(case.network, self._network)
        optimiser = MomentumSGD(groups, MOMENTUM, RECIPES[case.network].weight_decay)
        images = Images(pixels_on_device, labels.to(device))
        self._trainer = Trainer(self._network, optimiser, images, BATCH_SIZE, precision)
        flips = (torch.arange(steps) % 2 == 0) & case.flips
        self._batches = Batches(torch.arange(steps * BATCH_SIZE), flips)

    def measure(self, seconds: float) -> float:
        """Images a second over some seconds of training."""
        images, start = 0, time.perf_counter()
        while True:
            self._trainer.train_epoch(self._batches, LEARNING_RATE)
            images += len(self._batches.indices)
            passed = time.perf_counter() - start
            if passed >= seconds:
                return images / passed

    def measure_gains(self, count: int) -> float:
        """Seconds to measure the gains of some snapshots, the first time in a process."""
        snapshots = {
            name: value.detach().cpu().contiguous()[None].repeat(count, *[1] * value.ndim)
            for name, value in self._network.state_dict().items()
        }
        network = build_network(self._case.network, self._case.shape, 10, self._case.capacity)
        start = time.perf_counter()
        snapshot_gains(network, snapshots, impulse_image(*self._case.shape))
        return time.perf_counter() - start

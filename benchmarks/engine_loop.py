"""The project's own engine on synthetic images, and the gain measurement on its network."""

import time

import torch

from benchmarks.cases import BATCH_SIZE, LEARNING_RATE, MOMENTUM, Case, synthetic_images
from maxgain.data.augmentation import batch_flip
from maxgain.networks.building import build_network
from maxgain.networks.recipes import initial_network, parameter_rates, weight_decay_of
from maxgain.response.probes import impulse_image, impulse_set
from maxgain.response.snapshots import snapshot_gains, snapshot_responses
from maxgain.training.batches import Batches, Images
from maxgain.training.engine import Trainer, training_twin
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
        self._network = initial_network(case.network, case.shape, 10, case.capacity, "recipe", 0)
        self._network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        steps = _STEPS[device]
        pixels, labels = synthetic_images(case, steps * BATCH_SIZE)
        pixels_on_device = (pixels.float() - 127.5).permute(0, 2, 3, 1).contiguous().to(device)
        groups = parameter_rates(self._network, case.network)
        optimiser = MomentumSGD(groups, MOMENTUM, weight_decay_of(case.network, None))
        images = Images(pixels_on_device, labels.to(device))
        # As many threads as the process was given: they decide whether the fast way pays.
        twin = training_twin(self._network, torch.device(device), precision)
        self._trainer = Trainer(twin, optimiser, images, BATCH_SIZE, precision, batch_flip())
        order = torch.arange(steps * BATCH_SIZE)
        flips = (order // BATCH_SIZE % 2 == 0) & case.flips
        self._batches = Batches(order, flips[:, None].long())

    def measure(self, seconds: float) -> float:
        """Images a second over some seconds of training."""
        images, start = 0, time.perf_counter()
        while True:
            self._trainer.train_epoch(self._batches, LEARNING_RATE)
            images += len(self._batches.indices)
            passed = time.perf_counter() - start
            if passed >= seconds:
                return images / passed

    def measure_gains(self, count: int, impulses: int) -> float:
        """Seconds to measure some snapshots, the first time in a process.

        Parameters
        ----------
        impulses
            0: the gain at the centre; else gain, sensitivity and saturation at so many places.
        """
        snapshots = {
            name: value.detach().cpu().contiguous()[None].repeat(count, *[1] * value.ndim)
            for name, value in self._network.state_dict().items()
        }
        network = build_network(self._case.network, self._case.shape, 10, self._case.capacity)
        shape = self._case.shape
        start = time.perf_counter()
        if impulses:
            snapshot_responses(network, snapshots, impulse_set(*shape, impulses))
        else:
            snapshot_gains(network, snapshots, impulse_image(*shape))
        return time.perf_counter() - start

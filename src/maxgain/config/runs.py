"""The single trainings that experiments consist of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from maxgain.config.experiments import Experiment, NetworkChoice
from maxgain.config.fields import Precision
from maxgain.config.networks import Network

SGD_MOMENTUM = 0.9
"""Momentum of SGD where the configuration names none (MatConvNet's examples)."""


@dataclass(frozen=True)
class Run:
    """One training: all that decides it but the images, and the name of its folder.

    Attributes
    ----------
    dataset, network
        What tables, figures and folders call them.
    architecture
        Name in the registry of networks.
    rate_factor
        `learning_rate` over the experiment's; it is not a part of the run's identity.
    learning_rate
        Of the whole run, before the schedule and a layer's multiplier.
    weight_decay
        None: the recipe's.
    schedule
        Pairs (epochs, factor on the learning rate); the last factor stays. Empty: constant.
    held_out
        Share of the training images that is not trained on
        (`maxgain.data.held_out.kept_and_held_out`).
    validation_stride
        Every so-manieth validation image is looked at after an epoch; not a part of the name.
    fast
        Whether kernels for CPUs may be used.
    repetition
        Above 0, which disturbance of the initial weights; it is not a part of the name.
    """

    dataset: str
    network: str
    architecture: str
    capacity: float
    learning_rate: float
    rate_factor: float
    seed: int
    epochs: int
    batch_size: int = 100
    momentum: float = SGD_MOMENTUM
    schedule: tuple[tuple[int, float], ...] = ()
    precision: Precision = "fp32"
    initialisation: str = "recipe"
    optimiser: str = "sgd"
    nesterov: bool = False
    weight_decay: float | None = None
    augmentation: str = "none"
    held_out: float = 0.0
    validation_stride: int = 1
    fast: bool = True
    repetition: int = 0

    @property
    def name(self) -> str:
        """Folder of the run below `runs/`; settings that differ give names that differ."""
        network = f"{self.network}-x{self.capacity:g}-{self.precision}"
        rate = f"lr{self.learning_rate:.6g}"
        if self.schedule:
            rate += "-" + "-".join(f"{epochs}x{factor:g}" for epochs, factor in self.schedule)
        rate += f"-batch{self.batch_size}"
        rate += f"-momentum{self.momentum:g}" if self.optimiser == "sgd" else f"-{self.optimiser}"
        rate += "-nesterov" * self.nesterov
        rate += f"-heldout{self.held_out:g}" * (self.held_out > 0)
        return f"{self.dataset}/{network}/{rate}/seed{self.seed}"


def say_difference(first: Run, second: Run) -> str:
    """The first setting in which two runs differ, in words."""
    key = next(key for key, value in vars(first).items() if value != getattr(second, key))
    return f"their {key} is {getattr(first, key)!r} and {getattr(second, key)!r}"


@dataclass(frozen=True)
class Setting:
    """What the runs of an experiment share that stands elsewhere in the configuration."""

    networks: Mapping[str, Network]
    augmentation: str = "none"
    fast: bool = True
    repetition: int = 0

    def network(self, name: str) -> Network:
        """The network of a name; an architecture's name stands for itself."""
        return self.networks.get(name) or Network(architecture=name)

    def runs(self, experiment: Experiment) -> list[Run]:
        """Every run of an experiment, in the order of the configuration."""
        return [
            self._run(experiment, choice, capacity, factor, seed)
            for choice, capacity in _arms(experiment)
            for factor in experiment.rate_factors
            for seed in experiment.seeds_of(factor)
        ]

    def _run(
        self,
        experiment: Experiment,
        choice: NetworkChoice,
        capacity: Fraction,
        factor: Fraction,
        seed: int,
    ) -> Run:
        network = self.network(choice.name)
        sgd = experiment.optimiser == "sgd"
        momentum = SGD_MOMENTUM if experiment.momentum is None else experiment.momentum
        return Run(
            dataset=experiment.dataset,
            network=network.label_for(choice.name),
            architecture=network.architecture,
            capacity=float(network.capacity * capacity),
            learning_rate=float(experiment.learning_rate * factor),
            rate_factor=float(factor),
            seed=seed,
            epochs=choice.epochs or experiment.epochs,
            batch_size=experiment.batch_size,
            momentum=momentum if sgd else 0.0,
            schedule=tuple((epochs, float(rate)) for epochs, rate in experiment.schedule),
            precision=experiment.precision,
            initialisation=network.initialisation,
            optimiser=experiment.optimiser,
            nesterov=experiment.nesterov,
            weight_decay=network.weight_decay,
            augmentation=self.augmentation,
            held_out=experiment.held_out,
            validation_stride=experiment.validation_stride,
            fast=self.fast,
            repetition=self.repetition,
        )


def _arms(experiment: Experiment) -> Iterator[tuple[NetworkChoice, Fraction]]:
    for choice in experiment.networks:
        for capacity in choice.capacities or experiment.capacities:
            yield choice, capacity

"""The configuration of a replication: raw YAML becomes a typed object here, or one clear error.

Nothing heavy is imported, so that a workflow can read its configuration in no time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)

from maxgain.errors import InputError

Role = Literal["mnist", "cifar10"]
Network = Literal["lenet", "nin"]
Precision = Literal["fp32", "tf32", "bf16"]
Device = Literal["auto", "cpu", "cuda"]
FigureFormat = Literal["svg", "png", "pdf"]


def _as_fraction(value: object) -> Fraction:
    """Read 4, 0.25 or "1/4"; decimals are taken as written, so that 0.05 x "1/10" is 0.005."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        raise ValueError("must be a number or a fraction such as '1/3'")
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("must be a number or a fraction such as '1/3'") from error


def _positive(value: Fraction) -> Fraction:
    if value <= 0:
        raise ValueError("must be greater than 0")
    return value


def _without_repeats(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("must not name a value twice")
    return values


Factor = Annotated[Fraction, BeforeValidator(_as_fraction), AfterValidator(_positive)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class DataSource(_Section):
    """Where the images of a role come from."""

    source: Literal["official", "local", "embedded"] = "embedded"
    location: Path | None = None
    label: str | None = None
    stand_in: bool = False
    training_images: PositiveInt | None = None
    validation_images: PositiveInt | None = None

    @model_validator(mode="after")
    def _local_has_a_location(self) -> "DataSource":
        if self.source == "local" and self.location is None:
            raise ValueError("source 'local' needs a location: a folder or an archive")
        return self


class Gain(_Section):
    """How the Maximum Gain of a snapshot is measured (paper section III)."""

    impulse: Literal["centred", "raw"] = "centred"
    impulse_value: Annotated[float, Field(gt=0, le=255)] = 255.0
    projection: Literal["inverse-score", "score"] = "inverse-score"


class Experiment(_Section):
    """Runs that one or two figures compare: every combination of the lists below."""

    dataset: Role
    learning_rate: Factor
    rate_factors: Annotated[list[Factor], Field(min_length=1), AfterValidator(_without_repeats)] = [
        Fraction(1)
    ]
    networks: Annotated[list[Network], Field(min_length=1), AfterValidator(_without_repeats)] = [
        "lenet"
    ]
    capacities: Annotated[list[Factor], Field(min_length=1), AfterValidator(_without_repeats)] = [
        Fraction(1)
    ]
    epochs: PositiveInt
    fewer_epochs: dict[str, PositiveInt] | None = None
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(_without_repeats)]
    batch_size: PositiveInt = 100
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    schedule: list[tuple[PositiveInt, Factor]] = []
    precision: Precision = "fp32"

    @model_validator(mode="after")
    def _overrides_name_an_arm(self) -> "Experiment":
        arms = [_arm(network, capacity) for network, capacity in self._arms()]
        for name in self.fewer_epochs or {}:
            if name not in arms:
                raise ValueError(f"fewer_epochs names '{name}'; allowed are {', '.join(arms)}")
        if "nin" in self.networks and (self.dataset != "cifar10" or self.capacities != [1]):
            raise ValueError("network 'nin' needs the dataset cifar10 and capacities [1]")
        if self.dataset == "mnist" and self.capacities != [1]:
            raise ValueError("the LeNet of the dataset mnist needs capacities [1]")
        return self

    def _arms(self) -> Iterator[tuple[Network, Fraction]]:
        return ((network, capacity) for network in self.networks for capacity in self.capacities)

    def runs(self) -> list["Run"]:
        """Every run of this experiment, in the order of the configuration."""
        return [
            Run(
                dataset=self.dataset,
                network=network,
                capacity=float(capacity),
                learning_rate=float(self.learning_rate * factor),
                rate_factor=float(factor),
                seed=seed,
                epochs=(self.fewer_epochs or {}).get(_arm(network, capacity), self.epochs),
                batch_size=self.batch_size,
                momentum=self.momentum,
                schedule=tuple((epochs, float(rate)) for epochs, rate in self.schedule),
                precision=self.precision,
            )
            for network, capacity in self._arms()
            for factor in self.rate_factors
            for seed in self.seeds
        ]


def _arm(network: str, capacity: Fraction) -> str:
    return network if capacity == 1 else f"{network} x{capacity}"


@dataclass(frozen=True)
class Run:
    """One training: what `maxgain train` needs to know, and the name of its folder.

    Attributes
    ----------
    learning_rate
        Of the whole run, before the schedule and a layer's multiplier.
    rate_factor
        `learning_rate` over the experiment's; it is not a part of the run's identity.
    schedule
        Pairs (epochs, factor on the learning rate); the last factor stays. Empty: constant.
    """

    dataset: Role
    network: Network
    capacity: float
    learning_rate: float
    rate_factor: float
    seed: int
    epochs: int
    batch_size: int
    momentum: float
    schedule: tuple[tuple[int, float], ...]
    precision: Precision

    @property
    def name(self) -> str:
        """Folder of the run below `runs/`; settings that differ give names that differ."""
        network = f"{self.network}-x{self.capacity:g}-{self.precision}"
        rate = f"lr{self.learning_rate:.6g}"
        if self.schedule:
            rate += "-" + "-".join(f"{epochs}x{factor:g}" for epochs, factor in self.schedule)
        rate += f"-batch{self.batch_size}-momentum{self.momentum:g}"
        return f"{self.dataset}/{network}/{rate}/seed{self.seed}"

    @property
    def architecture(self) -> str:
        """Name of the network among `maxgain.models.RECIPES`."""
        if self.network == "nin":
            return "nin"
        return {"mnist": "lenet-mnist", "cifar10": "lenet-cifar"}[self.dataset]

    @property
    def cost(self) -> float:
        """Relative cost of the run, to schedule long ones first: epochs x millions of products."""
        if self.network == "nin":
            return self.epochs * 200
        if self.dataset == "mnist":
            return self.epochs * 2.3
        return self.epochs * (2.5 * self.capacity + 9.9 * self.capacity**2)


class Pretrained(_Section):
    """The ImageNet networks of figures 5 to 7."""

    networks: list[str] = []
    image: Path | None = None
    weights_folder: Path = Path("weights")


class Figures(_Section):
    """How figures are written."""

    formats: Annotated[
        list[FigureFormat], Field(min_length=1), AfterValidator(_without_repeats)
    ] = ["svg", "png"]


class Protocol(_Section):
    """A whole replication: the typed form of config.yaml and its overlays."""

    protocol: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    device: Device = "auto"
    threads: PositiveInt = 1
    data_folder: Path = Path("data")
    data: dict[Role, DataSource]
    gain: Gain = Gain()
    experiments: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], Experiment] = {}
    pretrained: Pretrained = Pretrained()
    figures: Figures = Figures()

    @model_validator(mode="after")
    def _experiments_have_data(self) -> "Protocol":
        for name, experiment in self.experiments.items():
            if experiment.dataset not in self.data:
                raise ValueError(
                    f"experiments.{name} needs data.{experiment.dataset}, which is missing"
                )
        if self.device == "cpu":
            for name, experiment in self.experiments.items():
                if experiment.precision == "tf32":
                    raise ValueError(
                        f"experiments.{name}.precision is 'tf32', which the device 'cpu' does not "
                        "have; allowed are fp32, bf16"
                    )
        return self

    def runs(self) -> dict[str, Run]:
        """Every run of all experiments by its name, trained once for the most epochs asked."""
        runs: dict[str, Run] = {}
        for experiment in self.experiments.values():
            for run in experiment.runs():
                known = runs.get(run.name)
                if known is None or known.epochs < run.epochs:
                    # The factor is an experiment's view of the run: two may disagree about it.
                    runs[run.name] = replace(run, rate_factor=1.0)
        return runs


def parse_protocol(raw: Mapping[str, object], source: str = "the configuration") -> Protocol:
    """Typed protocol of a raw mapping, as YAML gives it.

    Raises
    ------
    InputError
        One sentence on the first problem: key, value and what is allowed.
    """
    try:
        return Protocol.model_validate(dict(raw))
    except ValidationError as error:
        raise InputError(f"{source}: {_first_problem(error)}") from error


def parse_protocol_json(text: str) -> Protocol:
    """Typed protocol of its JSON form (`Protocol.model_dump_json`).

    Raises
    ------
    InputError
        The text is not a protocol.
    """
    try:
        return Protocol.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"the protocol: {_first_problem(error)}") from error


def parse_experiment(text: str) -> Experiment:
    """Typed experiment of its JSON form (`Experiment.model_dump_json`).

    Raises
    ------
    InputError
        The text is not an experiment.
    """
    try:
        return Experiment.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"the experiment: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"] if part != "[key]") or "the whole"
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if problem["type"] == "extra_forbidden":
        allowed = ", ".join(_allowed_keys(problem["loc"][:-1]))
        return f"'{key}' is not a known key; allowed here are {allowed}."
    if problem["type"] == "missing":
        return f"'{key}' is missing."
    value = problem["input"]
    shown = "" if isinstance(value, dict | BaseModel) else f" is {value!r};"
    return f"'{key}'{shown} {message}."


def _allowed_keys(location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields at a place of the configuration."""
    section: type[BaseModel] = Protocol
    inside: dict[str, type[BaseModel]] = {
        "data": DataSource,
        "experiments": Experiment,
        "gain": Gain,
        "pretrained": Pretrained,
        "figures": Figures,
    }
    if location:
        section = inside.get(str(location[0]), Experiment)
    return sorted(section.model_fields)

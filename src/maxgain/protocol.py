"""The configuration of a replication: raw YAML becomes a typed object here, or one clear error.

Nothing heavy is imported, so that a workflow can read its configuration in no time.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from reprlib import Repr
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from maxgain.errors import InputError

Role = Literal["mnist", "cifar10"]
Network = Literal["lenet", "nin"]
Precision = Literal["fp32", "tf32", "bf16"]
Device = Literal["auto", "cpu", "cuda"]
FigureFormat = Literal["svg", "png", "pdf"]


# No count here comes near the limit; beyond it, sizes no longer fit the integers of libraries.
Count = Annotated[int, Field(strict=True, gt=0, lt=2**31)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]

_NO_FRACTION = "must be a number or a fraction such as '1/3'"
# "1e999999999" is short and its integer is not.
_ABSURD_EXPONENT = re.compile(r"[eE][+-]?[0-9_]{4,}")
_SMALLEST, _LARGEST = Fraction(1, 10**12), Fraction(10**12)


def _as_fraction(value: object) -> Fraction:
    """Read 4, 0.25 or "1/4"; decimals are taken as written, so that 0.05 x "1/10" is 0.005."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        raise ValueError(_NO_FRACTION)
    text = str(value)
    if len(text) > 100 or _ABSURD_EXPONENT.search(text):
        raise ValueError(_NO_FRACTION)
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(_NO_FRACTION) from error


def _positive(value: Fraction) -> Fraction:
    if value <= 0:
        raise ValueError("must be greater than 0")
    if not _SMALLEST <= value <= _LARGEST:
        raise ValueError("must lie between 1e-12 and 1e12")
    return value


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text of one line")
    return text


def _without_repeats(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("must not name a value twice")
    return values


Factor = Annotated[Fraction, BeforeValidator(_as_fraction), AfterValidator(_positive)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class DataSource(_Section):
    """Where the images of a role come from."""

    source: Literal["official", "local", "embedded"] = "embedded"
    location: Path | None = None
    label: Annotated[str, AfterValidator(_printable)] | None = None
    stand_in: Flag = False
    training_images: Count | None = None
    validation_images: Count | None = None
    statistics_images: Count | None = None

    @model_validator(mode="after")
    def _keys_fit_the_source(self) -> "DataSource":
        if self.source == "local" and self.location is None:
            raise ValueError("source 'local' needs a location: a folder or an archive")
        for key in ("location", "label", "stand_in"):
            if self.source != "local" and getattr(self, key):
                raise ValueError(f"{key} is for the source 'local'; here it is '{self.source}'")
        if self.statistics_images is not None:
            if self.training_images is None:
                raise ValueError("statistics_images needs training_images, the smaller number")
            if self.statistics_images < self.training_images:
                raise ValueError(
                    f"statistics_images is {self.statistics_images}; allowed are training_images, "
                    f"{self.training_images}, and more"
                )
        return self


class Gain(_Section):
    """How the Maximum Gain of a snapshot is measured (paper section III)."""

    impulse: Literal["centred", "raw"] = "centred"
    impulse_value: Annotated[Number, Field(gt=0, le=255)] = 255.0
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
    epochs: Count
    fewer_epochs: dict[str, Count] | None = None
    # No seed at all: the experiment is left out, and "not run" in figures and verdicts.
    seeds: Annotated[list[Seed], AfterValidator(_without_repeats)]
    batch_size: Count = 100
    momentum: Annotated[Number, Field(ge=0, lt=1)] = 0.9
    schedule: list[tuple[Count, Factor]] = []
    precision: Precision = "fp32"

    @model_validator(mode="after")
    def _settings_go_together(self) -> "Experiment":
        if "nin" in self.networks and (self.dataset != "cifar10" or self.capacities != [1]):
            raise ValueError("network 'nin' needs the dataset cifar10 and capacities [1]")
        if self.dataset == "mnist" and self.capacities != [1]:
            raise ValueError("the LeNet of the dataset mnist needs capacities [1]")
        arms = [_arm(network, capacity) for network, capacity in self._arms()]
        for name in self.fewer_epochs or {}:
            if name not in arms:
                raise ValueError(f"fewer_epochs names '{name}'; allowed are {', '.join(arms)}")
        for name, epochs in (self.fewer_epochs or {}).items():
            if epochs > self.epochs:
                raise ValueError(
                    f"fewer_epochs.{name} is {epochs}; allowed are 1 to epochs, {self.epochs}"
                )
        if self.dataset == "cifar10" and min(self.capacities) < Fraction(1, 32):
            raise ValueError(f"capacities has {min(self.capacities)}; the least is 1/32")
        if max(self.capacities) > 64:
            raise ValueError(f"capacities has {max(self.capacities)}; the largest is 64")
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
    threads: Count = 1
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

    @model_validator(mode="after")
    def _run_names_tell_settings_apart(self) -> "Protocol":
        """A run's name has six digits of a number; more would share a folder unseen."""
        known: dict[str, tuple[str, Run]] = {}
        for name, experiment in self.experiments.items():
            for run in experiment.runs():
                settings = replace(run, epochs=0, rate_factor=0.0)
                other, same = known.setdefault(run.name, (name, settings))
                if settings != same:
                    raise ValueError(
                        f"experiments.{other} and experiments.{name} both have a run named "
                        f"'{run.name}', but numbers in it differ beyond the sixth digit; allowed "
                        "are equal numbers, or ones that differ in the first six digits"
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
    if not isinstance(raw, Mapping):
        raise InputError(
            f"{source} is {_shown(raw)}; it must be a mapping; allowed in it are "
            f"{_allowed_keys(())}."
        )
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
    """One sentence on a problem: key, value and what is allowed."""
    problems = error.errors()
    # A misspelt key is missing as well; the misspelling is what the user should look at.
    unknown = [problem for problem in problems if problem["type"] == "extra_forbidden"]
    problem = (unknown or problems)[0]
    location, kind, value = problem["loc"], problem["type"], problem["input"]
    if location and location[-1] == "[key]":
        location, kind = location[:-1], "extra_forbidden"
    key = ".".join(str(part) for part in location)
    if kind in ("extra_forbidden", "invalid_key"):
        return f"'{key}' is not a known key; allowed here are {_allowed_keys(location[:-1])}."
    if kind == "missing" and location[-1] in _REQUIRED:
        return f"'{key}' is missing; it must be {_REQUIRED[str(location[-1])]}."
    message = _MESSAGES.get(kind) or _as_clause(problem["msg"])
    if kind in ("model_type", "dict_type"):
        message = f"must be a mapping; allowed in it are {_allowed_keys(location)}"
    if kind == "value_error" and isinstance(value, Mapping):
        return f"'{key}': {message}." if key else f"{message}."
    if message.startswith("must"):
        message = f"it {message}"
    return f"'{key}' is {_shown(value)}; {message}." if key else f"{message}."


_REQUIRED = {
    "protocol": "a name of lower-case letters, digits, - and _",
    "data": "a mapping; allowed in it are mnist, cifar10",
    "dataset": "mnist or cifar10",
    "learning_rate": "a number greater than 0",
    "epochs": "a whole number greater than 0",
    "seeds": "a list of whole numbers from 0",
}

_PAIR = "must be a pair [epochs, factor]"
_MESSAGES = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "path_type": "must be a path",
    "list_type": "must be a list",
    "missing": _PAIR,
    "tuple_type": _PAIR,
    "too_long": _PAIR,
    "too_short": "must be a list of at least one value",
    "string_pattern_mismatch": f"must be {_REQUIRED['protocol']}, a letter or digit first",
}
"""What pydantic says of its own types, in words that a user of YAML knows."""


def _as_clause(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return (message[0].lower() + message[1:]).replace("input should be", "must be")


# YAML's aliases let a few lines stand for more text than there is memory.
_REPR = Repr()
_REPR.maxlevel, _REPR.maxlist, _REPR.maxdict, _REPR.maxtuple = 2, 6, 6, 6
_REPR.maxstring, _REPR.maxlong, _REPR.maxother = 100, 100, 100


def _shown(value: object) -> str:
    """A value as YAML writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _REPR.repr(value)


def _allowed_keys(location: tuple[int | str, ...]) -> str:
    """Names of the keys at a place of the configuration."""
    sections: dict[str, type[BaseModel]] = {
        "gain": Gain,
        "pretrained": Pretrained,
        "figures": Figures,
    }
    match location:
        case ():
            keys = sorted(Protocol.model_fields)
        case ("data",):
            keys = list(get_args(Role))
        case ("data", _):
            keys = sorted(DataSource.model_fields)
        case ("experiments",):
            return "names of lower-case letters, digits and _"
        case (*_, "fewer_epochs"):
            return "networks of the experiment, as nin or 'lenet x4', with numbers of epochs"
        case (str(name),) if name in sections:
            keys = sorted(sections[name].model_fields)
        case _:
            keys = sorted(Experiment.model_fields)
    return ", ".join(keys)

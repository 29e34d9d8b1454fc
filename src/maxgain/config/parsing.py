"""Raw YAML becomes a typed protocol here, or one clear sentence."""

from collections.abc import Mapping
from reprlib import Repr
from typing import get_args

from pydantic import (
    BaseModel,
    ValidationError,
)

from maxgain.config.datasets import DataSource
from maxgain.config.experiments import Experiment
from maxgain.config.fields import Role
from maxgain.config.outputs import Figures, Gain, Pretrained
from maxgain.config.protocol import Protocol
from maxgain.errors import InputError


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

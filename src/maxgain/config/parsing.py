"""Raw YAML becomes a typed protocol here, or one clear sentence."""

import types
from collections.abc import Mapping
from reprlib import Repr
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from maxgain.config.old_forms import translate
from maxgain.config.protocol import Protocol
from maxgain.config.yaml_text import as_yaml
from maxgain.errors import InputError

Model = TypeVar("Model", bound=BaseModel)


def parse_protocol(raw: Mapping[str, object], source: str = "the configuration") -> Protocol:
    """Typed protocol of a raw mapping, as YAML gives it, in today's form or an older one.

    Raises
    ------
    InputError
        One sentence on the first problem: key, value and what is allowed.
    """
    return parse_protocol_with_notes(raw, source)[0]


def parse_protocol_with_notes(
    raw: Mapping[str, object], source: str = "the configuration"
) -> tuple[Protocol, list[str]]:
    """As `parse_protocol`, and what was written in an older form, in the form of today.

    Returns
    -------
    The protocol, and lines of YAML; none where nothing is old.
    """
    if not isinstance(raw, Mapping):
        raise InputError(
            f"{source} is {_shown(raw)}; it must be a mapping; allowed in it are "
            f"{', '.join(sorted(Protocol.model_fields))}."
        )
    translated, notes = translate(raw)
    try:
        return Protocol.model_validate(translated), notes
    except ValidationError as error:
        raise InputError(f"{source}: {_first_problem(error, Protocol)}") from error


def parse_json(model: type[Model], text: str, what: str) -> Model:
    """Typed object of its JSON form (`model_dump_json`).

    Parameters
    ----------
    what
        What the text is, for the error's sentence: "the protocol".

    Raises
    ------
    InputError
        The text is something else.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"{what}: {_first_problem(error, model)}") from error


def _first_problem(error: ValidationError, model: type[BaseModel]) -> str:
    """One sentence on a problem: key, value and what is allowed."""
    problems = error.errors()
    # A misspelt key is missing as well; the misspelling is what the user should look at.
    unknown = [problem for problem in problems if problem["type"] == "extra_forbidden"]
    problem = (unknown or problems)[0]
    location, kind, value = problem["loc"], problem["type"], problem["input"]
    key = ".".join(str(part) for part in location if part != "[key]")
    if location and location[-1] == "[key]":
        return f"'{key}' is not a name that can be used; {_NAME}."
    if kind in ("extra_forbidden", "invalid_key"):
        return f"'{key}' is not a known key; allowed here are {_allowed(model, location[:-1])}."
    if kind == "missing" and location and isinstance(location[-1], str):
        return f"'{key}' is missing; it must be {_wanted(model, location)}."
    message = _MESSAGES.get(kind) or _as_clause(problem["msg"])
    if kind == "string_pattern_mismatch" and location and location[-1] in _WANTED:
        message = f"must be {_WANTED[str(location[-1])]}"
    if kind in ("model_type", "dict_type", "model_attributes_type", "dataclass_type"):
        message = f"must be a mapping; allowed in it are {_allowed(model, location)}"
    if kind == "value_error" and isinstance(value, Mapping):
        return f"'{key}': {message}." if key else f"{message}."
    if message.startswith("must"):
        message = f"it {message}"
    return f"'{key}' is {_shown(value)}; {message}." if key else f"{message}."


_NAME = "names consist of letters, digits, '_', '-' and '.', a letter or digit first"
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
    "string_pattern_mismatch": f"must be a name: {_NAME}",
}
"""What pydantic says of its own types, in words that a user of YAML knows."""

_WANTED = {
    "protocol": "a name of lower-case letters, digits, - and _, a letter or digit first",
    "dataset": "one of datasets",
    "from": "an architecture: lenet-mnist, lenet-cifar, nin, resnet20, timm:NAME, "
    "torchvision:NAME or package.module:function",
    "networks": "a list of names, as [lenet-cifar]",
    "learning_rate": "a number greater than 0",
    "epochs": "a whole number greater than 0",
    "seeds": "a list of whole numbers from 0",
}


def _wanted(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """What a missing key must be."""
    known = _WANTED.get(str(location[-1]))
    if known:
        return known
    section = _model_at(model, location[:-1])
    field = section.model_fields.get(str(location[-1])) if section else None
    described = field.description if field else None
    return " ".join((described or "given").split()).rstrip(".")


def _allowed(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """Names of the keys at a place of the configuration."""
    section = _model_at(model, location)
    if section is None:
        return _NAME
    return ", ".join(sorted(field.alias or name for name, field in section.model_fields.items()))


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The section at a place; None where any name may stand."""
    annotation: Any = model
    for part in location:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
            if part not in fields:
                return None
            annotation = fields[str(part)].annotation
        else:
            annotation = get_args(annotation)[-1] if get_args(annotation) else None
        annotation = _unwrapped(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _unwrapped(annotation: Any) -> Any:
    """A type without `Annotated` and without None."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        chosen = [part for part in get_args(annotation) if part is not type(None)]
        return _unwrapped(chosen[0]) if chosen else None
    return annotation


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
        return as_yaml(value)
    return _REPR.repr(value)

"""The reference of the configuration, made from its typed models: no table is kept by hand."""

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from maxgain.config.protocol import Protocol
from maxgain.config.yaml_text import as_yaml

_WORDS: dict[object, str] = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    type(None): "null",
}


def render_reference() -> str:
    """The reference of every key of config.yaml, as Markdown with one table a section."""
    sections = [
        "# Configuration",
        "Every key of `config.yaml` and of the overlays on top of it. This page is made from the "
        "typed models in `maxgain.config`; an unknown key or a bad value stops a run before any "
        "job starts.",
    ]
    for place, model in _sections(Protocol, ""):
        lines = [f"## `{place}`" if place else "## Top level", _summary(model), ""]
        lines += ["| key | values | default | meaning |", "| --- | --- | --- | --- |"]
        lines += [_row(field.alias or name, field) for name, field in model.model_fields.items()]
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"


def json_schema() -> dict[str, Any]:
    """JSON schema of config.yaml, for editors that complete and check YAML."""
    return Protocol.model_json_schema(by_alias=True)


def _sections(model: type[BaseModel], place: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield place, model
    for name, field in model.model_fields.items():
        inner, suffix = _inner_model(field.annotation)
        if inner is not None:
            key = f"{field.alias or name}{suffix}"
            yield from _sections(inner, f"{place}.{key}" if place else key)


def _inner_model(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The model inside a type, and what stands between a key and the model's own keys."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inner_model(arguments[0])
    if origin in (Union, types.UnionType, list, dict):
        inner, suffix = _inner_model(arguments[-1] if origin is dict else arguments[0])
        return inner, {dict: ".<name>", list: "[]"}.get(origin, "") + suffix
    return None, ""


def _row(key: str, field: FieldInfo) -> str:
    described = " ".join((field.description or "").split())
    cells = (f"`{key}`", _values(field.annotation), _default(field), described)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _values(annotation: Any) -> str:
    """What may stand at a key, in words."""
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_values(part) for part in arguments)
    if origin is list:
        return f"list of {_values(arguments[0])}"
    if origin is tuple:
        return f"pair of {' and '.join(_values(part) for part in arguments)}"
    if origin is dict:
        return f"names with {_values(arguments[-1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return {"Path": "path", "Fraction": "number or fraction"}.get(annotation.__name__, "value")


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if isinstance(field.default, BaseModel):
        return ""
    return f"`{as_yaml(field.default)}`"


def _summary(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split("\n\n")[0].split())


def write_reference(folder: Path) -> None:
    """Write configuration.md and configuration.schema.json into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.md").write_text(render_reference(), encoding="utf-8")
    schema = json.dumps(json_schema(), indent=2, sort_keys=True)
    (folder / "configuration.schema.json").write_text(f"{schema}\n", encoding="utf-8")


if __name__ == "__main__":
    write_reference(Path(sys.argv[1]))

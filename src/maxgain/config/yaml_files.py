"""YAML read strictly: what YAML 1.1 does in silence and nobody means is refused.

Snakemake's own reader keeps the last of two sections of one name, and reads 010 as 8 and 1:30 as
90. ruamel.yaml and strictyaml were weighed: the first is another parser than Snakemake's, so that
both would have to agree on every file, the second knows no flow lists.
"""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from maxgain.errors import InputError

EMBEDDED = "embedded"
"""Key of the sections whose keys are in force for embedded data alone."""

REFINED = {"seeds": "more_seeds", "rate_factors": "more_seeds"}
"""Keys, and what refines them: who replaces the one replaces the other."""

_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_WORDS = ("yes", "no", "on", "off", "y", "n")


class _StrictLoader(yaml.SafeLoader):
    """Safe loader that refuses repeated keys and numbers that are not what they look like."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys stand once each."""
        seen: dict[str, int] = {}
        for key, _ in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen and key.tag != "tag:yaml.org,2002:merge":
                raise _Refused(
                    f"line {line}: '{name}' stands twice (first in line {seen[name]}); allowed is "
                    "once"
                )
            seen[name] = line
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """An object of a plain scalar only where it means what it looks like."""
        if isinstance(node, yaml.ScalarNode) and node.style is None:
            _check_scalar(node)
        return super().construct_object(node, deep)  # type: ignore[no-untyped-call]


class _Refused(Exception):  # noqa: N818 - carries half a sentence to the reader below
    pass


def _check_scalar(node: yaml.ScalarNode) -> None:
    text, line = node.value, node.start_mark.line + 1
    if node.tag.endswith((":int", ":float")) or _OCTAL.fullmatch(text):
        if _OCTAL.fullmatch(text) and text.strip("+-0_"):
            raise _Refused(
                f"line {line}: {text} is an octal number in YAML; write it without leading zeros, "
                "or in quotes if it is text"
            )
        if _BASE_60.fullmatch(text):
            raise _Refused(
                f"line {line}: {text} is a number of base 60 in YAML; write a plain number, or "
                "quotes if it is text"
            )
    if node.tag.endswith(":bool") and text.lower() in _WORDS:
        raise _Refused(
            f"line {line}: {text} means true or false in YAML; write true or false, or quotes if "
            "it is text"
        )
    if node.tag.endswith(":timestamp"):
        raise _Refused(f"line {line}: {text} is a date in YAML; write it in quotes")


def read_yaml(text: str, source: str) -> Any:  # YAML holds any kind of object
    """Object of a YAML text.

    Raises
    ------
    InputError
        The text is no YAML, or holds a key twice, an octal or base-60 number, or a date.
    """
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except _Refused as refused:
        raise InputError(f"{source}, {refused}.") from None
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise InputError(f"{source} is not YAML: {said}.") from None
    except RecursionError:
        raise InputError(f"{source} is nested too deeply.") from None


def read_configuration(
    files: Iterable[Path], changes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Configuration of several files, each on top of those before it.

    Parameters
    ----------
    changes
        Values of the command line, of which nested ones are text: they are read as YAML.

    Raises
    ------
    InputError
        A file cannot be read, is not strict YAML or is not a mapping.
    """
    whole: dict[str, Any] = {}
    for file in files:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file} cannot be read: {error}.") from error
        part = read_yaml(text, str(file))
        if part is None:
            continue
        if not isinstance(part, Mapping):
            raise InputError(f"{file} is not a mapping of keys and values.")
        whole = merge(whole, part)
    return merge(whole, _typed(changes or {}))


def check_command_line(words: Sequence[str]) -> None:
    """Refuse what Snakemake's own reader of `--config KEY=VALUE ...` resolves in silence.

    It keeps the last of two values of a key, of nested keys too. What comes after is not seen in
    the configuration that it hands over.

    Parameters
    ----------
    words
        The command line.

    Raises
    ------
    InputError
        A key stands twice, or a value is not strict YAML.
    """
    seen: set[str] = set()
    within = False
    for word in words:
        if word.startswith("-"):
            option, _, word = word.partition("=")
            within = option in ("--config", "-C")
        key, equals, value = word.partition("=")
        if not within or not equals:
            continue
        if key in seen:
            raise InputError(f"--config has '{key}' twice; allowed is once.")
        seen.add(key)
        read_yaml(value, f"--config {key}")


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping under another: sections are merged, every other value is replaced.

    What the file below says of a key for embedded data alone, in the section `embedded` beside
    it, is replaced as well: the file above says what it wants of the key, whatever the data. So is
    what refines a key (`REFINED`).
    """
    merged = copy.deepcopy(dict(below))
    refinements = {REFINED[key] for key in above.keys() & REFINED.keys()}
    for key in (above.keys() | refinements) & _mapping(merged.get(EMBEDDED)).keys():
        del merged[EMBEDDED][key]
    for key in refinements & merged.keys():
        del merged[key]
    for key, value in above.items():
        known = merged.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(known, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _typed(value: Any, place: str = "--config") -> Any:
    if isinstance(value, Mapping):
        return {key: _typed(item, f"{place} {key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item, place) for item in value]
    return read_yaml(value, place) if isinstance(value, str) else value

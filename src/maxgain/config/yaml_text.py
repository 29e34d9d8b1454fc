"""Values as one line of YAML, for messages and for the reference of keys."""

from collections.abc import Mapping


def as_yaml(value: object) -> str:
    """A value as YAML's flow style has it.

    `yaml.safe_dump` was weighed: it quotes, wraps and sorts as a file needs it, ends documents with
    "...", and knows no fractions.

    Examples
    --------
    >>> as_yaml({"from": "nin", "fast": True, "seeds": [0, 1]})
    '{from: nin, fast: true, seeds: [0, 1]}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_yaml(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)

"""Which pretrained network a name means."""

from collections.abc import Iterable

from maxgain.errors import InputError
from maxgain.zoo.registry import FAMILIES, RegistryRow, read_registry

TORCHVISION_PREFIX = "torchvision:"


def find_row(name: str) -> RegistryRow:
    """Row of a network of the registry or of torchvision ("NAME" or "torchvision:NAME").

    Raises
    ------
    InputError
        No such network.
    """
    if name in read_registry():
        return read_registry()[name]
    from maxgain.zoo.readers.torchvision import read_torchvision_registry

    rows = read_torchvision_registry()
    bare = name.removeprefix(TORCHVISION_PREFIX)
    if bare not in rows:
        raise InputError(
            f"network '{name}' is not known; allowed are {', '.join(read_registry())}, the "
            f"{len(rows)} names of torchvision's networks with IMAGENET1K_V1 weights, timm:NAME "
            "and package.module:function."
        )
    return rows[bare]


def is_user_network(name: str) -> bool:
    """Whether a name is the user's own: "timm:NAME" or "package.module:function"."""
    return ":" in name and not name.startswith(TORCHVISION_PREFIX)


def needs_download(name: str) -> bool:
    """Whether something must be downloaded before a network can be measured."""
    if is_user_network(name):
        return name.startswith("timm:")
    known = read_registry().get(name)
    return known is None or known.family in ("matconvnet", "torchvision")


def resolve_networks(names: Iterable[str]) -> list[str]:
    """Names of single networks; a family's name stands for all networks of that family.

    Raises
    ------
    InputError
        A name is not known or stands twice.
    """
    resolved: list[str] = []
    for name in names:
        if name == "torchvision":
            from maxgain.zoo.readers.torchvision import read_torchvision_registry

            resolved += read_torchvision_registry()
        elif name in FAMILIES:
            resolved += [row.name for row in read_registry().values() if row.family == name]
        else:
            if not is_user_network(name):
                find_row(name)
            resolved.append(name)
    if repeated := [name for number, name in enumerate(resolved) if name in resolved[:number]]:
        raise InputError(f"network '{repeated[0]}' is listed twice; once is allowed.")
    return resolved

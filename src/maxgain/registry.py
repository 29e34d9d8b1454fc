"""Things by name, one way for all: rows of ours, entry points of packages, a user's function."""

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from maxgain.errors import InputError


@dataclass(frozen=True)
class Row:
    """One thing of a kind.

    Attributes
    ----------
    name
        By which the configuration and the command line know it.
    function
        "package.module:function", imported when it is used and not before.
    """

    name: str
    function: str


RowType = TypeVar("RowType", bound=Row)


class Registry(Generic[RowType]):
    """Rows of one kind, found by name.

    A name is looked for among the rows given here, then among the entry points of the group
    `maxgain.KIND` (each an object of the row's type, or a function for which `of_function` makes
    one), and is else taken as "package.module:function" if it has that form.

    `catalogue` and `importlib.metadata` were weighed: the first is a mapping alone and knows
    neither nearest spellings nor rows, the second is used.

    Parameters
    ----------
    kind
        What the rows are, in the plural and with dashes, as "stop-rules".
    rows
        Those of this library, each name once.
    of_function
        Makes a row of a name and the function "package.module:function" that it stands for; None
        where a function alone is not enough.
    """

    def __init__(
        self,
        kind: str,
        rows: Iterable[RowType],
        of_function: Callable[[str, str], RowType] | None = None,
    ) -> None:
        self.kind = kind
        self._own: dict[str, RowType] = {}
        for row in rows:
            if self._own.setdefault(row.name, row) is not row:
                raise InputError(f"{kind} has '{row.name}' twice; allowed is once.")
        self._of_function = of_function

    def names(self) -> list[str]:
        """Every known name, those of installed packages last."""
        return [*self._own, *(name for name in self._installed if name not in self._own)]

    def rows(self) -> list[RowType]:
        """Every known row, in the order of `names`."""
        return [self.find(name) for name in self.names()]

    def find(self, name: str) -> RowType:
        """Row of a name.

        Raises
        ------
        InputError
            The name is not known; the sentence lists what is, and the nearest spelling.
        """
        if name in self._own:
            return self._own[name]
        if name in self._installed:
            return self._row_of_entry_point(name)
        if self._of_function is not None and is_function_name(name):
            return self._of_function(name, name)
        raise InputError(f"{self._singular} '{name}' is not known{self._hint(name)}.")

    def load(self, name: str) -> Callable[..., Any]:
        """The function that a name stands for.

        Raises
        ------
        InputError
            The name is not known, or its function cannot be imported or is none.
        """
        row = self.find(name)
        found = load_function(row.function, f"{self._singular} '{name}'")
        if not callable(found):
            raise InputError(f"{self._singular} '{name}': {row.function} is not a function.")
        function: Callable[..., Any] = found
        return function

    @cached_property
    def _installed(self) -> dict[str, str]:
        return {point.name: point.value for point in entry_points(group=f"maxgain.{self.kind}")}

    @property
    def _singular(self) -> str:
        return self.kind.removesuffix("s").replace("-", " ")

    def _row_of_entry_point(self, name: str) -> RowType:
        address = self._installed[name]
        found = load_function(address, f"{self._singular} '{name}'")
        if isinstance(found, Row):
            return found  # type: ignore[return-value]
        if self._of_function is None:
            raise InputError(
                f"{self._singular} '{name}' of an installed package is {address}, which is no row; "
                f"the entry points of maxgain.{self.kind} must name rows."
            )
        return self._of_function(name, address)

    def _hint(self, name: str) -> str:
        near = get_close_matches(name, self.names(), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        allowed = ", ".join(self.names())
        own = " and package.module:function" if self._of_function else ""
        return f"{hint or ';'} allowed are {allowed}{own}"


def is_function_name(name: str) -> bool:
    """Whether a name has the form "package.module:function"."""
    module, colon, function = name.partition(":")
    parts = module.split(".")
    return bool(colon) and function.isidentifier() and all(part.isidentifier() for part in parts)


def load_function(address: str, what: str) -> Any:  # any kind of object may stand there
    """Object at "package.module:name".

    Parameters
    ----------
    what
        What it is wanted as, for the error's sentence.

    Raises
    ------
    InputError
        There is no such module or no such name in it, or the module fails when it is imported.
    """
    module, _, name = address.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except AttributeError as error:
        raise InputError(f"{what}: the module {module} has no '{name}'.") from error
    except Exception as error:  # A user's module may raise anything.
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{what}: {address} cannot be imported: {said}.") from error

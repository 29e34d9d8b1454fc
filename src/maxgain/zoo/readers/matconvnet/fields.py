"""Checked access to the fields of a MatConvNet struct."""

from collections.abc import Sequence

import numpy as np

from maxgain.errors import InputError
from maxgain.files.mat_file import MatValue

LARGEST_SIDE = 1 << 12


class Fields:
    """The fields of one struct, with the place it comes from for the errors."""

    def __init__(self, value: MatValue, place: str) -> None:
        if value.dtype.names is None or value.size != 1:
            raise InputError(f"{place} is not a struct with fields.")
        record = value.reshape(-1)[0]
        self.values: dict[str, MatValue] = {name: record[name] for name in value.dtype.names}
        self.place = place

    @classmethod
    def of_mapping(cls, values: dict[str, MatValue], place: str) -> "Fields":
        """Fields of a mapping, for the variables at the top of a file."""
        fields = cls.__new__(cls)
        fields.values, fields.place = values, place
        return fields

    def __getitem__(self, name: str) -> MatValue:
        if name not in self.values:
            has = ", ".join(self.values) or "none"
            raise InputError(f"{self.place}: the field '{name}' is missing (it has {has}).")
        value = self.values[name]
        if not isinstance(value, np.ndarray):
            raise self.error(f"the field '{name}' is not an array")
        return value

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def error(self, what: str) -> InputError:
        """An error that names the place."""
        return InputError(f"{self.place}: {what}.")

    def text(self, name: str) -> str:
        """A field that holds one text."""
        return _text(self[name], self.place, name)

    def numbers(self, name: str) -> list[float]:
        """A field that holds real numbers, in one list."""
        return [float(x) for x in numbers_of(self[name], self.place, name).reshape(-1)]

    def whole_numbers(
        self, names: Sequence[str], lengths: Sequence[int], least: int, default: int | None = None
    ) -> list[int]:
        """Value of the first of `names` that is there, which has one of `lengths` numbers."""
        name = next((name for name in names if name in self), names[0])
        if name not in self and default is not None:
            return [default]
        numbers = self.numbers(name)
        if len(numbers) not in lengths or not all(
            x.is_integer() and least <= x <= LARGEST_SIDE for x in numbers
        ):
            raise self.error(
                f"'{name}' is {numbers[:8]}; it must be {' or '.join(map(str, lengths))} whole "
                f"numbers from {least} to {LARGEST_SIDE}"
            )
        return [int(x) for x in numbers]


def _text(value: MatValue, place: str, name: str) -> str:
    if value.dtype.kind != "U" or value.size > 1:
        raise InputError(f"{place}: '{name}' is not a text.")
    return str(value.reshape(-1)[0]) if value.size else ""


def texts(value: MatValue, place: str, name: str) -> list[str]:
    """Texts of a cell array of texts; a single text is taken for a cell array of one."""
    if value.dtype.kind == "U":
        return [_text(value, place, name)]
    if value.dtype.kind != "O":
        if value.size == 0:
            return []
        raise InputError(f"{place}: '{name}' is not a list of texts.")
    return [_text(np.asarray(part), place, name) for part in value.reshape(-1)]


def numbers_of(value: MatValue, place: str, name: str) -> np.ndarray:
    """A value that holds finite real numbers."""
    if value.dtype.kind not in "fiub":
        raise InputError(f"{place}: '{name}' does not hold real numbers.")
    if not np.isfinite(value).all():
        raise InputError(f"{place}: '{name}' holds numbers that are not finite.")
    return value

"""Columns of toy.csv, the toy network's measurements."""

TOY_TEXTS = ("measurement", "place", "quantity")
"""Columns of text: what was done, where, and what the value is."""

TOY_NUMBERS = ("frequency", "value")
"""Columns of numbers; no frequency (NaN) where the value has none."""

COLUMNS = (*TOY_TEXTS, *TOY_NUMBERS)
"""All columns, in their order."""

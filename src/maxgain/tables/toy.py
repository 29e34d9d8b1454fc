"""Columns of toy.csv, the toy network's measurements."""

# As `maxgain.tables.toy.COLUMNS`, whose module brings torch along.
TOY_TEXTS, TOY_NUMBERS = ("measurement", "place", "quantity"), ("frequency", "value")
COLUMNS = ("measurement", "place", "quantity", "frequency", "value")

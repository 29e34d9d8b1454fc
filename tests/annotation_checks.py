"""The type checker that tests put around every function of the library."""

from beartype import BeartypeConf, beartype

# As for mypy, a whole number is a float too (PEP 484).
check = beartype(conf=BeartypeConf(is_pep484_tower=True))

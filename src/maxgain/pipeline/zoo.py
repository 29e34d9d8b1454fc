"""Gathers the tables of single networks into zoo.csv, and names those that are missing."""

from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import save_file

from maxgain.files.atomic import atomic_path
from maxgain.files.csv import read_table, write_table
from maxgain.tables.zoo import MISSING_COLUMNS, ZOO_COLUMNS
from maxgain.zoo.measurement import ProbeMeasurement, figure_arrays, zoo_rows
from maxgain.zoo.network import PretrainedNetwork
from maxgain.zoo.status import NetworkStatus, read_status


def write_zoo_files(
    table: Path,
    arrays: Path,
    network: PretrainedNetwork,
    measurements: list[ProbeMeasurement],
    photograph: str,
) -> None:
    """Write the rows and the arrays of one network."""
    write_table(table, ZOO_COLUMNS, zoo_rows(network, measurements, photograph))
    with atomic_path(arrays) as temporary:
        tensors = {name: x.contiguous() for name, x in figure_arrays(network, measurements).items()}
        save_file(tensors, temporary)


def write_empty_files(table: Path, arrays: Path) -> None:
    """Write a table without rows and arrays without any, for a network that is missing."""
    write_table(table, ZOO_COLUMNS, [])
    with atomic_path(arrays) as temporary:
        save_file({}, temporary)


def status_path(table: Path) -> Path:
    """Where the status of a network's measurement lies, beside its table."""
    return table.with_name(table.name.removesuffix(".csv") + ".json")


def arrays_path(table: Path) -> Path:
    """Where the arrays of a network's figures lie, beside its table."""
    return table.with_name(table.name.removesuffix(".csv") + ".safetensors")


def gather_tables(tables: Sequence[Path], output: Path, missing: Path) -> list[NetworkStatus]:
    """Write one table of all networks in the order given, and one of those that are missing.

    Parameters
    ----------
    tables
        One a network, with its status (`status_path`) beside it.
    output, missing
        The tables to write.

    Returns
    -------
    Status of the networks that are missing.

    Raises
    ------
    InputError
        A table or a status cannot be read.
    """
    rows: list[dict[str, str]] = []
    absent = []
    for table in tables:
        status = read_status(status_path(table))
        if status.ok:
            rows += read_table(table, ZOO_COLUMNS)
        else:
            absent.append(status)
    write_table(output, ZOO_COLUMNS, rows)
    write_table(missing, MISSING_COLUMNS, [{"name": s.name, "reason": s.reason} for s in absent])
    return absent

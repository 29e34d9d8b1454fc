"""Measures pretrained networks, and gathers their tables into zoo.csv with those missing named."""

from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import save_file

from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.files.csv import read_table, write_table
from maxgain.tables.zoo import MISSING_COLUMNS, ZOO_COLUMNS
from maxgain.zoo.loading import load_network
from maxgain.zoo.measurement import ProbeMeasurement, figure_arrays, measure_network, zoo_rows
from maxgain.zoo.network import PretrainedNetwork
from maxgain.zoo.status import NetworkStatus, read_status, require_fetched, write_status


def measure_to_files(
    name: str, table: Path, image: Path | None, folder: Path, fetched: Path | None
) -> NetworkStatus:
    """Measure one network for figures 5 to 7 and write table, arrays and status.

    A network that cannot be had gets empty files and a status that says why: it stops no other.

    Parameters
    ----------
    name
        As `maxgain.zoo.names` knows it.
    table
        The table to write; arrays and status go beside it.
    image
        The photograph; matplotlib's sample if None.
    folder
        Where downloaded weights lie.
    fetched
        Status of the download, where there was one.

    Raises
    ------
    InputError
        The photograph cannot be read, or a file cannot be written.
    """
    photograph, label = read_photograph(image)
    try:
        if fetched is not None:
            require_fetched(fetched)
        network = load_network(name, folder)
        measurements = measure_network(network, photograph)
    except InputError as error:
        write_empty_files(table, arrays_path(table))
        status = NetworkStatus(name, False, str(error))
    else:
        write_zoo_files(table, arrays_path(table), network, measurements, label)
        status = NetworkStatus(name, True)
    write_status(status_path(table), status)
    return status


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

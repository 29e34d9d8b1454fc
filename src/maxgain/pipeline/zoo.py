"""Measures pretrained networks, and gathers their tables into zoo.csv with those missing named."""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file

from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.files.csv import read_table, write_table
from maxgain.files.tensors import NETWORK
from maxgain.pipeline.jobs import MeasureJob
from maxgain.tables.zoo import MISSING_COLUMNS, ZOO_COLUMNS, read_zoo
from maxgain.zoo.fetching import fetch_weights
from maxgain.zoo.loading import load_network
from maxgain.zoo.measurement import (
    Places,
    ProbeMeasurement,
    figure_arrays,
    measure_network,
    zoo_rows,
)
from maxgain.zoo.network import PretrainedNetwork
from maxgain.zoo.status import NetworkStatus, read_status, require_fetched, write_status


def fetch_network(name: str, folder: Path, lock: Path, status: Path | None) -> None:
    """Download or unpack the weights of a network, and say so.

    Parameters
    ----------
    name
        As `maxgain.zoo.names` knows it.
    folder
        Where weights lie.
    lock
        Checksums learnt at a first download.
    status
        Where success or failure is written: a dead link then stops no other network. None: it
        is an error.

    Raises
    ------
    InputError
        The network is not known or its weights cannot be had, and there is no status to say so.
    """
    try:
        file = fetch_weights(name, folder, lock)
    except InputError as error:
        if status is None:
            raise
        write_status(status, NetworkStatus(name, False, str(error)))
        print(f"missing: {name}: {error}", file=sys.stderr)
        return
    if status is not None:
        write_status(status, NetworkStatus(name, True))
    print(f"{name}: {file or 'nothing to download'}", file=sys.stderr)


def measure_pretrained(
    job: MeasureJob, table: Path, folder: Path, fetched: Path | None
) -> NetworkStatus:
    """Measure one network for figures 5 to 7 and write table, arrays and status.

    A network that cannot be had gets empty files and a status that says why: it stops no other.

    Parameters
    ----------
    table
        The table to write; arrays and status go beside it.
    folder
        Where downloaded weights lie.
    fetched
        Status of the download, where there was one.

    Raises
    ------
    InputError
        The photograph cannot be read, or a file cannot be written.
    """
    torch.set_num_threads(1)
    name = job.network
    photograph, label = read_photograph(job.image)
    try:
        if fetched is not None:
            require_fetched(fetched)
        network = load_network(name, folder)
        places = Places(job.impulses, job.seed)
        measurements = measure_network(network, photograph, places)
    except InputError as error:
        write_empty_files(table, arrays_path(table))
        status = NetworkStatus(name, False, str(error))
    else:
        write_zoo_files(table, arrays_path(table), network, measurements, label)
        status = NetworkStatus(name, True)
    write_status(status_path(table), status)
    said = f"{name}: wrote {table}" if status.ok else f"missing: {name}: {status.reason}"
    print(said, file=sys.stderr)
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
        # A network of a manifest has another name in the tables than its file.
        save_file(tensors, temporary, {NETWORK: network.name})


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


def write_trends(zoo: Path, output: Path) -> None:
    """Write zoo_trends.csv, the rank correlations over the networks of zoo.csv.

    Raises
    ------
    InputError
        The table cannot be read, or a file cannot be written.
    """
    from maxgain.claims.pretrained_trends import describe_trends

    table = describe_trends(read_zoo(zoo))
    with atomic_path(output) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")

"""The toy network's measurements as a table and as the arrays of figures 1 to 4."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from maxgain.files.atomic import atomic_path
from maxgain.files.csv import write_table
from maxgain.tables.toy import COLUMNS
from maxgain.toy.measurement import PAPER_PLACE, Place, measure_toy
from maxgain.training.memory import keep_freed_memory


def write_toy_measurements(table: Path, arrays: Path, place: Place = PAPER_PLACE) -> int:
    """Measure the toy network on a photograph and on an impulse; the number of rows written.

    Parameters
    ----------
    table, arrays
        Files to write (.csv, .safetensors).
    place
        Where p = 1 in figures 2a and 3a; if it is not active (z = 0), the nearest active place is
        measured.

    Raises
    ------
    InputError
        The place lies outside the photograph, or a file cannot be written.
    """
    # Each of its convolutions asks for the same large block: two thirds of the time else.
    keep_freed_memory()
    # One thread, so that sums have one order on every machine.
    torch.set_num_threads(1)
    measured = measure_toy(place=place)
    # Plain Python numbers: NumPy's would be written with their type.
    rows = [dict(zip(COLUMNS, line, strict=True)) for line in measured.table.to_numpy().tolist()]
    write_table(table, COLUMNS, rows)
    with atomic_path(arrays) as temporary:
        save_file(measured.arrays, temporary)
    return len(rows)

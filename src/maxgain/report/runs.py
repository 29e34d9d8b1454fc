"""The curves of all runs, small enough for a browser: single runs, or bands where they are many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas import DataFrame

from maxgain.tables.curves import CURVE_COLUMNS, QUANTITY_COLUMNS
from maxgain.tables.flags import read_flags

MOST_NUMBERS = 200_000
"""Numbers that the page carries, about 1.6 MB of text; beyond that runs become bands."""


MOST_SETTINGS = 120
"""Settings that are told apart in bands; beyond that their learning rates are put together."""


_WHICH = tuple(name for name in CURVE_COLUMNS if name not in QUANTITY_COLUMNS)
"""Columns that say which run and epoch a row is of; every other column of numbers is drawn."""


_SETTING = ["dataset", "data", "shown_network", "rate"]
"""Columns that tell the settings apart; runs of one setting differ in their seed."""


@dataclass(frozen=True)
class ExplorerData:
    """What the explorer of runs draws, as JSON takes it, and what was left out, in words."""

    content: dict[str, object]
    notes: Sequence[str]


def gather_runs(curves: Mapping[str, DataFrame]) -> ExplorerData | None:
    """The runs of all experiments, each training once; None where there is none.

    Parameters
    ----------
    curves
        Experiment to its tidy table (`maxgain.tables.results.read_curve_table`).
    """
    filled = [table for table in curves.values() if len(table)]
    if not filled:
        return None
    table = _label(pd.concat(filled, ignore_index=True))
    quantities = _find_quantities(table)
    notes: list[str] = []
    epochs = table.drop_duplicates([*_SETTING, "seed", "epoch"])
    many = len(epochs) * max(len(quantities), 1) > MOST_NUMBERS
    if many:
        epochs, notes = _reduce(epochs, len(quantities))
        columns = _bands(epochs, quantities)
    else:
        columns = epochs.sort_values([*_SETTING, "seed", "epoch"])
    content = _content(columns, quantities, many)
    content["settings"] = _settings(table, columns)
    content["datasets"] = _datasets(table)
    return ExplorerData(content, notes)


def quantity_title(name: str) -> str:
    """A column's name as an axis title with its unit: "training_loss" is "Training loss, nats"."""
    # A line separator in a name would end the expression that Vega makes of it.
    name = " ".join(name.split())
    units = {"_db": "dB", "_loss": "nats", "_error": "fraction"}
    for ending, unit in units.items():
        if name.endswith(ending):
            plain = name.removesuffix("_db")
            return f"{plain.replace('_', ' ').capitalize()}, {unit}"
    return name.replace("_", " ").capitalize()


def _label(table: DataFrame) -> DataFrame:
    table = table.copy()
    table["stand_in"] = read_flags(table["stand_in"])
    table["rate"] = [f"{rate:.4g}" for rate in table["learning_rate"]]
    table["seed"] = table["seed"].astype(int)
    network = table["network"].astype(str)
    scaled = table["capacity"] != 1
    network = network.where(~scaled, network + [f" ×{factor:g}" for factor in table["capacity"]])
    kinds = table.groupby([network, "dataset"], dropna=False)["precision"].transform("nunique")
    table["shown_network"] = network.where(
        kinds <= 1, network + ", " + table["precision"].astype(str)
    )
    for name in ("dataset", "data"):
        table[name] = table[name].astype(str)
    return table


def _find_quantities(table: DataFrame) -> list[str]:
    found = [
        str(name)
        for name in table.columns
        if name not in _WHICH
        and pd.api.types.is_numeric_dtype(table[name])
        and not pd.api.types.is_bool_dtype(table[name])
        and np.isfinite(table[name].to_numpy(dtype=float)).any()
    ]
    return sorted(found, key=lambda name: not name.endswith("_db"))


def _reduce(table: DataFrame, quantities: int) -> tuple[DataFrame, list[str]]:
    """Fewer settings and epochs, and what was done in words."""
    runs = table.groupby([*_SETTING, "seed"], dropna=False).ngroups
    notes = [
        f"{runs:,} runs are too many to carry: drawn are bands over all runs of a setting "
        "(median, least and greatest value of each epoch), no single runs."
    ]
    if table.groupby(_SETTING, dropna=False).ngroups > MOST_SETTINGS:
        table = table.assign(rate="all rates")
        notes.append(
            f"There are more than {MOST_SETTINGS} settings: the learning rates of a network are "
            "put together."
        )
    numbers = table.groupby(_SETTING, dropna=False, sort=False).ngroup()
    if numbers.max() >= MOST_SETTINGS:
        notes.append(f"Of {numbers.max() + 1:,} networks the first {MOST_SETTINGS} are drawn.")
        table = table[numbers < MOST_SETTINGS]
    bands = 3 * quantities * min(int(numbers.max()) + 1, MOST_SETTINGS)
    step = -(-int(table["epoch"].max()) // max(2, MOST_NUMBERS // bands))
    if step > 1:
        notes.append(f"Of the epochs, 1, {1 + step}, {1 + 2 * step}, ... are drawn.")
        table = table[(table["epoch"] - 1) % step == 0]
    return table, notes


def _bands(table: DataFrame, quantities: list[str]) -> DataFrame:
    finite = table[quantities].where(np.isfinite(table[quantities].astype(float)))
    grouped = finite.assign(**{name: table[name] for name in (*_SETTING, "epoch")}).groupby(
        [*_SETTING, "epoch"], dropna=False
    )
    parts = {"low": grouped.min(), "middle": grouped.median(), "high": grouped.max()}
    wide = pd.concat([part.add_suffix(f" {name}") for name, part in parts.items()], axis="columns")
    return wide.reset_index().assign(seed=0)


def _content(columns: DataFrame, quantities: list[str], bands: bool) -> dict[str, object]:
    runs = []
    keys = [*_SETTING, "seed"]
    names = (
        [[f"{name} {part}" for part in ("low", "middle", "high")] for name in quantities]
        if bands
        else [[name] for name in quantities]
    )
    for key, rows in columns.groupby(keys, sort=True, dropna=False):
        runs.append(
            {
                "key": [str(part) for part in key[:-1]],
                "seed": str(key[-1]),
                "epochs": rows["epoch"].astype(int).tolist(),
                "values": [[_short(rows[part]) for part in parts] for parts in names],
            }
        )
    titles = [{"key": name, "title": quantity_title(name)} for name in quantities]
    return {"bands": bands, "quantities": titles, "runs": runs}


def _short(values: "pd.Series[float]") -> list[float | None]:
    """Five digits: what a screen can show; None where the value is not finite."""
    return [
        float(f"{value:.5g}") if np.isfinite(value) else None
        for value in values.to_numpy(dtype=float)
    ]


def _settings(table: DataFrame, columns: DataFrame) -> list[dict[str, object]]:
    """What the choices offer, in the order of networks as read and of rates as numbers."""
    experiments = (
        table.groupby(["dataset", "data", "shown_network"], dropna=False)["experiment"]
        .agg(lambda names: sorted({str(name) for name in names}))
        .to_dict()
    )
    rows = columns[_SETTING].drop_duplicates().to_dict("records")
    return [
        {
            "key": [str(row[name]) for name in _SETTING],
            "experiments": experiments[row["dataset"], row["data"], row["shown_network"]],
        }
        for row in rows
    ]


def _datasets(table: DataFrame) -> list[dict[str, object]]:
    found = table.groupby(["dataset", "data"], sort=False, dropna=False)["stand_in"].any()
    return [
        {"name": str(row["dataset"]), "data": str(row["data"]), "stand_in": bool(row["stand_in"])}
        for row in found.reset_index().to_dict("records")
    ]

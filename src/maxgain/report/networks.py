"""The ImageNet networks as the page shows them: a chart with choices, and a table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pandas import DataFrame

from maxgain.files.csv import texts_of
from maxgain.report.charts import Spec, describe_networks

MOST_ROWS = 4_000
"""Points of the chart, over all probes and channels; more are cut and the page says so."""


_PREFERRED = ("impulse", "centred", "inverse-score")
"""The probe of the paper's figure 7: image, impulse, projection."""


@dataclass(frozen=True)
class NetworksView:
    """The chart's specification, the table of the first probe, and what was left out."""

    chart: Spec
    probe: str
    channels: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


def view_networks(zoo: DataFrame) -> NetworksView | None:
    """Gain against error of all networks measured; None where no gain is finite."""
    gain = zoo["gain_db"].to_numpy(dtype=float)
    table = zoo[np.isfinite(gain)].copy()
    if table.empty:
        return None
    notes = []
    if infinite := len(zoo) - len(table):
        notes.append(
            f"{infinite} values are not drawn: the gain is not finite (a blocked network)."
        )
    texts = ["name", "family", "image", "impulse", "projection", "channel"]
    table[texts] = texts_of(table, texts)
    parts = table[["image", "impulse", "projection"]].to_numpy().tolist()
    table["probe"] = [_name_probe(part) for part in parts]
    probes = list(dict.fromkeys(table["probe"]))
    probes.sort(key=lambda probe: probe != _name_probe(_PREFERRED))
    channels = list(dict.fromkeys(table["channel"]))
    if len(table) > MOST_ROWS:
        notes.append(f"Of {len(table):,} values the first {MOST_ROWS:,} are drawn.")
    drawn = [_point(row) for row in table.head(MOST_ROWS).to_dict("records")]
    families = list(dict.fromkeys(str(row["family"]) for row in drawn))
    chart = describe_networks(drawn, probes, families, channels)
    shown = table[table["probe"] == probes[0]]
    return NetworksView(chart, probes[0], channels, _rows(shown, channels), notes)


def _name_probe(parts: Sequence[str]) -> str:
    image, *others = parts
    return ", ".join([f"{image} image", *(part for part in others if part)])


def _point(row: dict[str, object]) -> dict[str, object]:
    error = float(row["top5_error"])  # type: ignore[arg-type]
    return {
        "name": row["name"],
        "family": row["family"],
        "probe": row["probe"],
        "channel": row["channel"],
        "error": None if math.isnan(error) else error,
        "gain": round(float(row["gain_db"]), 3),  # type: ignore[arg-type]
    }


def _rows(table: DataFrame, channels: Sequence[str]) -> list[list[str]]:
    rows = []
    for name, found in table.groupby("name", sort=False):
        error = float(found["top5_error"].iloc[0])
        gains = dict(zip(found["channel"], found["gain_db"], strict=True))
        rows.append(
            [
                str(name),
                str(found["family"].iloc[0]),
                "not known" if math.isnan(error) else f"{error:.2f}",
                *(f"{gains[channel]:.1f}" if channel in gains else "" for channel in channels),
            ]
        )
    return rows

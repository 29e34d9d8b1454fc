"""The table that `maxgain measure` prints."""

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table

from maxgain.zoo.network import PretrainedNetwork


def measurement_table(network: PretrainedNetwork, rows: Sequence[dict[str, object]]) -> Table:
    """Table of one network: class, score and Maximum Gain of each channel, for every probe.

    Parameters
    ----------
    rows
        As `maxgain.zoo.measurement.zoo_rows` gives them: the channels of a probe in sequence.
    """
    table = Table(
        title=f"{network.name}: Maximum Gain", caption=network.weights, title_justify="left"
    )
    for heading in ("image", "projection", "class", "score"):
        table.add_column(heading)
    channels = list(dict.fromkeys(str(row["channel"]) for row in rows))
    for channel in channels:
        table.add_column(f"{channel} (dB)", justify="right")
    keys = ("image", "impulse", "projection")
    for _, group in groupby(rows, key=lambda row: tuple(row[key] for key in keys)):
        probe = list(group)
        first = probe[0]
        table.add_row(
            " ".join(str(first[key]) for key in ("image", "impulse") if first[key]),
            str(first["projection"]),
            f"{first['predicted_class']} {first['class_name']}",
            f"{first['score']:.4f}",
            *(f"{row['gain_db']:.2f}" for row in probe),
        )
    return table

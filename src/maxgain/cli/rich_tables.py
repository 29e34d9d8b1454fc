"""The table that `maxgain measure` prints."""

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table


def measurement_table(rows: Sequence[dict[str, object]], weights: Sequence[str]) -> Table:
    """Table of networks: class, score and Maximum Gain of each channel, for every probe.

    Parameters
    ----------
    rows
        As `maxgain.zoo.measurement.zoo_rows` gives them: the channels of a probe in sequence, the
        networks one after another.
    weights
        What the weights of each network are, in their order.
    """
    names = list(dict.fromkeys(str(row["name"]) for row in rows))
    several = len(names) > 1
    title = "Maximum Gain" if several else f"{names[0]}: Maximum Gain"
    caption = "; ".join(dict.fromkeys(weights))
    table = Table(title=title, caption=caption, title_justify="left")
    for heading in (*(("network",) if several else ()), "image", "projection", "class", "score"):
        table.add_column(heading)
    channels = list(dict.fromkeys(str(row["channel"]) for row in rows))
    for channel in channels:
        table.add_column(f"{channel} (dB)", justify="right")
    keys = ("name", "image", "impulse", "projection")
    for (name, *_), group in groupby(rows, key=lambda row: tuple(row[key] for key in keys)):
        probe = list(group)
        first = probe[0]
        gains = {str(row["channel"]): f"{row['gain_db']:.2f}" for row in probe}
        table.add_row(
            *((str(name),) if several else ()),
            " ".join(str(first[key]) for key in ("image", "impulse") if first[key]),
            str(first["projection"]),
            f"{first['predicted_class']} {first['class_name']}",
            f"{first['score']:.4f}",
            *(gains.get(channel, "") for channel in channels),
        )
    return table

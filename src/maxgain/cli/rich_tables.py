"""The tables that `maxgain measure` and `maxgain compare` print."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from rich import box
from rich.table import Table
from rich.text import Text

Row = Mapping[str, object]

MOST_COLUMNS = 4
"""Channels of a table that get a column each; the gains of more share one."""

PROJECTIONS = {"inverse-score": "1/score"}
"""Short names of projections; others are printed as they are called."""

_IMAGE = len("impulse centred")


def measurement_table(rows: Sequence[Row], weights: Sequence[str]) -> Table:
    """Table of networks: class, score and Maximum Gain of each channel, for every probe.

    Of several networks the projection 1/score alone, the paper's, so that they stand below one
    another.

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
    if several:
        rows = [row for row in rows if row["projection"] == "inverse-score"]
    title = f"Maximum Gain in dB{', p_c = 1/score' if several else f' of {names[0]}'}"
    table = _new_table(title, "; ".join(dict.fromkeys(weights)))
    channels = list(dict.fromkeys(str(row["channel"]) for row in rows))
    heads = channels if len(channels) <= MOST_COLUMNS else []
    table.add_column(
        "network, image" if several else "image", overflow="fold", min_width=_IMAGE + 2 * several
    )
    if not several:
        table.add_column("projection", no_wrap=True)
    table.add_column("class")
    table.add_column("score", no_wrap=True)
    for heading in heads:
        table.add_column(heading, justify="right", no_wrap=True)
    if not heads:
        table.add_column("gain of each channel")
    for name, probes in groupby(_probes(rows), key=lambda probe: str(probe[0]["name"])):
        if several:
            table.add_row(Text(name, style="bold"))
        for probe in probes:
            table.add_row(*_cells(probe, heads, several))
        if several:
            table.add_section()
    return table


def comparison_table(
    rows: Sequence[Sequence[object]], heads: Sequence[str], title: str, caption: str = ""
) -> Table:
    """Table of rows of a name and numbers; what is no number is printed as it is."""
    table = _new_table(title, caption)
    for number, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(
            *(Text(f"{x:.2f}" if isinstance(x, float) else str(x)) for x in row),
        )
    return table


def _new_table(title: str, caption: str) -> Table:
    # Texts, as names of networks may look like markup or, between colons, like emoji.
    return Table(
        title=Text(title),
        caption=Text(caption) if caption else None,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )


def _probes(rows: Sequence[Row]) -> Iterable[list[Row]]:
    keys = ("name", "image", "impulse", "projection")
    for _, group in groupby(rows, key=lambda row: tuple(row[key] for key in keys)):
        yield list(group)


def _cells(probe: Sequence[Row], heads: Sequence[str], several: bool) -> list[Text]:
    first = probe[0]
    projection = str(first["projection"])
    gains = {str(row["channel"]): f"{row['gain_db']:.2f}" for row in probe}
    known = str(first["class_name"])
    winner = str(first["predicted_class"])
    image = " ".join(str(first[key]) for key in ("image", "impulse") if first[key])
    cells = [
        f"  {image}" if several else image,
        *(() if several else (PROJECTIONS.get(projection, projection),)),
        winner if known == f"class {winner}" else f"{winner} {known}",
        f"{first['score']:.4f}",
        *([gains.get(head, "") for head in heads] if heads else [" ".join(gains.values())]),
    ]
    return [Text(cell) for cell in cells]

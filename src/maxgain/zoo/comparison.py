"""Two measured networks beside each other."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

from maxgain.errors import InputError

PROBE = ("image", "impulse", "projection")
QUANTITIES = ("gain_db", "sensitivity_db", "saturation_db")


@dataclass(frozen=True)
class NetworkDifference:
    """One quantity of two networks at a probe, in dB.

    Attributes
    ----------
    image, impulse, projection
        The probe, as in zoo.csv.
    quantity
        "gain", "sensitivity" or "saturation", mean over the channels of each network.
    first, second
        Of the two networks; NaN where it is not defined.
    """

    image: str
    impulse: str
    projection: str
    quantity: str
    first: float
    second: float

    @property
    def difference(self) -> float:
        """Second - first."""
        return self.second - self.first


def compare_networks(
    first: Iterable[Mapping[str, object]], second: Iterable[Mapping[str, object]]
) -> list[NetworkDifference]:
    """How two networks differ at every probe that both were measured at.

    Parameters
    ----------
    first, second
        Rows of zoo.csv, each of one network.

    Raises
    ------
    InputError
        They share no probe.
    """
    ours, theirs = _by_probe(first), _by_probe(second)
    shared = [probe for probe in ours if probe in theirs]
    if not shared:
        raise InputError("the two networks were measured at no probe that both have.")
    return [
        NetworkDifference(
            *probe, name.removesuffix("_db"), _mean(ours[probe], name), _mean(theirs[probe], name)
        )
        for probe in shared
        for name in QUANTITIES
    ]


def _by_probe(
    rows: Iterable[Mapping[str, object]],
) -> dict[tuple[str, str, str], list[Mapping[str, object]]]:
    probes: dict[tuple[str, str, str], list[Mapping[str, object]]] = {}
    for row in rows:
        image, impulse, projection = (_text(row[name]) for name in PROBE)
        probes.setdefault((image, impulse, projection), []).append(row)
    return probes


def _text(value: object) -> str:
    """An empty cell is read from a file as NaN."""
    return "" if isinstance(value, float) and math.isnan(value) else str(value)


def _mean(rows: Iterable[Mapping[str, object]], name: str) -> float:
    values = [math.nan if row[name] == "" else float(str(row[name])) for row in rows]
    return fmean(values)

"""What pretrained networks say besides P1-P3: described, and deciding nothing.

Between architectures, within them, within one design whose networks differ in width and resolution
alone, and what else goes with gain and error (docs/method/imagenet.md).
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from pandas import DataFrame
from scipy import stats

from maxgain.statistics.clusters import correlate_clusters
from maxgain.statistics.decisions import hold_draws
from maxgain.statistics.strata import correlate_within
from maxgain.tables.zoo import (
    FACTORS,
    JUDGED_SETS,
    QUANTITIES,
    TREND_COLUMNS,
    grid_rows,
    network_means,
)

PROBES = (
    ("impulse", "centred"),
    ("impulses", "centred"),
    ("impulse", "raw"),
    ("impulses", "raw"),
    ("natural", ""),
)
"""Image and impulse choice of every probe, as in zoo.csv."""

ERROR = "top5_error"

Row = dict[str, object]


def describe_trends(zoo: DataFrame) -> DataFrame:
    """Table zoo_trends.csv of zoo.csv (`maxgain.tables.zoo.TREND_COLUMNS`), p_c = 1/score."""
    rows = []
    for name in JUDGED_SETS:
        for image, impulse in PROBES:
            networks = network_means(zoo, image, impulse)
            networks = networks[networks["set"] == name]
            place = {"set": name, "image": image, "impulse": impulse}
            rows += [{**place, **row} for row in _describe_probe(networks)]
        networks = network_means(zoo)
        networks = networks[networks["set"] == name]
        place = {"set": name, "image": "impulse", "impulse": "centred"}
        rows += [{**place, **row} for row in _describe_factors(networks)]
    return DataFrame(rows, columns=list(TREND_COLUMNS))


def _describe_probe(networks: DataFrame) -> Iterator[Row]:
    grid = grid_rows(networks)
    for quantity in QUANTITIES:
        known = networks[np.isfinite(networks[quantity])]
        if known.empty:
            continue
        yield _between(known, quantity, ERROR)
        yield from _within(known, quantity, "within architectures", known["architecture"].tolist())
        if not grid.empty:
            strata = {"equal resolution": grid["resolution"], "equal width": grid["width"]}
            for comparison, stratum in strata.items():
                yield from _within(grid, quantity, comparison, stratum.tolist(), each=True)


def _describe_factors(networks: DataFrame) -> Iterator[Row]:
    """How gain, sensitivity and error go with each factor, between architectures."""
    for factor in FACTORS:
        for quantity in (*QUANTITIES, ERROR):
            both = networks[[quantity, factor]].to_numpy(dtype=np.float64)
            known = networks.loc[np.isfinite(both).all(axis=1)]
            if known[factor].nunique() > 1:
                yield {**_between(known, quantity, factor), "p_value": math.nan}


def _between(networks: DataFrame, quantity: str, against: str) -> Row:
    values, others = (networks[name].to_numpy(dtype=np.float64) for name in (quantity, against))
    found = correlate_clusters(values, others, networks["architecture"].tolist())
    finding = hold_draws("rho", found.rho, found.draws, "below", 0.0, found.clusters)
    return {
        "comparison": "between architectures",
        "stratum": "",
        "quantity": quantity,
        "against": against,
        "networks": found.networks,
        "groups": found.clusters,
        "rho": found.rho,
        "low": finding.low,
        "high": finding.high,
        "p_value": found.p_value,
    }


def _within(
    networks: DataFrame,
    quantity: str,
    comparison: str,
    strata: Sequence[float | str],
    *,
    each: bool = False,
) -> Iterator[Row]:
    """The row of all strata and, where wanted, one for each."""
    values, errors = (networks[name].to_numpy(dtype=np.float64) for name in (quantity, ERROR))
    found = correlate_within(values, errors, strata)
    row = {"comparison": comparison, "quantity": quantity, "against": ERROR}
    yield {
        **row,
        "stratum": "",
        "networks": found.networks,
        "groups": len(found.by_stratum),
        "rho": found.rho,
        "p_value": found.p_value,
    }
    for stratum, rho in found.by_stratum.items() if each else ():
        part = networks[[one == stratum for one in strata]]
        yield {
            **row,
            "stratum": f"{stratum:g}",
            "networks": len(part),
            "groups": 1,
            "rho": rho,
            "db_per_octave": _slope(part, quantity),
        }


def _slope(part: DataFrame, quantity: str) -> float:
    """dB an octave of resolution, by least squares; NaN of one resolution."""
    octaves = np.log2(part["resolution"].to_numpy(dtype=np.float64))
    if np.ptp(octaves) == 0:
        return math.nan
    return float(stats.linregress(octaves, part[quantity].to_numpy(dtype=np.float64)).slope)

"""How many architectures P1 and P2 need before they are decided, by the networks measured so far.

python -m benchmarks.trend_power [results/paper] [studies]

Studies are made up of the networks at hand: architectures are drawn with replacement and judged by
the claims' own code. In one world gains and errors stay as they were measured, in another the
networks keep their gains and get errors that go with them. Prints a table and writes
benchmarks/results/trend_power.csv.
"""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame
from rich.progress import track
from scipy import stats

from maxgain.claims import pretrained
from maxgain.claims.registry import CLAIMS
from maxgain.statistics import clusters
from maxgain.tables.results import ResultTables, read_result_tables
from maxgain.tables.zoo import judged_rows

OUTPUT = Path(__file__).parent / "results" / "trend_power.csv"

COUNTS = (8, 12, 16, 20, 25, 30, 40, 50, 60)
"""Architectures of a study."""

TREND = -0.57
"""Rank correlation of gain (mean over channels) and error in the world with a trend: what
MobileNet V1 and the other architectures show within themselves (`zoo_trends.csv`)."""

STUDIES = 100
"""Made up for each count and world: shares are known to 0.05 (standard error at a half)."""

RESAMPLES = 999
"""Of each study's bootstraps and permutations; verdicts take ten times as many."""


def draw_architectures(
    networks: DataFrame, count: int, random: np.random.Generator, *, single: bool = False
) -> DataFrame:
    """Rows of zoo.csv of a study of so many architectures, drawn with replacement.

    Parameters
    ----------
    networks
        Rows of zoo.csv.
    single
        Take one network of each, drawn at random.
    """
    names, architectures = (networks[name].to_numpy(str) for name in ("name", "architecture"))
    rows = {label: np.flatnonzero(architectures == label) for label in np.unique(architectures)}
    parts = []
    for chosen in random.choice(sorted(rows), count):
        part = rows[chosen]
        if single:
            part = part[names[part] == random.choice(np.unique(names[part]))]
        parts.append(part)
    study = networks.iloc[np.concatenate(parts)].reset_index(drop=True)
    number = np.repeat(np.arange(count), [len(part) for part in parts]).astype(str)
    labels = {name: study[name] + " " + number for name in ("name", "architecture")}
    return study.assign(**labels)


def errors_with_trend(
    gains: Float[ndarray, " networks"], rho: float, random: np.random.Generator
) -> Float[ndarray, " networks"]:
    """Errors in percent whose rank correlation with gains is rho, over many draws.

    By a Gaussian copula, whose Pearson correlation is 2 sin(pi rho / 6) (Pearson 1907).
    """
    # Equal gains, of a network drawn twice, are ranked at random.
    order = np.lexsort((random.random(len(gains)), gains)).argsort()
    scores = stats.norm.ppf((order + 0.5) / len(gains))
    pearson = 2 * np.sin(np.pi * rho / 6)
    errors = pearson * scores + np.sqrt(1 - pearson**2) * random.standard_normal(len(gains))
    return np.asarray(100 * stats.norm.cdf(errors))


def make_study(
    networks: DataFrame, world: str, count: int, random: np.random.Generator
) -> DataFrame:
    """Rows of one made-up study."""
    if world == "as measured":
        return draw_architectures(networks, count, random)
    study = draw_architectures(networks, count, random, single=True)
    gains = study.groupby("name", sort=False)["gain_db"].mean()
    errors = errors_with_trend(gains.to_numpy(), TREND, random)
    return study.assign(top5_error=study["name"].map(dict(zip(gains.index, errors, strict=True))))


def outcomes(networks: DataFrame, name: str, world: str, count: int, studies: int) -> Iterator[str]:
    """A claim's outcome in each study."""
    judge = CLAIMS.load(name)
    for number in range(studies):
        random = np.random.default_rng([number, count])
        study = make_study(networks, world, count, random)
        yield judge(ResultTables(zoo=study), CLAIMS.find(name)).outcome


def main(folder: Path, studies: int) -> None:
    """Table of shares, one row for each claim, world and count."""
    zoo = read_result_tables(folder).zoo
    assert zoo is not None
    networks = judged_rows(zoo, "inverse-score").drop(columns="set")
    rows = []
    cases = [("P1", "as measured"), ("P1", "trend"), ("P2", "as measured")]
    fewer = patch.object(clusters, "RESAMPLES", RESAMPLES)
    # What is printed beside a verdict takes longer than the verdict.
    silent = patch.object(pretrained, "_describe_all", return_value="")
    with fewer, silent:
        for (name, world), count in track(list(itertools.product(cases, COUNTS))):
            found = list(outcomes(networks, name, world, count, studies))
            shares = {word: found.count(word) / studies for word in ("holds", "fails")}
            rows.append({"claim": name, "world": world, "architectures": count, **shares})
    table = DataFrame(rows)
    table.to_csv(OUTPUT, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Path(given[0] if given else "results/paper"), int(given[1]) if len(given) > 1 else STUDIES)

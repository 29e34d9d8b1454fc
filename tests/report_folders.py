"""Results folders for the tests of the report: small, hostile, and large ones."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from maxgain.tables.curves import CURVE_COLUMNS
from maxgain.tables.zoo import ZOO_COLUMNS

HOSTILE = (
    "<script>window.hacked=1</script>",
    '"><img src=x onerror="window.hacked=1">',
    "=cmd|'/c calc'!A1",
    "מבחן \u202eright to left",
    "smile 😀 line\u2028end",
    "</script><b>bold</b>{{ 7*7 }}",
)
"""Names that must come out as text."""


VERDICT_COLUMNS = (
    "id",
    "origin",
    "verdict",
    "stand_in",
    "effect",
    "ci_low",
    "ci_high",
    "threshold",
    "seeds",
    "statistic",
    "numbers",
    "findings",
    "data",
    "statement",
    "figure",
    "section",
)


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a table; what a row lacks is empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def curve_rows(
    network: str = "lenet",
    rate: float = 0.1,
    seed: int = 0,
    epochs: int = 5,
    dataset: str = "mnist",
    data: str = "MNIST",
    stand_in: bool = False,
    experiment: str = "rates",
) -> list[dict[str, object]]:
    """One run whose quantities are simple functions of epoch and seed."""
    return [
        {
            "experiment": experiment,
            "dataset": dataset,
            "data": data,
            "stand_in": stand_in,
            "network": network,
            "capacity": 1.0,
            "rate_factor": 1.0,
            "learning_rate": rate,
            "seed": seed,
            "precision": "fp32",
            "device": "cpu",
            "epoch": epoch,
            "epoch_learning_rate": rate,
            "training_loss": 2.0 / epoch,
            "validation_loss": 2.5 / epoch + seed / 100,
            "training_error": 0.5 / epoch,
            "validation_error": 0.6 / epoch,
            "training_top5_error": 0.1 / epoch,
            "validation_top5_error": 0.2 / epoch,
            "gain_db": -40.0 + epoch + seed,
        }
        for epoch in range(1, epochs + 1)
    ]


def write_curves(folder: Path, rows: Iterable[Mapping[str, object]], name: str = "rates") -> None:
    """Write curves/NAME.csv."""
    write_csv(folder / "curves" / f"{name}.csv", CURVE_COLUMNS, rows)


def verdict_row(**values: object) -> dict[str, object]:
    """One claim; every column can be given."""
    finding = {"name": "rise, dB", "side": "above", "bound": 1.0, "estimate": 2.0}
    row: dict[str, object] = {
        "id": "M1",
        "origin": "paper",
        "verdict": "reproduced",
        "stand_in": False,
        "effect": 2.0,
        "ci_low": 1.5,
        "ci_high": 2.5,
        "threshold": 1.0,
        "seeds": 5,
        "statistic": "rise, dB",
        "numbers": "5 seeds: rise 2; bound 1",
        "findings": json.dumps([finding | {"low": 1.5, "high": 2.5}]),
        "data": "MNIST",
        "statement": "the gain rises",
        "figure": "8",
        "section": "IV-A",
    }
    return row | values


def write_verdicts(folder: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write verdicts.csv in its newest form."""
    write_csv(folder / "verdicts.csv", VERDICT_COLUMNS, rows)


def zoo_rows(name: str, family: str, error: float, gain: float) -> list[dict[str, object]]:
    """One network, two probes, three channels; a negative error is none."""
    return [
        {
            "name": name,
            "family": family,
            "random_weights": error < 0,
            "top5_error": "nan" if error < 0 else error,
            "image": image,
            "impulse": "centred" if image == "impulse" else "",
            "projection": "inverse-score",
            "channel": channel,
            "predicted_class": 1,
            "class_name": name,
            "score": 0.5,
            "gain_db": gain - place,
            "data": "weights",
        }
        for image in ("natural", "impulse")
        for place, channel in enumerate(("red", "green", "blue"))
    ]


def write_zoo(folder: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write zoo.csv."""
    write_csv(folder / "zoo.csv", ZOO_COLUMNS, rows)


def write_arrays(path: Path, name: str, missing: str = "") -> None:
    """Write one network's arrays, noise, without the one that is to be missing."""
    random = np.random.default_rng(0)
    kinds = [
        f"{image}.{kind}"
        for image in ("natural", "impulse")
        for kind in ("pixels", "gradient", "response")
    ]
    arrays = {kind: random.random((3, 16, 16), dtype=np.float32) for kind in kinds}
    for kind in ("natural.pixels", "impulse.pixels"):
        arrays[kind] = (255 * arrays[kind]).astype(np.uint8)
    arrays.pop(missing, None)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(arrays, path, {"network": name})


def write_hostile_results(folder: Path) -> None:
    """A folder whose every name is hostile."""
    rows: list[dict[str, object]] = []
    zoo: list[dict[str, object]] = []
    claims = []
    for number, name in enumerate(HOSTILE):
        for rate in (0.1, 0.2):
            rows += curve_rows(name, rate, number, data=name, dataset=name, stand_in=True)
        zoo += zoo_rows(name, name, 5.0 + number, -10.0 * number)
        write_arrays(folder / "zoo" / f"{number}.safetensors", name)
        texts = dict.fromkeys(("verdict", "statistic", "data", "statement", "section"), name)
        claims.append(verdict_row(id=name, numbers=f"{name}; {name}", **texts))
    write_curves(folder, rows)
    write_zoo(folder, zoo)
    write_verdicts(folder, claims)
    regrets = [{"rule": name, "mean_regret": 0.1, "low": 0, "high": 1} for name in HOSTILE]
    write_csv(folder / "regret.csv", ("rule", "mean_regret", "low", "high"), regrets)
    write_csv(
        folder / "zoo_missing.csv", ("name", "reason"), [{"name": n, "reason": n} for n in HOSTILE]
    )


def write_large_results(
    folder: Path, settings: int = 100, seeds: int = 100, epochs: int = 5
) -> None:
    """A folder of settings x seeds runs."""
    rates = np.geomspace(1e-3, 1.0, settings)
    write_curves(
        folder,
        (
            row
            for rate in rates
            for seed in range(seeds)
            for row in curve_rows(rate=float(rate), seed=seed, epochs=epochs)
        ),
    )
    write_verdicts(folder, [verdict_row()])

"""Made-up arrays of the toy network and tables of pretrained networks."""

import numpy as np
import pandas as pd
import pytest
from numpy import ndarray

from maxgain.tables.zoo import ZOO_COLUMNS


@pytest.fixture(scope="session")
def toy_arrays() -> dict[str, ndarray]:
    random = np.random.default_rng(0)
    names = ("image", "feature_map", "gradient_place", "gradient_everywhere", "gradient_impulse")
    arrays = {name: random.normal(size=(48, 40)).astype(np.float32) for name in names}
    for name in ("response_place", "response_everywhere", "response_impulse"):
        arrays[name] = random.uniform(-80, 0, (48, 40)).astype(np.float32)
    arrays["filter"] = random.normal(size=(7, 7)).astype(np.float32)
    return arrays | {"place": np.array([30, 17])}


@pytest.fixture(scope="session")
def zoo() -> pd.DataFrame:
    """25 trained networks of three families and 3 with random weights, three channels each."""
    random = np.random.default_rng(3)
    rows = []
    for number in range(28):
        family = "random-control" if number >= 25 else ("matconvnet", "carried", "mine")[number % 3]
        error = 5 + 0.6 * number
        for channel in ("red", "green", "blue"):
            gain = -10 - error + random.normal(0, 2)
            rows.append(
                {
                    "name": f"network-{number}",
                    "family": family,
                    "architecture": f"design-{number % 9}",
                    "year": 2016,
                    "normalisation": "batch norm",
                    "precision": "float32" if number % 4 else "int8",
                    "resolution": 224,
                    "input_std": 0.25,
                    "random_weights": number >= 25,
                    "top5_error": error,
                    "image": "impulse",
                    "impulse": "centred",
                    "places": 1,
                    "projection": "inverse-score",
                    "channel": channel,
                    "predicted_class": 3,
                    "class_name": "cat",
                    "score": 0.4,
                    "gain_db": gain,
                    "sensitivity_db": gain + 4.0,
                    "saturation_db": -4.0,
                    "data": "x",
                }
            )
    return pd.DataFrame(rows, columns=list(ZOO_COLUMNS))

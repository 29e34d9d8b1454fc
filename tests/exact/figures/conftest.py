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
            label = ("impulse", "centred", "inverse-score", channel, 3, "cat", 0.4, gain, "x")
            row = (f"network-{number}", family, number >= 25, error, *label)
            rows.append(row)
    return pd.DataFrame(rows, columns=list(ZOO_COLUMNS))

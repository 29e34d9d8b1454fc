"""Trends over pretrained networks: what is compared with what, and by which statistic."""

import numpy as np
import pandas as pd
import pytest

from maxgain.claims.pretrained_trends import describe_trends, network_means
from maxgain.statistics.clusters import correlate_clusters
from maxgain.statistics.strata import correlate_within
from tests.exact.claims.test_pretrained_claims import BREAKING, OBEYING, zoo_of


@pytest.fixture
def zoo() -> pd.DataFrame:
    """Nineteen networks of seven architectures."""
    made = zoo_of(OBEYING, family="onnx-zoo")
    number = made["name"].str.split("-").str[2].astype(int)
    return made.assign(
        architecture="design-" + (number % 7).astype(str),
        year=2010 + number % 7,
        resolution=224,
        input_std=0.5,
        normalisation="",
    )


def row_of(trends: pd.DataFrame, comparison: str, quantity: str = "gain_db") -> pd.Series:
    chosen = (trends["comparison"] == comparison) & (trends["quantity"] == quantity)
    (row,) = trends[
        chosen
        & (trends["image"] == "impulse")
        & (trends["against"] == "top5_error")
        & (trends["impulse"] == "centred")
    ].to_dict("records")
    return pd.Series(row)


def test_rows_are_the_statistics_of_the_networks(zoo: pd.DataFrame) -> None:
    means = network_means(zoo)
    gains, errors = means["gain_db"].to_numpy(), means["top5_error"].to_numpy()
    trends = describe_trends(zoo)
    between, within = (row_of(trends, f"{word} architectures") for word in ("between", "within"))
    clusters = correlate_clusters(gains, errors, means["architecture"].tolist())
    strata = correlate_within(gains, errors, means["architecture"].tolist())
    assert (between["rho"], between["p_value"]) == (clusters.rho, clusters.p_value)
    assert (within["rho"], within["p_value"]) == (strata.rho, strata.p_value)
    assert between["low"] <= between["rho"] <= between["high"]
    assert (between["networks"], between["groups"]) == (19, 7)
    assert set(trends["set"]) == {"public"}
    assert "equal width" not in set(trends["comparison"])


def test_sets_are_kept_apart(zoo: pd.DataFrame) -> None:
    other = zoo_of(BREAKING, family="torchvision").assign(
        year=2015, resolution=224, input_std=0.5, normalisation=""
    )
    trends = describe_trends(pd.concat([zoo, other]))
    assert list(dict.fromkeys(trends["set"])) == ["torchvision", "public"]
    signs = trends[trends["comparison"] == "between architectures"].groupby("set")["rho"].first()
    assert signs["torchvision"] > 0 > signs["public"]


def test_factors_have_no_p_value_and_constant_ones_no_row(zoo: pd.DataFrame) -> None:
    trends = describe_trends(zoo)
    factors = trends[trends["against"] != "top5_error"]
    assert set(factors["against"]) == {"year"}
    assert factors["p_value"].isna().all()
    assert set(factors["quantity"]) == {"gain_db", "sensitivity_db", "top5_error"}


def test_tables_without_sensitivity_and_empty_ones_are_described(zoo: pd.DataFrame) -> None:
    trends = describe_trends(zoo.drop(columns="sensitivity_db"))
    assert set(trends["quantity"]) == {"gain_db", "top5_error"}
    assert np.isfinite(trends["rho"].to_numpy(dtype=float)).all()
    assert describe_trends(zoo.iloc[:0]).empty

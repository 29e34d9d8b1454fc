"""Claims T1-T3: the toy network of one Gaussian filter (section III-B, figures 1 to 4).

Nothing is random here, so a quantity needs no interval: it keeps its bound or not.
"""

import numpy as np
from pandas import DataFrame
from scipy import stats

from maxgain.claims.evidence import Evidence, NotRun
from maxgain.claims.registry import Claim
from maxgain.tables.results import ResultTables

BAND = 0.5
"""Upper end of the band that all directions share, in cycles/pixel."""


def judge_t1(tables: ResultTables, claim: Claim) -> Evidence:
    """Every place's response is the filter's amplitude (to 0.01 dB) and low-pass.

    float32 rounds a unit sum of 49 weights to about 1e-7, which at the -60 dB (1e-3) down to which
    the amplitudes are compared is 1e-4 of the amplitude, or 0.001 dB: the threshold is ten times
    that. Low-pass as in T3.
    """
    rows = _select_rows(tables, "place-response")
    deviations = rows[rows["quantity"] == "deviation_from_filter_db"]["value"]
    if deviations.empty:
        raise NotRun("missing: deviation_from_filter_db in toy.csv")
    places = rows[rows["quantity"] == "response_db"].groupby("place", sort=True)
    if not len(places):
        raise NotRun("missing: response_db of place-response in toy.csv")
    shares = [share_low_energy(place) for _, place in places]
    # A maximum over NaN must not pass.
    worst = float(np.max(deviations))
    holds = worst < claim.threshold and min(shares) > claim.margin
    return Evidence(
        "holds" if holds else "fails",
        worst,
        numbers=f"{len(deviations)} places: largest deviation from the filter {worst:.2g} dB "
        f"(bound {claim.threshold:g}); energy in the lower half band {min(shares):.3f} or more "
        f"(bound {claim.margin:g})",
    )


def judge_t2(tables: ResultTables, claim: Claim) -> Evidence:
    """The gradient at every inactive place is exactly 0: the ReLU multiplies it by 0."""
    rows = _select_rows(tables, "inactive-place")
    gradients = rows[rows["quantity"] == "max_abs_gradient"]["value"].to_numpy(dtype=np.float64)
    if not gradients.size:
        raise NotRun("missing: max_abs_gradient in toy.csv")
    largest = float(gradients.max())
    return Evidence(
        "holds" if largest <= claim.threshold else "fails",
        largest,
        numbers=f"{gradients.size} inactive places: largest absolute gradient {largest:.3g}",
    )


def judge_t3(tables: ResultTables, claim: Claim) -> Evidence:
    """Impulse, p = 1 everywhere: most energy in the lower half band, and falling with frequency.

    A flat response has a quarter of its energy below half of the band's upper end (a disc of half
    the radius); "most" is more than half. "Falling" is a Kendall's tau below -1/2: three of four
    pairs of frequencies are in falling order.
    """
    rows = _select_rows(tables, "impulse-everywhere")
    rows = rows[rows["quantity"] == "response_db"]
    if rows.empty:
        raise NotRun("missing: response_db of impulse-everywhere in toy.csv")
    share = share_low_energy(rows)
    tau = float(stats.kendalltau(rows["frequency"], rows["value"]).statistic)
    holds = share > claim.threshold and tau < -claim.margin
    return Evidence(
        "holds" if holds else "fails",
        share,
        numbers=f"energy in the lower half band {share:.3f} (bound above {claim.threshold:g}); "
        f"Kendall's tau of response and frequency {tau:.3f} (bound below {-claim.margin:g})",
    )


def share_low_energy(profile: DataFrame) -> float:
    """Share of a radial profile's energy below half of the band's upper end.

    Parameters
    ----------
    profile
        frequency (cycles/pixel) and value (dB, mean power over the ring of that frequency).
    """
    profile = profile[profile["frequency"] <= BAND]
    # A ring's area grows with its radius.
    energy = 10 ** (profile["value"] / 10) * profile["frequency"]
    return float(energy[profile["frequency"] < BAND / 2].sum() / energy.sum())


def _select_rows(tables: ResultTables, measurement: str) -> DataFrame:
    """One measurement's rows in a fixed order, so that sums do not depend on the file's."""
    if tables.toy is None:
        raise NotRun("missing: toy.csv")
    rows = tables.toy[tables.toy["measurement"] == measurement]
    return rows.sort_values(["place", "quantity", "frequency"], kind="stable")

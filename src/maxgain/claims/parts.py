"""What the gain's two parts say, G = S + C, where a claim of the paper is about the gain alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from maxgain.claims.conditions import Block, Measure, describe_finding
from maxgain.claims.evidence import Evidence, add_note
from maxgain.claims.registry import Claim
from maxgain.statistics.decisions import hold_mean

PARTS = {"sensitivity": "sensitivity_db", "saturation": "saturation_db"}
"""Columns of the curves: both at the gain's own impulse."""

GAIN_AND_PARTS = {"gain": "gain_db", **PARTS}


def add_parts(
    evidence: Evidence,
    claim: Claim,
    blocks: Sequence[Block],
    measure: Callable[[Claim], Measure],
    said: str = "of its parts",
    columns: Mapping[str, str] = PARTS,
) -> Evidence:
    """The evidence with a statistic of the sensitivity and of the saturation appended.

    It decides nothing: it says which of the two moves where the gain does, or does not. Tables
    without the columns have no such note.

    Parameters
    ----------
    blocks
        The runs that the claim is judged on.
    measure
        The statistic, of a claim on some column.
    said
        How the note begins.
    columns
        Columns of the curves, by what the note calls them.
    """
    if not all(set(columns.values()) <= run.curves.keys() for block in blocks for run in block):
        return evidence
    texts = []
    for name, column in columns.items():
        of_part = measure(replace(claim, quantity=column))
        values = np.array([of_part(*block).value for block in blocks], dtype=np.float64)
        texts.append(describe_finding(hold_mean(name, values, "above", 0.0)))
    return add_note(evidence, f"{said}: {', '.join(texts)}")

"""Judge every declared claim from the result tables."""

import math
from dataclasses import asdict
from functools import cache
from importlib import import_module
from importlib.resources import files

import pandas as pd
from pandas import DataFrame

from maxgain.claims.evidence import Claim, ClaimFunction, Evidence, NotRun, not_run
from maxgain.tables.results import ResultTables
from maxgain.tables.verdicts import VERDICT_COLUMNS


@cache
def read_claims() -> tuple[Claim, ...]:
    """Return the declared claims, in the table's order (`table.csv` beside this module)."""
    numeric = ("threshold", "margin", "epoch", "tolerance", "epochs")
    with files("maxgain.claims").joinpath("table.csv").open(encoding="utf-8") as file:
        text = pd.read_csv(file, dtype=str, keep_default_na=False)
    for name in numeric:
        text[name] = pd.to_numeric(text[name], errors="raise")
    return tuple(
        Claim(**{str(name): value for name, value in row.items()})
        for row in text.to_dict("records")
    )


def find_claim(name: str) -> Claim:
    """Return the claim with this id; KeyError where there is none."""
    return {claim.id: claim for claim in read_claims()}[name]


def find_claim_function(claim: Claim) -> ClaimFunction:
    """Return the function that judges a claim, as its row of the table names it."""
    module, name = claim.function.split(".")
    function: ClaimFunction = getattr(import_module(f"maxgain.claims.{module}"), name)
    return function


def judge_claim(tables: ResultTables, claim: Claim) -> Evidence:
    """Return the evidence on one claim; "not run" where its table or its runs are missing.

    Raises
    ------
    InputError
        A table is inconsistent, for example a run that lacks an epoch.
    """
    missing = _name_missing_table(tables, claim)
    if missing:
        return not_run(f"missing: {missing}")
    try:
        return find_claim_function(claim)(tables, claim)
    except NotRun as reason:
        return not_run(str(reason))


def judge(tables: ResultTables) -> DataFrame:
    """Return the verdicts on all declared claims: one row a claim, `VERDICT_COLUMNS`.

    Deterministic: bootstraps and permutations have fixed seeds, and the order of the tables' rows
    does not matter.

    Raises
    ------
    InputError
        A table is inconsistent, for example a run that lacks an epoch.
    """
    rows = []
    for claim in read_claims():
        evidence = judge_claim(tables, claim)
        row = asdict(claim) | asdict(evidence) | {"data": _name_data(tables, claim)}
        rows.append({name: row[name] for name in VERDICT_COLUMNS})
    verdicts = DataFrame(rows, columns=list(VERDICT_COLUMNS))
    for name in ("effect", "ci_low", "ci_high"):
        verdicts[name] = [math.nan if value is None else value for value in verdicts[name]]
    return verdicts.astype({"effect": float, "ci_low": float, "ci_high": float, "seeds": int})


def _name_missing_table(tables: ResultTables, claim: Claim) -> str:
    """Return the file that the claim needs and that is not there or empty; "" if it is there."""
    if claim.table == "curves":
        filled = [name for name, table in tables.curves.items() if not table.empty]
        return "" if filled else "curves/*.csv"
    if claim.table in ("toy", "zoo"):
        table = tables.toy if claim.table == "toy" else tables.zoo
        return f"{claim.table}.csv" if table is None or table.empty else ""
    table = tables.curves.get(claim.table)
    return f"curves/{claim.table}.csv" if table is None or table.empty else ""


def _name_data(tables: ResultTables, claim: Claim) -> str:
    """Return the labels of the data that a claim's table rests on, stand-ins named as such."""
    if claim.table == "curves":
        used = list(tables.curves.values())
    else:
        single = {"toy": tables.toy, "zoo": tables.zoo}.get(
            claim.table, tables.curves.get(claim.table)
        )
        used = [] if single is None else [single]
    labels = {
        _name_label(label, stand_in)
        for table in used
        if {"data", "stand_in"} <= set(table)
        for label, stand_in in table[["data", "stand_in"]].drop_duplicates().itertuples(index=False)
    }
    return "; ".join(sorted(labels))


def _name_label(label: object, stand_in: object) -> str:
    """Return a data set's label; one that does not say that it is a stand-in is made to."""
    return f"{label} (stand-in)" if bool(stand_in) and "stand-in" not in str(label) else str(label)

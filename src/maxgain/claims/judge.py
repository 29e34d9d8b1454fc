"""Judge every declared claim from the result tables."""

import json
import math
from dataclasses import asdict

from pandas import DataFrame

from maxgain.claims.evidence import ClaimFunction, Evidence, NotRun
from maxgain.claims.registry import CLAIMS, Claim
from maxgain.registry import load_function
from maxgain.statistics.decisions import name_verdict
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import flag_stand_ins
from maxgain.tables.verdicts import VERDICT_COLUMNS, VERDICT_NUMBERS


def judge_claim(tables: ResultTables, claim: Claim) -> Evidence:
    """Evidence on one claim; "not run" where its tables, columns or runs are missing.

    Raises
    ------
    InputError
        A table is inconsistent, for example a run that lacks an epoch.
    """
    missing = _name_missing(tables, claim)
    if missing:
        return Evidence("not run", numbers=f"missing: {missing}")
    try:
        function: ClaimFunction = load_function(claim.function, f"claim '{claim.name}'")
        return function(tables, claim)
    except NotRun as reason:
        return Evidence("not run", numbers=str(reason))


def judge(tables: ResultTables) -> DataFrame:
    """Verdicts on all declared claims: one row a claim, `VERDICT_COLUMNS`.

    Deterministic: bootstraps and permutations have fixed seeds, and the order of the tables' rows
    does not matter. A claim is *reproduced* or not where it is the paper's and the data are;
    elsewhere it is *seen* or not.

    Raises
    ------
    InputError
        A table is inconsistent, for example a run that lacks an epoch.
    """
    rows = [_judge_row(tables, claim) for claim in CLAIMS.rows()]
    verdicts = DataFrame(rows, columns=list(VERDICT_COLUMNS))
    for name in VERDICT_NUMBERS:
        verdicts[name] = [math.nan if value is None else value for value in verdicts[name]]
    types = dict.fromkeys(VERDICT_NUMBERS, float) | {"seeds": int, "stand_in": bool}
    return verdicts.astype(types)


def _judge_row(tables: ResultTables, claim: Claim) -> dict[str, object]:
    evidence = judge_claim(tables, claim)
    data, stand_in = _name_data(tables, claim)
    if evidence.data is not None:
        data = evidence.data
    if evidence.stand_in is not None:
        stand_in = evidence.stand_in
    about_the_paper = claim.origin == "paper" and not stand_in
    findings = [
        {
            name: _plain(value)
            for name, value in asdict(finding).items()
            if not name.startswith("p_")
        }
        for finding in evidence.findings
    ]
    row = asdict(claim) | asdict(evidence)
    row |= {
        "id": claim.name,
        "verdict": name_verdict(evidence.outcome, about_the_paper),
        "data": data,
        "stand_in": stand_in,
        "findings": json.dumps(findings) if findings else "",
    }
    return {name: row[name] for name in VERDICT_COLUMNS}


def _plain(value: object) -> object:
    """JSON knows no NaN: null in its place."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _used_tables(tables: ResultTables, claim: Claim) -> dict[str, DataFrame | None]:
    """The claim's tables by the name of their file; None where there is none or it is empty."""
    found: dict[str, DataFrame | None] = {}
    for name in claim.tables:
        if name == "curves":
            found |= {f"curves/{key}.csv": table for key, table in tables.curves.items()}
        elif name in ("toy", "zoo"):
            found[f"{name}.csv"] = tables.toy if name == "toy" else tables.zoo
        else:
            found[f"curves/{name}.csv"] = tables.curves.get(name)
    return {name: None if table is None or table.empty else table for name, table in found.items()}


def _name_missing(tables: ResultTables, claim: Claim) -> str:
    """What the claim needs and is not there: a file, or a column of it; "" if all is there."""
    used = _used_tables(tables, claim)
    if claim.tables == ("curves",):
        # Any experiment will do, with the columns.
        filled = {name: table for name, table in used.items() if table is not None}
        if not filled:
            return "curves/*.csv"
        lacking = min((_lacking(table, claim) for table in filled.values()), key=len)
        if not lacking:
            return ""
        return f"the column {lacking[0]} in every one of curves/*.csv; run the protocol again"
    for name, table in used.items():
        if table is None:
            return name
        if lacking := _lacking(table, claim):
            return f"the column {lacking[0]} in {name}; run the protocol again"
    return ""


def _lacking(table: DataFrame, claim: Claim) -> list[str]:
    return [name for name in claim.quantities if name not in table.columns]


def _name_data(tables: ResultTables, claim: Claim) -> tuple[str, bool]:
    """Labels of the data that a claim's tables rest on, and whether any of them stands in."""
    labels, stand_in = set(), False
    for table in _used_tables(tables, claim).values():
        if table is None or not {"data", "stand_in"} <= set(table):
            continue
        flags = flag_stand_ins(table)
        stand_in |= bool(flags.any())
        labels |= {
            _name_label(str(label), bool(flag))
            for label, flag in zip(table["data"], flags, strict=True)
        }
    return "; ".join(sorted(labels)), stand_in


def _name_label(label: str, stand_in: bool) -> str:
    """A data set's label; one that does not say that it is a stand-in is made to."""
    return f"{label} (stand-in)" if stand_in and "stand-in" not in label else label

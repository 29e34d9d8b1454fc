"""Claims, networks, regrets and provenance as the page shows them."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from maxgain.errors import InputError
from maxgain.report import networks
from maxgain.report.networks import view_networks
from maxgain.report.origin import read_origin
from maxgain.report.regrets import read_regrets
from maxgain.report.verdicts import find_tone, read_claims
from tests.report_folders import verdict_row, write_csv, write_verdicts, zoo_rows


def test_a_claim_is_read_whole(tmp_path: Path) -> None:
    write_verdicts(tmp_path, [verdict_row(figure="6, 7", stand_in=True)])
    (claim,) = read_claims(tmp_path / "verdicts.csv", {"M1": ["rates"]})
    assert claim.figures == ["fig06", "fig07"]
    assert claim.tables == ["rates"]
    assert claim.stand_in
    assert claim.bar.text == "2 [1.5, 2.5], threshold 1"
    assert claim.numbers == ["5 seeds: rise 2", "bound 1"]
    (finding,) = claim.findings
    assert finding.name == "rise, dB"
    assert finding.text == "2 [1.5, 2.5], claimed above 1"
    assert finding.picture is not None


def test_an_old_or_bare_table_is_enough(tmp_path: Path) -> None:
    row = {"id": "X", "verdict": "a new word", "statement": "it is so"}
    write_csv(tmp_path / "verdicts.csv", row, [row])
    (claim,) = read_claims(tmp_path / "verdicts.csv", {})
    assert (claim.verdict, claim.tone) == ("a new word", "good")
    assert math.isnan(claim.effect)
    assert claim.bar.text == "no value"
    assert not claim.stand_in


def test_a_stand_in_is_known_from_the_data_alone(tmp_path: Path) -> None:
    row = {"id": "X", "verdict": "seen", "statement": "s", "data": "digits (stand-in)"}
    write_csv(tmp_path / "verdicts.csv", row, [row])
    assert read_claims(tmp_path / "verdicts.csv", {})[0].stand_in


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"effect": "much"}, "claim M1 has effect 'much'; it must be a number"),
        ({"findings": "{"}, "claim M1 has findings that cannot be read"),
        ({"findings": '[{"side": "above"}]'}, "findings that cannot be read"),
        ({"findings": '[{"name": "a", "estimate": "b"}]'}, "findings that cannot be read"),
    ],
)
def test_a_broken_verdict_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    write_verdicts(tmp_path, [verdict_row(**change)])
    with pytest.raises(InputError, match=message):
        read_claims(tmp_path / "verdicts.csv", {})


def test_a_table_without_statements_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "verdicts.csv", ["id", "verdict"], [{"id": "X", "verdict": "seen"}])
    with pytest.raises(InputError, match="no column 'statement'"):
        read_claims(tmp_path / "verdicts.csv", {})


@pytest.mark.parametrize(
    ("verdict", "tone"),
    [
        ("reproduced", "good"),
        ("seen", "good"),
        ("inconclusive", "open"),
        ("not reproduced", "bad"),
        ("not seen", "bad"),
        ("not run", "none"),
    ],
)
def test_verdicts_have_tones(verdict: str, tone: str) -> None:
    assert find_tone(verdict) == tone


def test_networks_start_with_the_probe_of_the_paper() -> None:
    rows = zoo_rows("a", "f", 5.0, -10.0) + zoo_rows("b", "random", -1, -40.0)
    view = view_networks(
        pd.DataFrame(rows).assign(top5_error=lambda t: t["top5_error"].astype(float))
    )
    assert view is not None
    assert view.probe == "impulse image, centred, inverse-score"
    assert view.rows == [
        ["a", "f", "5.00", "-10.0", "-11.0", "-12.0"],
        ["b", "random", "not known", "-40.0", "-41.0", "-42.0"],
    ]
    assert len(view.chart["data"]["values"]) == 12  # type: ignore[index]


def test_blocked_networks_and_cut_rows_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "MOST_ROWS", 2)
    table = pd.DataFrame(zoo_rows("a", "f", 5.0, -10.0))
    table.loc[0, "gain_db"] = -math.inf
    view = view_networks(table)
    assert view is not None
    assert view.notes[0].startswith("1 values are not drawn")
    assert view.notes[1] == "Of 5 values the first 2 are drawn."
    assert view_networks(table.iloc[:1]) is None


def test_regrets_come_best_first_with_all_columns(tmp_path: Path) -> None:
    columns = ("rule", "mean_regret", "low", "high", "failed")
    rows = [
        dict(zip(columns, values, strict=True))
        for values in (("last epoch", 0.5, 0.4, 0.6, 0), ("gain", 0.1, "nan", "nan", 0.25))
    ]
    write_csv(tmp_path / "regret.csv", columns, rows)
    view = read_regrets(tmp_path / "regret.csv")
    assert view is not None
    assert view.columns == list(columns)
    assert [row[0] for row in view.rows] == ["gain", "last epoch"]
    assert view.chart["data"]["values"][0] == {  # type: ignore[index]
        "rule": "gain",
        "regret": 0.1,
        "low": None,
        "high": None,
    }
    write_csv(tmp_path / "regret.csv", columns, [])
    assert read_regrets(tmp_path / "regret.csv") is None


def test_rules_that_do_not_decide_online_are_marked(tmp_path: Path) -> None:
    columns = ("rule", "decides", "mean_regret", "low", "high")
    rows = [
        dict(zip(columns, (*values, 0.1, 0.0, 0.2), strict=True))
        for values in (("last", "knows the end"), ("label-wave-3", "online"))
    ]
    write_csv(tmp_path / "regret.csv", columns, rows)
    view = read_regrets(tmp_path / "regret.csv")
    assert view is not None
    names = [row["rule"] for row in view.chart["data"]["values"]]  # type: ignore[index]
    assert names == ["last (knows the end)", "label-wave-3"]


def test_a_table_without_regrets_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "regret.csv", ["rule", "low"], [{"rule": "gain", "low": 1}])
    with pytest.raises(InputError, match="no column 'mean_regret'"):
        read_regrets(tmp_path / "regret.csv")


def test_provenance_says_data_seeds_and_commands(tmp_path: Path) -> None:
    more = [{"rate_factor": "1/3", "seeds": [5, 6, 7, 9]}]
    experiments = {
        "a": {"seeds": [0, 1]},
        "b": {"dataset": "mnist", "seeds": [0, 1, 2], "embedded": {"seeds": [0], "epochs": None}},
        "c": {"dataset": "mnist", "seeds": [0, 1], "embedded": {"seeds": []}},
        "d": {"dataset": "photos", "seeds": [0, 1], "embedded": {"seeds": [3]}},
        "e": {"seeds": [0], "more_seeds": more},
    }
    datasets = {"mnist": {"source": "embedded"}, "photos": {"source": "local"}}
    made = {
        "device": "cpu",
        "python": "3.11",
        "machine": "x86_64",
        "packages": {"torch": "2.13"},
        "settings": {
            "data": {"mnist": {"data": "MNIST", "stand_in": True, "checksums": {"training": "ab"}}},
            "devices": ["cpu (AVX512)"],
            "protocol": {"protocol": "paper", "datasets": datasets, "experiments": experiments},
            "runs": 3,
        },
    }
    path = tmp_path / "provenance.json"
    path.write_text(json.dumps(made))
    view = read_origin(path, Path("results/my run"))
    assert dict(view.facts)["Seeds"] == "0, 1 (a, d); 0 (b); 0, at x1/3 5-7, 9 too (e)"
    assert dict(view.facts)["Devices"] == "cpu (AVX512)"
    assert view.data[0].stand_in
    assert view.data[0].facts == [("SHA-256 of training", "ab")]
    assert view.commands == [
        "snakemake --cores all --configfile 'protocol-my run.json'",
        "maxgain report 'results/my run'",
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"settings": {"protocol": 1, "data": {}}}'])
def test_what_is_no_provenance_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "provenance.json").write_text(text)
    with pytest.raises(InputError, match="is not the provenance of a results folder"):
        read_origin(tmp_path / "provenance.json", tmp_path)

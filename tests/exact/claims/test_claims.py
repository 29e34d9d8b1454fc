"""Every claim holds on curves made to obey it, and fails on curves made to break it."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maxgain.claims.evidence import Evidence
from maxgain.claims.judge import judge, judge_claim
from maxgain.claims.registry import CLAIMS as REGISTRY
from maxgain.claims.registry import Claim
from maxgain.errors import InputError
from maxgain.tables.results import ResultTables, read_result_tables
from maxgain.tables.verdicts import VERDICT_COLUMNS, read_verdicts, write_verdicts_csv
from tests.exact.claims.synthetic import (
    MAKERS,
    SEEDS,
    judge_made,
    make_cifar,
    make_diagnosed,
    make_mnist,
    make_networks,
    make_tables,
    make_toy,
)

CLAIMS = REGISTRY.names()


# Pretrained networks have their own tests, as have the claims that are not the paper's.
TESTED = [name for name in CLAIMS if name[0] not in "PS"]
CURVE_CLAIMS = [name for name in TESTED if REGISTRY.find(name).table != "toy"]


# --- every claim ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TESTED)
def test_claim_holds_on_curves_that_obey_it(name: str) -> None:
    evidence = judge_made(name, good=True)
    assert evidence.outcome == "holds", evidence.numbers


@pytest.mark.parametrize("name", TESTED)
def test_claim_fails_on_curves_that_break_it(name: str) -> None:
    evidence = judge_made(name, good=False)
    assert evidence.outcome == "fails", evidence.numbers


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2, 3)])
@pytest.mark.parametrize("good", [True, False])
@pytest.mark.parametrize("name", CURVE_CLAIMS)
def test_fewer_than_five_seeds_decide_nothing(
    name: str, good: bool, seeds: tuple[int, ...]
) -> None:
    evidence = judge_made(name, good, seeds=seeds)
    assert evidence.outcome == "inconclusive"
    assert evidence.seeds == len(seeds)
    assert "1 seed" in evidence.numbers or "4 seeds" in evidence.numbers


def test_no_tables_means_that_nothing_was_run() -> None:
    verdicts = judge(ResultTables())
    assert verdicts["id"].tolist() == CLAIMS
    assert set(verdicts["verdict"]) == {"not run"}
    assert verdicts["numbers"].str.startswith("missing: ").all()
    assert tuple(verdicts.columns) == VERDICT_COLUMNS


@pytest.mark.parametrize("name", [n for n in CURVE_CLAIMS if REGISTRY.find(n).table != "curves"])
def test_missing_setting_is_named(name: str) -> None:
    """Each run's absence is either irrelevant to a claim or makes it "not run", never a guess."""
    table = REGISTRY.find(name).table
    full = make_tables(name, True).curves[table]
    whole = judge_claim(ResultTables({table: full}), REGISTRY.find(name))
    messages = []
    for _, rows in full.groupby(["network", "capacity", "rate_factor"]):
        evidence = judge_claim(ResultTables({table: full.drop(rows.index)}), REGISTRY.find(name))
        if evidence.outcome == "not run":
            messages.append(evidence.numbers)
        else:
            assert evidence == whole
    assert messages
    assert all(message.startswith(f"missing: {table} with ") for message in messages)


@pytest.mark.parametrize("name", CURVE_CLAIMS)
def test_too_few_epochs_are_not_extrapolated(name: str) -> None:
    claim = REGISTRY.find(name)
    tables = {
        key: table[table["epoch"] < claim.epochs]
        for key, table in make_tables(name, True).curves.items()
    }
    evidence = judge_claim(ResultTables(tables), claim)
    assert evidence.outcome == "not run"
    assert f"needs {claim.epochs:.0f} epochs" in evidence.numbers or "needs a run" in (
        evidence.numbers
    )


@pytest.mark.parametrize("value", [math.nan, -math.inf])
@pytest.mark.parametrize("name", CURVE_CLAIMS)
def test_diverged_and_dead_epochs_never_crash_nor_reproduce_by_themselves(
    name: str, value: float
) -> None:
    """All gains undefined: no statement on the gain can be reproduced."""
    tables = make_tables(name, True)
    broken = {}
    for key, table in tables.curves.items():
        broken[key] = table.assign(gain_db=value)
        if math.isnan(value):
            metrics = [c for c in table if c.endswith(("_loss", "_error"))]
            broken[key][metrics] = math.nan
    evidence = judge_claim(ResultTables(broken), REGISTRY.find(name))
    # M2, M6 and N1 are about losses and errors alone.
    if name not in ("M2", "M6", "N1") or math.isnan(value):
        assert evidence.outcome in ("inconclusive", "fails"), evidence.numbers
    else:
        assert evidence.outcome == "holds"


def test_diverged_seed_is_left_out_and_counted() -> None:
    table = make_mnist(True, seeds=(*SEEDS, 5))
    lost = (table["seed"] == 3) & (table["rate_factor"] == 1) & (table["epoch"] > 2)
    table.loc[lost, ["gain_db", "training_loss", "validation_loss"]] = math.nan
    evidence = judge_claim(ResultTables({"mnist_rates": table}), REGISTRY.find("M1"))
    assert "undefined for 1 seed" in evidence.numbers
    assert evidence.outcome == "holds"


def test_divergence_at_x4_counts_as_rising_loss() -> None:
    table = make_mnist(True)
    lost = (table["rate_factor"] == 4) & (table["epoch"] > 12)
    table.loc[lost, ["gain_db", "training_loss", "validation_loss"]] = math.nan
    evidence = judge_claim(ResultTables({"mnist_rates": table}), REGISTRY.find("M4"))
    assert evidence.outcome == "holds"
    assert "5 of 5 runs diverged" in evidence.numbers


def test_diverged_raised_rates_still_order_the_losses() -> None:
    table = make_cifar(True)
    lost = (table["rate_factor"] == 4) & (table["epoch"] > 30)
    metrics = [c for c in table if c.endswith(("_loss", "_error"))]
    table.loc[lost, ["gain_db", *metrics]] = math.nan
    evidence = judge_claim(ResultTables({"cifar_rates": table}), REGISTRY.find("C3"))
    assert "tau of final validation loss and rate 1 " in evidence.numbers


def test_nin_stopped_early_does_not_refute_n1() -> None:
    short = judge_claim(
        ResultTables({"networks": make_networks(False, nin_epochs=12)}), REGISTRY.find("N1")
    )
    assert short.outcome == "inconclusive"
    assert "NIN 12" in short.numbers
    early_win = judge_claim(
        ResultTables({"networks": make_networks(True, nin_epochs=12)}), REGISTRY.find("N1")
    )
    assert early_win.outcome == "holds"


def test_nin_stopped_early_leaves_n2_not_run() -> None:
    tables = ResultTables({"networks": make_networks(True, nin_epochs=12)})
    evidence = judge_claim(tables, REGISTRY.find("N2"))
    assert evidence == Evidence(
        "not run", numbers="needs 100 epochs, networks with network nin has 12"
    )


@pytest.mark.parametrize("name", CURVE_CLAIMS)
def test_seeds_that_disagree_are_inconclusive_or_worse(name: str) -> None:
    """Half of the seeds obey and half break the claim."""
    good, bad = (make_tables(name, kind).curves for kind in (True, False))
    mixed = {
        key: pd.concat([good[key].query("seed % 2 == 0"), bad[key].query("seed % 2 == 1")])
        for key in good
    }
    assert judge_claim(ResultTables(mixed), REGISTRY.find(name)).outcome != "holds"


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_homogeneous_noise_reproduces_no_change_of_variability(level: float) -> None:
    """Pure noise of one size at all rates and epochs: C1, C3, C5 and M3 find no effect."""
    for name in ("M3", "C1", "C3", "C5"):
        table = REGISTRY.find(name).table
        made = MAKERS[table](True)
        noise = np.random.default_rng(int(level) + 5).normal(size=len(made))
        tables = ResultTables({table: made.assign(gain_db=-30 + 10.0**level * noise)})
        assert judge_claim(tables, REGISTRY.find(name)).outcome != "holds"


def make_quiet(seeds: tuple[int, ...]) -> pd.DataFrame:
    """Trainings at CIFAR-10's x1 in which neither overfitting nor variability sets in."""
    made = make_cifar(True, seeds).query("rate_factor == 1")
    noise = np.random.default_rng(3).uniform(-0.1, 0.1, size=len(made))
    return made.assign(gain_db=-30 + noise, validation_loss=made["training_loss"])


@pytest.mark.parametrize(("good", "outcome"), [(True, "holds"), (False, "fails")])
def test_c2_is_judged_by_the_runs_in_which_something_sets_in(good: bool, outcome: str) -> None:
    quiet = make_quiet(tuple(range(100, 120)))
    loud = make_cifar(good, (0, 1, 2, 3, 4))
    tables = ResultTables({"cifar_rates": pd.concat([loud, quiet])})
    evidence = judge_claim(tables, REGISTRY.find("C2"))
    assert evidence.outcome == outcome, evidence.numbers
    assert "neither onset in 20 of 25 runs" in evidence.numbers


def test_c2_is_open_where_nothing_sets_in() -> None:
    tables = ResultTables({"cifar_rates": make_quiet(tuple(range(8)))})
    evidence = judge_claim(tables, REGISTRY.find("C2"))
    assert evidence.outcome == "inconclusive"
    assert "neither onset in 8 of 8 runs" in evidence.numbers


# --- inconsistent tables --------------------------------------------------------------------------


def test_gap_in_the_epochs_is_an_input_error() -> None:
    table = make_mnist(True).query("not (epoch == 7 and seed == 1)")
    with pytest.raises(InputError, match=r"curves/mnist_rates\.csv.*each one once"):
        judge(ResultTables({"mnist_rates": table}))


def test_two_runs_of_one_seed_are_an_input_error() -> None:
    table = make_networks(True, seeds=(0,))
    double = pd.concat([table, table.assign(learning_rate=0.005)])
    with pytest.raises(InputError, match="several runs of one seed"):
        judge(ResultTables({"networks": double}))


# --- the table, decisions, reports ----------------------------------------------------------------


def test_table_declares_all_claims_of_the_paper() -> None:
    counts = {"T": 3, "P": 3, "M": 6, "C": 5, "N": 3, "K": 2, "D": 5}
    papers = [claim for claim in REGISTRY.rows() if claim.origin == "paper"]
    names = [f"{k}{i}" for k, n in counts.items() for i in range(1, n + 1)]
    assert [claim.name for claim in papers] == names
    assert all(claim.section for claim in papers)
    assert {claim.quantity for claim in papers} == {"", "gain_db"}
    own = [claim for claim in REGISTRY.rows() if claim.origin == "this project"]
    assert [claim.name for claim in own] == ["S1", "S2", "S3", "S4", "S4b", "S5", "S6"]
    assert {claim.section for claim in own} == {""}
    for claim in REGISTRY.rows():
        assert claim.statement
        assert len(claim.short) < 32
        assert claim.statistic
        assert claim.equivalence >= 0
        assert math.isfinite(claim.threshold)
        assert math.isnan(claim.epoch) or claim.epoch < claim.epochs


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_has_a_documented_function(name: str) -> None:
    function = REGISTRY.load(name)
    assert len(function.__doc__ or "") > 40


@pytest.mark.parametrize("name", [n for n in TESTED if n[0] != "T" and n != "D5"])
def test_thresholds_come_from_the_table(name: str) -> None:
    """A bound that nothing can pass turns an obeyed claim."""
    claim = REGISTRY.find(name)
    unreachable = -1e9 if "below threshold" in claim.statistic else 1e9
    if "between" in claim.statistic:
        unreachable = 0.0
    strict = dataclasses.replace(claim, threshold=unreachable)
    assert judge_claim(make_tables(name, True), strict).outcome != "holds"


@pytest.fixture(scope="module")
def verdicts() -> pd.DataFrame:
    curves = {name: maker(True, seeds=(0, 1)) for name, maker in MAKERS.items()}
    return judge(ResultTables(curves, make_toy(True)))


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1))
def test_verdicts_do_not_depend_on_the_row_order(verdicts: pd.DataFrame, seed: int) -> None:
    shuffled = {
        name: maker(True, seeds=(0, 1)).sample(frac=1, random_state=seed)
        for name, maker in reversed(list(MAKERS.items()))
    }
    tables = ResultTables(shuffled, make_toy(True).sample(frac=1, random_state=seed))
    pd.testing.assert_frame_equal(judge(tables), verdicts, check_exact=True)


def test_verdicts_survive_the_file(verdicts: pd.DataFrame, tmp_path: Path) -> None:
    write_verdicts_csv(verdicts, tmp_path / "verdicts.csv")
    pd.testing.assert_frame_equal(read_verdicts(tmp_path / "verdicts.csv"), verdicts)


def test_judging_written_tables_gives_the_same_verdicts(
    verdicts: pd.DataFrame, tmp_path: Path
) -> None:
    for name, maker in MAKERS.items():
        path = tmp_path / "curves" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        maker(True, seeds=(0, 1)).to_csv(path, index=False, na_rep="nan")
    make_toy(True).to_csv(tmp_path / "toy.csv", index=False, na_rep="nan")
    pd.testing.assert_frame_equal(judge(read_result_tables(tmp_path)), verdicts, check_exact=True)


def test_data_says_that_it_is_a_stand_in(verdicts: pd.DataFrame) -> None:
    data = verdicts.set_index("id")["data"]
    assert data["M1"] == "synthetic MNIST (stand-in)"
    assert data["D1"] == "synthetic CIFAR-10 (stand-in); synthetic MNIST (stand-in)"
    assert data["T1"] == ""
    assert verdicts.set_index("id")["stand_in"][["M1", "D1", "T1"]].tolist() == [True, True, False]


def test_only_the_papers_data_reproduce_anything() -> None:
    """The same curves, once as the paper's data and once as a stand-in."""
    table = make_mnist(True)
    found = {}
    for stand_in in (True, False):
        tables = ResultTables({"mnist_rates": table.assign(stand_in=stand_in)}, make_toy(True))
        found[stand_in] = judge(tables).set_index("id")["verdict"]
    assert set(found[False][["M1", "M3", "T1"]]) == {"reproduced"}
    assert set(found[True][["M1", "M3"]]) == {"seen"}
    assert found[True]["T1"] == "reproduced"
    broken = ResultTables({"mnist_rates": make_mnist(False)})
    assert judge(broken).set_index("id")["verdict"]["M1"] == "not seen"


def test_a_claim_is_a_row_and_the_function_it_names() -> None:
    row = dataclasses.replace(REGISTRY.find("M1"), name="X1", function=f"{__name__}:judge_x1")
    assert judge_claim(make_tables("M1", True), row).numbers == "judged by a function of a user"
    lost = dataclasses.replace(row, function=f"{__name__}:judge_x2")
    with pytest.raises(InputError, match=r"claim 'X1'.*has no 'judge_x2'"):
        judge_claim(make_tables("M1", True), lost)


def judge_x1(tables: ResultTables, claim: Claim) -> Evidence:
    assert claim.tables[0] in tables.curves
    return Evidence("inconclusive", numbers="judged by a function of a user")


def test_a_sweep_is_known_by_its_rates_not_its_name() -> None:
    tables = make_tables("D1", True)
    renamed = {
        f"my-{number}": table.assign(experiment=f"my-{number}")
        for number, table in enumerate(tables.curves.values())
    }
    for name in ("D1", "D2"):
        found = judge_claim(ResultTables(renamed), REGISTRY.find(name))
        assert found == judge_claim(tables, REGISTRY.find(name))
    one_rate = {
        name: table[table["rate_factor"] == table["rate_factor"].iloc[0]]
        for name, table in renamed.items()
    }
    assert judge_claim(ResultTables(one_rate), REGISTRY.find("D1")).outcome == "not run"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,verdict\nM1,reproduced\n", "has the columns id, verdict"),
        (
            ",".join(VERDICT_COLUMNS) + "\nM1,paper,perhaps,True" + "," * 14 + "\n",
            "has the verdict 'perhaps'",
        ),
    ],
)
def test_foreign_verdict_table_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_verdicts(path)


def test_missing_folder_and_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_result_tables(tmp_path / "nowhere")
    with pytest.raises(InputError, match="does not exist"):
        read_verdicts(tmp_path / "verdicts.csv")


def test_agreement_leaves_out_seeds_that_some_rates_lack() -> None:
    tables, more = make_diagnosed(True), make_diagnosed(False, seeds=(7, 8))
    expected = judge_claim(ResultTables(tables), REGISTRY.find("D5"))
    for experiment in ("mnist_rates", "cifar_rates"):
        single = more[experiment][more[experiment]["rate_factor"] == 1.0]
        tables[experiment] = pd.concat([tables[experiment], single], ignore_index=True)
    assert judge_claim(ResultTables(tables), REGISTRY.find("D5")) == expected


def test_shares_of_diagnoses_count_trainings_of_single_rates_too() -> None:
    tables, more = make_diagnosed(True, name="D2"), make_diagnosed(True, seeds=(7, 8), name="D2")
    before = judge_claim(ResultTables(tables), REGISTRY.find("D2"))
    single = more["mnist_rates"][more["mnist_rates"]["rate_factor"] == 0.1]
    tables["mnist_rates"] = pd.concat([tables["mnist_rates"], single], ignore_index=True)
    after = judge_claim(ResultTables(tables), REGISTRY.find("D2"))
    assert "20 of 20 runs" in before.numbers
    assert "22 of 22 runs" in after.numbers
    assert after.outcome == before.outcome == "holds"

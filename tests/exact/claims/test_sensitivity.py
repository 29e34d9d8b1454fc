"""S1 to S5 on curves made to obey them and to break them, and without their columns."""

import numpy as np
import pytest

from maxgain.claims.judge import judge, judge_claim
from maxgain.claims.registry import CLAIMS as REGISTRY
from maxgain.claims.sensitivity import _count_halving
from maxgain.tables.curves import RESPONSE_COLUMNS
from maxgain.tables.results import ResultTables
from tests.exact.claims.synthetic import judge_made, make_cifar, make_mnist, make_response

NAMES = ("S1", "S2", "S3", "S4", "S4b", "S5")


@pytest.mark.parametrize("name", NAMES)
def test_claim_holds_on_curves_that_obey_it(name: str) -> None:
    evidence = judge_made(name, good=True)
    assert evidence.outcome == "holds", evidence.numbers


@pytest.mark.parametrize("name", NAMES)
def test_claim_fails_on_curves_that_break_it(name: str) -> None:
    evidence = judge_made(name, good=False)
    assert evidence.outcome == "fails", evidence.numbers


@pytest.mark.parametrize("name", NAMES[1:])
def test_four_seeds_decide_nothing(name: str) -> None:
    assert judge_made(name, True, seeds=(0, 1, 2, 3)).outcome == "inconclusive"


@pytest.mark.parametrize("name", NAMES)
def test_tables_without_the_columns_leave_it_not_run_in_a_sentence(name: str) -> None:
    tables = ResultTables({"mnist_rates": make_mnist(True), "cifar_rates": make_cifar(True)})
    evidence = judge_claim(tables, REGISTRY.find(name))
    assert evidence.outcome == "not run"
    assert "the column s" in evidence.numbers or "the column gain_db in any" in evidence.numbers
    assert "run the protocol again" in evidence.numbers


@pytest.mark.parametrize("name", NAMES[1:])
def test_both_data_sets_are_needed(name: str) -> None:
    evidence = judge_claim(
        ResultTables({"mnist_rates": make_response(True)["mnist_rates"]}), REGISTRY.find(name)
    )
    assert evidence.numbers == "missing: curves/cifar_rates.csv"


def test_one_table_with_the_columns_is_enough_for_the_identity() -> None:
    tables = {"mnist_rates": make_mnist(True), "x": make_response(True)["cifar_rates"]}
    assert judge_claim(ResultTables(tables), REGISTRY.find("S1")).outcome == "holds"


@pytest.mark.parametrize("name", NAMES)
def test_diverged_and_dead_epochs_show_nothing(name: str) -> None:
    broken = {
        key: table.assign(**dict.fromkeys(("gain_db", *RESPONSE_COLUMNS), np.nan))
        for key, table in make_response(True).items()
    }
    assert judge_claim(ResultTables(broken), REGISTRY.find(name)).outcome != "holds"


def test_what_is_not_the_papers_is_never_reproduced() -> None:
    tables = {key: table.assign(stand_in=False) for key, table in make_response(True).items()}
    verdicts = judge(ResultTables(tables)).set_index("id")["verdict"]
    assert set(verdicts[list(NAMES)]) == {"seen"}


def test_one_data_set_is_not_enough() -> None:
    good, bad = make_response(True), make_response(False)
    mixed = ResultTables({"mnist_rates": good["mnist_rates"], "cifar_rates": bad["cifar_rates"]})
    for name in ("S2", "S3", "S4", "S5"):
        assert judge_claim(mixed, REGISTRY.find(name)).outcome == "fails", name


def test_number_of_impulses_follows_from_the_parts() -> None:
    # All of the error is each place's own: sixteen leave a quarter, and four leave one half.
    assert _count_halving(0.25, 16) == "4"
    # A quarter of the variance is shared: no number halves the error.
    assert _count_halving(np.sqrt(0.25 + 0.75 / 16), 16) == "none"
    assert _count_halving(1.0, 16) == "none"
    assert _count_halving(float("nan"), 16) == "unknown"


def test_text_names_what_saturation_alone_explains() -> None:
    alone = float(judge_made("S3", True).numbers.rsplit("saturation alone, cifar_rates: ")[1])
    assert 0.5 < alone < 1
    assert "saturation alone, mnist_rates" in judge_made("S3", True).numbers


def test_d5_names_how_the_rules_on_sensitivity_agree() -> None:
    tables = ResultTables(make_response(True))
    evidence = judge_claim(tables, REGISTRY.find("D5"))
    assert "5 seeds with sensitivity: kappa of the rules on sensitivity 0." in evidence.numbers
    assert "its excess over the gain's in these runs" in evidence.numbers
    assert [finding.name for finding in evidence.findings] == ["kappa"]
    negative = {k: t.assign(sensitivity_error_db=-1.0) for k, t in tables.curves.items()}
    undecided = judge_claim(ResultTables(negative), REGISTRY.find("D5"))
    assert undecided.outcome == evidence.outcome


@pytest.mark.parametrize(("share", "outcome"), [(3e-6, "holds"), (3e-5, "fails")])
def test_the_identity_of_large_parts_holds_to_their_digits(share: float, outcome: str) -> None:
    table = make_mnist(True)
    huge = -2.2e22
    parts = {"sensitivity_db": 5.0, "saturation_db": huge, "gain_db": huge * (1 + share)}
    table.loc[table.index[0], list(parts)] = list(parts.values())
    evidence = judge_claim(ResultTables({"mnist_rates": table}), REGISTRY.find("S1"))
    assert evidence.outcome == outcome

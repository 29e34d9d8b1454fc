"""The whole smoke protocol from the command line, as a user would run it."""

import json
import re
import shutil
import socket
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.whole.conftest import REPOSITORY, SMOKE, clone_workflow, run_in, train_words

UNCOMMITTED = ("runs", "prepared", "state", "zoo", "logs", "benchmarks", "toy.safetensors")
FIGURES = [*(f"fig{number:02d}" for number in range(1, 14)), "sensitivity", "variability"]


def test_every_figure_and_table_is_there(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    for name in FIGURES:
        for suffix in ("svg", "png"):
            assert (folder / f"figures/smoke/{name}.{suffix}").stat().st_size > 2000, name
    results = folder / "results/smoke"
    tables = ("toy.csv", "zoo.csv", "diagnoses.csv", "verdicts.csv", "verdicts.md")
    for name in (*tables, "provenance.json"):
        assert (results / name).stat().st_size > 0, name
    assert 1_000_000 < (results / "report.html").stat().st_size < 6_000_000
    curves = {path.stem for path in results.glob("curves/*.csv")}
    assert curves == {"mnist_rates", "cifar_rates", "networks", "capacity"}


def test_the_verdict_table_ends_the_terminal_output(finished: tuple[Path, str]) -> None:
    _, printed = finished
    end = printed.split("steps (100%) done")[1]
    assert "Verdicts on the paper's claims" in end
    assert re.search(r"\d+ (reproduced|inconclusive|not run|not reproduced)", end)


def test_all_trainings_share_one_display_and_each_has_its_log(finished: tuple[Path, str]) -> None:
    folder, printed = finished
    assert "trainings 0/6, epochs 0/18" in printed
    assert "(Rule: train)" not in printed
    logs = [*(folder / "results/smoke/logs/train").rglob("*.log")]
    assert len(logs) == 6
    assert all(": epoch 3/3: loss " in log.read_text() for log in logs)


def test_every_training_has_a_benchmark_file(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    results = folder / "results/smoke"
    tables = [pd.read_csv(path, sep="\t") for path in results.glob("benchmarks/train/**/*.tsv")]
    assert len(tables) == 6
    rows = pd.concat(tables)
    assert (rows[["s", "cpu_time"]] > 0).all(axis=None)
    assert rows["max_rss"].between(100, 4000).all()


def test_identical_settings_are_trained_once(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    # 3 MNIST rates, 2 CIFAR rates (one of them is the LeNet of figures 12 and 13), x1/4.
    assert len(list((folder / "results/smoke/runs").rglob("history.csv"))) == 6
    shared = [
        pd.read_csv(folder / f"results/smoke/curves/{name}.csv").query(
            "learning_rate == 0.005 and capacity == 1 and network == 'lenet'"
        )
        for name in ("cifar_rates", "networks", "capacity")
    ]
    for table in shared[1:]:
        assert table["gain_db"].tolist() == shared[0]["gain_db"].tolist()


def test_every_run_of_every_experiment_is_diagnosed(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    diagnoses = pd.read_csv(folder / "results/smoke/diagnoses.csv")
    # 3 MNIST rates, 2 CIFAR rates, 1 network, 2 capacities; 3 epochs are too few to judge.
    assert diagnoses["experiment"].value_counts().to_dict() == {
        **{"mnist_rates": 3, "cifar_rates": 2, "networks": 1, "capacity": 2}
    }
    assert set(diagnoses["by_gain"]) == set(diagnoses["by_losses"]) == {"undecided"}
    done = run_in(folder, "maxgain", "diagnose", "results/smoke/curves/cifar_rates.csv")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("undecided") == 2 * 3  # By gain, by sensitivity, by losses.


def test_stand_ins_are_named_everywhere(finished: tuple[Path, str]) -> None:
    folder, printed = finished
    verdicts = pd.read_csv(folder / "results/smoke/verdicts.csv").set_index("id")
    assert "stand-in" in verdicts.loc["C1", "data"]
    assert "stand-in" in printed
    for name in ("fig10", "fig12", "fig13"):
        assert "stand-in" in (folder / f"figures/smoke/{name}.svg").read_text(), name
    provenance = json.loads((folder / "results/smoke/provenance.json").read_text())
    assert provenance["settings"]["data"]["cifar10"]["stand_in"] is True


def test_no_state_is_left_after_success(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    state = folder / "results/smoke/state"
    left = state.iterdir() if state.exists() else ()
    assert {path.suffix for path in left} <= {".lock"}


def test_a_second_call_does_nothing(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    again = run_in(folder, "snakemake", "--cores", "2", *SMOKE)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout


def test_one_changed_rate_reruns_only_what_depends_on_it(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    overlay = yaml.safe_load((folder / "workflow/protocols/smoke.yaml").read_text())
    overlay["experiments"]["mnist_rates"]["rate_factors"] = [1, 4, "1/3"]
    (folder / "changed.yaml").write_text(yaml.safe_dump(overlay))
    plan = run_in(folder, "snakemake", "-n", "--configfile", "changed.yaml")
    assert plan.returncode == 0, plan.stdout
    stats = plan.stdout.split("Job stats:")[1].split("Reasons")[0]
    counts = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", stats, re.M)}
    assert counts.pop("total") == sum(counts.values())
    # The experiment's runs are measured together.
    assert counts["train"] == counts["quantities_0"] == counts["curves"] == 1
    assert "prepare" not in counts
    outputs = re.findall(r"^ +output: (figures/.+)$", plan.stdout, re.M)
    drawn = set(re.findall(r"figures/smoke/(\w+)", " ".join(outputs)))
    assert drawn == {"fig08", "fig09", "sensitivity", "variability"}


def test_the_report_builds_without_network(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    # Any attempt to reach a host goes to a closed port of this machine.
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
        done = run_in(
            folder,
            "snakemake",
            "--report",
            "report.html",
            *SMOKE,
            http_proxy=proxy,
            https_proxy=proxy,
        )
    assert done.returncode == 0, done.stdout[-3000:]
    page = (folder / "report.html").read_text()
    for name in FIGURES:
        assert name in page, name


def test_lint_finds_nothing(workflow_copy: Path) -> None:
    done = run_in(workflow_copy, "snakemake", "--lint")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Congratulations" in done.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("device=tpu", ("device", "tpu", "cpu")),
        ("colour=red", ("colour", "protocol")),
    ],
)
def test_bad_configuration_stops_before_any_job(
    workflow_copy: Path, change: str, words: tuple[str, ...]
) -> None:
    done = run_in(workflow_copy, "snakemake", "--cores", "1", "--config", change)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert all(word in done.stdout for word in words), done.stdout
    assert not (workflow_copy / "results").exists()


def test_bad_arguments_end_in_one_sentence(tmp_path: Path) -> None:
    done = run_in(tmp_path, *train_words(), "--data", "missing.safetensors", "--output", "run")
    assert done.returncode == 2
    assert done.stdout.startswith("error: missing.safetensors does not exist")
    assert done.stdout.count("\n") == 1


def test_a_clone_with_committed_results_makes_all_of_them_anew(tmp_path: Path) -> None:
    folder = clone_workflow(tmp_path / "clone")
    for name in ("results/embedded", "figures/embedded"):
        kept = shutil.ignore_patterns(*UNCOMMITTED)
        shutil.copytree(REPOSITORY / name, folder / name, ignore=kept)
    plan = run_in(folder, "snakemake", "-n")
    assert plan.returncode == 0, plan.stdout
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", plan.stdout, re.MULTILINE))
    # Five seeds of 6 MNIST and 6 CIFAR rates (the lowest is figure 13's x1/4) and of figure 13's
    # x1; 7, 7 and 15 more of three rates: five of a setting in turn, of x1 three.
    trainings = [name for name in jobs if name.startswith("train_")]
    assert len(trainings) == (6 + 2) + (6 + 2 + 3) + 2
    assert "train" not in jobs
    outputs = re.findall(r"results/embedded/runs/\S+/history\.csv", plan.stdout)
    assert len(set(outputs)) == 94
    # By experiment, fifteen together: 37, 52 and 5 runs.
    assert [name for name in jobs if name.startswith("quantities")] == [
        f"quantities_{part}" for part in range(8)
    ]
    # An experiment without seeds has an empty table, made anew like the others.
    assert (jobs["toy"], jobs["curves"]) == ("1", "4")
    # Of the toy, of all networks, of their table alone, of four experiments, of both rates.
    assert sorted(name for name in jobs if name.startswith("figures")) == [
        f"figures_{part}" for part in range(8)
    ]

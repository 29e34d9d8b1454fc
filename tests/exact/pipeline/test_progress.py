"""The display of all trainings: what it counts, and what it leaves out of Snakemake's terminal."""

import logging
import os
from pathlib import Path

import pytest

from maxgain.pipeline.progress import HiddenTrainings, TrainingsProgress, _describe_duration

LINE = "mnist lenet x1, rate 0.001, seed 0: epoch {}/4: loss 0.5 training (0.2 s)\n"


def make_log(tmp_path: Path, name: str, last: int, age: float = 0.0) -> None:
    log = tmp_path / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{name} on some images, CPU\n" + "".join(map(LINE.format, range(1, last + 1))))
    time = log.stat().st_mtime - age
    os.utime(log, (time, time))


def make_progress(tmp_path: Path) -> TrainingsProgress:
    names = {"a/seed0": 4, "a/seed1": 4, "b/seed0": 4}
    costs = {"a/seed0": 1.0, "a/seed1": 1.0, "b/seed0": 2.0}
    return TrainingsProgress(tmp_path / "runs", tmp_path / "logs", names, costs)


def make_finished(tmp_path: Path, name: str) -> None:
    (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "runs" / name / "snapshots.safetensors").touch()


def test_nothing_is_done_at_first(tmp_path: Path) -> None:
    assert make_progress(tmp_path).describe() == (0.0, "trainings 0/3, epochs 0/12")


def test_logs_of_this_call_and_runs_of_earlier_ones_count(tmp_path: Path) -> None:
    make_finished(tmp_path, "a/seed0")
    make_log(tmp_path, "a/seed0", 4, age=1000)
    make_log(tmp_path, "a/seed1", 3, age=1000)  # Cut off, and not yet begun anew.
    progress = make_progress(tmp_path)
    assert progress.describe() == (0.25, "trainings 1/3, epochs 4/12")
    make_log(tmp_path, "b/seed0", 2)
    share, text = progress.describe()
    assert share == 0.5
    assert text.startswith("trainings 1/3, epochs 6/12, about ")
    assert text.endswith(" left")


def test_a_run_that_is_trained_again_is_not_done(tmp_path: Path) -> None:
    make_finished(tmp_path, "a/seed0")
    progress = make_progress(tmp_path)
    make_log(tmp_path, "a/seed0", 1)
    assert progress.describe()[1].startswith("trainings 0/3, epochs 1/12")


def test_runs_that_are_trained_in_turn_share_a_log(tmp_path: Path) -> None:
    progress = make_progress(tmp_path)
    progress.leaders = {"a/seed0": "a/seed0", "a/seed1": "a/seed0"}
    make_log(tmp_path, "a/seed0", 4)
    assert progress.describe()[1].startswith("trainings 1/3, epochs 4/12")
    with (tmp_path / "logs/a/seed0.log").open("a") as log:
        log.write("a/seed1 on some images, CPU\n" + LINE.format(1) + LINE.format(2))
    assert progress.describe()[1].startswith("trainings 1/3, epochs 6/12")
    make_finished(tmp_path, "a/seed1")
    assert progress.describe()[1].startswith("trainings 2/3, epochs 8/12")


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "10 s"), (44, "40 s"), (600, "10 min"), (9000, "2.5 h")]
)
def test_durations_are_as_precise_as_a_guess(seconds: float, text: str) -> None:
    assert _describe_duration(seconds) == text


def say(message: str, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("snakemake", level, "file", 1, message, None, None)
    vars(record).update(extra)
    return record


def test_messages_of_trainings_are_hidden_and_nothing_else() -> None:
    hidden = HiddenTrainings()
    messages = [
        (say("Select jobs to execute..."), False),
        (say("start", rule_name="train"), False),
        (say("start", rule_name="train_12"), False),
        (say("start", rule_name="train_of_thought"), True),
        (say("start", rule_name="prepare"), True),
        (say("Finished jobid: 3 (Rule: train)"), False),
        (say("count", event="LogEvent.progress"), False),
        (say("Finished jobid: 5 (Rule: train_0)"), False),
        (say("count", event="LogEvent.progress"), False),
        (say("Finished jobid: 4 (Rule: figure)"), True),
        (say("count", event="LogEvent.progress"), True),
        (say("failed", logging.ERROR, rule_name="train"), True),
    ]
    assert [bool(hidden.filter(record)) for record, _ in messages] == [kept for _, kept in messages]

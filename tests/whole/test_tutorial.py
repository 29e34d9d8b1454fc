"""The tutorial's experiment, typed as it stands there, from its YAML to the report."""

import re
import shlex
from pathlib import Path

from tests.pages import blocks_of
from tests.whole.conftest import REPOSITORY, run_in

PAGE = REPOSITORY / "docs" / "tutorial.md"


def test_the_experiment_of_the_tutorial_runs(workflow_copy: Path) -> None:
    text = PAGE.read_text(encoding="utf-8").split("## 4. ")[1].split("## 5. ")[0]
    (_, settings), (_, commands) = blocks_of(text)
    (workflow_copy / "mine.yaml").write_text(settings, encoding="utf-8")
    printed = {}
    for line in commands.splitlines():
        done = run_in(workflow_copy, *shlex.split(line))
        assert done.returncode == 0, done.stdout[-5000:]
        printed[line.split()[1]] = done.stdout
    said = re.findall(r"^lenet x1, rate [\d.]+, seed \d: ", printed["diagnose"], re.M)
    assert len(set(said)) == 4, printed["diagnose"]
    assert (workflow_copy / "figures/tutorial/tutorial.png").stat().st_size > 10_000
    page = workflow_copy / "results/tutorial/report.html"
    assert 1_000_000 < page.stat().st_size < 6_000_000
    assert "figures/tutorial" not in page.read_text(encoding="utf-8")

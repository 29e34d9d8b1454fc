"""Pictures of single networks: one for each whose arrays are there, shown in the report."""

from pathlib import Path

import pytest

from maxgain.errors import InputError
from maxgain.pipeline.network_pictures import draw_networks
from maxgain.pipeline.report import write_report
from tests.report_folders import HOSTILE, write_arrays, write_csv, write_zoo, zoo_rows


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "small"
    names = ("b", HOSTILE[0], "without arrays")
    write_zoo(folder, [row for name in names for row in zoo_rows(name, "f", 5.0, -10.0)])
    for number, name in enumerate((HOSTILE[0], "b", "not in the table")):
        write_arrays(folder / "zoo" / f"{number}.safetensors", name)
    return folder


def test_a_picture_for_each_network_with_arrays(results: Path, tmp_path: Path) -> None:
    drawn = draw_networks(results, tmp_path)
    assert list(drawn) == ["b", HOSTILE[0]]
    assert len({path.read_bytes() for path in drawn.values()}) == 2
    assert all(path.stat().st_size > 5000 for path in drawn.values())


def test_the_report_shows_them(results: Path) -> None:
    write_report(results, results / "report.html")
    page = (results / "report.html").read_text(encoding="utf-8")
    assert page.count("data-network=") == 2
    assert '<option value="b">b</option>' in page
    assert HOSTILE[0] not in page, "escaped"


def test_without_arrays_the_report_says_so(results: Path) -> None:
    for path in results.glob("zoo/*"):
        path.unlink()
    write_report(results, results / "report.html")
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "the folder has no zoo/*.safetensors" in page


def test_arrays_that_lack_one_are_refused(results: Path, tmp_path: Path) -> None:
    write_arrays(results / "zoo" / "1.safetensors", "b", missing="impulse.response")
    with pytest.raises(InputError, match=r"lack 'impulse\.response'"):
        draw_networks(results, tmp_path)


def test_the_stopping_study_beside_the_results_is_shown(results: Path) -> None:
    columns = ("rule", "mean_regret", "low", "high")
    row = dict(zip(columns, ("a rule", 0.1, 0.05, 0.2), strict=True))
    write_csv(results.parent / "stopping" / "regret.csv", columns, [row])
    write_report(results, results / "report.html")
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "a rule" in page
    assert "From <code>stopping/regret.csv</code>" in page
    write_csv(results / "regret.csv", columns, [row | {"rule": "the own one"}])
    write_report(results, results / "report.html")
    assert "a rule" not in (results / "report.html").read_text(encoding="utf-8")

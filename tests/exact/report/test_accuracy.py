"""Accuracy checks as the report shows them."""

from pathlib import Path

import pytest

from maxgain.errors import InputError
from maxgain.files.csv import write_table
from maxgain.report.accuracy import read_accuracy
from maxgain.report.page import Sources, render_page
from maxgain.tables.accuracy import ACCURACY_COLUMNS
from tests.report_folders import HOSTILE, verdict_row, write_verdicts


def row(**values: object) -> dict[str, object]:
    return {
        **{"check": "example", "data": "MNIST", "stand_in": False, "network": "lenet"},
        **{"capacity": 1.0, "learning_rates": "4 x 0.05", "epochs": 4, "seeds": 3, "diverged": 0},
        **{"validation_error": 21.0, "validation_error_low": 20.25, "validation_error_high": 21.75},
        **{"published_error": 20.5, "source": "an example"},
        **values,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_verdicts(tmp_path, [verdict_row()])
    return tmp_path


def write(folder: Path, *rows: dict[str, object]) -> Path:
    write_table(folder / "accuracy.csv", ACCURACY_COLUMNS, rows)
    return folder / "accuracy.csv"


def test_an_error_is_shown_beside_the_published_one(folder: Path) -> None:
    path = write(folder, row(), row(capacity=0.25, published_error="nan", stand_in=True))
    first, second = read_accuracy(path)
    assert (first.network, first.published) == ("lenet", "20.5 %")
    assert first.error == "21 % [20.25, 21.75]"
    assert (second.network, second.published, second.stand_in) == (
        "lenet ×0.25",
        "none stated",
        True,
    )
    page = render_page(Sources(folder))
    assert "21 % [20.25, 21.75]" in page
    assert 'href="#accuracy"' in page
    section = page.split('<section id="accuracy"')[1].split("</section>")[0]
    assert section.count("stand-in data") == 2


def test_diverged_and_missing_trainings_are_said(folder: Path) -> None:
    nothing = dict.fromkeys(
        ("validation_error", "validation_error_low", "validation_error_high"), "nan"
    )
    rows = [
        row(diverged=1),
        row(diverged=3, **nothing),
        row(seeds=1, validation_error_low="nan", validation_error_high="nan"),
        row(seeds=0, data="", **nothing),
    ]
    views = read_accuracy(write(folder, *rows))
    assert [view.error for view in views] == [
        "21 % [20.25, 21.75]; 1 diverged",
        "no value; 3 diverged",
        "21 %",
        "not run",
    ]
    assert views[-1].data == ""


def test_without_checks_the_page_has_no_such_section(folder: Path) -> None:
    assert read_accuracy(folder / "accuracy.csv") == []
    assert "#accuracy" not in render_page(Sources(folder))


def test_texts_of_a_table_stay_text(folder: Path) -> None:
    write(folder, *(row(check=text, source=text, data=text) for text in HOSTILE[:3]))
    page = render_page(Sources(folder))
    assert not any(text in page for text in HOSTILE[:2])


def test_a_table_of_something_else_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="'validation_error' holds text"):
        read_accuracy(write(folder, row(validation_error="low")))
    write_table(folder / "accuracy.csv", ("check",), [{"check": "example"}])
    with pytest.raises(InputError, match="no column 'data'"):
        render_page(Sources(folder))

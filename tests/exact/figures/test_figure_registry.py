"""Figures by name, drawn from files."""

from pathlib import Path

import numpy as np
import pytest
from numpy import ndarray
from pydantic import ValidationError
from safetensors.numpy import save_file

from maxgain.config.figures import CurvesFigure
from maxgain.errors import InputError
from maxgain.figures.registry import FIGURES, draw_figure
from maxgain.pipeline.figures import write_figures
from maxgain.pipeline.jobs import FiguresJob, drawn_parts
from tests.exact.figures.made_up_curves import make_rates, spoil


def test_every_figure_is_registered_and_captioned() -> None:
    paper = [f"fig{number:02d}" for number in range(1, 14)]
    own = ["sensitivity", "variability", "within", "carriers"]
    study = ["stopping-ranks", "stopping-work", "stopping-examples"]
    assert FIGURES.names() == [*paper, *own, *study]
    assert all(caption.endswith(".") for caption in (row.caption for row in FIGURES.rows()))


def test_the_command_draws_from_files(toy_arrays: dict[str, ndarray], tmp_path: Path) -> None:
    curves, arrays = tmp_path / "curves/mnist_rates.csv", tmp_path / "toy.safetensors"
    curves.parent.mkdir()
    nan_and_infinity = spoil(make_rates(), 4.0, 3, gain_db=-np.inf, training_loss=np.nan)
    nan_and_infinity.to_csv(curves, index=False, na_rep="nan")
    save_file(toy_arrays, arrays)
    job = FiguresJob(figures={"fig01": None, "fig08": None})
    write_figures(job, [curves, arrays], tmp_path / "out")
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["fig01.png", "fig01.svg", "fig08.png", "fig08.svg"]
    assert "learning rate 0.001" in (tmp_path / "out/fig08.svg").read_text()


def test_files_that_cannot_be_drawn_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'fig99' is not known; .* allowed are fig01"):
        draw_figure("fig99", [])
    with pytest.raises(InputError, match=r"fig08 is drawn from mnist_rates.csv; .* no file"):
        draw_figure("fig08", [])
    for name, content in (
        ("toy.safetensors", b"\x80\x04pickle"),
        ("mnist_rates.csv", b"\xff\xfe\0"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        figure = "fig01" if path.suffix == ".safetensors" else "fig08"
        with pytest.raises(InputError, match=f"{name} (cannot be read as|is not a table)"):
            draw_figure(figure, [path])
        with pytest.raises(InputError, match=f"{name} (cannot be read as|does not exist)"):
            draw_figure(figure, [tmp_path / "missing" / name])


def test_a_request_travels_as_text_and_is_drawn_under_its_own_name(tmp_path: Path) -> None:
    request = CurvesFigure(name="my-rates", experiment="rates", rate_factors=["1/3", 1])  # type: ignore[list-item]
    job = FiguresJob(figures={"my-rates": request}, formats=("svg",))
    assert FiguresJob.of_text(job.text()) == job
    table = tmp_path / "rates.csv"
    make_rates().to_csv(table, index=False)
    (written,) = write_figures(job, [table], tmp_path / "out")
    assert "Experiment rates." in written.read_text()
    with pytest.raises(InputError, match=r"my-rates is drawn from rates.csv"):
        draw_figure(request, [tmp_path / "other.csv"])


def test_figures_of_the_same_files_are_drawn_together_and_no_others() -> None:
    files = {"a": ("x", "y"), "b": ("x",), "c": ("y", "x"), "d": ("x",), "e": ("x",)}
    assert drawn_parts(files, 15) == [("a", "c"), ("b", "d", "e")]
    assert drawn_parts(files, 2) == [("a", "c"), ("b", "d"), ("e",)]
    assert drawn_parts(files, 1) == [("a",), ("c",), ("b",), ("d",), ("e",)]


def test_a_request_that_cannot_be_met_is_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="figure kind 'curvs' is not known; did you mean 'curves'"):
        draw_figure(CurvesFigure(name="x", kind="curvs", experiment="e"), [])
    for settings in (
        {"columns": "network", "colours": "network"},
        {"columns": "seed"},
        {"rate_factors": []},
        {"rate_factors": [1, 1]},
        {"rate_factors": [-1]},
        {"title": "two\nlines"},
        {"name": "../x"},
        {"colour": "network"},
    ):
        with pytest.raises(ValidationError):
            CurvesFigure(**({"name": "x", "experiment": "e"} | settings))

"""The interactive report of a results folder: one HTML file."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from maxgain.claims.needs import describe_needs
from maxgain.claims.registry import CLAIMS
from maxgain.errors import InputError
from maxgain.figures.registry import FIGURES
from maxgain.files.atomic import atomic_path
from maxgain.pipeline.network_pictures import draw_networks
from maxgain.report.page import Sources, render_page
from maxgain.tables.verdicts import read_verdicts


def write_report(results: Path, output: Path, figures: Path | None = None) -> None:
    """Write the report of a results folder.

    Parameters
    ----------
    results
        Folder of verdicts.csv, curves/*.csv, zoo.csv and what else there is; "results/NAME". The
        stopping study's regret.csv may lie in it or in a folder "stopping" beside it.
    output
        HTML file to write.
    figures
        Folder of the figures' PNG files; None takes "figures/NAME" beside the folder "results",
        where that exists.

    Raises
    ------
    InputError
        The folder does not exist or holds nothing to show, a table in it cannot be read, or the
        output cannot be written.
    """
    if figures is None:
        beside = results.resolve().parent.parent / "figures" / results.name
        figures = beside if beside.is_dir() else None
    tables = {claim.name: re.findall(r"[\w-]+", claim.table) for claim in CLAIMS.rows()}
    captions = {row.name: row.caption for row in FIGURES.rows()}
    study = results.resolve().parent / "stopping" / "regret.csv"
    regrets = study if study.exists() and not (results / "regret.csv").exists() else None
    with TemporaryDirectory() as folder:
        networks = draw_networks(results, Path(folder))
        page = render_page(
            Sources(results, figures, tables, captions, networks, regrets, _needs(results))
        )
    with atomic_path(output) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _needs(results: Path) -> dict[str, str]:
    """What would decide each open claim; nothing where the verdicts are not of today's form.

    What is wrong with them, if anything, the page's own reader says.
    """
    try:
        return describe_needs(read_verdicts(results / "verdicts.csv").to_dict("records"))
    except (InputError, ValueError, KeyError, TypeError):
        return {}

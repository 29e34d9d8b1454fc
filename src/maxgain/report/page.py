"""The page: everything of a results folder put into the templates, one HTML text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.report.accuracy import CheckView, read_accuracy
from maxgain.report.charts import can_draw
from maxgain.report.embedding import (
    LARGEST_PAGE,
    NETWORKS,
    read_downloads,
    read_pictures,
    script_json,
)
from maxgain.report.networks import NetworksView, view_networks
from maxgain.report.origin import OriginView, read_origin
from maxgain.report.regrets import RegretsView, read_regrets
from maxgain.report.runs import ExplorerData, gather_runs
from maxgain.report.verdicts import ClaimView, read_claims
from maxgain.statistics.decisions import VERDICTS
from maxgain.tables.flags import read_flags
from maxgain.tables.results import ResultTables, read_result_tables
from maxgain.tables.zoo import MISSING_COLUMNS

SCRIPTS = (
    "elements.js",
    "charts.js",
    "explorer_spec.js",
    "claims.js",
    "explorer.js",
    "networks.js",
    "page.js",
)
"""The page's own scripts, in the order in which they are run."""


@dataclass(frozen=True)
class Sources:
    """Where a page comes from.

    Attributes
    ----------
    results
        Folder of verdicts.csv, curves/*.csv, accuracy.csv, zoo.csv, regret.csv, provenance.json;
        what is missing leaves its section out.
    figures
        Folder of the figures' PNG files; None for a page without them.
    tables
        Claim's id to the tables that it is judged on.
    captions
        Figure's name to its caption, where its file does not say it.
    networks
        ImageNet network's name to a PNG picture of its derivative and response.
    regrets
        The stopping study's table; None for the folder's own regret.csv.
    needs
        Open claim's id to what would decide it.
    """

    results: Path
    figures: Path | None = None
    tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, Path] = field(default_factory=dict)
    regrets: Path | None = None
    needs: Mapping[str, str] = field(default_factory=dict)


def render_page(sources: Sources) -> str:
    """The whole page as HTML; it needs nothing outside itself.

    Raises
    ------
    InputError
        The folder does not exist or holds nothing to show, or a table in it cannot be read.
    """
    results = sources.results
    tables = read_result_tables(results)
    claims = _read_if_there(results / "verdicts.csv", sources.tables)
    explorer = gather_runs(tables.curves)
    networks = None if tables.zoo is None else view_networks(tables.zoo)
    stopping = sources.regrets or results / "regret.csv"
    regrets = read_regrets(stopping) if stopping.exists() else None
    accuracy = read_accuracy(results / "accuracy.csv")
    provenance = results / "provenance.json"
    origin = read_origin(provenance, results) if provenance.exists() else None
    if not (claims or explorer or networks or regrets):
        raise InputError(
            f"{results} holds nothing to show; a report needs verdicts.csv, curves/*.csv, zoo.csv "
            "or regret.csv."
        )
    carried = {
        **_pictures(sources),
        **_library(),
        "data": script_json(_script_data(explorer, networks, regrets)),
    }
    return _fill_template(
        name=results.name,
        claims=claims,
        needs=sources.needs,
        counts=_count_verdicts(claims),
        explorer=explorer,
        accuracy=accuracy,
        networks=networks,
        missing_networks=_read_missing(results),
        regrets=regrets,
        regrets_source=stopping,
        origin=origin,
        stand_ins=_find_stand_ins(tables, claims, accuracy, origin),
        **carried,
        **_downloads(results, LARGEST_PAGE - len(str(carried)) - _ELSEWHERE),
    )


def _fill_template(**content: object) -> str:
    scripts = [_template(name) for name in SCRIPTS]
    page = _environment().get_template("page.html.j2")
    return page.render(scripts=scripts, style=_template("style.css"), **content)


def _read_if_there(path: Path, tables: Mapping[str, Sequence[str]]) -> list[ClaimView]:
    return read_claims(path, tables) if path.exists() else []


def _read_missing(results: Path) -> list[dict[str, str]]:
    path = results / "zoo_missing.csv"
    if not path.exists():
        return []
    rows = read_frame(path, MISSING_COLUMNS, as_text=True).to_dict("records")
    return [{str(name): str(value) for name, value in row.items()} for row in rows]


def _count_verdicts(claims: Sequence[ClaimView]) -> dict[str, int]:
    """From best to worst; words that are not known come last."""
    counts = Counter(claim.verdict for claim in claims)
    order: list[str] = [*VERDICTS, *counts]
    return {verdict: counts[verdict] for verdict in sorted(counts, key=order.index)}


def _find_stand_ins(
    tables: ResultTables,
    claims: Sequence[ClaimView],
    accuracy: Sequence[CheckView],
    origin: OriginView | None,
) -> dict[str, bool]:
    """Which views rest on data that stand in for the paper's."""
    runs = any(read_flags(table["stand_in"]).any() for table in tables.curves.values())
    networks = any(claim.stand_in for claim in claims if "zoo" in claim.tables)
    study = origin is not None and any(data.stand_in for data in origin.data)
    return {
        "runs": bool(runs),
        "accuracy": any(check.stand_in for check in accuracy),
        "networks": networks,
        "study": bool(runs) or study,
    }


def _pictures(sources: Sources) -> dict[str, object]:
    folder = sources.figures
    files = {} if folder is None else {path.stem: path for path in sorted(folder.glob("*.png"))}
    pictures, left_out = read_pictures(files)
    networks, networks_left_out = read_pictures(sources.networks, NETWORKS)
    return {
        "pictures": {name: picture.address for name, picture in pictures.items()},
        "pictures_left_out": left_out,
        "captions": {
            name: picture.caption or sources.captions.get(name, "")
            for name, picture in pictures.items()
        },
        "network_pictures": {name: picture.address for name, picture in networks.items()},
        "network_pictures_left_out": networks_left_out,
    }


_ELSEWHERE = 400_000
"""Bytes of a page beside its charts' library, data, pictures and tables: text and small bars."""


def _downloads(results: Path, free: int) -> dict[str, object]:
    tables = [
        *results.glob("*.csv"),
        *results.glob("curves/*.csv"),
        *results.glob("accuracy/*.csv"),
    ]
    # An address takes four letters for three bytes.
    links, left_out = read_downloads(results, tables, max(0, free) * 3 // 4)
    return {"downloads": links, "downloads_left_out": left_out}


def _script_data(
    explorer: ExplorerData | None, networks: NetworksView | None, regrets: RegretsView | None
) -> dict[str, object]:
    if not can_draw():
        return dict.fromkeys(("explorer", "networks", "regrets"))
    return {
        "explorer": explorer and explorer.content,
        "networks": networks and networks.chart,
        "regrets": regrets and regrets.chart,
    }


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("maxgain.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> Markup:
    """Our own script or style as it is: it holds nothing of the results."""
    loader = _environment().loader
    assert loader is not None
    return Markup(loader.get_source(_environment(), name)[0])


@cache
def _library() -> Mapping[str, object]:
    """Vega, Vega-Lite and Vega-Embed, the versions that vl-convert carries; charts are off without.

    In a function of their own, lest one of their short names meet one of ours.
    """
    if not can_draw():
        return {"charts": False, "library": "", "library_version": ""}
    import vl_convert

    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return {
        "charts": True,
        "library": Markup("(() => {" + script.replace("</script", "<\\/script") + "})();"),
        "library_version": vl_convert.get_vegalite_versions()[-1],
    }

"""Charts as Vega-Lite specifications; Vega draws them, here for small ones or in the browser."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec

from markupsafe import Markup

Spec = dict[str, object]
"""A Vega-Lite specification, as its JSON schema describes it."""


SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""Name of the language's version; nothing is fetched from there."""


def can_draw() -> bool:
    """Whether vl-convert is installed, which carries Vega-Lite (extra `report`)."""
    return find_spec("vl_convert") is not None


def draw_bar(
    effect: float, low: float, high: float, threshold: float, width: int = 150
) -> Markup | None:
    """An effect with its interval against its threshold, as an SVG element.

    The colours are the page's: `currentColor` and the property `--tone`. None where there is no
    finite effect, or nothing to draw with.
    """
    if not (math.isfinite(effect) and can_draw()):
        return None
    import vl_convert

    row = {"effect": effect, "low": low, "high": high, "threshold": threshold}
    known = {name: value for name, value in row.items() if math.isfinite(value)}
    middle, height = 9, 18
    layers: list[Spec] = [_tick_mark("threshold", height)] if "threshold" in known else []
    if {"low", "high"} <= known.keys():
        bar = {"type": "bar", "height": 6, "color": "var(--tone)", "opacity": 0.55}
        layers.append({"mark": bar, "encoding": {"x": _plain("low"), "x2": {"field": "high"}}})
    point = {"type": "point", "filled": True, "size": 42, "color": "var(--tone)", "opacity": 1}
    layers.append({"mark": point, "encoding": {"x": _plain("effect"), "y": {"value": middle}}})
    spec: Spec = {
        "$schema": SCHEMA,
        "width": width,
        "height": height,
        "padding": 1,
        "data": {"values": [known]},
        "encoding": {"x": {"scale": {"domain": _domain(known.values())}}},
        "layer": layers,
        "config": {"view": {"stroke": None}, "background": None},
    }
    # The element around it says in words what it shows: what Vega says of its parts is noise.
    picture = re.sub(r' (role|aria-[a-z]+)="[^"]*"', "", vl_convert.vegalite_to_svg(spec))
    return Markup(picture.replace("<svg ", '<svg aria-hidden="true" ', 1))


def _tick_mark(field: str, height: int) -> Spec:
    rule = {"type": "rule", "color": "currentColor", "strokeDash": [3, 2]}
    edges: Spec = {"y": {"value": 0}, "y2": {"value": height}}
    return {"mark": rule, "encoding": {"x": _plain(field)} | edges}


def _plain(field: str) -> Spec:
    return {"field": field, "type": "quantitative", "axis": None}


def _domain(values: Collection[float]) -> list[float]:
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or max(abs(high), 1.0)
    return [low - margin, high + margin]


def describe_networks(
    rows: Sequence[Mapping[str, object]],
    probes: Sequence[str],
    families: Sequence[str],
    channels: Sequence[str],
) -> Spec:
    """Gain against top-5 error, one panel a channel, with a choice of probe and of families.

    Parameters
    ----------
    rows
        name, family, probe, channel, error (%, or None), gain (dB).
    """
    numbered = [{**row, "family_number": families.index(str(row["family"]))} for row in rows]
    probe = {"input": "select", "options": list(probes), "name": "Probe "}
    params: list[Spec] = [{"name": "probe", "value": probes[0], "bind": probe}]
    for number, family in enumerate(families):
        box = {"input": "checkbox", "name": family}
        params.append({"name": f"family{number}", "value": True, "bind": box})
    shown = " || ".join(
        f"(datum.family_number === {number} && family{number})" for number in range(len(families))
    )
    return {
        "$schema": SCHEMA,
        "data": {"values": numbered},
        "params": params,
        "transform": [{"filter": f"datum.probe === probe && ({shown})"}],
        "facet": {"field": "channel", "type": "nominal", "title": None, "sort": None},
        "columns": len(channels),
        "spec": {
            "height": 260,
            "layer": _network_layers(rows),
            "encoding": {
                "color": _named("family"),
                "tooltip": _tooltip("name", "family", "channel", "error", "gain"),
            },
        },
    }


def _network_layers(rows: Sequence[Mapping[str, object]]) -> list[Spec]:
    """Points where the error is known, lines across the panel where it is not."""
    y = _free_axis("gain", "Maximum Gain, dB")
    x = _free_axis("error", "top-5 error, %")
    points: Spec = {
        "transform": [{"filter": {"field": "error", "valid": True}}],
        "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
        "encoding": {"x": x, "y": y, "shape": _named("family") | {"legend": None}},
    }
    lines: Spec = {
        "transform": [{"filter": "!isValid(datum.error)"}],
        "mark": {"type": "rule", "strokeDash": [3, 3], "strokeWidth": 2},
        "encoding": {"y": y},
    }
    known = [row["error"] is not None for row in rows]
    # Vega complains of a layer without a row.
    return [layer for layer, there in ((points, any(known)), (lines, not all(known))) if there]


def _free_axis(field: str, title: str) -> Spec:
    return {"field": field, "type": "quantitative", "title": title, "scale": {"zero": False}}


def describe_regrets(rows: Sequence[Mapping[str, object]]) -> Spec:
    """Regret of each stop rule with its interval, the best rule first.

    Parameters
    ----------
    rows
        rule, regret, low and high (or None).
    """
    y = {"field": "rule", "type": "nominal", "sort": {"field": "regret"}, "title": None}
    x = {"field": "regret", "type": "quantitative", "title": "mean regret, nats"}
    interval: Spec = {
        "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
        "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.5},
        "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
    }
    point: Spec = {"mark": {"type": "point", "filled": True, "size": 70}, "encoding": {"x": x}}
    return {
        "$schema": SCHEMA,
        "data": {"values": list(rows)},
        "height": {"step": 18},
        "encoding": {"y": y, "tooltip": _tooltip("rule", "regret", "low", "high")},
        "layer": [interval, point],
    }


def _named(field: str) -> Spec:
    # In the rows' own order: a list of names would become part of an expression.
    return {"field": field, "type": "nominal", "sort": None, "title": None}


def _tooltip(*fields: str) -> list[Spec]:
    texts = ("name", "family", "channel", "rule")
    return [
        {"field": field, "type": "nominal"}
        if field in texts
        else {"field": field, "type": "quantitative", "format": ".4~g"}
        for field in fields
    ]

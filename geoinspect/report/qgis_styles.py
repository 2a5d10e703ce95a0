"""How QGIS draws what we export: the signs and classes of the map, as QML.

A GeoPackage carries its styles in the table ``layer_styles``, whose columns are QGIS's own; a
raster has a ``.qml`` of its name beside it. Classes and colours are those of the map's tiles.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geoinspect.coverage.cells import STATES
from geoinspect.records import CellState
from geoinspect.report.plain_text import xml_text

F8 = NDArray[np.float64]
Rgba = tuple[int, int, int, int]


class CellLayer(StrEnum):
    """What can be shown of every cell."""

    STATE = "state"
    POD = "pod"
    LAST_SEEN = "last_seen"
    RISK = "risk"
    SENSITIVITY = "sensitivity"
    REMAINING = "remaining"


LAYER_WORDS: Mapping[CellLayer, str] = {
    CellLayer.STATE: "状态 state (0 未查看 unseen, 1 到过 touched, 2 覆盖 covered, 3 查清 cleared)",
    CellLayer.POD: "探测概率 probability of detection",
    CellLayer.LAST_SEEN: "距最近查看的天数 days since the last look that counts",
    CellLayer.RISK: "相对风险 relative risk (1 = 一般 ordinary)",
    CellLayer.SENSITIVITY: "灵敏度 chance that a target would have been found",
    CellLayer.REMAINING: "剩余风险 risk left to search",
}
STATE_WORDS: Mapping[CellState, str] = {
    CellState.UNSEEN: "未查看 unseen",
    CellState.TOUCHED: "到过 touched",
    CellState.COVERED: "覆盖 covered",
    CellState.CLEARED: "查清 cleared",
}

_ORANGE: Rgba = (224, 130, 20, 140)
_STATE_COLOURS: tuple[Rgba, ...] = (
    _ORANGE,
    (198, 219, 239, 153),
    (107, 174, 214, 153),
    (8, 81, 156, 153),
)
_HATCH: Rgba = (150, 72, 0, 178)
_EXPIRED: Rgba = (8, 81, 156, 240)
_GREY: Rgba = (190, 196, 200, 150)
_CIVIDIS = (
    *((0, 34, 78), (42, 63, 109), (87, 93, 109), (125, 124, 120)),
    *((165, 156, 116), (210, 192, 96), (254, 232, 56)),
)
_CLASS_ALPHA = 217
_INF = float("inf")
_POD_BREAKS = (0.0, 0.1, 0.3, 0.5, 0.65, 0.8, 0.95, 1.0)
_RISK_BREAKS = (0.0, 0.5, 0.9, 1.1, 1.5, 2.5, 5.0, _INF)
_AGE_BREAKS = (0.0, 7.0, 14.0, 30.0, 60.0, _INF)
_REMAINING_SHARES = (0.0, 0.05, 0.15, 0.3, 0.5, 0.75)
_REMAINING_QUANTILE = 0.99


@dataclass(frozen=True, slots=True)
class ColourClass:
    """Values from ``low`` to ``high`` and their colour; equal bounds are one value.

    The upper bound belongs to the class only where ``closed``.
    """

    low: float
    high: float
    colour: Rgba
    label: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """A style of one layer: its name in QGIS and its QML."""

    name: str
    qml: str


def classes_of(layer: CellLayer, values: F8) -> list[ColourClass]:
    """Return the classes of a numeric layer; those of what remains depend on its values."""
    if layer is CellLayer.LAST_SEEN:
        return _ramped(_AGE_BREAKS, flip=True, closed=True)
    if layer is CellLayer.RISK:
        return [ColourClass(0, 0, _GREY, "0 不计 none", closed=True), *_ramped(_RISK_BREAKS)]
    if layer is CellLayer.REMAINING:
        top = float(np.nanquantile(values, _REMAINING_QUANTILE)) if len(values) else 0.0
        scale = top if top > 0 else 1.0
        breaks = (*(float(f"{share * scale:.2g}") for share in _REMAINING_SHARES), _INF)
        return [ColourClass(0, 0, _GREY, "0 不计 none", closed=True), *_ramped(breaks)]
    unseen = ColourClass(0, 0, _ORANGE, STATE_WORDS[CellState.UNSEEN], closed=True)
    return [unseen, *_ramped(_POD_BREAKS)]


def _ramped(
    breaks: Sequence[float], *, flip: bool = False, closed: bool = False
) -> list[ColourClass]:
    count = len(breaks) - 1
    at = np.rint(np.linspace(0, len(_CIVIDIS) - 1, count)).astype(int)
    ramp = [(*_CIVIDIS[k], _CLASS_ALPHA) for k in at]
    found = []
    for (low, high), colour in zip(pairwise(breaks), ramp[::-1] if flip else ramp, strict=True):
        label = f"≥ {low:g}" if high == _INF else f"{low:g} – {high:g}"
        # The last class of a share holds its end: there is nothing beyond.
        ends = closed or high in (1.0, _INF)
        found.append(ColourClass(low, high, colour, label, closed=ends))
    return found


def raster_qml(layer: CellLayer, band: int, values: F8) -> str:
    """Return the style of a raster of which one band is to be shown.

    Args:
        layer: What the band holds.
        band: Its number, from 1.
        values: Of the cells, NaN where there is none.
    """
    head = f'band="{band}" opacity="1" alphaBand="-1"'
    if layer is CellLayer.STATE:
        entries = "".join(
            f'<paletteEntry value="{k}" color="{_hex(colour)}" alpha="{colour[3]}" '
            f'label="{STATE_WORDS[state]}"/>'
            for k, (state, colour) in enumerate(zip(STATES, _STATE_COLOURS, strict=True))
        )
        renderer = (
            f'<rasterrenderer type="paletted" {head}><rasterTransparency/>'
            f"<colorPalette>{entries}</colorPalette></rasterrenderer>"
        )
    else:
        classes = classes_of(layer, values)
        items = "".join(
            f'<item value="{_last_of(one)}" label="{one.label}" color="{_hex(one.colour)}" '
            f'alpha="{one.colour[3]}"/>'
            for one in classes
        )
        renderer = (
            f'<rasterrenderer type="singlebandpseudocolor" {head} classificationMin="0" '
            f'classificationMax="{classes[-1].low:g}"><rasterTransparency/><rastershader>'
            '<colorrampshader colorRampType="DISCRETE" classificationMode="1" clip="0">'
            f"{items}</colorrampshader></rastershader></rasterrenderer>"
        )
    return _document(f"<pipe>{renderer}</pipe>")


def _last_of(one: ColourClass) -> str:
    """Return the last value of a class as QGIS wants it: its classes hold their upper bound."""
    if one.high == _INF:
        return "inf"
    if one.closed:
        return repr(one.high)
    return repr(float(np.nextafter(np.float32(one.high), np.float32(-np.inf))))


def cell_styles(values: Mapping[CellLayer, F8]) -> list[Style]:
    """Return the styles of a layer of cells: states first, then one for each numeric column.

    Cells whose looks no longer hold (column ``faded_from``) are dotted.
    """
    shown = "CASE WHEN &quot;faded_from&quot; IS NOT NULL THEN 'expired' ELSE &quot;state&quot; END"
    signs = {
        state.value: _fill(colour) for state, colour in zip(STATES, _STATE_COLOURS, strict=True)
    }
    signs["unseen"] += _fill(_HATCH, "b_diagonal")
    signs["expired"] = _fill(_ORANGE) + _fill(_EXPIRED, "dense6")
    words = {state.value: STATE_WORDS[state] for state in STATES} | {
        "expired": "已过期 a look that no longer holds"
    }
    categories = "".join(
        f'<category value="{name}" symbol="{k}" label="{words[name]}" render="true"/>'
        for k, name in enumerate(signs)
    )
    states = (
        f'<renderer-v2 type="categorizedSymbol" attr="{shown}" symbollevels="0">'
        f"<categories>{categories}</categories>{_symbols(list(signs.values()))}</renderer-v2>"
    )
    graded = [
        Style(layer.value, _document(_graduated(layer, classes_of(layer, numbers))))
        for layer, numbers in values.items()
        if layer not in (CellLayer.STATE, CellLayer.LAST_SEEN)
    ]
    return [Style("state", _document(states)), *graded]


def _graduated(layer: CellLayer, classes: Sequence[ColourClass]) -> str:
    top = 1e12
    ranges = "".join(
        f'<range lower="{one.low:.12g}" upper="{min(one.high, top):.12g}" symbol="{k}" '
        f'label="{one.label}" render="true"/>'
        for k, one in enumerate(classes)
    )
    return (
        f'<renderer-v2 type="graduatedSymbol" attr="{layer.value}" '
        f'graduatedMethod="GraduatedColor" symbollevels="0"><ranges>{ranges}</ranges>'
        f"{_symbols([_fill(one.colour) for one in classes])}</renderer-v2>"
    )


def _single(sign: str, kind: str = "fill") -> str:
    return (
        f'<renderer-v2 type="singleSymbol" symbollevels="0">{_symbols([sign], kind)}</renderer-v2>'
    )


def _labels(field: str) -> str:
    return (
        '<labeling type="simple"><settings><text-style '
        f'fieldName="{field}" isExpression="0" fontSize="9" textColor="23,33,43,255">'
        '<text-buffer bufferDraw="1" bufferSize="0.8" bufferColor="255,255,255,255"/>'
        "</text-style></settings></labeling>"
    )


def _symbols(signs: Sequence[str], kind: str = "fill") -> str:
    inner = "".join(
        f'<symbol name="{k}" type="{kind}" alpha="1" clip_to_extent="1" force_rhr="0">{sign}</symbol>'
        for k, sign in enumerate(signs)
    )
    return f"<symbols>{inner}</symbols>"


def _fill(colour: Rgba, style: str = "solid", outline: Rgba | None = None) -> str:
    return _sign(
        "SimpleFill",
        {
            "color": _channels(colour),
            "style": style,
            "outline_style": "no" if outline is None else "solid",
            "outline_color": _channels(outline or (0, 0, 0, 0)),
            "outline_width": "0.4",
            "outline_width_unit": "MM",
        },
    )


def _sign(kind: str, values: Mapping[str, str]) -> str:
    # QGIS reads the options, before 3.16 the properties.
    options = "".join(f'<Option type="QString" name="{k}" value="{v}"/>' for k, v in values.items())
    properties = "".join(f'<prop k="{k}" v="{v}"/>' for k, v in values.items())
    return (
        f'<layer class="{kind}" enabled="1" locked="0" pass="0">'
        f'<Option type="Map">{options}</Option>{properties}</layer>'
    )


def _document(content: str) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="3.22.0" styleCategories="Symbology|Labeling">{content}</qgis>\n'
    )


def _channels(colour: Rgba) -> str:
    return ",".join(map(str, colour))


def _hex(colour: Rgba) -> str:
    return f"#{colour[0]:02x}{colour[1]:02x}{colour[2]:02x}"


_INK: Rgba = (23, 33, 43, 255)
GAP_STYLE = Style(
    "gaps",
    _document(_single(_fill(_ORANGE) + _fill(_HATCH, "b_diagonal", _HATCH)) + _labels("rank")),
)
ACCESS_STYLE = Style(
    "access",
    _document(
        _single(
            _sign("SimpleMarker", {"name": "triangle", "color": _channels(_INK), "size": "3"}),
            "marker",
        )
        + _labels("rank")
    ),
)
AREA_STYLE = Style("areas", _document(_single(_fill((0, 0, 0, 0), "no", _INK)) + _labels("name")))

# QGIS makes its table of styles with these columns.
_TABLE = """CREATE TABLE IF NOT EXISTS "layer_styles" (
 "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "f_table_catalog" TEXT(256),
 "f_table_schema" TEXT(256), "f_table_name" TEXT(256), "f_geometry_column" TEXT(256),
 "styleName" TEXT(30), "styleQML" TEXT, "styleSLD" TEXT, "useAsDefault" BOOLEAN,
 "description" TEXT, "owner" TEXT(30), "ui" TEXT(30),
 "update_time" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""


def style_layers(path: Path, styles: Mapping[str, Sequence[Style]]) -> None:
    """Put styles into a GeoPackage; the first of each layer is the one QGIS opens it with."""
    with closing(sqlite3.connect(path)) as database, database:
        columns = dict(
            database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        )
        database.execute(_TABLE)
        database.execute(
            "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', 0)"
        )
        for layer, of_layer in styles.items():
            database.executemany(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
                "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, "
                "owner) VALUES ('', '', ?, ?, ?, ?, '', ?, 'geoinspect', '')",
                [
                    (layer, columns[layer], xml_text(style.name), style.qml, int(first == 0))
                    for first, style in enumerate(of_layer)
                ],
            )

"""The printable sheet of a plan: one A4 page a team, in Chinese and English, with no outside link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.errors import Text
from geoinspect.planning.records import Plan, PlanCells, Route

F8 = NDArray[np.float64]
Ground: TypeAlias = Polygon | MultiPolygon

_SIDE_PX = 640.0
_MARGIN_CELLS = 3
# More cells than this are drawn as the largest values only; paper shows no more.
_MAX_DRAWN = 4000
# So many rows leave room for the sketch on the page.
_MOST_MARKS = 20
_STYLE = """@page { size: A4; margin: 14mm }
body { font: 10pt/1.4 "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #111; margin: 0 }
section { break-after: page } section:last-child { break-after: auto }
h1 { font-size: 15pt; margin: 0 0 2mm } p { margin: 1mm 0 }
svg { width: 100%; max-height: 85mm; box-sizing: border-box; border: 1px solid #999 }
table { border-collapse: collapse; width: 100%; margin-top: 3mm; font-size: 8.5pt }
th, td { border: 1px solid #999; padding: .6mm 1.5mm; text-align: right }
thead { display: table-header-group } tr { break-inside: avoid }
.note { color: #444; font-size: 8.5pt }
@media screen { body { max-width: 182mm; margin: 14px auto; padding: 0 14px; overflow-wrap: break-word } }"""
_MEANING = Text(
    "“增益”是走完后系统灵敏度(有罂粟时能被发现的概率,按模型计算)的增加量,不是发现罂粟的概率。路线只标出要查看的土地,不针对任何人。",
    "“Gain” is what the walk adds to the system sensitivity (how probably poppy would be found if it "
    "grew here, by the model); it is not the probability of finding any. Routes point at ground, never at people.",
)


def plan_sheet(
    plan: Plan,
    cells: PlanCells,
    *,
    day: date,
    name: str = "",
    no_go: Sequence[Ground] = (),
    simulated: bool = False,
) -> str:
    """Return the sheet as one HTML text.

    The table has some marks of the way; who walks it follows the line on a phone.

    Args:
        plan: The routes.
        cells: What they were planned over.
        day: Printed as the date of the plan.
        name: Of the plan.
        no_go: Drawn dark, in the cells' CRS.
        simulated: Say on every page that the data is simulated.
    """
    head = " · ".join(filter(None, (name, day.isoformat())))
    pages = "".join(_page(plan, route, cells, head, no_go, simulated) for route in plan.routes)
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        f"<title>踏查路线 patrol plan {escape(head)}</title><style>{_STYLE}</style></head>\n"
        f"<body>{pages}</body></html>\n"
    )


def _page(plan: Plan, route: Route, cells: PlanCells, head: str, no_go: Sequence[Ground], simulated: bool) -> str:  # fmt: skip
    facts = (
        f"{head} · {route.length_m / 1000:.2f} km · {route.duration_s / 3600:.2f} 小时 h · "
        f"{route.cells} 格 cells · 增益 gain +{100 * route.gain:.2f} 个百分点 points · 全部 all teams "
        f"{100 * plan.confidence_before:.2f} % → {100 * plan.confidence_after:.2f} %"
    )
    marked = "<p><b>模拟数据 simulated data</b></p>" if simulated else ""
    return (
        f"<section><h1>踏查路线 · 第 {route.team} 队 / Patrol route, team {route.team}</h1>{marked}"
        f"<p>{escape(facts)}</p>{_sketch(route, cells, no_go)}"
        "<p class=note>底色越深,越值得查看;深灰为禁入区;圆点为出发点 / the darker the ground, the more is "
        "left to search; dark grey is no-go; the dot is the start</p>"
        f"<p class=note>{escape(_MEANING.zh)}</p><p class=note>{escape(_MEANING.en)}</p>"
        f"{_table(route, cells.crs)}</section>\n"
    )


def _table(route: Route, crs: str) -> str:
    """Return marks of the way, about evenly in time, with how far and how long they are away."""
    lon, lat = crs_.transform_xy(crs, crs_.WGS84, *route.line.T.copy())
    legs_m = np.hypot(*np.diff(route.line, axis=0).T)
    far_m, late_s = (np.concatenate([[0.0], np.cumsum(legs)]) for legs in (legs_m, route.leg_s))
    wanted_s = np.linspace(0.0, late_s[-1], min(_MOST_MARKS, len(late_s)))
    marks = np.unique(np.append(np.searchsorted(late_s, wanted_s), len(late_s) - 1))
    rows = [
        f"<tr><td>{number}<td>{lon[k]:.6f}<td>{lat[k]:.6f}<td>{far_m[k] / 1000:.2f}"
        f"<td>{late_s[k] / 60:.0f}"
        for number, k in enumerate(marks.tolist(), start=1)
    ]
    return (
        "<table><thead><tr><th>途中对照点 mark<th>经度 lon (WGS84)<th>纬度 lat<th>已走 so far km"
        f"<th>分钟 min</thead><tbody>{''.join(rows)}</tbody></table>"
        "<p class=note>全线请在手机上用 GPX 或 KML 跟走 / follow the whole line with the GPX or KML on a "
        "phone</p>"
    )


def _sketch(route: Route, cells: PlanCells, no_go: Sequence[Ground]) -> str:
    """Return an SVG of the cells under a route, the darker the more is still to be found there."""
    pad = _MARGIN_CELLS * cells.cell_m
    west, south = route.line.min(axis=0) - pad
    east, north = route.line.max(axis=0) + pad
    scale = _SIDE_PX / max(east - west, north - south)
    wide, high = (east - west) * scale, (north - south) * scale

    def at(points: F8) -> str:
        return " ".join(f"{(x - west) * scale:.1f},{(north - y) * scale:.1f}" for x, y in points)

    corners = np.column_stack([cells.col, cells.row]) * cells.cell_m + cells.origin_m
    shown = np.flatnonzero(
        (corners + cells.cell_m > (west, south)).all(axis=1) & (corners < (east, north)).all(axis=1)
    )
    left = cells.risk * (1 - cells.pod)
    shown = shown[np.argsort(-left[shown], kind="stable")][:_MAX_DRAWN]
    most = float(left[shown].max()) if len(shown) and left[shown].max() > 0 else 1.0
    side = cells.cell_m * scale
    squares = "".join(
        f'<rect x="{(corners[i, 0] - west) * scale:.1f}" '
        f'y="{(north - corners[i, 1]) * scale - side:.1f}" width="{side:.1f}" height="{side:.1f}" '
        f'fill="#b35806" fill-opacity="{0.05 + 0.55 * left[i] / most:.2f}"/>'
        for i in shown
    )
    closed = "".join(
        f'<polygon points="{at(np.asarray(part.exterior.coords)[:, :2])}" fill="#444" fill-opacity=".5"/>'
        for ground in no_go
        for part in (ground.geoms if isinstance(ground, MultiPolygon) else (ground,))
    )
    start = at(route.line[:1]).split(",")
    bar_m = 10 ** np.floor(np.log10(max(east - west, north - south) / 2))
    return (
        f'<svg viewBox="0 0 {wide:.0f} {high:.0f}" role="img" aria-label="route {route.team}">'
        f'{squares}{closed}<polyline points="{at(route.line)}" fill="none" stroke="#08306b" '
        f'stroke-width="1.6"/><circle cx="{start[0]}" cy="{start[1]}" r="5" fill="#08306b"/>'
        f'<path d="M8 {high - 8:.1f}h{bar_m * scale:.1f}" stroke="#000" stroke-width="3"/>'
        f'<text x="8" y="{high - 14:.1f}" font-size="13">{bar_m:g} m · 北上 north up</text></svg>'
    )

"""``geoinspect coverage gaps|export``: where to search next, and the cells for QGIS."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.asking import campaign_option, question_options
from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text, UsageError
from geoinspect.files import check_output, replaced_file
from geoinspect.records import MU_M2, CellState

if TYPE_CHECKING:
    from geoinspect.report.gap_files import GapRow

_GAP_SUFFIXES = (".gpx", ".kml", ".gpkg", ".csv")
_LACKED = {"unseen": CellState.TOUCHED, "uncleared": CellState.CLEARED}
_LAYERS = ("state", "pod", "last_seen", "risk", "sensitivity", "remaining")


@click.command()
@campaign_option
@question_options
@click.option(
    "--state",
    type=click.Choice(list(_LACKED)),
    default="unseen",
    show_default=True,
    help="缺什么:未查看或未查清 what the ground lacks.",
)
@click.option("--area", "area_code", help="辖区代码 code of an area.")
@click.option(
    "--top",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="列出前几块 how many, most area × risk first.",
)
@click.option("--out", type=FILE, help="gaps.gpx | .kml | .gpkg | .csv")
@json_option
@click.pass_obj
def gaps(
    workspace: Path | None,
    name: str | None,
    as_of: datetime | None,
    units: tuple[str, ...],
    teams: tuple[str, ...],
    methods: tuple[str, ...],
    state: str,
    area_code: str | None,
    top: int,
    out: Path | None,
    as_json: bool,
) -> int:
    """空白:成片未查的地面及入口 connected ground to search, ranked, with where to enter."""
    from geoinspect.gap_list import gap_rows
    from geoinspect.gathering import the_snapshot
    from geoinspect.report.gap_files import gap_file

    if out is not None:
        check_output(out, suffixes=_GAP_SUFFIXES)
    with open_workspace(workspace) as opened:
        snapshot = the_snapshot(opened, name, as_of, units, teams, methods)
        with opened.database.reading() as session:
            rows, total = gap_rows(session, snapshot, _LACKED[state], area_code=area_code, top=top)
    if out is not None:
        with replaced_file(out) as temp:
            temp.write_bytes(gap_file(out.suffix, rows))
        say(Text(f"已写入 {out}({len(rows)} 块)", f"wrote {out} ({len(rows)} gaps)"))
    if as_json:
        print_json(
            {
                "campaign": snapshot.campaign.name,
                "as_of": snapshot.as_of.isoformat(),
                "state": state,
                "total": total,
                "gaps": [_gap_json(row) for row in rows],
            }
        )
    else:
        _print_gaps(f"{snapshot.campaign.name} · {snapshot.as_of} · {total} 块 gaps", rows)
    return 0


def _gap_json(row: GapRow) -> dict[str, Any]:
    from shapely.geometry import mapping

    return {
        "rank": row.rank,
        "area": row.area_code,
        "area_name": row.area_name,
        "unit": row.unit_name,
        "area_m2": round(row.area_m2, 1),
        "risk": round(row.risk, 3),
        "cells": row.cells,
        "access": [round(value, 6) for value in row.access],
        "access_from": row.access_kind,
        "outline": mapping(row.outline),
    }


def _print_gaps(title: str, rows: list[GapRow]) -> None:
    from geoinspect.report.gap_files import ACCESS_WORDS

    columns = ("次序", "辖区 area", "单位 unit", "亩 mu", "公顷 ha", "风险 risk", "入口 access", "")
    print_table(
        title,
        columns,
        [
            (
                row.rank,
                row.area_name,
                row.unit_name,
                f"{row.area_m2 / MU_M2:.1f}",
                f"{row.area_m2 / 1e4:.2f}",
                f"{row.risk:.2f}",
                f"{row.access[0]:.5f},{row.access[1]:.5f}",
                ACCESS_WORDS[row.access_kind].zh,
            )
            for row in rows
        ],
    )


@click.command()
@click.argument("out", type=FILE)
@campaign_option
@question_options
@click.option(
    "--layers",
    default=",".join(_LAYERS),
    show_default=True,
    help="GeoTIFF 的波段 bands of the GeoTIFF.",
)
@json_option
@click.pass_obj
def export(
    workspace: Path | None,
    out: Path,
    name: str | None,
    as_of: datetime | None,
    units: tuple[str, ...],
    teams: tuple[str, ...],
    methods: tuple[str, ...],
    layers: str,
    as_json: bool,
) -> int:
    """导出网格,QGIS 打开即带样式 the cells as OUT.tif or OUT.gpkg that QGIS opens styled."""
    from geoinspect.gathering import cell_facts, the_snapshot
    from geoinspect.report.cell_rasters import write_cell_raster
    from geoinspect.report.coverage import write_cells

    check_output(out, suffixes=(".tif", ".gpkg"))
    wanted = _chosen(layers)
    with open_workspace(workspace) as opened:
        snapshot = the_snapshot(opened, name, as_of, units, teams, methods)
    facts = cell_facts(snapshot)
    written = [out]
    if out.suffix.lower() == ".gpkg":
        write_cells(out, facts)
    else:
        bands = {layer: facts.layers[layer] for layer in facts.layers if layer in wanted}
        ordered = dict(sorted(bands.items(), key=lambda one: wanted.index(one[0])))
        campaign = snapshot.campaign.name
        written = write_cell_raster(
            out, snapshot.ground, ordered, as_of=snapshot.as_of, title=campaign
        )
    if as_json:
        cells = len(snapshot.ground.cell_row)
        print_json({"files": [str(path) for path in written], "cells": cells})
    say(Text(f"已写入 {out}", f"wrote {out}"))
    return 0


def _chosen(layers: str) -> list[str]:
    wanted = [word.strip() for word in layers.replace("，", ",").split(",") if word.strip()]
    unknown = [word for word in wanted if word not in _LAYERS]
    if unknown or not wanted or len(set(wanted)) < len(wanted):
        raise UsageError(
            f"--layers 应从 {','.join(_LAYERS)} 中选取、不重复,得到“{layers[:80]}”",
            f"--layers takes each of {','.join(_LAYERS)} at most once, got {layers[:80]!r}",
            code="bad_layers",
        )
    return wanted

"""``geoinspect footprints | landmarks | terrain``: what others looked at, and what the ground is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from geoinspect.cli.asking import DAY
from geoinspect.cli.output import (
    json_option,
    open_workspace,
    print_json,
    print_table,
    refused,
    report_results,
)
from geoinspect.cli.tracks import FILE, day_of
from geoinspect.errors import InputError
from geoinspect.files import readable
from geoinspect.records import AddResult
from geoinspect.search_records import METHOD_WORDS, Method

_PICTURED = click.Choice([method.value for method in Method if not method.is_line])
_LANDMARKS = click.Choice(["houses", "roads", "water", "access"])


@click.group()
def footprints() -> None:
    """他人已查看的覆盖范围 outlines of pictures that others looked through."""


@footprints.command("add")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--kind", type=_PICTURED, help="种类 kind; 默认读要素 default: of each feature.")
@click.option("--taken", type=DAY, help="拍摄日期 day it was taken.")
@click.option("--rate", type=float, help="检出率 share of the targets that were found, 0–1.")
@click.option("--patch-m2", type=float, help="能看清的最小图斑 smallest patch that it holds for.")
@click.option("--unit", "unit_code", help="单位代码 unit code.")
@json_option
@click.pass_obj
def add_footprints(
    workspace: Path | None,
    files: tuple[Path, ...],
    kind: str | None,
    taken: datetime | None,
    rate: float | None,
    patch_m2: float | None,
    unit_code: str | None,
    as_json: bool,
) -> int:
    """把覆盖范围计入覆盖 count outlines as coverage; a feature may bring its own figures."""
    from geoinspect.intake import footprints as intake

    method = None if kind is None else Method(kind)
    tags = intake.FootprintTags(method, day_of(taken), rate, patch_m2, unit_code)
    with open_workspace(workspace) as opened:
        return _taken_in(
            files,
            lambda path: intake.add_footprints(opened, path, tags, actor="cli"),
            as_json=as_json,
        )


@footprints.command("list")
@json_option
@click.pass_obj
def list_footprints(workspace: Path | None, as_json: bool) -> int:
    """列出覆盖范围 list the outlines of the workspace."""
    from geoinspect import crs
    from geoinspect.store import searching

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows: list[dict[str, Any]] = [
            {
                "id": row.id,
                "name": row.name,
                "kind": row.method,
                "unit": row.unit_code,
                "taken": row.day.isoformat(),
                "rate": row.rate,
                "patch_m2": row.patch_m2,
                "area_m2": round(crs.geodesic_area_m2(row.geometry), 1),
                "file": row.file.name,
            }
            for row in searching.footprints(session)
        ]
    if as_json:
        print_json(rows)
        return 0
    columns = ("编号 id", "名称 name", "种类 kind", "单位 unit", "日期 taken", "检出率 rate")
    print_table(
        "覆盖范围 footprints",
        (*columns, "最小图斑 m²", "公顷 ha", "文件 file"),
        [
            (
                row["id"],
                row["name"],
                METHOD_WORDS[Method(row["kind"])].zh,
                *(row["unit"], row["taken"]),
                "按表 table" if row["rate"] is None else row["rate"],
                *(row["patch_m2"], f"{row['area_m2'] / 1e4:.2f}", row["file"]),
            )
            for row in rows
        ],
    )
    return 0


@click.group()
def landmarks() -> None:
    """房屋、道路、水系、入口 houses, roads, water, ways in."""


@landmarks.command("add")
@click.argument("file", type=FILE)
@click.option("--kind", required=True, type=_LANDMARKS, help="种类 kind.")
@json_option
@click.pass_obj
def add_landmarks(workspace: Path | None, file: Path, kind: str, as_json: bool) -> int:
    """导入图层,替换同类的旧图层 add a layer in the place of the earlier one of its kind."""
    from geoinspect.ingest.landmarks import LandmarkKind
    from geoinspect.intake import layers

    with open_workspace(workspace) as opened:
        result = layers.add_landmarks(opened, file, LandmarkKind(kind), actor="cli")
    return report_results([result], [], as_json=as_json)


@landmarks.command("list")
@json_option
@click.pass_obj
def list_landmarks(workspace: Path | None, as_json: bool) -> int:
    """各类要素的数量 how many features of each kind there are."""
    from geoinspect.ingest.landmarks import LandmarkKind
    from geoinspect.store import searching

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = [
            {"kind": kind.value, "features": len(searching.landmarks(session, kind.value))}
            for kind in LandmarkKind
        ]
    if as_json:
        print_json(rows)
    else:
        columns = ("种类 kind", "要素 features")
        print_table("地物 landmarks", columns, [tuple(row.values()) for row in rows])
    return 0


@click.group()
def terrain() -> None:
    """高程 elevation."""


@terrain.command("add")
@click.argument("file", type=FILE)
@json_option
@click.pass_obj
def add_terrain(workspace: Path | None, file: Path, as_json: bool) -> int:
    """导入高程模型(物候、坡度、步速) add an elevation model, for growth, slope and speed."""
    from geoinspect.intake import layers

    with open_workspace(workspace) as opened:
        result = layers.add_terrain(opened, file, actor="cli")
    return report_results([result], [], as_json=as_json)


def _taken_in(files: tuple[Path, ...], take: Callable[[Path], AddResult], *, as_json: bool) -> int:
    results: list[AddResult] = []
    refusals: list[dict[str, Any]] = []
    for path in files:
        try:
            results.append(take(path))
        except InputError as error:
            refusals.append(refused(readable(path), error))
    return report_results(results, refusals, as_json=as_json)

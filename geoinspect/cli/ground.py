"""``geoinspect units | areas | zones | campaigns``: who answers for which ground, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click

from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text
from geoinspect.records import Level, ZoneKind

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def units() -> None:
    """单位 units."""


@units.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--parent", help="上级单位代码 parent unit.")
@click.pass_obj
def add_unit(workspace: Path | None, code: str, name: str, parent: str | None) -> int:
    """登记单位 add a unit."""
    from geoinspect.store import audit, grounds

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        grounds.require_unit(session, parent)
        new = grounds.add_unit(session, code=code, name=name, parent_code=parent)
        audit.record(session, actor="cli", action="unit.add", subject=code, details={"name": name})
    say(
        Text(
            f"{'已登记' if new else '已更新'}单位 {code}",
            f"unit {code} {'added' if new else 'updated'}",
        )
    )
    return 0


@units.command("list")
@json_option
@click.pass_obj
def list_units(workspace: Path | None, as_json: bool) -> int:
    """列出单位 list units."""
    from geoinspect.store import grounds

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = [
            {"code": u.code, "name": u.name, "parent": u.parent_code}
            for u in grounds.units(session)
        ]
    _show("单位 units", rows, as_json=as_json)
    return 0


@click.group()
def areas() -> None:
    """辖区 areas."""


@areas.command("add")
@click.argument("file", type=FILE)
@click.option("--level", type=click.Choice([v.value for v in Level]), help="级别 level of all.")
@click.option("--code-field", help="代码字段 field with the code.")
@click.option("--name-field", help="名称字段 field with the name.")
@click.option("--parent-field", help="上级字段 field with the parent's code.")
@click.option("--level-field", help="级别字段 field with the level.")
@click.option("--unit-field", help="责任单位字段 field with the responsible unit.")
@json_option
@click.pass_obj
def add_areas(
    workspace: Path | None,
    file: Path,
    level: str | None,
    code_field: str | None,
    name_field: str | None,
    parent_field: str | None,
    level_field: str | None,
    unit_field: str | None,
    as_json: bool,
) -> int:
    """导入辖区边界 import boundaries."""
    from geoinspect import pipeline
    from geoinspect.ingest.areas import FieldChoice

    chosen = FieldChoice(code_field, name_field, parent_field, level_field, unit_field)
    with open_workspace(workspace) as opened:
        added, replaced, problems = pipeline.add_areas(
            opened, file, actor="cli", level=Level(level) if level else None, chosen=chosen
        )
    if as_json:
        print_json(
            {"added": added, "replaced": replaced, "problems": [p.as_json() for p in problems]}
        )
    say(
        Text(
            f"辖区:新增 {added} 个,更新 {replaced} 个", f"areas: {added} added, {replaced} replaced"
        )
    )
    for problem in problems:
        say(problem.text)
    return 0


@areas.command("list")
@json_option
@click.pass_obj
def list_areas(workspace: Path | None, as_json: bool) -> int:
    """列出辖区 list areas."""
    from geoinspect.store import grounds

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = [
            {
                "code": a.code,
                "name": a.name,
                "level": a.level,
                "parent": a.parent_code,
                "unit": a.unit_code,
                "area_m2": round(a.area_m2, 1),
            }
            for a in grounds.areas(session)
        ]
    _show("辖区 areas", rows, as_json=as_json)
    return 0


@click.group()
def zones() -> None:
    """重点区域 zones."""


@zones.command("add")
@click.argument("file", type=FILE)
@click.option(
    "--kind", required=True, type=click.Choice([k.value for k in ZoneKind]), help="类型 kind."
)
@json_option
@click.pass_obj
def add_zones(workspace: Path | None, file: Path, kind: str, as_json: bool) -> int:
    """导入重点区域 import zones."""
    from geoinspect import pipeline

    with open_workspace(workspace) as opened:
        added, problems = pipeline.add_zones(opened, file, kind=ZoneKind(kind), actor="cli")
    if as_json:
        print_json({"added": added, "problems": [p.as_json() for p in problems]})
    say(Text(f"区域:新增 {added} 个", f"zones: {added} added"))
    for problem in problems:
        say(problem.text)
    return 0


@zones.command("licences")
@json_option
@click.pass_obj
def show_licences(workspace: Path | None, as_json: bool) -> int:
    """列出合法种植许可,并核对图斑 list licences, with what patches say of each."""
    from geoinspect.casework.licence_growth import growth_told
    from geoinspect.casework.told import today_of

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        told = growth_told(session, today_of())
    if as_json:
        print_json(told)
        return 0
    keys = [
        *("zone", "name", "licence_no", "valid_from", "valid_to"),
        *("state", "days_left", "licence_m2"),
    ]
    print_table(
        "合法种植许可 licences",
        (*keys, "problems"),
        [
            (
                *(one[key] for key in keys),
                ";".join(p["message_zh"] for s in one["surveys"] for p in s["problems"]) or None,
            )
            for one in told
        ],
    )
    return 0


@zones.command("relicense")
@json_option
@click.pass_obj
def relicense_patches(workspace: Path | None, as_json: bool) -> int:
    """按现有许可重新判定图斑 judge stored patches anew by the licences there are."""
    from geoinspect.casework.licences import relicense

    with open_workspace(workspace) as opened:
        told = relicense(opened, actor="cli")
    if as_json:
        print_json(told)
    say(
        Text(
            f"{told['licensed']} 个图斑改为合法种植,{told['suspected']} 个改为疑似",
            f"{told['licensed']} patches became licensed, {told['suspected']} suspected",
        )
    )
    return 0


@click.group()
def campaigns() -> None:
    """行动 campaigns."""


@campaigns.command("add")
@click.argument("name")
@click.option("--area", "area_code", required=True, help="辖区代码 area code.")
@click.option("--from", "start", required=True, type=DAY, help="开始日期 first day.")
@click.option("--to", "end", required=True, type=DAY, help="结束日期 last day.")
@click.option("--cell", "cell_m", required=True, type=float, help="网格边长 cell size, m.")
@json_option
@click.pass_obj
def add_campaign(
    workspace: Path | None,
    name: str,
    area_code: str,
    start: datetime,
    end: datetime,
    cell_m: float,
    as_json: bool,
) -> int:
    """建立行动 make a campaign and sweep what is already there onto it."""
    from geoinspect.intake import open_campaign

    with open_workspace(workspace) as opened:
        row, looks = open_campaign(
            opened,
            name,
            area_code=area_code,
            start=start.date(),
            end=end.date(),
            cell_m=cell_m,
            actor="cli",
        )
    if as_json:
        print_json(
            {
                "id": row.id,
                "name": name,
                "crs": row.crs,
                "cell_m": cell_m,
                "bit_m": cell_m / row.side,
                "looks": looks,
            }
        )
    say(
        Text(
            f"已建立行动“{name}”({row.crs},{cell_m:g} 米网格,最小 {cell_m / row.side:.1f} 米),计入 {looks} 个已有来源",
            f"campaign {name} made ({row.crs}, {cell_m:g} m cells seen in bits of {cell_m / row.side:.1f} m), "
            f"{looks} earlier sources counted",
        )
    )
    return 0


@campaigns.command("sweep")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def sweep_campaign(workspace: Path | None, name: str | None, as_json: bool) -> int:
    """重新计算全部覆盖(改了物候表后) make every look anew, say after growth.toml changed."""
    from geoinspect.intake.opening import resweep
    from geoinspect.store import grounds

    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            row = grounds.campaign(session, name)
        looks = resweep(opened, row.id, actor="cli")
    if as_json:
        print_json({"campaign": row.name, "looks": looks})
    say(Text(f"“{row.name}”:{looks} 个来源已重新计入", f"{row.name}: {looks} sources counted anew"))
    return 0


@campaigns.command("close")
@click.argument("name")
@json_option
@click.pass_obj
def end_campaign(workspace: Path | None, name: str, as_json: bool) -> int:
    """今天结束行动,已计入的不变 end a running campaign today; what counts stays."""
    from geoinspect.casework.told import today_of
    from geoinspect.intake.campaign_asking import close_campaign
    from geoinspect.store import grounds

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        row = grounds.campaign(session, name)
        close_campaign(session, row, today=today_of(), actor="cli")
        end = row.end
    if as_json:
        print_json({"campaign": name, "to": str(end)})
    say(Text(f"行动“{name}”于 {end} 结束", f"the campaign {name} ends on {end}"))
    return 0


@campaigns.command("list")
@json_option
@click.pass_obj
def list_campaigns(workspace: Path | None, as_json: bool) -> int:
    """列出行动 list campaigns."""
    from geoinspect.store import grounds

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = [
            {
                "id": c.id,
                "name": c.name,
                "area": c.area_code,
                "from": str(c.start),
                "to": str(c.end),
                "cell_m": c.cell_m,
                "crs": c.crs,
            }
            for c in grounds.campaigns(session)
        ]
    _show("行动 campaigns", rows, as_json=as_json)
    return 0


def _show(title: str, rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    else:
        print_table(title, list(rows[0]) if rows else ["—"], [list(r.values()) for r in rows])

"""``geoinspect cases from-patches | from-targets | sighting``: where cases come from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_table,
    say,
)
from geoinspect.errors import Text, UsageError

if TYPE_CHECKING:
    from geoinspect.store.workspace import Workspace

_SURE = ("confirmed", "not_poppy", "licensed")


def add_source_commands(cases_group: click.Group) -> None:
    """Add the commands of this module to ``geoinspect cases``."""
    for command in (from_patches, from_targets, sighting):
        cases_group.add_command(command)


@click.command("from-patches")
@click.argument("patches", nargs=-1, type=ROW_ID)
@click.option("--survey", type=ROW_ID, help="航测编号 survey.")
@click.option("--settled", is_flag=True, help="复核为像罂粟的 those that review settled as poppy.")
@click.option("--first", type=click.IntRange(1, 500), help="排序最前的几个 the first by rank.")
@click.option(
    "--one/--each",
    "one_case",
    default=None,
    help="合为一条/一个图斑一条;默认一个地块一条 one case, one each; by default one a plot.",
)
@click.option("--note", default="", help="备注 note.")
@click.option("--dry-run", is_flag=True, help="只看不做 only show what would be done.")
@json_option
@click.pass_obj
def from_patches(
    workspace: Path | None,
    patches: tuple[int, ...],
    survey: int | None,
    settled: bool,
    first: int | None,
    one_case: bool | None,
    note: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """为图斑立线索,已有线索的只关联 open cases for patches, or link them with open ones."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.from_patches import cases_from_patches, propose

    with open_workspace(workspace) as opened:
        chosen = _chosen(opened, patches, survey, settled=settled, first=first)
        if dry_run:
            with opened.database.reading() as session:
                proposal = propose(opened, session, chosen)
            _show_proposal(proposal, as_json=as_json)
            return 0
        done = cases_from_patches(opened, chosen, COMMAND_LINE, one_case=one_case, note=note)
    rows = [
        (one["number"], one["title"], words, len(one["patches"]))
        for key, words in (
            ("opened", "新立 opened"),
            ("linked", "关联 linked"),
            ("known", "已有 known"),
        )
        for one in done[key]
    ]
    if as_json:
        print_json(done)
    else:
        columns = ("编号 number", "名称 title", "结果 result", "图斑 patches")
        print_table("线索 cases", columns, rows)
    say(
        Text(
            f"新立 {len(done['opened'])} 条,关联 {len(done['linked'])} 条",
            f"{len(done['opened'])} cases opened, {len(done['linked'])} linked",
        )
    )
    return 0


@click.command("from-targets")
@click.argument("list_id", metavar="LIST", type=ROW_ID)
@click.argument("targets", nargs=-1, type=ROW_ID)
@click.option("--unmatched", is_flag=True, help="全部未吻合靶标 every unmatched target.")
@click.option("--note", default="", help="备注 note.")
@json_option
@click.pass_obj
def from_targets(
    workspace: Path | None,
    list_id: int,
    targets: tuple[int, ...],
    unmatched: bool,
    note: str,
    as_json: bool,
) -> int:
    """为靶标立线索 open cases for satellite targets."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.target_book import cases_from_targets
    from geoinspect.casework.target_match import match_list

    with open_workspace(workspace) as opened:
        chosen = list(targets)
        if unmatched:
            with opened.database.reading() as session:
                told = match_list(session, list_id)
            chosen += [one["id"] for one in told["unmatched_targets"] if one["case"] is None]
        done = cases_from_targets(opened, list_id, chosen, COMMAND_LINE, note=note)
    if as_json:
        print_json(done)
    else:
        rows = [(one["number"], one["title"], one["target"]) for one in done["opened"]]
        print_table("线索 cases", ("编号 number", "名称 title", "靶标 target"), rows)
    say(
        Text(
            f"新立 {len(done['opened'])} 条,已有 {len(done['known'])} 条",
            f"{len(done['opened'])} cases opened, {len(done['known'])} were there",
        )
    )
    return 0


@click.command("sighting")
@click.option("--lon", type=click.FloatRange(-180, 180), required=True, help="经度 longitude.")
@click.option("--lat", type=click.FloatRange(-90, 90), required=True, help="纬度 latitude.")
@click.option("--title", default="", help="名称 title; by default the place's name.")
@click.option("--note", default="", help="备注 note.")
@click.option("--track", type=ROW_ID, help="轨迹编号 track.")
@click.option("--outcome", type=click.Choice(_SURE), help="现场结论 what it is, when known.")
@click.option("--plants", type=click.IntRange(0), help="株数 plants counted.")
@click.option("--area-m2", type=float, help="面积 area, m².")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="日期 day it was seen.")
@json_option
@click.pass_obj
def sighting(
    workspace: Path | None,
    lon: float,
    lat: float,
    title: str,
    note: str,
    track: int | None,
    outcome: str | None,
    plants: int | None,
    area_m2: float | None,
    day: datetime | None,
    as_json: bool,
) -> int:
    """登记踏查发现 open a case for what a patrol saw."""
    import shapely

    from geoinspect.cases.records import Outcome
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.from_sightings import NewSighting, case_from_sighting

    said = {"plants": plants, "area_m2": area_m2, "day": None if day is None else str(day.date())}
    facts = {name: value for name, value in said.items() if value is not None}
    if outcome is None and facts.keys() - {"day"}:
        raise UsageError(
            "株数和面积属于现场核查:请同时给出 --outcome",
            "plants and area belong to a verification: give --outcome too",
            code="no_outcome",
        )
    new = NewSighting(
        ground=shapely.Point(lon, lat),
        title=title,
        note=note,
        track_id=track,
        outcome=None if outcome is None else Outcome(outcome),
        facts=facts,
    )
    with open_workspace(workspace) as opened:
        done = case_from_sighting(opened, new, COMMAND_LINE, now=datetime.now(UTC))
    if as_json:
        print_json(done)
    say(
        Text(
            f"已立线索 {done['number']}“{done['title']}”,回执 {done['receipt']}",
            f"case {done['number']} “{done['title']}” opened, receipt {done['receipt']}",
        )
    )
    for one in done["near"]:
        say(
            Text(
                f"附近 {one['distance_m']} 米有线索 {one['number']}:请看是否同一处",
                f"case {one['number']} is {one['distance_m']} m away: see whether it is the same",
            )
        )
    return 0


def _chosen(
    opened: Workspace,
    patches: tuple[int, ...],
    survey: int | None,
    *,
    settled: bool,
    first: int | None,
) -> list[int]:
    from geoinspect.casework.from_patches import choose_patches

    choosing = settled or first is not None
    if choosing != (survey is not None):
        raise UsageError(
            "--survey 与 --settled 或 --first 一起使用;否则请直接给出图斑编号",
            "--survey goes with --settled or --first; else name the patches",
            code="bad_option",
        )
    chosen = list(patches)
    if survey is not None:
        with opened.database.reading() as session:
            chosen += choose_patches(opened, session, survey, settled=settled, first=first)
    return chosen


def _show_proposal(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    rows = [(one["patch"], one["case"]["number"], "已有 known") for one in told["known"]]
    rows += [(one["patch"], one["case"]["number"], "关联 join") for one in told["joins"]]
    for plot in told["plots"]:
        rows.append((", ".join(map(str, plot["patches"])), plot["title"], "新立 new"))
    print_table("拟办 proposal", ("图斑 patches", "线索 case", "结果 result"), rows)

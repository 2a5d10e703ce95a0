"""``geoinspect work``: the lists of a unit's work, and a field person's day."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.asking import place_of
from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.cli.tracks import FILE
from geoinspect.errors import NotFoundError, Text
from geoinspect.files import check_output, replaced_file

if TYPE_CHECKING:
    from geoinspect.snapshot import Snapshot
    from geoinspect.store.workspace import Workspace


@click.group()
def work() -> None:
    """工作清单 work: 任务、问题、责任清单, and a field person's day."""


@work.command("list")
@click.option("--unit", help="单位 unit; 默认全部 default: all.")
@click.option("--area", help="辖区 area.")
@click.option("--out", type=FILE, help="FILE.xlsx")
@json_option
@click.pass_obj
def work_list(
    workspace: Path | None, unit: str | None, area: str | None, out: Path | None, as_json: bool
) -> int:
    """任务、问题、责任清单 tasks, problems and duties of a unit and all below it."""
    from geoinspect.casework.told import today_of
    from geoinspect.casework.work import work_of
    from geoinspect.report.work_files import write_work_book

    if out is not None:
        check_output(out, suffixes=(".xlsx",))
    with open_workspace(workspace) as opened:
        snapshot = newest_snapshot(opened)
        with opened.database.reading() as session:
            told = work_of(opened, session, unit, today_of(), snapshot=snapshot, area_code=area)
        if out is not None:
            with replaced_file(out) as path:
                write_work_book(path, told, simulated=opened.settings.simulated)
            say(Text(f"已写入 {out}", f"wrote {out}"))
    if as_json:
        print_json(told)
        return 0
    for key, words in (("tasks", "任务清单 tasks"), ("problems", "问题清单 problems")):
        _print_counts(f"{words} {told['as_of']}", told[key], told["words"])
    rows = [
        [row["name"], row["unit"], row["open"], row["overdue"], row["standing"], row["sites"]]
        for row in told["duties"]["rows"]
    ]
    columns = (
        "辖区 area",
        "单位 unit",
        "未结 open",
        "超期 overdue",
        "未铲除 standing",
        "部位 sites",
    )
    print_table(f"责任清单 duties {told['as_of']}", columns, rows)
    return 0


@work.command("today")
@click.option("--by", "user", required=True, help="哪位用户 whose day.")
@click.option(
    "--from", "place", help="出发地 经度,纬度 LON,LAT; 默认辖区中部 default: unit's ground."
)
@click.option(
    "--stops",
    type=click.IntRange(1, 30),
    default=8,
    show_default=True,
    help="路线点数 stops of the route.",
)
@click.option("--out", type=FILE, help="FILE.gpx")
@json_option
@click.pass_obj
def day(
    workspace: Path | None,
    user: str,
    place: str | None,
    stops: int,
    out: Path | None,
    as_json: bool,
) -> int:
    """今日 the day of a field person: nearest cases, sites and gaps, and the way through them."""
    from geoinspect.casework.actors import Actor
    from geoinspect.casework.today import today_gpx, today_of_person
    from geoinspect.casework.told import today_of
    from geoinspect.store import people

    if out is not None:
        check_output(out, suffixes=(".gpx",))
    start = None if place is None else place_of(place, "--from")
    with open_workspace(workspace) as opened:
        snapshot = newest_snapshot(opened)
        with opened.database.reading() as session:
            row = people.user_named(session, user)
            if row is None:
                raise NotFoundError(
                    f"没有用户“{user}”", f"there is no user {user!r}", code="no_user"
                )
            actor = Actor(row.name, row.role, row.unit_code)
            told = today_of_person(
                opened, session, actor, today_of(), place=start, stops=stops, snapshot=snapshot
            )
    if out is not None:
        with replaced_file(out) as path:
            path.write_text(today_gpx(told), "utf-8")
        say(Text(f"已写入 {out}", f"wrote {out}"))
    if as_json:
        print_json(told)
        return 0
    rows = [
        [card["task"], card["name"], card["what"], card["deadline"], card.get("distance_m")]
        for card in told["cards"]
    ]
    columns = ("做什么 task", "编号 number", "内容 what", "期限 due", "距离(米) metres")
    print_table(f"今日 today {told['as_of']}", columns, rows)
    return 0


def newest_snapshot(opened: Workspace, name: str | None = None) -> Snapshot | None:
    """Return the coverage of a campaign, of the newest without a name; None where there is none.

    Raises:
        NotFoundError: There is no campaign of this name.
    """
    from geoinspect.snapshot import take_snapshot
    from geoinspect.store import grounds

    with opened.database.reading() as session:
        if name is None and not grounds.campaigns(session):
            return None
        campaign_id = grounds.campaign(session, name).id
    return take_snapshot(opened, campaign_id)


def _print_counts(title: str, listed: Mapping[str, Any], words: Mapping[str, Any]) -> None:
    names = {**words["task"], **words["trouble"]}
    rows = [
        [f"{names[key]['zh']} {names[key]['en']}", count, listed["overdue"].get(key, 0)]
        for key, count in listed["counts"].items()
    ]
    print_table(title, ("项目 what", "数量 count", "超期 overdue"), rows)

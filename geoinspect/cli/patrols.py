"""``geoinspect patrols``: who went where, what of it is valid, and the month's indicators."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.errors import Text, UsageError
from geoinspect.ingest.roster import read_roster

MONTH = click.DateTime(["%Y-%m"])
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def patrols() -> None:
    """踏查 patrols."""


@patrols.command("list")
@click.option("--from", "start", type=DAY, help="起始日期 first day.")
@click.option("--to", "end", type=DAY, help="截止日期 last day.")
@json_option
@click.pass_obj
def list_(
    workspace: Path | None, start: datetime | None, end: datetime | None, as_json: bool
) -> int:
    """列出踏查 list patrols; team members' copies of one walk count once."""
    from geoinspect.patrol_book import patrol_list

    first = (start or datetime(1970, 1, 1)).date()  # noqa: DTZ001 - a day, not a moment
    last = (end or datetime(2199, 12, 31)).date()  # noqa: DTZ001 - a day, not a moment
    if first > last:
        raise UsageError(
            f"起始日期 {first} 在截止日期 {last} 之后,请对调",
            f"the first day {first} comes after the last day {last}: exchange them",
        )
    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = patrol_list(opened, session, start=first, end=last)
    if as_json:
        print_json(rows)
    else:
        columns = ["id", "day", "unit_code", "team", "mode", "distance_m", "person_hours", "valid"]
        print_table("踏查 patrols", columns, [[row[name] for name in columns] for row in rows])
    return 0


@patrols.command()
@click.argument("month", type=MONTH)
@json_option
@click.pass_obj
def month(workspace: Path | None, month: datetime, as_json: bool) -> int:
    """月度指标 the month's indicators, MONTH as 2027-05."""
    from geoinspect.patrol_book import month_report

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        report: dict[str, Any] = month_report(opened, session, month.date())
    if as_json:
        print_json(report)
        return 0
    columns = ["unit_code", "roster", "online_rate", "patrol_rate", "reach_rate", "person_hours"]
    units: list[dict[str, Any]] = [*report["units"], report["total"]]
    rows = [[row[name] for name in columns] for row in units]
    names = ["单位 unit", "名册 roster", "上线率", "上线巡护率", "出巡达标率", "人时 hours"]
    print_table(f"{report['month']}", names, rows)
    for text in (*report["missing"], *report["definitions"]):
        click.echo(f"· {text['zh']}\n  {text['en']}")
    return 0


@patrols.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def roster(workspace: Path | None, file: Path, as_json: bool) -> int:
    """导入人员名册 take in a roster: CSV, person code and unit code a row."""
    from geoinspect.store import grounds
    from geoinspect.store import patrols as book

    people = read_roster(file)
    with open_workspace(workspace) as opened, opened.database.writing() as session:
        for unit in sorted({unit for _, unit in people if unit is not None}):
            grounds.require_unit(session, unit)
        added, moved = book.set_roster(session, people)
    if as_json:
        print_json({"added": added, "moved": moved, "people": len(people)})
    else:
        say(Text(f"名册:新增 {added} 人,调整 {moved} 人", f"roster: {added} new, {moved} moved"))
    return 0

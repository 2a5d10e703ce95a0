"""``geoinspect cases standing``: what was confirmed and how it stands, and the statement of a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from geoinspect.cli.asking import DAY, campaign_option, level_option
from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.cli.work import newest_snapshot
from geoinspect.errors import Text, UsageError
from geoinspect.records import Level


def add_standing_commands(group: click.Group) -> None:
    """Add the command to the group ``cases``."""
    group.add_command(standing)


@click.command()
@click.option("--area", help="辖区 area; 默认行动的辖区 default: the campaign's.")
@level_option
@campaign_option
@click.option("--date", "day", type=DAY, help="某日之后无存活 nothing standing after this day.")
@json_option
@click.pass_obj
def standing(
    workspace: Path | None,
    area: str | None,
    level: str,
    name: str | None,
    day: datetime | None,
    as_json: bool,
) -> int:
    """零产量 zero yield: confirmed and not eradicated, days left to harvest, by area."""
    from geoinspect.casework.nothing_standing import nothing_standing_after
    from geoinspect.casework.told import today_of
    from geoinspect.casework.zero_yield import standing_of

    today = today_of()
    with open_workspace(workspace) as opened:
        snapshot = newest_snapshot(opened, name)
        with opened.database.reading() as session:
            told = standing_of(
                opened, session, today, snapshot=snapshot, area_code=area, level=Level(level)
            )
            if day is not None:
                if told["area"] is None:
                    raise UsageError(
                        "请用 --area 指定辖区:没有行动可作默认",
                        "say which area with --area: there is no campaign to take it from",
                        code="no_area_given",
                    )
                told["statement"] = nothing_standing_after(
                    session, told["area"], day.date(), today, snapshot=snapshot
                )
    if as_json:
        print_json(told)
        return 0
    _print(told)
    return 0


def _print(told: Mapping[str, Any]) -> None:
    rows = [
        [
            row["name"],
            row["found"],
            row["standing"],
            row["plants"]["sum"],
            row["to_recheck"] + row["doubted"],
            row["clean"],
            row["overdue"],
            None if row["unseen_share"] is None else f"{row['unseen_share']:.1%}",
            None if row["p_clean"] is None else f"{row['p_clean']['p']:.3f}",
        ]
        for row in told["rows"]
    ]
    columns = (
        *("辖区 area", "确认 found", "未铲除 standing", "株 plants", "待复查 to recheck"),
        *("复查干净 clean", "超期 overdue", "未查看 unseen", "P(无种植)P(clean)"),
    )
    print_table(f"零产量 zero yield {told['as_of']}", columns, rows)
    lines = [
        [
            one["number"],
            one["title"],
            one["area_name"],
            one["confirmed_on"],
            None if one["harvest"] is None else one["harvest"]["earliest"],
            None if one["harvest"] is None else one["harvest"]["days_left"],
        ]
        for one in told["standing"]
    ]
    heads = (
        *("编号 number", "名称 what", "辖区 area", "确认 confirmed"),
        *("最早收获 harvest from", "剩余天数 days left"),
    )
    print_table("未铲除 standing", heads, lines)
    if told["outside"]:
        say(
            Text(
                f"{told['outside']} 处种植不在任何辖区内,不计入各辖区",
                f"growing places outside all areas, in no area's figures: {told['outside']}",
            )
        )
    if "statement" in told:
        said = told["statement"]
        say(Text(said["sentence_zh"], said["sentence"]))

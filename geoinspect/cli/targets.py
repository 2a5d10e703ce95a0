"""``geoinspect targets``: what can be looked for, and the satellite targets to match with."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    nearby_workspace,
    open_workspace,
    print_json,
    print_table,
    say,
)
from geoinspect.errors import Text
from geoinspect.records import Datum

if TYPE_CHECKING:
    from geoinspect.detect.targets import TargetTable


def table_in_use(workspace: Path | None) -> TargetTable:
    """Return the table of targets of ``-w``, of the environment, or of the current folder.

    Raises:
        UsageError: The workspace's own table can't be used.
    """
    from geoinspect.detect.targets import targets_of

    return targets_of(workspace or nearby_workspace())


@click.group()
def targets() -> None:
    """检测对象与卫星靶标 what is looked for, and satellite targets."""


@targets.command("list")
@json_option
@click.pass_obj
def list_targets(workspace: Path | None, as_json: bool) -> int:
    """列出检测对象 list the targets, the default first."""
    table = table_in_use(workspace)
    rows: list[dict[str, Any]] = [
        {
            "key": target.key,
            "name": target.en,
            "name_zh": target.zh,
            "ranking": target.ranking or None,
            "smallest_m2": target.size_m2[0],
            "largest_m2": target.size_m2[1],
            "look_for": [words.en for words in target.words],
            "look_for_zh": [words.zh for words in target.words],
        }
        for target in table.targets
    ]
    if as_json:
        print_json(rows)
        return 0
    print_table(
        "检测对象 targets",
        ("名称 key", "植物 plant", "排序模型 ranking", "m²", "看什么 look for"),
        [
            (
                *(row["key"], f"{row['name_zh']} {row['name']}", row["ranking"]),
                f"{row['smallest_m2']:g}–{row['largest_m2']:g}",
                ";".join(row["look_for_zh"]),
            )
            for row in rows
        ],
    )
    return 0


@targets.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tolerance", "tolerance_m", type=float, help="比对容差 tolerance, m.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="清单日期 day of the list.")
@click.option("--datum", type=click.Choice([d.value for d in Datum]), help="坐标系 datum.")
@click.option("--crs", help="平面坐标的坐标系 CRS of metres, EPSG:n.")
@json_option
@click.pass_obj
def import_list(
    workspace: Path | None,
    file: Path,
    tolerance_m: float | None,
    day: datetime | None,
    datum: str | None,
    crs: str | None,
    as_json: bool,
) -> int:
    """导入卫星靶标清单 import a list of satellite targets."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.target_book import import_targets

    with open_workspace(workspace) as opened:
        done = import_targets(
            opened,
            file,
            COMMAND_LINE,
            tolerance_m=tolerance_m,
            day=_day(day),
            datum=None if datum is None else Datum(datum),
            crs=crs,
        )
    if as_json:
        print_json(
            {
                "list": done.list_id,
                "name": done.name,
                "targets": done.targets,
                "again": done.again,
                "problems": [problem.as_json() for problem in done.problems],
            }
        )
    came, came_en = ("此前已导入", "was imported before") if done.again else ("已导入", "imported")
    say(
        Text(
            f"靶标清单 {done.list_id} {came}:{done.targets} 个靶标",
            f"target list {done.list_id} {came_en}: {done.targets} targets",
        )
    )
    for problem in done.problems:
        say(problem.text)
    return 0


@targets.command("lists")
@json_option
@click.pass_obj
def show_lists(workspace: Path | None, as_json: bool) -> int:
    """列出靶标清单 list the target lists, newest first."""
    from geoinspect.casework.target_book import lists_told

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        told = lists_told(session)
    if as_json:
        print_json(told)
        return 0
    print_table(
        "靶标清单 target lists",
        ("编号 id", "名称 name", "日期 day", "靶标 targets", "未用行 refused", "容差 m"),
        [
            (*(one[key] for key in ("id", "name", "day", "targets", "refused")), one["tolerance_m"])
            for one in told
        ],
    )
    return 0


@targets.command("match")
@click.argument("list_id", metavar="LIST", type=ROW_ID)
@click.option("--tolerance", "tolerance_m", type=float, help="容差 tolerance, m.")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="档案自 dossiers from.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="档案至 dossiers up to.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="截至 as of.")
@json_option
@click.pass_obj
def match(
    workspace: Path | None,
    list_id: int,
    tolerance_m: float | None,
    first: datetime | None,
    last: datetime | None,
    as_of: datetime | None,
    as_json: bool,
) -> int:
    """靶标与本地档案比对 match a list with the local dossiers, both ways."""
    from geoinspect.casework.target_match import match_list

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        told = match_list(
            session, list_id, tolerance_m, _day(as_of), first=_day(first), last=_day(last)
        )
    if as_json:
        print_json(told)
        return 0
    window = f"{told['window']['first']} – {told['window']['last']}"
    print_table(
        f"靶标吻合率 target match ({told['tolerance_m']:g} m, {window})",
        ("容差 tolerance m", "吻合 pairs", "靶标 of targets", "档案 of dossiers"),
        [
            (told["tolerance_m"], told["targets"]["matched"], *map(_of, _both(told))),
            *(
                (one["tolerance_m"], one["matched"], *map(_percent, _rates(one)))
                for one in told["by_tolerance"]
            ),
        ],
    )
    unmatched = [one["code"] for one in told["unmatched_targets"]]
    say(
        Text(
            f"未吻合靶标 {len(unmatched)} 个,未吻合档案 {len(told['unmatched_cases'])} 个;"
            f"据靶标立的 {told['left_out']} 条线索不计为档案",
            f"{len(unmatched)} targets and {len(told['unmatched_cases'])} dossiers unmatched; "
            f"{told['left_out']} cases opened from targets count as no dossiers",
        )
    )
    return 0


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _both(told: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return told["targets"], told["dossiers"]


def _rates(one: dict[str, Any]) -> tuple[float | None, float | None]:
    return one["targets"], one["dossiers"]


def _of(share: dict[str, Any]) -> str:
    return f"{_percent(share['rate'])} ({share['matched']}/{share['total']})"


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.1%}"

"""``geoinspect cases``: the leads that people follow, and every step of their life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from geoinspect.cli.asking import DAY, place_of
from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.errors import Text, UsageError

if TYPE_CHECKING:
    from geoinspect.casework.actors import Actor
    from geoinspect.casework.asked import Done, Step
    from geoinspect.store.workspace import Workspace

_Command = TypeVar("_Command", bound=Callable[..., Any])
CASE = click.argument("case", metavar="CASE")


@click.group()
def cases() -> None:
    """线索 cases: from suspicion to closing."""


def step_options(command: _Command) -> _Command:
    """Add what every step takes: ``--note``, ``--by``, ``--at``, ``--client-id``, ``--json``."""
    options = (
        click.option("--note", default="", help="备注 note."),
        click.option("--by", "user", help="由哪位用户 as this user; 默认命令行 default: cli."),
        click.option("--at", "happened", help="发生时间(带时区)when it was done, with zone."),
        click.option("--client-id", default="", help="提交编号 the same one twice counts once."),
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def fact_options(command: _Command) -> _Command:
    """Add what a step says of the ground: counts, area, day, witness."""
    options = (
        click.option("--day", type=DAY, help="日期 day; 默认今天 default: today."),
        click.option("--plants", type=click.IntRange(0), help="逐株清点 plants counted."),
        click.option("--quadrats", help="样方株数 plants in each quadrat: 3,0,5,2."),
        click.option(
            "--quadrat-m2", type=float, default=1.0, show_default=True, help="样方面积 quadrat, m²."
        ),
        click.option("--area-m2", type=float, help="面积 area, m²."),
        click.option("--area-how", help="walked, drawn, measured, estimated."),
        click.option("--stage", help="生育期 growth stage."),
        click.option("--sprouted/--not-sprouted", default=None, help="是否已出苗 sprouted or not."),
        click.option(
            "--repeated/--not-repeated",
            default=None,
            help="是否曾被处理后又种 grown again after a penalty or not.",
        ),
        click.option(
            "--resisted/--not-resisted",
            default=None,
            help="是否抗拒铲除 resisted eradication or not.",
        ),
        click.option(
            "--self-removed/--not-self-removed",
            default=None,
            help="收获前自动铲除 removed by the grower before harvest.",
        ),
        click.option("--witness", help="见证人 witness."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@cases.command("add")
@click.argument("title")
@click.option("--at-place", "place", required=True, help="经度,纬度 LON,LAT (WGS84).")
@click.option(
    "--origin",
    type=click.Choice(["sighting", "site", "other"]),
    default="sighting",
    show_default=True,
    help="来源 where it came from.",
)
@click.option("--unit", help="单位 unit code.")
@step_options
@click.pass_obj
def add(
    workspace: Path | None,
    title: str,
    place: str,
    origin: str,
    unit: str | None,
    note: str,
    user: str | None,
    happened: str | None,
    client_id: str,
    as_json: bool,
) -> int:
    """立线索 open a case by hand."""
    from shapely import Point

    from geoinspect.cases.records import Origin
    from geoinspect.casework.asked import NewCase
    from geoinspect.casework.book import open_case

    with open_workspace(workspace) as opened:
        new = NewCase(
            title=title,
            origin=Origin(origin),
            ground=Point(place_of(place, "--at-place")),
            note=note,
            unit_code=unit,
            happened=moment_of(happened),
            client_id=client_id,
        )
        done = open_case(opened, new, actor_of(opened, user))
        return _told(opened, done, as_json)


@cases.command("list")
@click.option("--state", "states", multiple=True, help="状态 state; 可重复 may be repeated.")
@click.option("--unit", "units", multiple=True, help="单位 unit code.")
@click.option("--area", help="辖区代码 area code, with all below it.")
@click.option("--overdue", is_flag=True, help="仅逾期 overdue only.")
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    help="最多条数 most rows.",
)
@json_option
@click.pass_obj
def list_(
    workspace: Path | None,
    states: tuple[str, ...],
    units: tuple[str, ...],
    area: str | None,
    overdue: bool,
    limit: int,
    as_json: bool,
) -> int:
    """列出线索 list cases, newest first, with counts by state."""
    from geoinspect.cases.lifecycle import OPEN
    from geoinspect.cases.records import STATE_WORDS, CaseState
    from geoinspect.casework.told import case_line, counts_told, today_of
    from geoinspect.store import cases as stored
    from geoinspect.store import grounds

    known = {state.value for state in CaseState}
    for state in states:
        if state not in known:
            raise UsageError(
                f"状态“{state}”无法识别,可用:{'、'.join(sorted(known))}",
                f"unknown state {state!r}, known: {', '.join(sorted(known))}",
                code="bad_option",
            )
    today = today_of()
    still = tuple(state.value for state in CaseState if state in OPEN)
    with open_workspace(workspace) as opened, opened.database.reading() as session:
        codes = None if area is None else tuple(a.code for a in grounds.below(session, area))
        wanted = stored.CaseFilter(
            states=states or (still if overdue else ()),
            units=units or None,
            areas=codes,
            overdue_on=today if overdue else None,
        )
        rows = [case_line(row, today) for row in stored.cases(session, wanted, limit=limit)]
        counts = counts_told(session, wanted, today)
    if as_json:
        print_json({"cases": rows, "counts": counts})
        return 0
    print_table(
        f"线索 cases ({counts['total']}; 未办结 open {counts['open']}, 逾期 overdue "
        f"{counts['overdue']}, {counts['as_of']})",
        ("编号 number", "名称 what", "状态 state", "单位 unit", "期限 due", "逾期天数 days late"),
        [
            (
                row["number"],
                row["title"],
                STATE_WORDS[CaseState(row["state"])].zh,
                row["unit_code"],
                row["deadline"],
                row["overdue_days"] or None,
            )
            for row in rows
        ],
    )
    return 0


@cases.command("show")
@CASE
@json_option
@click.pass_obj
def show(workspace: Path | None, case: str, as_json: bool) -> int:
    """查看线索 show a case with its history and evidence."""
    from geoinspect.cases.records import ACTION_WORDS, STATE_WORDS, CaseAction, CaseState
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.law import law_told
    from geoinspect.casework.told import case_told, today_of
    from geoinspect.store.cases import case_named

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        row = case_named(session, case)
        told = case_told(session, opened.settings, row, COMMAND_LINE)
        told["law"] = law_told(opened, row.facts, today_of())
    if as_json:
        print_json(told)
        return 0
    say(Text(f"{told['number']} {told['title']}", STATE_WORDS[CaseState(told["state"])].en))
    print_table(
        f"{told['number']} {told['title']} [{STATE_WORDS[CaseState(told['state'])].zh}]",
        ("#", "时间 at", "谁 who", "做了什么 what", "内容 said", "回执 receipt"),
        [
            (
                event["seq"],
                event["at"],
                event["actor"],
                ACTION_WORDS[CaseAction(event["action"])].zh,
                _brief(event["details"]),
                event["receipt"],
            )
            for event in told["events"]
        ],
    )
    return 0


def _brief(said: dict[str, Any]) -> str:
    """Return what was said at a step, short enough for a table."""
    facts = said.get("facts", {})
    count = facts.get("count", {})
    plants = (
        "" if not count else f"{count['plants']:g} 株 [{count['low']:.0f}, {count['high']:.0f}]"
    )
    area = "" if "area_m2" not in facts else f"{facts['area_m2']:g} m²"
    keys = ("outcome", "reason", "unit", "deadline", "into_number", "number", "what", "note")
    told = [str(said[key]) for key in keys if key in said]
    return " · ".join([*told, *(part for part in (plants, area, *said.get("doubts", ())) if part)])


@cases.command("moves")
@json_option
def moves(as_json: bool) -> int:
    """动作表 the table of moves: what, from where, to where, by whom."""
    from geoinspect.cases.lifecycle import MOVES

    rows = [
        {
            "action": move.action.value,
            "outcome": None if move.outcome is None else move.outcome.value,
            "from": sorted(move.starts),
            "to": None if move.ends is None else move.ends.value,
            "roles": sorted(move.roles),
            "origins": sorted(move.origins),
        }
        for move in MOVES
    ]
    if as_json:
        print_json(rows)
        return 0
    print_table(
        "动作表 moves",
        ("动作 action", "结果 outcome", "从 from", "到 to", "角色 roles"),
        [
            (r["action"], r["outcome"], " ".join(r["from"]), r["to"], " ".join(r["roles"]))  # type: ignore[arg-type]
            for r in rows
        ],
    )
    return 0


def run_step(
    workspace: Path | None, case: str, step: Step, *, user: str | None, as_json: bool
) -> int:
    """Take a step of a case and print its receipt and the case as it then stands."""
    from geoinspect.casework.book import act
    from geoinspect.store.cases import case_named

    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            case_id = case_named(session, case).id
        return _told(opened, act(opened, case_id, step, actor_of(opened, user)), as_json)


def moment_of(text: str | None) -> datetime | None:
    """Return the moment of ``--at``; None without it.

    Raises:
        UsageError: It is no time with a zone.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"--at 应为带时区的时间,如 2026-05-14T08:30:00+08:00,得到“{text}”",
            f"--at is a time with its zone, such as 2026-05-14T08:30:00+08:00, got {text!r}",
            code="bad_time",
        )
    return moment.astimezone(UTC)


def actor_of(workspace: Workspace, user: str | None) -> Actor:
    """Return who acts: the user of ``--by``, else the command line.

    Raises:
        NotFoundError: There is no such user.
    """
    from geoinspect.casework.actors import COMMAND_LINE, Actor
    from geoinspect.errors import NotFoundError
    from geoinspect.store import people

    if user is None:
        return COMMAND_LINE
    with workspace.database.reading() as session:
        row = people.user_named(session, user)
        if row is None or not row.active:
            raise NotFoundError(
                f"没有用户“{user}”", f"there is no user {user!r}", code="no_such_user"
            )
        return Actor(row.name, row.role, row.unit_code)


def _told(workspace: Workspace, done: Done, as_json: bool) -> int:
    from geoinspect.cases.records import STATE_WORDS, CaseState
    from geoinspect.casework.told import case_line, today_of
    from geoinspect.store import cases as stored

    with workspace.database.reading() as session:
        line = case_line(stored.case(session, done.case_id), today_of())
    if as_json:
        print_json({"receipt": done.receipt, "again": done.again, "seq": done.seq, "case": line})
        return 0
    words = STATE_WORDS[CaseState(line["state"])]
    say(
        Text(
            f"线索 {line['number']} 现为“{words.zh}”,回执 {done.receipt}",
            f"case {line['number']} is now “{words.en}”, receipt {done.receipt}",
        )
    )
    return 0

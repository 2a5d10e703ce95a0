"""``geoinspect tips``: reports from the public, and what the office makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cases.tip_records import (
    REWARD_WORDS,
    TIP_REASON_WORDS,
    TIP_STATE_WORDS,
    Reward,
    TipReason,
    TipState,
)
from geoinspect.cli.asking import place_of
from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.errors import Text

if TYPE_CHECKING:
    from geoinspect.casework.tip_writing import TipDone
    from geoinspect.store.workspace import Workspace

_NOTE = click.option("--note", default="", help="备注 note.")
_TIP = click.argument("name", metavar="TIP")
_REASONS = click.Choice([reason.value for reason in TipReason])
_DECISIONS = click.Choice([Reward.GRANTED.value, Reward.PAID.value, Reward.REFUSED.value])


@click.group()
def tips() -> None:
    """群众举报 tips from the public."""


@tips.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in TipState]),
    help="状态 state; may be repeated.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="最多条数 most rows.",
)
@json_option
@click.pass_obj
def list_tips(workspace: Path | None, states: tuple[str, ...], limit: int, as_json: bool) -> int:
    """列出举报,待处理的在前 list tips, those that wait first."""
    from datetime import UTC, datetime

    from geoinspect.casework.tip_told import tip_lines
    from geoinspect.store import tips as questions

    now = datetime.now(UTC)
    with open_workspace(workspace) as opened, opened.database.reading() as session:
        wanted = questions.TipFilter(states)
        found = questions.tips(session, wanted, limit=limit)
        rows = tip_lines(session, opened.settings, found, now)
    if as_json:
        print_json(rows)
        return 0
    print_table(
        "举报 tips",
        ("编号 number", "收到 received", "状态 state", "线索 case", "奖励 reward", "内容 text"),
        [
            (
                *(row["number"], row["received_at"]),
                TIP_STATE_WORDS[TipState(row["state"])],
                row["case"] and row["case"]["number"],
                REWARD_WORDS[Reward(row["reward"])],
                row["text"][:60],
            )
            for row in rows
        ],
    )
    return 0


@tips.command("show")
@_TIP
@json_option
@click.pass_obj
def show(workspace: Path | None, name: str, as_json: bool) -> int:
    """查看一条举报 show one tip, what may be the same, and what was done to it."""
    with open_workspace(workspace) as opened:
        told = _told(opened, name)
    if as_json:
        print_json(told)
        return 0
    facts = [
        ("编号 number", told["number"]),
        ("收到 received", told["received_at"]),
        ("状态 state", TIP_STATE_WORDS[TipState(told["state"])]),
        ("内容 text", told["text"]),
        ("地点 place", told["place_words"]),
        ("坐标 WGS84", told["place"] and "{:.6f}, {:.6f}".format(*told["place"])),
        ("照片 photos", len(told["photos"])),
        ("线索 case", told["case"] and told["case"]["number"]),
        ("并入 merged into", told["merged_into"] and told["merged_into"]["number"]),
        ("奖励 reward", REWARD_WORDS[Reward(told["reward"])]),
        ("金额 yuan", told["reward_yuan"]),
        ("首位举报人 first reporter", told["claimant"] and told["claimant"]["number"]),
        *(("可能相同 perhaps the same", _same(one)) for one in told["suggestions"]),
        *(("经过 step", f"{one['at']} {one['by']}: {one['step']}") for one in told["steps"]),
    ]
    print_table(f"举报 {told['number']}", ("", ""), facts)
    return 0


@tips.command("link")
@_TIP
@click.argument("case", metavar="CASE")
@_NOTE
@json_option
@click.pass_obj
def link(workspace: Path | None, name: str, case: str, note: str, as_json: bool) -> int:
    """归入已有线索 put a tip into a case."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.tip_steps import link_tip
    from geoinspect.store import cases

    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            case_id = cases.case_named(session, case).id
        done = link_tip(opened, _number(opened, name), case_id, COMMAND_LINE, note=note)
        return _report(opened, done, as_json)


@tips.command("case")
@_TIP
@click.option("--title", default="", help="名称 title of the case.")
@click.option("--at", "at", metavar="LON,LAT", help="位置 place, where the tip has none.")
@_NOTE
@json_option
@click.pass_obj
def case(
    workspace: Path | None, name: str, title: str, at: str | None, note: str, as_json: bool
) -> int:
    """立为线索 open a case of a tip."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.tip_steps import open_case_from_tip

    place = None if at is None else place_of(at, "--at")
    with open_workspace(workspace) as opened:
        done = open_case_from_tip(
            opened, _number(opened, name), COMMAND_LINE, title=title, place=place, note=note
        )
        return _report(opened, done, as_json)


@tips.command("dismiss")
@_TIP
@click.option("--reason", type=_REASONS, required=True, help="原因 why.")
@_NOTE
@json_option
@click.pass_obj
def dismiss(workspace: Path | None, name: str, reason: str, note: str, as_json: bool) -> int:
    """不予受理 set a tip aside."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.tip_steps import dismiss_tip

    with open_workspace(workspace) as opened:
        why = TipReason(reason)
        done = dismiss_tip(opened, _number(opened, name), why, COMMAND_LINE, note=note)
        if not as_json:
            say(TIP_REASON_WORDS[why])
        return _report(opened, done, as_json)


@tips.command("merge")
@_TIP
@click.argument("into", metavar="INTO")
@json_option
@click.pass_obj
def merge(workspace: Path | None, name: str, into: str, as_json: bool) -> int:
    """合并相同举报 let a tip go into another one of the same thing."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.tip_steps import merge_tips

    with open_workspace(workspace) as opened:
        done = merge_tips(opened, _number(opened, name), _number(opened, into), COMMAND_LINE)
        return _report(opened, done, as_json)


@tips.command("reward")
@_TIP
@click.argument("state", type=_DECISIONS)
@click.option("--yuan", type=float, help="金额 amount.")
@_NOTE
@json_option
@click.pass_obj
def reward(
    workspace: Path | None, name: str, state: str, yuan: float | None, note: str, as_json: bool
) -> int:
    """奖励 grant, pay or refuse the reward of a tip."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.tip_steps import set_reward

    with open_workspace(workspace) as opened:
        tip_id = _number(opened, name)
        done = set_reward(opened, tip_id, Reward(state), COMMAND_LINE, yuan=yuan, note=note)
        return _report(opened, done, as_json)


@tips.command("figures")
@json_option
@click.pass_obj
def figures(workspace: Path | None, as_json: bool) -> int:
    """响应时间 how many wait, and how long the first answers took."""
    from datetime import UTC, datetime

    from geoinspect.casework.tip_told import figures_told

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        told = figures_told(session, datetime.now(UTC))
    if as_json:
        print_json(told)
        return 0
    rows = [
        ("收到 received", told["received"], ""),
        ("已处理 answered", told["answered"], ""),
        ("待处理 unanswered", told["unanswered"], ""),
        ("首次处理用时中位数 median to first answer", told["median_h"], "h"),
        ("九成在此时间内 90 % within", told["p90_h"], "h"),
        ("等待最久 oldest has waited", told["oldest_h"], "h"),
    ]
    print_table(f"举报响应 answers to tips, {told['as_of']}", ("", "", ""), rows)
    return 0


def _number(opened: Workspace, name: str) -> int:
    from geoinspect.store import tips as questions

    with opened.database.reading() as session:
        return questions.tip_named(session, name).id


def _told(opened: Workspace, name: str) -> dict[str, Any]:
    from geoinspect.casework.tip_told import tip_told
    from geoinspect.store import tips as questions

    with opened.database.reading() as session:
        return tip_told(session, opened.settings, questions.tip_named(session, name))


def _report(opened: Workspace, done: TipDone, as_json: bool) -> int:
    told = _told(opened, str(done.tip_id)) | {"receipt": done.receipt}
    if as_json:
        print_json(told)
        return 0
    words = TIP_STATE_WORDS[TipState(told["state"])]
    case = told["case"]["number"] if told["case"] else "–"
    say(
        Text(
            f"举报 {told['number']}:{words.zh},线索 {case},回执 {done.receipt}",
            f"tip {told['number']}: {words.en}, case {case}, receipt {done.receipt}",
        )
    )
    return 0


def _same(one: dict[str, Any]) -> str:
    away = "" if one["distance_m"] is None else f" {one['distance_m']} m"
    return f"{one['kind']} {one['number']}{away}"

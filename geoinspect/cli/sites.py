"""``sites``: places to visit every so often, and whether they were."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text, UsageError

DAY = click.DateTime(["%Y-%m-%d"])
Json = dict[str, Any]


@click.group()
def sites() -> None:
    """重点部位 places to visit every so often."""


@sites.command("add")
@click.argument("file", type=FILE)
@json_option
@click.pass_obj
def add(workspace: Path | None, file: Path, as_json: bool) -> int:
    """导入或更新重点部位 take a list of sites in; the same code again updates."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.sites import add_sites

    with open_workspace(workspace) as opened:
        done = add_sites(opened, file, COMMAND_LINE)
    if as_json:
        print_json(
            {
                "added": done.added,
                "updated": done.updated,
                "unchanged": done.unchanged,
                "visits": done.visits,
                "problems": [problem.as_json() for problem in done.problems],
            }
        )
    counts = len(done.added), len(done.updated), len(done.unchanged)
    say(
        Text(
            "重点部位:新增 {} 个,更新 {} 个,未变 {} 个;".format(*counts)
            + f"已有轨迹证明走访 {done.visits} 次",
            "sites: {} added, {} updated, {} unchanged; ".format(*counts)
            + f"{done.visits} visits proved by tracks that are here",
        )
    )
    for problem in done.problems:
        say(problem.text)
    return 0


@sites.command("list")
@click.option("--due", is_flag=True, help="只列应走访的 only never visited, overdue or due soon.")
@click.option("--unit", help="单位代码 unit code.")
@click.option("--kind", help="类型 kind.")
@click.option("--day", type=DAY, help="截至日期 as of this day; 默认今天 default: today.")
@json_option
@click.pass_obj
def list_(
    workspace: Path | None,
    due: bool,
    unit: str | None,
    kind: str | None,
    day: datetime | None,
    as_json: bool,
) -> int:
    """列出重点部位 list sites, the most pressing first."""
    from geoinspect.casework.sites_told import STATE_WORDS, STATES, counts_told, site_list
    from geoinspect.casework.told import today_of
    from geoinspect.ingest.site_fields import KIND_WORDS, SiteKind
    from geoinspect.store.sites import SiteFilter

    if kind is not None and kind not in set(SiteKind):
        raise UsageError(
            f"没有类型“{kind[:40]}”,可用:{'、'.join(SiteKind)}",
            f"there is no kind {kind[:40]!r}, known: {', '.join(SiteKind)}",
            code="bad_option",
        )
    today = today_of() if day is None else day.date()
    wanted = SiteFilter(kind=kind, units=None if unit is None else (unit,))
    with open_workspace(workspace) as opened, opened.database.reading() as session:
        lines = site_list(session, opened.settings, wanted, today)
    counts = counts_told(lines)
    if due:
        lines = [line for line in lines if line["state"] in STATES[:3]]
    if as_json:
        print_json({"sites": lines, "counts": counts, "as_of": today})
        return 0
    rows = [
        (
            line["code"],
            line["name"],
            KIND_WORDS[SiteKind(line["kind"])].zh,
            str(STATE_WORDS[line["state"]]),
            "—" if line["last_visit"] is None else line["last_visit"]["day"],
            line["due"] or "—",
            line["unit_code"] or "—",
        )
        for line in lines
    ]
    heads = ("编号 code", "名称 name", "类型 kind", "状态 state")
    print_table(
        f"重点部位 sites · {today}",
        (*heads, "上次走访 last visit", "应于 due", "单位 unit"),
        rows,
    )
    late = sum(counts["states"].get(state, 0) for state in STATES[:2])
    say(
        Text(
            f"截至 {today}:应走访 {counts['required']} 个,其中从未走访或逾期 {late} 个",
            f"as of {today}: {late} of {counts['required']} sites to visit are overdue or never "
            "visited",
        )
    )
    return 0


@sites.command("show")
@click.argument("site")
@json_option
@click.pass_obj
def show(workspace: Path | None, site: str, as_json: bool) -> int:
    """显示一个部位 show one site (code or number) with its visits and answers."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.sites_told import STATE_WORDS, site_told
    from geoinspect.casework.told import today_of
    from geoinspect.store.sites import site_named

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        row = site_named(session, site)
        told = site_told(session, opened.settings, row, COMMAND_LINE, today_of())
    if as_json:
        print_json(told)
        return 0
    state = STATE_WORDS[told["state"]]
    due = told["due"] or "—"
    say(
        Text(
            f"{told['code']} {told['name']}:{state.zh},每 {told['interval_days']} 天一次,"
            f"下次应于 {due};走访 = {told['radius_m']:g} 米内停留 {told['dwell_s']:g} 秒",
            f"{told['code']} {told['name']}: {state.en}, every {told['interval_days']} days, next "
            f"by {due}; a visit is {told['dwell_s']:g} s within {told['radius_m']:g} m",
        )
    )
    print_table(
        "走访 visits",
        ("日期 day", "轨迹 track", "到达 arrived", "停留 dwell, s", "最近 nearest, m"),
        [
            (v["day"], str(v["track"]), v["arrived"], str(v["dwell_s"]), str(v["nearest_m"]))
            for v in told["visits"]
        ],
    )
    print_table(
        "填报 answers",
        ("日期 day", "填报人 by", "可疑 suspicious", "轨迹证明 proved", "备注 note"),
        [
            (
                a["day"],
                a["by"],
                "✓" if a["suspicious"] else "",
                "✓" if a["proved"] else "✗",
                a["note"],
            )
            for a in told["answers"]
        ],
    )
    return 0


@sites.command("answer")
@click.argument("site")
@click.option("--day", type=DAY, help="走访日期 day; 默认今天 default: today.")
@click.option(
    "--say", "items", multiple=True, help='"问题=回答" question=answer; 可重复 repeatable.'
)
@click.option("--suspicious", is_flag=True, help="可疑,立线索 suspicious: open a case.")
@click.option("--note", default="", help="备注 note.")
@click.option("--photo", "photos", multiple=True, type=FILE, help="照片 photo; 可重复 repeatable.")
@json_option
@click.pass_obj
def answer(
    workspace: Path | None,
    site: str,
    day: datetime | None,
    items: tuple[str, ...],
    suspicious: bool,
    note: str,
    photos: tuple[Path, ...],
    as_json: bool,
) -> int:
    """填报检查结果 answer the checklist of a site; the same files again are another answer."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.site_answers import NewAnswer, SitePhoto, answer_site
    from geoinspect.casework.told import today_of
    from geoinspect.store.sites import site_named

    answers: dict[str, object] = {"suspicious": suspicious}
    for item in items:
        question, _, reply = item.partition("=")
        answers[question.strip()] = reply.strip()
    new = NewAnswer(
        day=today_of() if day is None else day.date(),
        answers=answers,
        note=note,
        photos=tuple(SitePhoto(path.name, path) for path in photos),
    )
    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            number = site_named(session, site).id
        done = answer_site(opened, number, new, COMMAND_LINE)
    if as_json:
        print_json({"answer": done.answer_id, "receipt": done.receipt, "case": done.case_id})
    opened_zh = "" if done.case_id is None else f",已立线索 {done.case_id}"
    opened_en = "" if done.case_id is None else f", case {done.case_id} opened"
    say(Text(f"已填报,回执 {done.receipt}{opened_zh}", f"kept, receipt {done.receipt}{opened_en}"))
    return 0


@sites.command("from-cases")
@json_option
@click.pass_obj
def from_cases(workspace: Path | None, as_json: bool) -> int:
    """历史种植点转为重点部位 make sites of growing places that were dealt with."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.former_sites import sites_from_cases
    from geoinspect.casework.told import today_of

    with open_workspace(workspace) as opened:
        made = sites_from_cases(opened, today_of(), COMMAND_LINE)
    if as_json:
        print_json({"added": made})
    say(Text(f"新增历史种植点 {len(made)} 个", f"{len(made)} former growing places added"))
    return 0


@sites.command("retire")
@click.argument("site")
@click.option("--note", required=True, help="原因 why.")
@json_option
@click.pass_obj
def retire(workspace: Path | None, site: str, note: str, as_json: bool) -> int:
    """停用一个部位 say that a site is visited no more."""
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.sites import retire_site
    from geoinspect.store.sites import site_named

    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            row = site_named(session, site)
        changed = retire_site(opened, row.id, note, COMMAND_LINE)
    if as_json:
        print_json({"code": row.code, "retired": changed})
    say(Text(f"部位 {row.code} 已停用", f"site {row.code} is retired"))
    return 0


@sites.command("recount")
@json_option
@click.pass_obj
def recount(workspace: Path | None, as_json: bool) -> int:
    """重新核算全部走访 lay every visit anew, say after the setting gap_s changed."""
    from geoinspect.casework.site_visits import recount_visits

    with open_workspace(workspace) as opened:
        before, after = recount_visits(opened, actor="cli")
    if as_json:
        print_json({"before": before, "after": after})
    say(Text(f"走访 {before} 次,重算后 {after} 次", f"{before} visits before, {after} now"))
    return 0

"""``geoinspect tracks list|show|review``: look through stored tracks and overrule what was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import click

from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_table,
)
from geoinspect.cli.tracks import DATUMS, declared
from geoinspect.errors import UsageError
from geoinspect.patrols.choices import Counts, Purpose, TrackChoices
from geoinspect.records import Mode, Rule
from geoinspect.search_records import Visibility

_RULES = click.Choice([rule.value for rule in Rule])
_Kind = TypeVar("_Kind", bound=StrEnum)
_AUTO = "auto"
_COLUMNS = ("id", "name", "day", "unit_code", "team", "mode", "counted_length_m", "doubts")
_COUNTS = click.Choice([counts.value for counts in Counts])
_MODES = click.Choice([_AUTO, *(mode.value for mode in Mode)])
_PURPOSES = click.Choice([purpose.value for purpose in Purpose])


@click.command("list")
@click.option("--doubtful", is_flag=True, help="只列存疑且未处理的 undecided doubts only.")
@json_option
@click.pass_obj
def list_(workspace: Path | None, doubtful: bool, as_json: bool) -> int:
    """列出轨迹 list the tracks of the workspace."""
    from geoinspect.patrol_book import track_summary
    from geoinspect.store import patrols, sightings

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = patrols.doubtful(session) if doubtful else sightings.tracks(session)
        found = [track_summary(row) for row in rows]
    if as_json:
        print_json(found)
    else:
        rows_ = [[_shown(row[name]) for name in _COLUMNS] for row in found]
        print_table("轨迹 tracks", _COLUMNS, rows_)
    return 0


@click.command()
@click.argument("track_id", type=ROW_ID)
@click.option("--points", is_flag=True, help="连同各点 with raw, cleaned and flagged points.")
@json_option
@click.pass_obj
def show(workspace: Path | None, track_id: int, points: bool, as_json: bool) -> int:
    """查看一条轨迹 all that is known of one track."""
    from geoinspect.patrol_book import track_points, track_report
    from geoinspect.store import sightings

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        row = sightings.track(session, track_id)
        report = track_report(session, row, opened.settings)
        if points:
            report["lines"] = track_points(opened, session, row)
    if as_json or points:
        print_json(report)
    else:
        _print_report(report)
    return 0


@click.command()
@click.argument("track_id", type=ROW_ID)
@click.option("--rule-off", multiple=True, type=_RULES, help="关闭规则 switch a rule off.")
@click.option("--rule-on", multiple=True, type=_RULES, help="恢复规则 switch it on again.")
@click.option("--counts", type=_COUNTS, help="如何计入 how it counts.")
@click.option("--mode", type=_MODES, help="方式 mode.")
@click.option("--datum", type=DATUMS, help="坐标基准 datum.")
@click.option("--crs", help="投影坐标系 CRS of projected numbers, EPSG:n; blank clears.")
@click.option("--tz", "timezone", help="无时区时间 naive times.")
@click.option("--unit", help="单位代码 unit code; blank clears.")
@click.option("--team", help="小组 team; blank clears.")
@click.option(
    "--person", "people", multiple=True, help="人员代码 codes of all who went; blank clears."
)
@click.option("--purpose", type=_PURPOSES, help="目的 purpose.")
@click.option(
    "--visibility",
    type=click.Choice([_AUTO, *(v.value for v in Visibility)]),
    help="通视 how far one saw; auto: as in the table.",
)
@click.option("--note", help="理由 why: decides the doubts; blank: they wait again.")
@json_option
@click.pass_obj
def review(
    workspace: Path | None,
    track_id: int,
    rule_off: Sequence[str],
    rule_on: Sequence[str],
    counts: str | None,
    mode: str | None,
    datum: str | None,
    crs: str | None,
    timezone: str | None,
    unit: str | None,
    team: str | None,
    people: Sequence[str],
    purpose: str | None,
    visibility: str | None,
    note: str | None,
    as_json: bool,
) -> int:
    """人工复核:改选项后重新清洗并计入覆盖 overrule; coverage follows."""
    from geoinspect.intake import Intake
    from geoinspect.patrol_book import review_of, track_report
    from geoinspect.store import sightings

    _check_rules(rule_off, rule_on)
    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            standing = review_of(session, sightings.track(session, track_id))
        off = (standing.choices.rules_off | set(map(Rule, rule_off))) - set(map(Rule, rule_on))
        choices: TrackChoices = replace(standing.choices, rules_off=frozenset(off))
        if counts is not None:
            choices = replace(choices, counts=Counts(counts))
        if mode is not None:
            choices = replace(choices, mode=_or_auto(mode, Mode))
        if datum is not None:
            choices = replace(choices, datum=declared(datum))
        if visibility is not None:
            choices = replace(choices, visibility=_or_auto(visibility, Visibility))
        choices = replace(
            choices, crs=_chosen(crs, choices.crs), timezone=timezone or choices.timezone
        )
        wanted = replace(
            standing,
            choices=choices,
            unit_code=_chosen(unit, standing.unit_code),
            team=_chosen(team, standing.team),
            people=tuple(filter(None, people)) if people else standing.people,
            purpose=standing.purpose if purpose is None else Purpose(purpose),
            note=note,
        )
        Intake(opened, actor="cli").tracks.review(track_id, wanted)
        with opened.database.reading() as session:
            report = track_report(session, sightings.track(session, track_id), opened.settings)
    if as_json:
        print_json(report)
    else:
        _print_report(report)
    return 0


def _check_rules(off: Sequence[str], on: Sequence[str]) -> None:
    if both := sorted(set(off) & set(on)):
        raise UsageError(
            f"规则“{both[0]}”不能同时关闭和恢复,请只留一个",
            f"the rule {both[0]!r} can't be switched off and on at once: give one of the two",
        )


def _or_auto(given: str, kind: type[_Kind]) -> _Kind | None:
    return None if given == _AUTO else kind(given)


def add_review_commands(group: click.Group) -> None:
    """Put the commands into ``geoinspect tracks``."""
    for command in (list_, show, review):
        group.add_command(command)


def _chosen(given: str | None, standing: str | None) -> str | None:
    """Return what stands where nothing was given; nothing where a blank was."""
    return standing if given is None else given.strip() or None


def _shown(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _print_report(report: Mapping[str, Any]) -> None:
    datum = report["datum"]
    facts = [
        ("编号 id", report["id"]),
        ("名称 name", report["name"]),
        ("文件 file", f"{report['file']} ({report['format']}, {report['part'] + 1})"),
        ("单位 unit", report["unit_code"]),
        ("小组 team", report["team"]),
        ("人员 people", ", ".join(report["people"])),
        ("方式 mode", report["mode"]),
        ("日期 day", report["day"]),
        ("时间 UTC", f"{report['first_time']} – {report['last_time']}"),
        ("点 points", report["points"]),
        ("原始长度 raw m", report["length_m"]),
        ("清洗后 cleaned m", report["cleaned_length_m"]),
        ("计入 counted m", report["counted_length_m"]),
        ("辖区内 inside m", report["inside_length_m"]),
        ("坐标系 datum", f"{datum['found']} → {datum['used']}: {datum['why_zh']} / {datum['why']}"),
        ("停留 stops", len(report["stops"])),
        ("如何计入 counts", report["choices"]["counts"]),
    ]
    shown = [(name, "—" if value in (None, "") else value) for name, value in facts]
    print_table("轨迹 track", ["", ""], shown)
    rules = [
        [rule["rule"], rule["name_zh"], rule["flagged"], "关 off" if rule["off"] else ""]
        for rule in report["rules"]
    ]
    print_table("清洗规则 rules", ["rule", "规则", "标出 flagged", ""], rules)
    if report["repeats"] or report["repeated_by"]:
        repeats = [
            [word, copy["track"], copy["kind"], f"{copy['share']:.0%}"]
            for word, copies in (("→", report["repeats"]), ("←", report["repeated_by"]))
            for copy in copies
        ]
        print_table("重复 repeats", ["", "track", "kind", "share"], repeats)
    for title, key in (("存疑 doubts", "doubts"), ("说明 notes", "problems")):
        said = [[one["code"], f"{one['message_zh']}\n{one['message']}"] for one in report[key]]
        if said:
            print_table(title, ["", ""], said)

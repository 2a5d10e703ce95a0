"""``geoinspect trials``: dummies placed and searched for, and the sweep width they give."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from geoinspect.cli.asking import DAY, METHODS, STAGES, VISIBILITIES
from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_table,
    say,
)
from geoinspect.cli.rates import tell_entered
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text, UsageError
from geoinspect.search_records import METHOD_WORDS, GrowthStage, Method, Visibility


@click.group()
def trials() -> None:
    """投放试验 seeded trials."""


@trials.command()
@click.argument("targets", type=FILE)
@click.option("--walk", type=FILE, help="搜索轨迹 track of the search (lines only).")
@click.option("--method", required=True, type=METHODS, help="方式 method.")
@click.option("--date", "day", required=True, type=DAY, help="试验日期 day of the trial.")
@click.option("--visibility", type=VISIBILITIES, help="通视 visibility; 默认全部 default: any.")
@click.option("--stage", type=STAGES, help="物候期 growth stage; 默认全部 default: any.")
@click.option("--patch-m2", type=float, default=4.0, show_default=True, help="目标大小 size, m².")
@json_option
@click.pass_obj
def add(
    workspace: Path | None,
    targets: Path,
    walk: Path | None,
    method: str,
    day: datetime,
    visibility: str | None,
    stage: str | None,
    patch_m2: float,
    as_json: bool,
) -> int:
    """录入试验:CSV 列 target,lon,lat,found enter a trial: what was placed and what was found."""
    from geoinspect import trial_book

    if not 0 < patch_m2 < 1e9:
        raise UsageError(
            f"--patch-m2 应大于 0,得到 {patch_m2}",
            f"--patch-m2 must be above 0, got {patch_m2}",
            code="bad_option",
        )
    tags = trial_book.TrialTags(
        method=Method(method),
        day=day.date(),
        visibility=None if visibility is None else Visibility(visibility),
        stage=None if stage is None else GrowthStage(stage),
        patch_m2=patch_m2,
    )
    with open_workspace(workspace) as opened:
        placed = trial_book.read_targets(targets)
        found = trial_book.trial_json(trial_book.add_trial(opened, placed, walk, tags, actor="cli"))
    if as_json:
        print_json(found)
    result = found["result"]
    figure = _figure(result)
    say(
        Text(
            f"试验 {found['id']}:{result['shown']} 个目标找到 {result['found']} 个,{figure}",
            f"trial {found['id']}: {result['found']} of {result['shown']} found, {figure}",
        )
    )
    for zh, en in zip(result.get("notes_zh", ()), result.get("notes", ()), strict=True):
        say(Text(zh, en))
    return 0


@trials.command("list")
@json_option
@click.pass_obj
def list_(workspace: Path | None, as_json: bool) -> int:
    """列出试验 list the trials."""
    from geoinspect import trial_book

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = trial_book.trial_list(session)
    if as_json:
        print_json(rows)
        return 0
    columns = ("编号 id", "日期 day", "方式 method", "通视 visibility", "物候 stage", "找到/目标")
    print_table(
        "试验 trials",
        (*columns, "结果 result (95%)"),
        [
            (
                *(row["id"], row["day"], METHOD_WORDS[Method(row["method"])].zh),
                *(row["visibility"], row["stage"]),
                f"{row['result']['found']}/{row['result']['shown']}",
                _figure(row["result"]),
            )
            for row in rows
        ],
    )
    return 0


@trials.command()
@click.argument("trial_id", type=ROW_ID)
@json_option
@click.pass_obj
def adopt(workspace: Path | None, trial_id: int, as_json: bool) -> int:
    """把试验结果写入扫视宽度表 put the figure of a trial into the table of rates."""
    from geoinspect import trial_book
    from geoinspect.rate_book import rate_json
    from geoinspect.store import searching

    with open_workspace(workspace) as opened:
        number, looks = trial_book.adopt_trial(opened, trial_id, actor="cli")
        with opened.database.reading() as session:
            rows = {row.id: row for row in searching.rate_rows(session)}
            entry = rate_json(searching.rate_record(rows[number]))
    return tell_entered(number, looks, entry, as_json=as_json)


def _figure(result: dict[str, Any]) -> str:
    """Return the width or rate with its interval; a missing end is open."""
    is_line = "width_m" in result
    value = result["width_m"] if is_line else result["rate"]
    low, high = (
        (result.get("low_m"), result.get("high_m"))
        if is_line
        else (
            result["low"],
            result["high"],
        )
    )
    unit = " m" if is_line else ""
    ends = [" " if end is None else f"{end:.3g}" for end in (low, high)]
    word = "W" if is_line else "P"
    shown = "?" if value is None else f"{value:.3g}{unit}"
    return f"{word} = {shown} ({ends[0]}–{ends[1]})"

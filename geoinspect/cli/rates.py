"""``geoinspect coverage rates`` and ``surveys rate``: how well ground is searched, as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
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
from geoinspect.cli.tracks import day_of
from geoinspect.errors import Text, UsageError
from geoinspect.search_records import (
    METHOD_WORDS,
    DetectionRate,
    GrowthStage,
    Method,
    Visibility,
)


@click.group()
def rates() -> None:
    """扫视宽度和检出率表 sweep widths and detection rates."""


@rates.command("list")
@click.option("--on", "day", type=DAY, help="哪一天有效 the day they hold on; 默认今日 today.")
@json_option
@click.pass_obj
def list_rates(workspace: Path | None, day: datetime | None, as_json: bool) -> int:
    """列出有效的数值和本单位录入的各行 what holds, and the rows entered here."""
    from geoinspect.rate_book import entered, rates_on
    from geoinspect.records import CHINA_TIME

    on = day_of(day) or datetime.now(UTC).astimezone(CHINA_TIME).date()
    with open_workspace(workspace) as opened, opened.database.reading() as session:
        holding = rates_on(opened, session, on)
        own = entered(session)
    if as_json:
        print_json({"on": on.isoformat(), "rates": holding, "entered": own})
        return 0
    _print_holding(f"{on} 有效 in force", holding)
    columns = (
        "编号 id",
        "方式 method",
        "通视 visibility",
        "物候 stage",
        "数值",
        "生效 from",
        "来源",
    )
    print_table(
        "本单位录入 entered here",
        (*columns, "录入人 by"),
        [
            (
                *(row["id"], row["method"], row["visibility"], row["stage"], _figure(row)),
                *(row["valid_from"], row["source"], row["set_by"]),
            )
            for row in own
        ],
    )
    return 0


def _print_holding(title: str, rows: list[dict[str, Any]]) -> None:
    """Print rates; stages of one method and visibility with the same figure take one line."""
    lines: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        key = (row["method"], row["for_visibility"], _figure(row), row["patch_m2"], row["source"])
        lines.setdefault(key, []).append(row["for_stage"])
    print_table(
        title,
        (
            "方式 method",
            "通视 visibility",
            "数值 figure (95%)",
            "最小图斑 m²",
            "来源 source",
            "物候 stages",
        ),
        [
            (METHOD_WORDS[Method(key[0])].zh, *key[1:], " ".join(stages))
            for key, stages in lines.items()
        ],
    )


def _figure(row: Mapping[str, Any]) -> str:
    value, unit = (row["width_m"], " m") if row["width_m"] is not None else (row["rate"], "")
    known = row["low"] is not None and row["high"] is not None
    between = f" ({row['low']:.3g}–{row['high']:.3g})" if known else ""
    return f"{value:.3g}{unit}{between}"


@rates.command("set")
@click.option("--method", required=True, type=METHODS, help="方式 method.")
@click.option("--width", "width_m", type=float, help="扫视全宽 full sweep width, m (lines).")
@click.option("--rate", type=float, help="检出率 share of targets found, 0–1 (pictures).")
@click.option(
    "--range",
    "range_m",
    type=float,
    help="平均发现距离 mean detection range Rd, m: W = 1.8/1.6/1.1·Rd.",
)
@click.option("--visibility", type=VISIBILITIES, help="通视 visibility; 默认全部 default: any.")
@click.option("--stage", type=STAGES, help="物候期 growth stage; 默认全部 default: any.")
@click.option("--low", type=float, help="95% 区间下限 low end of the 95 % interval.")
@click.option("--high", type=float, help="95% 区间上限 its high end.")
@click.option("--patch-m2", type=float, help="适用的最小图斑 smallest patch that it holds for.")
@click.option("--from", "start", type=DAY, help="生效日期 first day; 默认一直 default: always.")
@click.option("--source", required=True, help="来源 where the figure comes from.")
@json_option
@click.pass_obj
def set_rate(
    workspace: Path | None,
    method: str,
    width_m: float | None,
    rate: float | None,
    range_m: float | None,
    visibility: str | None,
    stage: str | None,
    low: float | None,
    high: float | None,
    patch_m2: float | None,
    start: datetime | None,
    source: str,
    as_json: bool,
) -> int:
    """录入一行,相关覆盖随即重算 enter a row; coverage that depends on it is made anew."""
    from geoinspect import rate_book

    seen = None if visibility is None else Visibility(visibility)
    if range_m is not None:
        width_m, source = _from_range(range_m, width_m, rate, seen, source)
    with open_workspace(workspace) as opened:
        entry = DetectionRate(
            method=Method(method),
            width_m=width_m,
            rate=rate,
            patch_m2=opened.settings.claim_patch_m2 if patch_m2 is None else patch_m2,
            source=source,
            visibility=seen,
            stage=None if stage is None else GrowthStage(stage),
            low=low,
            high=high,
            valid_from=day_of(start),
        )
        number, looks = rate_book.set_rate(opened, entry, actor="cli")
    return tell_entered(number, looks, rate_book.rate_json(entry), as_json=as_json)


def _from_range(
    range_m: float,
    width_m: float | None,
    rate: float | None,
    visibility: Visibility | None,
    source: str,
) -> tuple[float, str]:
    """Return the sweep width of a mean detection range, and the source with the rule."""
    from geoinspect.confidence.trials import AMDR_FACTORS

    if (width_m, rate) != (None, None) or visibility is None:
        raise UsageError(
            "--range 要和 --visibility 一起给出,不能再给 --width 或 --rate",
            "--range goes with --visibility, and without --width and --rate",
            code="bad_option",
        )
    if not (math.isfinite(range_m) and range_m > 0):
        raise UsageError(
            f"--range 应大于 0 米,得到 {range_m}",
            f"--range must be above 0 m, got {range_m}",
            code="bad_option",
        )
    factor = AMDR_FACTORS[visibility]
    return factor * range_m, f"{source} (AMDR: W = {factor:g} · Rd, Rd = {range_m:g} m)"


def tell_entered(number: int, looks: int, row: dict[str, Any], *, as_json: bool) -> int:
    """Tell of a row that was put into the table; return the exit status."""
    if as_json:
        print_json({"id": number, "looks": looks, **row})
    say(
        Text(
            f"已录入第 {number} 行({_figure(row)}),重算 {looks} 次查看",
            f"row {number} entered ({_figure(row)}), {looks} looks made anew",
        )
    )
    return 0


@rates.command("drop")
@click.argument("rate_id", type=ROW_ID)
@json_option
@click.pass_obj
def drop_rate(workspace: Path | None, rate_id: int, as_json: bool) -> int:
    """删除一行,相关覆盖随即重算 take a row out; coverage that depends on it is made anew."""
    from geoinspect import rate_book

    with open_workspace(workspace) as opened:
        looks = rate_book.drop_rate(opened, rate_id, actor="cli")
    if as_json:
        print_json({"id": rate_id, "looks": looks})
    say(
        Text(
            f"已删除第 {rate_id} 行,重算 {looks} 次查看",
            f"row {rate_id} taken out, {looks} looks made anew",
        )
    )
    return 0


@click.command("rate")
@click.argument("survey_id", type=ROW_ID)
@click.option("--rate", required=True, type=float, help="检出率 share of targets found, 0–1.")
@click.option("--low", type=float, help="95% 区间下限 low end of the 95 % interval.")
@click.option("--high", type=float, help="95% 区间上限 its high end.")
@click.option("--patch-m2", type=float, help="适用的最小图斑 smallest patch that it holds for.")
@click.option("--source", required=True, help="来源 how it was measured.")
@json_option
@click.pass_obj
def survey_rate(
    workspace: Path | None,
    survey_id: int,
    rate: float,
    low: float | None,
    high: float | None,
    patch_m2: float | None,
    source: str,
    as_json: bool,
) -> int:
    """录入某次航测实测的检出率,优先于表 the rate measured on one survey; it goes before the table."""
    from geoinspect import rate_book

    with open_workspace(workspace) as opened:
        patch = opened.settings.claim_patch_m2 if patch_m2 is None else patch_m2
        looks = rate_book.set_survey_rate(
            opened,
            survey_id,
            rate=rate,
            low=low,
            high=high,
            patch_m2=patch,
            source=source,
            actor="cli",
        )
    if as_json:
        print_json({"survey": survey_id, "rate": rate, "looks": looks, "patch_m2": patch})
    say(
        Text(
            f"航测 {survey_id} 的检出率为 {rate:g},重算 {looks} 次查看",
            f"survey {survey_id} has the detection rate {rate:g}, {looks} looks made anew",
        )
    )
    return 0

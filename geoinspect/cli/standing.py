"""``geoinspect coverage show|stages`` and ``report coverage``: where a campaign stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.asking import as_of_option, campaign_option, level_option, question_options
from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text
from geoinspect.files import check_output
from geoinspect.records import MU_M2, Level

if TYPE_CHECKING:
    from geoinspect.snapshot import Snapshot

REPORT_SUFFIXES = (".xlsx", ".gpkg", ".csv")
layer_option = click.option(
    "--layer", type=FILE, help="任意面状图层,逐面统计 sums for each polygon of a layer."
)


@click.command()
@campaign_option
@level_option
@question_options
@layer_option
@click.option("--out", type=FILE, help="coverage.gpkg | .xlsx | .csv")
@json_option
@click.pass_obj
def show(
    workspace: Path | None,
    name: str | None,
    level: str,
    as_of: datetime | None,
    units: tuple[str, ...],
    teams: tuple[str, ...],
    methods: tuple[str, ...],
    layer: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """行动的覆盖情况 where a campaign stands, by area."""
    from geoinspect import gathering
    from geoinspect.report.coverage import area_rows, write_report
    from geoinspect.store import grounds

    if out is not None:
        check_output(out, inputs=[layer] if layer else [], suffixes=REPORT_SUFFIXES)
    with open_workspace(workspace) as opened:
        snapshot = gathering.the_snapshot(opened, name, as_of, units, teams, methods)
        if out is not None:
            drawn = out.suffix.lower() == ".gpkg"
            facts = gathering.report_facts(opened, snapshot, Level(level), layer, drawn=drawn)
            write_report(out, facts)
        areas = [grounds.area_record(row) for row in snapshot.book.areas]
        rows = area_rows(snapshot.sums, snapshot.gaps, areas, level=Level(level))
        polygons = None if layer is None else gathering.polygon_rows(snapshot, layer)[0]
        expired = gathering.expired_cells(snapshot)
        question = gathering.question_json(snapshot.question)
    if as_json:
        document = {**_standing(snapshot), "expired_cells": expired, "question": question}
        given = {} if polygons is None else {"layer": polygons}
        print_json({**document, "areas": rows, **given})
        return 0
    only = gathering.question_words(snapshot.question)
    title = (
        f"{snapshot.campaign.name} · 截至 as of {snapshot.as_of} · 数据截至 data until "
        f"{snapshot.data_until or '—'}" + (f" · {only}" if only else "")
    )
    _print_standing(title, rows)
    if polygons is not None:
        _print_standing("图层 layer", polygons)
    if expired:
        say(
            Text(
                f"{expired} 个网格的查看结果已因植株长大而过期",
                f"the looks at {expired} cells no longer hold, as plants have grown",
            )
        )
    return 0


def _standing(snapshot: Snapshot) -> dict[str, Any]:
    until = snapshot.data_until
    return {
        "campaign": snapshot.campaign.name,
        "as_of": snapshot.as_of.isoformat(),
        "data_until": None if until is None else until.isoformat(),
        "crs": snapshot.campaign.crs,
        "cell_m": snapshot.campaign.cell_m,
        "bit_m": snapshot.ground.bit_m,
        "thresholds": {
            "covered": snapshot.thresholds.covered,
            "cleared": snapshot.thresholds.cleared,
        },
        "total": snapshot.sums[snapshot.campaign.area_code].as_json(),
        "gaps": len(snapshot.gaps),
    }


@click.command("coverage")
@campaign_option
@level_option
@question_options
@layer_option
@click.option("--out", required=True, type=FILE, help="FILE.xlsx | FILE.gpkg | FILE.csv")
@json_option
@click.pass_obj
def report_coverage(
    workspace: Path | None,
    name: str | None,
    level: str,
    as_of: datetime | None,
    units: tuple[str, ...],
    teams: tuple[str, ...],
    methods: tuple[str, ...],
    layer: Path | None,
    out: Path,
    as_json: bool,
) -> int:
    """覆盖报表 coverage by area as a file."""
    from geoinspect import gathering
    from geoinspect.report.coverage import write_report

    check_output(out, inputs=[layer] if layer else [], suffixes=REPORT_SUFFIXES)
    with open_workspace(workspace) as opened:
        snapshot = gathering.the_snapshot(opened, name, as_of, units, teams, methods)
        drawn = out.suffix.lower() == ".gpkg"
        facts = gathering.report_facts(opened, snapshot, Level(level), layer, drawn=drawn)
        write_report(out, facts)
    if as_json:
        print_json(
            {
                "file": str(out),
                "as_of": snapshot.as_of.isoformat(),
                "areas": len(facts.rows),
                "gaps": facts.gap_count,
            }
        )
    say(Text(f"已写入 {out}", f"wrote {out}"))
    return 0


@click.command()
@campaign_option
@as_of_option
@json_option
@click.pass_obj
def stages(workspace: Path | None, name: str | None, as_of: datetime | None, as_json: bool) -> int:
    """各乡镇的物候期 stages of growth by township, and how long looks hold."""
    from geoinspect.gathering import the_snapshot
    from geoinspect.search_records import STAGE_WORDS, GrowthStage
    from geoinspect.season import stage_rows
    from geoinspect.surroundings import growth_table

    with open_workspace(workspace) as opened:
        snapshot = the_snapshot(opened, name, as_of)
        table = growth_table(opened)
    rows = stage_rows(snapshot)
    holds: list[dict[str, Any]] = [
        {"stage": row.stage.value, "holds_through": str(row.holds_through), "days": row.max_days}
        for row in table.stage
    ]
    if as_json:
        print_json({"as_of": snapshot.as_of.isoformat(), "areas": rows, "holds": holds})
        return 0
    begins = list(rows[0]["begins"]) if rows else []
    words = {stage.value: f"{STAGE_WORDS[stage].zh} {stage.value}" for stage in GrowthStage}
    columns = ["代码 code", "名称 name", "今日 today", "今日所见有效至 a look holds until"]
    print_table(
        f"{snapshot.campaign.name} · {snapshot.as_of} · 各期开始日 first days (中位网格 median cell)",
        [*columns, *(words.get(stage, "已收 gone") for stage in begins)],
        [
            [row["code"], row["name"], words[row["stage"]], row["holds_until"]]
            + [row["begins"][stage] for stage in begins]
            for row in rows
        ],
    )
    print_table(
        "查看结果的有效期 how long a look holds",
        ["查看时 seen at", "有效至此期末 through", "最多天数 at most days"],
        [
            [words[row["stage"]], words.get(row["holds_through"], "收获 gone"), row["days"]]
            for row in holds
        ],
    )
    return 0


def _print_standing(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = (
        "代码 code",
        "名称 name",
        "面积 亩",
        "未查看 亩 unseen",
        "%",
        "格 cells",
        "到过 touched",
        "覆盖 covered",
        "查清 cleared",
        "空白 gaps",
    )
    print_table(
        title,
        columns,
        [
            (
                row["code"],
                row["name"],
                f"{row['area_m2'] / MU_M2:.0f}",
                f"{row['unseen_m2'] / MU_M2:.0f}",
                f"{100 * row['unseen_m2'] / row['area_m2']:.1f}" if row["area_m2"] > 0 else None,
                row["cells"],
                row["touched"],
                row["covered"],
                row["cleared"],
                row.get("gaps"),
            )
            for row in rows
        ],
    )

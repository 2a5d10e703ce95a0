"""``geoinspect surveys sensitivity``: what share of simulated patches the detector lists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from geoinspect.cli.breaking import stoppable
from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_table,
    progress_bar,
    say,
)
from geoinspect.errors import Text
from geoinspect.search_records import STAGE_WORDS, GrowthStage


@click.command("sensitivity")
@click.argument("survey_id", type=ROW_ID)
@click.option(
    "--patches",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    help="模拟图斑数 simulated patches.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=0,
    show_default=True,
    help="随机种子,相同则结果相同 the same seed gives the same figures.",
)
@click.option(
    "--use", is_flag=True, help="测得的检出率取代人工录入的 takes the place of an entered rate."
)
@json_option
@click.pass_obj
def survey_sensitivity(
    workspace: Path | None, survey_id: int, patches: int, seed: int, use: bool, as_json: bool
) -> int:
    """用模拟图斑测量某次航测的检出率 measure with simulated patches what the detector lists."""
    from geoinspect.sensitivity_book import measure_survey

    with (
        open_workspace(workspace) as opened,
        progress_bar("sensitivity") as progress,
        stoppable() as cancelled,
    ):
        done = measure_survey(
            opened,
            survey_id,
            actor="cli",
            patches=patches,
            seed=seed,
            replace_entered=use,
            progress=progress,
            cancelled=cancelled,
        )
    if as_json:
        print_json(done.as_json())
        return 0
    print_sensitivity(done.table)
    if done.note is not None:
        say(done.note)
    if done.rate is not None:
        say(_rate_text(survey_id, done.rate, done.looks, used=done.used))
    return 0


def print_sensitivity(table: Mapping[str, Any]) -> None:
    """Print what share of simulated patches was listed, and what it rests on."""
    strata = table["strata"]
    areas = sorted({cell["area_m2"] for cell in strata})
    looks = list(dict.fromkeys((cell["stage"], cell["bloom_per_m2"]) for cell in strata))
    cells = {(cell["stage"], cell["bloom_per_m2"], cell["area_m2"]): cell for cell in strata}
    print_table(
        "检出率 share found (95 %)",
        ("物候 stage", "花/m² flowers", *(f"{area:g} m²" for area in areas)),
        [
            (
                STAGE_WORDS[GrowthStage(stage)].zh,
                f"{bloom:g}",
                *(_figure(cells.get((stage, bloom, area))) for area in areas),
            )
            for stage, bloom in looks
        ],
    )
    overall, decoys, ordinary = table["overall"], table["decoys"], table["ordinary_ground"]
    say(
        Text(
            f"{overall['from_m2']:g} 平方米以上:{_figure(overall)};每平方公里误报最多 "
            f"{table['false_alarms_per_km2']:g} 个;普通植被仿贴 {_figure(decoys)},"
            f"同处原地面 {_figure(ordinary)}。{table['message_zh']}",
            f"from {overall['from_m2']:g} m²: {_figure(overall)}; at most "
            f"{table['false_alarms_per_km2']:g} false alarms per km²; pasted ordinary vegetation "
            f"{_figure(decoys)}, the same ground untouched {_figure(ordinary)}. {table['message']}",
        )
    )


def _figure(cell: Mapping[str, Any] | None) -> str:
    if cell is None or cell["recall"] is None:
        return "–"
    between = f"{cell['low']:.2f}–{cell['high']:.2f}"
    return f"{cell['recall']:.2f} ({between}, n {cell['planted']})"


def _rate_text(survey_id: int, rate: Mapping[str, Any], looks: int, *, used: bool) -> Text:
    if not used:
        return Text(
            f"按 {rate['patch_m2']:g} 平方米图斑测得检出率 {rate['rate']:g},未采用",
            f"measured for patches of {rate['patch_m2']:g} m²: {rate['rate']:g}, not in use",
        )
    return Text(
        f"航测 {survey_id} 的检出率按 {rate['patch_m2']:g} 平方米图斑取 {rate['rate']:g},重算 {looks} 次查看",
        f"survey {survey_id} has the detection rate {rate['rate']:g} for patches of "
        f"{rate['patch_m2']:g} m², {looks} looks made anew",
    )

"""``geoinspect risk season``: a season of NDVI as prior risk of areas."""

from __future__ import annotations

from pathlib import Path

import click

from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text, UsageError


@click.command("season")
@click.argument("files", type=FILE, nargs=-1)
@click.option("--harvest-year", type=int, help="收获年份 year of harvest; 默认为最后一景那年.")
@click.option("--drop", "dropped", is_flag=True, help="撤销季节先验 take the season back.")
@json_option
@click.pass_obj
def season(
    workspace: Path | None,
    files: tuple[Path, ...],
    harvest_year: int | None,
    dropped: bool,
    as_json: bool,
) -> int:
    """按一个生长季的 NDVI 调整各区域的先验风险 weigh areas by a season of NDVI."""
    from geoinspect.season_risk import drop_season_risk, set_season_risk

    if dropped == bool(files):
        raise UsageError(
            "请给出 NDVI 影像,或用 --drop 撤销,二者选一",
            "give rasters of NDVI, or --drop to take the season back, one of the two",
            code="nothing_given",
        )
    with open_workspace(workspace) as opened:
        if dropped:
            many = drop_season_risk(opened, actor="cli")
            if as_json:
                print_json({"dropped": many})
            say(
                Text(f"已撤销 {many} 个区域的季节先验", f"the season of {many} areas is taken back")
            )
            return 0
        made = set_season_risk(opened, files, actor="cli", harvest_year=harvest_year)
    if as_json:
        areas = [{"code": c, "name": n, "multiplier": m} for c, n, m in made.areas]
        print_json({"areas": areas, "said": [text.en for text in made.said]})
    else:
        columns = ("代码 code", "名称 name", "倍数 multiplier")
        highest_first = sorted(made.areas, key=lambda area: area[2], reverse=True)
        print_table("季节先验 season of NDVI", columns, highest_first)
    for text in made.said:
        say(text)
    say(
        Text(
            f"已调整 {len(made.areas)} 个区域的相对风险;人工修改不变,可用 --drop 撤销",
            f"the relative risk of {len(made.areas)} areas is weighed anew; edits by hand stay, "
            "--drop takes the season back",
        )
    )
    return 0

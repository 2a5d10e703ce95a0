"""``geoinspect labels``: what reviewers said of patches, to take away and to bring in."""

from __future__ import annotations

from pathlib import Path

import click

from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_table,
    say,
)
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text
from geoinspect.files import check_output, readable, replaced_file

_survey = click.option(
    "--survey", "survey_id", type=ROW_ID, required=True, help="航测编号 number of the survey."
)


@click.group()
def labels() -> None:
    """复核标注 what reviewers said of suspected patches."""


@labels.command("list")
@json_option
@click.pass_obj
def list_(workspace: Path | None, as_json: bool) -> int:
    """各航测的复核进度 how far the review of each survey is."""
    from geoinspect.review_book import surveys_told

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = surveys_told(opened, session, "cli")
    if as_json:
        print_json(rows)
        return 0
    keys = ("id", "name", "candidates", "settled", "poppy", "other", "half", "third")
    names = ("编号 id", "航测 survey", "图斑 patches", "已定 settled", "罂粟 poppy", "不是 other")
    print_table(
        "复核进度 review",
        (*names, "待第二人 second person", "待复核 third look"),
        [tuple(row[key] for key in keys) for row in rows],
    )
    return 0


@labels.command("export")
@click.argument("out", type=FILE)
@_survey
@click.pass_obj
def export(workspace: Path | None, out: Path, survey_id: int) -> int:
    """导出标注:labels.gpkg、.csv 或 .geojson write the labels; gpkg goes to detect --labels."""
    from geoinspect.review_files import SUFFIXES, label_file, label_frame

    check_output(out, suffixes=SUFFIXES)
    with open_workspace(workspace) as opened:
        frame = label_frame(opened, survey_id)
    with replaced_file(out) as temp:
        temp.write_bytes(label_file(out.suffix.lower(), frame))
    n = len(frame)
    say(Text(f"已导出 {n} 个标注到 {readable(out)}", f"{n} labels written to {readable(out)}"))
    return 0


@labels.command("import")
@click.argument("file", type=FILE)
@_survey
@json_option
@click.pass_obj
def import_(workspace: Path | None, file: Path, survey_id: int, as_json: bool) -> int:
    """导入带 label 列的多边形 take polygons with a column label (poppy, other, unsure)."""
    from geoinspect.review_files import import_labels

    with open_workspace(workspace) as opened:
        result = import_labels(opened, file, survey_id, actor="cli")
    if as_json:
        counts = {"added": result.added, "known": result.known, "placed": result.placed}
        print_json({**counts, "problems": [problem.as_json() for problem in result.problems]})
        return 0
    say(
        Text(
            f"新增 {result.added} 个标注(其中 {result.placed} 个在现有图斑上),已有 {result.known} 个",
            f"{result.added} labels added ({result.placed} of them on patches that are here), "
            f"{result.known} were known",
        )
    )
    for problem in result.problems:
        say(problem.text)
    return 0

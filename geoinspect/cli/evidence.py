"""Evidence of cases on the command line: files, notes, counts and measured ground."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_table,
    refused,
    say,
    say_error,
)
from geoinspect.cli.tracks import FILE, datum_option, declared, timezone_option
from geoinspect.errors import InputError, Text, UsageError
from geoinspect.files import readable

if TYPE_CHECKING:
    from geoinspect.casework.evidence import Added, NewEvidence
    from geoinspect.store.workspace import Workspace

_Command = TypeVar("_Command", bound=Callable[..., Any])
_KINDS = ("photo", "video", "document")
_CASE = click.argument("case", metavar="CASE")
# What cameras and phones write; anything else is a document until somebody says otherwise.
_BY_SUFFIX = {
    **dict.fromkeys((".jpg", ".jpeg", ".heic", ".heif", ".png", ".webp"), "photo"),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".3gp", ".webm", ".mpg"), "video"),
}


def add_evidence_commands(cases_group: click.Group) -> None:
    """Add ``evidence``, ``count`` and ``area`` to the group ``cases``."""
    for command in (evidence, count, area):
        cases_group.add_command(command)


def _said_options(command: _Command) -> _Command:
    options = (
        click.option("--note", default="", help="备注 note."),
        click.option("--witness", default="", help="见证人 witness."),
        click.option("--witness-office", default="", help="见证人单位 office of the witness."),
        click.option("--step", type=ROW_ID, help="所属步骤序号 number of the event it belongs to."),
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def evidence() -> None:
    """证据 evidence of a case."""


@evidence.command("add")
@_CASE
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--kind", type=click.Choice(_KINDS), help="种类 kind; 默认按扩展名 default: by name.")
@_said_options
@datum_option
@timezone_option
@click.pass_obj
def add(
    workspace: Path | None,
    /,
    case: str,
    files: tuple[Path, ...],
    kind: str | None,
    datum: str,
    timezone: str,
    as_json: bool,
    **said: Any,  # noqa: ANN401 - the options that all kinds share
) -> int:
    """添加照片、视频或文书 add photos, videos or documents."""
    from geoinspect.cases.records import EvidenceKind
    from geoinspect.casework.evidence import NewEvidence
    from geoinspect.casework.evidence_asked import file_name

    results, refusals = [], []
    with open_workspace(workspace) as opened:
        case_id = _case_id(opened, case)
        for path in files:
            try:
                kept = opened.vault.keep_path(
                    _checked(path), max_bytes=int(opened.settings.evidence_max_mb * 1e6)
                )
                new = NewEvidence(
                    EvidenceKind(kind or _BY_SUFFIX.get(path.suffix.lower(), "document")),
                    kept,
                    file_name(readable(path.name)),
                    datum=declared(datum),
                    timezone=timezone,
                    **said,
                )
                results.append(_add(opened, case_id, new))
            except InputError as error:
                refusals.append(refused(readable(path), error))
    return _report(results, refusals, as_json)


@evidence.command("list")
@_CASE
@json_option
@click.pass_obj
def list_(workspace: Path | None, case: str, as_json: bool) -> int:
    """列出证据 list the evidence of a case."""
    from geoinspect.cases.records import EVIDENCE_WORDS, EvidenceKind
    from geoinspect.casework.told import evidence_told
    from geoinspect.store.cases import case_named, evidence_of

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = [evidence_told(row) for row in evidence_of(session, case_named(session, case).id)]
    if as_json:
        print_json(rows)
        return 0
    print_table(
        f"证据 evidence: {case}",
        ("编号 id", "种类 kind", "文件 file", "时间 taken", "距离 m", "说明 what", "sha256"),
        [
            (
                row["id"],
                EVIDENCE_WORDS[EvidenceKind(row["kind"])].zh,
                row["name"] or None,
                row["taken"],
                row["distance_m"],
                _brief(row),
                None if row["sha256"] is None else row["sha256"][:12],
            )
            for row in rows
        ],
    )
    return 0


@click.command()
@_CASE
@click.option("--plants", type=click.IntRange(0), help="逐株清点 plants counted one by one.")
@click.option("--quadrats", help="样方株数 plants in each quadrat: 3,4,0,5.")
@click.option("--quadrat-m2", type=float, default=1.0, show_default=True, help="样方面积 size, m².")
@click.option("--area-m2", type=float, help="种植面积 planted area, m².")
@_said_options
@click.pass_obj
def count(
    workspace: Path | None,
    /,
    case: str,
    plants: int | None,
    quadrats: str | None,
    quadrat_m2: float,
    area_m2: float | None,
    as_json: bool,
    **said: Any,  # noqa: ANN401
) -> int:
    """株数测算 count plants: one by one, or by quadrats with an interval."""
    from geoinspect.cases.facts import read_facts
    from geoinspect.cases.records import CaseAction, EvidenceKind
    from geoinspect.casework.evidence import NewEvidence
    from geoinspect.casework.told import today_of

    given = {
        "plants": plants,
        "quadrats": None if quadrats is None else _quadrats(quadrats, quadrat_m2),
        "area_m2": area_m2,
    }
    facts = read_facts(given, CaseAction.EVIDENCE, today_of())
    with open_workspace(workspace) as opened:
        new = NewEvidence(EvidenceKind.COUNT, facts=facts, **said)
        return _report([_add(opened, _case_id(opened, case), new)], [], as_json)


@click.command()
@_CASE
@click.option("--walked", type=FILE, help="绕行轨迹 track walked round the ground: GPX, KML …")
@click.option("--drawn", "drawing", type=FILE, help="勾绘范围 GeoJSON polygon.")
@click.option("--use-as-ground", is_flag=True, help="用作地块 let it be the ground of the case.")
@_said_options
@datum_option
@timezone_option
@click.pass_obj
def area(
    workspace: Path | None,
    /,
    case: str,
    walked: Path | None,
    drawing: Path | None,
    use_as_ground: bool,
    datum: str,
    timezone: str,
    as_json: bool,
    **said: Any,  # noqa: ANN401
) -> int:
    """面积测量 measure the ground: walked round or drawn."""
    from geoinspect.cases.records import EvidenceKind
    from geoinspect.casework.evidence import NewEvidence
    from geoinspect.casework.evidence_asked import file_name
    from geoinspect.casework.evidence_ground import drawn, walked_file

    path = walked if drawing is None else drawing
    if path is None or (walked is not None and drawing is not None):
        raise UsageError(
            "请给出 --walked 轨迹 或 --drawn 勾绘范围 之一",
            "give either --walked TRACK or --drawn GEOJSON",
            code="no_area",
        )
    label = file_name(readable(path.name))
    with open_workspace(workspace) as opened:
        case_id = _case_id(opened, case)
        most = int(opened.settings.evidence_max_mb * 1e6)
        if walked is None:
            measured = drawn(_geojson(_checked(path)))
        else:
            measured = walked_file(
                _checked(path),
                name=label,
                datum=declared(datum),
                timezone=timezone,
                settings=opened.settings,
            )
        kept = opened.vault.keep_path(path, max_bytes=most)
        new = NewEvidence(
            EvidenceKind.AREA, kept, label, measured=measured, use_as_ground=use_as_ground, **said
        )
        return _report([_add(opened, case_id, new)], [], as_json)


def _case_id(workspace: Workspace, name: str) -> int:
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.evidence import check_may_add
    from geoinspect.store.cases import case_named

    with workspace.database.reading() as session:
        row = case_named(session, name)
        check_may_add(session, row, COMMAND_LINE)
        return row.id


def _add(workspace: Workspace, case_id: int, new: NewEvidence) -> dict[str, Any]:
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.evidence import add_evidence, evidence
    from geoinspect.casework.told import evidence_told

    added: Added = add_evidence(workspace, case_id, new, COMMAND_LINE)
    with workspace.database.reading() as session:
        told = evidence_told(evidence(session, added.evidence_id))
    return {
        "receipt": added.done.receipt,
        "again": added.done.again,
        "evidence": told,
        "problems": [problem.as_json() for problem in added.problems],
    }


def _report(results: list[dict[str, Any]], refusals: list[dict[str, Any]], as_json: bool) -> int:
    if as_json:
        print_json({"added": len(results), "refused": len(refusals), "results": results + refusals})
        return 1 if refusals else 0
    for result in results:
        told = result["evidence"]
        shown = " ".join(part for part in (told["name"], _brief(told)) if part)
        say(
            Text(
                f"证据 {told['id']} {shown},回执 {result['receipt']}",
                f"evidence {told['id']} {shown}, receipt {result['receipt']}",
            )
        )
        for problem in result["problems"]:
            say(Text(f"  · {problem['message_zh']}", problem["message"]))
    for refusal in refusals:
        say_error(Text(refusal["message_zh"], refusal["message"]))
    return 1 if refusals else 0


def _brief(told: dict[str, Any]) -> str:
    """Return what a piece says, short enough for a table."""
    facts = told["facts"]
    found = facts.get("count")
    plants = (
        "" if not found else f"{found['plants']:.0f} 株 [{found['low']:.0f}, {found['high']:.0f}]"
    )
    low, high = facts.get("area_low_m2"), facts.get("area_high_m2")
    between = "" if low is None or high is None else f" [{low:g}, {high:g}]"
    ground = "" if "area_m2" not in facts else f"{facts['area_m2']:g} m²{between}"
    problems = [problem["code"] for problem in facts.get("problems", ())]
    return " · ".join(part for part in (plants, ground, told["note"][:60], *problems) if part)


def _quadrats(text: str, quadrat_m2: float) -> dict[str, object]:
    parts = [part.strip() for part in text.replace("，", ",").split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(
            f"--quadrats 应为逗号分隔的株数,如 3,4,0,5,得到“{text[:60]}”",
            f"--quadrats is plants with commas between, such as 3,4,0,5, got {text[:60]!r}",
            code="bad_quadrats",
        )
    return {"counts": [float(part) for part in parts], "quadrat_m2": quadrat_m2}


def _checked(path: Path) -> Path:
    """Return a path to a file that can be read.

    Raises:
        InputError: It is none.
    """
    if not path.is_file():
        raise InputError(
            f"找不到文件“{readable(path)}”,或它是一个文件夹",
            f"{readable(path)!r} does not exist or is a folder",
            code="not_a_file",
        )
    return path


def _geojson(path: Path) -> object:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            document = json.load(stream)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"“{readable(path)}”不是可读的 GeoJSON({str(error)[:60]})",
            f"{readable(path)!r} is no GeoJSON that can be read ({str(error)[:60]})",
            code="bad_drawing",
        ) from error
    if isinstance(document, dict) and document.get("type") == "FeatureCollection":
        features = document.get("features")
        if isinstance(features, list) and len(features) == 1:
            return features[0]
    return document

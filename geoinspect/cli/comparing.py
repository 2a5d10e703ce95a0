"""``geoinspect surveys compare`` and ``verify``: what changed between two dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.breaking import stoppable
from geoinspect.cli.output import (
    json_option,
    open_workspace,
    print_json,
    print_table,
    progress_bar,
    say,
)
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text, UsageError
from geoinspect.files import check_output, readable
from geoinspect.settings import load_settings

if TYPE_CHECKING:
    from geoinspect.detect.change.rasters import Comparison
    from geoinspect.detect.change.verify import Place, Verdict
    from geoinspect.detect.measure import Source

_SHOWN = 40


@click.command()
@click.argument("before")
@click.argument("after")
@click.option("--out", type=FILE, help="changes.gpkg")
@click.option(
    "--budget-per-km2", type=float, help="仅用于影像文件 most patches per km², for raster files."
)
@json_option
@click.pass_obj
def compare(
    workspace: Path | None,
    before: str,
    after: str,
    out: Path | None,
    budget_per_km2: float | None,
    as_json: bool,
) -> int:
    """比较两次航测(编号或影像文件) compare two surveys, by number or as files; older first."""
    numbers = [_number(given) for given in (before, after)]
    paths = [] if None not in numbers else [Path(before), Path(after)]
    if paths and numbers != [None, None]:
        raise UsageError(
            f"“{before}”与“{after}”一个是编号、一个是文件:请给出两个编号或两个影像文件",
            f"of {before!r} and {after!r} one is a number and one a file: give two numbers or two "
            "rasters",
            code="mixed_surveys",
        )
    if out is not None:
        check_output(out, inputs=paths, suffixes=[".gpkg"])
    if paths:
        made = _compare_files(paths[0], paths[1], budget_per_km2)
    else:
        from geoinspect.change_book import compare_surveys

        with (
            open_workspace(workspace) as opened,
            progress_bar("compare") as progress,
            stoppable() as cancelled,
        ):
            _, made = compare_surveys(
                opened,
                int(before),
                int(after),
                actor="cli",
                progress=progress,
                cancelled=cancelled,
            )
    if out is not None:
        from geoinspect.detect.change.files import write_changes

        write_changes(made.changes, made.alignment, out)
    _print_changes(made, (before, after), as_json=as_json)
    return 0


@click.command()
@click.argument("after")
@click.option(
    "--places",
    type=FILE,
    required=True,
    help="原图斑(以旧航测位置为准) former patches as the earlier survey has them, gpkg/GeoJSON.",
)
@click.option("--before", help="原航测 the earlier survey, to align and compare with.")
@json_option
@click.pass_obj
def verify(
    workspace: Path | None, after: str, places: Path, before: str | None, as_json: bool
) -> int:
    """铲除复核 check former patches on a later survey; nothing here is proof."""
    from geoinspect.detect.change.verify import ASSUMPTIONS
    from geoinspect.detect.change.words import PLACE_WORDS

    given = _places(places)
    with ExitStack() as stack:
        cancelled = stack.enter_context(stoppable())
        later = _source(workspace, after, stack)
        earlier = None if before is None else _source(workspace, before, stack)
        verdicts = _verified(given, later, earlier, cancelled)
    note = Text(
        "影像不能证明已铲除;阈值为假定值,结论须现场核实",
        "a picture is no proof of eradication; the thresholds are assumptions, check on the ground",
    )
    if as_json:
        print_json(
            {
                "after": after,
                "before": before,
                "places": [verdict.as_json() for verdict in verdicts],
                "counts": _counted([verdict.state.value for verdict in verdicts]),
                "assumptions": dict(ASSUMPTIONS),
                "note": note.en,
                "note_zh": note.zh,
            }
        )
        return 0
    print_table(
        "铲除复核 eradication check",
        ["地点 place", "结论 state", "面积 m²", "理由 reason"],
        [
            [
                v.key,
                _both(PLACE_WORDS[v.state]),
                f"{v.area_m2:.0f}",
                f"{v.reason.zh} / {v.reason.en}",
            ]
            for v in verdicts
        ],
    )
    say(note)
    return 0


def _number(given: str) -> int | None:
    """Return the number of a stored survey; None for what names a file."""
    plain = given.isascii() and given.isdecimal() and len(given) < 19
    return int(given) if plain and not Path(given).exists() else None


def _compare_files(before: Path, after: Path, budget_per_km2: float | None) -> Comparison:
    from geoinspect.detect.change.rasters import compare_rasters
    from geoinspect.detect.measure import Source
    from geoinspect.detect.scan import Work

    settings = load_settings()
    if budget_per_km2 is not None:
        if not 0 < budget_per_km2 < float("inf"):
            raise UsageError(
                f"--budget-per-km2 必须是正数,得到 {budget_per_km2}",
                f"--budget-per-km2 must be a positive number, got {budget_per_km2}",
                code="bad_number",
            )
        settings = settings.model_copy(update={"budget_per_km2": budget_per_km2})
    with progress_bar("compare") as progress, stoppable() as cancelled:
        return compare_rasters(
            *(Source(path, readable(path), settings) for path in (before, after)),
            work=Work(cancelled=cancelled),
            progress=progress,
        )


def _source(workspace: Path | None, given: str, stack: ExitStack) -> tuple[Source, Path | None]:
    """Return a survey, by number or as a file, and where its planes are kept."""
    from geoinspect.detect.measure import Source
    from geoinspect.intake.detected import stored_source
    from geoinspect.store import sightings

    number = _number(given)
    if number is None:
        return Source(Path(given), readable(given), load_settings()), None
    opened = stack.enter_context(open_workspace(workspace))
    with opened.database.reading() as session:
        source = stored_source(opened, sightings.survey(session, number))
    planes = opened.planes_path(number)
    planes.mkdir(parents=True, exist_ok=True)
    return source, planes


def _places(path: Path) -> list[Place]:
    """Return the polygons of a file, numbered from 1."""
    from geoinspect.crs import WGS84
    from geoinspect.detect.change.verify import Place
    from geoinspect.ingest.vectors import read_shapes

    file = read_shapes(path)
    for problem in file.problems:
        say(problem.text)
    return [Place(i, shape.polygon, WGS84) for i, shape in enumerate(file.shapes, start=1)]


def _verified(
    places: Sequence[Place],
    later: tuple[Source, Path | None],
    earlier: tuple[Source, Path | None] | None,
    cancelled: Callable[[], bool],
) -> tuple[Verdict, ...]:
    from geoinspect.detect.change.align import align
    from geoinspect.detect.change.evidence import view_of
    from geoinspect.detect.change.verify import verify as verdicts_of
    from geoinspect.detect.model import shipped
    from geoinspect.detect.scan import Work

    with ExitStack() as stack:
        views = []
        for given in (later, earlier):
            if given is not None:
                source, folder = given
                work = Work(folder=folder, cancelled=cancelled)
                views.append(stack.enter_context(view_of(source, shipped(), work)))
        if earlier is None:
            return verdicts_of(places, views[0])
        return verdicts_of(places, views[0], views[1], align(earlier[0], later[0]))


def _print_changes(made: Comparison, names: tuple[str, str], *, as_json: bool) -> None:
    from geoinspect.detect.change.compare import ChangeState, counts_of
    from geoinspect.detect.change.files import change_json
    from geoinspect.detect.change.words import STATE_WORDS

    rows = [change_json(change, made.alignment.crs) for change in made.changes]
    counts = counts_of(made.changes)
    if as_json:
        print_json(
            {
                "before": names[0],
                "after": names[1],
                "alignment": made.alignment.as_json(),
                "counts": counts,
                "uncertain": sum(change.uncertain for change in made.changes),
                "changes": rows,
                "warnings": [warning.en for warning in made.warnings],
                "warnings_zh": [warning.zh for warning in made.warnings],
            }
        )
        return
    say(made.alignment.said)
    words = [(STATE_WORDS[ChangeState(state)], n) for state, n in counts.items()]
    zh = " · ".join(f"{word.zh} {n}" for word, n in words)
    en = " · ".join(f"{word.en} {n}" for word, n in words)
    say(Text(f"图斑:{zh}", f"patches: {en}"))
    print_table(
        "变化 changes",
        ["状态 state", "前 m²", "后 m²", "理由 reason"],
        [_row(row) for row in rows if row["state"] != "unchanged"][:_SHOWN],
    )
    for warning in made.warnings:
        say(warning)


def _row(row: Mapping[str, Any]) -> list[object]:
    from geoinspect.detect.change.compare import ChangeState
    from geoinspect.detect.change.words import STATE_WORDS

    state = _both(STATE_WORDS[ChangeState(row["state"])])
    return [
        f"{state}{'?' if row['uncertain'] else ''}",
        f"{row['area_before_m2']:.0f}",
        f"{row['area_after_m2']:.0f}",
        f"{row['reason_zh']} / {row['reason']}",
    ]


def _both(text: Text) -> str:
    return f"{text.zh} {text.en}"


def _counted(states: Sequence[str]) -> dict[str, int]:
    from geoinspect.detect.change.verify import PlaceState

    return {state.value: states.count(state.value) for state in PlaceState}

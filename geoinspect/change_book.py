"""What changed between stored surveys: compared once, kept with the later one, told to whoever asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.crs import WGS84, centre_of, metric_crs_for, metric_shape
from geoinspect.detect.change.compare import Marked, counts_of
from geoinspect.detect.change.files import change_json
from geoinspect.detect.change.rasters import Comparison, compare_rasters
from geoinspect.detect.scan import Work
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.intake.detected import stored_source
from geoinspect.records import CHINA_TIME, moment_iso
from geoinspect.store import audit, sightings
from geoinspect.store.schema import PatchRow, SurveyRow
from geoinspect.store.workspace import Workspace
from geoinspect.survey_records import PatchState

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Looker:
    """Which places (lon, lat) and surveys one person may know of."""

    place: Callable[[float, float], bool]
    survey: Callable[[SurveyRow], bool]

    def narrowed(self, kept: dict[str, Any], earlier: SurveyRow | None) -> dict[str, Any] | None:
        """Return what of a kept comparison they may know; None for nothing."""
        if earlier is None or not self.survey(earlier):
            return None
        changes = [change for change in kept["changes"] if self._at(change["bbox"])]
        states = Counter(change["state"] for change in changes)
        counts = {state: states[state] for state in kept["counts"]}
        uncertain = sum(change["uncertain"] for change in changes)
        return {**kept, "changes": changes, "counts": counts, "uncertain": uncertain}

    def _at(self, box: Sequence[float]) -> bool:
        return self.place((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


REPORT = "change"
# Surveys that share less ground than this have nothing to compare.
LEAST_SHARED_M2 = 100.0


def comparable(session: Session, survey_id: int) -> list[SurveyRow]:
    """Return the surveys of other times that share ground with one, newest first.

    Raises:
        NotFoundError: There is no such survey.
    """
    row = sightings.survey(session, survey_id)
    return [
        other
        for other in sightings.surveys(session)
        if other.id != row.id
        and (other.taken is None or other.taken != row.taken)
        and _shared_m2(row, other) >= LEAST_SHARED_M2
    ]


def compare_surveys(
    workspace: Workspace,
    before_id: int,
    after_id: int,
    *,
    actor: str,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[dict[str, Any], Comparison]:
    """Compare two stored surveys and keep the result with the later one.

    Returns:
        What was kept, and the comparison itself.

    Raises:
        NotFoundError: There is no such survey.
        UsageError: They are the same or in the wrong order, or one has not been searched.
        RasterError: A raster can't be read.
        InputError: They share no ground.
        Stopped: It was cancelled; nothing is kept but the planes done so far.
    """
    with workspace.database.reading() as session:
        rows = [sightings.survey(session, number) for number in (before_id, after_id)]
        _check(*rows)
        marked = [_marked(session, row.id) for row in rows]
        named = [_survey_json(row) for row in rows]
        sources = [stored_source(workspace, row) for row in rows]
    made = compare_rasters(
        *sources,
        patches_before=marked[0],
        patches_after=marked[1],
        work=Work(cancelled=cancelled),
        folders=(workspace.planes_path(before_id), workspace.planes_path(after_id)),
        progress=progress,
    )
    kept: dict[str, Any] = {
        "before": named[0],
        "after": named[1],
        "made_at": moment_iso(datetime.now(UTC)),
        "alignment": made.alignment.as_json(),
        "counts": counts_of(made.changes),
        "uncertain": sum(change.uncertain for change in made.changes),
        "changes": [change_json(change, made.alignment.crs) for change in made.changes],
    }
    with workspace.database.writing() as session:
        row = sightings.survey(session, after_id)
        row.report = {
            **row.report,
            REPORT: {**row.report.get(REPORT, {}), str(before_id): kept},
        }
        details: dict[str, object] = {
            "before": before_id,
            "after": after_id,
            "aligned": made.alignment.aligned,
            **kept["counts"],
        }
        audit.record(
            session, actor=actor, action="survey.compare", subject=row.name, details=details
        )
    return kept, made


def changes_between(
    later: SurveyRow, earlier: SurveyRow, looker: Looker | None = None
) -> dict[str, Any]:
    """Return what was kept of a comparison, as far as ``looker`` may know it; ``stale`` when one
    was searched anew since.

    Raises:
        NotFoundError: They were never compared.
    """
    kept = later.report.get(REPORT, {}).get(str(earlier.id))
    if kept is None:
        raise NotFoundError(
            f"航测“{later.name}”还没有与“{earlier.name}”比较过:"
            f"请运行 geoinspect surveys compare {earlier.id} {later.id}",
            f"{later.name!r} has not been compared with {earlier.name!r}: run geoinspect surveys "
            f"compare {earlier.id} {later.id}",
            code="not_compared",
        )
    if looker is not None:
        kept = looker.narrowed(kept, earlier) or kept
    return {**kept, "stale": _stale(kept, earlier, later)}


def change_summaries(
    session: Session, later: SurveyRow, looker: Looker | None = None
) -> list[dict[str, Any]]:
    """Return the comparisons kept with a survey without their patches, newest earlier one first;
    as far as ``looker`` may know them.

    Each tells the box of every change that is not plain sameness, to zoom to; and, as ``stale``,
    whether one of the two was searched anew since.
    """
    told = []
    for number, whole in later.report.get(REPORT, {}).items():
        earlier = session.get(SurveyRow, int(number))
        kept = whole if looker is None else looker.narrowed(whole, earlier)
        if kept is None:
            continue
        boxes: dict[str, list[list[float]]] = {}
        for change in kept["changes"]:
            if change["state"] in {"new", "grown", "cleared"}:
                boxes.setdefault(change["state"], []).append(change["bbox"])
        told.append(
            {
                "with": int(number),
                "before": kept["before"],
                "made_at": kept["made_at"],
                "aligned": kept["alignment"]["aligned"],
                "counts": kept["counts"],
                "uncertain": kept["uncertain"],
                "stale": _stale(kept, earlier, later),
                "boxes": {state: _joined(found) for state, found in boxes.items()},
            }
        )
    return sorted(told, key=lambda one: (one["before"]["taken"] or "", one["with"]), reverse=True)


def changes_of_patch(
    session: Session, patch: PatchRow, looker: Looker | None = None
) -> list[dict[str, Any]]:
    """Return what comparisons that still hold say of one patch, newest earlier survey first;
    those with surveys that ``looker`` may know of.
    """
    told = []
    for number, kept in patch.survey.report.get(REPORT, {}).items():
        earlier = session.get(SurveyRow, int(number))
        hidden = looker is not None and (earlier is None or not looker.survey(earlier))
        if hidden or _stale(kept, earlier, patch.survey):
            continue
        for change in kept["changes"]:
            if change["after"] == patch.id:
                told.append(
                    {
                        "with": int(number),
                        "since": kept["before"]["day"],
                        **{
                            key: change[key]
                            for key in ("state", "uncertain", "reason", "reason_zh")
                        },
                    }
                )
    return sorted(told, key=lambda one: (one["since"] or "", one["with"]), reverse=True)


def _stale(kept: dict[str, Any], earlier: SurveyRow | None, later: SurveyRow) -> bool:
    """Return whether a survey of a kept comparison was searched or dated anew since, or is gone."""
    for side, row in (("before", earlier), ("after", later)):
        then = kept[side]["searched_at"]
        # Comparisons of older versions were kept to the microsecond.
        compared = None if then is None else moment_iso(datetime.fromisoformat(then))
        if row is None or compared != moment_iso(row.detected_at):
            return True
        if kept[side].get("taken") != moment_iso(row.taken):
            return True
    return False


def _check(before: SurveyRow, after: SurveyRow) -> None:
    if before.id == after.id:
        raise UsageError(
            f"前后是同一次航测(编号 {before.id}):请给出两次不同的航测",
            f"both are survey {before.id}: give two different surveys",
            code="same_survey",
        )
    if before.taken is not None and after.taken is not None and before.taken > after.taken:
        raise UsageError(
            f"“{before.name}”拍摄于“{after.name}”之后:请先写早的,再写晚的",
            f"{before.name!r} was flown after {after.name!r}: give the earlier one first",
            code="wrong_order",
        )
    for row in (before, after):
        if row.detected_at is None:
            raise UsageError(
                f"航测“{row.name}”还没有检测:请先运行 geoinspect detect --survey {row.id}",
                f"{row.name!r} has not been searched: run geoinspect detect --survey {row.id} "
                "first",
                code="not_searched",
            )


def _marked(session: Session, survey_id: int) -> list[Marked]:
    query = select(PatchRow).where(
        PatchRow.survey_id == survey_id, PatchRow.state == PatchState.SUSPECTED.value
    )
    rows: Sequence[PatchRow] = session.scalars(query.order_by(PatchRow.id)).all()
    return [Marked(row.id, row.geometry, WGS84, row.logit or 0.0) for row in rows]


def _shared_m2(one: SurveyRow, two: SurveyRow) -> float:
    shared = shapely.intersection(one.geometry, two.geometry)
    if shared.is_empty or not shared.area > 0:
        return 0.0
    parts = [p for p in shapely.get_parts(shared) if isinstance(p, shapely.Polygon)]
    crs = metric_crs_for(*centre_of(shapely.MultiPolygon(parts)))
    return float(sum(metric_shape(part, crs).area for part in parts))


def _joined(boxes: Sequence[Sequence[float]]) -> list[float]:
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]


def _survey_json(row: SurveyRow) -> dict[str, Any]:
    day = None if row.taken is None else row.taken.astimezone(CHINA_TIME).date().isoformat()
    return {
        "id": row.id,
        "name": row.name,
        "taken": moment_iso(row.taken),
        "day": day,
        "searched_at": moment_iso(row.detected_at),
    }

"""From records to rows: what the store keeps of a track, a survey and its patches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import shapely

from geoinspect import crs as crs_
from geoinspect.errors import Text
from geoinspect.ingest.tracks import length_m
from geoinspect.intake.preparing import PreparedFile, PreparedTrack
from geoinspect.patrols.choices import TrackChoices, TrackTags
from geoinspect.patrols.thinning import thin_lines
from geoinspect.records import CHINA_TIME, MU_M2, AddResult, Segment, Stop, utc_iso
from geoinspect.store.schema import FileRow, PatchRow, SurveyRow, TrackRow
from geoinspect.survey_records import Detection, RasterInfo

# The map's copy of a line may differ from it by this much: about a metre.
_MAP_TOLERANCE_DEG = 1e-5
_MOST_MAP_POINTS = 50_000
# Below this, square metres say more than mu and hectares.
_LARGE_M2 = 1000.0


def new_track_row(prepared: PreparedFile, track: PreparedTrack, tags: TrackTags) -> TrackRow:
    """Return the row of one outing of a file, to be filled by :func:`fill_track_row`."""
    text = prepared.text
    return TrackRow(
        part=track.part,
        name=prepared.name,
        format=prepared.format,
        unit_code=tags.unit_code,
        team=tags.team,
        people=[] if tags.person is None else [tags.person],
        choices=choices_of(tags).as_json(),
        decision={},
        report={
            "message": text.en,
            "message_zh": text.zh,
            "points_refused": dict(prepared.refused),
        },
    )


def fill_track_row(row: TrackRow, track: PreparedTrack) -> None:
    """Put what cleaning made of an outing into its row."""
    cleaned = track.cleaned
    row.mode, row.day = cleaned.mode.value, track.day
    row.first_time, row.last_time = track.times or (None, None)
    row.points = sum(len(segment) for segment in cleaned.raw)
    row.length_m = length_m(cleaned.raw)
    row.cleaned_length_m = length_m(cleaned.segments)
    row.geometry = _map_line(cleaned.segments or cleaned.raw)
    row.trace, row.sketch = track.trace, track.sketch
    datum = track.datum
    if datum is not None:
        row.datum_found, row.datum_used = datum.found, datum.used
        row.report = {
            **row.report,
            "datum_why": datum.why.en,
            "datum_why_zh": datum.why.zh,
            "datum_declared": datum.declared,
            "read": [problem.as_json() for problem in track.said or ()],
        }
    row.report = {
        **row.report,
        "mode_declared": cleaned.mode_declared,
        "flagged": cleaned.flagged,
        "rules_off": sorted(cleaned.rules_off),
        "segments": len(cleaned.segments),
        "stops": [_stop_json(stop) for stop in cleaned.stops],
    }


def choices_of(tags: TrackTags) -> TrackChoices:
    """Return the choices that a sender's words make."""
    return TrackChoices(
        mode=tags.mode,
        datum=tags.datum,
        timezone=tags.timezone,
        crs=tags.crs,
        visibility=tags.visibility,
        columns=tags.columns,
    )


def _stop_json(stop: Stop) -> dict[str, object]:
    return {
        "lon": round(stop.lon, 6),
        "lat": round(stop.lat, 6),
        "start": utc_iso(stop.start_s),
        "end": utc_iso(stop.end_s),
        "points": stop.points,
    }


def survey_row(
    info: RasterInfo,
    label: str,
    taken: datetime | None,
    text: Text,
    check: Mapping[str, Any],
) -> SurveyRow:
    """Return the row of a survey, with its check; its file is set by the caller."""
    return SurveyRow(
        name=label,
        unit_code=None,
        taken=taken,
        width=info.width,
        height=info.height,
        band_count=len(info.bands),
        crs=info.crs,
        gsd_cm=info.gsd_cm,
        valid_area_m2=info.valid_area_m2,
        geometry=info.outline,
        report={
            "message": text.en,
            "message_zh": text.zh,
            "bands": [band.role for band in info.bands],
            "fit_for": info.fit_for,
            "problems": [problem.as_json() for problem in info.problems],
            "check": dict(check),
        },
    )


def patch_rows(detection: Detection, survey_id: int) -> list[PatchRow]:
    """Return the rows of a detection's patches, in WGS84."""
    return [
        PatchRow(
            survey_id=survey_id,
            rank=patch.rank,
            score=patch.score,
            area_m2=patch.area_m2,
            reasons=dict(patch.reasons),
            state=patch.state.value,
            logit=float(patch.logit),
            features=np.asarray(patch.features, "<f4").tobytes(),
            geometry=crs_.transform_geometry(patch.crs, crs_.WGS84, patch.polygon),
        )
        for patch in detection.patches
    ]


def survey_text(info: RasterInfo, label: str) -> Text:
    """Return the sentence its sender reads."""
    m2 = info.valid_area_m2
    zh, en = f"{m2:.0f} 平方米", f"{m2:.0f} m²"
    if m2 >= _LARGE_M2:
        zh = f"{m2 / MU_M2:.1f} 亩({m2 / 1e4:.2f} 公顷)"
        en = f"{m2 / MU_M2:.1f} mu ({m2 / 1e4:.2f} ha)"
    return Text(
        f"航测 {label}:{info.width}×{info.height} 像素,地面分辨率 {info.gsd_cm:.1f} 厘米,有效面积 {zh}。",
        f"Survey {label}: {info.width}×{info.height} px, ground resolution {info.gsd_cm:.1f} cm, "
        f"valid ground {en}.",
    )


def duplicate(
    kind: Literal["track", "survey", "photo"], label: str, record_id: int, file: FileRow
) -> AddResult:
    """Return what to tell the sender of bytes that are here already."""
    when = file.received_at.astimezone(CHINA_TIME)
    text = Text(
        f"{label}:已于 {when:%Y-%m-%d %H:%M}(北京时间)收到过同一文件“{file.name}”,不重复计算。",
        f"{label}: the same file came as {file.name} on {when:%Y-%m-%d %H:%M} (Beijing time); it counts once.",
    )
    return AddResult(label, "duplicate", kind, record_id, text, (), {"sha256": file.sha256})


def _map_line(segments: tuple[Segment, ...]) -> shapely.MultiLineString:
    lines = [np.column_stack([s.lon, s.lat]) for s in segments]
    drawn = thin_lines(lines, _MAP_TOLERANCE_DEG, most=_MOST_MAP_POINTS)
    return shapely.MultiLineString([line if len(line) > 1 else line[[0, 0]] for line in drawn])


def china_day(moment: datetime | None) -> date | None:
    """Return the day of a moment by the Chinese calendar."""
    return None if moment is None else moment.astimezone(CHINA_TIME).date()

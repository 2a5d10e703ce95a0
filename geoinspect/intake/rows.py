"""From records to rows: what the store keeps of a track, a survey and its patches."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

import numpy as np
import shapely

from geoinspect import crs as crs_
from geoinspect.errors import Text
from geoinspect.records import CHINA_TIME, MU_M2, AddResult, CleanedTrack, Segment, TrackFile
from geoinspect.store.schema import FileRow, PatchRow, SurveyRow, TrackRow
from geoinspect.survey_records import Detection, RasterInfo

# The map's copy of a line may differ from it by this much: about a metre.
_MAP_TOLERANCE_DEG = 1e-5
# Below this, square metres say more than mu and hectares.
_LARGE_M2 = 1000.0


def track_row(
    file: TrackFile,
    cleaned: CleanedTrack,
    unit_code: str | None,
    team: str | None,
    day: date | None,
    label: str,
    text: Text,
) -> TrackRow:
    """Return the row of a track; its file is set by the caller."""
    times_s = np.concatenate([s.time_s for s in file.segments])
    timed = times_s[np.isfinite(times_s)]
    return TrackRow(
        name=next((line.name for line in file.lines if line.name), None) or label,
        format=file.format,
        unit_code=unit_code,
        team=team,
        mode=cleaned.mode.value,
        day=day,
        first_time=datetime.fromtimestamp(timed.min(), UTC) if len(timed) else None,
        last_time=datetime.fromtimestamp(timed.max(), UTC) if len(timed) else None,
        points=len(times_s),
        length_m=_length_m(file.segments),
        cleaned_length_m=_length_m(cleaned.segments),
        datum_found=None if file.datum.found is None else file.datum.found.value,
        datum_used=file.datum.used.value,
        geometry=_map_line(cleaned.segments or file.segments),
        report={
            "message": text.en,
            "message_zh": text.zh,
            "datum_why": file.datum.why.en,
            "datum_why_zh": file.datum.why.zh,
            "mode_declared": cleaned.mode_declared,
            "points_refused": dict(file.refused),
            "flagged": dict(cleaned.flagged),
        },
    )


def survey_row(info: RasterInfo, label: str, taken: datetime | None, text: Text) -> SurveyRow:
    """Return the row of a survey; its file is set by the caller."""
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
    kind: Literal["track", "survey"], label: str, record_id: int, file: FileRow
) -> AddResult:
    """Return what to tell the sender of bytes that are here already."""
    when = file.received_at.astimezone(CHINA_TIME)
    text = Text(
        f"{label}:已于 {when:%Y-%m-%d %H:%M}(北京时间)收到过同一文件“{file.name}”,不重复计算。",
        f"{label}: the same file came as {file.name} on {when:%Y-%m-%d %H:%M} (Beijing time); it counts once.",
    )
    return AddResult(label, "duplicate", kind, record_id, text, (), {"sha256": file.sha256})


def _length_m(segments: tuple[Segment, ...]) -> float:
    return sum(crs_.geodesic_length_m(s.lon, s.lat) for s in segments)


def _map_line(segments: tuple[Segment, ...]) -> shapely.MultiLineString:
    lines = [np.column_stack([s.lon, s.lat]) for s in segments]
    whole = shapely.MultiLineString([line if len(line) > 1 else line[[0, 0]] for line in lines])
    simple = shapely.simplify(whole, _MAP_TOLERANCE_DEG, preserve_topology=False)
    return (
        simple if isinstance(simple, shapely.MultiLineString) else shapely.MultiLineString([simple])
    )


def china_day(moment: datetime | None) -> date | None:
    """Return the day of a moment by the Chinese calendar."""
    return None if moment is None else moment.astimezone(CHINA_TIME).date()


def first_day(segments: tuple[Segment, ...]) -> date | None:
    """Return the first day of a track, by the Chinese calendar."""
    times_s = np.concatenate([np.empty(0), *(s.time_s for s in segments)])
    timed = times_s[np.isfinite(times_s)]
    return datetime.fromtimestamp(timed.min(), CHINA_TIME).date() if len(timed) else None

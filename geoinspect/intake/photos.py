"""Take photos into the workspace: a place, a moment, and the ground a drone's picture shows."""

from __future__ import annotations

from pathlib import Path

import shapely

from geoinspect.errors import Text
from geoinspect.files import readable
from geoinspect.ingest.photo_records import Photo
from geoinspect.ingest.photos import photo_json, read_photo
from geoinspect.intake.looks import LookMaker, photo_source
from geoinspect.intake.rows import china_day, duplicate
from geoinspect.patrols.choices import TrackTags
from geoinspect.records import CHINA_TIME, AddResult
from geoinspect.store import audit, grounds, sightings
from geoinspect.store.schema import PhotoRow
from geoinspect.store.workspace import Workspace


def add_photo(
    workspace: Workspace,
    path: Path,
    *,
    name: str | None,
    tags: TrackTags,
    actor: str,
    looks: LookMaker | None = None,
) -> AddResult:
    """Read a photo and store where and when it was taken; a drone's counts as coverage.

    ``looks`` may be shared between the photos of a batch.

    Raises:
        PhotoError: It is no photo, or does not say where it was taken; nothing is stored.
        NotFoundError: The unit is unknown.
    """
    label, settings = name or readable(path.name), workspace.settings
    with workspace.database.reading() as session:
        grounds.require_unit(session, tags.unit_code)
    photo = read_photo(
        path,
        datum=tags.datum,
        timezone=tags.timezone,
        settings=settings,
        name=label,
        shot=tags.shot,
    )
    kept = workspace.vault.keep_or_find(path, max_bytes=int(settings.photo_max_mb * 1e6))
    text = _told(photo, label)
    looks = looks or LookMaker(workspace)
    looks.prepare(china_day(photo.taken))
    with workspace.database.writing() as session:
        file = sightings.file_row(session, kept, label)
        known = sightings.photo_of_file(session, file.id)
        if known is not None:
            return duplicate("photo", label, known.id, known.file)
        row = PhotoRow(
            file_id=file.id,
            name=label,
            unit_code=tags.unit_code,
            team=tags.team,
            taken=photo.taken,
            geometry=shapely.Point(photo.lon, photo.lat),
            report={**photo_json(photo), "message": text.en, "message_zh": text.zh},
        )
        session.add(row)
        session.flush()
        details: dict[str, object] = {"id": row.id, "sha256": kept.sha256}
        audit.record(session, actor=actor, action="photo.add", subject=label, details=details)
        seen = photo_source(row)
        uncounted = () if seen is None else looks.add(session, seen, row.id)
        problems = (*photo.problems, *uncounted)
        return AddResult(label, "added", "photo", row.id, text, problems, {"sha256": kept.sha256})


def _told(photo: Photo, label: str) -> Text:
    zh, en = [f"照片 {label}"], [f"photo {label}"]
    if photo.taken is not None:
        when = photo.taken.astimezone(CHINA_TIME)
        zh.append(f"{when:%Y-%m-%d %H:%M}(北京时间)")
        en.append(f"{when:%Y-%m-%d %H:%M} (Beijing time)")
    zh.append(f"位置 {photo.lon:.5f}, {photo.lat:.5f}")
    en.append(f"at {photo.lon:.5f}, {photo.lat:.5f}")
    return Text(f"{','.join(zh)}。", f"{', '.join(en)}.")

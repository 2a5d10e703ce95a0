"""What people send through the web: kept and receipted first, understood second."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.orm import Session

from geoinspect.errors import GeoInspectError, StoreError
from geoinspect.ingest.photos import is_photo
from geoinspect.intake.files import Intake, Tell
from geoinspect.intake.photos import add_photo
from geoinspect.patrols.choices import TrackTags
from geoinspect.records import AddResult
from geoinspect.store import audit, people, sightings
from geoinspect.store.incoming import UNDERSTAND
from geoinspect.store.jobs import PRIORITY_RASTER, PRIORITY_UPLOAD, enqueue
from geoinspect.store.schema import UploadRow
from geoinspect.store.vault import KeptFile
from geoinspect.store.workspace import Workspace

HEAD_BYTES = 64
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def receive(
    workspace: Workspace,
    chunks: Iterable[bytes],
    *,
    name: str,
    user_id: int,
    actor: str,
    max_mb: float,
    tags: TrackTags | None = None,
) -> UploadRow:
    """Keep what a person sends, whole and synced, and return its receipt; a job reads it.

    Raises:
        TooLargeError: More than ``max_mb`` came; nothing is kept.
        StoreError: The disk can't take it.
    """
    kept = workspace.vault.keep(chunks, max_bytes=int(max_mb * 1e6))
    long = kind_of(kept.path) == "survey"
    with workspace.database.writing() as session:
        row = record_received(
            session,
            kept,
            name=name,
            user_id=user_id,
            actor=actor,
            tags=(tags or TrackTags()).as_json(),
            long=long,
        )
        session.refresh(row)
    return row


def record_received(
    session: Session,
    kept: KeptFile,
    *,
    name: str,
    user_id: int,
    actor: str,
    tags: dict[str, Any],
    long: bool,
) -> UploadRow:
    """Make the rows of a file that is in the vault, with the job that will read it.

    Args:
        session: Open for writing; all of it stands or nothing does.
        kept: The file.
        name: As its sender calls it.
        user_id: Who sent it.
        actor: Their name, for the audit.
        tags: As :meth:`TrackTags.as_json` gives them.
        long: Whether reading it takes long, as a raster does.
    """
    file = sightings.file_row(session, kept, name)
    row = people.record_upload(session, file=file, user_id=user_id, name=name)
    details: dict[str, object] = {"receipt": row.id, "sha256": kept.sha256, "bytes": kept.bytes}
    audit.record(session, actor=actor, action="upload", subject=name, details=details)
    enqueue(
        session,
        UNDERSTAND,
        row.id,
        {"tags": tags},
        asked_by=user_id,
        weight="long" if long else "quick",
        priority=PRIORITY_RASTER if long else PRIORITY_UPLOAD,
        key=f"{UNDERSTAND}:{row.id}",
    )
    return row


def process(
    workspace: Workspace,
    upload_id: str,
    *,
    actor: str,
    tags: TrackTags | None = None,
    tell: Tell | None = None,
) -> AddResult:
    """Make of an upload what it is; the result is kept with its receipt.

    ``tell`` hears how far a raster is.
    """
    with workspace.database.reading() as session:
        upload = people.upload(session, upload_id)
    path = workspace.vault.path_of(upload.file.sha256)
    intake = Intake(workspace, actor=actor)
    kind = kind_of(path)
    try:
        if kind == "survey":
            day = None if tags is None else tags.day
            result = intake.add_searched_survey(path, name=upload.name, taken=day, tell=tell)
        elif kind == "photo":
            result = add_photo(
                workspace, path, name=upload.name, tags=tags or TrackTags(), actor=actor
            )
        else:
            result = intake.add_track(path, name=upload.name, tags=tags)
    except StoreError:
        # The office's trouble, not the file's: the receipt stands and the file can come again.
        raise
    except GeoInspectError as error:
        result = AddResult(
            upload.name, "refused", kind, None, error.text, details={"code": error.code}
        )
    with workspace.database.writing() as session:
        people.finish_upload(session, upload_id, status=result.status, result=result_json(result))
    return result


def kind_of(path: Path) -> Literal["track", "survey", "photo"]:
    """Return ``survey`` for a TIFF, ``photo`` for a JPEG or HEIC, ``track`` for anything else,
    judged by the first bytes.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head.startswith(TIFF_MAGIC):
        return "survey"
    return "photo" if is_photo(head) else "track"


def result_json(result: AddResult) -> dict[str, Any]:
    """Return a result for programs and for keeping with a receipt."""
    return {
        "file": result.file,
        "status": result.status,
        "kind": result.kind,
        "id": result.record_id,
        "message": result.summary.en,
        "message_zh": result.summary.zh,
        "problems": [problem.as_json() for problem in result.problems],
        "details": dict(result.details),
    }

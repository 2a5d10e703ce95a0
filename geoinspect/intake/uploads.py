"""What people send through the web: kept and receipted first, understood second."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from geoinspect.errors import GeoInspectError, StoreError
from geoinspect.ingest.photos import is_photo
from geoinspect.intake.files import Intake
from geoinspect.intake.photos import add_photo
from geoinspect.patrols.choices import TrackTags
from geoinspect.records import AddResult
from geoinspect.store import audit, people, sightings
from geoinspect.store.schema import UploadRow
from geoinspect.store.workspace import Workspace

_HEAD_BYTES = 64
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def receive(
    workspace: Workspace,
    chunks: Iterable[bytes],
    *,
    name: str,
    user_id: int,
    actor: str,
    max_mb: float,
) -> UploadRow:
    """Keep what a person sends, whole and synced, and return its receipt.

    Raises:
        TooLargeError: More than ``max_mb`` came; nothing is kept.
        StoreError: The disk can't take it.
    """
    kept = workspace.vault.keep(chunks, max_bytes=int(max_mb * 1e6))
    with workspace.database.writing() as session:
        file = sightings.file_row(session, kept, name)
        row = people.record_upload(session, file=file, user_id=user_id, name=name)
        details: dict[str, object] = {"receipt": row.id, "sha256": kept.sha256, "bytes": kept.bytes}
        audit.record(session, actor=actor, action="upload", subject=name, details=details)
        session.refresh(row)
    return row


def process(
    workspace: Workspace, upload_id: str, *, actor: str, tags: TrackTags | None = None
) -> AddResult:
    """Make of an upload what it is; the result is kept with its receipt."""
    with workspace.database.reading() as session:
        upload = people.upload(session, upload_id)
    path = workspace.vault.path_of(upload.file.sha256)
    intake = Intake(workspace, actor=actor)
    kind = kind_of(path)
    try:
        if kind == "survey":
            day = None if tags is None else tags.day
            result = intake.add_searched_survey(path, name=upload.name, taken=day)
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
        head = stream.read(_HEAD_BYTES)
    if head.startswith(_TIFF_MAGIC):
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

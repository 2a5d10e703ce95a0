"""What people send through the web: kept and receipted first, understood second."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from geoinspect.errors import GeoInspectError, Text
from geoinspect.intake.files import Intake, TrackTags
from geoinspect.records import AddResult, Problem
from geoinspect.store import audit, people, sightings
from geoinspect.store.schema import UploadRow
from geoinspect.store.workspace import Workspace

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
            result = _with_detection(intake, intake.add_survey(path, name=upload.name))
        else:
            result = intake.add_track(path, name=upload.name, tags=tags)
    except GeoInspectError as error:
        result = AddResult(
            upload.name, "refused", kind, None, error.text, details={"code": error.code}
        )
    with workspace.database.writing() as session:
        people.finish_upload(session, upload_id, status=result.status, result=result_json(result))
    return result


def kind_of(path: Path) -> Literal["track", "survey"]:
    """Return ``survey`` for a TIFF, ``track`` for anything else, judged by the first bytes."""
    with path.open("rb") as stream:
        return "survey" if stream.read(4) in _TIFF_MAGIC else "track"


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


def _with_detection(intake: Intake, result: AddResult) -> AddResult:
    if result.status != "added" or result.record_id is None:
        return result
    detection, problems = intake.detect_survey(result.record_id)
    n = len(detection.patches)
    text = Text(
        f"{result.summary.zh}找到 {n} 个疑似图斑,需到现场核实。",
        f"{result.summary.en} {n} suspected patches, to be checked on the ground.",
    )
    warnings = tuple(Problem("detector", warning) for warning in detection.warnings)
    return AddResult(
        result.file,
        result.status,
        result.kind,
        result.record_id,
        text,
        (*result.problems, *warnings, *problems),
        {**result.details, "patches": n},
    )

"""A case as a folder that another office can check without this software, or as one document.

The taking out is itself a row of the audit chain (``case.export``), written before anything is
made: who took a case out is known even where the making failed afterwards.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session

from geoinspect.casework.actors import Actor
from geoinspect.casework.anchors import current_anchor
from geoinspect.casework.dossier import case_family, dossier_of, evidence_rows
from geoinspect.casework.dossier_chain import chain_texts, rows_about, sealed_texts
from geoinspect.casework.export_files import (
    SUMS,
    Parcel,
    Sink,
    folder_sink,
    opened_zip,
    safe_name,
    sums_bytes,
    zip_sink,
)
from geoinspect.casework.export_tables import case_json, events_csv, ground_geojson
from geoinspect.casework.export_words import readme_text
from geoinspect.errors import StoreError, UsageError
from geoinspect.files import readable, replaced_file
from geoinspect.report.dossier_docx import dossier_docx
from geoinspect.report.dossier_html import dossier_html
from geoinspect.report.dossier_pdf import dossier_pdf
from geoinspect.report.dossier_records import Dossier, written
from geoinspect.store import audit, cases
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.vault import read_chunks
from geoinspect.store.workspace import Workspace

FORMS = ("html", "pdf", "docx", "zip")
_WRITERS: Mapping[str, Callable[[Dossier], bytes]] = {
    "html": lambda dossier: dossier_html(dossier).encode("utf-8", "replace"),
    "pdf": dossier_pdf,
    "docx": dossier_docx,
}
_DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was taken out.

    Attributes:
        number: Of the case.
        files: How many files were written.
        damaged: Evidence files that are not as they came, or gone.
    """

    number: str
    files: int
    damaged: tuple[str, ...]


def export_case(
    workspace: Workspace, case_id: int, out_folder: Path, *, now: datetime, by: Actor
) -> Exported:
    """Write a case to a new folder, whole or not at all.

    Args:
        workspace: Opened.
        case_id: Row number of the case.
        out_folder: Made; its parent must be there. An empty folder is replaced.
        now: When it is taken out, aware.
        by: Who takes it out.

    Raises:
        NotFoundError: There is no such case.
        UsageError: The folder can't be written or holds something, or a library is missing.
        StoreError: The disk is full, or the audit chain doesn't fit.
    """
    with _told_of_the_disk(out_folder):
        _check_free(out_folder)
        temp = Path(tempfile.mkdtemp(prefix=".geoinspect-", dir=out_folder.parent))
        try:
            exported = _fill(workspace, case_id, lambda _: folder_sink(temp), "folder", now, by)
            temp.chmod(0o755)
            _check_free(out_folder)
            if out_folder.exists():
                out_folder.rmdir()
            temp.rename(out_folder)
        finally:
            shutil.rmtree(temp, ignore_errors=True)
    return exported


def export_zip(
    workspace: Workspace, case_id: int, out: BinaryIO, *, now: datetime, by: Actor
) -> Exported:
    """Write the same folder as a ZIP to an open file (see :func:`export_case`)."""
    with opened_zip(out) as packed:
        return _fill(
            workspace,
            case_id,
            lambda number: zip_sink(packed, f"case-{number}", now),
            "zip",
            now,
            by,
        )


def export_document(
    workspace: Workspace, case_id: int, form: str, *, now: datetime, by: Actor
) -> tuple[bytes, Exported]:
    """Return a case's dossier as the bytes of ``html``, ``pdf`` or ``docx``.

    Raises:
        NotFoundError: There is no such case.
        UsageError: A library is missing.
    """
    write = _WRITERS[form]
    _note_taken_out(workspace, case_id, form, by)
    with workspace.database.reading() as session:
        row = cases.case(session, case_id)
        dossier = dossier_of(workspace, session, row, now=now, by=by)
    bad = tuple(one.name for one in dossier.evidence if one.found in ("changed", "missing"))
    return write(dossier), Exported(dossier.number, 1, bad)


def export_to(
    workspace: Workspace, case_id: int, out: Path, *, now: datetime, by: Actor
) -> Exported:
    """Write a case to ``.html``, ``.pdf``, ``.docx`` or ``.zip``, or to a folder by any other name.

    Raises:
        NotFoundError: There is no such case.
        UsageError: It can't be written there, or a library is missing.
        StoreError: The disk is full, or the audit chain doesn't fit.
    """
    form = out.suffix.lower().lstrip(".")
    if form not in FORMS or out.is_dir():
        return export_case(workspace, case_id, out, now=now, by=by)
    with replaced_file(out) as temp:
        if form == "zip":
            with temp.open("xb") as file:
                return export_zip(workspace, case_id, file, now=now, by=by)
        content, exported = export_document(workspace, case_id, form, now=now, by=by)
        temp.write_bytes(content)
    return exported


def _note_taken_out(workspace: Workspace, case_id: int, form: str, by: Actor) -> None:
    with workspace.database.writing() as session:
        row = cases.case(session, case_id)
        audit.record(
            session,
            actor=by.name,
            action="case.export",
            subject=f"case {row.id}",
            details={"number": row.number, "form": form, "version": row.version},
        )


def _fill(
    workspace: Workspace,
    case_id: int,
    sink_of: Callable[[str], Sink],
    form: str,
    now: datetime,
    by: Actor,
) -> Exported:
    """Put everything into the sink that a case's number gives."""
    _note_taken_out(workspace, case_id, form, by)
    # One snapshot for all of it, so that no file tells of another moment than the next.
    with workspace.database.reading() as session:
        row = cases.case(session, case_id)
        dossier = dossier_of(workspace, session, row, now=now, by=by)
        family = case_family(session, row)
        parcel = Parcel(sink_of(dossier.number))
        for name, write in _WRITERS.items():
            parcel.put(f"dossier.{name}", write(dossier))
        parcel.put("case.json", case_json(session, family, dossier))
        parcel.put("events.csv", events_csv(dossier))
        parcel.put("ground.geojson", ground_geojson(dossier))
        anchor = current_anchor(session, workspace)
        parcel.put("anchor.txt", anchor.as_text().encode("utf-8-sig"))
        _put_texts(session, family, parcel)
        _put_evidence(workspace, session, family, parcel)
    readme = readme_text(
        number=dossier.number,
        made_at=written(now),
        made_by=by.name,
        simulated=dossier.simulated,
        damaged=parcel.damaged,
    )
    # Notepad of old Windows wants the mark and both ends of a line.
    parcel.put("README.txt", readme.replace("\n", "\r\n").encode("utf-8-sig", "replace"))
    return Exported(dossier.number, parcel.close(), tuple(parcel.damaged))


def _put_evidence(
    workspace: Workspace, session: Session, family: list[CaseRow], parcel: Parcel
) -> None:
    for n, (_case, row) in enumerate(evidence_rows(session, family), start=1):
        if row.sha256 is not None:
            path = workspace.vault.path_of(row.sha256)
            chunks = read_chunks(path) if path.is_file() else None
            parcel.put_original(f"evidence/{safe_name(n, row.name)}", row.sha256, chunks)


def _put_texts(session: Session, family: list[CaseRow], parcel: Parcel) -> None:
    rows = rows_about(session, [one.id for one in family])
    for kind, texts in (
        ("chain", chain_texts(session, rows)),
        ("rows", sealed_texts(session, family)),
    ):
        own: dict[str, str] = {}
        for text in texts:
            own[text.name] = text.sha256
            parcel.put(f"{kind}/{text.name}", text.text)
        parcel.put(f"{kind}/{SUMS}", sums_bytes(own))


def _check_free(folder: Path) -> None:
    shown = readable(folder)
    if not folder.parent.is_dir():
        raise UsageError(
            f"输出目录不存在:{readable(folder.parent)}",
            f"there is no folder {readable(folder.parent)} to write to",
            code="no_such_folder",
        )
    taken = folder.is_symlink() or (folder.exists() and not folder.is_dir())
    if taken or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(
            f"“{shown}”已有内容,不会覆盖:请换一个新的文件夹名",
            f"{shown!r} is there and not empty, and is not replaced: choose another folder",
            code="not_empty",
        )


@contextmanager
def _told_of_the_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = StoreError if error.errno in _DISK_TROUBLE else UsageError
        shown, why = readable(path), error.strerror or str(error)
        raise kind(
            f"无法写入 {shown}:{why}", f"cannot write {shown}: {why}", code="cannot_write"
        ) from error

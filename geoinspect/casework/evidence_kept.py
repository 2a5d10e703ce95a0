"""Evidence that is kept: its rows, its files, and small copies of its photos."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from geoinspect.cases.records import EvidenceKind
from geoinspect.casework.pictures import thumbnail
from geoinspect.errors import NotFoundError, StoreError
from geoinspect.store.case_schema import EvidenceRow
from geoinspect.store.workspace import Workspace


def evidence(session: Session, evidence_id: int) -> EvidenceRow:
    """Return a piece of evidence by its row number.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(EvidenceRow, evidence_id)
    if row is None:
        raise missing(evidence_id)
    return row


def missing(evidence_id: int) -> NotFoundError:
    """Return the refusal of evidence that there is not, or that somebody may not know of."""
    return NotFoundError(
        f"没有编号为 {evidence_id} 的证据",
        f"there is no evidence with the number {evidence_id}",
        code="no_evidence",
    )


def evidence_file(session: Session, workspace: Workspace, evidence_id: int) -> tuple[Path, str]:
    """Return where the original of a piece of evidence lies, and its name.

    Raises:
        NotFoundError: There is no such piece, or it has no file.
        StoreError: Its file is gone from the vault.
    """
    row = evidence(session, evidence_id)
    if row.sha256 is None:
        raise NotFoundError(
            f"证据 {evidence_id} 没有文件", f"evidence {evidence_id} has no file", code="no_file"
        )
    path = workspace.vault.path_of(row.sha256)
    if not path.is_file():
        raise StoreError(
            f"证据 {evidence_id} 的文件不见了:请管理员运行 geoinspect audit verify 并从备份恢复",
            f"the file of evidence {evidence_id} is gone: the administrator should run geoinspect "
            "audit verify and restore it from a backup",
            code="file_gone",
        )
    return path, row.name


def evidence_thumbnail(session: Session, workspace: Workspace, evidence_id: int) -> bytes | None:
    """Return a small copy of a photo (see :func:`.pictures.thumbnail`); None where there is none.

    Raises:
        NotFoundError: There is no such piece, or it has no file.
        StoreError: Its file is gone from the vault.
    """
    row = evidence(session, evidence_id)
    path, _name = evidence_file(session, workspace, evidence_id)
    if row.kind != EvidenceKind.PHOTO or row.sha256 is None:
        return None
    return thumbnail(path, workspace.folder / "thumbs", row.sha256)

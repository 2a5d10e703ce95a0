"""Verify a workspace: the audit chain, the rows it seals, the evidence files, the anchors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geoinspect.casework.anchors import Anchor, check_anchors, kept_anchors
from geoinspect.casework.replay import check_cases
from geoinspect.errors import StoreError, Text
from geoinspect.store import audit, seals
from geoinspect.store.case_schema import CaseEventRow
from geoinspect.store.vault import Vault, sha256_of
from geoinspect.store.workspace import Workspace

# Sealed tables whose column ``files`` lists the files of a row: ``{"sha256", "name"}`` each.
_LISTING_FILES = ("site_answer", "tip")
_FILE_HASH = text("SELECT sha256 FROM file WHERE id = :id")


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a verification found.

    Attributes:
        rows: Of the audit chain.
        last_hash: Of its last row.
        sealed: Rows of cases, sites and tips that were compared with their seals.
        files: Evidence files whose bytes were read; None when that was not asked for.
        anchors: Earlier ends of the chain that were compared.
        faults: The first of what is not as it was left; empty for a whole workspace.
        fault_count: How many there are in all.
    """

    rows: int
    last_hash: str
    sealed: int
    files: int | None
    anchors: int
    faults: tuple[audit.Fault, ...]
    fault_count: int

    def error(self) -> StoreError | None:
        """Return the first fault as an error; None for a whole workspace."""
        return audit.Faults([*self.faults]).first_error()

    def as_json(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        return {
            "ok": not self.fault_count,
            "rows": self.rows,
            "last_hash": self.last_hash,
            "sealed_rows": self.sealed,
            "files": self.files,
            "anchors": self.anchors,
            "fault_count": self.fault_count,
            "faults": [_fault_json(fault) for fault in self.faults],
        }


def verify_workspace(
    workspace: Workspace, *, anchors: Sequence[Anchor] = (), with_files: bool = True
) -> ChainReport:
    """Compare everything the audit chain tells with what is stored.

    Args:
        workspace: Opened.
        anchors: Kept elsewhere; those of the workspace are compared too.
        with_files: Whether to read the evidence files through.
    """
    faults, odd_anchors = audit.Faults(), audit.Faults()
    # Before the snapshot, so that no anchor is younger than the chain it is compared with.
    known = [*anchors, *kept_anchors(workspace, odd_anchors)]
    with workspace.database.reading() as session:
        examined = examine(session, known, faults)
    faults.add_all(odd_anchors)
    if with_files:
        check_files(workspace.vault, examined.files, faults)
    return ChainReport(
        rows=examined.rows,
        last_hash=examined.last_hash,
        sealed=examined.sealed,
        files=len(examined.files) if with_files else None,
        anchors=len(known),
        faults=tuple(faults.found),
        fault_count=faults.count,
    )


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file that a sealed row names; the first row that does."""

    table: str
    row: int
    case: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What was read of the database: see :class:`ChainReport`; ``files`` are by their hashes."""

    rows: int
    last_hash: str
    sealed: int
    files: Mapping[str, EvidenceFile]


def examine(session: Session, anchors: Sequence[Anchor], faults: audit.Faults) -> Examined:
    """Compare chain, anchors and sealed rows in one snapshot.

    Args:
        session: Open.
        anchors: Earlier ends of the chain.
        faults: Takes what doesn't fit: first of the chain, then of the anchors, then of the rows.
    """
    newest = seals.Seals(audit.Faults())
    wanted = {anchor.rows for anchor in anchors}
    hashes: dict[int, str] = {}

    def take(row_id: int, details: str, own_hash: str) -> None:
        newest.take(row_id, details)
        if row_id in wanted:
            hashes[row_id] = own_hash

    rows, last_hash = audit.walk(session, faults, take)
    check_anchors(anchors, rows, hashes, faults)
    faults.add_all(newest.faults)
    newest.faults = faults
    files: dict[str, EvidenceFile] = {}
    sealed = seals.check_rows(
        session, newest, lambda table, values: _take_files(session, table, values, files, faults)
    )
    if not faults.count:
        events = CaseEventRow.__tablename__
        with audit.told_of_damage(faults, events, seals.TABLE_WORDS[events]):
            check_cases(session, faults)
    return Examined(rows, last_hash, sealed, files)


def check_files(vault: Vault, files: Mapping[str, EvidenceFile], faults: audit.Faults) -> None:
    """Read evidence files through; their bytes must hash to their names."""
    for sha256, file in files.items():
        path = vault.path_of(sha256)
        try:
            if not path.is_file():
                faults.add(_file_fault(sha256, file, Text("不见了", "is gone")))
            elif sha256_of(path) != sha256:
                faults.add(_file_fault(sha256, file, Text("被改动过", "was changed")))
        except OSError as error:
            why = error.strerror or str(error)
            told = Text(f"读不出来({why})", f"can't be read ({why})")
            faults.add(_file_fault(sha256, file, told))


def _take_files(
    session: Session,
    table: str,
    values: Mapping[str, Any],
    files: dict[str, EvidenceFile],
    faults: audit.Faults,
) -> None:
    """Note the files that a stored row names."""
    if table == "evidence":
        named = [] if values["sha256"] is None else [(values["sha256"], values["name"])]
        fits = _file_row_fits(session, values["file_id"], values["sha256"])
    elif table in _LISTING_FILES:
        listed = _listed_files(values["files"])
        named, fits = listed or [], listed is not None
    else:
        return
    fits = fits and all(audit.is_hash(sha256) for sha256, _ in named)
    case = seals.case_of(session, table, values)
    row_id = values["id"]
    if not fits:
        words = seals.row_words(table, row_id, case)
        told = Text(
            f"{words.zh}说不清它的文件:登记的文件与它的哈希不符",
            f"{words.en} does not say which file is its own: the file and the hash that it names "
            "are not the same",
        )
        faults.add(audit.Fault("row", told, table=table, row=row_id, case=case))
    for sha256, name in named:
        if audit.is_hash(sha256):
            files.setdefault(sha256, EvidenceFile(table, row_id, case, _shown(name)))


def _file_row_fits(session: Session, file_id: object, sha256: object) -> bool:
    """Whether the file row of a piece of evidence has its hash."""
    if file_id is None:
        return True
    if type(file_id) is not int:
        return False
    stored = seals.read_value(session, _FILE_HASH, file_id)
    return stored is not None and stored == sha256


def _listed_files(stored: object) -> list[tuple[object, object]] | None:
    """Return hash and name of each file in a stored list; None when it is no such list."""
    if not isinstance(stored, str):
        return None
    try:
        listed = json.loads(stored)
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        return None
    return [(entry.get("sha256"), entry.get("name")) for entry in listed]


def _shown(name: object) -> str:
    return name[:120] if isinstance(name, str) and name.isprintable() else ""


def _file_fault(sha256: str, file: EvidenceFile, what: Text) -> audit.Fault:
    words = seals.row_words(file.table, file.row, file.case)
    told = Text(
        f"文件“{file.name}”(sha256 {sha256}){what.zh},它属于{words.zh}",
        f"the file {file.name!r} (sha256 {sha256}) {what.en}; it belongs to {words.en}",
    )
    return audit.Fault("file", told, file.table, file.row, file.case, file.name, sha256)


def _fault_json(fault: audit.Fault) -> dict[str, Any]:
    return {
        "kind": fault.kind,
        "table": fault.table,
        "row": fault.row,
        "case": fault.case,
        "name": fault.name,
        "sha256": fault.sha256,
        "message": fault.text.en,
        "message_zh": fault.text.zh,
    }

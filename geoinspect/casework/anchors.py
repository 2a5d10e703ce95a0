"""Anchors: how long the audit chain was on a day and what its last hash was, kept elsewhere.

The chain itself can't tell that rows were cut off its end, nor that it was made anew with right
hashes. Whoever holds an older anchor can: the row it names must still have its hash. A copy in
the workspace helps only against those who don't think of it; one on paper or another machine is
out of their reach.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.errors import InputError, Text
from geoinspect.files import readable, replaced_file
from geoinspect.records import CHINA_TIME
from geoinspect.store import audit
from geoinspect.store.workspace import Workspace

FOLDER = "anchors"
_MAX_BYTES = 65_536
# So many hex digits of a hash can be read aloud; 64 bits can't be met by chance.
_CODE_DIGITS = 16
_ROWS = re.compile(r"^\W*行数 rows: *(\d{1,18})\s*$", re.MULTILINE)
_HASH = re.compile(r"^\W*末行哈希 last hash: *([0-9a-f]{64})\s*$", re.MULTILINE)
_DAY = re.compile(r"^\W*北京日期 day: *(\d{4}-\d{2}-\d{2})\s*$", re.MULTILINE)
_CODE = re.compile(r"^\W*核对码 check code: *([0-9a-f]{4}(?: [0-9a-f]{4}){3})\s*$", re.MULTILINE)
_SHORT = re.compile(r"\s*(\d{1,18})\s*[::]\s*([0-9a-fA-F][0-9a-fA-F\s-]*)")


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of the chain at some moment.

    Attributes:
        rows: How many rows the chain had: the number of its last one.
        last_hash: Of that row in hex, or its first digits, at least 16.
        day: In China, ``YYYY-MM-DD``; empty where it is not known.
        workspace: Name of the workspace's folder; empty where it is not known.
        source: Where the anchor was read: a file's name, or what was typed.
    """

    rows: int
    last_hash: str
    day: str = ""
    workspace: str = ""
    source: str = ""

    @property
    def code(self) -> str:
        """The hash's first 16 digits in groups of four, to read aloud."""
        digits = self.last_hash[:_CODE_DIGITS]
        return " ".join(digits[k : k + 4] for k in range(0, _CODE_DIGITS, 4))

    def as_json(self) -> dict[str, Any]:
        """Return the anchor as one JSON object."""
        return {
            "workspace": self.workspace,
            "day": self.day,
            "rows": self.rows,
            "last_hash": self.last_hash,
            "check_code": self.code,
        }

    def as_text(self) -> str:
        """Return the anchor as a page of plain text to print; :func:`read_anchor` reads it."""
        return f"""审计链锚点 / Anchor of the audit chain
==========================================

工作区 workspace: {self.workspace}
北京日期 day: {self.day}
行数 rows: {self.rows}
末行哈希 last hash: {self.last_hash}
核对码 check code: {self.code}

请打印或保存到本机以外的地方。以后核验 / Print this or keep it on another machine. To check later:
  geoinspect audit verify --anchor 本文件 THIS-FILE
  geoinspect audit verify --anchor "{self.rows}:{self.code}"
若审计链此后被截断或重写,核验会指出 / A chain cut or rewritten since then will be found.
"""


def current_anchor(session: Session, workspace: Workspace) -> Anchor:
    """Return today's anchor of the chain as the session sees it.

    Raises:
        StoreError: The last row is not one of ours.
    """
    rows, last_hash = audit.last_row(session)
    name = workspace.folder.resolve().name
    shown = name if name.isprintable() else readable(name)
    return Anchor(rows, last_hash, _today(), " ".join(shown.split()))


def daily_anchor(workspace: Workspace) -> Anchor | None:
    """Write ``anchors/YYYY-MM-DD.txt`` once a day, when the chain has a row; cheap when it is there.

    Returns:
        The anchor written; None when the day has one or the chain is empty.

    Raises:
        UsageError: The folder can't be written.
        StoreError: The disk is full, or the chain's last row is not one of ours.
    """
    path = workspace.folder / FOLDER / f"{_today()}.txt"
    if path.exists():
        return None
    with workspace.database.reading() as session:
        anchor = current_anchor(session, workspace)
    if not anchor.rows:
        return None
    # A folder that can't be made is told by replaced_file.
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
    write_anchor(anchor, path)
    return anchor


def write_anchor(anchor: Anchor, path: Path) -> None:
    """Write an anchor's text to a file, whole or not at all (see ``replaced_file``)."""
    with replaced_file(path) as temp:
        # Notepad of old Windows takes the mark as a sign of UTF-8.
        temp.write_text(anchor.as_text(), encoding="utf-8-sig", newline="\n")


def kept_anchors(workspace: Workspace, faults: audit.Faults) -> list[Anchor]:
    """Return the anchors that lie in the workspace; one that can't be read is a fault."""
    anchors = []
    for path in sorted((workspace.folder / FOLDER).glob("*.txt")):
        name = f"{FOLDER}/{readable(path.name)}"
        try:
            anchors.append(read_anchor(path, source=name))
        except InputError as error:
            faults.add(audit.Fault("anchor", error.text, name=name))
    return anchors


def given_anchor(words: str) -> Anchor:
    """Return the anchor of ``--anchor``: ``ROWS:HASH``, of which 16 digits do, or a file.

    Raises:
        InputError: It is neither.
    """
    if _SHORT.fullmatch(words) is None or Path(words).exists():
        return read_anchor(Path(words))
    return typed_anchor(words)


def typed_anchor(words: str) -> Anchor:
    """Return the anchor of ``ROWS:HASH``, of which 16 digits do.

    Raises:
        InputError: It is none.
    """
    typed = _SHORT.fullmatch(words)
    if typed is None:
        raise InputError(
            f"锚点“{words[:80]}”无法识别:请按“行数:核对码”填写,如 192:0a1b 2c3d 4e5f 6071",
            f"{words[:80]!r} is no anchor: give it as rows:check code, such as "
            "192:0a1b 2c3d 4e5f 6071",
            code="bad_anchor",
        )
    digits = re.sub(r"[\s-]", "", typed[2]).lower()
    if not _CODE_DIGITS <= len(digits) <= len(audit.GENESIS):
        raise InputError(
            f"锚点“{words[:80]}”的哈希有 {len(digits)} 位:请输入核对码的 16 位或完整的 64 位",
            f"the hash of the anchor {words[:80]!r} has {len(digits)} digits: give the 16 of the "
            "check code or all 64",
            code="bad_anchor",
        )
    return Anchor(int(typed[1]), digits, source=words)


def read_anchor(path: Path, *, source: str | None = None) -> Anchor:
    """Read the text or the JSON of an anchor.

    Args:
        path: A file of ``geoinspect audit anchor``.
        source: What to call it; else its name.

    Raises:
        InputError: There is no such file, or no anchor in it.
    """
    name = source or readable(path.name)
    try:
        if not path.is_file():
            raise _unreadable(name, Text("没有这个文件", "there is no such file"))
        with path.open("rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise _unreadable(name, Text(str(why), str(why))) from error
    if len(raw) > _MAX_BYTES:
        raise _unreadable(name, Text("文件太大,不是锚点", "too large for an anchor"))
    text = _decoded(raw)
    anchor = _of_json(text, name) if text.lstrip().startswith("{") else _of_text(text, name)
    if anchor is None:
        raise _unreadable(
            name,
            Text(
                "里面应有且只有一个行数、一个末行哈希和与之相符的核对码",
                "it should hold one number of rows, one last hash and the check code that fits it",
            ),
        )
    return anchor


def check_anchors(
    anchors: Sequence[Anchor], rows: int, hashes: dict[int, str], faults: audit.Faults
) -> None:
    """Compare anchors with the chain.

    Args:
        anchors: Any number.
        rows: How many rows the chain has.
        hashes: Number → hash of those rows that an anchor names, as far as they are there.
        faults: Takes each anchor that doesn't fit.
    """
    for anchor in anchors:
        found = audit.GENESIS if anchor.rows == 0 else hashes.get(anchor.rows)
        if found is not None and found.startswith(anchor.last_hash):
            continue
        day = f" ({anchor.day})" if anchor.day else ""
        if found is None:
            told = Text(
                f"锚点“{anchor.source}”{day}记着第 {anchor.rows} 行,现在审计链只有 {rows} 行:"
                f"末尾被截断,缺第 {rows + 1} 行起的内容",
                f"the anchor {anchor.source!r}{day} knows row {anchor.rows}, the audit chain has "
                f"only {rows} rows now: its end was cut off from row {rows + 1} on",
            )
        else:
            told = Text(
                f"审计链第 {anchor.rows} 行的哈希与锚点“{anchor.source}”{day}不同:"
                "该行或它之前的内容被重写过",
                f"row {anchor.rows} of the audit chain has another hash than the anchor "
                f"{anchor.source!r}{day}: that row or one before it was rewritten",
            )
        faults.add(audit.Fault("anchor", told, table="audit", row=anchor.rows, name=anchor.source))


def _today() -> str:
    return datetime.now(CHINA_TIME).date().isoformat()


def _decoded(raw: bytes) -> str:
    """Return the text of a file that may have been saved again by an editor."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    with contextlib.suppress(UnicodeDecodeError):
        return raw.decode("utf-8-sig")
    return raw.decode("gb18030", errors="replace")


def _of_text(text: str, source: str) -> Anchor | None:
    rows, hashes, codes, days = (p.findall(text) for p in (_ROWS, _HASH, _CODE, _DAY))
    if not len(rows) == len(hashes) == len(codes) == 1:
        return None
    anchor = Anchor(int(rows[0]), hashes[0], days[0] if days else "", source=source)
    return anchor if anchor.code == codes[0] else None


def _of_json(text: str, source: str) -> Anchor | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    rows, last_hash, day = told.get("rows"), told.get("last_hash"), told.get("day")
    if type(rows) is not int or not 0 <= rows < 2**63 or not audit.is_hash(last_hash):
        return None
    day = day if isinstance(day, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) else ""
    anchor = Anchor(rows, last_hash, day, source=source)
    return anchor if told.get("check_code") == anchor.code else None


def _unreadable(name: str, why: Text) -> InputError:
    return InputError(
        f"锚点“{name}”用不了:{why.zh}",
        f"the anchor {name!r} can't be used: {why.en}",
        code="bad_anchor",
    )

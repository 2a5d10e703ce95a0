"""Pieces of evidence as people bring them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from geoinspect.cases.records import EvidenceKind
from geoinspect.casework.asked import Done
from geoinspect.casework.evidence_ground import Measured
from geoinspect.errors import InputError, UsageError
from geoinspect.records import CHINA_ZONE, Datum, Problem
from geoinspect.store.vault import KeptFile

FILE_KINDS = frozenset({EvidenceKind.PHOTO, EvidenceKind.VIDEO, EvidenceKind.DOCUMENT})
_MOST_TEXT = 300
_MOST_NAME = 200


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """A piece of evidence to add.

    Attributes:
        file: In the vault already, whole; None for kinds without one.
        name: The sender's name of the file, or of the piece.
        facts: Of a count, as :func:`geoinspect.cases.facts.read_facts` returns them.
        measured: Ground that was walked round or drawn, for an area.
        use_as_ground: The measured ground becomes that of the case.
        step: Number of the event that it belongs to; None is none in particular.
        place, taken: As the sender says; what the file itself says goes before them.
        witness, witness_office: Who saw it done, and for which office.
        datum, timezone: What the sender declares of a photo.
        happened: When it was made into evidence, by the sender's clock.
        client_id: Made by the sender; the same one twice is one piece.
    """

    kind: EvidenceKind
    file: KeptFile | None = None
    name: str = ""
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    measured: Measured | None = None
    use_as_ground: bool = False
    step: int | None = None
    place: tuple[float, float] | None = None
    taken: datetime | None = None
    witness: str = ""
    witness_office: str = ""
    datum: Datum | None = None
    timezone: str = str(CHINA_ZONE)
    happened: datetime | None = None
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a piece of evidence.

    Attributes:
        done: The event and its receipt.
        evidence_id: Row number.
        problems: What the one who signs should know.
    """

    done: Done
    evidence_id: int
    problems: tuple[Problem, ...]


def check_whole(new: NewEvidence) -> None:
    """Check that a piece has what its kind needs.

    Raises:
        UsageError: It lacks something, or says something that can't be.
        InputError: Its file is empty.
    """
    if new.kind in FILE_KINDS and new.file is None:
        raise _lacks("请选择文件", "choose a file", "no_file")
    if new.file is not None and new.file.bytes == 0:
        raise InputError(
            f"文件“{new.name}”是空的(0 字节):请重新选择",
            f"the file {new.name!r} is empty (0 bytes): choose it again",
            code="empty",
        )
    if new.kind is EvidenceKind.NOTE and not new.note.strip():
        raise _lacks("请填写记录内容", "write the note", "no_note")
    if new.kind is EvidenceKind.COUNT and "count" not in new.facts:
        raise _lacks(
            "请填写株数,或样方的株数", "give the plants counted, or the quadrats", "no_count"
        )
    if new.kind is EvidenceKind.AREA and new.measured is None and "area_m2" not in new.facts:
        raise _lacks(
            "请提供绕行轨迹、勾绘范围或面积",
            "give a walk round it, a drawing or the area",
            "no_area",
        )
    if new.use_as_ground and new.measured is None:
        raise _lacks(
            "没有可用作地块的范围:请提供绕行轨迹或勾绘范围",
            "there is nothing to use as the ground: give a walk round it or a drawing",
            "no_ground",
        )
    if new.name != file_name(new.name):
        raise _lacks("文件名不可用", "the file's name can't be used", "bad_name")
    for text in (new.witness, new.witness_office):
        if len(text) > _MOST_TEXT or (text and not text.isprintable()):
            raise _lacks(
                f"见证人与单位应为最多 {_MOST_TEXT} 字、不含换行的文字",
                f"witness and office must be one line of at most {_MOST_TEXT} characters",
                "bad_witness",
            )


def _lacks(zh: str, en: str, code: str) -> UsageError:
    return UsageError(zh, en, code=code)


def file_name(text: str) -> str:
    """Return the last part of a sender's file name, without what can't be shown; may be empty."""
    name = text.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if c.isprintable()).strip()
    return name if len(name) <= _MOST_NAME else f"{name[: _MOST_NAME - 20]}…{name[-16:]}"

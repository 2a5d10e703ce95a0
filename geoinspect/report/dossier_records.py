"""What a dossier prints: one frozen record, complete, so that its writers ask nobody."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from shapely.geometry.base import BaseGeometry

from geoinspect.cases.thresholds import Indications, LargeScale
from geoinspect.errors import Text
from geoinspect.records import CHINA_TIME

# What was found of a file's bytes when the dossier was made.
FileState = Literal["none", "whole", "changed", "missing"]

# Joins the parts of one emoji; harmless, and without it they fall apart.
_JOINER = "\u200d"
_VARIANTS = range(0xFE00, 0xFE10)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to print.

    Attributes:
        data: PNG or JPEG bytes, made by us.
        kind: ``png`` or ``jpeg``.
        width_mm: On paper.
    """

    data: bytes
    kind: Literal["png", "jpeg"]
    caption: Text
    width_mm: float


@dataclass(frozen=True, slots=True)
class Line:
    """A named value."""

    name: Text
    value: str


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What is known of a step: verification, eradication, recheck, closing."""

    name: Text
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class LawPart:
    """What the table of law says, or why it says nothing.

    Attributes:
        basis: Which figures it was asked with.
        found: None where nothing was confirmed on the ground.
    """

    basis: Text
    found: Indications | None
    large: LargeScale | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the case.

    Attributes:
        case_number: Of the case it belongs to: this one, or one that was merged into it.
        at: When the server took it.
        device_at: By the sender's clock; None where nobody said.
        undone: Whether it was taken back later.
    """

    case_number: str
    seq: int
    action: Text
    state: Text
    at: datetime
    device_at: datetime | None
    actor: str
    role: Text
    unit: str
    said: tuple[Line, ...]
    doubts: tuple[Text, ...]
    undone: bool


@dataclass(frozen=True, slots=True)
class Linked:
    """What the case rests on.

    Attributes:
        gone: When it was taken away again; None while it holds.
        place: WGS84 lon, lat; None without one.
    """

    kind: Text
    label: str
    at: datetime
    by: str
    gone: datetime | None
    place: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence.

    Attributes:
        n: Its number in this dossier, from 1: on the map, under its picture, in the export.
        case_number: Of the case it belongs to: this one, or one that was merged into it.
        distance_m: From the case's ground as it was when the evidence came.
        found: What its bytes were when the dossier was made.
        picture: A small copy of a photo; None for everything else.
    """

    n: int
    case_number: str
    kind: Text
    name: str
    note: str
    taken: datetime | None
    place: tuple[float, float] | None
    distance_m: float | None
    added_at: datetime
    added_by: str
    sha256: str | None
    bytes: int | None
    found: FileState
    facts: tuple[Line, ...]
    problems: tuple[Text, ...]
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Merged:
    """A case that was merged into this one."""

    number: str
    title: str
    origin: Text
    opened_at: datetime
    place: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row of the audit chain that tells of the case."""

    number: int
    at: str
    actor: str
    action: str
    subject: str
    hash: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """A case, as it stood when its dossier was made.

    Attributes:
        areas: Names from wide to narrow.
        ground: Point or polygons, WGS84.
        ground_m2: Geodesic; 0 for a point.
        chain_rows, last_hash, check_code: End of the audit chain then.
        left_out: Pictures that were not printed, as there are too many or they can't be shown.
        simulated: Whether the workspace says that its data is.
    """

    number: str
    title: str
    state: Text
    state_since: datetime
    origin: Text
    areas: tuple[str, ...]
    unit: str | None
    deadline: date | None
    overdue: bool
    opened_at: datetime
    opened_by: str
    ground: BaseGeometry
    place: tuple[float, float]
    ground_m2: float
    merged_into: str | None
    steps: tuple[StepFacts, ...]
    law: LawPart
    happened: tuple[Happened, ...]
    links: tuple[Linked, ...]
    merged: tuple[Merged, ...]
    evidence: tuple[Evidence, ...]
    sealed: tuple[Sealed, ...]
    chain_rows: int
    last_hash: str
    check_code: str
    maps: tuple[Picture, ...]
    left_out: int
    made_at: datetime
    made_by: str
    workspace: str
    simulated: bool


def written(moment: datetime | None) -> str:
    """Return a moment as it is printed: Beijing time, with its zone."""
    if moment is None:
        return "—"
    return moment.astimezone(CHINA_TIME).strftime("%Y-%m-%d %H:%M:%S +08:00")


def shown(text: str) -> str:
    """Return a stranger's words with everything visible that steers instead of saying something.

    Marks that turn the direction of writing can make ``gpj.exe`` look like ``exe.jpg``.
    """
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char in "\n\t" or char == _JOINER or ord(char) in _VARIANTS:
        return char
    kind = unicodedata.category(char)
    if kind in ("Cc", "Cf", "Zl", "Zp", "Cs", "Cn"):
        return f"[U+{ord(char):04X}]"
    return char

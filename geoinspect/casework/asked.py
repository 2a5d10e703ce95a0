"""What people ask of the book of cases, and what they get back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

from geoinspect.cases.records import CaseAction, LinkKind, Origin, Outcome


@dataclass(frozen=True, slots=True)
class Source:
    """What a case rests on: a patch, a tip, a target, a site, a track.

    Attributes:
        label: What it is called, for people.
        geometry: Its ground then, WGS84; None where it has none.
    """

    kind: LinkKind
    source_id: int
    label: str
    survey_id: int | None = None
    geometry: BaseGeometry | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to open.

    Attributes:
        ground: Point or polygons, WGS84.
        unit_code: Whose it is from the start; None while nobody was told.
        happened: When it was seen, by the sender's clock.
        client_id: Made by the sender; the same one twice is one case.
    """

    title: str
    origin: Origin
    ground: BaseGeometry
    note: str = ""
    sources: tuple[Source, ...] = ()
    unit_code: str | None = None
    happened: datetime | None = None
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do to a case.

    Attributes:
        outcome: What was found, for verifying and rechecking.
        reason: Of a dismissal.
        unit_code: For assigning.
        deadline: For assigning and changing it; None takes the office's days.
        facts: See :func:`geoinspect.cases.facts.read_facts`.
        corrects: Name of the earlier step that the facts correct.
        into: Row number of the case it is merged into.
        links: Row numbers of the links that a new case takes, when it is split.
        title: Of the case that is split off.
        ground: Of the case that is split off, WGS84; None is the ground of its links.
        version: Of the case that the person saw; None acts on whatever stands.
        happened: When it was done, by the sender's clock.
        client_id: Made by the sender; the same one twice is one step.
    """

    action: CaseAction
    outcome: Outcome | None = None
    reason: str = ""
    note: str = ""
    unit_code: str | None = None
    deadline: date | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    corrects: str = ""
    into: int | None = None
    links: tuple[int, ...] = ()
    title: str = ""
    ground: BaseGeometry | None = None
    version: int | None = None
    happened: datetime | None = None
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a request.

    Attributes:
        seq: Number of the event within the case.
        receipt: Number of the event and how its seal in the audit chain begins.
        again: The same request had come before; nothing was done now.
    """

    case_id: int
    seq: int
    receipt: str
    again: bool = False

"""What people answer to the checklist of a site, with photos; kept once and never changed.

An answer proves no visit: a track does. An answer that calls something suspicious opens a case in
the same transaction.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.clocks import doubts_of
from geoinspect.cases.evidence import distance_m
from geoinspect.cases.records import LinkKind, Origin
from geoinspect.casework.actors import Actor, is_own
from geoinspect.casework.asked import NewCase, Source
from geoinspect.casework.book import open_in
from geoinspect.casework.writing import checked_note, said
from geoinspect.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from geoinspect.ingest.photo_records import PhotoError
from geoinspect.ingest.photos import is_photo, read_photo
from geoinspect.records import CHINA_TIME, moment_iso
from geoinspect.settings import Settings
from geoinspect.store import seals, sightings, sites
from geoinspect.store.site_schema import SiteAnswerRow, SiteRow
from geoinspect.store.vault import KeptFile
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

MOST_PHOTOS = 12
MOST_ANSWER_CHARS = 500
_ANSWERERS = frozenset({"field", "analyst", "commander", "admin"})
_SUSPICIOUS = "suspicious"
_HEAD_BYTES = 4096
_FIRST_DAY = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class SitePhoto:
    """A photo that came with an answer: what its sender calls it, and where its bytes lie now."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """What somebody answered at a site.

    Attributes:
        day: Of the visit, Beijing.
        answers: Question → answer, questions as the checklist has them; ``suspicious`` true opens
            a case.
        happened: By the sender's clock; None where nobody said.
        lon, lat: Where the sender stood, WGS84.
        client_id: Made by the sender; the same one twice is one answer.
    """

    day: date
    answers: Mapping[str, object] = field(default_factory=dict)
    note: str = ""
    happened: datetime | None = None
    photos: tuple[SitePhoto, ...] = ()
    lon: float | None = None
    lat: float | None = None
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an answer.

    Attributes:
        receipt: Number of the answer and how its seal in the audit chain begins.
        case_id: The case that it opened; None where nothing was suspicious.
        again: The same answer had come before; nothing was done now.
    """

    answer_id: int
    receipt: str
    case_id: int | None
    again: bool = False


def answer_site(
    workspace: Workspace,
    site_id: int,
    new: NewAnswer,
    actor: Actor,
    *,
    now: datetime | None = None,
) -> Answered:
    """Keep an answer.

    Args:
        workspace: Opened.
        site_id: Row number of the site.
        new: What was answered.
        actor: Who answers.
        now: When the server took it; None is this moment.

    Raises:
        ForbiddenError: Not this person.
        NotFoundError: There is no such site.
        UsageError: The answer can't be one.
        PhotoError: A photo is none.
        ConflictError: The identifier was used for something else, or the site is retired.
    """
    now = now or datetime.now(UTC)
    with workspace.database.reading() as session:
        row = sites.site(session, site_id)
        _check_actor(session, row, actor)
        known = _sent_before(session, new, site_id, actor)
        if known is not None:
            return known
        _checked(new, row, now)
        files = [_photo(workspace, photo, row) for photo in _few(new.photos)]
    with workspace.database.writing() as session:
        known = _sent_before(session, new, site_id, actor)
        if known is not None:
            return known
        # The site may have been changed or retired while the photos were read.
        row = sites.site(session, site_id)
        _check_actor(session, row, actor)
        answers = _checked(new, row, now)
        for told, kept in files:
            sightings.file_row(session, kept, str(told["name"]))
        return _write(
            session, workspace.settings, row, new, answers, [f for f, _ in files], actor, now
        )


def keep_site_photo(
    workspace: Workspace, site_id: int, chunks: Iterable[bytes], name: str, actor: Actor
) -> Json:
    """Keep a photo that an answer will name by its hash; return what it says of itself.

    Args:
        workspace: Opened.
        site_id: Row number of the site.
        chunks: Its bytes; the same bytes again are one file.
        name: What its sender calls it.
        actor: Who sends it.

    Raises:
        ForbiddenError: Not this person.
        NotFoundError: There is no such site.
        PhotoError: It is no photo.
        TooLargeError: Beyond the size limit.
    """
    with workspace.database.reading() as session:
        row = sites.site(session, site_id)
        _check_actor(session, row, actor)
    most = int(workspace.settings.photo_max_mb * 1e6)
    rest = iter(chunks)
    head = next(rest, b"")
    if not is_photo(head[:_HEAD_BYTES]):
        raise PhotoError(
            f"“{name[:80]}”不是照片:请发送手机拍的 JPG 或 HEIC 原图",
            f"{name[:80]!r} is no photo: send the original JPG or HEIC of the phone",
            code="not_a_photo",
        )
    kept = workspace.vault.keep(chain([head], rest), max_bytes=most)
    told, kept = _photo(workspace, SitePhoto(name, kept.path), row)
    with workspace.database.writing() as session:
        sightings.file_row(session, kept, str(told["name"]))
    return told


def photo_of_answer(
    workspace: Workspace, session: Session, site_id: int, sha256: str
) -> tuple[Path, str]:
    """Return where a photo of a site's answers lies, and its name.

    Raises:
        NotFoundError: No answer at this site has it.
    """
    for answer in sites.answers_of_site(session, site_id):
        for file in answer.files:
            if file["sha256"] == sha256:
                return workspace.vault.path_of(sha256), str(file["name"])
    raise NotFoundError("没有这张照片", "there is no such photo", code="no_photo")


def _write(
    session: Session,
    settings: Settings,
    row: SiteRow,
    new: NewAnswer,
    answers: Json,
    files: list[Json],
    actor: Actor,
    now: datetime,
) -> Answered:
    case_id = None
    if answers[_SUSPICIOUS]:
        case_id = _open_case(session, settings, row, new, actor, now)
        answers = {**answers, "case": case_id}
    answer = SiteAnswerRow(
        site_id=row.id,
        day=new.day,
        at=now,
        happened=new.happened,
        by=actor.name,
        unit_code=actor.unit_code,
        client_id=new.client_id or uuid.uuid4().hex,
        lon=new.lon,
        lat=new.lat,
        note=checked_note(new.note),
        answers=answers,
        files=files,
    )
    session.add(answer)
    seals.record_sealed(
        session,
        [answer],
        actor=actor.name,
        action="site.answer",
        subject=f"site {row.code}",
        details={
            "code": row.code,
            "day": new.day.isoformat(),
            "said": {**answers, **said(note=answer.note, files=[file["sha256"] for file in files])},
            **said(happened=moment_iso(new.happened), doubts=doubts_of(new.happened, now, ())),
        },
    )
    return Answered(answer.id, _receipt(session, answer), case_id)


def _open_case(
    session: Session,
    settings: Settings,
    row: SiteRow,
    new: NewAnswer,
    actor: Actor,
    now: datetime,
) -> int:
    label = f"{row.code} {row.name}"[:180]
    details = said(day=new.day, note=new.note.strip())
    source = Source(LinkKind.SITE, row.id, label, geometry=row.geometry, details=details)
    case = NewCase(
        title=f"走访可疑:{row.name}"[:200],
        origin=Origin.SITE,
        ground=row.geometry,
        unit_code=row.unit_code or actor.unit_code,
        note=new.note,
        sources=(source,),
        happened=new.happened,
    )
    return open_in(session, settings, case, actor, now=now).case_id


def _check_actor(session: Session, row: SiteRow, actor: Actor) -> None:
    if actor.role not in _ANSWERERS:
        raise ForbiddenError(
            "您的角色只能查看,不能填报", "your role may look only, not answer", code="not_your_role"
        )
    own = row.unit_code is None or is_own(session, actor, row.unit_code)
    if actor.role == "field" and not own:
        raise ForbiddenError(
            "这个部位不归您的单位:请联系它的责任单位",
            "this site is not your unit's: ask the unit that answers for it",
            code="not_your_unit",
        )


def _sent_before(session: Session, new: NewAnswer, site_id: int, actor: Actor) -> Answered | None:
    known = sites.answer_sent(session, new.client_id) if new.client_id else None
    if known is None:
        return None
    if known.site_id != site_id or known.by != actor.name:
        raise ConflictError(
            "这个提交编号已用于另一次填报:请刷新页面后重试",
            "this identifier was used for another answer: load the page again",
            code="client_id_used",
        )
    return Answered(known.id, _receipt(session, known), known.answers.get("case"), again=True)


def _checked(new: NewAnswer, row: SiteRow, now: datetime) -> Json:
    """Return the answers as they are kept: ``suspicious`` and ``items`` of question and answer."""
    if not row.active:
        raise ConflictError(
            "这个部位已停用,不再填报", "this site is retired and takes no answers", code="retired"
        )
    latest = now.astimezone(CHINA_TIME).date() + timedelta(days=1)
    if not _FIRST_DAY <= new.day <= latest:
        raise UsageError(
            f"走访日期 {new.day} 不可用:不能在今天之后",
            f"the day {new.day} can't be: it must not be after today",
            code="bad_day",
        )
    _check_place(new.lon, new.lat)
    checked_note(new.note)
    suspicious = new.answers.get(_SUSPICIOUS, False)
    if not isinstance(suspicious, bool):
        raise _bad(_SUSPICIOUS, "应为 true 或 false", "true or false")
    items = []
    for question, answer in new.answers.items():
        if question == _SUSPICIOUS:
            continue
        if question not in row.checklist:
            raise _bad(question, "不在该部位的检查清单里", "a question of this site's checklist")
        if not _is_answer(answer):
            most = MOST_ANSWER_CHARS
            raise _bad(question, f"的回答最多 {most} 字", f"answered in at most {most} characters")
        items.append([question, str(answer).strip()])
    order = {question: place for place, question in enumerate(row.checklist)}
    asked = {"items": sorted(items, key=lambda item: order[item[0]]), "asked": len(order)}
    if not (items or suspicious or new.note.strip() or new.photos) and order:
        raise UsageError(
            "请至少回答一个问题、写备注或附照片",
            "answer a question, write a note or add a photo",
            code="empty_answer",
        )
    return {_SUSPICIOUS: suspicious, **asked}


def _is_answer(value: object) -> bool:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_ANSWER_CHARS:
        return False
    return all(c.isprintable() or c in "\n\t" for c in value)


def _check_place(lon: float | None, lat: float | None) -> None:
    known = [value for value in (lon, lat) if value is not None]
    good = len(known) != 1 and all(math.isfinite(value) for value in known)
    if not good or (
        lon is not None and lat is not None and not (abs(lon) <= 180 and abs(lat) <= 90)
    ):
        raise UsageError(
            "位置应同时有经度和纬度", "a place needs both longitude and latitude", code="bad_place"
        )


def _few(photos: tuple[SitePhoto, ...]) -> tuple[SitePhoto, ...]:
    if len(photos) > MOST_PHOTOS:
        raise UsageError(
            f"一次最多 {MOST_PHOTOS} 张照片,得到 {len(photos)} 张",
            f"at most {MOST_PHOTOS} photos at once, got {len(photos)}",
            code="too_many_photos",
        )
    return photos


def _photo(workspace: Workspace, photo: SitePhoto, row: SiteRow) -> tuple[Json, KeptFile]:
    """Keep a photo, and return what it says of itself: nothing where it has no place.

    Raises:
        PhotoError: It is no photo.
        TooLargeError: Beyond the size limit.
    """
    name = photo.name.strip()[:200] or "photo"
    lon = lat = distance = taken = None
    try:
        read = read_photo(photo.path, settings=workspace.settings, name=name)
    except PhotoError:
        with photo.path.open("rb") as stream:
            if not is_photo(stream.read(_HEAD_BYTES)):
                raise
    else:
        lon, lat, taken = round(read.lon, 7), round(read.lat, 7), moment_iso(read.taken)
        distance = round(distance_m((lon, lat), row.geometry), 1)
    most = int(workspace.settings.photo_max_mb * 1e6)
    kept = workspace.vault.keep_or_find(photo.path, max_bytes=most)
    told = {
        "sha256": kept.sha256,
        "name": name,
        "taken": taken,
        "lon": lon,
        "lat": lat,
        "distance_m": distance,
    }
    return told, kept


def _receipt(session: Session, answer: SiteAnswerRow) -> str:
    return f"{answer.id}-{seals.seal_of(session, answer)[:8].upper()}"


def _bad(question: str, zh: str, en: str) -> UsageError:
    name = question[:40]
    return UsageError(f"“{name}”{zh}", f"{name!r} must be {en}", code="bad_answer")

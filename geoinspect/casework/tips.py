"""Tips (举报): taking one from the public, and what the office makes of it.

A tip keeps no identity: words are masked (:mod:`geoinspect.cases.tip_words`), photos are drawn anew
(:mod:`.tip_photos`), and of a claim code only the hash stays. Nothing here knows an address, a
browser or a login of the reporter, so nothing of them can be kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.tip_codes import hash_of_code, normal_code
from geoinspect.cases.tip_records import Reward, TipState
from geoinspect.cases.tip_words import Masked, masked
from geoinspect.casework.tip_photos import CleanPhoto, clean_photo
from geoinspect.errors import ConflictError, TooLargeError, UsageError
from geoinspect.records import CHINA_TIME, moment_iso
from geoinspect.settings import Settings
from geoinspect.store import seals, sightings, tips
from geoinspect.store.site_schema import TipRow
from geoinspect.store.vault import KeptFile
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

PUBLIC = "public"
MOST_TEXT, MOST_PLACE, MOST_PHOTOS = 2000, 200, 3
_MOST_JPEG_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class NewTip:
    """What somebody tells.

    Attributes:
        client_id: Made with the form; the same one twice is one tip.
        text: What was seen; identity in it is masked before it is kept.
        place: Where, in words; likewise.
        lon, lat: Where, WGS84 degrees; None where only words say it.
        place_from: ``map``, ``phone`` or empty.
        accuracy_m: Of the phone's fix; None without one.
        photos: Bytes as they came.
        keep_photo_place: Whether place and time may be taken from the photos' EXIF.
        claim_code: Made with the form, where the reporter wishes for a reward; else empty.
    """

    client_id: str
    text: str = ""
    place: str = ""
    lon: float | None = None
    lat: float | None = None
    place_from: str = ""
    accuracy_m: float | None = None
    photos: tuple[bytes, ...] = field(default=(), repr=False)
    keep_photo_place: bool = False
    claim_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class TipTaken:
    """What became of a tip.

    Attributes:
        masked: How many pieces of identity were taken out of its words.
        again: The same tip had come before; nothing was kept now.
    """

    tip_id: int
    number: str
    masked: int
    again: bool = False


def take_tip(workspace: Workspace, new: NewTip, *, now: datetime | None = None) -> TipTaken:
    """Keep a tip from the public.

    The claim code is made with the form and comes back with it, so a sender whose answer was lost
    sends the same again and still holds a code that counts.

    Args:
        workspace: Opened.
        new: What was told.
        now: When it came; None is this moment.

    Raises:
        UsageError: It says nothing, says no place, or has too much of something.
        InputError: A photo can't be used.
        TooLargeError: A photo is too large.
        ConflictError: The form was sent before with another code.
    """
    now = now or datetime.now(UTC)
    code = _claim_hash(new.claim_code)
    with workspace.database.reading() as session:
        known = _taken_before(session, new.client_id, code)
    if known is not None:
        return known
    text, place = _checked_words(new)
    photos = _clean(new, workspace.settings)
    if not place.text and new.lon is None and not any(photo.place for photo in photos):
        raise UsageError(
            "请说明地点:在图上点选、用手机定位,或用文字写出乡镇、村、小地名",
            "say where it is: on the map, by the phone, or in words (township, village, name)",
            code="no_place",
        )
    kept = [workspace.vault.keep([photo.jpeg], max_bytes=_MOST_JPEG_BYTES) for photo in photos]
    with workspace.database.writing() as session:
        # Another thread may have taken the same form meanwhile.
        known = _taken_before(session, new.client_id, code)
        if known is not None:
            return known
        row = _row(session, new, (text, place), code, now)
        _attach(session, row, photos, kept)
        counted = text.count + place.count
        seals.record_sealed(
            session,
            [row],
            actor=PUBLIC,
            action="tip.receive",
            subject=f"tip {row.number}",
            details={"number": row.number, "photos": len(kept), "reward": row.reward},
        )
        return TipTaken(row.id, row.number, counted)


def _taken_before(session: Session, client_id: str, code: str | None) -> TipTaken | None:
    row = tips.tip_sent(session, client_id)
    if row is None:
        return None
    if row.claim_hash != code:
        raise ConflictError(
            "这份表单已经提交过,没有重复保存;要再次举报请重新打开举报页面",
            "this form was sent before, nothing was kept twice; to tell something else, open the "
            "page anew",
            code="form_used",
        )
    return TipTaken(row.id, row.number, int(row.details.get("masked", 0)), again=True)


def _claim_hash(code: str) -> str | None:
    if not code:
        return None
    normal = normal_code(code)
    if normal is None:
        raise UsageError(
            "举报码不完整:请重新打开举报页面",
            "the claim code is not whole: open the page anew",
            code="bad_claim_code",
        )
    return hash_of_code(normal)


def _checked_words(new: NewTip) -> tuple[Masked, Masked]:
    if not 8 <= len(new.client_id) <= 64 or not new.client_id.isascii():
        raise UsageError("缺少提交编号", "the identifier is missing", code="no_client_id")
    for words, most, zh, en in (
        (new.text, MOST_TEXT, "内容", "the text"),
        (new.place, MOST_PLACE, "地点", "the place"),
    ):
        if len(words) > most:
            raise UsageError(
                f"{zh}最多 {most} 字,现有 {len(words)} 字:请缩短",
                f"{en} has {len(words)} characters, at most {most} are taken: shorten it",
                code="too_long",
            )
    if not new.text.strip() and not new.photos:
        raise UsageError(
            "请写下看到的情况,或附上照片",
            "say what you saw, or add a photo",
            code="nothing_told",
        )
    _check_point(new)
    return _words(new.text), _words(" ".join(new.place.split()))


def _check_point(new: NewTip) -> None:
    if new.lon is None and new.lat is None:
        return
    lon, lat = new.lon, new.lat
    good = lon is not None and lat is not None and abs(lon) <= 180 and abs(lat) <= 90
    if not good:
        raise UsageError(
            "位置不可用:请重新点选,或用文字说明",
            "the place can't be used: choose it anew, or say it in words",
            code="bad_place",
        )


def _words(text: str) -> Masked:
    plain = "".join(c for c in text.strip() if c.isprintable() or c == "\n")
    return masked(plain)


def _clean(new: NewTip, settings: Settings) -> list[CleanPhoto]:
    if len(new.photos) > MOST_PHOTOS:
        raise UsageError(
            f"照片最多 {MOST_PHOTOS} 张", f"at most {MOST_PHOTOS} photos", code="too_many_photos"
        )
    most_mb = settings.tip_photo_max_mb
    for number, data in enumerate(new.photos, 1):
        if len(data) > most_mb * 1e6:
            raise TooLargeError(
                f"第 {number} 张照片超过 {most_mb:g} MB:请缩小后再发",
                f"photo {number} has more than {most_mb:g} MB: send a smaller copy",
            )
    return [
        clean_photo(data, number, keep_place=new.keep_photo_place)
        for number, data in enumerate(new.photos, 1)
    ]


def _row(
    session: Session,
    new: NewTip,
    words: tuple[Masked, Masked],
    code: str | None,
    now: datetime,
) -> TipRow:
    text, place = words
    accuracy = new.accuracy_m
    told: Json = {"masked": text.count + place.count, "steps": []}
    if new.lon is not None:
        told["place_from"] = new.place_from if new.place_from in ("map", "phone") else "map"
        if accuracy is not None and math.isfinite(accuracy) and 0 <= accuracy < 1e6:
            told["accuracy_m"] = round(accuracy)
    row = TipRow(
        number=tips.next_number(session, now.astimezone(CHINA_TIME).year),
        received_at=now,
        client_id=new.client_id,
        claim_hash=code,
        text=text.text,
        place=place.text,
        lon=None if new.lon is None else round(new.lon, 6),
        lat=None if new.lat is None else round(new.lat, 6),
        state=TipState.RECEIVED.value,
        case_id=None,
        merged_into=None,
        answered_at=None,
        answered_by=None,
        reward=(Reward.NONE if code is None else Reward.ASKED).value,
        reward_yuan=None,
        files=[],
        details=told,
    )
    session.add(row)
    return row


def _attach(
    session: Session, row: TipRow, photos: Sequence[CleanPhoto], kept: Sequence[KeptFile]
) -> None:
    """Note a tip's photos, and its place by them where it has no other."""
    files: list[Json] = []
    for number, (photo, file) in enumerate(zip(photos, kept, strict=True), 1):
        name = f"{row.number}-{number}.jpg"
        sightings.file_row(session, file, name)
        told: Json = {"sha256": file.sha256, "name": name, "bytes": file.bytes}
        told |= {"width_px": photo.width_px, "height_px": photo.height_px}
        if photo.place is not None:
            told["place"] = list(photo.place)
        if photo.taken is not None:
            told["taken"] = moment_iso(photo.taken)
        files.append(told)
    row.files = files
    first = next((photo.place for photo in photos if photo.place is not None), None)
    if row.lon is None and first is not None:
        row.lon, row.lat = first
        row.details = {**row.details, "place_from": "photo"}

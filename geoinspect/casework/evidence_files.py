"""What a file that came as evidence is, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from geoinspect.cases.records import EvidenceKind
from geoinspect.casework.pictures import is_original, picture_problem
from geoinspect.errors import InputError, Text
from geoinspect.ingest import photo_facts
from geoinspect.ingest.photos import read_photo
from geoinspect.ingest.pictures.exif import Exif, read_exif
from geoinspect.ingest.pictures.heif import is_heic, read_heif
from geoinspect.ingest.pictures.jpeg import read_jpeg
from geoinspect.ingest.pictures.xmp import DroneFields, read_drone_fields
from geoinspect.ingest.times import named_zone
from geoinspect.records import Datum, Problem
from geoinspect.settings import Settings

Json = dict[str, Any]

_HEAD_BYTES = 64
# How a video begins: MP4, MOV and 3GP; AVI; Matroska and WebM; MPEG.
_VIDEOS = (
    (4, b"ftyp"),
    (8, b"AVI "),
    (0, b"\x1aE\xdf\xa3"),
    (0, b"\0\0\1\xba"),
    (0, b"\0\0\1\xb3"),
)
# Told in other words by the checks of evidence.
_TOLD_ELSEWHERE = frozenset({"no_time"})


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says of itself; None is what it does not.

    Attributes:
        kind: What it is kept as; a photo or a video that can't be read is a document.
        place: WGS84 lon, lat.
        accuracy_m: Of the place, as the device states it.
        facts: Heading, camera and what else is kept.
    """

    kind: EvidenceKind
    place: tuple[float, float] | None = None
    taken: datetime | None = None
    accuracy_m: float | None = None
    facts: Json = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_file(
    path: Path,
    kind: EvidenceKind,
    *,
    name: str,
    datum: Datum | None,
    timezone: str,
    settings: Settings,
) -> Read:
    """Return what a file is and says; nothing that came is refused for its content.

    Args:
        path: Where the bytes lie.
        kind: What the sender takes it for.
        name: The sender's file name.
        datum: What the sender declares; None goes by the photo.
        timezone: Zone of a camera clock that states none.
        settings: For the size limit of photos.

    Raises:
        UsageError: An unknown time zone.
    """
    if kind is EvidenceKind.PHOTO:
        wrong = picture_problem(path)
        if wrong is not None:
            return Read(EvidenceKind.DOCUMENT, facts={"sent_as": kind.value}, problems=(wrong,))
        return _photo(path, name, datum, timezone, settings)
    if kind is EvidenceKind.VIDEO and not _is_video(path):
        return Read(EvidenceKind.DOCUMENT, facts={"sent_as": kind.value}, problems=(_NO_VIDEO,))
    return Read(kind)


def _photo(path: Path, name: str, datum: Datum | None, timezone: str, settings: Settings) -> Read:
    try:
        photo = read_photo(path, datum=datum, timezone=timezone, settings=settings, name=name)
    except InputError as error:
        problem = Problem(error.code, error.text)
        if error.code == "not_a_photo":
            problem = _NO_ORIGINAL
        taken, clock = _time_of(path, timezone) if is_original(path) else (None, [])
        return Read(EvidenceKind.PHOTO, taken=taken, problems=(problem, *clock))
    facts: Json = {"format": photo.format, "datum": photo.datum.as_json()}
    told = {
        "heading_deg": photo.heading_deg,
        "heading_magnetic": photo.heading_magnetic or None,
        "accuracy_m": photo.accuracy_m,
        "height_m": photo.height_m,
        "make": photo.camera.make,
        "model": photo.camera.model,
    }
    facts |= {key: value for key, value in told.items() if value is not None}
    problems = tuple(p for p in photo.problems if p.code not in _TOLD_ELSEWHERE)
    place = round(photo.lon, 7), round(photo.lat, 7)
    return Read(EvidenceKind.PHOTO, place, photo.taken, photo.accuracy_m, facts, problems)


def _time_of(path: Path, timezone: str) -> tuple[datetime | None, list[Problem]]:
    """Return when a photo without a usable place was taken."""
    problems: list[Problem] = []
    with path.open("rb") as stream:
        heic = is_heic(stream.read(_HEAD_BYTES))
        stream.seek(0)
        embedded = read_heif(stream) if heic else read_jpeg(stream)
    exif = read_exif(embedded.exif) if embedded.exif else Exif()
    drone = read_drone_fields(embedded.xmp) if embedded.xmp else DroneFields()
    taken = photo_facts.taken(exif, drone, named_zone(timezone), problems)
    return taken, [problem for problem in problems if problem.code not in _TOLD_ELSEWHERE]


def _is_video(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    known = any(head[at : at + len(magic)] == magic for at, magic in _VIDEOS)
    return known and not is_heic(head)


_NO_VIDEO = Problem(
    "not_a_video",
    Text(
        "不能作为视频识别;文件已按原样作为文书保存",
        "it is no video that is known here; the file is kept as it came, as a document",
    ),
)
_NO_ORIGINAL = Problem(
    "not_an_original",
    Text(
        "不是相机原图(如截图或转存的图片),没有位置、时间和方向:最好补充手机里的原图",
        "no original of a camera but a screenshot or a saved copy, without place, time and "
        "direction: better add the original from the phone",
    ),
)

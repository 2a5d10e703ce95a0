"""A photo from its bytes to a point with time and heading, and what ground a drone's photo shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import shapely
from shapely import Polygon

from geoinspect.errors import InputError, Text, TooLargeError
from geoinspect.ingest import photo_facts
from geoinspect.ingest.camera import Footprint, View, footprint, lonlat_of
from geoinspect.ingest.datum import to_wgs84
from geoinspect.ingest.datum_choice import flagged_datum, resolve_datum
from geoinspect.ingest.photo_records import Camera, Photo, PhotoError
from geoinspect.ingest.pictures import Embedded
from geoinspect.ingest.pictures.exif import Exif, Tag, read_exif
from geoinspect.ingest.pictures.heif import is_heic, read_heif
from geoinspect.ingest.pictures.jpeg import MAGIC, read_jpeg
from geoinspect.ingest.pictures.xmp import DroneField, DroneFields, read_drone_fields
from geoinspect.ingest.times import named_zone
from geoinspect.records import Datum, DatumChoice, Problem, Shot, utc_iso
from geoinspect.settings import Settings

_HEAD_BYTES = 64
# What else people send, by how it begins.
_OTHERS = (
    (0, b"\x89PNG", Text("PNG 图片(多为截图)", "a PNG picture, mostly a screenshot")),
    (0, b"GIF8", Text("GIF 图片", "a GIF picture")),
    (8, b"WEBP", Text("WebP 图片", "a WebP picture")),
    (0, b"BM", Text("BMP 图片", "a BMP picture")),
    (0, b"II*\x00", Text("TIFF 或 DNG 原始图", "a TIFF or raw DNG picture")),
    (0, b"MM\x00*", Text("TIFF 或 DNG 原始图", "a TIFF or raw DNG picture")),
    (0, b"%PDF", Text("PDF 文档", "a PDF document")),
    (0, b"PK\x03\x04", Text("压缩包", "an archive")),
    (8, b"avif", Text("AVIF 图片", "an AVIF picture")),
    (4, b"ftyp", Text("视频", "a video")),
)
_UNKNOWN = Text("无法识别的文件", "of an unknown kind")
_ABSENT_WHEN_REFUSED = (
    "lon", "lat", "taken", "heading_deg", "heading_magnetic", "altitude_m", "height_m",
    "pitch_deg", "yaw_deg", "roll_deg", "accuracy_m", "footprint", "centre", "footprint_clipped",
    "camera", "datum", "place_from",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeenGround:
    """Level ground that a drone's photo shows, WGS84.

    Attributes:
        polygon: What of it lies within range, counter-clockwise.
        centre: lon, lat of the ground in the middle of the picture; None beyond the range.
        clipped: The picture shows more than the range.
    """

    polygon: Polygon
    centre: tuple[float, float] | None
    clipped: bool


def read_photo(
    path: Path,
    *,
    datum: Datum | None = None,
    timezone: str = "Asia/Shanghai",
    settings: Settings,
    name: str | None = None,
    shot: Shot | None = None,
) -> Photo:
    """Read where, when and how a JPEG or HEIC photo was taken; its pixels are never decoded.

    Args:
        path: Where the bytes lie.
        datum: What the sender declares; None goes by what the photo says, else WGS84, which is
            what phones write in China too.
        timezone: Zone of a camera clock that states none.
        settings: For the size limit.
        name: The sender's file name where ``path`` is server-made.
        shot: What the device says that took it; it stands in for what the picture lacks.

    Raises:
        PhotoError: No photo of these kinds, or no position in it nor in ``shot``.
        TooLargeError: Beyond the size limit.
        UsageError: An unknown time zone.
    """
    zone = named_zone(timezone)
    label = name or path.name
    _check_size(path, label, settings)
    try:
        with path.open("rb") as stream:
            embedded = _embedded(stream)
    except OSError as error:
        raise _unreadable(label, error) from error
    exif = read_exif(embedded.exif) if embedded.exif else Exif()
    drone = read_drone_fields(embedded.xmp) if embedded.xmp else DroneFields()
    problems = [_DAMAGED] if embedded.damaged or exif.damaged or drone.damaged else []
    shot = shot or Shot()
    place, by_device = _position(exif, drone, shot, problems)
    if by_device:
        (lon, lat), accuracy_m, choice = place, shot.accuracy_m, _BY_DEVICE
    else:
        choice = resolve_datum(datum, flagged_datum([exif.text(Tag.DATUM) or ""], (), label))
        accuracy_m = photo_facts.accuracy_m(exif, drone)
        lon, lat = _in_wgs84(place, choice, problems)
    taken = photo_facts.taken(exif, drone, zone, problems, otherwise=shot.taken)
    heading_deg, magnetic = photo_facts.heading(exif, drone, problems)
    camera = photo_facts.camera(exif, embedded, problems)
    pose = (
        drone.number(DroneField.ABOVE_TAKEOFF),
        drone.number(DroneField.PITCH),
        drone.number(DroneField.YAW),
    )
    problems += _lacking(*pose, camera)
    return Photo(
        embedded.format,
        lon,
        lat,
        taken,
        heading_deg,
        magnetic,
        photo_facts.altitude_m(exif, drone),
        *pose,
        drone.number(DroneField.ROLL),
        accuracy_m,
        camera,
        choice,
        tuple(problems),
        "device" if by_device else "picture",
    )


def seen_ground(photo: Photo, *, ground_above_takeoff_m: float = 0.0) -> SeenGround | None:
    """Return the ground a drone's photo shows; None when it does not say enough, or sees none.

    Args:
        photo: As read; its height counts from where the drone took off.
        ground_above_takeoff_m: How much higher than there the ground in the picture lies.
    """
    camera = photo.camera
    known = (photo.height_m, photo.yaw_deg, photo.pitch_deg, camera.fov_h_deg, camera.fov_v_deg)
    values = [value for value in known if value is not None]
    if len(values) < len(known):
        return None
    height, yaw, pitch, fov_h, fov_v = values
    view = View(height - ground_above_takeoff_m, yaw, pitch, photo.roll_deg or 0.0, fov_h, fov_v)
    seen = footprint(view)
    return None if seen is None else _placed(seen, photo)


def photo_report(
    path: Path,
    *,
    datum: Datum | None = None,
    timezone: str = "Asia/Shanghai",
    settings: Settings,
) -> dict[str, object]:
    """Return what ``photos inspect`` says of one file; a file that can't be read is refused.

    Raises:
        UsageError: An unknown time zone.
    """
    try:
        photo = read_photo(path, datum=datum, timezone=timezone, settings=settings)
    except InputError as error:
        return {
            "file": str(path),
            "status": "refused",
            "format": None,
            **dict.fromkeys(_ABSENT_WHEN_REFUSED),
            "problems": [Problem(error.code, error.text).as_json()],
        }
    return {
        "file": str(path),
        "status": "ok" if photo.taken is not None else "ok_no_time",
        "format": photo.format,
        **photo_json(photo),
    }


def photo_json(photo: Photo) -> dict[str, object]:
    """Return what a photo says and shows, for reports and for keeping."""
    seen = seen_ground(photo)
    return {
        "lon": round(photo.lon, 7),
        "lat": round(photo.lat, 7),
        "taken": None if photo.taken is None else utc_iso(photo.taken.timestamp()),
        "heading_deg": photo.heading_deg,
        "heading_magnetic": photo.heading_magnetic,
        "altitude_m": photo.altitude_m,
        "height_m": photo.height_m,
        "pitch_deg": photo.pitch_deg,
        "yaw_deg": photo.yaw_deg,
        "roll_deg": photo.roll_deg,
        "accuracy_m": photo.accuracy_m,
        "place_from": photo.place_from,
        "footprint": None if seen is None else _geojson(seen.polygon),
        "centre": None if seen is None or seen.centre is None else _rounded(seen.centre),
        "footprint_clipped": None if seen is None else seen.clipped,
        "camera": asdict(photo.camera),
        "datum": photo.datum.as_json(),
        "problems": [problem.as_json() for problem in photo.problems],
    }


def is_photo(head: bytes) -> bool:
    """Return whether a file that begins like this is a JPEG or HEIC picture."""
    return head.startswith(MAGIC) or is_heic(head)


def _embedded(stream: BinaryIO) -> Embedded:
    head = stream.read(_HEAD_BYTES)
    if head.startswith(MAGIC):
        return read_jpeg(stream)
    if is_heic(head):
        return read_heif(stream)
    kind = next(
        (what for at, magic, what in _OTHERS if head[at : at + len(magic)] == magic), _UNKNOWN
    )
    raise PhotoError(
        f"不能作为照片读取:文件是{kind.zh};请上传手机或无人机拍的 JPG 或 HEIC 原图",
        f"the file is {kind.en} and can't be read as a photo: send the original JPG or HEIC of "
        "the phone or drone",
        code="not_a_photo",
    )


def _position(
    exif: Exif, drone: DroneFields, shot: Shot, problems: list[Problem]
) -> tuple[photo_facts.Position, bool]:
    """Return where a picture was taken, and whether only its device says so.

    Raises:
        PhotoError: Neither does.
    """
    try:
        return photo_facts.position(exif, drone, problems), False
    except PhotoError as error:
        if shot.lon is not None and shot.lat is not None:
            return photo_facts.Position(shot.lon, shot.lat), True
        if _DAMAGED in problems:
            raise _lost(error) from error
        raise


def _in_wgs84(
    place: photo_facts.Position, choice: DatumChoice, problems: list[Problem]
) -> tuple[float, float]:
    """Return lon, lat in WGS84, and tell what is to be told of the datum."""
    written = np.array([place.lon]), np.array([place.lat])
    lon, lat = to_wgs84(*written, choice.used)
    if choice.found is not None and choice.found is not choice.used:
        problems.append(Problem("datum_contradiction", choice.why))
    if choice.used is not Datum.WGS84 and lon is written[0]:
        problems.append(_NOT_SHIFTED)
    return float(lon[0]), float(lat[0])


def _lacking(
    height: float | None, pitch: float | None, yaw: float | None, camera: Camera
) -> list[Problem]:
    """Return why a drone's photo gets no footprint; nothing for one that is not a drone's."""
    parts = (
        (height, Text("离地高度", "height above the take-off point")),
        (pitch, Text("云台俯仰角", "gimbal pitch")),
        (yaw, Text("云台偏航角", "gimbal yaw")),
        (camera.fov_h_deg, Text("焦距或画面尺寸", "focal length or picture size")),
    )
    missing = [what for value, what in parts if value is None]
    if not missing or (height is None and pitch is None and yaw is None):
        return []
    zh, en = "、".join(text.zh for text in missing), ", ".join(text.en for text in missing)
    return [
        Problem(
            "no_footprint",
            Text(
                f"无法计算照片覆盖的地面:缺少{zh};位置照常使用",
                f"the ground in the picture can't be worked out without its {en}; the position is "
                "used as usual",
            ),
        )
    ]


def _placed(seen: Footprint, photo: Photo) -> SeenGround:
    ring = lonlat_of(photo.lon, photo.lat, seen.outline)
    centre = lonlat_of(photo.lon, photo.lat, seen.centre[np.newaxis])[0]
    return SeenGround(
        shapely.orient_polygons(Polygon(ring)),
        None if np.isnan(centre).any() else (float(centre[0]), float(centre[1])),
        seen.clipped,
    )


def _geojson(polygon: Polygon) -> dict[str, object]:
    ring = [_rounded((lon, lat)) for lon, lat in polygon.exterior.coords]
    return {"type": "Polygon", "coordinates": [ring]}


def _rounded(place: tuple[float, float]) -> list[float]:
    return [round(place[0], 7), round(place[1], 7)]


def _check_size(path: Path, label: str, settings: Settings) -> None:
    try:
        size_mb = path.stat().st_size / 1e6 if path.is_file() else None
    except (OSError, ValueError) as error:
        raise _unreadable(label, error) from error
    if size_mb is None:
        raise PhotoError(
            f"找不到文件“{label}”,或它是一个文件夹",
            f"{label!r} does not exist or is a folder: give a photo",
            code="not_a_file",
        )
    if size_mb > settings.photo_max_mb:
        raise TooLargeError(
            f"照片有 {size_mb:.0f} MB,上限是 {settings.photo_max_mb:g} MB;请上传单张原图",
            f"the photo has {size_mb:.0f} MB, the limit is {settings.photo_max_mb:g} MB: send "
            "single original pictures",
        )


def _lost(error: PhotoError) -> PhotoError:
    """Return the refusal of a damaged photo, whose position may be in the part that is lost."""
    return PhotoError(
        f"{_DAMAGED.text.zh}({error.text.zh})",
        f"{_DAMAGED.text.en} ({error.text.en})",
        code="damaged",
    )


def _unreadable(label: str, error: Exception) -> PhotoError:
    return PhotoError(
        f"无法打开文件“{label}”({error});请检查文件名和权限",
        f"cannot open {label!r} ({error}): check its name and permissions",
        code="unreadable",
    )


_BY_DEVICE = DatumChoice(
    None,
    Datum.WGS84,
    Text(
        "照片里没有位置,用的是拍摄时手机的定位(WGS84)",
        "the picture has no position; that of the phone when it was taken stands for it (WGS84)",
    ),
)
_DAMAGED = Problem(
    "damaged",
    Text(
        "照片里的拍摄信息不完整或已损坏,只读取了可用的部分;请上传原图",
        "what the photo says of itself is cut off or damaged, and only the sound part was read: "
        "send the original",
    ),
)
_NOT_SHIFTED = Problem(
    "datum_not_shifted",
    Text(
        "照片在大陆以外(含港澳台),那里没有偏移,坐标未作改动",
        "the photo was taken outside the mainland, where there is no offset; its position was "
        "left as it is",
    ),
)

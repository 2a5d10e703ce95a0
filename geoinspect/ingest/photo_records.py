"""A photo as a point: where and when it was taken, and where the camera looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from geoinspect.errors import InputError
from geoinspect.records import DatumChoice, Problem


class PhotoError(InputError):
    """A file is no photo that can be read, or one that does not say where it was taken."""

    default_code = "bad_photo"


@dataclass(frozen=True, slots=True)
class Camera:
    """The camera, as far as the photo tells; None is what it does not.

    Attributes:
        focal_mm, focal_35mm: True focal length, and the one of the same view on 35 mm film.
        sensor_mm: Width and height of the sensor part in the picture, as it is looked at.
        width_px, height_px: The picture as it is looked at, its orientation applied.
        orientation: EXIF orientation, 1 to 8.
        fov_h_deg, fov_v_deg: Full angles of view across and along the picture as looked at.
    """

    make: str | None = None
    model: str | None = None
    focal_mm: float | None = None
    focal_35mm: float | None = None
    sensor_mm: tuple[float, float] | None = None
    width_px: int | None = None
    height_px: int | None = None
    orientation: int | None = None
    fov_h_deg: float | None = None
    fov_v_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo with a position; None is what it does not tell.

    Attributes:
        format: ``jpeg`` or ``heic``.
        lon, lat: WGS84 degrees of the camera.
        taken: Moment in UTC.
        heading_deg: Where the camera looked, clockwise from north, 0 to 360.
        heading_magnetic: The heading is from magnetic north, as a phone without a map says.
        altitude_m: Above sea level or the ellipsoid, as the device has it.
        height_m: Above the take-off point: drones.
        pitch_deg, yaw_deg, roll_deg: Of a drone's camera (:mod:`geoinspect.ingest.camera`).
        accuracy_m: Horizontal, as the device states it.
        place_from: ``picture``, or ``device`` where the picture says nothing and the device that
            took it does.
        datum: Declared or stated datum and what was done about it.
        problems: What the sender should know.
    """

    format: str
    lon: float
    lat: float
    taken: datetime | None
    heading_deg: float | None
    heading_magnetic: bool
    altitude_m: float | None
    height_m: float | None
    pitch_deg: float | None
    yaw_deg: float | None
    roll_deg: float | None
    accuracy_m: float | None
    camera: Camera
    datum: DatumChoice
    problems: tuple[Problem, ...]
    place_from: Literal["picture", "device"] = "picture"

"""Drone flights: they see what the camera covers from its height, not what a walker would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from patrol_builders import WEST, Office, Way, at, degrees

from geoinspect.crs import geodesic_length_m
from geoinspect.records import Mode

FOV_DEG = 70.0
AIRDATA = "time(millisecond),datetime(utc),latitude,longitude,height_above_takeoff(meters),gimbal_pitch(degrees)\n"


def flight(heights_m: np.ndarray, pitch_deg: float) -> tuple[str, float]:
    """AirData's columns for a straight flight of 1.5 km eastward; and its length in metres."""
    count = len(heights_m)
    x = np.linspace(300, 1700, count)
    lon, lat = degrees(x, np.full(count, 1100.0))
    rows = [
        f"{1000 * n},2026-05-14 02:{n // 60:02}:{n % 60:02},{lat[n]:.8f},{lon[n]:.8f},"
        f"{heights_m[n]:.1f},{pitch_deg:.1f}\n"
        for n in range(count)
    ]
    return AIRDATA + "".join(rows), geodesic_length_m(lon, lat)


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("GEOINSPECT_DRONE_FOV_DEG", str(FOV_DEG))
    with Office(tmp_path) as office:
        yield office


def flown(pilot: Office, heights_m: np.ndarray, pitch_deg: float, **tags: object) -> float:
    text, metres = flight(heights_m, pitch_deg)
    path = pilot.folder / "DJIFlightRecord_2026-05-14.csv"
    path.write_text(text, "utf-8")
    pilot.send(path, unit_code=WEST, team="飞行组", **{"mode": Mode.DRONE, **tags})
    return metres


@pytest.mark.parametrize(("height_m", "pitch_deg"), [(60.0, -90.0), (100.0, -90.0), (60.0, -50.0)])
def test_a_drone_sees_what_its_camera_covers(
    pilot: Office, height_m: float, pitch_deg: float
) -> None:
    metres = flown(pilot, np.full(140, height_m), pitch_deg)
    slant_m = height_m / np.sin(np.radians(-pitch_deg))
    width_m = 2 * slant_m * np.tan(np.radians(FOV_DEG / 2))
    seen = pilot.seen()
    assert seen.total_m2 == pytest.approx(width_m * metres + np.pi * width_m**2 / 4, rel=0.03)
    assert seen.effort.sum() * 1e4 == pytest.approx(width_m * metres, rel=0.03)
    assert pilot.track(1).mode == "drone"


def test_a_flight_log_is_no_walk_even_when_nobody_says_so(pilot: Office) -> None:
    metres = flown(pilot, np.full(140, 60.0), -90.0, mode=None)
    width_m = 2 * 60 * np.tan(np.radians(FOV_DEG / 2))
    assert pilot.track(1).mode == "drone"
    assert pilot.seen().total_m2 == pytest.approx(
        width_m * metres + np.pi * width_m**2 / 4, rel=0.03
    )


@pytest.mark.parametrize(("height_m", "pitch_deg"), [(0.0, -90.0), (60.0, 0.0), (60.0, 10.0)])
def test_a_drone_on_the_ground_or_looking_at_the_horizon_sees_nothing(
    pilot: Office, height_m: float, pitch_deg: float
) -> None:
    flown(pilot, np.full(140, height_m), pitch_deg)
    assert pilot.seen().total_m2 == 0
    assert pilot.track(1).length_m > 1000


def test_a_climb_widens_what_is_seen(pilot: Office) -> None:
    heights_m = np.concatenate([np.zeros(20), np.linspace(20, 100, 60), np.full(60, 100.0)])
    metres = flown(pilot, heights_m, -90.0)
    widths_m = 2 * heights_m * np.tan(np.radians(FOV_DEG / 2))
    strip_m2 = metres * np.mean((widths_m[1:] + widths_m[:-1]) / 2)
    end_m2 = np.pi * widths_m[-1] ** 2 / 8
    assert pilot.seen().total_m2 == pytest.approx(strip_m2 + end_m2, rel=0.03)


def test_a_flight_without_heights_sees_the_set_width(pilot: Office) -> None:
    way = Way(np.linspace(300, 1700, 140), np.full(140, 1100.0), at(10) + np.arange(140.0))
    track = way.recorded(1, noise_m=0.0, every_s=1.0)
    pilot.add("drone.gpx", track, unit_code=WEST, team="飞行组", mode=Mode.DRONE)
    width_m = pilot.workspace.settings.sweep_width_drone_m
    truth_m2 = width_m * geodesic_length_m(track.lon, track.lat) + np.pi * width_m**2 / 4
    assert pilot.seen().total_m2 == pytest.approx(truth_m2, rel=0.03)

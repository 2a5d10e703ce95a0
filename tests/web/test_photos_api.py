"""Photos through the API: which ones, where, and all that is known of one."""

from __future__ import annotations

import math
from datetime import date

import pytest
from conftest import HOSTILE, Visitor
from photo_builders import DRONE, LAT, LON, drone_xmp, exif_bytes, jpeg_bytes

from geoinspect.store import grounds

UNIT = "U990100001"


def shot(second: int, *, day: str = "2026:05:14", fields: dict[str, str] | None = None) -> bytes:
    """A drone's picture of a moment of its own; ``{}`` as fields makes it a phone's."""
    exif = exif_bytes(photo={0x9003: f"{day} 08:{second // 60:02d}:{second % 60:02d}"})
    fields = DRONE if fields is None else fields
    return jpeg_bytes(exif, drone_xmp(fields) if fields else None)


def add(visitor: Visitor, data: bytes, name: str = "DJI_1.JPG", **query: str) -> int:
    answer = visitor.send(data, name, **query).get_json()
    assert (answer["result"]["status"], answer["result"]["kind"]) == ("added", "photo"), answer
    return int(answer["result"]["id"])


def test_a_photo_is_a_point_with_what_it_shows(visitor: Visitor) -> None:
    number = add(visitor, shot(5), unit=UNIT, team=HOSTILE)
    found = {one["properties"]["id"]: one for one in visitor.json("photos")["features"]}
    point, told = found[number]["geometry"], found[number]["properties"]
    assert point["type"] == "Point"
    assert point["coordinates"] == pytest.approx([LON, LAT], abs=1e-6)
    assert (told["name"], told["unit"], told["team"]) == ("DJI_1.JPG", "东镇政府", HOSTILE)
    assert told["taken"].startswith("2026-05-14T00:00:05")
    assert told["footprint"]["type"] == "Polygon"
    assert told["centre"] == pytest.approx([LON, LAT], abs=1e-4)
    card = visitor.json(f"photos/{number}")
    assert {key: card[key] for key in told} == told
    assert (card["height_m"], card["pitch_deg"], card["camera"]["make"]) == (60, -90, "DJI")
    # A full frame's 24 mm straight down: the diagonal is 43.27 / 24 of the height.
    diagonal_m = 60 * math.hypot(36, 24) / 24
    assert card["footprint_area_m2"] == pytest.approx(diagonal_m**2 * 12 / 25, rel=0.03)
    assert card["datum"]["why_zh"]


def test_a_photo_that_says_little_is_told_in_words(visitor: Visitor) -> None:
    number = add(visitor, shot(6, fields={}), "IMG_2.JPG")
    card = visitor.json(f"photos/{number}")
    assert card["footprint"] is card["footprint_area_m2"] is card["unit"] is None
    assert all(one["message_zh"] and one["message"] for one in card["problems"])


def test_box_limit_and_campaign_choose(visitor: Visitor) -> None:
    with visitor.client.application.extensions[
        "geoinspect"
    ].workspace.database.writing() as session:
        first = grounds.campaigns(session)[0]
        assert first.start <= date(2026, 5, 14) <= first.end
        campaign = first.id
    inside = add(visitor, shot(10), "in.jpg")
    late = add(visitor, shot(11, day="2026:07:01"), "late.jpg")
    edge = add(visitor, shot(12, day="2026:06:30"), "edge.jpg")

    def ids(**query: object) -> list[int]:
        return [one["properties"]["id"] for one in visitor.json("photos", **query)["features"]]

    assert inside in ids(campaign=campaign)
    assert edge in ids(campaign=campaign)
    assert late not in ids(campaign=campaign)
    assert ids(bbox=f"{LON - 1e-3},{LAT - 1e-3},{LON + 1e-3},{LAT + 1e-3}") == ids()
    assert ids(bbox=f"{LON + 1e-3},{LAT},{LON + 1},{LAT + 1}") == []
    assert ids(bbox="-inf,-inf,inf,inf") == ids()
    one = visitor.json("photos", limit=1)
    assert (len(one["features"]), one["limited"]) == (1, True)
    assert one["features"][0]["properties"]["id"] == edge


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("photos?bbox=1,2,3", 400), ("photos?bbox=nan,nan,nan,nan", 400), ("photos?bbox=3,2,1,0", 400),
        ("photos?limit=x", 400), ("photos?limit=-5", 400), ("photos?campaign=x", 400), ("photos?campaign=1e300", 400),
        ("photos?campaign=nan", 400), ("photos?campaign=99", 404), ("photos/99999", 404),
        ("photos/999999999999999999999", 404), ("photos/x", 404), ("photos/-1", 404),
    ],
)  # fmt: skip
def test_bad_questions_are_answered_in_words(visitor: Visitor, path: str, status: int) -> None:
    answer = visitor.client.get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.get_json()
    assert answer.get_json()["message_zh"]


def test_strangers_see_no_photo(stranger: Visitor) -> None:
    for path in ("photos", "photos/1"):
        assert stranger.client.get(f"/api/v1/{path}").status_code == 401


def test_a_new_county_has_no_photos(new_app, empty_folder) -> None:
    visitor = Visitor(new_app(empty_folder).test_client())
    visitor.sign_in()
    assert visitor.json("photos")["features"] == []

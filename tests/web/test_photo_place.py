"""A photo whose place the browser took out: the phone's own stands for it, and says that it does."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from app_server import served_app
from conftest import PASSWORD, Visitor
from hypothesis import given
from hypothesis import strategies as st
from photo_builders import LAT, LON, exif_bytes, jpeg_bytes, read, refusal
from PIL import Image
from playwright.sync_api import Page, expect
from test_browser import PHONE, chromium
from test_today_browser import ready
from work_season import FIELD, work_folder

from geoinspect.errors import UsageError
from geoinspect.patrols.choices import TrackTags
from geoinspect.records import Shot
from webmap import create_app
from webmap.api.tags import shot_of

__all__ = ["chromium"]
WHERE = {"lon": "108.9", "lat": "33.961", "accuracy_m": "12.5", "taken": "2019-05-14T09:00:00+08:00"}  # fmt: skip
TAKEN = datetime(2019, 5, 14, 1, tzinfo=UTC)
SHOT = Shot(108.9, 33.961, 12.5, TAKEN)
DEVICE_WORDS = "拍摄时手机的定位"


def bare(colour: int) -> bytes:
    """What a browser on a phone hands over: no place and no time."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (colour, 140, 60)).save(out, "JPEG")
    return out.getvalue()


def test_the_device_stands_in_for_what_the_picture_lacks(tmp_path: Path) -> None:
    assert refusal(tmp_path, bare(1)).code == "no_position"
    photo = read(tmp_path, bare(1), shot=SHOT)
    assert (photo.lon, photo.lat, photo.accuracy_m) == (108.9, 33.961, 12.5)
    assert (photo.taken, photo.place_from) == (TAKEN, "device")
    assert photo.datum.used == "wgs84"
    assert photo.problems == ()


def test_the_picture_goes_before_the_device(tmp_path: Path) -> None:
    data = jpeg_bytes(exif_bytes())
    photo = read(tmp_path, data, shot=SHOT)
    assert photo == read(tmp_path, data)
    assert (photo.lon, photo.lat) == pytest.approx((LON, LAT))
    assert photo.place_from == "picture"


def test_the_time_of_a_device_without_a_fix_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(bare(2))
    with pytest.raises(Exception, match="does not say where"):
        read(tmp_path, bare(2), shot=Shot(taken=TAKEN))


@given(
    st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    st.none() | st.floats(0, 1e7),
    st.none() | st.datetimes(datetime(1991, 1, 1), datetime(2198, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis puts the zone on
)
def test_what_is_said_is_kept_as_it_was_said(
    place: tuple[float, float], accuracy_m: float | None, taken: datetime | None
) -> None:
    said = {"lon": repr(place[0]), "lat": repr(place[1])}
    said |= {} if accuracy_m is None else {"accuracy_m": repr(accuracy_m)}
    said |= {} if taken is None else {"taken": taken.isoformat()}
    shot = shot_of(said)
    assert shot == Shot(*place, accuracy_m, taken)
    tags = TrackTags(team="一组", shot=shot)
    assert TrackTags.from_json(tags.as_json()) == tags


@pytest.mark.parametrize(
    "wrong",
    [
        {"lon": "181"},
        {"lat": "nan"},
        {"lon": ""},
        {"accuracy_m": "-3"},
        {"accuracy_m": "很准"},
        {"taken": "2019-05-14T09:00:00"},
        {"taken": "昨天"},
    ],
)
def test_a_value_that_can_not_be_is_refused_in_words(
    visitor: Visitor, wrong: dict[str, str]
) -> None:
    with pytest.raises(UsageError):
        shot_of(WHERE | wrong)
    answer = visitor.send(bare(3), "a.jpg", **(WHERE | wrong))
    assert answer.status_code == 400
    (value,) = wrong.values()
    told = answer.get_json()
    assert value in told["message"]
    assert value in told["message_zh"]


def test_the_api_takes_it_and_says_whose_it_is(visitor: Visitor) -> None:
    told = visitor.send(bare(4), "现场.jpg", **WHERE).get_json()["result"]
    assert (told["status"], told["kind"]) == ("added", "photo")
    card = visitor.json(f"photos/{told['id']}")
    assert (card["lon"], card["lat"], card["accuracy_m"]) == (108.9, 33.961, 12.5)
    assert card["place_from"] == "device"
    assert card["taken"].startswith("2019-05-14T01:00:00")
    assert DEVICE_WORDS not in card["datum"]["why"]
    assert "手机的定位" in card["datum"]["why_zh"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    app = create_app(work_folder(tmp_path / "county")[0])
    app.config["INLINE_JOBS"] = True
    with served_app(app) as base:
        yield base


@pytest.fixture
def page(chromium, served: str) -> Iterator[Page]:
    width, height = PHONE
    context = chromium.new_context(
        viewport={"width": width, "height": height}, has_touch=True, reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(f"{served}/login?language=zh_CN&next=/today")
    page.fill("#username", FIELD)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    ready(page)
    yield page
    context.close()


def shoot(page: Page, colour: int) -> None:
    file = {"name": f"现场{colour}.jpg", "mimeType": "image/jpeg", "buffer": bare(colour)}
    page.locator("#plain-photo").set_input_files(file)


def receipts(page: Page) -> list[dict]:
    found = page.evaluate("fetch('/api/v1/receipts').then((a) => a.json())")
    return list(found["receipts"])


@pytest.mark.browser
def test_a_photo_taken_without_a_signal_reaches_the_map_with_its_place(
    page: Page, served: str
) -> None:
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 107.9312, "latitude": 33.9604, "accuracy": 8})
    page.context.set_offline(True)
    shoot(page, 50)
    expect(page.locator("#told")).to_contain_text("自动发送")
    expect(page.locator("#queue li")).to_have_count(1)
    page.context.set_offline(False)
    page.goto(f"{served}/sent")
    expect(page.locator("#sent .receipt:not(.hash)")).to_have_count(1)
    (receipt,) = receipts(page)
    assert receipt["result"]["status"] == "added", receipt
    page.goto(f"{served}/map#photo={receipt['result']['id']}")
    card = page.locator("#panel-body")
    expect(card).to_contain_text("33.960400° N, 107.931200° E")
    expect(card).to_contain_text(DEVICE_WORDS)
    expect(card).to_contain_text("8")
    taken = page.evaluate(f"fetch('/api/v1/photos/{receipt['result']['id']}').then((a) => a.json())")["taken"]  # fmt: skip
    age = datetime.now(UTC) - datetime.fromisoformat(taken)
    assert abs(age) < timedelta(minutes=3)


@pytest.mark.browser
def test_a_phone_that_gives_no_place_says_so_and_the_photo_goes(page: Page, served: str) -> None:
    shoot(page, 60)
    expect(page.locator("#told")).to_contain_text("没有给出位置")
    expect(page.locator("#queue li")).to_have_count(0)
    assert [one["name"] for one in receipts(page)] == ["现场60.jpg"]


@pytest.mark.browser
def test_a_page_closed_before_the_fix_loses_nothing(page: Page, served: str) -> None:
    """The place never comes; the photo rests a while, then goes without it."""
    page.context.set_offline(True)
    page.evaluate("navigator.geolocation.getCurrentPosition = () => {}")
    shoot(page, 70)
    expect(page.locator("#queue li")).to_have_count(1)
    page.goto(f"{served}/today")
    page.context.set_offline(False)
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 30000; carry.send(); }")
    expect(page.locator("#queue li")).to_have_count(0)
    assert [one["name"] for one in receipts(page)] == ["现场70.jpg"]

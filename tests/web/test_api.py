"""The numbers of the map: they add up, they change with new data, and nothing of it is a guess."""

from __future__ import annotations

import hashlib
import math
import re
import uuid
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
from conftest import HOSTILE, USER, Visitor
from flask import Flask

from webmap.api.openapi import DESCRIPTION

COUNTS = ("cells", "unseen", "touched", "covered", "cleared")
GROUND = ("area_m2", "seen_m2", "unseen_m2", "touched_m2", "covered_m2", "cleared_m2")


def test_sums_agree_at_every_level(visitor: Visitor) -> None:
    waiting, seen = [None], 0
    while waiting:
        code = waiting.pop()
        found = visitor.json("overview", **({} if code is None else {"area": code}))
        total, seen = found["coverage"], seen + 1
        assert total["cleared"] <= total["covered"] <= total["touched"] <= total["cells"]
        assert total["touched"] + total["unseen"] == total["cells"]
        if not found["children"]:
            continue
        parts = [child["coverage"] for child in found["children"]]
        parts += [found["rest"]] if found["rest"] else []
        for name in COUNTS:
            assert sum(part[name] for part in parts) == total[name], (code, name)
        for name in GROUND:
            assert math.isclose(sum(p[name] for p in parts), total[name], abs_tol=1.0), (code, name)
        waiting += [child["code"] for child in found["children"]]
    assert seen == 8


def test_the_overview_says_where_one_is(visitor: Visitor) -> None:
    found = visitor.json("overview", area="990100002001L01")
    assert [step["name"] for step in found["way"]] == ["试验县", "西乡", "西一村", "1林班"]
    assert found["area"]["level"] == "compartment"
    top = visitor.json("overview")
    assert top["counts"]["tracks"] >= 2
    assert top["counts"]["surveys"] == 1
    assert top["counts"]["patches"] == 1
    assert {c["unit"] for c in top["children"]} == {"东镇政府", "西乡政府"}
    assert top["data_until"] is not None


def test_gaps_are_ranked_and_cut_below_the_township(visitor: Visitor) -> None:
    for code in ("990100", "990100001", "990100001001"):
        found = visitor.json("overview", area=code)
        sizes = [gap["properties"]["area_m2"] for gap in found["gaps"]]
        assert sizes
        weights = [g["properties"]["area_m2"] * g["properties"]["risk"] for g in found["gaps"]]
        assert weights == pytest.approx(sorted(weights, reverse=True), rel=0.02)
        assert found["gaps_total"] >= len(sizes)
        unseen = found["coverage"]["unseen_m2"]
        assert math.isclose(sum(sizes), unseen, rel_tol=0.03)
        w, s, e, n = found["area"]["bbox"]
        for gap in found["gaps"]:
            west, south, east, north = gap["properties"]["bbox"]
            assert west >= w - 1e-4
            assert east <= e + 1e-4
            assert south >= s - 1e-4
            assert north <= n + 1e-4


def test_a_cell_tells_who_was_there(visitor: Visitor) -> None:
    lon, lat = county.walk(offset=0.003)[100]
    cell = visitor.json("cells", lon=lon, lat=lat)["cell"]
    assert cell["state"] in {"touched", "covered", "cleared"}
    assert next(a["name"] for a in cell["areas"]) == "试验县"
    visit = next(v for v in cell["visits"] if v["name"] == HOSTILE)
    assert visit["unit"] == "西乡政府"
    assert visit["team"] == HOSTILE
    assert visit["day"] == "2026-05-14"
    assert visit["mode"] == "foot"
    assert visitor.json("cells", lon=0, lat=0)["cell"] is None


def test_tracks_and_patches_are_found_by_box(visitor: Visitor) -> None:
    everything = f"{county.WEST},{county.SOUTH},{county.WEST + 0.04},{county.SOUTH + 0.02}"
    assert len(visitor.json("tracks", bbox=everything)["features"]) >= 2
    assert visitor.json("tracks", bbox="0,0,1,1")["features"] == []
    patches = visitor.json("patches", bbox=everything)
    found = [p["properties"] for p in patches["features"]]
    assert patches["total"] == len(found)
    # Both planted patches are among them, one on the licensed parcel.
    ranks = [one["rank"] for one in found]
    counting = sum(rank is not None for rank in ranks)
    assert 0 < counting < len(found)
    assert ranks == [*range(1, counting + 1), *[None] * (len(found) - counting)]
    states = [one["state"] for one in found]
    assert states == ["suspected"] * counting + ["licensed"] * (len(found) - counting)
    first = visitor.json("patches", bbox=everything, limit=1)
    assert [p["properties"]["id"] for p in first["features"]] == [found[0]["id"]]
    assert first["total"] == len(found)


def test_a_patch_has_reasons_and_a_chip(visitor: Visitor, patch_id: int) -> None:
    patch = visitor.json(f"patches/{patch_id}")
    assert patch["reasons"]
    assert patch["survey"]["name"] == "meadow.tif"
    chip = visitor.client.get(patch["chip"])
    assert chip.mimetype == "image/png"
    assert len(chip.data) > 5000
    again = visitor.client.get(patch["chip"], headers={"If-None-Match": chip.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("overview?area=nope", 404), ("overview?campaign=99", 404), ("overview?campaign=x", 400),
        ("cells?lon=a&lat=1", 400), ("cells?lat=1", 400), ("cells?lon=nan&lat=1", 400),
        ("tracks?bbox=1,2,3", 400), ("tracks?bbox=3,0,1,1", 400), ("tracks?bbox=a,b,c,d", 400),
        ("patches/99", 404), ("patches/99/chip.png", 404), ("tracks/99", 404), ("receipts/FFFF", 404),
        ("areas?parent=nope", 404), ("nothing", 404),
    ],
)  # fmt: skip
def test_bad_questions_get_words(visitor: Visitor, path: str, status: int) -> None:
    answer = visitor.client.get(f"/api/v1/{path}")
    assert answer.status_code == status
    told = answer.get_json()
    assert told["code"]
    assert told["message"]
    assert re.search("[一-鿿]", told["message_zh"])


def test_a_new_county_has_empty_states_not_errors(new_app, empty_folder: Path) -> None:
    visitor = Visitor(new_app(empty_folder).test_client())
    visitor.sign_in()
    found = visitor.json("overview")
    assert found["area"] is None
    assert found["campaign"] is None
    assert found["coverage"] is None
    for path in ("areas", "zones", "surveys", "patches", "tracks"):
        assert visitor.json(path)["features"] == []
    assert visitor.json("receipts")["receipts"] == []
    assert visitor.client.get("/api/v1/cells?lon=1&lat=1").status_code == 404
    for page in ("/map", "/upload"):
        assert visitor.client.get(page).status_code == 200


def test_a_file_is_receipted_read_and_counted(visitor: Visitor) -> None:
    before = visitor.json("overview")
    points = county.walk(offset=0.0095 + 0.0001 * int(uuid.uuid4().hex[:2], 16) / 255)
    data = county.gpx(points, name=HOSTILE).encode()
    answer = visitor.send(data, "../../巡护<b>.gpx", unit="U990100001", team="二组", mode="foot")
    assert answer.status_code == 201
    told = answer.get_json()
    assert told["bytes"] == len(data)
    assert told["name"] == "巡护<b>.gpx"
    assert told["result"]["status"] == "added"
    assert "200" in told["result"]["message_zh"]
    after = visitor.json("overview")
    assert after["coverage"]["seen_m2"] > before["coverage"]["seen_m2"]
    assert after["coverage_tiles"] != before["coverage_tiles"]
    assert visitor.json(f"receipts/{told['receipt']}")["result"]["status"] == "added"
    assert visitor.json("receipts")["receipts"][0]["receipt"] == told["receipt"]
    track = visitor.json(f"tracks/{told['result']['id']}")
    assert (track["team"], track["mode"], track["name"]) == ("二组", "foot", HOSTILE)
    again = visitor.send(data, "again.gpx").get_json()
    assert again["result"]["status"] == "duplicate"
    assert visitor.json("overview")["coverage"] == after["coverage"]


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"", "empty.gpx"), (b"<html></html>", "page.gpx"), (b"II*\0" + b"\0" * 90, "bomb.tif"),
     (b"\x00" * 500, "noise.kml"), (b"<VRTDataset/>", "raster.tif"), (b"PK\x03\x04zip", "a.kmz")],
)  # fmt: skip
def test_bad_files_are_results_in_words(visitor: Visitor, data: bytes, name: str) -> None:
    answer = visitor.send(data, name)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    result = answer.get_json()["result"]
    assert result["status"] == "refused"
    assert re.search("[一-鿿]", result["message_zh"])
    assert result["message"]


def test_receipts_are_the_senders_own(app: Flask, visitor: Visitor) -> None:
    mine = visitor.send(b"<html></html>", "mine.gpx").get_json()["receipt"]
    other = Visitor(app.test_client())
    other.sign_in("二号")
    assert other.client.get(f"/api/v1/receipts/{mine}").status_code == 404
    assert mine not in str(other.json("receipts"))


def test_wrong_sends_are_refused_in_words(
    visitor: Visitor, new_app, workspace_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert visitor.send(b"x", "").status_code == 400
    assert visitor.send(b"x", "a.gpx", mode="horse").status_code == 400
    token = visitor.token("/upload")
    form = visitor.client.post(
        "/api/v1/files?name=a.gpx", data={"a": "b"}, headers={"X-CSRFToken": token}
    )
    assert form.status_code == 415
    monkeypatch.setenv("GEOINSPECT_TRACK_MAX_MB", "0.001")
    small = Visitor(new_app(workspace_folder).test_client())
    small.sign_in(USER)
    answer = small.send(b"<gpx>" + b" " * 2000, "big.gpx")
    assert answer.status_code == 413
    assert "上限" in answer.get_json()["message_zh"]


@pytest.mark.parametrize(
    ("path", "what"), [("tracks", ""), ("patches", ""), ("patches", "/chip.png")]
)
def test_numbers_beyond_the_database_are_no_page(visitor: Visitor, path: str, what: str) -> None:
    for digits in ("9" * 19, "9" * 30, "9" * 5000):
        assert visitor.client.get(f"/api/v1/{path}/{digits}{what}").status_code == 404


def test_options_name_the_choices_before_anything_is_received(visitor: Visitor) -> None:
    before = visitor.json("receipts")["receipts"]
    mode = visitor.send(b"x", "a.gpx", mode="horse")
    assert "foot、vehicle、boat、drone" in mode.get_json()["message_zh"]
    unit = visitor.send(b"x", "a.gpx", unit="NOPE")
    assert (mode.status_code, unit.status_code) == (400, 400)
    assert "NOPE" in unit.get_json()["message_zh"]
    assert visitor.json("receipts")["receipts"] == before


def test_a_damaged_file_is_refused(visitor: Visitor) -> None:
    data = b"<html>checksum</html>"
    before = visitor.json("receipts")["receipts"]
    wrong = visitor.send(data, "a.gpx", sha256="0" * 64)
    assert (wrong.status_code, wrong.get_json()["code"]) == (400, "checksum")
    assert visitor.send(data, "a.gpx", sha256="xyz").status_code == 400
    assert visitor.json("receipts")["receipts"] == before
    right = visitor.send(data, "a.gpx", sha256=hashlib.sha256(data).hexdigest().upper())
    assert right.status_code == 201


def test_a_ninth_upload_waits(visitor: Visitor, app: Flask) -> None:
    slots = app.extensions["geoinspect"].upload_slots
    for _ in range(8):
        assert slots.acquire(blocking=False)
    try:
        answer = visitor.send(b"<html></html>", "ninth.gpx")
    finally:
        slots.release(8)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "请稍候" in answer.get_json()["message_zh"]


def test_a_broken_connection_keeps_nothing(visitor: Visitor) -> None:
    before = visitor.json("receipts")["receipts"]
    token = visitor.token("/upload")
    answer = visitor.client.post(
        "/api/v1/files?name=cut.gpx",
        data=b"<gpx>half",
        content_type="application/octet-stream",
        headers={"X-CSRFToken": token},
        environ_overrides={"CONTENT_LENGTH": "5000"},
    )
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "incomplete"
    assert visitor.json("receipts")["receipts"] == before


def test_the_description_names_every_address(app: Flask) -> None:
    described = set(DESCRIPTION["paths"])
    real = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
    }
    assert described == real


def test_health_and_readiness(stranger: Visitor) -> None:
    assert stranger.client.get("/healthz").get_json() == {"status": "ok"}
    ready = stranger.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json()["database"] == "ok"


def test_pages_speak_the_language_that_was_chosen(visitor: Visitor) -> None:
    assert "图例" in visitor.client.get("/map").get_data(as_text=True)
    assert "Legend" in visitor.client.get("/map?language=en").get_data(as_text=True)
    assert "Legend" in visitor.client.get("/map").get_data(as_text=True)
    assert "图例" in visitor.client.get("/map?language=zh_CN").get_data(as_text=True)
    assert "模拟数据" in visitor.client.get("/map").get_data(as_text=True)


def test_numbers_of_arrays_never_leak_nan(visitor: Visitor) -> None:
    lon, lat = np.float64(county.WEST + 0.001), np.float64(county.SOUTH + 0.019)
    text = visitor.client.get(f"/api/v1/cells?lon={lon}&lat={lat}").get_data(as_text=True)
    assert "NaN" not in text
    assert "null" in text

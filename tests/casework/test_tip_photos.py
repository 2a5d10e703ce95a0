"""Photos of tips: drawn anew, so that nothing is kept of who took them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from case_builders import NOON, county
from photo_builders import exif_bytes, heic_bytes, jpeg_bytes
from PIL import Image

from geoinspect.cases.tip_codes import new_code
from geoinspect.cases.tip_records import Reward
from geoinspect.cases.tip_words import MASK
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.tips import NewTip, TipTaken, take_tip
from geoinspect.errors import GeoInspectError
from geoinspect.store import tips
from geoinspect.store.site_schema import TipRow
from geoinspect.store.workspace import Workspace

PHONE, OWNER, SERIAL = "13912345678", "CANARY OWNER", "CANARYSERIAL0815"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as made:
        yield made


def sent(workspace: Workspace, text: str = "屋后山坡有罂粟", **more: object) -> TipTaken:
    new = NewTip("tip-client-1", text, **{"place": "李家沟", **more})  # type: ignore[arg-type]
    return take_tip(workspace, new, now=NOON)


def row(workspace: Workspace, tip_id: int) -> TipRow:
    with workspace.database.reading() as session:
        return tips.tip(session, tip_id)


def with_canaries() -> bytes:
    """A JPEG whose EXIF names its owner and the camera's serial number, with a thumbnail."""
    picture = Image.new("RGB", (80, 60), (20, 90, 30))
    exif = Image.Exif()
    exif.load(exif_bytes())
    exif[0x013B] = OWNER
    photo = exif.get_ifd(0x8769)
    photo[0xA430], photo[0xA431], photo[0x927C] = OWNER, SERIAL, SERIAL.encode()
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif.tobytes(), comment=OWNER.encode())
    data = out.getvalue()
    assert OWNER.encode() in data
    assert SERIAL.encode() in data
    return data


def test_a_tip_keeps_no_identity(workspace: Workspace) -> None:
    code = new_code()
    taken = sent(
        workspace,
        f"屋后有罂粟,我叫张小三,电话１３９-1234 5678,{PHONE}",
        claim_code=code,
        photos=(with_canaries(),),
        place=f"李家沟 {PHONE}",
    )
    assert taken.masked == 4
    kept = row(workspace, taken.tip_id)
    assert kept.text == f"屋后有罂粟,我叫{MASK},电话{MASK},{MASK}"
    assert kept.place == f"李家沟 {MASK}"
    assert kept.reward == Reward.ASKED
    assert "place" not in kept.files[0]
    assert "taken" not in kept.files[0]
    workspace.close()
    everything = b"".join(p.read_bytes() for p in workspace.folder.rglob("*") if p.is_file())
    for canary in (PHONE, "张小三", OWNER, SERIAL, code, code.replace("-", ""), "DJI"):
        assert canary.encode() not in everything, canary
    assert kept.claim_hash is not None
    assert kept.claim_hash.encode() in everything


def test_photos_are_drawn_anew(workspace: Workspace) -> None:
    taken = sent(workspace, photos=(with_canaries(),), keep_photo_place=True)
    kept = row(workspace, taken.tip_id)
    assert kept.files[0]["place"] == [103.5125, 25.7375]
    assert kept.files[0]["taken"].startswith("2026-05-14T00:30:05")
    assert (kept.lon, kept.lat) == (103.5125, 25.7375)
    assert kept.details["place_from"] == "photo"
    data = workspace.vault.path_of(kept.files[0]["sha256"]).read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        pixel = np.asarray(image)[30, 40]
    assert np.abs(pixel.astype(int) - [20, 90, 30]).max() < 12
    assert verify_workspace(workspace).faults == ()


@pytest.mark.parametrize("data", [b"", b"no picture", heic_bytes(), jpeg_bytes()[:60], b"GIF89a"])
def test_a_bad_photo_is_named_and_nothing_kept(workspace: Workspace, data: bytes) -> None:
    with pytest.raises(GeoInspectError) as refused:
        sent(workspace, photos=(jpeg_bytes(), data))
    assert refused.value.code == "bad_photo"
    assert "第 2 张" in refused.value.text.zh
    with workspace.database.reading() as session:
        assert tips.count_by_state(session) == {}


@pytest.mark.parametrize("size", [(10_000, 6_000), (20_000, 20_000)])
def test_a_picture_of_too_many_pixels_is_refused(
    workspace: Workspace, size: tuple[int, int]
) -> None:
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG")
    with pytest.raises(GeoInspectError, match="第 1 张"):
        sent(workspace, photos=(out.getvalue(),))

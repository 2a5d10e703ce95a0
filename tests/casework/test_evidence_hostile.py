"""Evidence from strangers: damaged pictures, names, many senders at once."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import photo_builders as photos
import pytest
import shapely
from case_builders import ANALYST, NOON, case_row, county, opened, place, plot
from evidence_builders import picture_at, png_header
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.cases.counting import plain_count
from geoinspect.cases.facts import count_json
from geoinspect.cases.records import EvidenceKind
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.evidence import Added, NewEvidence, add_evidence
from geoinspect.casework.evidence_asked import file_name
from geoinspect.casework.evidence_files import read_file
from geoinspect.casework.evidence_ground import Measured, drawn, walked_points
from geoinspect.casework.pictures import thumbnail
from geoinspect.crs import GEOD
from geoinspect.errors import ConflictError, UsageError
from geoinspect.settings import Settings
from geoinspect.store import cases
from geoinspect.store.workspace import Workspace


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The same bytes with some of them changed, cut off or doubled."""
    found = bytearray(data)
    for _ in range(dice.randint(1, 30)):
        found[dice.randrange(len(found))] = dice.randrange(256)
    if dice.random() < 0.3:
        del found[dice.randrange(1, len(found)) :]
    if dice.random() < 0.2:
        at = dice.randrange(len(found))
        found[at:at] = found[at : at + dice.randrange(1, 200)]
    return bytes(found)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_pictures_raise_nothing(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    whole = [picture_at(place()), photos.heic_bytes(photos.exif_bytes()), png_header(40, 30)]
    kinds = set()
    for n in range(150):
        path = tmp_path / f"{n}.jpg"
        path.write_bytes(damaged(dice.choice(whole), dice))
        read = read_file(
            path,
            EvidenceKind.PHOTO,
            name=path.name,
            datum=None,
            timezone="Asia/Shanghai",
            settings=Settings(),
        )
        kinds.add(read.kind)
        small = thumbnail(path, tmp_path / "thumbs", f"{n:064x}")
        assert small is None or small.startswith(b"\xff\xd8")
    # Neither is what came all refused nor all taken for what it says.
    assert kinds == {EvidenceKind.PHOTO, EvidenceKind.DOCUMENT}


@given(st.text())
def test_a_name_is_only_a_name(text: str) -> None:
    name = file_name(text)
    assert file_name(name) == name
    assert len(name) <= 200
    assert not set(name) & set("/\\\r\n\0")
    assert name == name.strip()
    assert name.isprintable()


def test_many_senders_of_one_submission_make_one_piece(tmp_path: Path) -> None:
    answers = []
    with county(tmp_path / "w") as office:
        case_id = opened(office)
        data = picture_at(place())

        def send(client_id: str) -> None:
            kept = office.vault.keep([data], max_bytes=10**6)
            new = NewEvidence(EvidenceKind.PHOTO, kept, "a.jpg", client_id=client_id)
            added = add_evidence(office, case_id, new, ANALYST, now=NOON + timedelta(hours=1))
            answers.append((client_id, added.evidence_id, added.done.receipt))

        senders = [threading.Thread(target=send, args=(f"one-{n % 3}",)) for n in range(12)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert len(answers) == 12
        assert len(set(answers)) == 3
        with office.database.reading() as session:
            assert len(cases.evidence_of(session, case_id)) == 3
        assert verify_workspace(office).fault_count == 0


def sent(office: Workspace, case_id: int, **more: Any) -> Added:
    new = NewEvidence(**{"kind": EvidenceKind.NOTE, "client_id": "draft-01", **more})
    return add_evidence(office, case_id, new, ANALYST, now=NOON + timedelta(hours=1))


def counted(plants: int) -> dict[str, Any]:
    return {"count": count_json(plain_count(plants))}


def ground_at(east: float, **more: float) -> Measured:
    return drawn(shapely.geometry.mapping(plot(east=east, **more)))


def test_an_identifier_used_again_for_other_content_loses_nothing(tmp_path: Path) -> None:
    ring = [[108.05, 33.05], [108.0502, 33.05], [108.0502, 33.0502], [108.05, 33.0502]]
    walked = walked_points([[*point, None, 3.0] for point in [*ring, ring[0]]])
    count = counted(12)
    pieces: list[dict[str, Any]] = [
        {"note": "见到两处 "},
        {"note": "见到三处"},
        {"note": "见到两处", "witness": "王村长"},
        {"kind": EvidenceKind.COUNT, "note": "见到两处", "facts": count},
        {"kind": EvidenceKind.COUNT, "note": "见到两处", "facts": counted(13)},
        {"kind": EvidenceKind.AREA, "measured": ground_at(0.5)},
        {"kind": EvidenceKind.AREA, "measured": walked},
        {"kind": EvidenceKind.AREA, "measured": walked, "use_as_ground": True},
        {"note": "见到两处", "place": (108.05, 33.05)},
        {"note": "见到两处", "taken": NOON},
    ]
    with county(tmp_path / "w") as office:
        for piece in pieces:
            case_id = opened(office)
            draft = f"draft-{case_id}"
            first = sent(office, case_id, client_id=draft, **piece)
            again = sent(office, case_id, client_id=draft, **piece)
            assert again.done.again
            assert (again.evidence_id, again.problems) == (first.evidence_id, first.problems)
            for other in pieces:
                if other is piece:
                    continue
                with pytest.raises(ConflictError) as caught:
                    sent(office, case_id, client_id=draft, **other)
                assert caught.value.code == "client_id_used"
            assert case_row(office, case_id).version == 2


def test_ground_from_elsewhere_does_not_become_that_of_a_case(tmp_path: Path) -> None:
    with county(tmp_path / "w") as office:
        for metres, fits in ((150.0, True), (260.0, False), (9000.0, False)):
            case_id = opened(office)
            here = place()
            lon, _lat, _ = GEOD.fwd(here.x, here.y, 90, metres)
            measured = ground_at(0.5 + (lon - here.x) * 10)
            before = case_row(office, case_id).geometry
            more = {"kind": EvidenceKind.AREA, "measured": measured, "client_id": f"g-{metres}"}
            if fits:
                sent(office, case_id, use_as_ground=True, **more)
                assert case_row(office, case_id).geometry.equals(measured.ground)
                continue
            with pytest.raises(UsageError) as caught:
                sent(office, case_id, use_as_ground=True, **more)
            assert caught.value.code == "ground_elsewhere"
            assert case_row(office, case_id).geometry.equals(before)
            # As evidence alone it is kept, and told to be far.
            kept = sent(office, case_id, **more)
            assert {problem.code for problem in kept.problems} >= {"evidence_far"}


def test_wide_ground_that_meets_that_of_the_case_is_near(tmp_path: Path) -> None:
    with county(tmp_path / "w") as office:
        case_id = opened(office)
        wide = place(east=0.4).buffer(0.0101, cap_style="square")
        measured = drawn(shapely.geometry.mapping(wide))
        sent(office, case_id, kind=EvidenceKind.AREA, measured=measured, use_as_ground=True)
        assert case_row(office, case_id).geometry.equals(measured.ground)

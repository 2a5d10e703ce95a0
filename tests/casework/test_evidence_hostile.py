"""Evidence from strangers: damaged pictures, names, many senders at once."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from pathlib import Path

import photo_builders as photos
import pytest
from case_builders import ANALYST, NOON, county, opened, place
from evidence_builders import picture_at, png_header
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.cases.records import EvidenceKind
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.evidence import NewEvidence, add_evidence
from geoinspect.casework.evidence_asked import file_name
from geoinspect.casework.evidence_files import read_file
from geoinspect.casework.pictures import thumbnail
from geoinspect.settings import Settings
from geoinspect.store import cases


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

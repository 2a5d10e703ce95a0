"""A case with everything that a dossier prints, hostile words among it."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest import mock

import numpy as np
import shapely
from affine import Affine
from case_builders import ANALYST, FIELD, NOON, county, place, plot
from PIL import Image
from raster_builders import Planted, grass, write_raster

from geoinspect.cases.facts import read_facts
from geoinspect.cases.records import CaseAction, EvidenceKind, LinkKind, Origin, Outcome
from geoinspect.casework.asked import NewCase, Source, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.dossier import dossier_of
from geoinspect.casework.evidence import NewEvidence, add_evidence
from geoinspect.report.dossier_records import Dossier
from geoinspect.store import cases
from geoinspect.store.schema import FileRow, SurveyRow
from geoinspect.store.workspace import Workspace

HOUR = timedelta(hours=1)
TITLE = "后山地块 {{ 7*7 }} <script>alert(1)</script>"
NOTE = '=HYPERLINK("http://example.invalid","x") {% for x in y %} \U0001f33a 镕堃䶮喆 <img src=http://example.invalid/x.png>'
LONG_NOTE = "长" * 1000 + "W" * 1000
NAMES = ("../../x.jpg", "CON", "报告\u202egpj.exe", "很" * 180 + ".pdf", "a:b*c?.txt")


def jpeg(width: int = 640, height: int = 480) -> bytes:
    """A photo of something green and red."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x % 256, y % 256, (x + y) % 256], axis=2).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG")
    return out.getvalue()


def survey_over(workspace: Workspace, at: shapely.Point) -> int:
    """A drone picture of 60 m × 60 m round a place; return its row number."""
    half = 3e-4
    with workspace.database.writing() as session:
        kept = FileRow(sha256="0" * 64, name="meadow.tif", bytes=1, received_at=NOON)
        session.add(kept)
        session.flush()
        row = SurveyRow(
            file_id=kept.id,
            name="草甸 <b>",
            unit_code=None,
            taken=NOON,
            width=600,
            height=600,
            band_count=3,
            crs="EPSG:4326",
            gsd_cm=10.0,
            valid_area_m2=3600.0,
            report={},
            geometry=at.buffer(half, cap_style="square"),
        )
        session.add(row)
        session.flush()
        survey_id = row.id
    transform = Affine(2 * half / 600, 0, at.x - half, 0, -2 * half / 600, at.y + half)
    pixels = grass(600, 600, [Planted(260, 260, 60, 80)])
    workspace.survey_path(survey_id).parent.mkdir(exist_ok=True)
    write_raster(workspace.survey_path(survey_id), pixels, transform=transform, crs="EPSG:4326")
    return survey_id


def kept(workspace: Workspace, data: bytes):
    """Bytes in the vault."""
    return workspace.vault.keep([data], max_bytes=10**8)


def eradicated_case(workspace: Workspace, *, title: str = TITLE) -> int:
    """A case that was seen, verified with quadrats and eradicated, with another merged into it."""
    patch = Source(LinkKind.PATCH, 7, "图斑 7", None, plot())
    tip = Source(LinkKind.TIP, 3, "举报 2026-J0003")
    now = NOON
    case_id = open_case(
        workspace,
        NewCase(title, Origin.PATCH, plot(), NOTE, (patch, tip), happened=now - HOUR),
        ANALYST,
        now=now,
    ).case_id
    other = open_case(
        workspace, NewCase("并案的线索", Origin.TIP, plot(east=0.5001)), ANALYST, now=now
    ).case_id
    add_evidence(
        workspace,
        other,
        NewEvidence(EvidenceKind.DOCUMENT, kept(workspace, b"old"), "旧文书.txt", "并案前的文书"),
        ANALYST,
        now=now + HOUR,
    )
    act(workspace, other, Step(CaseAction.MERGE, into=case_id), ANALYST, now=now + HOUR)
    steps: list[tuple[Step, object]] = [
        (Step(CaseAction.TRIAGE, note=LONG_NOTE), ANALYST),
        (Step(CaseAction.ASSIGN, unit_code="U11"), ANALYST),
    ]
    counts = {"quadrats": {"counts": [3, 9, 4, 12, 7, 6], "quadrat_m2": 1.0}, "area_m2": 66.0}
    told = {**counts, "sprouted": True, "witness": "村干部甲", "area_how": "walked", "stage": None}
    day = (now + 2 * HOUR).date()
    facts = read_facts(told, CaseAction.VERIFY, day)
    steps.append((Step(CaseAction.VERIFY, Outcome.CONFIRMED, facts=facts, note="花开"), FIELD))
    gone = read_facts({"plants": 431, "method": "pulled"}, CaseAction.ERADICATE, day)
    early = now - timedelta(days=2)
    steps.append((Step(CaseAction.ERADICATE, facts=gone, happened=early), FIELD))
    for k, (step, actor) in enumerate(steps, start=2):
        act(workspace, case_id, step, actor, now=now + k * HOUR)  # type: ignore[arg-type]
    return case_id


def with_evidence(workspace: Workspace, case_id: int) -> None:
    """Photos, a video, a note, and files with names that no system should obey."""
    spot = place()
    for k, name in enumerate(NAMES):
        add_evidence(
            workspace,
            case_id,
            NewEvidence(
                EvidenceKind.DOCUMENT,
                kept(workspace, name.encode()),
                "".join(c for c in name.replace("/", "_") if c.isprintable()),
                NOTE,
            ),
            FIELD,
            now=NOON + 6 * HOUR,
        )
        add_evidence(
            workspace,
            case_id,
            NewEvidence(
                EvidenceKind.PHOTO,
                kept(workspace, jpeg(640 + k)),
                f"照片{k}.jpg",
                "现场照片",
                place=(spot.x + k * 3e-5, spot.y + (k % 3) * 2e-5),
                taken=NOON + 5 * HOUR,
            ),
            FIELD,
            now=NOON + 6 * HOUR,
        )


def full_workspace(folder: Path) -> tuple[Workspace, int]:
    """A workspace with such a case, a drone picture of it and its evidence."""
    workspace = county(folder)
    survey_over(workspace, place())
    case_id = eradicated_case(workspace)
    with_evidence(workspace, case_id)
    return workspace, case_id


def dossier_in(folder: Path) -> Dossier:
    """The dossier of such a case."""
    workspace, case_id = full_workspace(folder)
    with workspace, workspace.database.reading() as session:
        row = cases.case(session, case_id)
        return dossier_of(workspace, session, row, now=NOON + 8 * HOUR, by=ANALYST)


@contextmanager
def no_sockets() -> Iterator[list[object]]:
    """Count what tries to open a connection; each try fails."""
    tried: list[object] = []

    def refuse(_self: socket.socket, address: object) -> None:
        tried.append(address)
        raise OSError("no network in this test")

    with (
        mock.patch.object(socket.socket, "connect", refuse),
        mock.patch.object(socket.socket, "connect_ex", refuse),
        mock.patch.object(socket, "getaddrinfo", lambda *given, **_: refuse(None, given)),
    ):
        yield tried

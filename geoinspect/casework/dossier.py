"""The dossier of a case: everything that is printed of it, read in one snapshot of the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from geoinspect.cases.clocks import DOUBT_WORDS
from geoinspect.cases.law_table import law_of
from geoinspect.cases.lifecycle import without_undone
from geoinspect.cases.records import (
    ACTION_WORDS,
    EVIDENCE_WORDS,
    ORIGIN_WORDS,
    STATE_WORDS,
    CaseAction,
    CaseState,
    EvidenceKind,
    LinkKind,
    Origin,
)
from geoinspect.cases.thresholds import indications, large_scale
from geoinspect.casework.actors import Actor
from geoinspect.casework.anchors import current_anchor
from geoinspect.casework.dossier_chain import rows_about
from geoinspect.casework.dossier_pictures import case_maps, photo_of
from geoinspect.casework.dossier_words import (
    LINK_WORDS,
    ROLE_WORDS,
    STEP_WORDS,
    fact_lines,
    said_lines,
)
from geoinspect.casework.law import known_facts
from geoinspect.casework.told import is_overdue, today_of
from geoinspect.casework.writing import event_of
from geoinspect.crs import geodesic_area_m2
from geoinspect.errors import Text
from geoinspect.report.dossier_records import (
    Dossier,
    Evidence,
    FileState,
    Happened,
    LawPart,
    Linked,
    Merged,
    Picture,
    Sealed,
    StepFacts,
)
from geoinspect.store import cases, grounds
from geoinspect.store.case_schema import CaseLinkRow, CaseRow, EvidenceRow
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace

# More photos make a dossier that nobody can open by mail; the originals are in the export.
MOST_PHOTOS = 60


def dossier_of(
    workspace: Workspace, session: Session, case_row: CaseRow, *, now: datetime, by: Actor
) -> Dossier:
    """Return everything that the dossier of a case prints.

    Reads every evidence file through, to say whether it is as it came.

    Args:
        workspace: Opened.
        session: One snapshot for all of it.
        case_row: The case.
        now: When the dossier is made, aware.
        by: Who has it made.
    """
    maker = _Maker(
        workspace, session, case_row, now, {u.code: u.name for u in grounds.units(session)}
    )
    row, today = case_row, today_of(now)
    place = row.geometry.representative_point()
    family = case_family(session, row)
    evidence = tuple(maker.evidence(family))
    anchor = current_anchor(session, workspace)
    into = None if row.merged_into is None else cases.case(session, row.merged_into).number
    way = [] if row.area_code is None else grounds.breadcrumb(session, row.area_code)
    photos = sum(one.kind is EVIDENCE_WORDS[EvidenceKind.PHOTO] for one in evidence)
    return Dossier(
        number=row.number,
        title=row.title,
        state=STATE_WORDS[CaseState(row.state)],
        state_since=row.state_since,
        origin=ORIGIN_WORDS[Origin(row.origin)],
        areas=tuple(area.name for area in way),
        unit=maker.unit(row.unit_code) or None,
        deadline=row.deadline,
        overdue=is_overdue(row, today),
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        ground=row.geometry,
        place=(place.x, place.y),
        ground_m2=_ground_m2(row),
        merged_into=into,
        steps=tuple(
            StepFacts(words, tuple(fact_lines(row.facts[step])))
            for step, words in STEP_WORDS.items()
            if step in row.facts
        ),
        law=_law(workspace, row, today),
        happened=tuple(maker.happened(family)),
        links=tuple(_linked(link) for link in cases.links_of(session, row.id, gone=True)),
        merged=tuple(_merged(one) for one in family[1:]),
        evidence=evidence,
        sealed=tuple(
            Sealed(one.id, one.at, one.actor, one.action, one.subject, one.hash)
            for one in rows_about(session, [one.id for one in family])
        ),
        chain_rows=anchor.rows,
        last_hash=anchor.last_hash,
        check_code=anchor.code,
        maps=case_maps(
            workspace,
            session,
            row,
            [(one.n, one.place) for one in evidence if one.place is not None],
        ),
        left_out=photos - sum(one.picture is not None for one in evidence),
        made_at=now,
        made_by=by.name,
        workspace=anchor.workspace,
        simulated=workspace.settings.simulated,
    )


def case_family(session: Session, row: CaseRow) -> list[CaseRow]:
    """Return a case and those that went into it, at any remove; the case itself first."""
    found, waiting = {row.id: row}, [row.id]
    while waiting:
        for one in cases.merged_into(session, waiting.pop(0)):
            if one.id not in found:
                found[one.id] = one
                waiting.append(one.id)
    return list(found.values())


def evidence_rows(session: Session, family: Sequence[CaseRow]) -> list[tuple[CaseRow, EvidenceRow]]:
    """Return the evidence of a case and of those that went into it, in the dossier's order."""
    return [(one, row) for one in family for row in cases.evidence_of(session, one.id)]


@dataclass(frozen=True, slots=True)
class _Maker:
    """What the parts of a dossier are made from."""

    workspace: Workspace
    session: Session
    row: CaseRow
    now: datetime
    units: Mapping[str, str]

    def unit(self, code: str | None) -> str:
        return "" if code is None else self.units.get(code, code)

    def happened(self, family: Sequence[CaseRow]) -> Iterator[Happened]:
        """Yield all events in the order in which the server took them."""
        found = []
        for case in family:
            rows = cases.events_of(self.session, case.id)
            counted = {event.seq for event in without_undone([event_of(row) for row in rows])}
            found += [(row.at, row.id, case, row, row.seq in counted) for row in rows]
        for at, _id, case, row, counts in sorted(found, key=lambda one: one[:2]):
            action = CaseAction(row.action)
            yield Happened(
                case_number=case.number,
                seq=row.seq,
                action=ACTION_WORDS[action],
                state=STATE_WORDS[CaseState(row.to_state)],
                at=at,
                device_at=row.happened,
                actor=row.actor,
                role=ROLE_WORDS.get(row.role, Text(row.role, row.role)),
                unit=self.unit(row.unit_code),
                said=tuple(said_lines(row.details, self.units)),
                doubts=tuple(
                    DOUBT_WORDS.get(code, Text(str(code), str(code)))
                    for code in row.details.get("doubts", ())
                ),
                undone=not counts and action is not CaseAction.UNDO,
            )

    def evidence(self, family: Sequence[CaseRow]) -> Iterator[Evidence]:
        """Yield all evidence with its number, its file read through."""
        printed = 0
        for n, (case, row) in enumerate(evidence_rows(self.session, family), start=1):
            found = self._found(row)
            picture: Picture | None = None
            if row.kind == EvidenceKind.PHOTO and found == "whole" and printed < MOST_PHOTOS:
                picture = photo_of(self.workspace, row, n)
                printed += picture is not None
            yield Evidence(
                n=n,
                case_number=case.number,
                kind=EVIDENCE_WORDS[EvidenceKind(row.kind)],
                name=row.name,
                note=row.note,
                taken=row.taken,
                place=None if row.lon is None or row.lat is None else (row.lon, row.lat),
                distance_m=row.distance_m,
                added_at=row.added_at,
                added_by=row.added_by,
                sha256=row.sha256,
                bytes=None if row.file is None else row.file.bytes,
                found=found,
                facts=tuple(fact_lines(row.facts)),
                problems=tuple(_problems(row)),
                picture=picture,
            )

    def _found(self, row: EvidenceRow) -> FileState:
        if row.sha256 is None:
            return "none"
        path = self.workspace.vault.path_of(row.sha256)
        try:
            return "whole" if sha256_of(path) == row.sha256 else "changed"
        except OSError:
            return "missing"


def _ground_m2(row: CaseRow) -> float:
    kind = row.geometry.geom_type
    return geodesic_area_m2(row.geometry) if kind in ("Polygon", "MultiPolygon") else 0.0


def _law(workspace: Workspace, row: CaseRow, today: date) -> LawPart:
    facts = row.facts
    if facts.get("verified", {}).get("outcome") != "confirmed" and "eradicated" not in facts:
        return LawPart(
            Text(
                "尚未在实地确认罂粟,不作任何档次提示。",
                "Nothing was confirmed on the ground, so no class of the law is indicated.",
            ),
            None,
            None,
        )
    known, day = known_facts(facts)
    table, when = law_of(workspace.folder), day or today
    basis = Text(
        f"按上文核查与铲除的事实、{when} 的标准表:",
        f"By the facts above and the table of law on {when}:",
    )
    return LawPart(basis, indications(known, when, table), large_scale(known, when, table))


def _linked(row: CaseLinkRow) -> Linked:
    middle = None if row.geometry is None else row.geometry.representative_point()
    return Linked(
        kind=LINK_WORDS[LinkKind(row.kind)],
        label=row.label,
        at=row.at,
        by=row.by,
        gone=row.gone_at,
        place=None if middle is None else (middle.x, middle.y),
    )


def _merged(row: CaseRow) -> Merged:
    place = row.geometry.representative_point()
    origin = ORIGIN_WORDS[Origin(row.origin)]
    return Merged(row.number, row.title, origin, row.opened_at, (place.x, place.y))


def _problems(row: EvidenceRow) -> Iterator[Text]:
    for told in row.facts.get("problems", ()):
        if isinstance(told, Mapping):
            yield Text(str(told.get("message_zh", "")), str(told.get("message", "")))

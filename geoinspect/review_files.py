"""Labels as files: GeoPackage, CSV and GeoJSON out, and any polygons with a label in."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from sqlalchemy.orm import Session

from geoinspect.crs import WGS84
from geoinspect.detect.label_files import LabelShape, read_label_file
from geoinspect.errors import AreaError, Text, TooLargeError, UsageError
from geoinspect.records import Problem, utc_iso
from geoinspect.report.plain_text import csv_bytes
from geoinspect.review_book import Answer, label_row
from geoinspect.review_records import Said, voice
from geoinspect.review_state import load_state, same_ground
from geoinspect.store import audit, reviewing, sightings
from geoinspect.store.review_schema import PatchLabelRow
from geoinspect.store.schema import SurveyRow
from geoinspect.store.workspace import Workspace

LAYER = "labels"
SUFFIXES = (".gpkg", ".csv", ".geojson")
COLUMNS = ("label", "reason", "actor", "at", "survey", "patch_id", "detector", "standing")
# Labels come from people; no unit has given more of one survey.
_MOST_LABELS = 20_000
_MOST_NAME = 80


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a file of labels.

    Attributes:
        added, known: Labels kept now, and those that were here already.
        placed: Of the added ones, how many lie on a patch of the survey.
    """

    added: int
    known: int
    placed: int
    problems: tuple[Problem, ...]


def label_frame(
    workspace: Workspace, survey_id: int, actor: str | None = None
) -> geopandas.GeoDataFrame:
    """Return everybody's last word on every patch of a survey, put-off ones left out, in WGS84.

    ``standing`` is how the patch stands now, empty where no patch lies there any more.

    Args:
        workspace: Opened.
        survey_id: Of which survey.
        actor: Whose eyes it is for: what others said and is not settled stays hidden from them
            where two people must agree. None sees all.

    Raises:
        NotFoundError: There is no such survey.
    """
    with workspace.database.reading() as session:
        survey = sightings.survey(session, survey_id)
        standings = _last_words(workspace, session, survey, actor)
        rows = reviewing.whole_labels(session, sorted(standings))
    return geopandas.GeoDataFrame(
        {
            "label": [row.label for row in rows],
            "reason": [row.reason or "" for row in rows],
            "actor": [row.actor for row in rows],
            "at": [utc_iso(row.at.timestamp()) for row in rows],
            "survey": [survey.name for _ in rows],
            "patch_id": [-1 if row.patch_id is None else row.patch_id for row in rows],
            "detector": [row.detector or "" for row in rows],
            "standing": [standings[row.id] for row in rows],
        },
        geometry=[row.geometry for row in rows],
        crs=WGS84,
    ).astype({name: "int64" if name == "patch_id" else "str" for name in COLUMNS})


def _last_words(
    workspace: Workspace, session: Session, survey: SurveyRow, actor: str | None
) -> dict[int, str]:
    """Return the labels that count, by number, with the standing of their patch."""
    state = load_state(workspace, session, survey.id, survey.detector, actor or "", learn=False)
    blind = actor is not None and workspace.settings.review_people > 1
    found: dict[int, str] = {}
    for at, given in enumerate(state.answers):
        stands = state.standings[at]
        mine = given.get(actor or "")
        spoke = mine is not None and Said(mine.label).answers
        for one in given.values():
            hidden = blind and not (stands.settled or spoke or one is mine)
            if Said(one.label).answers and not hidden:
                found[one.id] = stands.value
    matched = state.candidates.matched
    last: dict[tuple[str, int], tuple[int, str]] = {}
    for label in reviewing.labels_of(session, survey.id):
        if not matched[label.id]:
            patch = -label.id if label.patch_id is None else label.patch_id
            last[label.actor, patch] = (label.id, label.label)
    for (who, _patch), (number, said) in last.items():
        if Said(said).answers and (not blind or who == actor):
            found[number] = ""
    return found


def label_file(suffix: str, frame: geopandas.GeoDataFrame) -> bytes:
    """Return labels as the bytes of a file of a kind.

    Raises:
        UsageError: The suffix is another.
    """
    if suffix == ".csv":
        points = frame.geometry.representative_point()
        table = frame.assign(lon=points.x.round(7), lat=points.y.round(7))
        columns = [*COLUMNS, "lon", "lat"]
        return csv_bytes(columns, table[columns].itertuples(index=False, name=None))
    if suffix == ".geojson":
        return str(frame.to_json(drop_id=True)).encode()
    if suffix == ".gpkg":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "labels.gpkg"
            write_labels(path, frame)
            return path.read_bytes()
    raise UsageError(
        f"标注只能写成 {'、'.join(SUFFIXES)},得到“{suffix[:20]}”",
        f"labels are written as {', '.join(SUFFIXES)}, got {suffix[:20]!r}",
        code="bad_output",
    )


def write_labels(path: Path, frame: geopandas.GeoDataFrame) -> None:
    """Write labels as layer ``labels`` of a GeoPackage."""
    frame.to_file(path, layer=LAYER, driver="GPKG", engine="pyogrio", geometry_type="Unknown")


def import_labels(workspace: Workspace, path: Path, survey_id: int, *, actor: str) -> ImportResult:
    """Take polygons with a column ``label`` (poppy, other, unsure) as labels of a survey.

    They count as said by whom the column ``actor`` names, marked with who brought them in. The
    same file again changes nothing, and neither do labels that came from this survey.

    Raises:
        NotFoundError: There is no such survey.
        AreaError: The file can't be read, or no polygon in it has a label.
        TooLargeError: It is beyond a stated limit, or has more labels than are taken at once.
    """
    file = read_label_file(path)
    labels = [_asked(one, survey_id, actor) for one in file.labels]
    if len(labels) > _MOST_LABELS:
        raise TooLargeError(
            f"{path.name}:有 {len(labels)} 个标注,一次最多导入 {_MOST_LABELS} 个;请分成几个文件",
            f"{path.name}: {len(labels)} labels are more than the limit of {_MOST_LABELS} for one "
            "file: split it",
        )
    if not labels:
        raise AreaError(
            f"{path.name}:没有带 label 列(poppy、other 或 unsure)的多边形",
            f"{path.name}: no polygon has a column label with poppy, other or unsure",
            code="no_labels",
        )
    problems = list(file.problems)
    if left := len(file.others):
        text = Text(
            f"{left} 个多边形没有可用的 label,未使用",
            f"{left} polygons have no usable label and were left out",
        )
        problems.append(Problem("no_label", text, left))
    with workspace.database.writing() as session:
        survey = sightings.survey(session, survey_id)
        added, placed = _add(workspace, session, survey, labels)
        details: dict[str, object] = {"survey": survey_id, "labels": added, "file": path.name}
        audit.record(
            session, actor=actor, action="review.import", subject=survey.name, details=details
        )
    return ImportResult(added, len(labels) - added, placed, tuple(problems))


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    polygon: Polygon | MultiPolygon
    answer: Answer
    actor: str
    at: datetime | None


def _asked(label: LabelShape, survey_id: int, actor: str) -> _Asked:
    values, said = label.values, label.said
    reason = values.get("reason", "").lower()
    whose = "".join(c for c in values.get("actor", "") if c.isprintable())[:_MOST_NAME]
    who = f"{whose} ({actor})" if whose and not whose.endswith(f"({actor})") else whose or actor
    mark = f"{survey_id}|{label.polygon.wkb_hex}|{said}|{reason}|{who}|{values.get('at', '')}"
    client_id = f"file-{hashlib.sha256(mark.encode()).hexdigest()[:48]}"
    answer = Answer(said, label.reason, None, client_id)
    return _Asked(label.polygon, answer, who, _moment(values.get("at")))


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and 1990 <= moment.year < 2200 else None


def _add(
    workspace: Workspace, session: Session, survey: SurveyRow, labels: Sequence[_Asked]
) -> tuple[int, int]:
    state = load_state(workspace, session, survey.id, survey.detector, "", learn=False)
    outlines = reviewing.outlines_of(session, survey.id)
    found = same_ground([one.polygon for one in labels], outlines)
    here = _Here(session, survey.id)
    added = placed = 0
    for one, places in zip(labels, found, strict=True):
        client_id = one.answer.client_id
        if reviewing.label_sent(session, client_id) is not None or here.holds(one):
            continue
        row = _row(session, state.candidates.ids, places, one, survey, client_id)
        session.add(row)
        session.flush()
        added += 1
        placed += bool(places)
    return added, placed


class _Here:
    """The labels that a survey had before a file came."""

    def __init__(self, session: Session, survey_id: int) -> None:
        self._session = session
        self._numbers: dict[tuple[str, str, str | None], list[int]] = {}
        for one in reviewing.labels_of(session, survey_id):
            key = (voice(one.actor), one.label, utc_iso(one.at.timestamp()))
            self._numbers.setdefault(key, []).append(one.id)

    def holds(self, asked: _Asked) -> bool:
        """Return whether it is one of them: said by the same at the same moment of that ground."""
        if asked.at is None:
            return False
        key = (voice(asked.actor), asked.answer.said.value, utc_iso(asked.at.timestamp()))
        numbers = self._numbers.get(key, [])
        grounds = reviewing.label_grounds(self._session, numbers)
        return bool(same_ground([asked.polygon], list(grounds.values()))[0])


def _row(
    session: Session,
    ids: NDArray[np.int64],
    places: Sequence[int],
    one: _Asked,
    survey: SurveyRow,
    client_id: str,
) -> PatchLabelRow:
    patch = reviewing.patch_with_figures(session, int(ids[places[0]])) if len(places) == 1 else None
    if patch is not None:
        row = label_row(patch, one.answer, actor=one.actor, client_id=client_id)
        row.at = one.at or row.at
        return row
    return PatchLabelRow(
        survey_id=survey.id,
        patch_id=None,
        client_id=client_id,
        label=one.answer.said.value,
        reason=None if one.answer.reason is None else one.answer.reason.value,
        actor=one.actor,
        at=one.at or datetime.now(UTC),
        detector=None,
        geometry=one.polygon,
    )

"""Take files into a workspace: rasters here, tracks in :mod:`.tracks`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from geoinspect.detect.run import detect
from geoinspect.detect.scan import Work
from geoinspect.detect.targets import targets_of
from geoinspect.errors import RasterError, Text
from geoinspect.files import readable
from geoinspect.ingest.rasters import check_survey, reencode_cog
from geoinspect.ingest.survey_checks.advice import problems_of, with_stage
from geoinspect.ingest.survey_checks.stage_advice import SurveyStage
from geoinspect.intake.detected import (
    labels_numbered,
    lessons_of,
    note_detection,
)
from geoinspect.intake.looks import LookMaker, survey_source
from geoinspect.intake.rows import (
    china_day,
    duplicate,
    patch_rows,
    survey_row,
    survey_text,
)
from geoinspect.intake.telling import dated
from geoinspect.intake.tracks import TrackIntake
from geoinspect.patrols.choices import TrackTags
from geoinspect.records import CHINA_TIME, AddResult, Problem, Zone, ZoneKind
from geoinspect.store import audit, grounds, sightings
from geoinspect.store.schema import SurveyRow
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import stage_at
from geoinspect.survey_records import Detection, DetectOptions

Progress = Callable[[float], None]
# How far of a whole, and what is done now.
Tell = Callable[[float, float, Text], None]
# Parts of the time that a survey takes.
_KEPT_SHARE = 0.4
_KEEPING = Text("转存影像", "keeping the picture")
_SEARCHING = Text("检测图斑", "looking for patches")
_NOT_SEARCHED = Problem(
    "not_searched",
    Text(
        "影像太粗,检测器无法判断,因此不计入覆盖",
        "the picture is too coarse for the detector to judge, so it does not count as coverage",
    ),
)


@dataclass(frozen=True, slots=True)
class _JudgedBy:
    """What a detection cuts patches by, besides the raster."""

    day: date | None
    licensed: tuple[Zone, ...]


class Intake:
    """Takes files into one workspace, keeping the campaigns' cells between them.

    Not for use by two threads at once.
    """

    def __init__(self, workspace: Workspace, *, actor: str) -> None:
        self._workspace = workspace
        self._actor = actor
        self._looks = LookMaker(workspace)
        self.tracks = TrackIntake(workspace, self._looks, actor=actor)

    def add_track(
        self, path: Path, *, name: str | None = None, tags: TrackTags | None = None
    ) -> AddResult:
        """Read a track file and store its outings.

        Raises:
            TrackError: It holds no usable track; nothing is stored.
            NotFoundError: The unit is unknown.
        """
        return self.tracks.add(path, name=name, tags=tags or TrackTags())

    def add_survey(
        self,
        path: Path,
        *,
        name: str | None = None,
        taken: date | None = None,
        progress: Progress | None = None,
    ) -> AddResult:
        """Read a raster, keep it, and re-encode it losslessly to our own COG.

        Raises:
            RasterError: It can't be read or placed; no record is made.
        """
        label, settings = name or readable(path.name), self._workspace.settings
        info, check = check_survey(
            path, settings=settings, name=label, stage_on=self._stage_on, taken=taken
        )
        with self._workspace.database.reading() as session:
            known = sightings.survey_of_file(session, sha256_of(path))
            if known is not None and self._workspace.survey_path(known.id).is_file():
                return self._known_survey(known, label, taken)
        kept = self._workspace.vault.keep_or_find(path, max_bytes=int(settings.raster_max_mb * 1e6))
        moment = info.taken if taken is None else _noon(taken)
        temp = self._workspace.folder / "surveys" / f"{uuid.uuid4().hex}.tif"
        try:
            reencode_cog(kept.path, temp, progress=progress, settings=settings, name=label)
            text = survey_text(info, label)
            with self._workspace.database.writing() as session:
                known = sightings.survey_of_file(session, kept.sha256)
                if known is not None:
                    # Its raster was lost, or came twice at once: ours is as good.
                    temp.replace(self._workspace.survey_path(known.id))
                    self._workspace.drop_planes(known.id)
                    return duplicate("survey", label, known.id, known.file)
                row = survey_row(info, label, moment, text, check)
                row.file_id = sightings.file_row(session, kept, label).id
                session.add(row)
                session.flush()
                self._note(session, "survey.add", label, {"id": row.id, "sha256": kept.sha256})
                temp.replace(self._workspace.survey_path(row.id))
        finally:
            temp.unlink(missing_ok=True)
        details = {"gsd_cm": row.gsd_cm, "valid_area_m2": row.valid_area_m2, "sha256": kept.sha256}
        problems = (*info.problems, *problems_of(check))
        return AddResult(label, "added", "survey", row.id, text, problems, details)

    def _known_survey(self, known: SurveyRow, label: str, taken: date | None) -> AddResult:
        """Return that a survey is here already; a day it lacked is taken down and counted."""
        result = duplicate("survey", label, known.id, known.file)
        if known.taken is not None or taken is None:
            return result
        self._looks.prepare(taken)
        with self._workspace.database.writing() as session:
            row = sightings.survey(session, known.id)
            row.taken = _noon(taken)
            if "check" in row.report:
                stage = self._stage_on((row.south + row.north) / 2, taken)
                row.report = {**row.report, "check": with_stage(row.report["check"], stage)}
            problems: tuple[Problem, ...] = ()
            if row.searched:
                source = survey_source(row)
                problems = self._looks.add(session, source, row.id)
            self._note(session, "survey.day", label, {"id": row.id, "day": str(taken)})
        return replace(result, summary=dated(label, taken), problems=problems)

    def add_searched_survey(
        self,
        path: Path,
        *,
        name: str | None = None,
        taken: date | None = None,
        tell: Tell | None = None,
    ) -> AddResult:
        """Add a raster and run the detector over it, unless that was done before.

        A survey whose search was interrupted is searched when its file comes again. ``tell`` hears
        how far it is.

        Raises:
            RasterError: It can't be read or placed; nothing is stored.
        """
        told = tell or (lambda done, total, phase: None)
        told(0.0, 1.0, _KEEPING)
        result = self.add_survey(
            path,
            name=name,
            taken=taken,
            progress=lambda share: told(_KEPT_SHARE * share, 1.0, _KEEPING),
        )
        if result.record_id is None:
            return result
        with self._workspace.database.reading() as session:
            if sightings.survey(session, result.record_id).detected_at is not None:
                return result
        detection, problems = self.detect_survey(
            result.record_id,
            progress=lambda share: told(_KEPT_SHARE + (1.0 - _KEPT_SHARE) * share, 1.0, _SEARCHING),
        )
        n = len(detection.patches)
        text = Text(
            f"{result.summary.zh}找到 {n} 个疑似图斑,需到现场核实。",
            f"{result.summary.en} {n} suspected patches, to be checked on the ground.",
        )
        warnings = tuple(Problem("detector", warning) for warning in detection.warnings)
        return replace(
            result,
            summary=text,
            problems=(*result.problems, *warnings, *problems),
            details={**result.details, "patches": n},
        )

    def detect_survey(
        self,
        survey_id: int,
        *,
        options: DetectOptions | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> tuple[Detection, tuple[Problem, ...]]:
        """Run the detector over a stored survey; its patches take the place of earlier ones.

        From now on the survey counts as coverage, in the campaigns of the day it was taken. Its
        planes stay in the workspace, so that the next detection takes seconds.

        Raises:
            NotFoundError: There is no such survey.
            RasterError: Its raster can't be read.
            UsageError: The workspace's own table of targets can't be used.
            Stopped: It was cancelled; the survey is as before, the planes done so far are kept.
        """
        chosen, kept = options or DetectOptions(), None
        while kept is None:
            with self._workspace.database.reading() as session:
                row = sightings.survey(session, survey_id)
                judged_by = _judged_by(session, row)
                lessons = lessons_of(self._workspace, session, row) if chosen.learn else []
                labels = labels_numbered(session, lessons)
            self._looks.prepare(judged_by.day)
            detection, refusals = detect(
                [(row.name, self._workspace.survey_path(row.id))],
                settings=self._workspace.settings,
                budget_per_km2=chosen.budget_per_km2,
                min_area_m2=chosen.min_area_m2,
                bands=chosen.bands,
                licensed=judged_by.licensed,
                taken={row.name: judged_by.day},
                progress=progress,
                work=Work(folder=self._workspace.planes_path(row.id), cancelled=cancelled),
                labels=labels,
                targets=targets_of(self._workspace.folder),
            )
            if refusals:
                raise RasterError(refusals[0].text.zh, refusals[0].text.en, code=refusals[0].code)
            kept = self._keep(survey_id, detection, chosen, lessons, judged_by)
        return detection, kept

    def _keep(
        self,
        survey_id: int,
        detection: Detection,
        chosen: DetectOptions,
        lessons: Sequence[int],
        judged_by: _JudgedBy,
    ) -> tuple[Problem, ...] | None:
        """Put a detection in the place of the one before; return what the user should know.

        None, and nothing is kept, where the survey's day or the licences were changed while the
        detector ran: patches are cut along the licences of the day. The next run takes its planes
        from disk, so it takes seconds.
        """
        with self._workspace.database.writing() as session:
            row = sightings.survey(session, survey_id)
            if _judged_by(session, row) != judged_by:
                return None
            problems = note_detection(
                session,
                row,
                detection,
                bands=chosen.bands,
                lessons=lessons,
                at=datetime.now(UTC),
            )
            sightings.replace_patches(session, survey_id, patch_rows(detection, survey_id))
            sightings.rerank(session)
            if row.searched:
                problems += self._looks.add(session, survey_source(row), survey_id)
            else:
                sightings.drop_looks(session, "survey", survey_id)
                problems.append(_NOT_SEARCHED)
            details: dict[str, object] = {"id": survey_id, "patches": len(detection.patches)}
            if "learnt" in row.report:
                details["labels"] = len(row.report["learnt"]["labels"])
            self._note(session, "survey.detect", row.name, details)
        return tuple(problems)

    def _stage_on(self, latitude_deg: float, day: date) -> SurveyStage | None:
        return stage_at(self._workspace, latitude_deg, day)

    def _note(
        self, session: Session, action: str, subject: str, details: Mapping[str, object]
    ) -> None:
        audit.record(
            session, actor=self._actor, action=action, subject=subject, details=dict(details)
        )


def _judged_by(session: Session, row: SurveyRow) -> _JudgedBy:
    return _JudgedBy(china_day(row.taken), tuple(grounds.zones(session, ZoneKind.LICENSED)))


def _noon(day: date) -> datetime:
    """Return the middle of a Chinese day, for pictures of which only the day is known."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=CHINA_TIME)

"""The review queue (复核队列): what to show next, what people said of it, and how far they are.

Labels are only ever added; the last one of a person counts. Each is written with the audit row
that tells of it, and the order is learnt anew from all of them (:mod:`.review_state`).
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.detect.learn import what_is_left
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.rank_model_book import make_model
from geoinspect.records import utc_iso
from geoinspect.review_part import narrowed, progress, untouched
from geoinspect.review_records import Said, Standing, WhyNot
from geoinspect.review_state import ReviewState, figures_hash, load_state, standing_of
from geoinspect.store import audit, reviewing, sightings
from geoinspect.store.review_schema import PatchLabelRow
from geoinspect.store.reviewing import LabelEntry
from geoinspect.store.schema import PatchRow, SurveyRow
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

COMING = 6
# A chip left open over lunch is no measure of the work.
MOST_SECONDS = 300.0
_NEXT = 100
_MODEL_EACH = 25


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says of a patch.

    Attributes:
        client_id: Made by the sender; the same one twice is one answer.
        seconds: Time spent on it; None where nobody measured.
    """

    said: Said
    reason: WhyNot | None = None
    seconds: float | None = None
    client_id: str = ""


def state_of(
    workspace: Workspace,
    session: Session,
    survey_id: int,
    actor: str,
    *,
    learn: bool = True,
    only: Collection[int] | None = None,
) -> ReviewState:
    """Return how the review of a survey stands for a person, of some of its patches by number or
    of all; without ``learn`` in the detector's order, which takes less time.

    Raises:
        NotFoundError: There is no such survey.
    """
    survey = sightings.survey(session, survey_id)
    state = load_state(workspace, session, survey_id, survey.detector, actor, learn=learn)
    return narrowed(state, only)


def queue(
    workspace: Workspace,
    session: Session,
    survey_id: int,
    actor: str,
    *,
    wanted: int | None = None,
    most: int = COMING,
    only: Collection[int] | None = None,
) -> Json:
    """Return what comes next of a survey for a person, how far the review is, and advice.

    Args:
        workspace: Its setting says how many people must agree.
        session: Open.
        survey_id: Which survey.
        actor: Name of the person.
        wanted: Patch to show first, whatever was said of it.
        most: How many to return.
        only: Numbers of the patches that this person may know of; None is all.

    Raises:
        NotFoundError: There is no such survey.
    """
    state = state_of(workspace, session, survey_id, actor, only=only)
    coming = state.coming(most)
    at = None if wanted is None else state.candidates.place_of(wanted)
    if at is not None:
        coming = [at, *(one for one in coming if one != at)][:most]
    ranks = state.ranks()
    return {
        "survey": survey_id,
        "people": workspace.settings.review_people,
        "learning": state.candidates.features is not None,
        "verdicts": state.told,
        "coming": [_candidate(state, int(ranks[one]), one) for one in coming],
        "progress": progress(state),
        "advice": _advice(state),
    }


def _candidate(state: ReviewState, rank: int, at: int) -> Json:
    mine = state.mine(at)
    candidates = state.candidates
    return {
        "patch": int(candidates.ids[at]),
        "place": rank,
        "first_place": int((candidates.score > candidates.score[at]).sum()) + 1,
        "chance": round(float(state.order.chance[at]), 4),
        "mine": None if mine is None or not Said(mine.label).answers else mine.label,
        "earlier": mine is not None and mine.patch_id != int(candidates.ids[at]),
    }


def _advice(state: ReviewState) -> Json | None:
    """Return what going on would bring; None where the order is not learnt from figures."""
    if state.candidates.features is None or not state.open.any():
        return None
    left = what_is_left(state.order, state.open, candidates=_NEXT)
    told = {"candidates": left.candidates, "expected": round(left.expected, 2)}
    return told | {"low": left.low, "high": left.high}


def label(
    workspace: Workspace, survey_id: int, patch_id: int, answer: Answer, *, actor: str
) -> int:
    """Keep what a person says of a patch; return the label's number.

    The same ``client_id`` again changes nothing. At each 25th settled patch a model is made.

    Raises:
        NotFoundError: The survey has no such patch.
        UsageError: The identifier came with another answer before.
    """
    client_id = answer.client_id or uuid.uuid4().hex
    with workspace.database.writing() as session:
        known = reviewing.label_sent(session, client_id)
        if known is not None:
            return _same(known, survey_id, patch_id, answer, actor)
        patch = reviewing.patch_with_figures(session, patch_id)
        if patch is None or patch.survey_id != survey_id or patch.state != "suspected":
            raise missing_patch(survey_id, patch_id)
        row = label_row(patch, answer, actor=actor, client_id=client_id)
        session.add(row)
        session.flush()
        details: Json = {"id": row.id, "survey": survey_id, "patch": patch_id, "label": row.label}
        if row.reason is not None:
            details["reason"] = row.reason
        audit.record(
            session,
            actor=actor,
            action="review.label",
            subject=f"patch {patch_id}",
            details=details,
        )
        number = row.id
    if answer.said in (Said.POPPY, Said.OTHER):
        _make_model_in_time(workspace, survey_id, number, actor)
    return number


def missing_patch(survey_id: int, patch_id: int) -> NotFoundError:
    """Return the refusal of a patch that a survey has not, or that somebody may not know of."""
    return NotFoundError(
        f"航测 {survey_id} 没有编号为 {patch_id} 的疑似图斑(可能已重新检测):请刷新页面",
        f"the survey {survey_id} has no suspected patch {patch_id}, it may have been "
        "detected again: load the page again",
        code="no_patch",
    )


def label_row(patch: PatchRow, answer: Answer, *, actor: str, client_id: str) -> PatchLabelRow:
    """Return the row of an answer to a patch, with the figures that the patch has now."""
    survey = patch.survey
    count = 0 if patch.features is None else len(patch.features) // 4
    seconds = answer.seconds
    return PatchLabelRow(
        survey_id=patch.survey_id,
        patch_id=patch.id,
        client_id=client_id,
        label=answer.said.value,
        reason=None if answer.reason is None else answer.reason.value,
        actor=actor,
        at=datetime.now(UTC),
        seconds=None if seconds is None else min(max(seconds, 0.0), MOST_SECONDS),
        features=patch.features,
        logit=patch.logit,
        detector=survey.detector,
        figures_hash=figures_hash(count, survey.detector) if count else None,
        geometry=patch.geometry,
    )


def _same(known: PatchLabelRow, survey_id: int, patch_id: int, answer: Answer, actor: str) -> int:
    reason = None if answer.reason is None else answer.reason.value
    asked = (survey_id, patch_id, answer.said.value, reason, actor)
    if (known.survey_id, known.patch_id, known.label, known.reason, known.actor) != asked:
        raise UsageError(
            "这个提交编号已用于另一个回答:请刷新页面后重试",
            "this identifier was used for another answer: load the page again",
            code="label_differs",
        )
    return known.id


def _make_model_in_time(workspace: Workspace, survey_id: int, number: int, actor: str) -> None:
    """Make a model when the label of this number has settled the 25th, 50th … patch.

    A word more on a patch that stood settled before it, a reason as a rule, makes none.
    """
    with workspace.database.reading() as session:
        state = state_of(workspace, session, survey_id, actor, learn=False)
        labels = reviewing.labels_of(session, survey_id)
    matched = state.candidates.matched
    settled = before = sum(one.settled for one in state.standings)
    for at in matched.get(number, ()):
        said = {one.actor: one for one in labels if one.id < number and at in matched[one.id]}
        stood = standing_of(said, workspace.settings.review_people)
        before += stood.settled - state.standings[at].settled
    if settled // _MODEL_EACH <= before // _MODEL_EACH:
        return
    # Without figures, or with too few verdicts, there is nothing to learn: the label is kept.
    with contextlib.suppress(UsageError):
        make_model(workspace, survey_id, actor=actor)


def skip(
    workspace: Workspace, survey_id: int, patch_id: int, *, actor: str, client_id: str = ""
) -> int:
    """Put a patch off: for this person it comes after all others."""
    answer = Answer(Said.SKIPPED, client_id=client_id)
    return label(workspace, survey_id, patch_id, answer, actor=actor)


def undo(
    workspace: Workspace,
    survey_id: int,
    *,
    actor: str,
    patch_id: int | None = None,
    client_id: str = "",
    only: Collection[int] | None = None,
) -> int:
    """Take back what a person said of a patch, of their last one without its number; of those
    that they may know of (``only``, by number).

    Returns:
        The patch's number, to show it again.

    Raises:
        NotFoundError: There is nothing to take back.
    """
    with workspace.database.reading() as session:
        known = reviewing.label_sent(session, client_id) if client_id else None
        state = state_of(workspace, session, survey_id, actor, learn=False, only=only)
    if known is not None and known.patch_id is not None:
        patch_id = known.patch_id
    else:
        at = _last(state) if patch_id is None else state.candidates.place_of(patch_id)
        mine = None if at is None else state.mine(at)
        if at is None or mine is None or mine.label == Said.WITHDRAWN:
            raise NotFoundError(
                "没有可以撤回的标注", "there is no label of yours to take back", code="no_label"
            )
        patch_id = int(state.candidates.ids[at])
    answer = Answer(Said.WITHDRAWN, client_id=client_id)
    label(workspace, survey_id, patch_id, answer, actor=actor)
    return patch_id


def _last(state: ReviewState) -> int | None:
    """Return the candidate this person spoke of last."""
    spoken = [
        (mine.id, at)
        for at in range(len(state.answers))
        if (mine := state.mine(at)) is not None and mine.label != Said.WITHDRAWN
    ]
    return max(spoken)[1] if spoken else None


def labelled(
    workspace: Workspace,
    session: Session,
    survey_id: int,
    actor: str,
    only: Collection[int] | None = None,
) -> list[Json]:
    """Return what was said of a survey's patches (of some by number), newest first.

    Where two people must agree, nobody reads what others said of a patch before it is settled or
    they have spoken themselves.
    """
    state = state_of(workspace, session, survey_id, actor, learn=False, only=only)
    blind = workspace.settings.review_people > 1
    rows: list[tuple[int, Json]] = []
    for at, given in enumerate(state.answers):
        mine, stands = state.mine(at), state.standings[at]
        spoke = mine is not None and Said(mine.label).answers
        shown = list(given.values())
        if blind and not spoke and not stands.settled:
            # Whoever put it off is not to learn that others answered, or that they disagree.
            shown, stands = [] if mine is None else [mine], Standing.OPEN
        told = [one for one in shown if one.label != Said.WITHDRAWN]
        rows += [(one.id, _entry(state, at, one, stands)) for one in told]
    return [entry for _, entry in sorted(rows, key=lambda row: -row[0])]


def _entry(state: ReviewState, at: int, one: LabelEntry, stands: Standing) -> Json:
    patch_id = int(state.candidates.ids[at])
    return {
        "id": one.id,
        "patch": patch_id,
        "label": one.label,
        "reason": one.reason,
        "actor": one.actor,
        "mine": one.actor == state.actor,
        "at": utc_iso(one.at.timestamp()),
        "seconds": one.seconds,
        "earlier": one.patch_id != patch_id,
        "standing": stands.value,
    }


def surveys_told(
    workspace: Workspace,
    session: Session,
    actor: str,
    some: Iterable[tuple[SurveyRow, Collection[int] | None]] | None = None,
) -> list[Json]:
    """Return the surveys that were searched, with how far the review of each is for a person; of
    some, each over the patches that this person may know of.
    """
    if some is None:
        some = [(survey, None) for survey in sightings.surveys(session)]
    # Most surveys of a season are untouched: theirs are counts, without their patches' figures.
    labelled = reviewing.labelled_surveys(session)

    def told(survey: SurveyRow, only: Collection[int] | None) -> Json:
        if survey.id in labelled:
            return progress(state_of(workspace, session, survey.id, actor, learn=False, only=only))
        return untouched(reviewing.count_reviewed(session, survey.id, only))

    return [
        {
            "id": survey.id,
            "name": survey.name,
            "taken": None if survey.taken is None else utc_iso(survey.taken.timestamp()),
            "gsd_cm": round(survey.gsd_cm, 2),
            "valid_area_m2": survey.valid_area_m2,
            **told(survey, only),
        }
        for survey, only in some
        if survey.detected_at is not None
    ]

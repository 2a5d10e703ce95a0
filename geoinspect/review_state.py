"""How the review of one survey stands for one person: candidates, answers, and the learnt order.

The order is worked out from what is stored (figures of the patches, labels, models in use) and
kept in memory only: any process gets the same one, and a restart loses nothing.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect.detect.learn import Relearned, Verdicts, next_to_show, relearn
from geoinspect.detect.objects import FEATURES
from geoinspect.detect.rank_models import RankModel, joined
from geoinspect.review_records import Said, Standing, one_voice_each, standing, teaches
from geoinspect.store import reviewing
from geoinspect.store.reviewing import LabelEntry
from geoinspect.store.workspace import Workspace

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I8 = NDArray[np.int64]
Mask = NDArray[np.bool_]

# New ground takes an earlier label over when so much of the smaller of the two is shared.
SAME_GROUND = 0.5
# More verdicts make the order no better but slower than a person waits.
_MOST_VERDICTS = 300
_KEPT = 8
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The suspected patches of a survey as they are detected now.

    Attributes:
        ids: Ascending, shape (n,).
        score: Of the detector, shape (n,).
        logit: Of the detector; of the score where the detector gave none. Shape (n,).
        features: Shape (n, f); None where a patch has none, or some have other ones.
        figures_hash: Of the names of the features.
        matched: Label number → candidates on whose ground it lies, filled as labels are met.
        grounds: Number of a label on no candidate → its ground as WKB, filled likewise.
        orders: The orders worked out last, by what they rest on.
    """

    ids: I8
    score: F8
    logit: F8
    features: F4 | None
    figures_hash: str | None
    matched: dict[int, tuple[int, ...]] = field(default_factory=dict)
    grounds: dict[int, bytes] = field(default_factory=dict)
    orders: OrderedDict[object, tuple[Relearned, int]] = field(default_factory=OrderedDict)

    def place_of(self, patch_id: int) -> int | None:
        """Return the candidate with a patch's number; None where it is none any more."""
        at = int(np.searchsorted(self.ids, patch_id))
        return at if at < len(self.ids) and self.ids[at] == patch_id else None


@dataclass(frozen=True, slots=True, eq=False)
class ReviewState:
    """How a survey's review stands for a person.

    Attributes:
        candidates: All n of them.
        answers: For each candidate the last word of each person, by name.
        standings: Of each candidate.
        order: The learnt one.
        open: Candidates this person may still be asked about, shape (n,).
        seen: How many this person has answered.
        told: How many verdicts the order rests on, those of models in use included.
    """

    survey_id: int
    actor: str
    candidates: Candidates
    answers: tuple[dict[str, LabelEntry], ...]
    standings: tuple[Standing, ...]
    order: Relearned
    open: Mask
    seen: int
    told: int

    def mine(self, at: int) -> LabelEntry | None:
        """Return this person's last word on a candidate."""
        return self.answers[at].get(self.actor)

    def coming(self, most: int) -> list[int]:
        """Return the candidates to show next, the first one first; put-off ones come last."""
        skipped = np.array([self._skipped(at) for at in range(len(self.open))], bool)
        shown: list[int] = []
        for left in (self.open & ~skipped, self.open & skipped):
            while len(shown) < most:
                at = self._next(left, self.seen + len(shown))
                if at is None:
                    break
                shown.append(at)
                left[at] = False
        return shown

    def _next(self, left: Mask, seen: int) -> int | None:
        if self.candidates.features is not None:
            return next_to_show(self.order, left, seen)
        places = np.flatnonzero(left)
        best = places[np.argmax(self.candidates.score[places])] if len(places) else None
        return None if best is None else int(best)

    def _skipped(self, at: int) -> bool:
        mine = self.mine(at)
        return mine is not None and mine.label == Said.SKIPPED

    def ranks(self) -> I8:
        """Return the place of each candidate in the learnt order, 1 first; shape (n,)."""
        ranks = np.empty(len(self.open), np.int64)
        ranks[np.argsort(-self.order.chance, kind="stable")] = np.arange(1, len(ranks) + 1)
        return ranks


def figures_hash(count: int, detector: str | None) -> str:
    """Return what tells figures of one kind from others: their names, else who made them."""
    names = "\n".join(FEATURES) if count == len(FEATURES) else f"{detector} {count}"
    return hashlib.sha256(names.encode()).hexdigest()[:16]


_candidates: OrderedDict[tuple[Path, int], tuple[tuple[int, int, int], Candidates]] = OrderedDict()


def candidates_of(
    workspace: Workspace, session: Session, survey_id: int, detector: str | None
) -> Candidates:
    """Return a survey's candidates, from memory while the survey was not detected again."""
    key, version = (
        (workspace.folder.resolve(), survey_id),
        reviewing.patch_state(session, survey_id),
    )
    with _lock:
        known = _candidates.get(key)
        if known is not None and known[0] == version:
            _candidates.move_to_end(key)
            return known[1]
    made = _read(session, survey_id, detector)
    with _lock:
        _candidates[key] = (version, made)
        while len(_candidates) > _KEPT:
            _candidates.popitem(last=False)
    return made


def _read(session: Session, survey_id: int, detector: str | None) -> Candidates:
    rows = reviewing.figures_of(session, survey_id)
    score = np.array([row.score for row in rows], np.float64)
    sure = np.clip(score, 1e-6, 1 - 1e-6)
    logit = np.array([np.nan if row.logit is None else row.logit for row in rows], np.float64)
    told = [row.features for row in rows if row.features is not None]
    features = None
    if rows and len(told) == len(rows) and len({len(one) for one in told}) == 1 and told[0]:
        features = np.frombuffer(b"".join(told), "<f4").reshape(len(rows), -1)
        features = features if np.isfinite(features).all() else None
    return Candidates(
        np.array([row.id for row in rows], np.int64),
        score,
        np.where(np.isfinite(logit), logit, np.log(sure / (1 - sure))),
        features,
        None if features is None else figures_hash(features.shape[1], detector),
    )


def same_ground(
    old: Sequence[shapely.Geometry], new: Sequence[shapely.Geometry]
) -> list[list[int]]:
    """Return for each old outline the new ones that share at least half of the smaller of both."""
    found: list[list[int]] = [[] for _ in old]
    if not old or not new:
        return found
    tree = shapely.STRtree(new)
    for number, outline in enumerate(old):
        near = np.sort(tree.query(outline, predicate="intersects"))
        grounds = [new[int(k)] for k in near]
        # Both in degrees at one place: the shares are those of metres.
        shared = shapely.area(shapely.intersection(outline, grounds))
        smaller = np.minimum(shapely.area(grounds), outline.area)
        found[number] = [int(k) for k in near[shared >= SAME_GROUND * smaller]]
    return found


def _match(
    session: Session, survey_id: int, candidates: Candidates, labels: list[LabelEntry]
) -> None:
    """Find the candidates of labels that were not met before."""
    new = [label for label in labels if label.id not in candidates.matched]
    strays = []
    for label in new:
        at = None if label.patch_id is None else candidates.place_of(label.patch_id)
        if at is None:
            strays.append(label.id)
        else:
            candidates.matched[label.id] = (at,)
    if not strays:
        return
    grounds = reviewing.label_grounds(session, strays)
    outlines = reviewing.outlines_of(session, survey_id)
    found = same_ground([grounds[number] for number in strays], outlines)
    for number, places in zip(strays, found, strict=True):
        if not places:
            candidates.grounds[number] = grounds[number].wkb
        candidates.matched[number] = tuple(places)


def load_state(
    workspace: Workspace,
    session: Session,
    survey_id: int,
    detector: str | None,
    actor: str,
    *,
    learn: bool = True,
) -> ReviewState:
    """Return how the review of a survey stands for a person; without ``learn`` the order is the
    detector's.
    """
    candidates = candidates_of(workspace, session, survey_id, detector)
    labels = reviewing.labels_of(session, survey_id)
    _match(session, survey_id, candidates, labels)
    answers: list[dict[str, LabelEntry]] = [{} for _ in candidates.ids]
    for label in labels:
        for at in candidates.matched[label.id]:
            answers[at][label.actor] = label
    needed = workspace.settings.review_people
    standings = [standing_of(given, needed) for given in answers]
    mine = [given.get(actor) for given in answers]
    answered = np.array([one is not None and Said(one.label).answers for one in mine], bool)
    settled = np.array([one.settled for one in standings], bool)
    order, told = _by_score(candidates), 0
    if learn and candidates.features is not None:
        places = verdict_places(standings, answers, actor)
        strays = stray_lessons(candidates, labels, needed, actor)
        order, told = _order(session, survey_id, candidates, places, strays)
    return ReviewState(
        survey_id,
        actor,
        candidates,
        tuple(answers),
        tuple(standings),
        order,
        ~answered & ~settled,
        int(answered.sum()),
        told,
    )


def _by_score(candidates: Candidates) -> Relearned:
    sure = np.clip(candidates.score, 1e-6, 1 - 1e-6)
    return Relearned(np.log(sure / (1 - sure)), np.zeros(len(sure)))


def standing_of(given: Mapping[str, LabelEntry], needed: int) -> Standing:
    """Return how a ground stands after each person's last word on it, by name."""
    in_turn = sorted(given.values(), key=lambda one: one.id)
    return standing(one_voice_each({one.actor: one.label for one in in_turn}), needed)


def lesson_of(
    given: Mapping[str, LabelEntry], stands: Standing, actor: str | None
) -> LabelEntry | None:
    """Return the label by which a ground teaches; None where it teaches nothing.

    That is the newest one that says what was settled; while nothing is, this person's own.
    """
    agreeing = [one for one in given.values() if one.label == stands.value]
    if not stands.settled:
        agreeing = [given[actor]] if actor is not None and actor in given else []
    newest = max(agreeing, key=lambda one: one.id, default=None)
    return newest if newest is not None and teaches(newest.label, newest.reason) else None


def verdict_places(
    standings: Sequence[Standing], answers: Sequence[dict[str, LabelEntry]], actor: str | None
) -> list[tuple[int, bool]]:
    """Return the candidates an order learns from, and whether each is poppy: settled ones, and
    those this person has judged. What was answered last stands last.
    """
    found: list[tuple[int, int, bool]] = []
    for at, (stands, given) in enumerate(zip(standings, answers, strict=True)):
        lesson = lesson_of(given, stands, actor)
        if lesson is not None:
            last = max(label.id for label in given.values())
            found.append((last, at, lesson.label == Said.POPPY))
    return [(at, poppy) for _, at, poppy in sorted(found)]


def _order(
    session: Session,
    survey_id: int,
    candidates: Candidates,
    places: list[tuple[int, bool]],
    strays: list[int],
) -> tuple[Relearned, int]:
    """Return the learnt order and how many verdicts it rests on."""
    assert candidates.features is not None
    uses = reviewing.model_uses(session, survey_id)
    key = (tuple(places), tuple(strays), tuple(use.model_id for use in uses))
    with _lock:
        known = candidates.orders.get(key)
    if known is not None:
        return known
    parts = [verdicts_of(session, candidates, places, strays)]
    for use in uses:
        model = reviewing.model(session, use.model_id)
        if model.figures_hash == candidates.figures_hash:
            parts.insert(0, RankModel.unpacked(model.payload).verdicts)
    whole = joined(parts)
    order = relearn(candidates.features, candidates.logit, _bounded(whole))
    with _lock:
        candidates.orders[key] = order, len(whole.poppy)
        while len(candidates.orders) > _KEPT:
            candidates.orders.popitem(last=False)
    return order, len(whole.poppy)


def stray_lessons(
    candidates: Candidates, labels: Sequence[LabelEntry], needed: int, actor: str | None
) -> list[int]:
    """Return the labels to learn from whose ground no candidate covers now, one for each ground:
    of settled grounds, and of those this person has judged.
    """
    grounds: dict[bytes, dict[str, LabelEntry]] = {}
    for label in labels:
        if label.id in candidates.grounds:
            grounds.setdefault(candidates.grounds[label.id], {})[label.actor] = label
    found = [lesson_of(given, standing_of(given, needed), actor) for given in grounds.values()]
    return sorted(one.id for one in found if one is not None)


def verdicts_of(
    session: Session,
    candidates: Candidates,
    places: Sequence[tuple[int, bool]],
    strays: Sequence[int],
) -> Verdicts:
    """Return the verdicts on candidates, after those on ground that none covers any more."""
    assert candidates.features is not None
    at = np.array([place for place, _ in places], np.int64)
    here = Verdicts(
        candidates.features[at],
        candidates.logit[at],
        np.array([poppy for _, poppy in places], bool),
    )
    old = [
        row
        for row in reviewing.whole_labels(session, strays)
        if row.features is not None and row.figures_hash == candidates.figures_hash
    ]
    if not old:
        return here
    figures = np.frombuffer(b"".join(row.features or b"" for row in old), "<f4")
    before = Verdicts(
        figures.reshape(len(old), -1),
        np.array([row.logit or 0.0 for row in old], np.float64),
        np.array([row.label == Said.POPPY for row in old], bool),
    )
    return joined([before, here])


def _bounded(verdicts: Verdicts) -> Verdicts:
    """Return the verdicts, at most some hundreds: of each kind the last ones, half of each where
    both abound.
    """
    count = len(verdicts.poppy)
    if count <= _MOST_VERDICTS:
        return verdicts
    yes, no = np.flatnonzero(verdicts.poppy), np.flatnonzero(~verdicts.poppy)
    half = _MOST_VERDICTS // 2
    most_yes = max(half, _MOST_VERDICTS - len(no))
    yes = yes[-most_yes:]
    kept = np.sort(np.concatenate([yes, no[-(_MOST_VERDICTS - len(yes)) :]]))
    return Verdicts(verdicts.features[kept], verdicts.start[kept], verdicts.poppy[kept])

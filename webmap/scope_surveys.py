"""What the person behind a request may see of surveys: pictures, patches, changes and review.

A survey is theirs when their units or they themselves sent it, or when it shows any of their
ground; of its patches, labels and changes only those are whose middle lies on their ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shapely import Point

from geoinspect import change_book, rank_model_book, review_book
from geoinspect.change_book import Looker
from geoinspect.store import reviewing, sightings
from geoinspect.store.schema import PatchRow, SurveyRow
from geoinspect.store.sightings import Box
from geoinspect.store.workspace import Workspace
from webmap.scope_reach import Reach

Json = dict[str, Any]


class SurveyScope(Reach):
    """The surveys and patches that one person may see."""

    __slots__ = ()

    def surveys(self) -> Sequence[SurveyRow]:
        """Return visible surveys, newest first."""
        return [row for row in sightings.surveys(self.session) if self._sees(row)]

    def survey(self, survey_id: int) -> SurveyRow:
        """Return one visible survey.

        Raises:
            NotFoundError: There is none.
        """
        row = sightings.survey(self.session, survey_id)
        if not self._sees(row):
            raise sightings.missing("航测", "survey", survey_id)
        return row

    def _sees(self, row: SurveyRow) -> bool:
        return self.territory.touches(row.geometry) or self.has(row)

    def owns_survey(self, row: SurveyRow) -> bool:
        """Return whether all of a survey's ground is theirs, and so what is said of it all."""
        return self.territory.covers(row.geometry)

    def patches_in(
        self, box: Box | None, *, limit: int, after: int | None = None
    ) -> tuple[Sequence[PatchRow], int]:
        """Return the first visible patches in a box by rank, and how many there are; with
        ``after`` those of higher numbers, by number.
        """
        ground = self.territory.ground
        if ground is None:
            return sightings.patches_in(self.session, box, limit=limit, after=after)
        narrow = None if ground.is_empty else _shared(box, ground.bounds)
        if narrow is None:
            return [], 0
        numbers, lon, lat = sightings.patch_middles(self.session, narrow)
        mine = numbers[self.territory.has_places(lon, lat)].tolist()
        total = len(mine)
        if after is not None:
            mine = sorted(number for number in mine if number > after)
        return sightings.patches_numbered(self.session, mine[:limit]), total

    def patch(self, patch_id: int) -> PatchRow:
        """Return one visible patch.

        Raises:
            NotFoundError: There is none.
        """
        row = sightings.patch(self.session, patch_id)
        if not self.sees_patch(row):
            raise sightings.missing("图斑", "patch", patch_id)
        return row

    def sees_patch(self, row: PatchRow) -> bool:
        """Return whether the middle of a patch's box is on their ground."""
        return self.territory.has_place((row.west + row.east) / 2, (row.south + row.north) / 2)

    def patches_of(self, survey: SurveyRow) -> frozenset[int] | None:
        """Return the numbers of a survey's visible patches; None where all are."""
        ground = self.territory.ground
        if ground is None or self.owns_survey(survey):
            return None
        if ground.is_empty:
            return frozenset()
        numbers, lon, lat = sightings.patch_middles(self.session, ground.bounds, survey.id)
        return frozenset(numbers[self.territory.has_places(lon, lat)].tolist())

    def surveys_over(self, lon: float, lat: float) -> list[SurveyRow]:
        """Return the visible surveys that show a place, earliest first."""
        rows, point = reviewing.surveys_over(self.session, lon, lat), Point(lon, lat)
        return [row for row in rows if row.geometry.intersects(point) and self._sees(row)]

    @property
    def _looker(self) -> Looker | None:
        if self.territory.whole:
            return None
        return Looker(self.territory.has_place, self._sees)

    def change_summaries(self, later: SurveyRow) -> list[Json]:
        """Return what a visible survey was compared with, over visible ground and surveys."""
        return change_book.change_summaries(self.session, later, self._looker)

    def changes_between(self, later: SurveyRow, earlier: SurveyRow) -> Json:
        """Return what changed on visible ground between two visible surveys.

        Raises:
            NotFoundError: They were never compared.
        """
        return change_book.changes_between(later, earlier, self._looker)

    def changes_of_patch(self, patch: PatchRow) -> list[Json]:
        """Return what comparisons with visible surveys say of one visible patch."""
        return change_book.changes_of_patch(self.session, patch, self._looker)

    def review_surveys(self, workspace: Workspace) -> list[review_book.Json]:
        """Return the visible surveys that were searched, with how far the review of their visible
        patches is.
        """
        name = self.person.name
        if self.territory.whole:
            return review_book.surveys_told(workspace, self.session, name)
        mine = [(row, self.patches_of(row)) for row in self.surveys()]
        return review_book.surveys_told(workspace, self.session, name, mine)

    def review(self, workspace: Workspace, survey_id: int, wanted: int | None) -> review_book.Json:
        """Return what comes next for this person of a visible survey, ``wanted`` first.

        Raises:
            NotFoundError: There is no such survey.
        """
        survey = self.survey(survey_id)
        return review_book.queue(
            workspace,
            self.session,
            survey.id,
            self.person.name,
            wanted=wanted,
            only=self.patches_of(survey),
        )

    def review_labels(self, workspace: Workspace, survey_id: int) -> list[review_book.Json]:
        """Return what was said of a survey's visible patches, as far as this person may read it.

        Raises:
            NotFoundError: There is no such survey.
        """
        survey = self.survey(survey_id)
        only = self.patches_of(survey)
        return review_book.labelled(workspace, self.session, survey.id, self.person.name, only)

    def review_models(self, workspace: Workspace, survey_id: int) -> list[rank_model_book.Json]:
        """Return the ranking models of surveys that are wholly theirs, and how a visible survey
        uses them.

        Raises:
            NotFoundError: There is no such survey.
        """
        told = rank_model_book.models_told(workspace, self.session, self.survey(survey_id).id)
        return [model for model in told if self._owns_numbered(model["survey"])]

    def sees_model(self, model_id: int) -> bool:
        """Return whether a ranking model is of a survey that is wholly theirs."""
        rows = reviewing.models(self.session)
        return any(row.id == model_id and self._owns_numbered(row.survey_id) for row in rows)

    def _owns_numbered(self, survey_id: int) -> bool:
        row = self.session.get(SurveyRow, survey_id)
        return self.territory.whole or (row is not None and self.owns_survey(row))


def _shared(box: Box | None, other: Box) -> Box | None:
    """Return what two boxes share; None for nothing."""
    if box is None:
        return other
    west, south = max(box[0], other[0]), max(box[1], other[1])
    east, north = min(box[2], other[2]), min(box[3], other[3])
    return (west, south, east, north) if west <= east and south <= north else None

"""Which jobs in the background the person behind a request may see, stop and try again.

One's own always; whoever works at a desk also sees those of the people of their units, and all of
them, the office's own too, where the whole workspace is theirs. Only one's own can be changed, and
any visible one by an administrator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from geoinspect.errors import ForbiddenError
from geoinspect.store import job_list, jobs
from geoinspect.store.job_list import Wanted
from geoinspect.store.job_schema import IncomingRow, JobRow
from geoinspect.store.schema import SurveyRow, UploadRow, UserRow
from geoinspect.territory import Territory
from webmap.access_rows import DESK
from webmap.auth import Person, current_person
from webmap.office import office


@dataclass(frozen=True, slots=True)
class JobScope:
    """The jobs that one person may see, asked through one open session."""

    session: Session
    person: Person
    territory: Territory

    def owners(self) -> frozenset[int] | None:
        """Return the people whose jobs they may see; None for everybody's."""
        if self.person.role not in DESK:
            return frozenset({self.person.id})
        if self.territory.whole:
            return None
        theirs = select(UserRow.id).where(UserRow.unit_code.in_(sorted(self.territory.units)))
        return frozenset(self.session.scalars(theirs)) | {self.person.id}

    def listed(self, wanted: Wanted, limit: int, *, mine: bool) -> list[JobRow]:
        """Return visible jobs, newest first; with ``mine`` only their own."""
        owners = frozenset({self.person.id}) if mine else self.owners()
        return job_list.listed(self.session, replace(wanted, owners=owners), limit)

    def counted(self, *, mine: bool) -> dict[str, int]:
        """Return how many visible jobs there are in each state."""
        owners = frozenset({self.person.id}) if mine else self.owners()
        return job_list.counted(self.session, owners)

    def job(self, job_id: int) -> JobRow:
        """Return one visible job.

        Raises:
            NotFoundError: There is none; one that they may not see looks the same.
        """
        row = jobs.job(self.session, job_id)
        owners = self.owners()
        if owners is not None and row.asked_by not in owners:
            raise jobs.missing(job_id)
        return row

    def to_change(self, job_id: int) -> JobRow:
        """Return a job that they may stop or try again.

        Raises:
            NotFoundError: They can't see it.
            ForbiddenError: It is another person's.
        """
        row = self.job(job_id)
        if not self.may_change(row):
            raise ForbiddenError(
                "这是别人的后台工作:只有本人或管理员可以取消或重试",
                "this is another person's job: only they or an administrator can stop it or try "
                "it again",
                code="not_your_job",
            )
        return row

    def may_change(self, row: JobRow) -> bool:
        """Return whether they may stop a job or try it again."""
        return self.person.role == "admin" or (
            row.asked_by == self.person.id and self.person.role != "auditor"
        )

    def names(self, rows: list[JobRow]) -> dict[int, str]:
        """Return what jobs work on, in the words of who sent it, by number of the job."""
        receipts = self._named(UploadRow.id, UploadRow.name, _subjects(rows, "understand"))
        coming = self._named(IncomingRow.id, IncomingRow.name, _subjects(rows, "arrive"))
        numbers = [one for one in _subjects(rows, "detect") if one.isdecimal()]
        surveys = self._named(SurveyRow.id, SurveyRow.name, [int(one) for one in numbers])
        by_kind = {"understand": receipts, "arrive": coming, "detect": surveys}
        return {row.id: by_kind.get(row.kind, {}).get(row.subject, "") for row in rows}

    def people(self, rows: list[JobRow]) -> dict[int, str]:
        """Return the names of whose jobs they are, by number of the person."""
        ids = sorted({row.asked_by for row in rows if row.asked_by is not None})
        found = self.session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids)))
        return {one: name for one, name in found}  # noqa: C416 - rows, no pairs

    def _named(
        self, key: InstrumentedAttribute[Any], name: InstrumentedAttribute[str], wanted: list[Any]
    ) -> dict[str, str]:
        found = self.session.execute(select(key, name).where(key.in_(wanted)))
        return {str(one): str(called) for one, called in found}


def job_scope(session: Session) -> JobScope:
    """Return the jobs of the person behind the current request."""
    person = current_person()
    return JobScope(session, person, office().territories.get(session, person.unit_code))


def _subjects(rows: list[JobRow], kind: str) -> list[str]:
    return [row.subject for row in rows if row.kind == kind]

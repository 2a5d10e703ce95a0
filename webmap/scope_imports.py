"""Which uploads with a question the person behind a request may see and answer.

One's own always; whoever works at a desk also sees those of the people of their units. Answering is
for who sent a file, and for analysts and administrators among those who see it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from geoinspect.errors import ForbiddenError, NotFoundError
from geoinspect.intake.questions import Question, questions_of
from geoinspect.store import asking, people
from geoinspect.store.asking import Made
from geoinspect.store.schema import UploadRow, UserRow
from webmap.access_rows import DECIDE
from webmap.auth import Person, current_person
from webmap.scope_jobs import job_scope

_NOTHING = Made()


@dataclass(frozen=True, slots=True)
class Asked:
    """An upload, who sent it, and what it leaves to ask."""

    upload: UploadRow
    sender: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class ImportScope:
    """The uploads that one person may see, asked through one open session."""

    session: Session
    person: Person
    owners: frozenset[int] | None

    def waiting(
        self, limit: int, *, mine: bool, after: str | None = None
    ) -> tuple[list[Asked], str | None]:
        """Return visible uploads that leave something to ask, newest first, and after which one
        the list goes on; None at its end.

        Args:
            limit: Most uploads.
            mine: Only one's own.
            after: Only those listed after this one.

        Raises:
            NotFoundError: They can't see that one.
        """
        owners = frozenset({self.person.id}) if mine else self.owners
        last = None if after is None else self.asked(after).upload
        found = asking.asking(self.session, owners, limit + 1, last)
        rows = found[:limit]
        made = asking.made_of(self.session, [row.file_id for row, _sender in rows])
        told = [
            Asked(row, sender, questions_of(row, made.get(row.file_id, _NOTHING)))
            for row, sender in rows
        ]
        following = rows[-1][0].id if len(found) > limit else None
        return [one for one in told if one.questions], following

    def asked(self, upload_id: str) -> Asked:
        """Return one visible upload with its questions.

        Raises:
            NotFoundError: There is none; one that they may not see looks the same.
        """
        row = people.upload(self.session, upload_id)
        if self.owners is not None and row.user_id not in self.owners:
            raise NotFoundError(
                f"没有回执 {upload_id}",
                f"there is no receipt {upload_id}",
                code="no_such_receipt",
            )
        made = asking.made_of(self.session, [row.file_id]).get(row.file_id, _NOTHING)
        sender = self.session.get_one(UserRow, row.user_id)
        return Asked(row, sender.name, questions_of(row, made))

    def to_answer(self, upload_id: str) -> Asked:
        """Return an upload whose questions they may answer.

        Raises:
            NotFoundError: They can't see it.
            ForbiddenError: They only see it.
        """
        told = self.asked(upload_id)
        if not self.may_answer(told.upload):
            raise ForbiddenError(
                "这是别人上传的文件:只有本人、分析员或管理员可以回答",
                "another person sent this file: only they, analysts and administrators answer",
                code="not_your_upload",
            )
        return told

    def may_answer(self, row: UploadRow) -> bool:
        """Return whether they may answer what an upload asks."""
        own = row.user_id == self.person.id and self.person.role != "auditor"
        return own or self.person.role in DECIDE

    def unit_of(self, row: UploadRow) -> str | None:
        """Return the unit of who sent an upload."""
        return self.session.get_one(UserRow, row.user_id).unit_code


def import_scope(session: Session) -> ImportScope:
    """Return the uploads of the person behind the current request."""
    return ImportScope(session, current_person(), job_scope(session).owners())

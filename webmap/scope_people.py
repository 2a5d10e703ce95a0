"""Which people, tokens, units and areas the person behind a request may see and change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geoinspect.accounts.changes import Changer
from geoinspect.errors import ForbiddenError, NotFoundError
from geoinspect.records import moment_iso
from geoinspect.store import grounds, people, tokens
from geoinspect.store.login_schema import LoginRow
from geoinspect.store.schema import AreaRow, TokenRow, UnitRow, UserRow
from geoinspect.territory import Territory
from webmap.auth import Person, current_person
from webmap.office import office

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PeopleScope:
    """People of the person's own unit and below, for those who look after accounts."""

    session: Session
    person: Person
    territory: Territory

    @property
    def by(self) -> Changer:
        """Who changes something in this request."""
        return Changer(self.person.name, self.person.id)

    def people(self) -> list[UserRow]:
        """Return visible people by name."""
        return [row for row in people.everybody(self.session) if self._sees(row)]

    def someone(self, person_id: int) -> UserRow:
        """Return one visible person.

        Raises:
            NotFoundError: There is none that this person may see.
        """
        row = self.session.get(UserRow, person_id)
        if row is None or not self._sees(row):
            raise NotFoundError(
                f"没有编号为 {person_id} 的人员",
                f"there is nobody with the number {person_id}",
                code="no_such_user",
            )
        return row

    def last_logins(self) -> dict[int, datetime]:
        """Return when each person last signed in."""
        query = select(LoginRow.user_id, func.max(LoginRow.created_at)).group_by(LoginRow.user_id)
        return {row[0]: row[1] for row in self.session.execute(query) if row[1] is not None}

    def own(self) -> UserRow:
        """Return the row of the person who asks."""
        return self.session.get_one(UserRow, self.person.id)

    def tokens(self, *, everyone: bool) -> list[TokenRow]:
        """Return one's own tokens, or those of every visible person, the newest first.

        Raises:
            ForbiddenError: Everyone's tokens are for administrators and auditors.
        """
        if not everyone:
            return list(tokens.tokens(self.session, self.person.id))
        if self.person.role not in ("admin", "auditor"):
            raise ForbiddenError(
                "只有管理员和审计员可以看所有人的令牌",
                "only administrators and auditors see everyone's tokens",
                code="not_your_role",
            )
        return [row for row in tokens.tokens(self.session) if self._sees(row.user)]

    def token(self, token_id: int) -> TokenRow:
        """Return a token that this person may revoke: their own; administrators visible people's.

        Raises:
            NotFoundError: There is none.
        """
        row = tokens.token(self.session, token_id)
        mine = row.user_id == self.person.id
        if mine or (self.person.role == "admin" and self._sees(row.user)):
            return row
        raise NotFoundError(
            f"没有编号为 {token_id} 的令牌",
            f"there is no token with the number {token_id}",
            code="no_such_token",
        )

    def units(self) -> list[UnitRow]:
        """Return visible units by code."""
        return [row for row in grounds.units(self.session) if self.territory.has_unit(row.code)]

    def areas(self) -> list[Json]:
        """Return visible areas by code, without their outlines."""
        keys = ("code", "name", "level", "parent_code", "unit_code")
        query = select(*(getattr(AreaRow, key) for key in keys)).order_by(AreaRow.code)
        rows = (dict(zip(keys, row, strict=True)) for row in self.session.execute(query))
        return [row for row in rows if self.territory.has_area(row["code"])]

    def check_unit(self, code: str | None) -> str | None:
        """Return a unit's code that this person may give somebody; None is the whole workspace.

        Raises:
            ForbiddenError: It is not theirs.
            NotFoundError: There is no such unit.
        """
        if not self.territory.has_unit(code):
            raise ForbiddenError(
                "只能使用本单位及下级单位",
                "only your own unit and those below it can be given",
                code="not_your_unit",
            )
        grounds.require_unit(self.session, code)
        return code

    def add_unit(self, code: str, name: str, parent: str | None) -> bool:
        """Add a unit, or rename one of theirs; return whether it is new.

        Raises:
            ForbiddenError: There is one with this code that is not theirs.
        """
        if grounds.registered(self.session, [code]):
            self.check_unit(code)
        return grounds.add_unit(self.session, code=code, name=name, parent_code=parent)

    def area(self, code: str) -> AreaRow:
        """Return one visible area.

        Raises:
            NotFoundError: There is none.
        """
        if not self.territory.has_area(code):
            raise NotFoundError(
                f"没有代码为“{code[:40]}”的辖区",
                f"there is no area with the code {code[:40]!r}",
                code="no_such_area",
            )
        return grounds.area(self.session, code)

    def _sees(self, row: UserRow) -> bool:
        return row.id == self.person.id or self.territory.has_unit(row.unit_code)


def people_scope(session: Session) -> PeopleScope:
    """Return the scope of the person behind the current request."""
    person = current_person()
    return PeopleScope(session, person, office().territories.get(session, person.unit_code))


def person_told(row: UserRow, last_login: datetime | None) -> Json:
    """Return what is told of a person."""
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "unit_code": row.unit_code,
        "active": row.active,
        "must_change": row.must_change,
        "second_factor": row.totp_secret is not None,
        "created_at": moment_iso(row.created_at),
        "password_set_at": moment_iso(row.password_set_at),
        "last_login": moment_iso(last_login),
    }


def token_told(row: TokenRow, now: datetime) -> Json:
    """Return what is told of a token; never its secret, which nobody keeps."""
    state = "revoked" if row.revoked_at else "over" if row.expires <= now else "holds"
    return {
        "id": row.id,
        "label": row.label,
        "user": row.user.name,
        "scope": row.scope,
        "state": state,
        "created_at": moment_iso(row.created_at),
        "expires": moment_iso(row.expires),
        "used_at": moment_iso(row.used_at),
        "revoked_at": moment_iso(row.revoked_at),
    }

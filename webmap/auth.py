"""Who is behind a request, for every module that asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app
from flask_login import UserMixin, current_user

from geoinspect.store.schema import UserRow

_PUBLIC_TIPS = ("tip_pages.public_tip", "tip_pages.public_status")
# Browsers fetch them without a session; they name nobody.
_PUBLIC_PHONE = ("field_pages.manifest", "field_pages.worker", "field_pages.offline_page")
PUBLIC_ENDPOINTS = frozenset(
    {"pages.healthz", "pages.readyz", "auth.login", "static", *_PUBLIC_TIPS, *_PUBLIC_PHONE}
)
_DECIDERS = frozenset({"analyst", "admin"})
# The first page that this server has counts.
_HOMES = {"field": ("/today",), "analyst": ("/review",), "commander": ("/overview",)}
_MAP = "/map"


@dataclass(frozen=True, slots=True, eq=False)
class Person(UserMixin):  # type: ignore[misc]
    """A signed-in person.

    Attributes:
        login_id: Of the session; None where a token asks.
        token_scope: What a token may do; None where a session asks.
        must: What has to be done before anything else: ``password``, ``second_factor`` or empty.
    """

    id: int
    name: str
    role: str
    unit_code: str | None
    login_id: str | None = None
    token_scope: str | None = None
    must: str = ""

    @classmethod
    def of(
        cls,
        row: UserRow,
        *,
        login_id: str | None = None,
        token_scope: str | None = None,
        must: str = "",
    ) -> Person:
        """Return the person of a row."""
        return cls(row.id, row.name, row.role, row.unit_code, login_id, token_scope, must)

    @property
    def may_decide(self) -> bool:
        """Return whether this person may change what is made of tracks."""
        return self.role in _DECIDERS


def current_person() -> Person:
    """Return the person behind this request; only where a login is required."""
    return cast(Person, current_user)


def home_of(role: str) -> str:
    """Return the address where the work of a role starts."""
    known = {rule.rule for rule in current_app.url_map.iter_rules()}
    return next((path for path in _HOMES.get(role, ()) if path in known), _MAP)

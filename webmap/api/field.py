"""What a phone asks for its person: their week, and a forgery token that is still good."""

from __future__ import annotations

from flask import Response, jsonify
from flask_wtf.csrf import generate_csrf

from geoinspect.casework.told import today_of
from webmap.auth import current_person
from webmap.office import office
from webmap.scope_field import field_scope


def field_week() -> Response:
    """Return what the caller walked in the last seven days and what their unit saw first."""
    with office().workspace.database.reading() as session:
        return jsonify(field_scope(session).week(office().snapshots, today_of()))


def field_pass() -> Response:
    """Return who is signed in and a fresh forgery token, for pages that were open for long.

    A page sends what waits only where it was made by the same person.
    """
    person = current_person()
    return jsonify(csrf=generate_csrf(), person={"id": person.id, "name": person.name})

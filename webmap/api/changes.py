"""Questions of the map about what changed between two surveys of the same ground."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from geoinspect.change_book import comparable
from webmap.api.blueprint import record_number
from webmap.office import office
from webmap.scope import scope_of


def survey_changes(survey_id: int) -> Response:
    """Return what changed since the survey ``?with=``, patch by patch; without it which comparisons
    are kept, and which earlier surveys share ground.
    """
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        later = scope.survey(survey_id)
        if "with" in request.args:
            earlier = scope.survey(record_number("with"))
            told: dict[str, Any] = scope.changes_between(later, earlier)
            return jsonify(told)
        visible = {row.id for row in scope.surveys()}
        others = [
            {"id": row.id, "name": row.name}
            for row in comparable(session, survey_id)
            if row.id in visible
            and (row.taken is None or later.taken is None or row.taken < later.taken)
        ]
        return jsonify({"compared": scope.change_summaries(later), "earlier": others})

"""The search over everything that has a number, a code or a name."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, jsonify, request

from geoinspect.errors import UsageError
from webmap.office import office
from webmap.scope_search import MOST_TEXT, search


def search_all() -> Response:
    """Return what ``?q=`` finds: areas, cases, sites, tracks and patches.

    Raises:
        UsageError: ``q`` is missing, too long, or holds what cannot be written.
    """
    text = request.args.get("q", "").strip()
    if not text or len(text) > MOST_TEXT or not text.isprintable():
        raise UsageError(
            f"请输入 1 至 {MOST_TEXT} 个字的编号、代码或名称(参数 q)",
            f"q must be a number, a code or a name of 1 to {MOST_TEXT} characters",
            code="bad_search",
        )
    with office().workspace.database.reading() as session:
        hits, more = search(session, text)
    return jsonify(q=text, hits=[asdict(hit) for hit in hits], more=more)

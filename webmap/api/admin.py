"""The office as a whole: the audit chain, how the server is, and backups."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from flask import Blueprint, Response, jsonify, request

from geoinspect import health as health_
from geoinspect.backup import kept
from geoinspect.casework.anchors import FOLDER as ANCHORS
from geoinspect.casework.anchors import read_anchor, typed_anchor
from geoinspect.errors import InputError, NotFoundError, Text, UsageError
from geoinspect.report.plain_text import csv_bytes
from geoinspect.store import audit, audit_list, jobs
from geoinspect.store.audit_list import Wanted
from geoinspect.store.schema import AuditRow
from webmap.api.blueprint import limit, record_number
from webmap.api.choices import a_day
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import cursor_name, mark_next, page, paged
from webmap.auth import current_person
from webmap.health_checks import all_checks
from webmap.job_turn import do_waiting
from webmap.office import office
from webmap.scope_admin import whole_office

Json = dict[str, Any]
MOST = 200
_MOST_BACKUPS, _MOST_EXPORTED = 200, 200_000
_VERIFY = {"anchors": Text("锚点", "the anchors")}
_MOST_ANCHORS = 100
_WORDS = ("actor", "action", "subject", "q")
_COLUMNS = ("id", "at", "actor", "action", "subject", "details", "hash")


def wanted_rows() -> Wanted:
    """Return which rows of the chain a request asks for.

    Raises:
        UsageError: A day is none.
    """
    given = {name: request.args.get(name, "").strip() for name in (*_WORDS, "from", "to")}
    days = [a_day(given[name]) if given[name] else None for name in ("from", "to")]
    return Wanted(
        actor=given["actor"],
        action=given["action"],
        subject=given["subject"],
        words=given["q"],
        first=days[0],
        last=days[1],
    )


def audit_list_() -> Response:
    """Return rows of the audit chain, newest first."""
    wanted, most, mark = wanted_rows(), limit(MOST), cursor_name("before")
    before = None if mark is None else record_number(mark)
    with office().workspace.database.reading() as session:
        whole_office(session)
        rows = audit_list.listed(session, wanted, before=before, limit=most + 1)
        known = audit_list.actions(session)
    shown = [row_json(row) for row in rows[:most]]
    following = shown[-1]["id"] if len(rows) > most else None
    return jsonify(rows=shown, actions=known, next=mark_next(following))


def audit_file(form: str) -> Response:
    """Return rows as a file, oldest first; that somebody took them stands in the chain itself."""
    if form not in ("csv", "json"):
        raise NotFoundError(
            "审计记录可以导出为 csv 或 json", "rows can be had as csv or json", code="no_such_kind"
        )
    wanted = wanted_rows()
    with office().workspace.database.reading() as session:
        whole_office(session)
        rows = list(islice(audit_list.every(session, wanted), _MOST_EXPORTED + 1))
        if len(rows) > _MOST_EXPORTED:
            raise UsageError(
                f"超过 {_MOST_EXPORTED} 行:请选择较短的日期范围分次导出",
                f"these are more than {_MOST_EXPORTED} rows: take them in shorter periods",
                code="too_many_rows",
            )
        shown = [row_json(row) for row in rows]
    if request.method == "GET":
        _note("audit.export", form, {"rows": len(shown), **_asked()})
    if form == "csv":
        cells = ([row[name] for name in _COLUMNS] for row in shown)
        return _kept(csv_bytes(_COLUMNS, cells), "audit.csv", "text/csv")
    content = json.dumps({"rows": shown}, ensure_ascii=False, indent=1)
    return _kept(content.encode(), "audit.json", "application/json")


def audit_anchor(name: str) -> Response:
    """Return the anchor of a day as a text file."""
    with office().workspace.database.reading() as session:
        whole_office(session)
    if name not in anchor_days():
        raise NotFoundError(
            f"没有 {name[:20]} 的锚点", f"there is no anchor of {name[:20]}", code="no_such_anchor"
        )
    path = office().workspace.folder / ANCHORS / f"{name}.txt"
    return _kept(path.read_bytes(), f"anchor-{name}.txt", "text/plain")


def anchor_days() -> list[str]:
    """Return the days that have an anchor, newest first."""
    found = (office().workspace.folder / ANCHORS).glob("????-??-??.txt")
    return sorted((path.stem for path in found), reverse=True)


def audit_anchors() -> Response:
    """Return the anchors that the workspace keeps, newest day first."""
    with office().workspace.database.reading() as session:
        whole_office(session)
    days, following = paged(anchor_days(), lambda day: day, most=MOST)
    return jsonify(anchors=[_anchor_json(day) for day in days], next=following)


def _anchor_json(day: str) -> Json:
    """Return an anchor; one whose file was spoilt has nothing but its day."""
    try:
        found = read_anchor(office().workspace.folder / ANCHORS / f"{day}.txt")
    except InputError:
        return {"day": day, "rows": None, "last_hash": None, "code": None}
    return {"day": day, "rows": found.rows, "last_hash": found.last_hash, "code": found.code}


def post_audit_verify() -> tuple[Response, int]:
    """Ask for a check of the chain and all that it tells of, in the background; ``anchors`` that
    were kept elsewhere must fit too.
    """
    given = json_fields(_VERIFY) if request.content_length else Fields({}, _VERIFY)
    anchors = given.values.get("anchors") or []
    known = isinstance(anchors, list) and all(isinstance(one, str) for one in anchors)
    if not known or len(anchors) > _MOST_ANCHORS:  # type: ignore[arg-type]
        raise given.bad(
            "anchors",
            f"应为最多 {_MOST_ANCHORS} 个“行数:核对码”的列表",
            f"a list of at most {_MOST_ANCHORS} of rows:check code",
        )
    words = [typed_anchor(one).source for one in anchors]  # type: ignore[attr-defined]
    return _asked_for("audit_verify", "audit", {"anchors": words} if words else {})


def health() -> Response:
    """Return how the server is, with what to do."""
    with office().workspace.database.reading() as session:
        whole_office(session)
    checks = all_checks()
    return jsonify(level=health_.worst(checks), checks=[check.as_json() for check in checks])


def backups_list() -> Response:
    """Return the backups that the chain tells of, newest first."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        whole_office(session)
        found = kept.told(session, workspace, kept.MOST_LISTED)
    shown = [
        {
            "name": one.name,
            "at": one.at,
            "actor": one.actor,
            "files": one.files,
            "bytes": one.bytes,
            "missing": one.missing,
            "there": one.there,
        }
        for one in found
    ]
    every = workspace.settings.backup_every_hours
    backups = page("backups", shown, "name", most=_MOST_BACKUPS)
    folder = bool(workspace.settings.backup_folder)
    return jsonify(**backups, every_hours=every, folder=folder)


def post_backup() -> tuple[Response, int]:
    """Ask for a backup in the background."""
    kept.folder_of(office().workspace)
    return _asked_for("backup", "workspace")


def post_backup_check(name: str) -> tuple[Response, int]:
    """Ask for a check of one backup in the background."""
    with office().workspace.database.reading() as session:
        whole_office(session)
        told = kept.told(session, office().workspace, kept.MOST_LISTED)
        there = {one.name for one in told if one.there}
    if name not in there:
        raise NotFoundError(
            f"没有名为“{name[:80]}”的备份",
            f"there is no backup {name[:80]!r}",
            code="no_such_backup",
        )
    return _asked_for("backup_check", name)


def row_json(row: AuditRow) -> Json:
    """Return one row of the chain as it is kept."""
    return {name: getattr(row, name) for name in _COLUMNS}


def _asked_for(kind: str, subject: str, args: Json | None = None) -> tuple[Response, int]:
    person = current_person()
    with office().workspace.database.writing() as session:
        whole_office(session)
        made = jobs.enqueue(
            session,
            kind,
            subject,
            args or {},
            asked_by=person.id,
            weight="long",
            key=_key(kind, subject, args),
        )
        details: dict[str, object] = {"job": made.id, "kind": kind}
        audit.record(session, actor=person.name, action="job.add", subject=subject, details=details)
        number = made.id
    do_waiting()
    return jsonify(job=number), 202


def _key(kind: str, subject: str, args: Json | None) -> str | None:
    """Return what makes one job of two that wait; a check with anchors is one of its own."""
    if args:
        return None
    return f"{kind}:{subject}" if kind == "backup_check" else kind


def _note(action: str, subject: str, details: dict[str, object]) -> None:
    with office().workspace.database.writing() as session:
        audit.record(
            session,
            actor=current_person().name,
            action=action,
            subject=subject,
            details=details,
        )


def _asked() -> dict[str, object]:
    return {name: value for name, value in request.args.items() if name in (*_WORDS, "from", "to")}


def _kept(content: bytes, name: str, kind: str) -> Response:
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def add_admin_addresses(api: Blueprint) -> None:
    """Give the API the addresses of this module."""
    api.add_url_rule("/audit", endpoint="audit_list", view_func=audit_list_)
    api.add_url_rule("/audit.<form>", view_func=audit_file)
    api.add_url_rule("/audit/anchors", view_func=audit_anchors)
    api.add_url_rule("/audit/anchors/<name>.txt", view_func=audit_anchor)
    api.add_url_rule("/audit/verify", view_func=post_audit_verify, methods=["POST"])
    api.add_url_rule("/health", view_func=health)
    api.add_url_rule("/backups", view_func=backups_list)
    api.add_url_rule("/backups", view_func=post_backup, methods=["POST"])
    api.add_url_rule("/backups/<name>/check", view_func=post_backup_check, methods=["POST"])

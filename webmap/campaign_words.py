"""The words of the script of the page of campaigns."""

from __future__ import annotations

from flask_babel import gettext as _


def campaign_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        "ca_seen": _("{seen} of {whole} km² seen ({share}), {cleared} km² cleared"),
        "ca_until": _("data until {day}"),
        "ca_none": _("nothing seen yet"),
        "ca_estimate": _("About {n} cells."),
    }

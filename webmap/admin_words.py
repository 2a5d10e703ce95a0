"""The words of the scripts of the pages about the office as a whole."""

from __future__ import annotations

from flask_babel import gettext as _

from webmap.words import script_words


def admin_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        **script_words(),
        "ad_begun": _("Begun. This page shows the result when it is there."),
        "ad_done": _("Done."),
        "ad_failed": _("It failed: {why}"),
    }

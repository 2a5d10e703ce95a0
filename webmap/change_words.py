"""The words that tell what changed between two surveys."""

from __future__ import annotations

from flask_babel import gettext as _


def change_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        "changes": _("Change on the ground"),
        "changes_since": _("Since {day} ({name})"),
        "changes_old": _("One of the two pictures was searched anew since: compare them again."),
        "changes_unaligned": _("The two pictures could not be aligned."),
        "changes_uncertain": _("Uncertain among all changes: {n}."),
        "change_count_new": _("{n} new"),
        "change_count_grown": _("{n} grown"),
        "change_count_cleared": _("{n} cleared"),
        "change_new": _("New since {day}"),
        "change_grown": _("Grown since {day}"),
        "change_unchanged": _("As on {day}"),
        "change_shrunk": _("Shrunk since {day}"),
        "change_cleared": _("Cleared since {day}"),
        "change_not_seen": _("Not in the picture of {day}"),
        "change_uncertain": _("uncertain"),
    }

"""The words of what leads from patches to their cases."""

from __future__ import annotations

from flask_babel import gettext as _


def case_link_words() -> dict[str, str]:
    """Return key → words of what leads from patches to their cases."""
    return {
        "case_open": _("Open a case"),
        "case_link_to": _("Link with case {number}"),
        "case_known": _("Case {number}: {title}"),
        "case_joins": _("This ground belongs to an open case, {m} m away."),
        "case_joins_ground": _("This ground belongs to an open case."),
        "case_before": _("There was a case here before: {numbers}"),
        "case_licence": _(
            "{share} of it lies in a licensed parcel that held on the day of the picture: {name}."
        ),
        "case_settled": _("Open cases for all that are settled as like poppy"),
        "case_made": _("{opened} cases opened, {linked} linked, {known} had one."),
    }

"""Words of the measured sensitivity of a survey, for the scripts."""

from __future__ import annotations

from flask_babel import gettext as _


def sensitivity_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        "sensitivity": _("Measured sensitivity"),
        "sensitivity_none": _(
            "Not measured on this picture; coverage takes the detection rate of the table."
        ),
        "sensitivity_caption": _("Share of simulated patches that the list would hold"),
        "sensitivity_look": _("Stage, flowers per m²"),
        "sensitivity_flowers": _("{stage}, {bloom}"),
        "sensitivity_between": _("{low}–{high} %"),
        "sensitivity_count": _("n = {n}"),
        "sensitivity_overall": _("Patches from {area}"),
        "sensitivity_false": _("False alarms per km², at most"),
        "sensitivity_decoys": _("Pasted ordinary plants"),
        "sensitivity_ordinary": _("The same ground untouched"),
        "sensitivity_dropped": _("Without room on open ground"),
        "sensitivity_old": _("The picture was searched anew since: measure it again."),
    }

"""The words of the page of the work in the background."""

from __future__ import annotations

from flask_babel import gettext as _


def job_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        "jb_waiting": _("Waiting"),
        "jb_running": _("Running"),
        "jb_done": _("Done"),
        "jb_failed": _("Failed"),
        "jb_cancelled": _("Cancelled"),
        "jb_place": _("{n} in line"),
        "jb_place_one": _("next in line"),
        "jb_later": _("tried again at {when}"),
        "jb_left": _("{low} to {high} left"),
        "jb_left_most": _("at most {high} left"),
        "jb_tries": _("try {n} of {most}"),
        "jb_stopping": _("Being stopped …"),
        "jb_cancel": _("Cancel"),
        "jb_retry": _("Try again"),
        "jb_cancel_of": _("Cancel: {what}"),
        "jb_retry_of": _("Try again: {what}"),
        "jb_by": _("from {person}"),
        "jb_sent": _("asked for {when}"),
        "jb_ended": _("ended {when}"),
        "jb_took": _("took {time}"),
        "jb_none": _(
            "Nothing here. Files that you upload are read in the background and stand here."
        ),
        "jb_none_such": _("None of these."),
        "jb_more": _("Show more"),
        "jb_retried": _("{n} failed jobs wait again."),
        "jb_retried_one": _("One failed job waits again."),
        "jb_retried_none": _("None of your jobs has failed."),
        "jb_counts": _("{waiting} waiting, {running} running, {failed} failed"),
        "jb_silent": _("No connection. What you see is from {when}; it goes on by itself."),
        "seconds": _("seconds"),
        "minutes": _("min"),
        "hours": _("h"),
        "beijing": _("Beijing time"),
        "unknown": _("unknown"),
    }

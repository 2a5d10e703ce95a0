"""The words of the scripts that send files and show what was sent."""

from __future__ import annotations

from flask_babel import gettext as _


def upload_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        "upload_resting": _("Resting at {share}"),
        "upload_checking": _("Arrived, now being checked…"),
        "upload_queued": _("Received whole, waiting to be read"),
        "upload_failed": _("Received, but it could not be read"),
        "upload_rest": _("Pause"),
        "upload_go_on": _("Continue"),
        "upload_cancel": _("Cancel"),
        "upload_all_rest": _("Pause all"),
        "upload_all_go_on": _("Continue all"),
        "upload_again_all": _("Send again the {n} that failed"),
        "upload_again": _("You sent this file before: it was received on {moment}."),
        "upload_others": _("These bytes were already sent on {moment}."),
        "upload_no_line": _("No connection at the moment. It goes on by itself from where it was."),
        "upload_foreign": _(
            "This network answers in the server's place (perhaps its login page). It goes on by "
            "itself when the server can be reached."
        ),
        "upload_signed_out": _(
            "You are signed out. Sign in in another tab, or load this page again: nothing is lost."
        ),
        "upload_unreadable": _("The file can't be read any more. Choose it again."),
        "upload_choose_again": _(
            "{n} large files were not sent whole. Choose them again and they go on from where "
            "they were: {names}"
        ),
        "upload_choose_again_one": _(
            "One large file was not sent whole. Choose it again and it goes on from where it "
            "was: {names}"
        ),
        "sent_summary": _("{n} files, {size}, {bad} of them could not be used"),
        "sent_none": _("Nothing fits. Choose other days or show everything."),
        "sent_half": _("{share} of {size} here, kept until {moment}"),
        "sent_day": _("{day}: {n} files"),
        "sent_file": _("File"),
        "sent_size": _("Bytes"),
        "sent_state": _("Result"),
        "sent_receipt": _("Receipt"),
        "sent_time": _("Received"),
        "sent_words": _("In words"),
    }

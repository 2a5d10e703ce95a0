"""The words of what a phone keeps for a day, of what waits on it, and of a person's week."""

from __future__ import annotations

from flask_babel import gettext as _


def field_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {**_kept_words(), **_queue_words(), **_question_words(), **_week_words()}


def pass_words() -> dict[str, str]:
    """Return the words of pages that send what waits, wherever they are."""
    return {
        "q_other_person": _(
            "Somebody else is signed in on this device now. What waits here is sent once its own "
            "person signs in again."
        ),
        "td_photo_lost": _(
            "The photo can't be kept on this device: it is sent now or not at all, so stay here "
            "until the receipt comes."
        ),
    }


def _kept_words() -> dict[str, str]:
    return {
        "off_take_now": _("Fetching: {done} of {all}, {size}"),
        "off_none": _(
            "Nothing was taken along yet. Do it where there is a signal, before you set out."
        ),
        "off_kept": _("Taken along {when}: {size}. Opens without a signal."),
        "off_short": _(
            "{n} of {all} parts could not be had or went over the {limit} there is for it."
        ),
        "off_failed": _("It could not be fetched. Try again where the signal is better."),
        "off_no_tls": _(
            "This page came over plain http, so the browser keeps no pages and tells no place. Answers "
            "and photos still wait on this page. Ask the office for the https address."
        ),
        "off_no_worker": _(
            "This browser keeps no pages. Use Chrome 88 or newer, or do not close this page."
        ),
        "off_room": _(
            "Only {size} are left on this device: photos may not be kept. Send what waits, or make "
            "room, before you take more."
        ),
    }


def _queue_words() -> dict[str, str]:
    return {
        "q_all_sent": _("Nothing waits on this device."),
        "q_waits": _("{n} waiting"),
        "q_files": _("{n} files wait on this device"),
        "q_files_one": _("One file waits on this device"),
        "q_entry": _("Entry: {what}"),
        "q_photo": _("Photo: {what}, {size}"),
        "q_file": _("File: {what}, {size}"),
        "q_waiting": _("waits for a signal"),
        "q_on_upload": _("Look at it on the upload page"),
        "q_with_photos": _("Entry: {what}, with {n} photos ({size})"),
        "q_with_photos_one": _("Entry: {what}, with one photo ({size})"),
        "q_others": _(
            "{n} things of another person wait on this device. They are sent once that person signs "
            "in here."
        ),
        "q_others_one": _(
            "One thing of another person waits on this device. It is sent once that person signs in "
            "here."
        ),
        "q_questions": _("{n} not taken: a question for you"),
        "q_sign_in": _(
            "You are signed out. Sign in again under the same name: then it is sent by itself."
        ),
        "q_sign_in_link": _("Sign in"),
    }


def _question_words() -> dict[str, str]:
    return {
        "q_moved": _(
            "{what}: the case moved on after you filled this in. Nothing is lost. What is to become "
            "of it?"
        ),
        "q_refused": _(
            "{what}: the server did not take it. Nothing is lost. What is to become of it?"
        ),
        "q_entered": _("You entered, {when}:"),
        "q_step": _("Step"),
        "q_again": _("Send it again"),
        "q_all_the_same": _("Send it all the same"),
        "q_as_note": _("Put it into the case as a note"),
        "q_note_of": _("Entered without a signal, not taken as a step: {text}"),
        "q_no_photos": _("Send it without the photos (they are saved on the phone)"),
        "q_look": _("Look at it as it is now"),
        "q_save": _("Save on the phone"),
        "q_throw": _("Throw away"),
        "q_sure": _("Throw away for good?"),
        "q_throw_yes": _("Yes, throw away"),
        "q_throw_no": _("No, keep"),
        "f_suspicious": _("Suspicious"),
        "td_receipt": _("{when} {what} · receipt {receipt}"),
    }


def _week_words() -> dict[str, str]:
    return {
        "wk7_days": _("{first} to {last}"),
        "wk7_walked": _("{m} on foot or wheels in {n} tracks that you sent"),
        "wk7_counted": _("{m} of it counted: what repeats another track is left out"),
        "wk7_new": _("{n} cells, {area}: seen by {unit} and by nobody before"),
        "wk7_all_units": _("all units"),
        "wk7_until": _("Campaign {campaign}, looks until {day}"),
        "wk7_no_campaign": _("There is no campaign yet, so no cells are counted."),
        "wk7_none": _(
            "No tracks of these days. Send the file of your track app on the upload page."
        ),
        "wk7_day": _("{day}: {m}"),
    }

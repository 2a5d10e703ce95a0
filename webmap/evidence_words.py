"""The words of evidence on the page of a case."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.cases.facts import AREA_HOW_WORDS
from geoinspect.cases.records import EVIDENCE_WORDS
from webmap.language import in_words


def evidence_words() -> dict[str, str]:
    """Return key → words."""
    return {
        **{f"ev_kind_{kind}": in_words(words) for kind, words in EVIDENCE_WORDS.items()},
        **{f"ev_how_{how}": in_words(words) for how, words in AREA_HOW_WORDS.items()},
        **_list_words(),
        **_form_words(),
        **_count_words(),
        **_area_words(),
    }


def _list_words() -> dict[str, str]:
    return {
        "ev_none": _(
            "No evidence yet. Add photos from the spot, a count, the measured ground or a note."
        ),
        "ev_thumb": _("Small copy of {name}"),
        "ev_taken": _("Made {when}"),
        "ev_no_time": _("Time not known"),
        "ev_on_ground": _("on the ground of the case"),
        "ev_away": _("{m} from the ground of the case"),
        "ev_no_place": _("Place not known"),
        "ev_witness": _("Witness: {who}"),
        "ev_count_plain": _("{n} plants, counted one by one"),
        "ev_count_between": _("{n} plants, {low} to {high} ({level} interval)"),
        "ev_quadrats": _("{n} quadrats of {size}, on {area}"),
        "ev_area_between": _("{area}, {low} to {high} m²"),
        "ev_odd": _("To be judged by the one who signs:"),
        "ev_added": _("Added {when} by {who}"),
        "ev_download": _("Original file ({size})"),
        "ev_hash_title": _("SHA-256 of the original: {hash}"),
    }


def _form_words() -> dict[str, str]:
    return {
        "ev_add": _("Add evidence"),
        "ev_do_files": _("Photos, videos, documents"),
        "ev_do_count": _("Count plants"),
        "ev_do_area": _("Measure the ground"),
        "ev_do_note": _("Write a note"),
        "ev_choose": _("Choose files"),
        "ev_camera": _("Take a photo"),
        "ev_choose_hint": _(
            "Originals from the phone or camera prove place and time. Pictures that went through "
            "a chat have lost both."
        ),
        "ev_say_place": _(
            "Say where I am with a photo taken here, in case it carries no place itself"
        ),
        "ev_note": _("Note on it"),
        "ev_note_text": _("What was seen"),
        "ev_witness_name": _("Name of a witness"),
        "ev_witness_office": _("Office of the witness"),
        "ev_send": _("Save the evidence"),
        "ev_sending": _("sending {share}"),
        "ev_waiting": _("waits"),
        "ev_checking": _("kept, being read"),
        "ev_saved": _("Saved, receipt {receipt}"),
        "ev_refused": _("Not saved"),
        "ev_again": _("Send again"),
        "ev_too_big": _("The file has {size}; at most {limit} can be taken."),
        "ev_note_missing": _("Write what was seen."),
    }


def _count_words() -> dict[str, str]:
    return {
        "ev_by_quadrats": _("By quadrats"),
        "ev_one_by_one": _("One by one"),
        "ev_plants": _("Number of plants"),
        "ev_in_quadrat": _("Plants in quadrat {n}"),
        "ev_quadrat_row": _("Plants in each quadrat; put them down at random, also where few grow"),
        "ev_quadrat_m2": _("Ground of one quadrat, m²"),
        "ev_area_m2": _("Planted ground in all, m²"),
        "ev_counts_missing": _("Give the plants of at least one quadrat."),
        "ev_plants_missing": _("Give the number of plants."),
    }


def _area_words() -> dict[str, str]:
    return {
        "ev_walk_file": _("A track walked round the ground (GPX, KML and others)"),
        "ev_walk_now": _("Walk round it now"),
        "ev_walk_hint": _("Keep the screen on and walk once along the border, back to the start."),
        "ev_walk_points": _("{n} places so far, the last one good to {m} m"),
        "ev_walk_wait": _("Waiting for the first place …"),
        "ev_walk_stop": _("I am back at the start"),
        "ev_walk_leave": _("Stop without saving"),
        "ev_walk_none": _(
            "This device gives no place: allow it in the browser, or choose a track."
        ),
        "ev_area_typed": _("Measured otherwise"),
        "ev_area_how": _("How it was measured"),
        "ev_area_missing": _("Give the area."),
        "ev_use_as_ground": _("Let it be the ground of the case from now on"),
    }

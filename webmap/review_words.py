"""The words of the review queue."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.review_records import WhyNot

# The key that gives a reason; none of them answers anything else.
_KEYS = {
    WhyNot.GRASS: "G",
    WhyNot.CROP: "C",
    WhyNot.GARDEN_FLOWER: "F",
    WhyNot.VEGETABLE: "V",
    WhyNot.TREE: "T",
    WhyNot.ROOF_OR_FILM: "R",
    WhyNot.LICENSED: "L",
    WhyNot.DUPLICATE: "D",
    WhyNot.PICTURE_FAULT: "P",
    WhyNot.OTHER: "X",
}


def reason_keys() -> list[dict[str, str]]:
    """Return what a patch may be instead, with the key that says so."""
    return [{"reason": reason.value, "key": key} for reason, key in _KEYS.items()]


def review_words() -> dict[str, str]:
    """Return key → words of the review pages."""
    return {**_queue_words(), **_reason_words(), **_progress_words(), **_model_words()}


def _queue_words() -> dict[str, str]:
    return {
        "waits_patches": _("patches to look at"),
        "waits_questions": _("uploads with a question"),
        "waits_tracks": _("tracks with doubts"),
        "waits_undated": _("pictures without a date"),
        "waits_cases": _("cases to sort out"),
        "waits_more": _("{n} or more"),
        "said_poppy": _("Looks like poppy"),
        "said_other": _("Not poppy"),
        "said_unsure": _("Unsure"),
        "said_skipped": _("Skipped"),
        "patch_chip": _("Picture of patch {patch}, {m} metres across"),
        "context_chip": _("Its surroundings, {m} metres across"),
        "across": _("{m} m across"),
        "picture_missing": _(
            "The picture can't be shown: the raster is missing or the connection is broken."
        ),
        "wait_for_picture": _("The picture is still loading."),
        "skip_unseen": _("What nobody sees can't be judged: skip it (S), it comes again later."),
        "place_now": _("{place} of {total} by what was learnt; the detector's place: {first}"),
        "place_score": _("{place} of {total} by the detector's score"),
        "chance_now": _("{share} (a model's number)"),
        "order": _("Order"),
        "chance": _("Chance of poppy"),
        "where": _("Place"),
        "survey_taken": _("Picture"),
        "earlier_label": _("You said “{said}” before this survey was detected again."),
        "you_said": _("You said: {said}"),
        "this_picture": _("this picture"),
        "answered": _("{patch}: {said}"),
        "taken_back": _("{patch}: taken back"),
        "all_done": _(
            "Nothing is left to review here for you. Patches that others must look at again are "
            "listed below."
        ),
        "nothing_found": _(
            "The detector marked nothing on this picture, or has not searched it yet."
        ),
        "offline_empty": _("No more pictures are loaded: they come when the connection is back."),
        "waiting_to_send": _("{n} answers wait to be sent; they are kept on this device."),
        "waiting_to_send_one": _("1 answer waits to be sent; it is kept on this device."),
        "why_not": _("What is patch {patch} instead? A key is enough; you need not say."),
    }


def _reason_words() -> dict[str, str]:
    return {
        "reason_not_grass": _("Grass or weeds"),
        "reason_not_crop": _("Crop"),
        "reason_not_garden_flower": _("Garden flowers"),
        "reason_not_vegetable": _("Vegetables"),
        "reason_not_tree": _("Tree or shrub"),
        "reason_not_roof_or_film": _("Roof or film"),
        "reason_not_licensed": _("Licensed poppy"),
        "reason_not_duplicate": _("Same as another patch"),
        "reason_not_picture_fault": _("Fault of the picture"),
        "reason_not_other": _("Something else"),
    }


def _progress_words() -> dict[str, str]:
    return {
        "seen_of": _("{seen} seen by you · {open} open · {settled} of {total} settled"),
        "found_of": _("{yes} like poppy · {no} not · {third} to look at again"),
        "half_of": _("{n} wait for a second person"),
        "time_left": _("{each} s each · {low} – {high} left"),
        "advice": _(
            "The next {n} would hold about {expected} patches (95 %: {low}–{high}) – a model's "
            "number, not a finding."
        ),
        "no_learning": _(
            "These patches come from an older detector and are shown by its score; detect the "
            "survey again to let the order learn from your answers."
        ),
        "review_list": _("Surveys to review"),
        "survey": _("Survey"),
        "open_patches": _("Open for you"),
        "settled_patches": _("Settled"),
        "like_poppy": _("Like poppy"),
        "third_look": _("To look at again"),
        "second_person": _("Wait for a second person"),
        "no_searched": _(
            "No survey has been searched yet. Upload an orthomosaic (GeoTIFF): its patches come here."
        ),
        "last_labels": _("What was said"),
        "patch_number": _("Patch"),
        "said": _("Answer"),
        "by_whom": _("By"),
        "at_time": _("When"),
        "take_back": _("Take back"),
        "said_earlier": _("before it was detected again"),
        "no_labels": _("Nothing was said yet."),
        "labels_shown": _("{n} of {total} shown, newest first"),
    }


def _model_words() -> dict[str, str]:
    return {
        "model_made": _("Made {when} by {who} of {poppy} like poppy and {other} not"),
        "model_worth": _(
            "On ground held out in blocks of {block} m: log loss {learnt} (detector {detector}); "
            "{recalls}"
        ),
        "model_recall": _("first {k}: {learnt} of the patches (detector {detector})"),
        "model_untold": _(
            "Too few answers, of one kind or at one place only, to tell how well it orders."
        ),
        "model_make": _("Keep a model of the answers so far"),
        "model_use": _("Use it here too"),
        "model_drop": _("Use it no more"),
        "model_in_use": _("in use here"),
        "model_own": _("of this survey; its answers are in use"),
        "no_models": _("No model yet; one is kept at each 25th settled patch."),
        "data_mark": _("data {mark}"),
    }

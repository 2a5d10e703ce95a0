"""The words that scripts put on a page, in the page's language."""

from __future__ import annotations

from flask_babel import gettext as _

from webmap.case_link_words import case_link_words
from webmap.change_words import change_words
from webmap.field_words import pass_words
from webmap.language import language
from webmap.photo_words import photo_words
from webmap.sensitivity_words import sensitivity_words
from webmap.shown_words import shown_words
from webmap.site_words import site_map_words
from webmap.track_words import track_words


def script_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        "language": language(),
        **_map_words(),
        **_area_words(),
        **_detail_words(),
        **_reason_words(),
        **_survey_words(),
        **_upload_words(),
        **track_words(),
        **photo_words(),
        **shown_words(),
        **sensitivity_words(),
        **change_words(),
        **case_link_words(),
        **site_map_words(),
        **pass_words(),
    }


def _map_words() -> dict[str, str]:
    return {
        "nobody_saw": _("Ground without a look that still counts"),
        "of_total": _("{share} of {total}"),
        "whole_gaps": _("{area} of it in {n} cells without any such look"),
        "whole_gaps_one": _("{area} of it in one cell without any such look"),
        "chosen_only": _("Only the looks chosen by the filter count here."),
        "touched": _("Touched"),
        "covered": _("Covered"),
        "cleared": _("Cleared"),
        "unseen": _("Unseen"),
        "nested": _(
            "Each line is part of the one above it: touched is any ground seen, covered at least "
            "{covered} of the cell, cleared is covered and searched with a detection rate of at "
            "least {cleared}."
        ),
        "cells_of": _("{n} of {total} cells"),
        "tracks": _("Tracks"),
        "surveys": _("Drone pictures"),
        "patches": _("Suspected patches"),
        "in_parts": _("In parts"),
        "name": _("Name"),
        "unseen_ground": _("Unseen"),
        "of_ground": _("of km²"),
        "cleared_share": _("Cleared"),
        "rest": _("Not in any of these"),
        "sum": _("Together"),
        "gaps": _("Largest gaps"),
        "more": _("Show more"),
        "fold_rest": _("Show the other {n}"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "gaps_listed": _("List all of them"),
        "gaps_shown": _("{n} of {total} gaps shown, most ground × risk first"),
    }


def _area_words() -> dict[str, str]:
    return {
        "no_gaps": _("No cell here is wholly unseen."),
        "no_areas": _("No areas yet. Import their boundaries: geoinspect areas add FILE"),
        "other_areas": _("Other areas:"),
        "no_campaign": _(
            "No campaign yet, so there is nothing to measure coverage against. Make one: "
            "geoinspect campaigns add NAME --area CODE --from DATE --to DATE --cell 100"
        ),
        "no_such_area": _("There is no area {given}: shown is the whole campaign."),
        "no_such_campaign": _("There is no campaign {given}: shown is the newest one."),
        "outside_campaign": _("This area lies outside the campaign, so it has no coverage."),
        "no_tracks": _("No tracks here in this campaign. Upload some on the upload page."),
        "no_surveys": _(
            "No drone pictures here yet. Upload an orthomosaic (GeoTIFF) on the upload page."
        ),
        "claim": _(
            "Assumed, unless a trial measured them: sweep widths, detection rates (drone pictures: "
            "{pod}), prior risk, and for how long a look holds as plants grow. Seen ground is "
            "ground that was searched: it does not prove that nothing grows there."
        ),
        "data_until": _("Data until {day}"),
        "no_data": _("No data yet"),
        "km2": _("km²"),
        "mu": _("mu"),
        "ha": _("ha"),
        "m2": _("m²"),
        "metres": _("m"),
        "kilometres": _("km"),
        "beijing": _("Beijing time"),
        "failed": _("The server did not answer. Check the network and try again."),
        "again": _("Try again"),
        "signed_out": _("You are signed out. Sign in again."),
        "go_to": _("Go to {name}"),
        "level_province": _("Province"),
        "level_prefecture": _("Prefecture"),
        "level_county": _("County"),
        "level_township": _("Township"),
        "level_village": _("Village"),
        "level_compartment": _("Forest compartment"),
    }


def _detail_words() -> dict[str, str]:
    return {
        "back": _("Back to {name}"),
        "cell": _("Cell {id}"),
        "cell_outside": _("No cell of the campaign here."),
        "seen_share": _("Seen"),
        "of_cell": _("{share} of {area} of ground"),
        "effort": _("Detection rate"),
        "effort_note": _("{share}, from the effort: {length} of track"),
        "passes": _("Looks"),
        "last_seen": _("Last seen"),
        "never": _("Never"),
        "unknown": _("Unknown"),
        "who": _("Who was there"),
        "nobody": _("Nobody yet. No track or picture saw this cell."),
        "areas": _("Areas"),
        "mode_survey": _("drone picture"),
        "track": _("Track"),
        "length": _("Length"),
        "length_note": _("{raw} as read, {clean} after cleaning, {counted} counted"),
        "points": _("Points"),
        "file": _("File"),
        "when": _("When"),
        "datum": _("Coordinates"),
        "notes": _("Notes"),
        "patch": _("Suspected patch"),
        "patch_licensed": _("Patch in a licensed parcel"),
        "rank": _("Rank"),
        "unit_colours": _("Track colours of {n} units"),
        "rank_of": _("{rank} (1 is the first to look at)"),
        "not_ranked": _("Not ranked: licensed on that day"),
        "score": _("Score"),
        "score_note": _("{score}, a model's number, not a probability"),
        "area": _("Area"),
        "reasons": _("Why it stands out"),
        "open_review": _("Open in the review queue"),
        "lead": _("A lead to check on the ground, not evidence."),
        "picture": _("Picture"),
        "taken": _("taken {day}"),
        "chip_alt": _("Picture of the patch with its outline and what stands around it"),
        "chip_failed": _("The picture can't be shown."),
        "gsd": _("{cm} cm a pixel"),
    }


def _reason_words() -> dict[str, str]:
    return {
        "reason_of": _("more than {share} of the plants in this picture"),
        "basis_model": _("{share}, the model's number, not a probability"),
        "basis_nudge": _("speaks for it: {share} of the most it may count"),
        "reason_glaucous": _("Blue-green leaves"),
        "reason_glaucous_contrast": _("Bluer than the plants around it"),
        "reason_petals": _("Flower-coloured pixels among leaves"),
        "reason_petals_contrast": _("More flower colour than around it"),
        "reason_speckle": _("Fine, coloured speckle"),
        "reason_texture": _("Rough, uneven leaves"),
        "reason_stands_out": _("More speckled, rougher or brighter than around it"),
        "reason_model": _("Marked by the detection model that was brought in"),
        "reason_nir": _("Near infrared and red edge"),
        "reason_spectrum": _("Like the spectrum it is compared with"),
        "reason_season": _("Grows and fades in the year as the target does"),
    }


def _survey_words() -> dict[str, str]:
    return {
        "survey_review": _("Review its patches"),
        "survey_check": _("Picture check"),
        "survey_unchecked": _("This picture was added before pictures were checked."),
        "fit": _("Fit to be searched"),
        "fit_ready": _("Yes"),
        "fit_not_ready": _("No, see below"),
        "true_detail": _("True detail"),
        "blur": _("Blur"),
        "blur_of": _("{n} px"),
        "patches_from": _("Patches can be seen from"),
        "seams": _("Seams"),
        "seams_of": _("in {share} of the places looked at"),
    }


def _upload_words() -> dict[str, str]:
    return {
        "waiting": _("Waiting"),
        "sending": _("Sending: {share}"),
        "reading": _("Received whole, now being read…"),
        "done": _("Added"),
        "duplicate": _("Already here"),
        "refused": _("Can't be used"),
        "received": _("Received"),
        "broken": _("The connection broke. Nothing was lost: send it again."),
        "retry": _("Send again"),
        "receipt": _("Received {time} · {size} · receipt {id}"),
        "see": _("See it on the map"),
        "too_big": _("{size} is more than the limit of {limit}. Split it and send the parts."),
        "empty": _("The file is empty. Choose it again, or export it again in the app."),
        "summary": _("{done} of {total} files done, {bad} with a problem"),
        "nothing_sent": _("Nothing sent yet. What you send appears here with its receipt."),
    }

"""The words of the page about cross-checks and seeded trials."""

from __future__ import annotations

from flask_babel import gettext as _


def check_words() -> dict[str, str]:
    """Return key → words of the page about checks."""
    return {**_draw_words(), **_find_words(), **_trial_words()}


def _draw_words() -> dict[str, str]:
    return {
        "cross_checks": _("Cross-checks"),
        "seed": _("Seed"),
        "drawn_on": _("Drawn"),
        "drawn_cells": _("Cells drawn"),
        "of_cleared": _("{share} of {n} cleared"),
        "searched_again": _("Searched again"),
        "entered": _("Entered"),
        "result": _("Rate of the first search"),
        "nothing_entered": _("nothing entered yet"),
        "cell_name": _("Cell"),
        "checking_unit": _("Unit that checks"),
        "cleared_by": _("Cleared by"),
        "believed": _("POD believed"),
        "finds": _("Finds"),
        "not_yet": _("not yet"),
        "no_draws": _("No draw yet."),
        "drawable": _("{n} of {total} cells are cleared as of {day} and may be drawn."),
        "nothing_cleared": _("No cell is cleared yet, so none can be drawn."),
        "draw_of": _("Draw “{seed}” of {day}"),
        "draw_progress": _(
            "{checked} of {total} cells were searched again by their unit, of {entered} the finds "
            "are entered."
        ),
        "all_units": _("All units"),
        "unit_cells": _("{name}: {n} cells"),
        "unit_cells_one": _("{name}: 1 cell"),
    }


def _find_words() -> dict[str, str]:
    return {
        "first_only": _("Found by the first search only"),
        "second_only": _("Found by the check only"),
        "both": _("Found by both"),
        "enter_finds": _("Enter finds"),
        "change_finds": _("Change"),
        "keep_finds": _("Keep"),
        "finds_words": _("first only {first}, check only {second}, both {both}"),
        "no_finds_yet": _(
            "No finds entered yet. Enter zeros too: cells where the check found nothing count."
        ),
        "result_sentence": _(
            "In {n} cells the first search had found {found} and missed {missed}. Believed was "
            "a detection rate of {believed}; with these finds it is {rate} (90 % interval {low} – "
            "{high})."
        ),
        "result_sentence_one": _(
            "In 1 cell the first search had found {found} and missed {missed}. Believed was a "
            "detection rate of {believed}; with these finds it is {rate} (90 % interval {low} – "
            "{high})."
        ),
        "both_missed": _("Both together missed about {n} ({low} – {high}), by Chapman's estimate."),
        "adopt_check": _("Take this over for searches on foot"),
        "taking_over": _("Taking it over, and making the looks anew…"),
        "taken_over": _("In the table of rates now; {n} looks were made anew."),
        "taken_over_one": _("In the table of rates now; 1 look was made anew."),
    }


def _trial_words() -> dict[str, str]:
    return {
        "no_trials": _("No trial yet: sweep widths and rates are assumed until one is done."),
        "rate_of": _("Detection rate {rate} (95 % interval {low} – {high})"),
        "width_of": _("Sweep width {width} m (95 % interval {low} – {high} m)"),
        "width_bounds": _("Only a bound for the sweep width: {low} – {high} m"),
        "strip_words": _(
            "Distance of each dummy from the line walked, to {far} m: {found} found (above), "
            "{missed} missed (below)"
        ),
        "half_width": _("half the width"),
        "trial_of": _("{day}: {found} of {shown} dummies of {patch} m² found; entered by {who}"),
        "adopt_trial": _("Take this over into the table of rates"),
        "in_the_table": _("Its figure is in the table of rates."),
        "working": _("Working it out…"),
    }

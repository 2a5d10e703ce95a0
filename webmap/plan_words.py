"""The words of the pages about plans."""

from __future__ import annotations

from flask_babel import gettext as _


def plan_words() -> dict[str, str]:
    """Return key → words of the pages about plans."""
    return {**_wish_words(), **_plan_words(), **_walked_words()}


def _wish_words() -> dict[str, str]:
    return {
        "start_title": _("Start point {n}: click to take it away, drag to move it"),
        "take_away": _("Take away"),
        "no_start": _("Put at least one start point: click the map where a team begins."),
        "planning": _("Planning… {n} s so far; it takes up to a minute."),
        "another_plan": _(
            "Another plan is being made. Try again in a minute: what you entered stays."
        ),
        "plan_name": _("Patrol of {day}"),
        "no_plans": _(
            "No plan yet. Put start points on the map, say how many teams and hours, and make one."
        ),
        "teams_of": _("{n} teams"),
        "teams_of_one": _("1 team"),
        "before_after": _("Chance of finding {before} → {after}"),
    }


def _plan_words() -> dict[str, str]:
    return {
        "team_label": _("Team {n}"),
        "cells_entered": _("Cells entered"),
        "gain_points": _("Gain, points"),
        "gain_sentence": _(
            "Walking these routes lifts the chance of finding from {before} to {after} ({points} "
            "percentage points)."
        ),
        "gain_meaning": _(
            "Chance of finding: how likely a patch, if one stood somewhere in the campaign, would "
            "have been found. A model's number; it does not say that there is one."
        ),
        "gain_meaning_ground": _(
            "Chance of finding: how likely a patch, if one stood somewhere in the chosen ground, "
            "would have been found. A model's number; it does not say that there is one."
        ),
        "no_routes": _("No route could be made: nothing to gain within reach of the start points."),
        "ground_asked": _("Ground to raise"),
        "compared": _("Against simpler ways, same hours"),
        "boustrophedon": _("Parallel lines from the best corner:"),
        "nearest_gap": _("Always to the nearest gap:"),
        "times_as_much": _("{points} points; the plan brings {times} times as much"),
        "free_walking": _(
            "If getting anywhere cost nothing: {points} points, which nobody reaches"
        ),
        "asked_for": _("Asked for"),
        "asked_words": _("{teams}, {hours} h each, sweep width {width} m"),
        "data_of": _("Ground as of"),
        "made_by": _("Made by"),
        "drop_plan": _("Delete the plan"),
        "drop_sure": _("Yes, delete it"),
    }


def _walked_words() -> dict[str, str]:
    return {
        "planned_walked": _("Planned and walked"),
        "walked_sentence": _(
            "{followed} of {planned} planned were walked (within {tolerance} m); walked in all: "
            "{walked}."
        ),
        "team_walked": _("Team {n}: {share} of {length}"),
        "walked_gain": _(
            "Gain on that day's ground: {planned} points planned, {walked} points walked."
        ),
        "nobody_walked": _("No track of that day has come in."),
    }

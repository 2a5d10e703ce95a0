"""The words of what the map shows and asks: layers, days, filters, drawn areas, a cell's story."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.search_records import METHOD_WORDS, STAGE_WORDS
from webmap.language import in_words


def shown_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        **_legend_words(),
        **_question_words(),
        **_drawing_words(),
        **_story_words(),
        **{f"method_{method.value}": in_words(text) for method, text in METHOD_WORDS.items()},
        **{f"stage_{stage.value}": in_words(text) for stage, text in STAGE_WORDS.items()},
    }


def layer_names() -> list[tuple[str, str]]:
    """Return the name of each layer that one may choose to see of every cell, and its words."""
    return [
        ("state", _("State of the search")),
        ("pod", _("Detection (POD)")),
        ("last_seen", _("Last seen")),
        ("risk", _("Prior risk")),
        ("sensitivity", _("Chance found")),
        ("remaining", _("Remaining risk")),
    ]


def _legend_words() -> dict[str, str]:
    return {
        "about_state": _("State of the search: the highest that each cell has reached"),
        "about_pod": _(
            "Detection (POD): the share of targets that the effort there would have found"
        ),
        "about_last_seen": _("Days since the last look that still counts"),
        "about_risk": _("Prior risk, relative to ordinary ground (×1)"),
        "about_sensitivity": _(
            "Chance found: how likely the looks would have found a patch in the cell"
        ),
        "about_remaining": _(
            "Remaining risk: prior risk × chance not found × ground; 1 is a whole cell of ordinary "
            "risk that nobody searched"
        ),
        "legend_touched": _("Touched: any ground seen"),
        "legend_covered": _("Covered: at least {covered} seen"),
        "legend_cleared": _("Cleared: covered, POD at least {cleared}"),
        "legend_expired": _("Expired: seen too long ago"),
        "legend_none": _("0: nothing is expected there"),
        "legend_unknown": _("Day unknown"),
        "from_to": _("{low} – {high}"),
        "at_least": _("{low} or more"),
        "days_from_to": _("{low} – {high} days"),
        "days_more": _("more than {low} days"),
        "legend_of": _("Shares are of the campaign's {total}, as of {day}."),
    }


def _question_words() -> dict[str, str]:
    return {
        "as_of": _("As of {day}"),
        "play": _("Play the days"),
        "pause": _("Pause"),
        "day_clamped": _("The address asked for a later day: shown is {day}, the last one."),
        "no_such_question": _("The address asked for a day or a filter that does not exist here."),
        "filter": _("Filter"),
        "filter_close": _("Close"),
        "filter_units": _("Units"),
        "filter_teams": _("Teams"),
        "filter_methods": _("Ways of looking"),
        "filter_none": _("Nobody has looked yet."),
        "filtered": _("Filter ({n})"),
        "remove_chip": _("Remove: {name}"),
        "clear_all": _("Show all"),
        "narrowed": _("Only the chosen looks count: ground that others saw is shown as unseen."),
        "lacking_unseen": _("Unseen"),
        "lacking_uncleared": _("Not cleared"),
        "lacking_choice": _("Which gaps to list"),
        "no_uncleared": _("All ground here is cleared."),
        "gaps_keep": _("For phones and maps:"),
        "risk_times": _("risk ×{risk}"),
        "access_road": _("way in from a road: {place}"),
        "access_searched": _("way in from searched ground: {place}"),
        "access_inside": _("no known way in; a point inside: {place}"),
        "access": _("Way in"),
    }


def _drawing_words() -> dict[str, str]:
    return {
        "draw_how": _(
            "Click the corners of the area. By keyboard: arrows move the map, Enter sets a corner "
            "at the cross, Backspace takes it back."
        ),
        "draw_points": _("{n} corners"),
        "draw_points_one": _("1 corner"),
        "draw_more": _("An area needs three corners or more."),
        "drawn": _("Drawn area"),
        "drawn_size": _("{area} drawn, {inside} of it inside the campaign"),
        "drawn_empty": _("No ground of the campaign lies in the drawn area."),
        "drawn_remove": _("Remove the drawn area"),
        "drawn_again": _("Draw another one"),
    }


def _story_words() -> dict[str, str]:
    return {
        "faded_from": _(
            "Was “{state}”. Those looks no longer count, as the plants have grown since."
        ),
        "chance_found": _("Chance found"),
        "chance_note": _(
            "{share}: had a patch been here, the looks that count would have found it so often. "
            "Used for claims; rests on the widths and rates below."
        ),
        "stage_today": _("Growth stage"),
        "calendar": _("Calendar"),
        "stage_on": _("{stage} on {day}"),
        "stage_gone": _("gone"),
        "stage_from": _("{stage} from {day}"),
        "stage_note": _("By a table of latitude and altitude, not observed here."),
        "prior_risk": _("Prior risk"),
        "risk_note": _("×{risk} of ordinary ground"),
        "risk_plain": _("Nothing known here raises or lowers it."),
        "risk_defined": _("by definition"),
        "risk_why": _("Why this risk"),
        "factor_former": _("Old growing place, {distance} away"),
        "factor_houses": _("Houses, {distance} away"),
        "factor_roads": _("Road, {distance} away"),
        "factor_water": _("Water, {distance} away"),
        "factor_priority": _("Ground to watch, {share} of the cell"),
        "factor_licensed": _("Licensed parcel, {share} of the cell"),
        "factor_slope": _("Slope of {degrees}°"),
        "factor_altitude": _("Altitude of {distance}"),
        "factor_edit": _("Set by {who} for {share} of the cell"),
        "visit_width": _("sweep width {width} m"),
        "visit_rate": _("detection rate {rate}"),
        "visit_assumed": _("assumed, not measured"),
        "visit_coarse": _("Can't show patches under {patch} m²: not counted"),
        "visit_expired": _("Expired: no longer counts"),
        "at_stage": _("at the stage: {stage}"),
    }

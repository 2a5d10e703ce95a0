"""The words about rates, risk and growth stages."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.confidence.risk_rules import RiskFactor
from geoinspect.search_records import METHOD_WORDS, STAGE_WORDS, Visibility
from webmap.language import in_words


def method_names() -> dict[str, str]:
    """Return way of searching → words."""
    return {method.value: in_words(text) for method, text in METHOD_WORDS.items()}


def stage_names() -> dict[str, str]:
    """Return growth stage → words."""
    return {stage.value: in_words(text) for stage, text in STAGE_WORDS.items()}


def visibility_names() -> dict[str, str]:
    """Return visibility → words."""
    return {
        Visibility.OPEN: _("open ground"),
        Visibility.MIXED: _("mixed cover"),
        Visibility.DENSE: _("dense cover"),
    }


def factor_names() -> dict[str, str]:
    """Return factor of the prior risk → words."""
    return {
        RiskFactor.FORMER: _("Old growing places"),
        RiskFactor.PRIORITY: _("Ground marked by the office"),
        RiskFactor.LICENSED: _("Licensed parcels"),
        RiskFactor.HOUSES: _("Near houses"),
        RiskFactor.ROADS: _("Near roads"),
        RiskFactor.WATER: _("Near water"),
        RiskFactor.SLOPE: _("Slope"),
        RiskFactor.ALTITUDE: _("Altitude"),
    }


def rate_words() -> dict[str, str]:
    """Return key → words of rates, risk and growth."""
    return {
        **{f"visibility_{key}": words for key, words in visibility_names().items()},
        **{f"risk_of_{key}": words for key, words in factor_names().items()},
        **_rate_words(),
        **_risk_words(),
        **_growth_words(),
        "may_not_change": _(
            "You may look; only analysts and administrators change this: ask one of them."
        ),
    }


def _rate_words() -> dict[str, str]:
    return {
        "rates": _("Rates"),
        "way": _("Way of searching"),
        "value": _("Figure"),
        "interval_95": _("95 % interval"),
        "smallest_patch_of": _("Smallest patch"),
        "holds_from": _("Holds from"),
        "always": _("always"),
        "source": _("Source"),
        "entered_by": _("Entered by"),
        "change": _("Change"),
        "is_assumed": _("assumed"),
        "source_assumed": _("assumed; no measurement"),
        "source_neutral": _("neutral until set"),
        "source_set_by": _("set by {who}"),
        "source_stated": _("stated in {file}"),
        "source_trial": _("trial {id} of {day} ({found} of {total} found)"),
        "source_check": _("cross-check {id} of {day} ({found} found, {missed} missed)"),
        "source_simulated": _("{n} simulated patches of {area} m², {stage}"),
        "is_measured": _("measured"),
        "is_entered": _("entered"),
        "widths_of": _("Full sweep width of lines, {day}"),
        "rates_of": _("Detection rate of pictures, {day}"),
        "how_rows_win": _(
            "A measured row goes before an assumed one, a special row before a general one, a newer "
            "before an older."
        ),
        "nothing_in_table": _("Nothing entered yet: all figures above are assumed."),
        "drop_rate": _("Take out"),
        "drop_rate_sure": _("Yes, take it out"),
        "width_field": _("Full sweep width, m"),
        "rate_field": _("Detection rate, 0 to 1"),
        "making_anew": _("Entering it, and making the looks anew…"),
        "rate_entered": _("Entered; {n} looks were made anew."),
        "rate_entered_one": _("Entered; 1 look was made anew."),
    }


def _risk_words() -> dict[str, str]:
    return {
        "prior_risk_rules": _("Rules of the prior risk"),
        "factor": _("Factor"),
        "multiplier": _("Multiplier"),
        "reach": _("How far, how long"),
        "is_used": _("Used"),
        "decay_of": _("falls off over {n} m"),
        "half_life_of": _("half after {n} years"),
        "half_life_of_one": _("half after 1 year"),
        "no_effect": _("no effect"),
        "has_effect": _("in effect"),
        "switched_off": _("switched off"),
        "changed_here": _("changed by this office"),
        "breakpoints_slope": _("Degrees:multiplier, rising, such as 0:1, 25:2"),
        "breakpoints_altitude": _("Metres:multiplier, rising, such as 0:1, 1500:2"),
        "decay_field": _("Falls off over, m"),
        "half_life_field": _("Half-life of a find, years (empty: never)"),
        "where_from": _("Where it comes from"),
        "keep_rule": _("Keep"),
        "reset_rule": _("Back to what was given"),
    }


def _growth_words() -> dict[str, str]:
    return {
        "gone": _("Harvested or gone"),
        "growth_begins": _("First to last day on which each stage begins in an area's cells."),
        "season_as_of": _("Season of {day}."),
        "stage_now": _("now: {stage}"),
        "look_holds": _("A look at {stage} holds through: {last}."),
        "at_most_days": _("At most {n} days."),
        "at_most_days_one": _("At most 1 day."),
        "was_observed": _("Seen: {stage} began in {area} on {day}; the calendar there moved."),
        "own_growth": _("From this office's growth.toml. Change the file in the workspace."),
        "given_growth": _(
            "From the table that comes with geoinspect, assumed from latitude and altitude. To set "
            "your own dates, put a growth.toml into the workspace."
        ),
    }

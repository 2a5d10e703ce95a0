"""The words of the commander's page, in the page's language."""

from __future__ import annotations

from flask_babel import gettext as _


def overview_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {**_figure_words(), **_row_words(), **_day_words()}


def _figure_words() -> dict[str, str]:
    return {
        "fig_unseen": _("Unseen ground"),
        "fig_cleared": _("Cleared share"),
        "fig_clean": _("P(clean), a model's number"),
        "fig_overdue": _("Overdue cases"),
        "fig_standing": _("Confirmed, not yet eradicated"),
        "fig_sites_late": _("Sites overdue"),
        "fig_uploads": _("Files received today"),
        "fig_of_ground": _("of {total}"),
        "fig_of_open": _("of {n} open cases"),
        "fig_of_sites": _("of {n} sites"),
        "fig_target": _("target {target}"),
        "fig_no_target": _("no target"),
        "fig_same": _("as the day before"),
        "fig_change": _("{change} since the day before"),
        "fig_no_before": _("no figure of the day before"),
        "fig_as_of": _("Data of {day}"),
        "fig_no_data": _("No data yet"),
        "fig_points": _("{n} percentage points"),
        "fig_working": _("being reckoned …"),
        "fig_none": _("not known here"),
        "fig_better": _("better"),
        "fig_worse": _("worse"),
    }


def _row_words() -> dict[str, str]:
    return {
        "rank_area": _("Areas"),
        "rank_unseen": _("Unseen"),
        "rank_cleared": _("Cleared"),
        "rank_clean": _("P(clean)"),
        "rank_cases": _("Overdue / open"),
        "rank_standing": _("Not eradicated"),
        "rank_sites": _("Sites overdue / all"),
        "rank_curve": _("Cleared, last days"),
        "rank_caption": _("The areas below, by what is left to do"),
        "rank_sort": _("Sort by {column}"),
        "rank_empty": _("No areas lie below this one."),
        "place_head": _("Open cases here, newest first"),
        "place_case": _("Case"),
        "place_state": _("State"),
        "place_due": _("Due"),
        "place_map": _("Place"),
        "place_on_map": _("On the map"),
        "place_map_of": _("Case {number} on the map"),
        "place_none": _("No open case in this area."),
        "place_all": _("All {n} open cases of this area"),
        "no_areas": _(
            "No areas yet. Bring in the boundaries with “geoinspect areas add FILE”, then make a campaign."
        ),
        "no_campaign": _("No campaign yet: coverage has no grid to be counted on."),
    }


def _day_words() -> dict[str, str]:
    return {
        "days_cleared": _("Cleared share, to {day}"),
        "days_confirmed": _("Finds confirmed a day"),
        "days_eradicated": _("Eradications a day"),
        "days_uploads": _("Files received a day"),
        "days_total": _("{n} in {days} days"),
        "days_from_to": _("{first} – {last}"),
        "days_none": _("Nothing in {days} days"),
        "days_no_coverage": _("No coverage yet: tracks and drone pictures make it."),
        "news_title": _("Since {day}"),
        "news_seen": _("{area} more ground seen"),
        "news_lost": _("{area} of looks expired"),
        "news_opened": _("{n} cases opened"),
        "news_opened_one": _("one case opened"),
        "news_confirmed": _("{n} confirmed"),
        "news_eradicated": _("{n} eradicated"),
        "news_closed": _("{n} closed"),
        "news_uploads": _("{n} files received"),
        "news_uploads_one": _("one file received"),
        "news_nothing": _("Nothing new."),
        "wall_again": _("Shown anew every minute; last at {time}"),
        "wall_old": _("The server does not answer; shown as of {time}"),
    }

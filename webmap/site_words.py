"""The words of sites: on their pages and on the map."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.casework.sites_told import STATES
from geoinspect.ingest.site_fields import SiteKind


def site_kinds() -> dict[str, str]:
    """Return kind → words."""
    words = (
        _("Empty factory"),
        _("Greenhouse"),
        _("Livestock farm"),
        _("Former growing place"),
        _("Sampling point"),
        _("Yard"),
        _("Other site"),
    )
    return dict(zip(map(str, SiteKind), words, strict=True))


def site_states() -> dict[str, str]:
    """Return state → words, the most pressing first."""
    words = (
        _("Never visited"),
        _("Visit overdue"),
        _("Due soon"),
        _("Visited in time"),
        _("Not yet begun"),
        _("No longer due"),
        _("Retired"),
    )
    return dict(zip(STATES, words, strict=True))


def site_map_words() -> dict[str, str]:
    """Return key → words that the map needs of sites."""
    return {
        **{f"site_kind_{key}": words for key, words in site_kinds().items()},
        **{f"site_state_{key}": words for key, words in site_states().items()},
        "site_next_due": _("Next visit by {day}"),
        "site_due_past": _("Visit was due by {day}"),
        "site_open": _("Open the site"),
    }


def site_words() -> dict[str, str]:
    """Return key → words of the pages about sites."""
    return {**site_map_words(), **_list_words(), **_one_words(), **_answer_words()}


def _list_words() -> dict[str, str]:
    return {
        "site": _("Site"),
        "site_state": _("State"),
        "site_unit": _("Unit"),
        "site_last": _("Last visit proved"),
        "site_next": _("Next visit by"),
        "site_interval": _("Visit every"),
        "days_n": _("{n} days"),
        "days_n_one": _("1 day"),
        "days_left": _("{n} days left"),
        "days_left_one": _("1 day left"),
        "days_late": _("{n} days late"),
        "days_late_one": _("1 day late"),
        "due_today": _("today"),
        "no_visit_yet": _("no track has proved one"),
        "answered_unproved": _("answered on {day}, no track yet"),
        "no_unit_yet": _("no unit"),
        "sites_counted": _(
            "{late} of {required} sites to visit are overdue or never visited · {soon} due within "
            "{soon_days} days · {total} sites in all · as of {day}"
        ),
        "by_unit": _("By unit"),
        "sites_late_of": _("Overdue or never / to visit"),
        "site_soon": _("Due soon"),
        "no_sites": _(
            "No site yet. Analysts add them below one by one, or a list with: geoinspect sites add "
            "FILE (table with coordinates, GeoJSON, GeoPackage, KML or zipped Shapefile)."
        ),
        "no_site_matches": _("No site matches the filters."),
        "site_added": _("{code} was added."),
    }


def _one_words() -> dict[str, str]:
    return {
        "visit_rule": _("A visit is proved by a track: at least {dwell} within {radius}"),
        "visit_drone": _("Drone flights prove no visit: nobody was there."),
        "site_kind": _("Kind"),
        "site_area": _("Place"),
        "site_days": _("To be visited"),
        "from_day": _("from {day}"),
        "from_to": _("from {first} to {last}"),
        "site_case": _("Made of case"),
        "site_risk": _("Prior risk"),
        "risk_times": _("{n} times that of ordinary ground"),
        "risk_former": _("by the rule for old growing places (see Rates)"),
        "site_note": _("Note"),
        "visit_day": _("Day"),
        "visit_track": _("Track"),
        "visit_other": _("Of another unit"),
        "visit_arrived": _("Arrived"),
        "visit_dwell": _("Stayed"),
        "visit_nearest": _("Nearest"),
        "no_visits": _(
            "No track has come near long enough. Upload the track of the visit: it is found by "
            "itself."
        ),
        "visits_shown": _("{n} of {total} visits, newest first"),
        "no_answers": _("Nobody has answered yet."),
        "proved": _("a track proves it"),
        "unproved": _("no track yet"),
        "suspicious": _("Suspicious"),
        "opened_case_of": _("Case {number}"),
        "answered_of": _("{n} of {total} questions answered"),
        "photo_far": _("{name}: {distance} from the site"),
        "photo_no_place": _("{name}: no place in it"),
        "photo_heic": _("{name} (download)"),
        "site_retired": _("The site is retired."),
        "site_saved": _("Saved."),
        **_change_words(),
    }


def _change_words() -> dict[str, str]:
    return {
        "change_site": _("Change the site"),
        "change_name": _("Name"),
        "change_interval": _("Days between visits"),
        "change_radius": _("Radius, m"),
        "change_dwell": _("Least stay, s"),
        "change_checklist": _("Checklist, one question a line"),
        "change_save": _("Save the changes"),
        "change_retire": _("Visit it no more"),
        "change_revive": _("Visit it again"),
    }


def _answer_words() -> dict[str, str]:
    return {
        "f_yes": _("yes"),
        "f_no": _("no"),
        "in_words": _("in words"),
        "answer_kept": _("Received. Receipt {receipt}"),
        "answer_case": _("Case {id} was opened."),
        "answer_waits": _("Kept on this device; it is sent when the connection is back."),
        "photo_chosen": _("{name} ({size}) goes with the answer"),
        "photo_off": _("Take it off"),
        "place_known": _("Place taken, within {m} m"),
        "place_unknown": _("The device gives no place."),
        "waiting_to_send": _(
            "{n} answers wait to be sent; they are kept on this device. {trouble}"
        ),
        "waiting_to_send_one": _("1 answer waits to be sent; it is kept on this device. {trouble}"),
        "sent_later": _("{what}: received. Receipt {receipt}"),
        "refused_later": _("{what} was refused: {why}"),
    }

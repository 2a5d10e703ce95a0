"""The words of the pages about tracks and patrols."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.patrols.choices import Purpose
from geoinspect.records import Mode


def mode_names() -> dict[str, str]:
    """Return mode → words."""
    return {
        Mode.FOOT: _("on foot"),
        Mode.VEHICLE: _("by vehicle"),
        Mode.BOAT: _("by boat"),
        Mode.DRONE: _("by drone"),
    }


def purpose_names() -> dict[str, str]:
    """Return purpose → words."""
    return {
        Purpose.SEARCH: _("Search"),
        Purpose.RECHECK: _("Look again"),
        Purpose.CROSS_CHECK: _("Cross-check of another unit"),
        Purpose.SITE: _("Visit to a known site"),
        Purpose.OTHER: _("Other"),
    }


def track_orders() -> list[tuple[str, str]]:
    """Return sort order → words."""
    return [
        ("-day", _("Newest day first")),
        ("day", _("Oldest day first")),
        ("-length", _("Longest first")),
        ("length", _("Shortest first")),
        ("unit", _("By unit")),
        ("-unit", _("By unit, last first")),
        ("-doubts", _("Most doubts first")),
        ("doubts", _("Fewest doubts first")),
    ]


def track_words() -> dict[str, str]:
    """Return key → words of all pages about tracks and patrols."""
    return {
        **{f"mode_{mode}": words for mode, words in mode_names().items()},
        **{f"purpose_{purpose}": words for purpose, words in purpose_names().items()},
        **_figure_words(),
        **_track_words(),
        **_form_words(),
        **_fact_words(),
        **_doubt_words(),
        **_list_words(),
        **_month_words(),
    }


def _figure_words() -> dict[str, str]:
    return {
        "seconds": _("s"),
        "minutes": _("min"),
        "hours": _("h"),
        "mps": _("m/s"),
        "mps2": _("m/s²"),
        "kmh": _("km/h"),
        "comma": _(", "),
        "none": _("None"),
        "state": _("State"),
        "day": _("Day"),
        "day_time": _("Day, Beijing time"),
        "no_day": _("No day"),
        "no_unit": _("No unit"),
        "not_said": _("Not said"),
        "unit": _("Unit"),
        "team": _("Team"),
        "mode": _("By"),
        "people": _("People"),
        "purpose": _("Purpose"),
        "length_raw": _("As read"),
        "length_cleaned": _("Cleaned"),
        "length_counted": _("Counted"),
        "length_inside": _("Inside own area"),
        "person_hours": _("Person-hours"),
        "people_count": _("{n} people"),
        "one_person": _("1 person"),
        "nobody_named": _("Nobody named"),
        "valid_patrol": _("Valid patrol"),
        "valid": _("Valid"),
        "not_valid": _("Not valid"),
        "doubts_open": _("{n} doubts undecided"),
        "no_rule": _("No patrol rule holds for this day and mode."),
        "distance_once": _("Distance, counted once"),
    }


def _track_words() -> dict[str, str]:
    return {
        "lengths": _("Lengths"),
        "of_raw": _("Of as read"),
        "lengths_note": _(
            "Counted is what adds to coverage: the cleaned line without what repeats another "
            "track. Inside own area is the part of it on the unit's own ground."
        ),
        "inside_unknown": _(
            "Counted is what adds to coverage: the cleaned line without what repeats another "
            "track. The length inside the own area is unknown: name the unit below, and give "
            "the unit an area."
        ),
        "doubts": _("Doubts"),
        "no_doubts": _("Nothing about this track calls for a person."),
        "doubts_note": _("Reasons to look, not proof. Nothing is refused by itself: you decide."),
        "rules": _("Rules that flag points"),
        "rules_note": _(
            "A flagged point is kept and left out of the cleaned line. A point counts under the "
            "first rule that flags it. Switch a rule off to take its points back in."
        ),
        "flagged": _("{n} points"),
        "rule_off": _("Switched off"),
        "show_on_map": _("Show on the map"),
        "settings_used": _("Settings used ({mode})"),
        "settings_note": _("They are the same for all tracks of this mode and set by the office."),
        "speed_strip": _("Speed"),
        "speed_words": _("{mean} on average, {most} at most"),
        "nothing_recorded": _("nothing recorded"),
        "stops": _("Stops"),
        "stop": _("Stop"),
        "no_stops": _("No stop was found."),
        "stop_points": _("{n} points"),
        "repeats": _("Repeats"),
        "no_repeats": _("It repeats no other track, and none repeats it."),
        "repeats_note": _("Ground and distance of repeated parts count once, person-hours each."),
        "repeats_track": _("It repeats"),
        "repeated_by_track": _("It is repeated by"),
        "shares": _("{mine} of this track, {other} of the other"),
        "offset": _("{time} apart"),
        "shifted_by": _("{length} off"),
        "was_read": _("What was read"),
        "file_part": _("{file}, outing {n}"),
        "format": _("Format"),
        "points_usable": _("{n} usable"),
        "points_refused": _("Unusable points"),
        "line_raw": _("As read"),
        "line_cleaned": _("Cleaned"),
        "line_counted": _("Counts as coverage"),
        "line_other": _("The other track"),
        "points_flagged": _("{n}, {flagged} of them flagged"),
        "doubts_waiting": _("Doubts that wait for a decision: {n}"),
        "track_details": _("All details, and decide"),
    }


def _form_words() -> dict[str, str]:
    return {
        "decision": _("Decision"),
        "undecided": _("Nobody has decided on these doubts yet."),
        "no_decision": _("Nobody has decided anything here; the rules hold."),
        "decided_by": _("{who} decided on {when}: {how}."),
        "may_not_decide": _(
            "You may look. Only analysts and administrators decide about tracks: ask one of them."
        ),
        "counts_as": _("How it counts as coverage"),
        "counts_auto": _("By the rules"),
        "counts_auto_note": _("what repeats another track is left out"),
        "counts_whole": _("The whole track"),
        "counts_whole_note": _("it repeats nothing"),
        "counts_nothing": _("Not at all"),
        "counts_nothing_note": _("it is no patrol"),
        "note": _("Reason, in your words"),
        "note_hint": _(
            "With a reason the doubts count as decided, under your name. Without one, and counted "
            "by the rules, they wait again."
        ),
        "datum_found": _("In the file"),
        "datum_declared": _("Declared"),
        "datum_used": _("Used"),
        "nothing_said": _("Nothing said"),
        "datum_choice": _("Read the file as"),
        "datum_auto": _("As the file says"),
        "crs_choice": _("Coordinate system of projected numbers"),
        "reading_try": _("See on the map where it would lie"),
        "reading_told": _(
            "Dotted on the map: {moved} away. On the unit's own ground: {now} now, {then} then. "
            "Nothing is changed until you apply."
        ),
        "datum_note": _("The file as it came is kept: it can be read in another datum any time."),
        "patrol": _("Patrol"),
        "no_outing": _("It has no day, so it belongs to no patrol."),
        "hours_of": _("{n} h ({people})"),
        "other_tracks": _("Other tracks of it"),
        "see_outing": _("See it among the patrols"),
        "people_hint": _("Codes, separated by spaces"),
        "mode_auto": _("Judge by speed (now {mode})"),
        "by_speed": _("Judge by speed"),
        "changes_waiting": _("Changes not applied yet: {n}"),
        "applied": _("Applied: counted {old} before, {now} now. Coverage on the map follows."),
        "undone": _("Undone: counted {old} before, {now} now. Coverage on the map follows."),
        "undo": _("Undo"),
    }


def _fact_words() -> dict[str, str]:
    return {
        "setting_speed_limit_mps": _("Too fast beyond"),
        "setting_gap_s": _("A gap beyond"),
        "setting_accuracy_floor_m": _("Accuracy never poor up to"),
        "setting_stop_radius_m": _("A stop lies within"),
        "setting_stop_min_s": _("A stop takes at least"),
        "copy_same_recording": _("the same recording"),
        "copy_time_shifted": _("the same recording with other times"),
        "copy_same_walk": _("the same walk on another device"),
        "copy_shifted": _("the same shape in another place"),
        "evidence_share": _("share"),
        "evidence_other_share": _("share of the other"),
        "evidence_kind": _("kind"),
        "evidence_speed_mps": _("speed"),
        "evidence_spread": _("give or take"),
        "evidence_windows": _("stretches compared"),
        "evidence_straight_m": _("straight"),
        "evidence_within_m": _("within"),
        "evidence_step_m": _("step"),
        "evidence_step_s": _("interval"),
        "evidence_mean_step_m": _("mean step"),
        "evidence_points": _("points"),
        "evidence_count": _("places"),
        "evidence_limit_mps": _("limit"),
        "evidence_limit_mps2": _("limit"),
        "evidence_away_m": _("distance"),
        "evidence_driven_m": _("driven"),
        "evidence_extent_m": _("extent"),
        "evidence_lasting_s": _("duration"),
        "evidence_night_s": _("at night"),
        "evidence_first": _("first"),
        "evidence_length_m": _("length"),
        "evidence_decimals": _("decimals"),
        "evidence_share_inside": _("inside"),
        "evidence_day": _("day"),
        "evidence_start": _("from"),
        "evidence_end": _("to"),
        "evidence_suggested": _("suggested"),
        "evidence_share_wgs84": _("inside as WGS84"),
        "evidence_share_gcj02": _("inside from GCJ-02"),
        "evidence_share_bd09": _("inside from BD-09"),
    }


def _doubt_words() -> dict[str, str]:
    return {
        "doubt_repeats_same_recording": _("same recording"),
        "doubt_repeats_time_shifted": _("copy with other times"),
        "doubt_repeats_same_walk": _("same walk, other device"),
        "doubt_repeats_shifted": _("same shape, other place"),
        "doubt_another_teams_track": _("another team's track"),
        "doubt_fits_after_shift": _("wrong datum?"),
        "doubt_mixed_datum": _("mixed datums"),
        "doubt_constant_speed": _("constant speed"),
        "doubt_straight_line": _("straight line"),
        "doubt_no_noise": _("no noise"),
        "doubt_even_steps": _("even steps"),
        "doubt_even_times": _("computed times"),
        "doubt_drawn": _("drawn by hand?"),
        "doubt_impossible_speed": _("impossible speed"),
        "doubt_teleport": _("leaps"),
        "doubt_acceleration": _("impossible acceleration"),
        "doubt_driven": _("driven, not walked"),
        "doubt_still": _("never moved"),
        "doubt_night": _("at night"),
        "doubt_dates": _("implausible dates"),
        "doubt_no_duration": _("took no time"),
        "doubt_round_coordinates": _("rounded coordinates"),
        "doubt_outside_days": _("outside the campaign's days"),
        "doubt_outside_window": _("outside the campaign's days"),
        "doubt_outside_ground": _("outside the campaign's ground"),
    }


def _list_words() -> dict[str, str]:
    return {
        "unit_team": _("Unit and team"),
        "state_waiting": _("Doubtful"),
        "state_decided": _("Decided"),
        "state_clear": _("Clear"),
        "bulk_column": _("Pick"),
        "bulk_pick": _("Pick {name}"),
        "bulk_count": _("{n} picked"),
        "bulk_going": _("Deciding on {total} tracks …"),
        "bulk_done": _("Decided: {n}."),
        "bulk_failed": _("Track {id}: {why}"),
        "tracks_listed": _("{n} of {total} tracks shown; {waiting} doubtful ones wait."),
        "no_tracks_found": _("No track fits these filters. Take some of them away."),
        "no_tracks_yet": _("No tracks yet. Upload some on the upload page."),
        "doubts_found": _("Doubts for an analyst to look at: {n}. The file is kept and counted."),
        "track_page": _("Details of track {id}"),
    }


def _month_words() -> dict[str, str]:
    return {
        "indicators": _("Indicators of the month"),
        "roster": _("People on the roster"),
        "online_rate": _("Online rate"),
        "patrol_rate": _("Patrol rate"),
        "reach_rate": _("Standard met"),
        "person": _("Person code"),
        "days_out": _("Days out"),
        "valid_days": _("Valid days"),
        "required_days": _("Days required"),
        "standard": _("Standard"),
        "standard_met": _("Met"),
        "standard_missed": _("Not met"),
        "people_of_roster": _("The {n} people on the roster"),
        "people_unknown": _("{n} people with tracks who are not on the roster (in no rate)"),
        "took": _("Duration"),
        "patrols": _("Patrols"),
        "patrols_listed": _(
            "{n} patrols, {valid} of them valid; {length} counted once, {hours} person-hours."
        ),
        "no_patrols": _(
            "No patrol in this month. A track with a day makes one: upload some, or choose "
            "another month."
        ),
    }

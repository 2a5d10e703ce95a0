"""The words of work lists, of a field person's day, and of the zero-yield status."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.casework.sites_told import STATE_WORDS as SITE_WORDS
from geoinspect.casework.work_words import TASK_WORDS, TROUBLE_WORDS
from geoinspect.search_records import STAGE_WORDS
from webmap.language import in_words


def work_words() -> dict[str, str]:
    """Return key → words of the page of work lists."""
    return {
        **_tasks(),
        **{f"trouble_{key}": in_words(words) for key, words in TROUBLE_WORDS.items()},
        **_shared_words(),
        **_work_words(),
    }


def today_words() -> dict[str, str]:
    """Return key → words of the page of a day."""
    return {**_tasks(), **_shared_words(), **_today_words(), **_photo_words()}


def standing_words() -> dict[str, str]:
    """Return key → words of the page of the zero-yield status."""
    stages = {f"stage_{key}": in_words(words) for key, words in STAGE_WORDS.items()}
    return {**stages, **_standing_words(), **_statement_words()}


def _tasks() -> dict[str, str]:
    sites = {f"site_state_{key}": in_words(words) for key, words in SITE_WORDS.items()}
    return {**{f"task_{key}": in_words(words) for key, words in TASK_WORDS.items()}, **sites}


def _shared_words() -> dict[str, str]:
    return {
        "wk_days_late": _("{n} days late"),
        "wk_days_late_one": _("one day late"),
        "wk_gap_state": _("unseen"),
        "wk_no_day": _("no day set"),
    }


def _work_words() -> dict[str, str]:
    return {
        "wk_task": _("Task"),
        "wk_trouble": _("What stands in the way"),
        "wk_what": _("What it is about"),
        "wk_state": _("State"),
        "wk_unit": _("Unit"),
        "wk_ground": _("Jurisdiction"),
        "wk_due": _("Due"),
        "wk_since": _("Since"),
        "wk_days": _("{n} days"),
        "wk_days_one": _("one day"),
        "wk_gap_what": _("Gap {rank}: {area}"),
        "wk_duty_open": _("Open cases"),
        "wk_duty_overdue": _("of them overdue"),
        "wk_duty_standing": _("Standing"),
        "wk_duty_sites": _("Sites"),
        "wk_duty_sites_due": _("of them overdue for a visit"),
        "wk_duty_parcels": _("Licensed parcels"),
        "wk_duty_unseen": _("Ground unseen"),
        "wk_answers": _("Who answers"),
        "wk_of_area": _("of {area}"),
        "wk_tasks_of": _(
            "{total} tasks on {day}: {cases} open cases, sites that are due of {sites}, {gaps} gaps"
        ),
        "wk_problems_of": _("{total} problems on {day}, in {cases} open cases and {sites} sites"),
        "wk_duties_of": _(
            "{total} of {areas} areas; {open} of {cases} open cases, {own} of {sites} sites, on {day}"
        ),
        "wk_elsewhere": _("Outside all of these areas: {open} open cases, {sites} sites."),
        "wk_shown": _("The first {shown} of {total} are shown; the workbook has as many."),
        "wk_gaps_of": _("Gaps: campaign {campaign}, looks until {day}."),
        "wk_no_campaign": _("No campaign yet, so no gaps are listed."),
        "wk_no_tips": _("Tips are listed for analysts, commanders and auditors only."),
        "wk_no_tasks": _("Nothing is to be done here."),
        "wk_no_problems": _("Nothing stands in the way."),
        "wk_no_duties": _(
            "No area names this unit. Import areas with the unit that answers for each."
        ),
        "wk_kind_count": _("{what}: {n}"),
        "wk_kind_late": _("{what}: {n}, {late} late"),
        "wk_nobody": _("nobody"),
    }


def _today_words() -> dict[str, str]:
    return {
        "td_from_phone": _("From where you are, within {m} m"),
        "td_from_area": _("From the middle of your unit's ground. Allow the place for distances."),
        "td_from_kept": _("From the place where the list was fetched"),
        "td_no_start": _("Nobody knows where to start: allow the place."),
        "td_counts": _(
            "{day}: {cases} cases, {sites} sites, {overdue} of them late; the nearest of {gaps} gaps"
        ),
        "td_empty": _(
            "Nothing to do near here. Cases come here once they are assigned to your unit, sites "
            "once a visit is due."
        ),
        "td_offline": _(
            "No connection. This is the list of {when}; answers are kept and sent later."
        ),
        "td_offline_empty": _("No connection, and no list was kept yet. Try again with a signal."),
        "td_route": _("{n} stops, {m} in a straight line from stop to stop"),
        "td_route_one": _("One stop, {m} in a straight line"),
        "td_stop": _("Stop {n}"),
        "td_away": _("{m} {way}"),
        "td_north": _("north"),
        "td_northeast": _("north-east"),
        "td_east": _("east"),
        "td_southeast": _("south-east"),
        "td_south": _("south"),
        "td_southwest": _("south-west"),
        "td_west": _("west"),
        "td_northwest": _("north-west"),
        "td_photo": _("Photo"),
        "td_navigate": _("Navigate"),
        "td_open": _("Open"),
        "td_answer": _("Enter the visit"),
        "td_suspicious": _("Something is suspicious here"),
        "in_words": _("in words"),
        "td_note": _("Note"),
        "td_send": _("Save"),
        "td_cancel": _("Cancel"),
        "td_not_yours": _("Who may act on it is in the hands of its unit."),
        "td_done": _("Entered: {what}"),
        "td_waits": _("{n} entries and {photos} photos wait on this device"),
        "td_nothing_waits": _("Everything is sent."),
        "td_no_receipts": _("Nothing sent from this device today."),
        "td_refused": _("Not taken: {what}. {why}"),
        "td_visit_of": _("visit to {name}"),
        "td_step_of": _("{step}: {number}"),
    }


def _photo_words() -> dict[str, str]:
    return {
        "td_first_task": _("Nearest: {task} {name}"),
        "td_first_far": _("{m} to the {way}"),
        "td_first_none": _("No task on your ground."),
        "td_first_sent": _("Received today: {n}"),
        "td_first_receipt": _("{when} · receipt {receipt}"),
        "td_first_week": _("{m} in {n} tracks"),
        "td_first_week_one": _("{m} in one track"),
        "td_first_week_none": _("No tracks of these seven days."),
        "td_first_week_off": _("Can be seen once there is a signal."),
        "td_photo_of": _("photo for {number}"),
        "td_photo_kept": _("The photo is kept on this device and sent by itself."),
        "td_photo_no_place": _(
            "The photo is kept, but the phone gave no place: without one it is not on the map. "
            "Allow the place for this page, wait for a fix and take it again."
        ),
        "td_photo_off": _("Take it off"),
        "td_photo_big": _("The photo has {size}; at most {limit} are taken."),
    }


def _standing_words() -> dict[str, str]:
    return {
        "st_ground": _("Jurisdiction"),
        "st_found": _("Confirmed"),
        "st_standing": _("Still standing"),
        "st_plants": _("Plants that stand"),
        "st_planted": _("Ground they stand on"),
        "st_to_recheck": _("Eradicated, not rechecked"),
        "st_clean": _("Rechecked, clean"),
        "st_overdue": _("Overdue"),
        "st_doubted": _("{n} opened again"),
        "st_unseen": _("Ground unseen"),
        "st_p_clean": _("P(clean), a model's figure"),
        "st_claim_of": _("{low} to {high}, {day}"),
        "st_no_claim": _("no claim kept"),
        "st_of_ground": _("of {area}"),
        "st_between": _("{n} ({low} to {high})"),
        "st_not_counted": _("not counted in {n} cases"),
        "st_not_counted_one": _("not counted in one case"),
        "st_stage_now": _("{stage} by the calendar; capsules from {day}"),
        "st_what": _("Case"),
        "st_since": _("Standing since"),
        "st_days_standing": _("{n} days"),
        "st_days_standing_one": _("one day"),
        "st_harvest": _("Harvest can begin"),
        "st_days_left": _("in {n} days at the earliest, {most} at the latest"),
        "st_begun": _("may have begun on {day}"),
        "st_over": _("by the calendar the season is over"),
        "st_seen": _("{stage} seen on {day}"),
        "st_by_calendar": _("by the calendar of its area"),
        "st_no_calendar": _("not known: no stage was seen, no campaign has a calendar here"),
        "st_law": _("Large-scale"),
        "st_law_yes": _("by this rule yes"),
        "st_law_maybe": _("by this rule perhaps"),
        "st_law_no": _("by this rule no"),
        "st_law_unknown": _("not known"),
        "st_indicative": _("indicative only, not a legal finding"),
        "st_whole": _(
            "On {day}: {standing} of {found} growing places confirmed still stand, {recheck} wait for "
            "their recheck, {clean} were seen clean."
        ),
        "st_campaign": _("Campaign {name}, {start} to {end}; looks until {until}."),
        "st_no_campaign": _("No campaign: cases of all times are counted."),
        "st_none_standing": _("Nothing that was found still stands."),
        "st_nothing_found": _(
            "No growing place was confirmed yet. This speaks of what was found, not of ground that "
            "nobody has seen."
        ),
    }


def _statement_words() -> dict[str, str]:
    return {
        "st_holds": _("It can be stated"),
        "st_fails": _("It cannot be stated yet"),
        "st_nothing": _("Nothing was confirmed, so nothing is proved"),
        "st_case": _("Case"),
        "st_confirmed_on": _("Confirmed"),
        "st_eradicated_on": _("Eradicated"),
        "st_rechecked_on": _("Rechecked clean"),
        "st_lacks": _("What is missing"),
        "st_by_foot": _("on foot"),
        "st_by_survey": _("from survey {n}"),
        "st_receipt": _("event {n}, receipt {receipt}"),
        "st_outside": _("{n} growing places lie outside all areas and are in no area's figures."),
        "st_outside_one": _(
            "One growing place lies outside all areas and is in no area's figures."
        ),
    }

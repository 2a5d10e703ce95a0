"""The words of the pages about cases."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.cases.facts import AREA_HOW_WORDS, FACT_WORDS
from geoinspect.cases.records import (
    ACTION_WORDS,
    METHOD_WORDS,
    ORIGIN_WORDS,
    OUTCOME_WORDS,
    REASON_WORDS,
    STATE_WORDS,
)
from geoinspect.search_records import STAGE_WORDS
from webmap.language import in_words


def case_words() -> dict[str, str]:
    """Return key → words of the pages about cases."""
    return {
        **_named("state", STATE_WORDS),
        **_named("did", ACTION_WORDS),
        **_named("outcome", OUTCOME_WORDS),
        **_named("reason", REASON_WORDS),
        **_named("origin", ORIGIN_WORDS),
        **_named("method", METHOD_WORDS),
        **_named("how", AREA_HOW_WORDS),
        **_named("stage", STAGE_WORDS),
        **_named("fact", FACT_WORDS),
        **_list_words(),
        **_action_words(),
        **_form_words(),
        **_fact_words(),
        **_history_words(),
        **_outbox_words(),
    }


def _named(prefix: str, words: object) -> dict[str, str]:
    return {f"{prefix}_{key}": in_words(text) for key, text in dict(words).items()}  # type: ignore[call-overload]


def _list_words() -> dict[str, str]:
    return {
        "case_number": _("Number"),
        "case_title": _("What"),
        "case_state": _("State"),
        "case_unit": _("Unit"),
        "case_due": _("Due"),
        "case_found": _("Found on the ground"),
        "case_origin": _("Origin"),
        "nobody_yet": _("nobody yet"),
        "no_deadline": _("no deadline"),
        "overdue_by": _("{n} days overdue"),
        "overdue_by_one": _("one day overdue"),
        "due_on": _("by {day}"),
        "area_only": _("Only {name}"),
        "area_off": _("Show cases of all areas, not only {name}"),
        "cases_of": _("{shown} of {total} cases; {open} open, {overdue} overdue on {day}"),
        "no_cases": _(
            "No case yet. Open one from a suspected patch on the map or in the review queue, from a "
            "tip, from a satellite target, or with the form above."
        ),
        "none_match": _("No case matches. Take a filter away."),
        "plants_counted": _("{n} plants counted"),
        "plants_between": _("{n} plants, {low} to {high}"),
        "not_counted": _("not counted"),
        "since": _("since {when}"),
        "opened_case": _("Case {number} is open."),
        "no_place": _("Where you are is not known: type the place, or pick it on the map."),
        "place_taken": _("Place taken, within {m} m."),
        "place": _("Place"),
        "area": _("Ground"),
    }


def _action_words() -> dict[str, str]:
    return {
        "do_triage": _("Worth a visit"),
        "do_dismiss": _("Dismiss"),
        "do_assign": _("Assign"),
        "do_extend": _("Change the deadline"),
        "do_verify": _("Enter the verification"),
        "do_eradicate": _("Enter the eradication"),
        "do_recheck": _("Enter the recheck"),
        "do_close": _("Close the case"),
        "do_reopen": _("Reopen"),
        "do_merge": _("Merge into another case"),
        "do_split": _("Split off a case"),
        "do_correct": _("Correct a step"),
        "do_note": _("Add a note"),
        "do_undo": _("Undo: {what}"),
        "may_only_read": _("You may read this case; who may act is in the hands of its unit."),
        "more_actions": _("More"),
    }


def _form_words() -> dict[str, str]:
    return {
        "f_note": _("Note"),
        "f_reason": _("Reason"),
        "f_unit": _("Unit"),
        "f_unit_of_area": _("The unit of its area"),
        "f_deadline": _("Deadline"),
        "f_deadline_office": _("Left empty, the office's own days count."),
        "f_outcome": _("What was found"),
        "f_day": _("Day"),
        "f_survey": _("How it was looked at"),
        "f_on_foot": _("on foot"),
        "f_from_survey": _("from the survey {name}, {day}"),
        "f_count": _("Number of plants"),
        "f_count_none": _("Not counted"),
        "f_count_plain": _("Counted one by one"),
        "f_count_quadrats": _("By quadrats"),
        "f_plants": _("Plants"),
        "f_quadrat_counts": _("Plants in each quadrat, with spaces between"),
        "f_quadrat_m2": _("Size of a quadrat, m²"),
        "f_area_m2": _("Planted area, m²"),
        "f_area_how": _("How it was measured"),
        "f_method": _("Method"),
        "f_stage": _("Growth stage"),
        "f_sprouted": _("Sprouted"),
        "f_repeated": _("Planted again after being dealt with"),
        "f_resisted": _("Eradication was resisted"),
        "f_self_removed": _("Removed by the grower before harvest"),
        "f_witness": _("Witness: name and office"),
        "f_unknown": _("Not known"),
        "f_yes": _("yes"),
        "f_no": _("no"),
        "f_into": _("Number of the other case"),
        "f_title": _("What the new case is called"),
        "f_links": _("What the new case takes"),
        "f_step": _("Step"),
        "f_send": _("Save"),
        "f_cancel": _("Cancel"),
        "f_bad_counts": _("Write whole numbers with spaces between, such as 3 0 5 2."),
        "saved": _("Saved, receipt {receipt}."),
    }


def _fact_words() -> dict[str, str]:
    return {
        "step_verified": _("Verification"),
        "step_eradicated": _("Eradication"),
        "step_rechecked": _("Recheck"),
        "step_dismissed": _("Dismissal"),
        "step_closed": _("Closing"),
        "no_facts": _("Nobody has been there yet."),
        "count_by": _("{how}; {level} interval {low} to {high}"),
        "law_title": _("Legal thresholds"),
        "law_none": _("No threshold of the table is reached by what is known."),
        "reach_whole": _("the whole interval lies in it"),
        "reach_point": _("the best figure lies in it, the interval reaches further"),
        "reach_part": _("only part of the interval lies in it"),
        "large_yes": _("Large-scale by this rule"),
        "large_maybe": _("Perhaps large-scale by this rule"),
        "law_source": _("Source: {source}"),
        "law_unverified": _("not verified, check before quoting"),
        "case_licence": _("Licensed parcel"),
        "inside_licence": _("The ground lies in the licensed parcel {name}, licence {number}."),
        "partly_in_licence": _(
            "{share} of the ground lie in the licensed parcel {name}, licence {number}."
        ),
        "licence_until": _("Valid until {day}."),
        "later_surveys": _("Surveys after the eradication"),
        "survey_says_clean": _("suggests: nothing stands"),
        "survey_says_standing": _("suggests: something stands"),
        "survey_says_nothing": _("suggests nothing"),
        "survey_saw": _("{share} of the ground on the picture"),
        "survey_decides_not": _("A survey only suggests; a person enters the recheck."),
        "place_at": _("{lat} N, {lon} E (WGS84)"),
    }


def _history_words() -> dict[str, str]:
    return {
        "history": _("History"),
        "device_time": _("done {when} by the sender's clock"),
        "undone": _("undone"),
        "by_whom": _("{who}, {role}"),
        "receipt_is": _("receipt {receipt}"),
        "rests_on_nothing": _("Opened by hand."),
        "link_patch": _("Suspected patch"),
        "link_tip": _("Tip"),
        "link_target": _("Satellite target"),
        "link_site": _("Site"),
        "link_track": _("Track"),
        "link_survey": _("Drone picture"),
        "link_case": _("Case"),
        "by_survey": _("from survey {n}"),
        "went_into": _("This case went into {number}."),
        "took_over": _("Took over: {numbers}"),
        "split_from": _("Split from {number}"),
        "new_deadline": _("deadline {day}"),
        "to_unit": _("to {unit}"),
        "role_field": _("field"),
        "role_analyst": _("analyst"),
        "role_commander": _("commander"),
        "role_auditor": _("auditor"),
        "role_admin": _("administrator"),
    }


def _outbox_words() -> dict[str, str]:
    return {
        "waiting_to_send": _("{n} entries wait on this device for a connection: {trouble}"),
        "waiting_to_send_one": _("One entry waits on this device for a connection: {trouble}"),
        "sent_later": _("Sent: {what}, receipt {receipt}"),
        "kept_here": _("No connection: kept on this device, it is sent by itself."),
        "refused_later": _("Not taken: {what}. {why}"),
    }

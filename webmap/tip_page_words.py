"""The words of the pages about tips."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.cases.tip_records import (
    REWARD_WORDS,
    TIP_REASON_WORDS,
    TIP_STATE_WORDS,
    TipReason,
)
from webmap.language import in_words, language


def public_tip_words() -> dict[str, str]:
    """Return key → words of the public form's script."""
    return {
        "language": language(),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "tip_tap": _("Or tap the place on the outline of the county; north is up."),
        "tip_point": _("Point: {lon}° E, {lat}° N"),
        "tip_fix": _("The phone's place, to about {m} m: {lon}° E, {lat}° N"),
        "tip_finding": _("Finding the place…"),
        "tip_no_fix": _("The phone gave no place. Say it in words instead."),
        "tip_sending": _("Sending… stay on this page."),
        "tip_not_sent": _(
            "Not sent: no connection. What you wrote is still here; press “Send” again. It counts "
            "once, however often you press."
        ),
        "tip_failed": _(
            "The server failed. What you wrote is still here: press “Send” again in a while; it "
            "counts once."
        ),
        "tip_too_many": _("At most {n} photos: the first {n} are sent."),
        "tip_too_large": _("{name} has more than {mb} MB: choose a smaller copy."),
        "tip_chosen": _("{n} photos, {mb} MB in all"),
        "tip_chosen_one": _("1 photo, {mb} MB"),
        "tip_copied": _("Copied. Keep it where only you can see it."),
        "tip_stale": _("The page is too old. Copy what you wrote, then open the page anew."),
    }


def tip_page_words() -> dict[str, str]:
    """Return key → words of the office's page."""
    return {
        **{f"tip_state_{key}": in_words(text) for key, text in TIP_STATE_WORDS.items()},
        **{f"tip_reward_{key}": in_words(text) for key, text in REWARD_WORDS.items()},
        **{f"tip_reason_{key}": in_words(text) for key, text in TIP_REASON_WORDS.items()},
        "tip_reasons": ",".join(TipReason),
        **_list_words(),
        **_step_words(),
    }


def _list_words() -> dict[str, str]:
    return {
        "tip_none": _(
            "No tip yet. When the public form is open, what people send to /tip comes here."
        ),
        "tip_none_chosen": _("No tip of this kind."),
        "tip_came": _("came {when}"),
        "tip_waits": _("waits for {time}"),
        "tip_answered_in": _("first answered after {time}, by {who}"),
        "tip_place_map": _("point set on the map"),
        "tip_place_phone": _("place of the phone, to about {m} m"),
        "tip_place_photo": _("place by the photo"),
        "tip_place_office": _("place set by the office"),
        "tip_no_place": _("no coordinates"),
        "tip_on_map": _("Show on the map"),
        "tip_masked": _("{n} marks of a person were taken out"),
        "tip_masked_one": _("1 mark of a person was taken out"),
        "tip_photo": _("Photo {n}"),
        "tip_photo_taken": _("taken {when}"),
        "tip_in_case": _("Case {number}: {state}"),
        "tip_into": _("merged into {number}"),
        "tip_first": _("The claim to the reward is the first reporter's: {number}"),
        "tip_reward_is": _("Reward: {state}"),
        "tip_yuan": _("{n} yuan"),
        "tip_same": _("Perhaps the same"),
        "tip_away": _("{m} m away"),
        "tip_alike": _("words {share} alike"),
        "tip_unanswered": _("wait for an answer"),
        "tip_oldest": _("the oldest has waited"),
        "tip_median": _("median time to the first answer, of {n}"),
        "tip_p90": _("nine of ten were answered within"),
        "tip_hours": _("{n} h"),
        "tip_days": _("{n} days"),
        "tip_history": _("What was done"),
    }


def _step_words() -> dict[str, str]:
    return {
        "tip_step_link": _("put into case {case}"),
        "tip_step_case": _("case {case} opened"),
        "tip_step_dismiss": _("set aside: {reason}"),
        "tip_step_merge": _("merged into {into}"),
        "tip_step_reward": _("reward: {new}"),
        "tip_make_case": _("Make a case"),
        "tip_case_title": _("Title (may be left empty)"),
        "tip_lon": _("Longitude"),
        "tip_lat": _("Latitude"),
        "tip_link": _("Put into a case"),
        "tip_case_number": _("Number of the case, such as 2027-00042"),
        "tip_merge": _("Same as another tip"),
        "tip_number": _("Number of the other tip, such as T2027-00042"),
        "tip_dismiss": _("Set aside"),
        "tip_reason": _("Why"),
        "tip_note": _("Note"),
        "tip_decide": _("Reward"),
        "tip_decision": _("Decision"),
        "tip_amount": _("Amount, yuan"),
        "tip_link_here": _("Put into it"),
        "tip_merge_here": _("Merge into it"),
        "tip_do": _("Do it"),
        "tip_done": _("Done. Receipt {receipt}"),
    }

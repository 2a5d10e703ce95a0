"""The words of the pages about one's own account, people and units."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.records import Level
from webmap.frame_words import role_words
from webmap.words import script_words


def role_names() -> dict[str, str]:
    """Return role → words."""
    return role_words()


def account_words() -> dict[str, str]:
    """Return key → words of the page about one's own account."""
    return {
        **script_words(),
        **_roles(),
        **_token_words(),
        "account_unit": _("Unit"),
        "account_role": _("Role"),
        "whole_workspace": _("Whole workspace"),
        "password_since": _("Password since"),
        "session_browser": _("Browser"),
        "session_address": _("Address"),
        "session_since": _("Since"),
        "session_used": _("Last used"),
        "session_this": _("this one"),
        "session_end": _("End"),
        "session_ended": _("{n} sessions ended."),
        "session_ended_one": _("One session ended."),
        "sessions_caption": _("Where you are signed in"),
        "second_on": _("The second factor is on: every login asks for a code of your phone."),
        "second_off": _("The second factor is off."),
        "second_needed": _("Your role needs a second factor: set it up now."),
        "second_turned_on": _("The second factor is on now."),
        "second_turned_off": _("The second factor is off now."),
        "second_picture": _("QR code of the second factor"),
        "token_shown": _("Copy the token now; it is never shown again:"),
        "token_days_most": _("At most {n} days."),
        "no_tokens": _("No tokens. Programs need one to use the API in your name."),
    }


def people_words() -> dict[str, str]:
    """Return key → words of the pages about people and units."""
    return {
        **script_words(),
        **_roles(),
        **_token_words(),
        **_unit_words(),
        "person_name": _("Name"),
        "person_role": _("Role"),
        "person_unit": _("Unit"),
        "person_state": _("State"),
        "person_last": _("Last login"),
        "person_never": _("never"),
        "person_active": _("may sign in"),
        "person_disabled": _("disabled"),
        "person_must": _("must change the password"),
        "person_second": _("second factor on"),
        "person_self": _("you"),
        "person_change": _("Change"),
        "whole_workspace": _("Whole workspace"),
        "people_caption": _("People"),
        "people_count": _("{n} people, {active} of them may sign in."),
        "person_added": _("{name} was added. Password for the first login, shown only now:"),
        "person_password": _("New password of {name} for one login, shown only now:"),
        "person_saved": _("Saved: {name}."),
        "person_sessions": _("{n} sessions of {name} ended."),
        "person_sessions_one": _("One session of {name} ended."),
        "person_disable": _("Disable"),
        "person_enable": _("Enable"),
        "person_second_dropped": _("The second factor of {name} is off."),
        "token_owner": _("Owner"),
        "no_tokens_at_all": _("Nobody has an API token."),
    }


def level_names() -> list[tuple[str, str]]:
    """Return the levels of areas, wide to narrow, and their words."""
    words = script_words()
    return [(level.value, words[f"level_{level.value}"]) for level in Level]


def _roles() -> dict[str, str]:
    return {f"role_{key}": words for key, words in role_words().items()}


def _token_words() -> dict[str, str]:
    return {
        "token_label": _("Label"),
        "token_scope": _("Scope"),
        "token_expires": _("Holds until"),
        "token_used": _("Last used"),
        "token_never": _("never"),
        "token_revoke": _("Revoke"),
        "token_revoked": _("revoked"),
        "token_over": _("over"),
        "token_gone": _("The token was revoked."),
        "tokens_caption": _("API tokens"),
        "scope_read": _("Read only"),
        "scope_upload": _("Send files only"),
        "scope_all": _("Everything that I may"),
    }


def _unit_words() -> dict[str, str]:
    return {
        "unit_code": _("Code"),
        "unit_name": _("Name"),
        "unit_parent": _("Unit above"),
        "unit_areas": _("Answers for"),
        "unit_none": _("nobody"),
        "units_caption": _("Units"),
        "unit_saved": _("Saved: {name}."),
        "areas_sent": _("{name} is being read."),
        "areas_read": _("{name}: {added} new areas, {replaced} replaced."),
        "areas_failed": _("It failed: {why}"),
        "no_units": _("No units yet. Add the county's own unit first."),
        "areas_caption": _("Areas"),
        "area_name": _("Name of the area"),
        "area_unit": _("Unit that answers for it"),
        "no_areas_yet": _("No areas yet. Import their boundaries: geoinspect areas add FILE"),
    }

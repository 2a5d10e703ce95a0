"""Stories of people, accounts, settings and campaigns."""

from __future__ import annotations

import json

import county_builder as county
import pyotp
from api_arrange import RAW, Arranger, Ask
from api_story import body_of, story
from county_api import PASSWORD
from sqlalchemy import select

from geoinspect.store.schema import TrackRow

_SETTING = "evidence_max_mb"


@story("POST people")
def _person(a: Arranger, _role: str) -> Ask:
    return Ask(body=body_of("POST people", name=f"队员{a.fresh()}"))


@story(
    *("POST people/{person_id}", "POST people/{person_id}/password"),
    *("DELETE people/{person_id}/sessions", "DELETE people/{person_id}/second-factor"),
)
def _spare(a: Arranger, _role: str) -> Ask:
    return Ask(dict(a.county.records["person"]["own"]))


@story("POST areas/{code}/unit")
def _area_unit(_a: Arranger, _role: str) -> Ask:
    return Ask({"code": "990100001"})


@story("DELETE tokens/{token_id}")
def _token(a: Arranger, role: str) -> Ask:
    return Ask({"token_id": a.token(role)})


@story("DELETE account/sessions/{session_id}")
def _session(a: Arranger, role: str) -> Ask:
    a.county.signed_in(f"{role}-all")
    told = a.made(role, "GET", "account/sessions").get_json()
    return Ask({"session_id": told["sessions"][0]["id"]})


@story("POST tokens")
def _new_token(a: Arranger, role: str) -> Ask:
    return Ask(session=a.county.signed_in(f"{role}-all"))


@story("POST account/password")
def _password(a: Arranger, role: str) -> Ask:
    body = {"present": PASSWORD, "new": PASSWORD + " more"}
    return Ask(session=a.guest(role), body=body)


@story("POST account/second-factor")
def _factor(a: Arranger, role: str) -> Ask:
    return Ask(session=a.guest(role))


@story("POST account/second-factor/on")
def _factor_on(a: Arranger, role: str) -> Ask:
    guest = a.guest(role)
    begun = a.by_session(guest, "account/second-factor", {}).get_json()
    return Ask(session=guest, body={"code": pyotp.TOTP(begun["secret"]).now()})


@story("POST account/second-factor/off")
def _factor_off(a: Arranger, role: str) -> Ask:
    told = _factor_on(a, role)
    a.by_session(told.session, "account/second-factor/on", told.body)
    return Ask(session=told.session, body={"password": PASSWORD})


@story("GET settings/{name}")
def _setting(_a: Arranger, _role: str) -> Ask:
    return Ask({"name": _SETTING})


@story("PUT settings/{name}")
def _set(a: Arranger, role: str) -> Ask:
    body = {"value": 20 + a.fresh() % 9, "version": a.version_of(_SETTING, role)}
    return Ask({"name": _SETTING}, body=body)


@story("DELETE settings/{name}")
def _unset(a: Arranger, role: str) -> Ask:
    told = _set(a, role)
    a.made(role, "PUT", f"settings/{_SETTING}", json=told.body)
    return Ask({"name": _SETTING}, {"version": a.version_of(_SETTING, role)})


@story("POST campaigns", "POST campaigns/estimate")
def _campaign(a: Arranger, _role: str) -> Ask:
    return Ask(body=body_of("POST campaigns", name=f"行动{a.fresh()}"))


@story("POST campaigns/{campaign_id}/close", "POST campaigns/{campaign_id}/sweep")
def _campaign_made(a: Arranger, _role: str) -> Ask:
    return Ask({"campaign_id": a.campaign()})


@story("POST surveys/{survey_id}/day")
def _day(a: Arranger, _role: str) -> Ask:
    day = f"2026-05-{1 + a.fresh() % 28:02d}"
    return Ask({"survey_id": 3}, body=body_of("POST surveys/{survey_id}/day", day=day))


@story("POST areas")
def _areas(_a: Arranger, _role: str) -> Ask:
    told = json.dumps(county.county_geojson())
    return Ask(query={"name": "county.geojson"}, body=told.encode(), kind=RAW)


@story("POST track-reviews")
def _tracks_decided(a: Arranger, _role: str) -> Ask:
    numbers = a.numbers(select(TrackRow.id).limit(2))
    return Ask(body=body_of("POST track-reviews", tracks=numbers))

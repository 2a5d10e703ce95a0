"""What the API says of claims: the published formula, sums that agree, nobody signs other numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from conftest import USER, Visitor
from flask import Flask
from search_builders import READER, Office, clearing_county, refused, send
from sqlalchemy import text

from webmap import create_app


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    app = create_app(clearing_county(tmp_path_factory.mktemp("claims")), testing=True)
    yield Office(app)
    app.extensions["geoinspect"].workspace.close()


def bayes(prior: float, sensitivity: float) -> float:
    return prior / (1 - (1 - prior) * sensitivity)


def test_every_claim_is_the_formula_of_its_own_figures(office: Office) -> None:
    found = office.admin.json("claims")
    assert found["whole"]["sensitivity"] > 0
    for part in (found["whole"], *found["parts"]):
        assert math.isclose(part["posterior"], bayes(part["prior"], part["sensitivity"]))
        assert part["posterior_low"] <= part["posterior"] <= part["posterior_high"]
        missed = -math.log(part["prior"]) * (1 - part["sensitivity"])
        assert math.isclose(part["expected_standing"], missed)
    whole = math.prod(part["prior"] for part in found["parts"])
    assert math.isclose(whole, found["whole"]["prior"], rel_tol=1e-9)
    sure = [part["posterior"] for part in found["parts"]]
    assert sure == sorted(sure)
    assert {part["name"] for part in found["parts"]} == {"东镇", "西乡"}
    assert f"{found['smallest_patch_m2']:g} m²" in found["meaning"]


def test_the_ground_of_the_parts_is_the_ground_of_the_whole(office: Office) -> None:
    found = office.admin.json("claims")
    overview = office.admin.json("overview")["coverage"]
    for name in ("area_m2", "seen_m2", "unseen_m2", "cleared_m2"):
        parts = sum(part["coverage"][name] for part in found["parts"])
        assert math.isclose(parts, found["whole"]["coverage"][name], abs_tol=1.0)
        assert found["whole"]["coverage"][name] == overview[name]


def test_before_any_look_the_claim_is_the_prior(office: Office) -> None:
    found = office.admin.json("claims", as_of="2026-04-02")
    assert found["as_of"] == "2026-04-02"
    assert found["data_until"] is None
    assert found["whole"]["posterior"] == found["whole"]["prior"] == 0.5
    later = office.admin.json("claims", as_of="2026-05-20")
    assert later["whole"]["posterior"] > 0.5


def test_a_higher_target_takes_more_walking(office: Office) -> None:
    needs = [
        office.admin.json("claims", target=target)["whole"]["need"] for target in (0.8, 0.9, 0.99)
    ]
    metres = [need["metres"] for need in needs]
    assert metres == sorted(metres)
    assert metres[0] < metres[-1]
    assert all(need["one_day_gain"] > 0 for need in needs)


def test_the_same_question_is_worked_out_once(office: Office) -> None:
    web = office.app.extensions["geoinspect"]
    snapshot = web.snapshots.get(1)
    with web.workspace.database.reading() as session:
        first = web.claims.get(session, snapshot, 0.93)
        assert web.claims.get(session, snapshot, 0.93) is first
        assert web.claims.get(session, snapshot, 0.94) is not first


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("target=0.5", "目标把握"), ("target=1", "0.99"), ("target=nan", "目标把握"), ("target=x", "the target"),
        ("as_of=2026-13-01", "2026-13-01"), ("as_of=2025-01-01", "2026-04-01"), ("as_of=2999-01-01", "日期"),
    ],
)  # fmt: skip
def test_bad_questions_say_which_value(office: Office, query: str, word: str) -> None:
    refused(office.admin.client.get(f"/api/v1/claims?{query}"), 400, word)


def test_a_claim_is_kept_as_it_was_looked_at(office: Office) -> None:
    shown = office.admin.json("claims", target=0.9)
    body = {"as_of": shown["as_of"], "target": 0.9, "version": shown["version"]}
    refused(send(office.reader, "claims", json=body), 403, "分析员")
    refused(send(office.admin, "claims", json={**body, "version": "older"}), 409, "刷新")
    refused(send(office.admin, "claims", json={**body, "posterior": 1}), 400, "posterior")
    assert office.admin.json("claims/kept")["claims"] == []
    kept = send(office.admin, "claims", json=body).get_json()
    assert kept["made_by"] == USER
    assert kept["posterior"] == shown["whole"]["posterior"]
    assert office.reader.json("claims/kept")["claims"] == [kept]
    database = office.app.extensions["geoinspect"].workspace.database
    with database.reading() as session:
        actions = session.execute(text("SELECT actor FROM audit WHERE action = 'claim.add'")).all()
    assert [row[0] for row in actions] == [USER]


def test_without_a_campaign_there_is_a_sentence(new_app, empty_folder) -> None:
    visitor = Visitor(new_app(empty_folder).test_client())
    visitor.sign_in()
    for path in ("claims", "plans", "checks", "growth"):
        refused(visitor.client.get(f"/api/v1/{path}"), 404, "行动")
    assert len(visitor.json("rates")["rates"]) == 96
    assert visitor.json("risk-rules")["rules"]
    for page in ("/confidence", "/plans", "/checks", "/rates"):
        assert visitor.client.get(page).status_code == 200


CHANGES = (
    ("POST", "claims"), ("POST", "plans"), ("DELETE", "plans/1"), ("POST", "checks"), ("POST", "checks/1/finds"),
    ("POST", "checks/1/adopt"), ("POST", "trials"), ("POST", "trials/1/adopt"), ("POST", "rates"),
    ("DELETE", "rates/1"), ("POST", "risk-rules/roads"), ("DELETE", "risk-rules/roads"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_the_field_may_look_but_not_change(office: Office, method: str, path: str) -> None:
    refused(send(office.reader, path, method), 403, "分析员", "administrators")
    answer = office.admin.client.open(f"/api/v1/{path}", method=method)
    refused(answer, 400, "刷新")


def test_every_change_of_these_pages_is_in_that_list(app: Flask) -> None:
    mine = ("claims", "plans", "checks", "trials", "rates", "risk-rules")
    real = {
        (method, rule.rule.removeprefix("/api/v1/"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        if rule.rule.removeprefix("/api/v1/").split("/")[0] in mine
    }
    assert len(real) == len(CHANGES)


@pytest.mark.parametrize("page", ["/confidence", "/plans", "/checks", "/rates"])
def test_pages_offer_changes_only_to_those_who_may(office: Office, page: str) -> None:
    may = office.admin.client.get(page).get_data(as_text=True)
    may_not = office.reader.client.get(page).get_data(as_text=True)
    assert '"may_decide": true' in may
    assert '"may_decide": false' in may_not
    if page != "/confidence":
        assert "请联系他们" in may_not
        assert may_not.count("<form") < may.count("<form")
    assert READER in may_not

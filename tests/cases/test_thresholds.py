"""Law as dated data: what a case reaches, what an interval crosses, what an office may write."""

from __future__ import annotations

import re
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.cases.law_table import LawTable, law_of, read_law, shipped_law
from geoinspect.cases.thresholds import CaseFacts, indications, large_scale
from geoinspect.errors import UsageError

OLD, NEW = date(2025, 12, 31), date(2026, 1, 1)
ROW = """[[row]]
key = "a"
plant = "poppy"
basis = "plants"
from = 10
below = 20
unit = "plants"
class = "larger"
zh = "一"
en = "one"
source = "s"
read_in = "r"
verified = true
"""


def classes(facts: CaseFacts, day: date = NEW, basis: str | None = None) -> set[str]:
    found = indications(facts, day).reached
    return {r.row.class_ for r in found if basis is None or r.row.basis == basis}


@pytest.mark.parametrize(
    ("plants", "expected"),
    [
        (0, set()),
        (1, {"administrative"}),
        (499, {"administrative"}),
        (500, {"larger", "filing"}),
        (2999, {"larger", "filing"}),
        (3000, {"large", "filing"}),
        (1e6, {"large", "filing"}),
    ],
)
def test_counts_without_interval_have_the_class_of_the_law(
    plants: float, expected: set[str]
) -> None:
    assert classes(CaseFacts(plants=plants)) == expected
    assert indications(CaseFacts(plants=plants), NEW).crosses == ()


def test_an_interval_over_500_names_both_classes() -> None:
    found = indications(CaseFacts(plants=510, plants_low=420, plants_high=610), NEW)
    assert {r.row.class_: r.reach for r in found.reached} == {
        "administrative": "part",
        "larger": "point",
        "filing": "point",
    }
    (crossing,) = found.crosses
    assert crossing.threshold == 500
    assert [r.class_ for r in crossing.below] == ["administrative"]
    assert [r.class_ for r in crossing.above] == ["larger", "filing"]
    for text in (crossing.text.zh, crossing.text.en):
        assert "500" in text
        assert "420–610" in text
    for row in (*crossing.below, *crossing.above):
        assert row.zh in crossing.text.zh
        assert row.en in crossing.text.en


def test_a_wide_interval_crosses_every_threshold_in_it() -> None:
    found = indications(CaseFacts(plants=900, plants_low=100, plants_high=9000), NEW)
    assert [c.threshold for c in found.crosses] == [500, 3000]


@pytest.mark.parametrize(("low", "high", "crosses"), [(499, 500, 1), (500, 900, 0), (300, 499, 0)])
def test_the_threshold_itself_is_the_upper_class(low: float, high: float, crosses: int) -> None:
    found = indications(CaseFacts(plants=low, plants_low=low, plants_high=high), NEW)
    assert len(found.crosses) == crosses


@settings(deadline=None)
@given(st.floats(0, 5000), st.floats(0, 5000), st.floats(0, 5000))
def test_reached_is_what_some_number_of_the_interval_reaches(a: float, b: float, c: float) -> None:
    low, best, high = sorted((a, b, c))
    found = indications(CaseFacts(plants=best, plants_low=low, plants_high=high), NEW)
    ends = {low, best, high, *(t for t in (500, 3000) if low <= t <= high)}
    just_below = {t - 1e-9 for t in (500, 3000) if low < t <= high}
    oracle = set().union(*(classes(CaseFacts(plants=n)) for n in ends | just_below))
    assert {r.row.class_ for r in found.reached} == oracle
    assert {c.threshold for c in found.crosses} == {t for t in (500, 3000) if low < t <= high}
    assert all(
        (r.reach == "whole") <= (r.row.class_ in classes(CaseFacts(plants=low)))
        for r in found.reached
    )


@pytest.mark.parametrize("sprouted", [True, None])
def test_areas_count_only_where_nothing_has_sprouted(sprouted: bool | None) -> None:
    area = {"area_m2": 500.0, "area_low_m2": 100.0, "area_high_m2": 5000.0}
    assert classes(CaseFacts(sprouted=sprouted, **area)) == set()
    assert indications(CaseFacts(sprouted=sprouted, **area), NEW).crosses == ()
    bare = indications(CaseFacts(sprouted=False, **area), NEW)
    assert {r.row.class_ for r in bare.reached} == {"larger", "large", "filing"}
    assert [c.threshold for c in bare.crosses] == [200, 1200]
    said = [text.en for text in indications(CaseFacts(sprouted=sprouted, **area), NEW).unanswered]
    assert any("sprouted" in text for text in said) == (sprouted is None)


def test_acts_are_rows_of_their_own_whatever_the_count() -> None:
    assert classes(CaseFacts(plants=3, repeated=True), basis="repetition") == {
        "regardless-of-count",
        "filing",
    }
    assert classes(CaseFacts(resisted=True), basis="resistance") == {
        "regardless-of-count",
        "filing",
    }
    assert classes(
        CaseFacts(plants=3, removed_by_grower_before_harvest=True), basis="self_removal"
    ) == {"lenience"}
    no = CaseFacts(repeated=False, resisted=False, removed_by_grower_before_harvest=False)
    assert classes(no) == set()
    # Lenience takes no class away: it stands beside it.
    both = CaseFacts(plants=600, removed_by_grower_before_harvest=True)
    assert classes(both) == {"larger", "filing", "lenience"}


def test_the_law_changes_with_the_day() -> None:
    def rows(day: date) -> dict[str, bool]:
        found = indications(CaseFacts(plants=5), day).reached
        return {r.row.key: r.row.verified for r in found}

    assert rows(OLD) == {"public-security-2012": True}
    assert rows(NEW) == {"public-security-2025": False}
    area = CaseFacts(area_m2=300, sprouted=False)
    assert "larger" not in classes(area, date(2016, 4, 10))
    assert "larger" in classes(area, date(2016, 4, 11))


def test_every_answer_is_indicative_and_says_its_source() -> None:
    told = indications(CaseFacts(plants=600), NEW).as_json()
    assert told["indicative"] is True
    assert "仅供参考" in told["statement"]["zh"]
    assert all(row["source"] and row["read_in"] for row in told["reached"])
    assert large_scale(CaseFacts(), NEW).as_json()["indicative"] is True


def test_the_shipped_table_invents_no_penalty_and_marks_memory() -> None:
    text = resources.files("geoinspect.cases").joinpath("thresholds.toml").read_text("utf-8")
    assert not re.search(
        r"元|¥|拘留|有期徒刑", "".join(re.findall(r"^(?:zh|en) = .*$", text, re.M))
    )
    for row in (*shipped_law().row, *shipped_law().large_scale):
        assert row.verified == row.read_in.startswith("http"), row.key


@settings(deadline=None)
@given(st.dates(date(2013, 1, 1), date(2040, 1, 1)), st.integers(1, 10**6))
def test_each_day_has_one_class_of_crime_or_penalty_for_a_count(day: date, plants: int) -> None:
    found = [
        r
        for r in indications(CaseFacts(plants=plants), day).reached
        if r.row.class_ in ("administrative", "larger", "large")
    ]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (CaseFacts(plants=3000), "yes"),
        (CaseFacts(plants=2999, sprouted=True), "no"),
        (CaseFacts(plants=2999), "unknown"),
        (CaseFacts(plants=2900, plants_low=2000, plants_high=3000, sprouted=True), "maybe"),
        (CaseFacts(area_m2=1200, sprouted=False), "yes"),
        (CaseFacts(plants=0, area_m2=5000, sprouted=True), "no"),
        (
            CaseFacts(plants=0, area_m2=1100, area_low_m2=900, area_high_m2=1300, sprouted=False),
            "maybe",
        ),
        (CaseFacts(), "unknown"),
    ],
)
def test_large_scale_is_a_rule_in_data(facts: CaseFacts, verdict: str) -> None:
    assert large_scale(facts, NEW).verdict == verdict


def test_an_office_may_bring_its_own_table(tmp_path: Path) -> None:
    assert law_of(tmp_path) is shipped_law()
    assert law_of(None) is shipped_law()
    (tmp_path / "law.toml").write_text(ROW, "utf-8")
    own = law_of(tmp_path)
    found = indications(CaseFacts(plants=15), NEW, own)
    assert [r.row.key for r in found.reached] == ["a"]
    assert large_scale(CaseFacts(plants=10**6), NEW, own).verdict == "no"
    # A byte-order mark, as Windows editors put before the text, changes nothing.
    (tmp_path / "law.toml").write_text(ROW, "utf-8-sig")
    assert law_of(tmp_path) == own


def test_a_plant_without_numbers_is_told() -> None:
    found = indications(CaseFacts(plants=9, plant="khat"), NEW)
    assert found.reached == ()
    assert any("khat" in text.en for text in found.unanswered)


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "no toml": b"<xml/>",
    "not utf-8": ROW.encode() + b'note = "\xff"',
    "null byte": ROW.encode() + b"\0",
    "deep": b"a = " + b"[" * 20_000,
    "long number": b"a = " + b"9" * 6000,
    "too large": b"#" * 1_000_001,
    "unknown key": ROW.encode() + b'fine = "5000"\n',
    "from above below": ROW.replace("from = 10", "from = 30").encode(),
    "negative": ROW.replace("from = 10", "from = -1").encode(),
    "nan": ROW.replace("from = 10", "from = nan").encode(),
    "infinite": ROW.replace("below = 20", "below = inf").encode(),
    "text for number": ROW.replace("from = 10", 'from = "10"').encode(),
    "bool for number": ROW.replace("from = 10", "from = true").encode(),
    "text for bool": ROW.replace("verified = true", 'verified = "yes"').encode(),
    "wrong unit": ROW.replace('unit = "plants"', 'unit = "m2"').encode(),
    "act with a number": ROW.replace('basis = "plants"', 'basis = "resistance"').encode(),
    "no numbers": ROW.replace("from = 10\nbelow = 20\n", "").encode(),
    "dates": ROW.encode() + b"valid_from = 2026-01-02\nvalid_to = 2026-01-01\n",
    "no source": ROW.replace('source = "s"\n', "").encode(),
    "twice": (ROW + ROW).encode(),
    "bad condition": ROW.encode()
    + b'[[large_scale]]\nkey="x"\nzh="x"\nen="x"\nsource="s"\nread_in="r"\nverified=true\n'
    b'when=[{fact="sprouted", at_least=3}]\n',
    "no condition": ROW.encode()
    + b'[[large_scale]]\nkey="x"\nzh="x"\nen="x"\nsource="s"\nread_in="r"\nverified=true\nwhen=[]\n',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_table_that_cant_be_used_is_refused_in_words(name: str, tmp_path: Path) -> None:
    path = tmp_path / "law.toml"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(UsageError) as caught:
        read_law(path)
    assert caught.value.code == "bad_law"
    assert "law.toml" in caught.value.text.zh


def test_a_refusal_names_the_row_and_the_key(tmp_path: Path) -> None:
    path = tmp_path / "law.toml"
    path.write_text(ROW + ROW.replace('"a"', '"b"').replace("from = 10", "from = -1"), "utf-8")
    with pytest.raises(UsageError, match=r"\[\[row\]\] 2 from"):
        read_law(path)
    with pytest.raises(UsageError):
        read_law(tmp_path / "absent.toml")
    with pytest.raises(UsageError):
        read_law(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"plants": -1.0},
        {"plants": float("nan")},
        {"plants": float("inf")},
        {"plants": 5.0, "plants_low": 6.0},
        {"plants": 5.0, "plants_high": 4.0},
        {"plants_low": 5.0},
        {"area_m2": 5.0, "area_high_m2": float("nan")},
    ],
)
def test_facts_that_cant_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        CaseFacts(**wrong)


@settings(deadline=None)
@given(st.integers(-40000, 40000))
def test_validity_is_inclusive_at_both_ends(shift: int) -> None:
    day = NEW + timedelta(days=shift % 10_000)
    row = dict(
        key="a",
        basis="repetition",
        zh="z",
        en="e",
        source="s",
        read_in="r",
        verified=True,
        valid_from=day,
        valid_to=day,
        **{"class": "c"},
    )
    table = LawTable.model_validate({"row": [row]})
    for step, holds in ((-1, 0), (0, 1), (1, 0)):
        found = indications(CaseFacts(repeated=True), day + timedelta(days=step), table).reached
        assert len(found) == holds

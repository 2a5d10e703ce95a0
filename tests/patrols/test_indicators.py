"""Monthly indicators: worked by hand, and laws of sums and denominators."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.patrols.indicators import PersonDay, monthly
from geoinspect.patrols.rules import load_rules

RULE = load_rules()[0]


def row(person: str, day: int, *, valid: bool = True, unit="a", hours: float = 2.0) -> PersonDay:
    return PersonDay(person, unit, date(2026, 6, day), valid, 3500.0, hours)


def june(rows, roster, rule=RULE):
    """June needs ten days."""
    return monthly(rows, year=2026, month=6, roster=roster, rule=rule)


def test_a_small_unit_by_hand() -> None:
    rows = [
        *(row("p1", day) for day in range(1, 13)),  # twelve valid days
        *(row("p2", day, valid=day > 5) for day in range(1, 11)),  # ten days, five of them valid
        *(row("p3", 3, hours=1.0) for _ in range(4)),  # four outings of one day
    ]
    total = june(rows, dict.fromkeys(["p1", "p2", "p3", "p4"], "a")).total
    assert (total.online.value, total.online.denominator) == (0.75, 4)
    assert total.patrolled.value == pytest.approx((1 + 1 + 0.1 + 0) / 4)
    assert (total.met.value, total.met.numerator) == (0.25, 1)
    assert total.below == ("p2", "p3", "p4")
    assert total.person_hours == 12 * 2 + 10 * 2 + 4
    assert total.person_length_m == 26 * 3500


def test_the_bulletin_of_xinhuang_june_2024() -> None:
    """It names 20 people below the standard and 94.79 % who met it: so 384 people (our reading)."""
    roster = {f"p{number:03}": f"town{number % 9}" for number in range(384)}
    rows = [row(p, day) for p in list(roster)[:364] for day in range(1, 11)]
    total = june(rows, roster).total
    assert f"{total.met.value:.2%}" == "94.79%"
    assert len(total.below) == 20


def test_without_a_roster_no_rate_is_told() -> None:
    for roster in (None, {}):
        month = june([row("p1", 1)], roster)
        for rate in (month.total.online, month.total.patrolled, month.total.met):
            assert rate.value is None
            assert rate.denominator == 0
            assert "roster" in rate.text.en
            assert "名册" in rate.text.zh
        assert [person.person_code for person in month.not_on_roster] == ["p1"]


def test_without_a_rule_only_who_came_is_told() -> None:
    total = june([row("p1", 1)], {"p1": "a", "p2": "a"}, rule=None).total
    assert total.online.value == 0.5
    assert total.patrolled.value is total.met.value is None
    assert "rule" in total.met.text.en
    assert total.below == ()


def test_a_month_without_duty_has_no_standard() -> None:
    free = RULE.model_copy(update={"days": (0,) * 12})
    total = june([row("p1", 1)], {"p1": "a"}, rule=free).total
    assert total.online.value == 1
    assert total.patrolled.value is total.met.value is None


def test_strangers_stand_apart() -> None:
    month = june([row("p1", 1), row("guest", 1, unit="b")], {"p1": "a"})
    assert month.total.online.value == 1
    assert month.total.person_hours == 2
    (guest,) = month.not_on_roster
    assert (guest.person_code, guest.unit_code, guest.person_hours) == ("guest", "b", 2)


def test_a_person_counts_for_the_unit_of_the_roster() -> None:
    month = june([row("p1", 1, unit="b")], {"p1": "a", "p2": None})
    assert list(month.units) == ["a", None]
    assert month.units["a"].online.value == 1
    assert month.units[None].online.value == 0


def test_other_months_are_passed_over() -> None:
    may = PersonDay("p1", "a", date(2026, 5, 31), True, 1.0, 1.0)
    last_year = PersonDay("p1", "a", date(2025, 6, 1), True, 1.0, 1.0)
    assert june([may, last_year], {"p1": "a"}).total.online.value == 0


def test_a_rate_says_how_it_is_worked_out() -> None:
    total = june([row("p1", 1)], {"p1": "a"}).total
    assert "上线率" in total.online.text.zh
    assert "上线巡护率" in total.patrolled.text.zh
    assert "出巡达标率" in total.met.text.zh


people = st.sampled_from([f"p{n}" for n in range(6)])
outings = st.builds(
    lambda p, d, v, h: row(p, d, valid=v, hours=h),
    people,
    st.integers(1, 30),
    st.booleans(),
    st.floats(0, 12),
)
rosters = st.dictionaries(people, st.sampled_from(["a", "b", None]), min_size=1)


@settings(max_examples=100, deadline=None)
@given(st.lists(outings, max_size=60), rosters)
def test_units_add_up_to_the_total(rows, roster) -> None:
    month = june(rows, roster)
    for name in ("online", "patrolled", "met"):
        whole = getattr(month.total, name)
        parts = [getattr(unit, name) for unit in month.units.values()]
        assert sum(part.denominator for part in parts) == whole.denominator == len(roster)
        assert sum(part.numerator for part in parts) == pytest.approx(whole.numerator)
        assert 0 <= whole.value <= 1
    assert month.total.met.value <= month.total.patrolled.value + 1e-12
    assert month.total.patrolled.value <= month.total.online.value + 1e-12
    hours = sum(p.person_hours for p in (*month.people, *month.not_on_roster))
    assert hours == pytest.approx(sum(r.hours for r in rows))
    assert len(month.total.below) == len(roster) - month.total.met.numerator


@settings(max_examples=50, deadline=None)
@given(st.lists(outings, max_size=40), rosters, outings)
def test_one_more_outing_never_lowers_a_rate(rows, roster, more) -> None:
    before, after = june(rows, roster).total, june([*rows, more], roster).total
    for name in ("online", "patrolled", "met"):
        assert getattr(after, name).value >= getattr(before, name).value


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [row("p1", 1), row("p2", 2, valid=False), row("p1", 3), row("guest", 3)]
    roster = {"p1": "a", "p2": "b"}
    assert june(rows, roster) == june(rows[::-1], dict(reversed(roster.items())))

"""The monthly indicators of forest patrols, by person, unit and in all.

Monthly bulletins give 月上线率, 上线巡护率 and 出巡达标率 (新晃县, June 2024: 99.86 %, 97.67 %, 94.79 %)
and name those below the standard, but no source read so far says how they are worked out. Here:

- 上线率: people with at least one track in the month / people on the roster;
- 上线巡护率: the mean over the roster of min(1, days with a track / days required);
- 出巡达标率: people whose valid days meet the month's rule / people on the roster.

The denominator is always the roster, so that nobody drops out by sending nothing. Without a
roster, or without a rule where one is needed, a rate is None and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from geoinspect.errors import Text
from geoinspect.patrols.rules import PatrolRule


@dataclass(frozen=True, slots=True)
class PersonDay:
    """What one person did in one outing of one day.

    Attributes:
        unit_code: The unit it was done for.
        valid: Whether the outing is a valid patrol (see :func:`.valid.judge`).
        length_m, hours: Of the outing. A walk of three people is three of these.
    """

    person_code: str
    unit_code: str | None
    day: date
    valid: bool
    length_m: float
    hours: float


@dataclass(frozen=True, slots=True)
class Rate:
    """One indicator.

    Attributes:
        value: From 0 to 1; None when it can't be told.
        numerator, denominator: What was divided; the denominator is people on the roster.
        text: How it is worked out, or why it can't be.
    """

    value: float | None
    numerator: float
    denominator: int
    text: Text


@dataclass(frozen=True, slots=True)
class PersonMonth:
    """One person's month.

    Attributes:
        unit_code: By the roster, or for those not on it the unit of their first row.
        days, valid_days: Different days with a track, and with a valid patrol.
        required_days: None without a rule.
        met: Whether the valid days meet the rule; None without one.
    """

    person_code: str
    unit_code: str | None
    days: int
    valid_days: int
    required_days: int | None
    met: bool | None
    length_m: float
    person_hours: float


@dataclass(frozen=True, slots=True)
class MonthlyIndicators:
    """The indicators of one unit or of all together.

    Attributes:
        unit_code: None for all together.
        online: 上线率.
        patrolled: 上线巡护率.
        met: 出巡达标率.
        below: Codes of those on the roster who do not meet the standard.
        person_length_m, person_hours: Sums over those on the roster: each counts, also where
            coverage counts a walk once.
    """

    unit_code: str | None
    online: Rate
    patrolled: Rate
    met: Rate
    below: tuple[str, ...]
    person_length_m: float
    person_hours: float


@dataclass(frozen=True, slots=True)
class Month:
    """Everything the rows of one month say.

    Attributes:
        total: Over the whole roster.
        units: The same by unit of the roster, by code.
        people: Everybody on the roster, by code.
        not_on_roster: Those with tracks who are not on it; they are in no rate and no sum.
    """

    total: MonthlyIndicators
    units: Mapping[str | None, MonthlyIndicators]
    people: tuple[PersonMonth, ...]
    not_on_roster: tuple[PersonMonth, ...]


def monthly(
    rows: Iterable[PersonDay],
    *,
    year: int,
    month: int,
    roster: Mapping[str, str | None] | None,
    rule: PatrolRule | None,
) -> Month:
    """Return the indicators of a month.

    Args:
        rows: One for each person and outing; other months are passed over.
        year, month: Which month, in China.
        roster: Person code → unit code of everybody who should patrol; None when there is none.
        rule: For the valid days that the month needs.
    """
    by_person: dict[str, list[PersonDay]] = {}
    for row in rows:
        if (row.day.year, row.day.month) == (year, month):
            by_person.setdefault(row.person_code, []).append(row)
    listed = roster or {}
    people = [
        _person(code, listed[code], by_person.get(code, []), rule, month) for code in sorted(listed)
    ]
    strangers = [
        _person(code, mine[0].unit_code, mine, rule, month)
        for code, mine in sorted(by_person.items())
        if code not in listed
    ]
    members: dict[str | None, list[PersonMonth]] = {}
    for person in people:
        members.setdefault(person.unit_code, []).append(person)
    return Month(
        _indicators(None, people),
        {unit: _indicators(unit, some) for unit, some in sorted(members.items(), key=_by_code)},
        tuple(people),
        tuple(strangers),
    )


def _by_code(entry: tuple[str | None, object]) -> tuple[bool, str]:
    return entry[0] is None, entry[0] or ""


def _person(
    code: str, unit: str | None, rows: Sequence[PersonDay], rule: PatrolRule | None, month: int
) -> PersonMonth:
    valid = {row.day for row in rows if row.valid}
    return PersonMonth(
        person_code=code,
        unit_code=unit,
        days=len({row.day for row in rows}),
        valid_days=len(valid),
        required_days=rule.required_days(month) if rule is not None else None,
        met=rule.month_is_met(valid, month) if rule is not None else None,
        length_m=sum(row.length_m for row in rows),
        person_hours=sum(row.hours for row in rows),
    )


def _indicators(unit: str | None, people: Sequence[PersonMonth]) -> MonthlyIndicators:
    count = len(people)
    online = sum(person.days > 0 for person in people)
    met = sum(bool(person.met) for person in people)
    patrolled = sum(
        min(1.0, person.days / person.required_days) for person in people if person.required_days
    )
    required = people[0].required_days if people else None
    missing = _no_roster() if not count else _no_standard(required)
    return MonthlyIndicators(
        unit_code=unit,
        online=_rate(online, count, None if count else _no_roster(), _ONLINE),
        patrolled=_rate(patrolled, count, missing, _PATROLLED),
        met=_rate(met, count, missing, _MET),
        below=tuple(person.person_code for person in people if person.met is False),
        person_length_m=sum(person.length_m for person in people),
        person_hours=sum(person.person_hours for person in people),
    )


def _rate(numerator: float, denominator: int, missing: Text | None, text: Text) -> Rate:
    if missing is not None:
        return Rate(None, numerator, denominator, missing)
    return Rate(numerator / denominator, numerator, denominator, text)


_ONLINE = Text(
    "上线率 = 当月至少有一条轨迹的人数 ÷ 名册人数",
    "online rate = people with at least one track in the month / people on the roster",
)
_PATROLLED = Text(
    "上线巡护率 = 名册上每人 min(1, 有轨迹的天数 ÷ 应巡天数) 的平均值",
    "patrol rate = mean over the roster of min(1, days with a track / days required)",
)
_MET = Text(
    "出巡达标率 = 有效天数达到要求的人数 ÷ 名册人数",
    "standard met = people whose valid days meet the rule / people on the roster",
)
# How the three are worked out, also where one of them can't be.
DEFINITIONS = (_ONLINE, _PATROLLED, _MET)


def _no_roster() -> Text:
    return Text(
        "没有巡护人员名册,无法计算;请先导入名册",
        "there is no roster of people, so no rate can be told: import one first",
    )


def _no_standard(required: int | None) -> Text | None:
    """Return why there is no standard to measure by; None when there is one."""
    if required is None:
        return Text(
            "当月没有适用的巡护规则,无法计算;请检查规则的起止日期和方式",
            "no patrol rule holds in this month: check the rules' dates and modes",
        )
    if required == 0:
        return Text("规则当月不要求巡护天数", "the rule requires no days this month")
    return None

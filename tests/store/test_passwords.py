"""What passwords are taken, held to rules that are written down here a second time."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from geoinspect.accounts.lifetimes import password_is_due
from geoinspect.accounts.passwords import (
    MAX_CHARS,
    Profile,
    broken_rules,
    check_rules,
    made_password,
    profile_of,
    rules_in_words,
)
from geoinspect.errors import UsageError
from geoinspect.settings import Settings
from geoinspect.store import people
from geoinspect.store.schema import UserRow

DENGBAO = profile_of(Settings())
ASVS = profile_of(Settings(password_profile="asvs"))
COMMON = [word for word in FREQUENCY_LISTS["passwords"][:3000] if len(word) >= 8]


def kinds(password: str) -> int:
    """The oracle: kinds of ASCII text by regular expressions."""
    return sum(bool(re.search(kind, password)) for kind in ("[a-z]", "[A-Z]", "[0-9]", r"[^a-zA-Z0-9]"))  # fmt: skip


@given(st.text(string.printable, max_size=40))
def test_dengbao_asks_for_length_and_kinds(password: str) -> None:
    good = len(password) >= 8 and kinds(password) >= 3 and password.casefold() not in COMMON
    broken = broken_rules(password, DENGBAO, name="张三")
    if not good:
        assert broken
    for text in broken:
        assert re.search("[一-鿿]", text.zh)
        assert re.search("[a-z]{3}", text.en)


@given(st.text(min_size=12, max_size=200))
def test_asvs_takes_any_long_text_as_typed(password: str) -> None:
    listed = password.casefold() in set(FREQUENCY_LISTS["passwords"])
    assert bool(broken_rules(password, ASVS, name="张三丰四五六七八九十")) == listed


@pytest.mark.parametrize("profile", [DENGBAO, ASVS])
@pytest.mark.parametrize("chars", [64, 128, MAX_CHARS])
def test_long_ones_are_taken_and_too_long_ones_refused_in_words(
    profile: Profile, chars: int
) -> None:
    check_rules(("Ab1-" * MAX_CHARS)[:chars], profile, name="a")
    with pytest.raises(UsageError, match=str(MAX_CHARS)):
        check_rules(("Ab1-" * MAX_CHARS)[: MAX_CHARS + 1], profile, name="a")


@pytest.mark.parametrize("profile", [DENGBAO, ASVS])
def test_common_ones_are_refused_in_any_case(profile: Profile) -> None:
    taken = [
        word
        for word in COMMON
        for form in (word, word.upper(), word.title())
        if not any("common" in text.en for text in broken_rules(form, profile, name="x"))
    ]
    assert len(COMMON) > 500
    assert taken == []


@given(st.sampled_from(["zhangsan", "Field-1", "李四四四四四四"]), st.text("1!a", max_size=5))
def test_a_name_with_a_few_signs_is_no_password(name: str, more: str) -> None:
    for typed in (name + more, more + name.upper(), name[::-1] + more):
        assert any("name" in text.en for text in broken_rules(typed, DENGBAO, name=name))


def test_a_name_beside_enough_else_is_no_hindrance() -> None:
    assert broken_rules("field1-Quiet!meadow", DENGBAO, name="field1") == []


def test_the_tests_own_password_is_good() -> None:
    assert broken_rules("long enough 1", DENGBAO, name="测试员") == []


@pytest.mark.parametrize("profile", [DENGBAO, ASVS])
def test_made_ones_are_good_and_never_the_same(profile: Profile) -> None:
    made = [made_password(profile) for _ in range(200)]
    assert len(set(made)) == 200
    assert all(broken_rules(one, profile, name="x") == [] for one in made)
    assert not any(set(one) & set("0O1lI") for one in made)


def test_what_is_asked_for_is_said_before_anybody_types() -> None:
    told = rules_in_words(DENGBAO)
    for number in ("8", "3", "5", "90"):
        assert number in told.zh
        assert number in told.en
    assert "90" not in rules_in_words(ASVS).en


@given(days=st.floats(0, 400))
def test_a_password_is_due_by_its_age_and_only_where_the_profile_says_so(days: float) -> None:
    now = datetime(2026, 5, 14, tzinfo=UTC)
    row = UserRow(must_change=False, created_at=now, password_set_at=now - timedelta(days=days))
    assert password_is_due(row, Settings(), now) == (timedelta(days=days) > timedelta(days=90))
    assert not password_is_due(row, Settings(password_profile="asvs"), now)
    assert not password_is_due(row, Settings(password_max_days=0), now)
    row.must_change = True
    assert password_is_due(row, Settings(password_profile="asvs"), now)


def test_longer_than_any_may_be_is_never_a_shorter_one(tmp_path: Path) -> None:
    longest = "Ab1-" * (MAX_CHARS // 4)
    stored = people.hashed(longest)
    assert people.is_password(stored, longest)
    assert not people.is_password(stored, longest + "x")
    assert not people.is_password(people.hashed("long enough 1"), "x" * 10_000_000)

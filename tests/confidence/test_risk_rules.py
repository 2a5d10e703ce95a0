"""Risk rules: the file of the package, an office's own, and errors that name row and field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geoinspect.confidence.risk_rules import RiskFactor, load_rules, rule_of, with_rule
from geoinspect.errors import UsageError

F = RiskFactor
RULES = load_rules()


def test_the_package_has_every_factor_and_only_three_that_do_anything() -> None:
    assert {rule.factor for rule in RULES} == set(F)
    live = {rule.factor: rule.multiplier for rule in RULES if not rule.neutral}
    assert live == {F.FORMER: 10, F.PRIORITY: 3, F.LICENSED: 0}
    assert all(rule.source for rule in RULES)


def test_a_rule_that_is_off_is_neutral() -> None:
    assert rule_of(with_rule(RULES, F.FORMER, active=False), F.FORMER).neutral


def test_breakpoints_are_interpolated_and_level_beyond_their_ends() -> None:
    rules = with_rule(RULES, "slope", breakpoints=[[10, 1], [20, 3], [40, 0.5]])
    slope = np.array([0, 10, 15, 20, 30, 40, 80, np.nan])
    np.testing.assert_allclose(
        rule_of(rules, F.SLOPE).at_value(slope), [1, 1, 2, 3, 1.75, 0.5, 0.5, 1]
    )


def test_the_reach_is_where_the_change_becomes_none() -> None:
    rule = rule_of(RULES, F.FORMER)
    inside, outside = rule.at_distance(np.array([rule.reach_m - 1, rule.reach_m + 1]))
    assert inside > 1
    assert outside == 1
    assert rule_of(RULES, F.ROADS).reach_m == 0


def test_a_row_is_changed_or_added_and_the_others_stay() -> None:
    changed = with_rule(RULES, F.HOUSES, multiplier=2, source="own finds 2020-2026")
    assert rule_of(changed, F.HOUSES).multiplier == 2
    assert rule_of(changed, F.HOUSES).decay_m == 200
    assert [r for r in changed if r.factor != F.HOUSES] == [
        r for r in RULES if r.factor != F.HOUSES
    ]
    added = with_rule((), F.WATER, multiplier=2, decay_m=50, source="x")
    assert [r.factor for r in added] == [F.WATER]


@pytest.mark.parametrize(
    ("factor", "values", "said"),
    [
        ("moon", {}, "'moon'"),
        ("former", {"multiplier": -1}, "multiplier"),
        ("former", {"multiplier": float("nan")}, "multiplier"),
        ("former", {"multiplier": float("inf")}, "multiplier"),
        ("former", {"multiplier": "ten"}, "'ten'"),
        ("former", {"decay_m": 0}, "decay_m"),
        ("former", {"decay_m": None}, "needs decay_m"),
        ("former", {"half_life_years": 0}, "half_life_years"),
        ("roads", {"half_life_years": 3}, "takes no half_life_years"),
        ("licensed", {"decay_m": 5}, "takes no decay_m"),
        ("licensed", {"breakpoints": [[0, 1]]}, "takes no breakpoints"),
        ("slope", {"breakpoints": []}, "needs breakpoints"),
        ("slope", {"breakpoints": [[10, 1], [10, 2]]}, "must rise"),
        ("slope", {"breakpoints": [[10, -1]]}, "breakpoints"),
        ("slope", {"multiplier": 2}, "takes no multiplier"),
        ("roads", {"colour": "red"}, "colour"),
        ("roads", {"source": ""}, "source"),
    ],
)
def test_a_bad_value_is_refused_by_name(factor: str, values: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_rule(RULES, factor, **values)
    assert said in caught.value.text.en
    assert caught.value.code == "bad_risk_rules"
    assert caught.value.exit_status == 2


ROW = 'factor = "roads"\nmultiplier = 2\ndecay_m = 100\nsource = "own"\n'


def test_an_office_brings_its_own_file(tmp_path: Path) -> None:
    path = tmp_path / "规则.toml"
    path.write_text(f"[[rule]]\n{ROW}", "utf-8")
    (rule,) = load_rules(path)
    assert (rule.factor, rule.multiplier, rule.active) == (F.ROADS, 2, True)
    assert rule_of((rule,), F.WATER) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"[[rule]]\n{ROW}[[rule]]\n{ROW}", "rows 1 and 2"),
        (f"[[rule]]\n{ROW}[[rule]]\nfactor = 'sea'\nsource = 'x'\n", "row 2, factor"),
        ("[[rule]]\n" + ROW.replace("2", "'a'", 1), "row 1, multiplier"),
        ("[rule", "no usable TOML"),
        ("", "rule"),
        ("rule = 5", "rule"),
        ("other = 1\n[[rule]]\n" + ROW, "other"),
    ],
)
def test_a_bad_file_is_refused_by_row_and_field(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as caught:
        load_rules(path)
    assert said in caught.value.text.en
    assert "rules.toml" in caught.value.text.zh


def test_a_missing_file_or_one_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_rules(tmp_path / "none.toml")
    (tmp_path / "gbk.toml").write_bytes("备注".encode("gbk"))
    with pytest.raises(UsageError):
        load_rules(tmp_path / "gbk.toml")

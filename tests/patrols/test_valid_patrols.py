"""Valid patrols: what lies inside the own area, which route was gone before, and the rules."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geoinspect.crs import WGS84, geodesic_length_m, transform_geometry
from geoinspect.errors import UsageError
from geoinspect.patrols.routes import overlap, route_cells
from geoinspect.patrols.rules import load_rules, rule_for
from geoinspect.patrols.valid import PatrolFacts, inside, judge
from geoinspect.records import Mode, Segment

RULES = load_rules()
RULE = RULES[0]
DAY = date(2026, 5, 14)
METRIC = "EPSG:4544"  # 105° E, CGCS2000 3°
SQUARE = shapely.box(105.0, 27.0, 105.05, 27.05)


def segment(points, every_s: float = 60.0) -> Segment:
    lon, lat = np.asarray(points, dtype=np.float64).reshape(-1, 2).T
    return Segment(lon, lat, 1778718600.0 + np.arange(len(lon)) * every_s)


def walk(seed: int, *, count: int = 300, noise_m: float = 0.0, at=(105.01, 27.01), walk_seed=None):
    """A winding walk of 15 m steps; the seed is of its noise, ``walk_seed`` of its path."""
    path = np.random.default_rng(seed if walk_seed is None else walk_seed)
    turns = np.cumsum(path.normal(0, 0.25, count))
    steps = 15.0 * np.column_stack([np.cos(turns), np.sin(turns)])
    noise = np.random.default_rng(seed).normal(0, noise_m, (count, 2))
    return segment(np.add(at, (np.cumsum(steps, axis=0) + noise) / [99_000, 111_000]))


# --- inside ---------------------------------------------------------------------------------


def test_half_of_a_walk_over_the_border_is_inside() -> None:
    one = segment([(104.9, 27.02), (105.0, 27.02), (105.05, 27.02), (105.15, 27.02)])
    length_m, lasting_s = inside([one], SQUARE)
    assert length_m == pytest.approx(geodesic_length_m(one.lon[1:3], one.lat[1:3]))
    assert lasting_s == pytest.approx(60)


def test_a_step_that_crosses_the_border_counts_by_its_share() -> None:
    one = segment([(104.99, 27.02), (105.03, 27.02)])
    length_m, lasting_s = inside([one], SQUARE)
    assert length_m == pytest.approx(0.75 * geodesic_length_m(one.lon, one.lat), rel=1e-6)
    assert lasting_s == pytest.approx(45)


def test_a_step_right_through_counts_though_both_ends_are_outside() -> None:
    length_m, lasting_s = inside([segment([(104.95, 27.02), (105.10, 27.02)])], SQUARE)
    assert length_m == pytest.approx(4963, rel=0.01)
    assert lasting_s == pytest.approx(20)


def test_a_hole_is_not_the_own_area() -> None:
    holed = SQUARE.difference(shapely.box(105.01, 27.01, 105.04, 27.04))
    _, lasting_s = inside([segment([(105.0, 27.02), (105.05, 27.02)])], holed)
    assert lasting_s == pytest.approx(24)


def test_standing_inside_takes_time_and_standing_outside_does_not() -> None:
    assert inside([segment([(105.02, 27.02)] * 11)], SQUARE) == (0.0, 600.0)
    assert inside([segment([(105.08, 27.02)] * 11)], SQUARE) == (0.0, 0.0)


def test_without_times_the_duration_is_unknown_not_zero() -> None:
    one = walk(1)
    length_m, lasting_s = inside([replace(one, time_s=np.full(len(one), np.nan))], SQUARE)
    assert length_m > 0
    assert lasting_s is None
    assert inside([], SQUARE) == (0.0, None)


def test_nothing_is_bridged_between_segments() -> None:
    one = walk(1)
    halves = [one.part(slice(0, 150)), one.part(slice(150, None))]
    step_m = geodesic_length_m(one.lon[149:151], one.lat[149:151])
    everywhere = shapely.box(100, 20, 110, 30)
    whole_m, whole_s = inside([one], everywhere)
    halves_m, halves_s = inside(halves, everywhere)
    assert (whole_m - halves_m, whole_s - halves_s) == pytest.approx((step_m, 60))


corner = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
    lambda at: (104.97 + at[0] * 1.1e-3, 26.97 + at[1] * 1.1e-3)
)
# Borders stand on a coarse grid and fixes beside it: along a border either side is right.
place = st.tuples(
    st.integers(0, 9000).map(lambda k: 104.98 + k * 1.1e-5 + 3e-7),
    st.integers(0, 9000).map(lambda k: 26.98 + k * 1.1e-5 + 3e-7),
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(corner, min_size=3, max_size=8),
    st.lists(place, min_size=2, max_size=12, unique=True),
)
def test_inside_agrees_with_cutting_the_line_in_metres(border, points) -> None:
    ground = shapely.MultiPoint(border).convex_hull
    assume(ground.area > 1e-5)
    one = segment(points)
    length_m, lasting_s = inside([one], ground)
    metric_ground = transform_geometry(WGS84, METRIC, shapely.segmentize(ground, 5e-3))
    steps = [shapely.LineString(points[k : k + 2]) for k in range(len(points) - 1)]
    lines = [transform_geometry(WGS84, METRIC, shapely.segmentize(s, 5e-3)) for s in steps]
    cut_m = [line.intersection(metric_ground).length for line in lines]
    assert length_m == pytest.approx(sum(cut_m), rel=2e-3, abs=2)
    shares = [cut / line.length for cut, line in zip(cut_m, lines, strict=True)]
    assert lasting_s == pytest.approx(60 * sum(shares), abs=1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(105.0, 105.05))
def test_the_two_sides_of_a_line_make_the_whole(seed: int, border: float) -> None:
    one = walk(seed, at=(105.02, 27.02))
    west, east = shapely.box(100, 20, border, 30), shapely.box(border, 20, 110, 30)
    parts = [inside([one], side) for side in (west, east)]
    assert sum(m for m, _ in parts) == pytest.approx(geodesic_length_m(one.lon, one.lat))
    assert sum(s for _, s in parts) == pytest.approx(60 * (len(one) - 1))


def test_a_long_track_is_measured_quickly_in_pieces() -> None:
    one = walk(1, count=120_000)
    whole = inside([one], shapely.box(100, 20, 110, 30))
    assert whole[0] == pytest.approx(geodesic_length_m(one.lon, one.lat))
    assert whole[1] == 60.0 * (len(one) - 1)


# --- routes ---------------------------------------------------------------------------------


def test_the_same_path_on_another_day_is_the_same_route() -> None:
    for seed in range(20):
        first = route_cells([walk(seed, noise_m=4, walk_seed=7)])
        second = route_cells([walk(seed + 100, noise_m=4, walk_seed=7)])
        assert overlap(first, second) > 0.95


def test_the_next_line_of_a_search_is_another_route() -> None:
    here = segment([(105.01 + k * 1e-4, 27.01) for k in range(100)])
    beside = replace(here, lat=here.lat + 60 / 111_000)
    assert overlap(route_cells([here]), route_cells([beside])) == 0


def test_half_a_path_again_is_half_a_route() -> None:
    one = segment([(105.01 + k * 1e-4, 27.01) for k in range(201)])
    half = one.part(slice(0, 101))
    assert overlap(route_cells([one]), route_cells([half])) == pytest.approx(0.5, abs=0.03)
    assert overlap(route_cells([half]), route_cells([one])) == 1


def test_a_route_does_not_depend_on_how_often_the_device_looks() -> None:
    often = segment([(105.01 + k * 1e-5, 27.01 + k * 7e-6) for k in range(2001)])
    seldom = often.part(slice(None, None, 100))
    assert overlap(route_cells([often]), route_cells([seldom])) == 1
    assert overlap(route_cells([seldom]), route_cells([often])) == 1


def test_no_route_overlaps_nothing() -> None:
    empty = route_cells([])
    assert overlap(empty, empty) == overlap(empty, route_cells([walk(1)])) == 0
    assert overlap(route_cells([walk(1)]), empty) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 500), st.integers(0, 500))
def test_overlap_is_a_share_and_whole_with_itself(one: int, other: int) -> None:
    a, b = route_cells([walk(one)]), route_cells([walk(other)])
    assert overlap(a, a) == 1
    assert 0 <= overlap(a, b) <= overlap(a, np.union1d(a, b)) == 1


# --- judging --------------------------------------------------------------------------------


def facts(**changes) -> PatrolFacts:
    usual = PatrolFacts(DAY, Mode.FOOT, 3000.0, 3600.0, route_cells([walk(1)]))
    return replace(usual, **changes)


def test_the_published_rule_is_the_one_that_comes_along() -> None:
    assert (RULE.min_length_m, RULE.min_duration_s, RULE.photo_required) == (3000, 3600, False)
    assert [RULE.required_days(month) for month in (10, 12, 1, 5)] == [20] * 4
    assert [RULE.required_days(month) for month in (6, 7, 8, 9)] == [10] * 4
    assert rule_for(RULES, DAY, Mode.FOOT) is RULE
    assert rule_for(RULES, DAY, Mode.DRONE) is None


def test_three_kilometres_and_an_hour_inside_are_enough() -> None:
    assert judge(facts(), [], RULE).valid
    assert judge(facts(), [], RULE).reasons == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"length_inside_m": 2990.0}, "2.99"),
        ({"length_inside_m": None}, "own area is unknown"),
        ({"duration_inside_s": 3500.0}, "58 minutes"),
        ({"duration_inside_s": None}, "with times"),
        ({"day": None, "duration_inside_s": None}, "day is unknown"),
        ({"mode": Mode.VEHICLE}, "'vehicle'"),
    ],
)
def test_what_is_missing_is_said(changes, said: str) -> None:
    verdict = judge(facts(**changes), [], RULE)
    assert not verdict.valid
    assert len(verdict.reasons) == 1
    assert said in verdict.reasons[0].en


def test_every_reason_is_told_at_once() -> None:
    poor = facts(mode=Mode.BOAT, length_inside_m=10.0, duration_inside_s=10.0)
    strict = RULE.model_copy(update={"photo_required": True})
    assert len(judge(poor, [facts()], strict).reasons) == 5


def test_a_photo_is_wanted_where_the_rule_wants_one() -> None:
    strict = RULE.model_copy(update={"photo_required": True})
    assert not judge(facts(), [], strict).valid
    assert judge(facts(photos=1), [], strict).valid


def test_a_route_repeated_in_the_month_does_not_count() -> None:
    before = facts(day=date(2026, 5, 3))
    assert "100%" in judge(facts(), [before], RULE).reasons[0].en
    assert judge(facts(area_covered=True), [before], RULE).valid
    assert judge(facts(), [facts(day=date(2026, 4, 30))], RULE).valid
    assert judge(facts(), [facts(day=date(2026, 5, 20))], RULE).valid
    assert judge(facts(), [facts(day=None)], RULE).valid
    assert judge(facts(), [facts(route=route_cells([walk(2, at=(105.2, 27))]))], RULE).valid


def test_a_rule_out_of_force_makes_nothing_valid() -> None:
    old = RULE.model_copy(update={"to": date(2025, 12, 31)})
    assert "does not hold" in judge(facts(), [], old).reasons[0].en


@settings(max_examples=60)
@given(
    st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 1e5), st.integers(0, 3)
)
def test_more_is_never_worse(length, more_m, lasting, more_s, photos) -> None:
    less = facts(length_inside_m=length, duration_inside_s=lasting, photos=photos)
    more = facts(
        length_inside_m=length + more_m, duration_inside_s=lasting + more_s, photos=photos + 1
    )
    assert judge(less, [], RULE).valid <= judge(more, [], RULE).valid


def test_days_must_be_spread_where_the_rule_spreads_them() -> None:
    spread = RULE.model_copy(update={"days_each_third": 6})
    early = [date(2026, 5, day) for day in range(1, 21)]
    even = [date(2026, 5, day) for day in (*range(1, 8), *range(11, 18), *range(21, 27))]
    assert RULE.month_is_met(early, 5)
    assert not spread.month_is_met(early, 5)
    assert spread.month_is_met(even, 5)
    assert not RULE.month_is_met(even[:-1] + even[:1], 5)
    assert RULE.model_copy(update={"days": (0,) * 12}).month_is_met([], 5)


# --- the rule file --------------------------------------------------------------------------

ROW = """
[[rule]]
name = "r"
modes = ["foot"]
min_length_m = 1
min_duration_s = 1
days = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
source = "s"
"""


def test_an_office_brings_its_own_rules(tmp_path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(ROW + "to = 2026-05-31\n" + ROW + "from = 2026-06-01\n", "utf-8")
    rules = load_rules(path)
    assert rule_for(rules, date(2026, 5, 31), Mode.FOOT) is rules[0]
    assert rule_for(rules, date(2026, 6, 1), Mode.FOOT) is rules[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["rule"]),
        ("[[rule", ["TOML"]),
        (ROW.replace("min_length_m = 1", "min_length_m = -5"), ["row 1", "min_length_m", "-5"]),
        (ROW + ROW.replace('"foot"', '"horse"'), ["row 2", "modes", "horse"]),
        (ROW.replace("days = [1, ", "days = ["), ["row 1", "days"]),
        (ROW + "min_lenght_m = 3", ["row 1", "min_lenght_m"]),
        (ROW + "from = 2026-02-01\nto = 2026-01-01", ["row 1", "2026-02-01", "2026-01-01"]),
        (ROW + "max_route_overlap = nan", ["row 1", "max_route_overlap"]),
        (ROW + "to = 2026-05-31\n" + ROW + "from = 2026-05-31", ["rows 1 and 2", "foot"]),
    ],
)
def test_a_wrong_rule_is_named_by_file_row_and_value(tmp_path, text: str, said: list[str]) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as caught:
        load_rules(path)
    for word in ["rules.toml", *said]:
        assert word in caught.value.text.en
    assert "rules.toml" in caught.value.text.zh


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00name"])
def test_a_rule_file_that_can_not_be_read_is_named(tmp_path, content) -> None:
    path = tmp_path / "rules.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"rules\.toml"):
        load_rules(path)


@settings(max_examples=60)
@given(st.text(max_size=60), st.integers(0, len(ROW)))
def test_no_text_breaks_the_loader(tmp_path_factory, text: str, place: int) -> None:
    path = tmp_path_factory.getbasetemp() / "broken.toml"
    path.write_text(ROW[:place] + text + ROW[place:], "utf-8", errors="replace")
    with suppress(UsageError):
        load_rules(path)

"""Laws of the book of looks: any choice of looks, in any order, added in any portions."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sweep_laws import CRS, GROUND, X0, Y0, lines, look_at

from geoinspect import crs as crs_
from geoinspect.coverage import bits
from geoinspect.coverage.book import METHODS, LookBook, Tally, tally
from geoinspect.coverage.cells import CellTable, Thresholds, combine, table_of
from geoinspect.coverage.ground import make_ground
from geoinspect.coverage.looks import Look, Sweeper
from geoinspect.coverage.sensitivity import searched_well
from geoinspect.search_records import DetectionLaw, Method

LAW = DetectionLaw.RANDOM_SEARCH
ONE_KIND = np.zeros(len(GROUND.cell_row), np.int16)

lines_made = st.builds(
    lambda line, width_m, method: (method, look_at(line, width_m=width_m)),
    lines,
    st.sampled_from([20.0, 40.0, 90.0]),
    st.sampled_from([Method.FOOT, Method.VEHICLE, Method.DRONE]),
)


def picture(west: float, south: float, size: float, pod: float) -> tuple[Method, Look]:
    box = shapely.box(X0 + west, Y0 + south, X0 + west + size, Y0 + south + size * 0.7)
    outline = crs_.transform_geometry(CRS, crs_.WGS84, box)
    return Method.SURVEY, Sweeper(GROUND).picture(outline, pod=pod, taken_s=9.0)


pictures_made = st.builds(
    picture, st.floats(-100, 800), st.floats(-100, 800), st.floats(30, 700), st.floats(0, 1)
)
books = st.lists(st.one_of(lines_made, lines_made, pictures_made), min_size=0, max_size=5)


def counted(
    looks: list[tuple[Method, Look]], chosen: list[bool] | None = None, law: DetectionLaw = LAW
) -> Tally:
    book = LookBook.of(GROUND, looks, law)
    counts = np.array([True] * len(looks) if chosen is None else chosen, np.bool_).reshape(-1, 1)
    return tally(GROUND, book, counts, ONE_KIND)


def table(looks: list[tuple[Method, Look]], law: DetectionLaw = LAW) -> CellTable:
    return table_of(GROUND, counted(looks, law=law), Thresholds())


def assert_same(one: Tally, other: Tally, *, rtol: float = 1e-12) -> None:
    assert one.methods == other.methods
    np.testing.assert_array_equal(one.seen_bits, other.seen_bits)
    np.testing.assert_array_equal(one.passes, other.passes)
    np.testing.assert_array_equal(one.last_s, other.last_s)
    for name in ("length_m", "effort", "exposure"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(books, st.sampled_from(list(DetectionLaw)), st.randoms(use_true_random=False))
def test_order_does_not_matter(looks: list, law: DetectionLaw, random) -> None:
    mixed = list(looks)
    random.shuffle(mixed)
    assert_same(counted(looks, law=law), counted(mixed, law=law))


@settings(max_examples=40, deadline=None)
@given(books, st.one_of(lines_made, pictures_made), st.sampled_from(list(DetectionLaw)))
def test_one_more_look_never_lowers_anything(looks: list, more: tuple, law: DetectionLaw) -> None:
    before, after = table(looks, law), table([*looks, more], law)
    assert not (before.seen_bits & ~after.seen_bits).any()
    assert (after.seen_fraction >= before.seen_fraction).all()
    assert (after.pod >= before.pod - 1e-12).all()
    assert (after.state >= before.state).all()
    assert (after.passes >= before.passes).all()
    assert not (after.last_seen_s < before.last_seen_s).any()


@settings(max_examples=40, deadline=None)
@given(books)
def test_what_all_saw_is_the_union_and_at_most_the_sum(looks: list) -> None:
    together = table(looks)
    seen = np.zeros_like(together.seen_bits)
    total = np.zeros(len(together.pod))
    unfound = np.ones(len(together.pod))
    for look in looks:
        alone = table([look])
        seen |= alone.seen_bits
        total += alone.seen_fraction
        unfound *= 1 - alone.pod
    np.testing.assert_array_equal(together.seen_bits, seen)
    assert (together.seen_fraction <= total + 1e-12).all()
    # Looks miss independently of each other.
    np.testing.assert_allclose(together.pod, 1 - unfound, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.one_of(lines_made, pictures_made), st.integers(2, 4))
def test_the_same_look_again_sees_nothing_new_and_counts_its_effort(look: tuple, n: int) -> None:
    once, often = table([look]), table([look] * n)
    np.testing.assert_array_equal(once.seen_bits, often.seen_bits)
    np.testing.assert_array_equal(once.last_seen_s, often.last_seen_s)
    np.testing.assert_allclose(often.coverage, n * once.coverage)
    np.testing.assert_allclose(1 - often.pod, (1 - once.pod) ** n, atol=1e-9)
    np.testing.assert_array_equal(often.passes, n * once.passes)


@settings(max_examples=40, deadline=None)
@given(books, st.data())
def test_a_choice_of_looks_is_a_book_of_those_alone(looks: list, data) -> None:
    chosen = data.draw(st.lists(st.booleans(), min_size=len(looks), max_size=len(looks)))
    kept = [look for look, wanted in zip(looks, chosen, strict=True) if wanted]
    assert_same(counted(looks, chosen), counted(kept), rtol=0)


@settings(max_examples=30, deadline=None)
@given(books, st.integers(0, 5))
def test_a_book_grown_look_by_look_equals_a_new_one_bit_for_bit(looks: list, cut: int) -> None:
    whole = LookBook.of(GROUND, looks, LAW)
    grown = LookBook.of(GROUND, looks[:cut], LAW)
    for look in looks[cut:]:
        grown = grown.with_looks(GROUND, [look], LAW)
    for field in fields(LookBook):
        one, other = getattr(whole, field.name), getattr(grown, field.name)
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()


@settings(max_examples=30, deadline=None)
@given(books)
def test_a_look_counts_only_in_cells_of_the_kinds_it_counts_for(looks: list) -> None:
    kinds = (np.arange(len(GROUND.cell_row)) % 2).astype(np.int16)
    book = LookBook.of(GROUND, looks, LAW)
    counts = np.array([(True, k % 2 == 0) for k in range(len(looks))], np.bool_).reshape(-1, 2)
    mixed = tally(GROUND, book, counts, kinds)
    every = counted(looks)
    even = counted(looks, [k % 2 == 0 for k in range(len(looks))])
    for kind, truth in ((0, every), (1, even)):
        here = kinds == kind
        np.testing.assert_array_equal(mixed.seen_bits[here], truth.seen_bits[here])
        np.testing.assert_array_equal(mixed.passes[here], truth.passes[here])
        np.testing.assert_allclose(mixed.effort[here], truth.effort[here])


@settings(max_examples=30, deadline=None)
@given(books)
def test_exposure_is_kept_by_method_and_adds_up_to_the_pod(looks: list) -> None:
    found = counted(looks)
    assert found.methods == tuple(m for m in METHODS if m in {method for method, _ in looks})
    for number, method in enumerate(found.methods):
        alone = counted([look for look in looks if look[0] is method])
        np.testing.assert_allclose(found.exposure[number], alone.exposure[0])
    pod = table_of(GROUND, found, Thresholds()).pod
    np.testing.assert_allclose(pod, 1 - np.exp(-found.exposure.sum(axis=0)), atol=1e-12)


def test_a_perfect_picture_is_certain_only_where_it_was_whole() -> None:
    seen = table([picture(100, 100, 500, 1.0)])
    whole = seen.seen_fraction == 1.0
    assert whole.any()
    assert (seen.pod[whole] == 1.0).all()
    part = (seen.seen_fraction > 0) & ~whole
    np.testing.assert_allclose(seen.pod[part], seen.seen_fraction[part], atol=1e-12)


def test_looks_on_a_larger_ground_count_where_it_is_ours() -> None:
    larger = shapely.box(X0 - 500, Y0 - 500, X0 + 1500, Y0 + 1500)
    wide = make_ground({"a": larger}, crs=CRS, cell_m=100.0, side=GROUND.side)
    line = np.array([[X0 - 400, Y0 + 210], [X0 + 1400, Y0 + 480]])
    look = look_at(line, ground=wide)
    book = LookBook.of(GROUND, [(Method.FOOT, look)], LAW)
    assert 0 < len(book.cell) < len(look.row)
    ours = {(int(r), int(c)) for r, c in zip(GROUND.cell_row, GROUND.cell_col, strict=True)}
    seen = {(int(r), int(c)) for r, c in zip(look.row, look.col, strict=True)}
    known = zip(GROUND.cell_row[book.cell], GROUND.cell_col[book.cell], strict=True)
    assert {(int(r), int(c)) for r, c in known} == ours & seen


def test_nothing_looked_at_is_nothing_seen() -> None:
    empty = combine(GROUND, [], Thresholds())
    assert empty.methods == ()
    assert not empty.seen_bits.any()
    assert (empty.pod == 0).all()
    assert np.isnan(empty.last_seen_s).all()
    assert not np.signbit(empty.pod).any()
    assert (searched_well(GROUND, empty).sensitivity == 0).all()


@settings(max_examples=40, deadline=None)
@given(books, st.one_of(lines_made, pictures_made))
def test_sensitivity_is_never_above_what_was_seen(looks: list, more: tuple) -> None:
    found = table([*looks, more])
    well = searched_well(GROUND, found)
    sensitivity = well.sensitivity
    assert ((sensitivity >= 0) & (sensitivity <= 1)).all()
    assert (sensitivity <= found.seen_fraction + 1e-6).all()
    assert ((sensitivity > 0) <= (found.seen_fraction > 0)).all()
    in_pictures = np.zeros(len(found.pod), np.bool_)
    for number, method in enumerate(found.methods):
        if not method.is_line:
            in_pictures |= found.exposure[number] > 0
    np.testing.assert_allclose(
        sensitivity[in_pictures],
        np.minimum(found.seen_fraction, found.pod)[in_pictures],
        atol=1e-6,
    )


@settings(max_examples=15, deadline=None)
@given(books)
def test_sensitivity_by_a_plain_loop(looks: list) -> None:
    found = table([look for look in looks if look[0].is_line])
    sensitivity = searched_well(GROUND, found).sensitivity
    row, col, m2 = GROUND.cell_row, GROUND.cell_col, GROUND.cell_m2
    exposure = np.minimum(found.exposure, 20.0).sum(axis=0)
    for c in np.flatnonzero(found.seen_fraction > 0):
        near = (abs(row - row[c]) <= 2) & (abs(col - col[c]) <= 2)
        mean_e = np.average(exposure[near], weights=m2[near])
        mean_s = np.average(found.seen_fraction[near], weights=m2[near])
        truth = found.seen_fraction[c] * min(1.0, -np.expm1(-mean_e) / mean_s)
        assert sensitivity[c] == pytest.approx(truth, abs=2e-6)


def test_bits_counted_one_by_one() -> None:
    random = np.random.default_rng(3)
    masks = random.integers(0, 2**64, (50, 16), dtype=np.uint64)
    truth = [sum(int(word).bit_count() for word in row) for row in masks]
    assert bits.count_bits(masks).tolist() == truth

"""One-to-one matching against brute force, patches and cases, and plots of several patches."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from shapely import Point, Polygon

from geoinspect.cases import assignment, matching
from geoinspect.cases.distances import points_distance_m, shapes_distance_m, shapes_of
from geoinspect.cases.matching import cluster, match_grounds, match_patches, match_places
from geoinspect.crs import GEOD
from geoinspect.errors import TooLargeError, UsageError

LON, LAT = 104.37, 33.785
EAST_DEG, NORTH_DEG = 1 / 92_600, 1 / 110_900


def places(metres: list[tuple[float, float]]) -> np.ndarray:
    return np.array([(LON + x * EAST_DEG, LAT + y * NORTH_DEG) for x, y in metres]).reshape(-1, 2)


def square(x: float, y: float, side_m: float = 10.0) -> Polygon:
    west, south = LON + x * EAST_DEG, LAT + y * NORTH_DEG
    return shapely.box(west, south, west + side_m * EAST_DEG, south + side_m * NORTH_DEG)


def best_by_hand(cost: np.ndarray) -> tuple[int, float]:
    """Most pairs, then least total, by trying every assignment; inf is no pair."""
    n, m = cost.shape
    best = (0, 0.0)
    for size in range(1, min(n, m) + 1):
        totals = [
            total
            for rows in itertools.combinations(range(n), size)
            for columns in itertools.permutations(range(m), size)
            if math.isfinite(total := sum(cost[r, c] for r, c in zip(rows, columns, strict=True)))
        ]
        if totals:
            best = (size, min(totals))
    return best


def geodesic(targets: np.ndarray, dossiers: np.ndarray) -> np.ndarray:
    return np.array([[GEOD.inv(*t, *d)[2] for d in dossiers] for t in targets]).reshape(
        len(targets), len(dossiers)
    )


# A coarse lattice makes ties and duplicates common.
lattice = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 3)).map(lambda p: (p[0] * 10.0, p[1] * 10.0)),
    max_size=5,
)
free = st.lists(st.tuples(st.floats(0, 90), st.floats(0, 60)), max_size=5)


@settings(max_examples=150, deadline=None)
@given(
    targets=st.one_of(lattice, free),
    dossiers=st.one_of(lattice, free),
    tolerance_m=st.sampled_from([0.0, 5.0, 10.05, 20.0, 31.6, 1000.0]),
)
def test_matching_is_the_best_there_is(targets, dossiers, tolerance_m) -> None:
    here, there = places(targets), places(dossiers)
    cost = geodesic(here, there)
    size, total = best_by_hand(np.where(cost <= tolerance_m, cost, np.inf))
    found = match_places(here, there, tolerance_m)
    assert len(found.pairs) == size
    assert found.total_m == pytest.approx(total, abs=1e-5)
    assert [p.target for p in found.pairs] == sorted({p.target for p in found.pairs})
    assert len({p.dossier for p in found.pairs}) == size
    for pair in found.pairs:
        assert pair.distance_m == cost[pair.target, pair.dossier] <= tolerance_m
    assert sorted([*found.unmatched_targets, *(p.target for p in found.pairs)]) == list(
        range(len(here))
    )
    assert sorted([*found.unmatched_dossiers, *(p.dossier for p in found.pairs)]) == list(
        range(len(there))
    )
    assert found.target_rate == (size / len(here) if len(here) else None)
    assert found.dossier_rate == (size / len(there) if len(there) else None)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), thin=st.booleans())
def test_both_solvers_agree_with_brute_force_on_any_costs(data, thin) -> None:
    """Costs from nanometres to thousands of kilometres, where a rounded big number would fail."""
    n, m = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    some = st.one_of(
        st.just(math.inf), st.sampled_from([0.0, 1.0, 1e-9, 1e6, 2e7]), st.floats(0, 1e3)
    )
    cost = np.array(data.draw(st.lists(some, min_size=n * m, max_size=n * m))).reshape(n, m)
    rows, columns = np.nonzero(np.isfinite(cost))
    with pytest.MonkeyPatch.context() as patch:
        if thin:
            patch.setattr(assignment, "_SMALL_CELLS", 0)
            patch.setattr(assignment, "_DENSE_SHARE", 2.0)
        taken = assignment.assigned(rows, columns, cost[rows, columns])
    size, total = best_by_hand(cost)
    assert len(taken) == size == len(set(rows[taken])) == len(set(columns[taken]))
    assert cost[rows[taken], columns[taken]].sum() == pytest.approx(total, rel=1e-12, abs=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_larger_parts_are_the_best_by_linear_programming(seed) -> None:
    """An independent oracle: most pairs by augmenting paths, least total by a linear programme."""
    rng = np.random.default_rng(seed)
    here, there = (places([tuple(p) for p in rng.uniform(0, 200, (n, 2))]) for n in (45, 40))
    tolerance_m = [20.0, 35.0, 60.0][seed % 3]
    cost = geodesic(here, there)
    i, j = np.nonzero(cost <= tolerance_m)
    graph = csr_array((np.ones(len(i)), (i, j)), shape=cost.shape)
    most = int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())
    k = np.arange(len(i))
    used = np.zeros((sum(cost.shape), len(i)))
    used[i, k] = used[len(cost) + j, k] = 1
    best = linprog(
        cost[i, j], A_ub=used, b_ub=np.ones(len(used)), A_eq=np.ones((1, len(i))), b_eq=[most]
    )
    for limit in (250_000, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(assignment, "_SMALL_CELLS", limit)
            found = match_places(here, there, tolerance_m)
        assert len(found.pairs) == most
        assert found.total_m == pytest.approx(best.fun, abs=1e-3)


def test_a_pair_more_beats_any_distance() -> None:
    # Nearest first would take the middle pair (1 m) and leave two places alone.
    targets, dossiers = places([(0, 0), (30, 0)]), places([(29, 0), (59.9, 0)])
    found = match_places(targets, dossiers, 30.0)
    assert [(p.target, p.dossier) for p in found.pairs] == [(0, 0), (1, 1)]


def test_the_tolerance_itself_is_within() -> None:
    targets, dossiers = places([(0, 0)]), places([(21.3, 17.7)])
    exact_m = float(points_distance_m(targets, dossiers)[0])
    assert len(match_places(targets, dossiers, exact_m).pairs) == 1
    assert match_places(targets, dossiers, np.nextafter(exact_m, 0)).pairs == ()


def test_the_antimeridian_is_no_border() -> None:
    found = match_places(np.array([[180.0, 50.0]]), np.array([[-180.0, 50.0]]), 0.001)
    assert len(found.pairs) == 1
    near = match_grounds(np.array([[179.9999, 50.0]]), [Point(-179.9999, 50.0)], 20.0)
    assert near.pairs[0].distance_m == pytest.approx(GEOD.inv(179.9999, 50, -179.9999, 50)[2])


@settings(max_examples=60, deadline=None)
@given(targets=lattice, dossiers=lattice, tolerance_m=st.sampled_from([5.0, 12.0, 25.0]))
def test_grounds_that_are_points_match_as_places_do(targets, dossiers, tolerance_m) -> None:
    here, there = places(targets), places(dossiers)
    plain = match_places(here, there, tolerance_m)
    grounds = match_grounds(here, [Point(*place) for place in there], tolerance_m)
    assert len(plain.pairs) == len(grounds.pairs)
    assert plain.total_m == pytest.approx(grounds.total_m, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    targets=st.lists(st.tuples(st.floats(-40, 80), st.floats(-40, 60)), max_size=4),
    corners=st.lists(st.tuples(st.floats(-30, 60), st.floats(-30, 40)), max_size=4),
)
def test_grounds_are_matched_best(targets, corners) -> None:
    here, grounds = places(targets), [square(x, y, 25) for x, y in corners]
    # The oracle looks at the outline every five centimetres, so it may be 2.5 cm too far.
    dense = [shapely.get_coordinates(shapely.segmentize(g, 5e-7)) for g in grounds]
    cost = np.array(
        [
            [
                0.0
                if g.covers(Point(*t))
                else GEOD.inv(np.full(len(d), t[0]), np.full(len(d), t[1]), d[:, 0], d[:, 1])[
                    2
                ].min()
                for g, d in zip(grounds, dense, strict=True)
            ]
            for t in here
        ]
    ).reshape(len(here), len(grounds))
    assume((np.abs(cost - 30.0) > 0.03).all())
    size, total = best_by_hand(np.where(cost <= 30.0, cost, np.inf))
    found = match_grounds(here, grounds, 30.0)
    assert len(found.pairs) == size
    assert found.total_m == pytest.approx(total, abs=0.11)


def test_many_places_with_few_neighbours() -> None:
    rng = np.random.default_rng(6)
    targets = np.column_stack([rng.uniform(104, 104.6, 20_000), rng.uniform(33.5, 34, 20_000)])
    dossiers = targets + rng.normal(0, 8e-5, targets.shape)
    order = rng.permutation(len(dossiers))
    found = match_places(targets, dossiers[order], 30.0)
    own = np.array([order[p.dossier] == p.target for p in found.pairs])
    cost = points_distance_m(targets, dossiers)
    # Each could stay with its own; the best has no fewer pairs.
    assert len(found.pairs) >= (cost <= 30.0).sum()
    assert own.mean() > 0.95
    assert found == match_places(targets, dossiers[order], 30.0)


def test_a_long_thin_row_of_places_is_solved_without_a_full_table() -> None:
    # Each dossier lies between two targets: one part of 6000 places, 24 million cells.
    targets = places([(20.0 * k, 0) for k in range(3000)])
    dossiers = places([(20.0 * k + 9.0, 0) for k in range(3000)])
    found = match_places(targets, dossiers, 15.0)
    assert [(p.target, p.dossier) for p in found.pairs] == [(k, k) for k in range(3000)]


def test_a_dense_heap_is_solved_and_a_hopeless_one_refused(monkeypatch) -> None:
    rng = np.random.default_rng(1)
    heap = places([tuple(xy) for xy in rng.uniform(0, 20, (600, 2))])
    assert match_places(heap, rng.permutation(heap), 40.0).total_m == pytest.approx(0, abs=1e-3)
    monkeypatch.setattr(matching, "MAX_PAIRS", 1000)
    for call in (
        lambda: match_places(heap, heap, 40.0),
        lambda: match_grounds(heap, [Point(*p) for p in heap], 40.0),
    ):
        with pytest.raises(TooLargeError):
            call()


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_tolerance_that_is_none_is_refused(bad) -> None:
    with pytest.raises(UsageError):
        match_places(places([(0, 0)]), places([(0, 0)]), bad)
    with pytest.raises(UsageError):
        cluster([square(0, 0)], bad)


@pytest.mark.parametrize("bad", [[[math.nan, 30]], [[1.0, 2.0, 3.0]], [[104.0, 91.0]]])
def test_places_that_are_none_are_refused(bad) -> None:
    with pytest.raises(UsageError):
        match_places(np.array(bad), places([(0, 0)]), 5.0)
    with pytest.raises(UsageError):
        match_grounds(places([(0, 0)]), [Polygon()], 5.0)


def test_a_patch_goes_to_the_greater_share_then_the_nearer_then_the_first() -> None:
    patch = square(0, 0)
    grounds = [square(8, 0), square(-5, 0), square(-5, 0), square(0, 11)]
    (found,) = match_patches([patch], grounds, 20.0)
    assert found.case == 1
    assert found.overlap == pytest.approx(0.5, abs=1e-6)
    assert found.distance_m == 0
    (near,) = match_patches([patch], [square(0, 16), square(14, 0), square(14, 0)], 20.0)
    assert (near.case, near.overlap) == (1, 0.0)
    assert near.distance_m == pytest.approx(4.0, abs=0.02)
    (none,) = match_patches([patch], [square(0, 31)], 20.0)
    assert (none.case, none.overlap, none.distance_m) == (None, 0.0, None)


def test_a_small_patch_inside_a_large_ground_shares_all_and_a_point_inside_too() -> None:
    inside, holding = match_patches(
        [square(40, 40), square(-1, -1, 5)], [square(0, 0, 100), Point(LON, LAT)], 5.0
    )
    assert (inside.case, inside.overlap) == (0, pytest.approx(1.0))
    assert (holding.case, holding.overlap) == (1, 1.0)


boxes = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 30)).map(lambda b: square(*b))


@settings(max_examples=80, deadline=None)
@given(
    patches=st.lists(boxes, max_size=6),
    grounds=st.lists(boxes, max_size=6),
    near_m=st.floats(0, 40),
)
def test_laws_of_patches_and_cases(patches, grounds, near_m) -> None:
    found = match_patches(patches, grounds, near_m)
    assert len(found) == len(patches)
    for patch, match in zip(patches, found, strict=True):
        apart = shapes_distance_m(shapes_of([patch] * len(grounds), "p"), shapes_of(grounds, "g"))
        shares = [
            patch.intersection(g).area / min(patch.area, g.area) if patch.intersects(g) else 0.0
            for g in grounds
        ]
        if match.case is None:
            assert not (apart <= near_m).any()
        else:
            assert match.distance_m == apart[match.case] <= near_m
            assert match.overlap == pytest.approx(max(shares), abs=1e-6)
            if max(shares) == 0:
                assert match.distance_m == pytest.approx(apart.min(), abs=1e-5)
    # A patch's case does not hang on what other patches there are.
    assert match_patches(patches[::-1], grounds, near_m) == found[::-1]


@settings(max_examples=80, deadline=None)
@given(polygons=st.lists(boxes, max_size=9), near_m=st.floats(0, 40), data=st.data())
def test_plots_are_the_closure_of_nearness(polygons, near_m, data) -> None:
    labels = cluster(polygons, near_m)
    n = len(polygons)
    pairs = list(itertools.product(range(n), repeat=2))
    metres = shapes_distance_m(
        shapes_of([polygons[i] for i, _ in pairs], "i"),
        shapes_of([polygons[j] for _, j in pairs], "j"),
    ).reshape(n, n)
    # The two directions of a pair may differ by rounding.
    assume((np.abs(metres - near_m) > 1e-6).all() or near_m == 0)
    reach = metres <= near_m
    for k in range(n):
        reach |= np.outer(reach[:, k], reach[k])
    assert ((labels[:, None] == labels[None, :]) == reach).all()
    assert list(dict.fromkeys(labels.tolist())) == list(range(len(set(labels.tolist()))))
    order = data.draw(st.permutations(range(n)))
    shuffled = cluster([polygons[k] for k in order], near_m)
    same = labels[list(order)]
    assert ((shuffled[:, None] == shuffled) == (same[:, None] == same)).all()
    wider = cluster(polygons, near_m + 5.0)
    assert all(wider[i] == wider[j] for i, j in pairs if labels[i] == labels[j])


def test_plots_of_a_heap_in_many_blocks(monkeypatch) -> None:
    monkeypatch.setattr(matching, "_CHUNK", 7)
    monkeypatch.setattr(matching, "_BLOCK", 5)
    row = [square(12.0 * k, 0) for k in range(40)] + [square(12.0 * k, 500) for k in range(40)]
    assert cluster(row, 3.0).tolist() == [0] * 40 + [1] * 40
    assert cluster(row, 1.0).tolist() == list(range(80))

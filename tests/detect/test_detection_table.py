"""The judge of the detection table: what counts as found, as a false alarm, and as neither."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))

from click_trials import Candidates, clicks_in, until_shown
from detection_peers import FREE, TAUGHT, peer_points, view_of
from planted_rasters import (
    LABELS,
    NORTH,
    RING_M,
    WEST,
    Tally,
    cut_at,
    interval,
    judge,
    outlines_of,
    recall,
    share_above,
    ten_labels,
)
from planted_scenes import Scene

from geoinspect.detect.implants import Implant, Planted, Wish
from geoinspect.search_records import GrowthStage

GSD_M, SIDE_PX = 0.1, 600
KINDS = (
    Planted.POPPY,
    Planted.POPPY,
    Planted.POPPY,
    Planted.DECOY,
    Planted.DECOY,
    Planted.BRASSICA,
)


def square(left: float, top: float, side: float) -> shapely.Polygon:
    return shapely.box(left, top, left + side, top + side)


def scene(kinds: tuple[Planted, ...] = KINDS, small: bool = True) -> Scene:
    """Squares of 5 m, 10 m apart, on a picture of 60 m; the last one a patch too small to count."""
    implants = [
        Implant(
            Wish(kind, 25.0, GrowthStage.FLOWER),
            square(50 + 150 * (i % 4), 50 + 150 * (i // 4), 50),
            25.0,
        )
        for i, kind in enumerate(kinds)
    ]
    if small:
        wish = Wish(Planted.POPPY, 4.0, GrowthStage.FLOWER)
        implants.append(Implant(wish, square(500, 500, 20), 4.0))
    pixels = np.zeros((3, SIDE_PX, SIDE_PX), dtype=np.uint8)
    return Scene("test", GSD_M, pixels, tuple(implants))


def ground(x_m: float, y_m: float, side_m: float) -> shapely.Polygon:
    return shapely.box(WEST + x_m, NORTH - y_m - side_m, WEST + x_m + side_m, NORTH - y_m)


def test_a_perfect_finder_finds_all_and_alarms_nobody() -> None:
    one = scene()
    truth = outlines_of(one)
    found = [(1.0, truth[i]) for i, p in enumerate(one.implants) if p.wish.kind is Planted.POPPY]
    for finds in (found, [(score, shape.centroid) for score, shape in found]):
        tally = judge(one, finds)
        assert tally.alarms == []
        assert tally.targets == [1.0] * 3
        assert tally.decoys == [-np.inf] * 2
        assert tally.alike == [-np.inf]
        assert recall([tally], 100) == (1.0, -np.inf)
        assert interval([tally, tally], 100, rounds=20) == (1.0, 1.0)


def test_decoys_and_look_alikes_are_no_false_alarms_and_counted_apart() -> None:
    one = scene()
    truth = outlines_of(one)
    tally = judge(one, [(0.5, truth[3]), (0.4, truth[5])])
    assert tally.alarms == []
    assert tally.targets == [-np.inf] * 3
    assert tally.decoys == [0.5, -np.inf]
    assert tally.alike == [0.4]


def test_what_was_shown_as_a_label_counts_neither_way() -> None:
    one = scene()
    truth = outlines_of(one)
    tally = judge(one, [(0.9, truth[0]), (0.8, truth[1]), (0.7, truth[3])], left_out={0, 3})
    assert tally.alarms == []
    assert tally.targets == [0.8, -np.inf]
    assert tally.decoys == [-np.inf]


def test_a_patch_too_small_counts_neither_way() -> None:
    one = scene((), small=True)
    tally = judge(one, [(0.9, outlines_of(one)[0])])
    assert (tally.alarms, tally.targets) == ([], [])
    assert np.isnan(recall([tally], 100)[0])


@pytest.mark.parametrize(
    ("find", "hit"),
    [
        (ground(5, 5, 5), True),
        (ground(5, 5, 2.4), True),  # 23 % of the patch
        (ground(5, 5, 2), False),  # 16 %
        (ground(4, 4, 10), True),
        (ground(0, 0, 20), False),  # a tenth of it lies on the patch
        (ground(10.3, 5, 3), False),  # in the ring: neither found nor an alarm
    ],
)
def test_a_find_must_cover_and_fit(find: shapely.Polygon, hit: bool) -> None:
    tally = judge(scene((Planted.POPPY,), small=False), [(1.0, find)])
    assert tally.alarms == []
    assert tally.targets == [1.0 if hit else -np.inf]


def test_beyond_the_ring_is_an_alarm() -> None:
    one = scene((Planted.POPPY,), small=False)
    away = ground(10 + RING_M + 0.1, 5, 3)
    assert judge(one, [(0.3, away), (0.2, away.centroid)]).alarms == [0.3, 0.2]


def test_a_blind_finder_gets_what_chance_gives() -> None:
    """Points thrown without looking hit each patch as often as its ring's share of the ground."""
    rng = np.random.default_rng(0)
    one = scene((Planted.POPPY,) * 12, small=False)
    alarms = hit = 0
    rounds, points = 30, 20
    for _ in range(rounds):
        places = rng.uniform(0, SIDE_PX * GSD_M, (points, 2))
        finds = [(1.0, shapely.Point(WEST + x, NORTH - y)) for x, y in places]
        tally = judge(one, finds)
        alarms += len(tally.alarms)
        hit += int(np.isfinite(tally.targets).sum())
    share = shapely.buffer(square(0, 0, 5), RING_M).area / (SIDE_PX * GSD_M) ** 2
    expected = 12 * rounds * (1 - (1 - share) ** points)
    assert hit == pytest.approx(expected, abs=4 * np.sqrt(expected))
    free = rounds * points * (1 - 12 * share)
    assert alarms == pytest.approx(free, abs=4 * np.sqrt(rounds * points * 12 * share))


def test_plain_ground_is_hit_by_what_marks_everything_and_by_nothing_else() -> None:
    one = scene((Planted.DECOY, Planted.POPPY), small=False)
    everywhere = [
        (0.1, ground(x, y, 3)) for x in np.arange(0, 58, 3.0) for y in np.arange(0, 58, 3.0)
    ]
    lattice = judge(one, everywhere)
    assert len(lattice.plain) == 5
    assert all(score == 0.1 for score in lattice.plain)
    assert judge(one, []).plain == [-np.inf] * 5


SCORES = st.lists(st.integers(0, 20).map(float), max_size=12)


@given(SCORES, st.lists(SCORES, min_size=1, max_size=4), st.integers(0, 12))
def test_the_cut_lets_no_more_alarms_through_and_recall_never_falls(
    targets: list[float], alarms: list[list[float]], allowed: int
) -> None:
    tallies = [Tally(km2=0.25, alarms=one) for one in alarms]
    tallies[0].targets.extend(targets)
    per_km2 = allowed / (0.25 * len(alarms))
    cut = cut_at(tallies, per_km2)
    scores = [score for one in alarms for score in one]
    assert sum(score > cut for score in scores) <= allowed
    # Any lower score that is an alarm's would let too many through.
    assert len(scores) <= allowed or sum(score >= cut for score in scores) > allowed
    if targets:
        more = [recall(tallies, limit)[0] for limit in (per_km2, 2 * per_km2, 4 * per_km2)]
        assert all(one <= two for one, two in pairwise(more))
        assert share_above(tallies, "targets", cut) == sum(t > cut for t in targets) / len(targets)


@given(st.integers(0, 50), st.integers(0, 12))
def test_ten_labels_use_up_what_they_show(seed: int, poppies: int) -> None:
    one = scene((Planted.POPPY,) * poppies + (Planted.DECOY,) * 2, small=False)
    labels, used = ten_labels(one, seed)
    assert len(labels) == LABELS
    truth = outlines_of(one)
    assert sum(label.poppy for label in labels) == min((poppies + 1) // 2, LABELS // 2)
    for label in labels:
        touched = {i for i, shape in enumerate(truth) if shapely.intersects(shape, label.polygon)}
        assert touched <= used
        kinds = {one.implants[i].wish.kind for i in touched}
        assert kinds == {Planted.POPPY} if label.poppy else Planted.POPPY not in kinds


def coloured() -> Scene:
    """A green meadow, blotched, with one magenta square of 5 m in the middle."""
    rng = np.random.default_rng(1)
    shades = np.kron(rng.normal(0, 6, (60, 60)), np.ones((10, 10)))
    pixels = np.array([80, 120, 60])[:, None, None] + shades + rng.normal(0, 4, (3, 600, 600))
    pixels[:, 280:330, 280:330] = np.array([170, 90, 165])[:, None, None] + rng.normal(
        0, 4, (3, 50, 50)
    )
    pixels[:, 282:330:5, 282:330:5] = np.array([80, 120, 60])[:, None, None]
    implant = Implant(Wish(Planted.POPPY, 25.0, GrowthStage.FLOWER, 40), square(280, 280, 50), 25.0)
    return Scene("test", GSD_M, np.clip(pixels, 1, 255).astype(np.uint8), (implant,))


def test_the_peers_give_peaks_on_the_ground_best_first() -> None:
    one = coloured()
    view = view_of(one)
    labels, _ = ten_labels(one, 1)
    bounds = shapely.box(WEST, NORTH - 60, WEST + 60, NORTH)
    for name in (*FREE, *TAUGHT):
        points = peer_points(name, view, labels)
        scores = [score for score, _ in points]
        assert scores == sorted(scores, reverse=True)
        assert np.isfinite(scores).all()
        assert all(shapely.covers(bounds, point) for _, point in points)
        assert len(points) > 10
    for name in ("petal colour", *TAUGHT):
        score, best = peer_points(name, view, labels)[0]
        assert judge(one, [(score, best)]).targets == [score]
    assert peer_points(TAUGHT[0], view, [label for label in labels if not label.poppy]) == []


def candidates() -> Candidates:
    """Forty candidates; ten show five patches, which one figure tells apart but the logit not."""
    rng = np.random.default_rng(4)
    shows = np.full(40, -1)
    shows[20:30] = np.arange(10) // 2
    features = rng.normal(size=(40, 4)).astype(np.float32)
    features[:, 0] = np.where(shows >= 0, 3, -3)
    return Candidates(features, np.full(40, -3.0), shows)


def test_clicks_are_counted_until_enough_patches_were_shown() -> None:
    one = candidates()
    assert one.wanted == 5
    assert until_shown(one, [20, 22, 24, 26, 28, 0]) == 5
    assert until_shown(one, [20, 21, 0, 22, 24, 26, 28]) == 7
    assert clicks_in("detector", one, 0) == 29
    assert clicks_in("random", one, 0) == clicks_in("random", one, 0)
    assert clicks_in("learning", one, 0) < clicks_in("random", one, 0)


def test_every_order_shows_every_candidate_once() -> None:
    from click_trials import learning_order, least_sure

    from geoinspect.detect.learn import next_to_show

    one = candidates()
    for choose in (next_to_show, least_sure):
        assert sorted(learning_order(one, choose)) == list(range(40))

"""Ranking models keep what they were given, refuse what they were not, and tell their worth."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.detect.learn import Verdicts, relearn
from geoinspect.detect.rank_models import (
    RankModel,
    blocked_figures,
    fit_of,
    joined,
    local_metres,
)
from geoinspect.errors import InputError


def ground(seed: int, *, count: int = 60, figures: int = 6, helps: float = 3.0) -> Verdicts:
    rng = np.random.default_rng(seed)
    poppy = np.arange(count) % 4 == 0
    features = rng.normal(size=(count, figures)).astype(np.float32)
    features[poppy, 0] += helps
    return Verdicts(features, rng.normal(-1, 1, count), poppy)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 12))
def test_what_is_packed_comes_back(seed: int, count: int, figures: int) -> None:
    model = RankModel.of(
        ground(seed, count=count, figures=figures), ground(seed, figures=figures).features
    )
    again = RankModel.unpacked(model.packed())
    assert np.array_equal(again.verdicts.features, model.verdicts.features)
    assert np.array_equal(again.verdicts.start, model.verdicts.start)
    assert np.array_equal(again.verdicts.poppy, model.verdicts.poppy)
    assert np.array_equal(again.scale.spread, model.scale.spread)
    assert np.array_equal(again.most, model.most)


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("an object of Python was made",)


def test_strange_bytes_are_refused_and_run_nothing() -> None:
    good = RankModel.of(ground(1), ground(1).features)
    names = ("features", "start", "poppy", "middle", "spread", "least", "most")
    with np.load(io.BytesIO(good.packed())) as file:
        arrays = {name: file[name] for name in names}

    def packed(**changed: object) -> bytes:
        out = io.BytesIO()
        np.savez(out, **{**arrays, **changed})  # type: ignore[arg-type]
        return out.getvalue()

    RankModel.unpacked(packed())
    bad = [
        b"",
        b"PK\x03\x04 and no more",
        pickle.dumps(_Evil()),
        good.packed()[:-30],
        packed(start=np.array([_Evil()], dtype=object)),
        packed(start=arrays["start"][:-1]),
        packed(poppy=arrays["poppy"].astype(float)),
        packed(spread=np.zeros_like(arrays["spread"])),
        packed(middle=np.full_like(arrays["middle"], np.nan)),
        packed(features=arrays["features"][0]),
    ]
    for data in bad:
        with pytest.raises(InputError):
            RankModel.unpacked(data)


def test_held_out_blocks_tell_what_figures_are_worth() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 400, (2, 60))
    useful = blocked_figures(ground(3), x, y)
    useless = blocked_figures(ground(3, helps=0.0), x, y)
    assert useful["verdicts"] == 60
    assert useful["poppy"] == 15
    learnt, detector = useful["learnt"], useful["detector"]
    assert learnt["log_loss"] < detector["log_loss"]  # type: ignore[index]
    assert learnt["recall"]["10"] > detector["recall"]["10"]  # type: ignore[index]
    assert useless["learnt"]["recall"]["10"] < learnt["recall"]["10"]  # type: ignore[index]
    assert set(learnt["recall"]) == {"10", "25", "50"}  # type: ignore[index]


def test_nothing_is_told_of_ground_that_is_not_held_out() -> None:
    verdicts = ground(4)
    near = np.zeros(60)
    assert blocked_figures(verdicts, near, near)["reason"] == "one_block"
    same = Verdicts(verdicts.features, verdicts.start, np.zeros(60, bool))
    assert blocked_figures(same, np.arange(60.0) * 60, near)["reason"] == "one_kind"


def test_unlike_pictures_are_noticed() -> None:
    rng = np.random.default_rng(5)
    here, like = rng.normal(size=(2, 3000, 8))
    model = RankModel.of(ground(5, figures=8), here)
    assert fit_of(model, like).fits
    assert abs(fit_of(model, like).beyond - 0.02) < 0.01
    assert not fit_of(model, like + 2).fits
    assert not fit_of(model, like * 3).fits
    assert fit_of(model, like * 3).shift < 0.2


def test_joined_models_know_what_both_knew() -> None:
    first, second = ground(6), ground(7)
    both = joined([first, second])
    assert len(both.poppy) == 120
    new = ground(8)
    order = relearn(new.features, new.start, both).mean
    assert order[new.poppy].mean() > order[~new.poppy].mean() + 1


def test_local_metres_are_metres() -> None:
    x, y = local_metres(np.array([100.0, 100.001]), np.array([30.0, 30.001]))
    assert abs((x[1] - x[0]) - 96.4) < 0.5
    assert abs((y[1] - y[0]) - 111.3) < 0.5
    assert len(local_metres(np.empty(0), np.empty(0))[0]) == 0

"""A ranking as a file: it comes back as it was, and no file whatever runs code or breaks anything."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.forest import Forest
from geoinspect.detect.model import Ranking, load, shipped
from geoinspect.detect.objects import FEATURES
from geoinspect.errors import InputError


def forest(width: int, seed: int, trees: int = 5) -> Forest:
    """Return trees of two levels with random tests."""
    rng = np.random.default_rng(seed)
    n = 7 * trees
    own = np.arange(n, dtype=np.int32)
    inner = own % 7 < 3
    first = own - own % 7
    return Forest(
        feature=np.where(inner, rng.integers(0, width, n), -1).astype(np.int16),
        limit=rng.normal(0, 10, n).astype(np.float32),
        left=np.where(inner, first + 2 * (own % 7) + 1, own).astype(np.int32),
        right=np.where(inner, first + 2 * (own % 7) + 2, own).astype(np.int32),
        value=rng.normal(size=n).astype(np.float32),
        roots=np.arange(0, n, 7, dtype=np.int32),
        start=0.25,
    )


def ranking() -> Ranking:
    n = len(FEATURES)
    return Ranking("测试", forest(len(CUES), 1), forest(n, 2), {"trained_on": "noise"})


def parts_of(path: Path) -> dict[str, Any]:
    with np.load(path) as data:
        return {name: data[name] for name in data.files}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    ranking().save(tmp_path / "a.npz")
    return tmp_path / "a.npz"


def refused(path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(path)
    assert caught.value.code == "bad_model"
    assert path.name in caught.value.text.zh
    assert path.name in caught.value.text.en


def test_a_ranking_comes_back_as_it_was(saved: Path) -> None:
    before, after = ranking(), load(saved)
    assert after.name == before.name
    assert after.about == before.about
    rng = np.random.default_rng(3)
    for part, width in (("blocks", len(CUES)), ("objects", len(FEATURES))):
        rows = rng.normal(0, 20, (200, width)).astype(np.float32)
        one, two = getattr(before, part).of_rows(rows), getattr(after, part).of_rows(rows)
        np.testing.assert_array_equal(one, two)
        assert np.ptp(one) > 0.5


def test_the_shipped_ranking_is_sound(tmp_path: Path) -> None:
    model = shipped()
    model.save(tmp_path / "again.npz")
    again = load(tmp_path / "again.npz")
    np.testing.assert_array_equal(again.blocks.value, model.blocks.value)


def _cycle(parts: dict[str, Any]) -> None:
    parts["block_left"][0] = 0


def _forward_out(parts: dict[str, Any]) -> None:
    parts["object_right"][1] = len(parts["object_right"])


def _feature_out(parts: dict[str, Any]) -> None:
    parts["block_feature"][0] = len(CUES)


def _feature_wraps(parts: dict[str, Any]) -> None:
    parts["block_feature"] = parts["block_feature"].astype(np.int64) + 2**16 * 5
    parts["block_left"] = parts["block_left"].astype(np.int64) + 2**32


def _nan_value(parts: dict[str, Any]) -> None:
    parts["object_value"][4] = np.nan


def _infinite_value(parts: dict[str, Any]) -> None:
    parts["object_value"] = parts["object_value"].astype(np.float64)
    parts["object_value"][4] = 1e300


def _nan_start(parts: dict[str, Any]) -> None:
    parts["block_start"][0] = np.nan


def _nan_limit(parts: dict[str, Any]) -> None:
    parts["block_limit"][0] = np.nan


def _nan_feature(parts: dict[str, Any]) -> None:
    parts["block_feature"] = np.full(len(parts["block_feature"]), np.nan)


def _root_out(parts: dict[str, Any]) -> None:
    parts["block_roots"][0] = -3


def _many_roots(parts: dict[str, Any]) -> None:
    parts["block_roots"] = np.zeros(50_000_000, dtype=np.int8)


def _flat_roots(parts: dict[str, Any]) -> None:
    parts["block_roots"] = parts["block_roots"][None]


def _short(parts: dict[str, Any]) -> None:
    parts["block_value"] = parts["block_value"][:-1]


def _table(parts: dict[str, Any]) -> None:
    parts["block_feature"] = parts["block_feature"][:, None]


def _scalar(parts: dict[str, Any]) -> None:
    parts["block_feature"] = np.int16(3)


def _words(parts: dict[str, Any]) -> None:
    parts["block_limit"] = np.full(len(parts["block_limit"]), "high")


def _imaginary(parts: dict[str, Any]) -> None:
    parts["block_value"] = parts["block_value"] * 1j


def _empty(parts: dict[str, Any]) -> None:
    for name in parts:
        if name.startswith("object_"):
            parts[name] = parts[name][:0]


def _shared_leaf(parts: dict[str, Any]) -> None:
    parts["block_left"][0] = parts["block_right"][0]


def _shared_root(parts: dict[str, Any]) -> None:
    parts["object_roots"][1] = parts["object_roots"][0]


def _deep(parts: dict[str, Any]) -> None:
    """One chain of 1,000 tests, a leaf beside each."""
    n = 2001
    own = np.arange(n, dtype=np.int32)
    parts["object_feature"] = np.where((own % 2 == 0) & (own < n - 1), 0, -1).astype(np.int16)
    parts["object_limit"] = np.zeros(n, dtype=np.float32)
    parts["object_value"] = np.zeros(n, dtype=np.float32)
    parts["object_left"] = np.minimum(own + 1, n - 1).astype(np.int32)
    parts["object_right"] = np.minimum(own + 2, n - 1).astype(np.int32)
    parts["object_roots"] = np.zeros(1, dtype=np.int32)


def _missing(parts: dict[str, Any]) -> None:
    del parts["object_roots"]


def _about(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], None]:
    def wrong(parts: dict[str, Any]) -> None:
        about = json.loads(bytes(parts["about"]))
        text = json.dumps(change(about) or about)
        parts["about"] = np.frombuffer(text.encode(), dtype=np.uint8)

    return wrong


def _about_of(text: bytes) -> Callable[[dict[str, Any]], None]:
    def wrong(parts: dict[str, Any]) -> None:
        parts["about"] = np.frombuffer(text, dtype=np.uint8)

    return wrong


@pytest.mark.parametrize(
    "wrong",
    [
        _cycle,
        _forward_out,
        _feature_out,
        _feature_wraps,
        _nan_value,
        _infinite_value,
        _nan_start,
        _nan_limit,
        _nan_feature,
        _root_out,
        _many_roots,
        _shared_leaf,
        _shared_root,
        _deep,
        _about(lambda about: {**about, "name": None}),
        _about(lambda about: {**about, "name": "a\x1b[2J"}),
        _about(lambda about: {**about, "name": "x" * 61}),
        _flat_roots,
        _short,
        _table,
        _scalar,
        _words,
        _imaginary,
        _empty,
        _missing,
        _about(lambda about: about.pop("cues")),
        _about(lambda about: about.update(cues=about["cues"][::-1])),
        _about(lambda about: about.update(cues=None)),
        _about(lambda about: about.pop("name")),
        _about(lambda about: [1, 2]),
        _about_of(b"\xff\xfe{"),
        _about_of(b"[" * 100_000),
        _about_of(b""),
    ],
)
def test_trees_that_do_not_hang_together_are_refused(
    saved: Path, wrong: Callable[[dict[str, Any]], object]
) -> None:
    parts = parts_of(saved)
    wrong(parts)
    np.savez_compressed(saved, **parts)
    refused(saved)


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._mark),)


@pytest.mark.parametrize("whole", [False, True])
def test_pickles_are_never_opened(saved: Path, tmp_path: Path, whole: bool) -> None:
    mark = tmp_path / "mark"
    if whole:
        saved.write_bytes(pickle.dumps(Trap(mark)))
    else:
        parts = parts_of(saved)
        parts["about"] = np.array([Trap(mark)], dtype=object)
        np.savez(saved, **parts)
    refused(saved)
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"\x93NUMPY", b"text"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    refused(path)


def test_a_bare_array_a_folder_and_nothing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    refused(path)
    with path.open("wb") as stream:
        np.save(stream, np.arange(4))
    refused(path)
    (tmp_path / "folder.npz").mkdir()
    refused(tmp_path / "folder.npz")


def huge_member(shape: str) -> bytes:
    """Return a .npy whose head promises more than is there."""
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()


@pytest.mark.parametrize("shape", ["(99999999999999,)", "(1000000000,)", "(-3,)", "(2**70,)"])
def test_a_head_that_promises_too_much_is_refused(saved: Path, shape: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            value = huge_member(shape) if name == "block_limit.npy" else old.read(name)
            new.writestr(name, value)
    saved.write_bytes(content.getvalue())
    refused(saved)


def test_a_bomb_is_refused_before_it_is_unpacked(saved: Path) -> None:
    parts = parts_of(saved)
    parts["block_limit"] = np.zeros(300_000_000, dtype=np.int8)
    np.savez_compressed(saved, **parts)
    assert saved.stat().st_size < 1_000_000
    refused(saved)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.integers(0, 8))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_ends_in_words_or_in_sound_trees(
    tmp_path: Path, seed: int, share: float, changes: int
) -> None:
    path = tmp_path / "b.npz"
    ranking().save(path)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(0, len(content), changes):
        content[place] = rng.integers(0, 256)
    if changes % 2:
        content = content[: int(len(content) * share)]
    path.write_bytes(content)
    try:
        told = load(path)
    except InputError:
        return
    rows = rng.normal(0, 50, (20, len(FEATURES))).astype(np.float32)
    assert np.isfinite(told.objects.of_rows(rows)).all()

"""Winding walks for the tests of cleaning, and what spoils them."""

from __future__ import annotations

import numpy as np

from geoinspect.ingest.cleaning import clean
from geoinspect.records import Mode, Segment
from geoinspect.settings import Settings

START_S = 1778718600.0


def walk(count: int, *, mps: float = 1.2, every_s: float = 5.0, seed: int = 0) -> Segment:
    """A winding walk from 112.5, 23.1."""
    turns = np.cumsum(np.random.default_rng(seed).normal(0, 0.3, count))
    step_deg = mps * every_s / 111_000
    lon = 112.5 + np.cumsum(np.cos(turns)) * step_deg
    lat = 23.1 + np.cumsum(np.sin(turns)) * step_deg
    return Segment(lon, lat, START_S + np.arange(count) * every_s)


def spoilt(segment: Segment, where: list[int], by_deg: float) -> Segment:
    lat = segment.lat.copy()
    lat[where] += by_deg
    return Segment(segment.lon, lat, segment.time_s)


def part(segment: Segment, keep) -> Segment:
    return Segment(segment.lon[keep], segment.lat[keep], segment.time_s[keep])


def on_foot(*segments, **changes):
    return clean(segments, mode=Mode.FOOT, settings=Settings(**changes))


def count(cleaned) -> int:
    return sum(len(segment) for segment in cleaned.segments)

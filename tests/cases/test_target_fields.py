"""Areas, days and headers of target lists, cell by cell."""

from __future__ import annotations

from datetime import date

import pytest

from geoinspect.ingest.target_fields import area_m2_of, day_of, fields_of
from geoinspect.records import MU_M2


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("12.5", 1.0, 12.5),
        ("1,200.5", 1.0, 1200.5),
        ("3亩", None, 3 * MU_M2),
        ("3 m²", MU_M2, 3.0),
        ("3 m2", None, 3.0),
        ("约0.2公顷", None, 2000.0),
        ("0.001 km2", None, 1000.0),
        ("1e3", 1.0, 1000.0),
        ("", 1.0, None),
        ("无", 1.0, None),
        ("12", None, "area_without_unit"),
        ("0", 1.0, "area_unreadable"),
        ("-4", 1.0, "area_unreadable"),
        ("nan", 1.0, "area_unreadable"),
        ("inf", 1.0, "area_unreadable"),
        ("1e99", 1.0, "area_unreadable"),
        ("3 朵", 1.0, "area_unreadable"),
        ("9" * 500, 1.0, "area_unreadable"),
        ("=A1", 1.0, "area_unreadable"),
    ],
)
def test_areas(text, unit, expected) -> None:
    area_m2, fault = area_m2_of(text, unit)
    if isinstance(expected, str):
        assert (area_m2, fault) == (None, expected)
    else:
        assert fault is None
        assert area_m2 == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-02", date(2026, 5, 2)),
        ("2026/5/2 08:30", date(2026, 5, 2)),
        ("2026年5月2日", date(2026, 5, 2)),
        ("2026.05.02", date(2026, 5, 2)),
        ("20260502", date(2026, 5, 2)),
        ("20260502083000", date(2026, 5, 2)),
        ("2026-05-02T08:30:00Z", date(2026, 5, 2)),
        ("14/05/2026", date(2026, 5, 14)),
        ("5/14/2026", date(2026, 5, 14)),
        ("05/05/2026", date(2026, 5, 5)),
        ("46144", date(2026, 5, 2)),
        ("05/06/2026", "day_ambiguous"),
        ("2026-02-30", "day_unreadable"),
        ("2026-05", "day_unreadable"),
        ("五月", "day_unreadable"),
        ("1" * 300, "day_unreadable"),
        ("", None),
    ],
)
def test_days(text, expected) -> None:
    assert day_of(text) == ((None, expected) if isinstance(expected, str) else (expected, None))


def test_units_of_headers() -> None:
    assert fields_of(["面积(亩)"]).unit_m2 == MU_M2
    assert fields_of(["面积_平方米"]).unit_m2 == 1.0
    assert fields_of(["Area (ha)"]).unit_m2 == 1e4
    assert fields_of(["area_m2"]).unit_m2 == 1.0
    assert fields_of(["面积"]).unit_m2 is None

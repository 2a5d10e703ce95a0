"""The short form of ``scripts/case_season.py``: a season with editors at work at once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import case_season


@pytest.mark.soak
def test_a_season_adds_up(tmp_path: Path) -> None:
    figures = case_season.season(tmp_path / "w", number=200, units=12, editors=2, steps=500, seed=5)
    assert figures["cases"] >= 200
    assert figures["sent_again"] > 50
    assert figures["refused"]["move_not_allowed"] > 20
    assert len(figures["states"]) >= 8


def test_the_season_can_fail(tmp_path: Path) -> None:
    """A case that stands elsewhere than its ledger says is found."""
    case_season.make_county(tmp_path / "w", 2)
    ledger = case_season.edit(tmp_path / "w", 0, 3, 6, 2, seed=2)
    told = case_season.replay([ledger])
    case_season.compare(tmp_path / "w", told)
    first = min(told["states"])
    wrong = {**told["states"], first: "closed" if told["states"][first] != "closed" else "assigned"}
    with pytest.raises(AssertionError, match="stands elsewhere"):
        case_season.compare(tmp_path / "w", {**told, "states": wrong})
    lost = case_season.Ledger(
        done=ledger.done[:-1] if ledger.done[-1]["action"] != "open" else ledger.done[1:]
    )
    with pytest.raises((AssertionError, KeyError)):
        case_season.compare(tmp_path / "w", case_season.replay([lost]))

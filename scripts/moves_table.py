"""Write the table of moves in docs/cases.md from the one table in the code."""

from __future__ import annotations

from pathlib import Path

from geoinspect.cases.lifecycle import LIVE, MOVES, OPEN, Move
from geoinspect.cases.records import (
    ACTION_WORDS,
    ORIGIN_WORDS,
    OUTCOME_WORDS,
    STATE_WORDS,
    CaseState,
    Origin,
)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cases.md"
BEGIN, END = "<!-- moves -->", "<!-- /moves -->"
ROLES = ("field", "analyst", "commander", "admin")


def row(move: Move) -> str:
    """Return a line of the table."""
    did = ACTION_WORDS[move.action]
    found = "" if move.outcome is None else f": {OUTCOME_WORDS[move.outcome].en}"
    starts = "; ".join(STATE_WORDS[state].en for state in CaseState if state in move.starts)
    whole = {frozenset(CaseState): "any", LIVE: "any but merged", OPEN: "any that is still open"}
    where = whole.get(move.starts, starts)
    if move.origins:
        names = [ORIGIN_WORDS[origin].en for origin in Origin if origin in move.origins]
        where += f" (only from: {', '.join(names)})"
    ends = "stays" if move.ends is None else STATE_WORDS[move.ends].en
    who = ", ".join(role for role in ROLES if role in move.roles)
    return f"| {did.zh} {did.en}{found} | {where} | {ends} | {who} |"


def table() -> str:
    """Return the table as Markdown."""
    head = "| step | where the case stands | where it then stands | who |\n|---|---|---|---|\n"
    return head + "\n".join(map(row, MOVES))


def page(text: str) -> str:
    """Return a page with the table between its marks."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")

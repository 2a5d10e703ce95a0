"""The next free number for people, such as ``2027-00042``, of a year."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

_DIGITS = 5


def next_serial(session: Session, column: InstrumentedAttribute[str], start: str) -> str:
    """Return the next free number, in a transaction that holds the write lock.

    Args:
        session: Open.
        column: Of all numbers, unique and indexed; those of one start were given in order.
        start: What comes before the serial, such as ``2027-``; its last letter is ``-``.

    Returns:
        At least five digits after the start: the 100,000th of a year has six.
    """
    # A range, not LIKE: the index answers it without a look at the other years.
    here = column >= start, column < f"{start[:-1]}."
    last = session.scalar(select(func.max(column)).where(*here))
    if last is not None and set(last.removeprefix(start)) == {"9"}:
        # As text, 99999 comes after 100000: with it there, the longest number is the last one.
        longest = select(column).where(*here).order_by(func.length(column).desc(), column.desc())
        last = session.scalar(longest.limit(1))
    serial = 1 if last is None else int(last.removeprefix(start)) + 1
    return f"{start}{serial:0{_DIGITS}d}"

"""A copy of an office's database to tamper with, and the published rules of hashes, written once more."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geoinspect.store.audit import GENESIS, Fault
from geoinspect.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Tampering:
    """What was done.

    Attributes:
        told: In words.
        names: Table and row, or ``file`` and hash: the first fault must be one of them. Empty
            where any fault will do.
        needs_anchor: Whether it may leave a chain and seals that fit each other.
    """

    told: str
    names: frozenset[tuple[str, object]]
    needs_anchor: bool = False

    def is_named(self, fault: Fault) -> bool:
        """Whether a fault is about what was done."""
        return (
            not self.names
            or (fault.table, fault.row) in self.names
            or ("file", fault.sha256) in self.names
        )


class Tools:
    """A copy of the database and the vault to tamper with, and the dice."""

    def __init__(
        self,
        copy: sqlite3.Connection,
        vault: Vault,
        files: dict[str, bytes],
        tables: Sequence[str],
        dice: random.Random,
    ) -> None:
        self.copy, self.vault, self.files, self.tables, self.dice = copy, vault, files, tables, dice

    def table(self) -> str:
        """A table; half of the time the chain."""
        return "audit" if self.dice.random() < 0.5 else self.dice.choice(self.tables[1:])

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        return [row[1] for row in self.copy.execute(f'PRAGMA table_info("{table}")')]

    def ids(self, table: str) -> list[int]:
        """The numbers of a table's rows."""
        return [row[0] for row in self.copy.execute(f'SELECT id FROM "{table}" ORDER BY id')]

    def row(self, table: str, row_id: int) -> dict[str, Any]:
        """A row's values by column."""
        stored = self.copy.execute(f'SELECT * FROM "{table}" WHERE id = ?', [row_id]).fetchone()
        return dict(zip(self.columns(table), stored, strict=True))

    def put(self, table: str, row_id: int, values: dict[str, Any]) -> None:
        """Write values into a row."""
        asked = ", ".join(f'"{column}" = {_as_stored(v)}' for column, v in values.items())
        stored = [_bytes_of(v) for v in values.values()]
        self.copy.execute(f'UPDATE "{table}" SET {asked} WHERE id = ?', [*stored, row_id])

    def insert(self, table: str, values: dict[str, Any]) -> None:
        """Add a row."""
        names = ", ".join(f'"{column}"' for column in values)
        asked = ", ".join(_as_stored(v) for v in values.values())
        stored = [_bytes_of(v) for v in values.values()]
        self.copy.execute(f'INSERT INTO "{table}" ({names}) VALUES ({asked})', stored)

    def delete(self, table: str, row_id: int) -> None:
        """Take a row out."""
        self.copy.execute(f'DELETE FROM "{table}" WHERE id = ?', [row_id])

    def rehash(self, first: int) -> None:
        """Give every audit row from a number on the hash that fits it."""
        before = self.copy.execute("SELECT hash FROM audit WHERE id = ?", [first - 1]).fetchone()
        previous = before[0] if before else GENESIS
        asked = (
            "SELECT id, at, actor, action, subject, details FROM audit WHERE id >= ? ORDER BY id"
        )
        for row in self.copy.execute(asked, [first]).fetchall():
            previous = chained(previous, row)
            self.copy.execute("UPDATE audit SET hash = ? WHERE id = ?", [previous, row[0]])


def chained(previous: str, fields: Sequence[object]) -> str:
    """The hash of an audit row by the published rule, written here once more."""
    text = json.dumps(list(fields), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256((previous + "|" + text).encode("utf-8", "surrogatepass")).hexdigest()


def seal(tools: Tools, table: str, row_id: int) -> str:
    """The seal of a stored row by the published rule, written here once more."""
    values = tools.row(table, row_id)
    known = sorted((name, v) for name, v in values.items() if v is not None)
    listed = [[name, ["b", v.hex()] if isinstance(v, bytes) else v] for name, v in known]
    text = json.dumps(listed, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def one(table: str, *rows: object) -> frozenset[tuple[str, object]]:
    """Any of some rows of a table, as a fault names them."""
    return frozenset((table, row) for row in rows)


def raw_of(value: str | bytes) -> bytes:
    """Return the bytes of a text or blob."""
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def like(value: object, raw: bytes) -> str | bytes:
    """Return bytes as what another value is: text or blob."""
    return raw if isinstance(value, bytes) else raw.decode("utf-8", "surrogateescape")


def _as_stored(value: object) -> str:
    """Text goes in as bytes, so that it may be no UTF-8."""
    return "CAST(? AS TEXT)" if isinstance(value, str) else "?"


def _bytes_of(value: object) -> object:
    return raw_of(value) if isinstance(value, str) else value

"""Tamper with a small office in every way we can think of, and count what ``audit verify`` misses.

Each tampering starts from a whole copy of the database in memory, whose constraints and triggers
are taken away first: who writes into the file is not held by them. What changes no stored value is
no tampering and is not counted.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool
from tamper_kinds import KINDS
from tamper_tools import Tampering, Tools

from geoinspect.casework.anchors import Anchor, given_anchor
from geoinspect.casework.chain import check_files, examine
from geoinspect.store import audit
from geoinspect.store.database import Database
from geoinspect.store.seals import SEALED
from geoinspect.store.vault import Vault

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from audit_builders import sealed_office

TABLES = ("audit", *(kind.__tablename__ for kind in SEALED))

_EVIDENCE_FILES = (
    "SELECT id, sha256 FROM file WHERE id IN (SELECT file_id FROM evidence) ORDER BY id"
)


class Bench:
    """A whole office, and one connection to a copy of it that is tampered with."""

    def __init__(self, folder: Path) -> None:
        with sealed_office(folder / "w") as workspace:
            self.vault = Vault(folder / "vault")
            shutil.copytree(workspace.vault.folder, self.vault.folder)
            self._whole = _unguarded(workspace.database)
        self.files = {
            path.name: path.read_bytes() for path in self.vault.folder.rglob("*") if path.is_file()
        }
        self.copy = _in_memory()
        self._engine = create_engine(
            "sqlite://", creator=lambda: self.copy, poolclass=StaticPool, pool_reset_on_return=None
        )
        self.restore()
        self._stored = self.dump()
        rows, last = self.copy.execute("SELECT max(id), hash FROM audit").fetchone()
        self.anchor = Anchor(rows, last, "2027-05-02", "w", "2027-05-02.txt")
        self.typed_anchor = given_anchor(f"{rows}:{self.anchor.code}")

    def restore(self) -> None:
        """Make the copy whole again."""
        self._whole.backup(self.copy)
        for name, data in self.files.items():
            path = self.vault.path_of(name)
            if path.is_symlink() or not path.exists():
                path.unlink(missing_ok=True)
                path.write_bytes(data)
            elif path.is_dir():
                path.rmdir()
                path.write_bytes(data)
            elif path.read_bytes() != data:
                path.write_bytes(data)

    def dump(self) -> object:
        """Every stored value with its type, and every file: what a tampering must change."""
        try:
            rows = [
                self.copy.execute(f'SELECT * FROM "{table}" ORDER BY id').fetchall()
                for table in TABLES
            ]
            rows.append(self.copy.execute(_EVIDENCE_FILES).fetchall())
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            return str(error)
        typed = [[[(type(v), v) for v in row] for row in table] for table in rows]
        files = {}
        for name in self.files:
            path = self.vault.path_of(name)
            files[name] = path.read_bytes() if path.is_file() else None
        return typed, files

    def changed(self) -> bool:
        """Whether the copy differs from what it was."""
        # NaN never gets into SQLite, so equal values are the same.
        return self.dump() != self._stored

    def faults(self, anchors: Sequence[Anchor] = ()) -> audit.Faults:
        """What a verification of the copy finds."""
        faults = audit.Faults()
        with Session(self._engine) as session:
            examined = examine(session, anchors, faults)
        check_files(self.vault, examined.files, faults)
        return faults


@dataclass(slots=True)
class Score:
    """How many tamperings of a kind were made, missed, found but not named; found by anchor only."""

    made: int = 0
    missed: int = 0
    unnamed: int = 0
    by_anchor_only: int = 0


def campaign(cases: int, seed: int, *, kinds: Sequence[str] = ()) -> tuple[dict[str, Score], int]:
    """Make random tamperings; return the scores by kind, and how many changed nothing.

    Args:
        cases: How many.
        seed: Of the random choices.
        kinds: Only these; else all.
    """
    random_ = random.Random(seed)
    chosen = {name: make for name, make in KINDS.items() if not kinds or name in kinds}
    scores = {name: Score() for name in chosen}
    idle = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        if found := bench.faults([bench.anchor]).found:
            raise RuntimeError(f"the untouched office has faults: {found[0].text}")
        names = list(chosen)
        while sum(score.made for score in scores.values()) < cases:
            name = names[random_.randrange(len(names))]
            bench.restore()
            tools = Tools(bench.copy, bench.vault, bench.files, TABLES, random_)
            try:
                made = chosen[name](tools)
            except (sqlite3.IntegrityError, OverflowError):
                # A unique column refused it, or it is beyond 64 bits.
                made = None
            if made is None or not bench.changed():
                idle += 1
                continue
            _score(bench, made, scores[name], name, random_)
    return scores, idle


def _score(bench: Bench, made: Tampering, score: Score, name: str, random_: random.Random) -> None:
    score.made += 1
    faults = bench.faults()
    if not faults.count and made.needs_anchor:
        faults = bench.faults([random_.choice((bench.anchor, bench.typed_anchor))])
        score.by_anchor_only += faults.count > 0
    if not faults.count:
        score.missed += 1
        print(f"MISSED {name}: {made.told}", file=sys.stderr)
    elif not made.is_named(faults.found[0]):
        score.unnamed += 1
        print(f"NOT NAMED {name}: {made.told}: {faults.found[0].text.en}", file=sys.stderr)


def report(cases: int, seed: int) -> int:
    """Run a campaign and print its figures; return 1 when a tampering was missed or not named."""
    start_s = time.monotonic()
    scores, idle = campaign(cases, seed)
    took_s = time.monotonic() - start_s
    for name, score in scores.items():
        only = f", {score.by_anchor_only} by the anchor only" if score.by_anchor_only else ""
        print(f"  {name}: {score.made} made, {score.missed} missed{only}")
    total = Counter[str]()
    for score in scores.values():
        total.update(
            made=score.made,
            missed=score.missed,
            unnamed=score.unnamed,
            only=score.by_anchor_only,
        )
    print(
        f"{total['made']} tamperings, {total['missed']} missed, {total['unnamed']} not named, "
        f"{total['only']} found by the anchor only; {idle} tries changed nothing and don't count; "
        f"{1000 * took_s / max(1, total['made']):.1f} ms each, seed {seed}"
    )
    return int(total["missed"] + total["unnamed"] > 0)


def _in_memory() -> sqlite3.Connection:
    # Text of any bytes can be read back; each byte sequence is another string.
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return connection


def _unguarded(database: Database) -> sqlite3.Connection:
    """Return a copy of a database in memory without triggers and without NOT NULL."""
    copy = _in_memory()
    source = sqlite3.connect(database.path)
    source.backup(copy)
    source.close()
    for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        copy.execute(f'DROP TRIGGER "{name}"')
    copy.execute("PRAGMA writable_schema = ON")
    copy.executemany(
        "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = ?",
        [(table,) for table in TABLES],
    )
    copy.execute("PRAGMA writable_schema = RESET")
    fresh = _in_memory()
    fresh.deserialize(_no_wal(copy.serialize()))
    copy.close()
    fresh.execute("VACUUM")
    return fresh


def _no_wal(data: bytes) -> bytes:
    """Return a database whose header says that it keeps no write-ahead log."""
    return data[:18] + b"\x01\x01" + data[20:]

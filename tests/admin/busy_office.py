"""Write into a workspace without a pause until told to stop, or begin a backup and stay in it."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from geoinspect.backup import making
from geoinspect.store import audit
from geoinspect.store.schema import FileRow
from geoinspect.store.workspace import Workspace


def write(folder: Path, name: str, stop: Path) -> None:
    """Keep a file and its rows, again and again; say how many were promised."""
    count = 0
    with Workspace.open(folder) as workspace:
        while not stop.exists():
            data = f"{name} {count} ".encode() * 500
            kept = workspace.vault.keep([data], max_bytes=1_000_000)
            with workspace.database.writing() as session:
                now = datetime.now(UTC)
                row = FileRow(sha256=kept.sha256, name=name, bytes=kept.bytes, received_at=now)
                session.add(row)
                details: dict[str, object] = {"sha256": kept.sha256}
                audit.record(session, actor=name, action="file.add", subject=name, details=details)
            count += 1
            stop.with_name(f"{name}.count").write_text(str(count))
            time.sleep(0.002)


def stay(folder: Path, out: Path, sign: Path) -> None:
    """Begin a backup and never end it."""

    def tell(_done: float, _total: float) -> None:
        sign.write_text(str(os.getpid()))
        time.sleep(600)

    with Workspace.open(folder) as workspace:
        making.make(workspace, out, actor="test", tell=tell)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    else:
        stay(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))

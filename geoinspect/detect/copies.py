"""The same bytes given twice are one raster."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def content_keys(paths: Sequence[Path]) -> list[str | None]:
    """Return for each file what its copies share; None where no other file can be a copy.

    Files of one size are told apart by SHA-256. A size that no other file has needs no reading.
    What is no ordinary file is never opened; what can't be read is left to whoever reads it.
    """
    sizes = [_file_bytes(path) for path in paths]
    alike = Counter(sizes)
    return [
        _digest(path) if size is not None and alike[size] > 1 else None
        for path, size in zip(paths, sizes, strict=True)
    ]


def _file_bytes(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return path.stat().st_size if path.is_file() else None
    return None


def _digest(path: Path) -> str | None:
    with contextlib.suppress(OSError), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
    return None

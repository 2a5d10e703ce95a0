"""Write files so that none is ever seen half-written under its final name."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geoinspect.errors import UsageError


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; rename it when the block ends well.

    Raises:
        UsageError: The folder is missing or can't be written.
    """
    temp = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        if not path.parent.is_dir():
            raise FileNotFoundError(2, "no such folder", str(path.parent))
        yield temp
        temp.replace(path)
    except OSError as error:
        raise UsageError(
            f"无法写入 {path}:{error.strerror or error}",
            f"cannot write {path}: {error.strerror or error}",
            code="cannot_write",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temp.unlink(missing_ok=True)

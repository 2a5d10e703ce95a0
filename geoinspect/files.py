"""Write files so that none is ever seen half-written, and name them so that people can read it."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from geoinspect.errors import StoreError, UsageError

_DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)


def check_output(path: Path, *, inputs: Iterable[Path] = (), suffixes: Iterable[str] = ()) -> None:
    """Check, before any work is done, that a result may be written to ``path``.

    Args:
        path: Where it shall go.
        inputs: Files it must not replace.
        suffixes: The endings it may have, lower case with the dot; none allows any.

    Raises:
        UsageError: The ending is another, the folder is missing, or ``path`` is an input or
            something that is no ordinary file.
    """
    allowed = tuple(suffixes)
    if allowed and path.suffix.lower() not in allowed:
        raise UsageError(
            f"输出文件应以 {'、'.join(allowed)} 结尾,得到“{readable(path.name)}”",
            f"the output must end in {', '.join(allowed)}, got {readable(path.name)!r}",
            code="bad_output",
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"输出目录不存在:{readable(path.parent)}",
            f"there is no folder {readable(path.parent)} to write to",
            code="no_such_folder",
        )
    if path.exists() and not path.is_file():
        raise UsageError(
            f"{readable(path)} 不是普通文件,不能覆盖",
            f"{readable(path)} is no ordinary file and can't be replaced",
            code="bad_output",
        )
    if path.exists() and any(source.exists() and path.samefile(source) for source in inputs):
        raise UsageError(
            f"输出 {readable(path)} 就是输入文件,会被覆盖:请换一个名字",
            f"the output {readable(path)} is one of the inputs and would replace it: choose another name",
            code="output_is_input",
        )


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; rename it when the block ends well.

    Raises:
        UsageError: The folder is missing or can't be written.
        StoreError: The disk is full or fails.
    """
    check_output(path)
    temp = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temp
        temp.replace(path)
    except OSError as error:
        kind = StoreError if error.errno in _DISK_TROUBLE else UsageError
        raise kind(
            f"无法写入 {readable(path)}:{error.strerror or error}",
            f"cannot write {readable(path)}: {error.strerror or error}",
            code="cannot_write",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temp.unlink(missing_ok=True)


def readable(path: Path | str) -> str:
    """Return a file name as text that can be stored and shown.

    Names from Chinese Windows archives may be GBK bytes, which no UTF-8 output can carry.
    """
    raw = os.fsencode(path)
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return raw.decode("utf-8", errors="replace")

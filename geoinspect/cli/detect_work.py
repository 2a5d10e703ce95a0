"""Where ``geoinspect detect`` keeps half-done work: a folder beside its output."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from geoinspect.cli.breaking import stoppable
from geoinspect.cli.output import say
from geoinspect.errors import GeoInspectError, Text, UsageError
from geoinspect.files import readable

if TYPE_CHECKING:
    from geoinspect.detect.scan import Work


@contextmanager
def work_beside(out: Path, workers: int | None, scheduler: str | None) -> Iterator[Work]:
    """Yield how to work; what is half done stays beside the output unless all went well."""
    from geoinspect.detect.plane_store import writing
    from geoinspect.detect.scan import Work

    fan = None
    if scheduler is not None:
        from geoinspect.detect.fanout import fan_of

        fan = fan_of(scheduler)
    folder = out.with_name(out.name + ".work")
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"{readable(folder)} 不是目录:检测要在那里存放中间结果,请换一个输出名",
            f"{readable(folder)} is no folder: detection keeps half-done work there, choose another "
            "output",
            code="bad_output",
        )
    with writing(folder):
        folder.mkdir(exist_ok=True)
    try:
        with stoppable() as pressed:
            yield Work(folder=folder, workers=workers, cancelled=pressed, fan=fan)
    except (KeyboardInterrupt, GeoInspectError):
        if any(folder.iterdir()):
            say(
                Text(
                    f"已完成的部分保存在 {readable(folder)},再运行同一命令会接着做;不需要时可删除该目录",
                    f"what is done lies in {readable(folder)}: run the same command again to go on, "
                    "or delete the folder",
                )
            )
        else:
            folder.rmdir()
        raise
    _tidy(folder)


def _tidy(folder: Path) -> None:
    """Remove what detection keeps in its folder, and the folder when nothing else lies in it."""
    from geoinspect.detect.work_log import LOG_NAME, PLANES_NAME

    for held in folder.iterdir():
        if held.is_dir() and not held.is_symlink() and (held / LOG_NAME).is_file():
            (held / PLANES_NAME).unlink(missing_ok=True)
            (held / LOG_NAME).unlink(missing_ok=True)
            _drop_empty(held)
    _drop_empty(folder)


def _drop_empty(folder: Path) -> None:
    # Somebody else's files may lie there.
    with contextlib.suppress(OSError):
        folder.rmdir()

"""``geoinspect worker``: do the work in the background, beside the web or on its own."""

from __future__ import annotations

from pathlib import Path

import click

from geoinspect.cli.output import open_workspace


@click.command()
@click.option("--once", is_flag=True, help="做完等待的工作就退出 end when nothing is due.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="同时处理几项,默认见设置 workers jobs at once; the setting workers without it.",
)
@click.option("--parent", type=int, hidden=True, help="随此进程结束 end with this process.")
@click.pass_obj
def worker(workspace: Path | None, once: bool, workers: int | None, parent: int | None) -> int:
    """处理后台工作 work on what waits in the background; serve starts one by itself."""
    with open_workspace(workspace) as opened:
        folder, slots = opened.folder, workers or max(1, opened.settings.workers)
    from geoinspect.jobs.starting import work

    work(folder, slots=slots, once=once, parent=parent)
    return 0

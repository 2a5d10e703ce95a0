"""``audit``: check that nothing was changed unseen, and print what to keep elsewhere for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from geoinspect.cli.output import (
    SpreadCommand,
    json_option,
    open_workspace,
    print_json,
    say,
    say_error,
)
from geoinspect.cli.tracks import FILE
from geoinspect.errors import GeoInspectError, Text

if TYPE_CHECKING:
    from geoinspect.casework.chain import ChainReport
    from geoinspect.store.workspace import Workspace

# Faults told to a person; --json has all that were kept.
_TOLD = 20


@click.group()
def audit() -> None:
    """审计链 the audit chain."""


@audit.command("verify", cls=SpreadCommand)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="FILE|ROWS:HASH",
    help="以前保存的锚点 an anchor kept elsewhere; 可重复 repeatable.",
)
@click.option("--no-files", is_flag=True, help="不读证据文件 leave the evidence files unread.")
@json_option
@click.pass_obj
def verify(workspace: Path | None, anchors: tuple[str, ...], no_files: bool, as_json: bool) -> int:
    """核验审计链、线索记录和证据文件 check that no audit row, case record or evidence file was changed."""
    from geoinspect.casework.anchors import given_anchor
    from geoinspect.casework.chain import verify_workspace

    given = [given_anchor(words) for words in anchors]
    with open_workspace(workspace) as opened:
        report = verify_workspace(opened, anchors=given, with_files=not no_files)
        if not report.fault_count:
            keep_daily_anchor(opened)
    if as_json:
        print_json(report.as_json())
    error = report.error()
    if error is None:
        if not as_json:
            say(_whole(report))
        return 0
    say_error(error.text)
    if not as_json:
        for fault in report.faults[1:_TOLD]:
            say(fault.text)
        if report.fault_count > _TOLD:
            left = report.fault_count - _TOLD
            say(Text(f"另有 {left} 处,见 --json", f"{left} more, see --json"))
    return error.exit_status


@audit.command("anchor")
@click.option("--out", type=FILE, help="写入文件 write it to a file, such as anchor.txt.")
@json_option
@click.pass_obj
def anchor(workspace: Path | None, out: Path | None, as_json: bool) -> int:
    """打印今天的锚点 print today's anchor, to keep on paper or on another machine."""
    from geoinspect.casework.anchors import current_anchor, write_anchor
    from geoinspect.files import check_output, readable
    from geoinspect.store import audit as chain

    if out is not None:
        check_output(out, suffixes=(".txt",))
    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            # An anchor must not vouch for a broken chain.
            chain.verify(session)
            made = current_anchor(session, opened)
        keep_daily_anchor(opened)
    if out is not None:
        write_anchor(made, out)
        say(Text(f"锚点已写入 {readable(out)}", f"anchor written to {readable(out)}"))
    if as_json:
        print_json(made.as_json())
    elif out is None:
        click.echo(made.as_text(), nl=False)
    return 0


def keep_daily_anchor(workspace: Workspace) -> None:
    """Write the day's anchor into the workspace; say so when it can't be written."""
    from geoinspect.casework.anchors import daily_anchor

    try:
        daily_anchor(workspace)
    except GeoInspectError as error:
        say(
            Text(
                f"今天的锚点没有写成:{error.text.zh}",
                f"today's anchor was not written: {error.text.en}",
            )
        )


def _whole(report: ChainReport) -> Text:
    files = report.files
    return Text(
        f"审计链完整,共 {report.rows} 行,末行哈希 {report.last_hash};"
        f"核对了 {report.sealed} 条线索、部位、举报记录,{report.anchors} 个锚点,"
        + ("证据文件未核对" if files is None else f"{files} 个证据文件"),
        f"chain unbroken, {report.rows} rows, last hash {report.last_hash}; compared "
        f"{report.sealed} records of cases, sites and tips, {report.anchors} anchors, "
        + ("evidence files not read" if files is None else f"{files} evidence files"),
    )

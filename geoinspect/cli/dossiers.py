"""``geoinspect cases export``: a case to print, or as a folder that another office can check."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from geoinspect.cli.output import json_option, open_workspace, print_json, say
from geoinspect.errors import Text


def add_dossier_commands(group: click.Group) -> None:
    """Give the group of cases what takes them out of the office."""
    group.add_command(export)


@click.command("export")
@click.argument("case")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER|FILE",
    help="新文件夹,或 .zip .pdf .docx .html 文件 a new folder, or such a file.",
)
@json_option
@click.pass_obj
def export(workspace: Path | None, case: str, out: Path, as_json: bool) -> int:
    """导出线索卷宗和证据 write a case's dossier, or all of it so that others can check it.

    CASE 是线索编号,如 2026-00042 is the case's number.
    """
    from geoinspect.casework.actors import COMMAND_LINE
    from geoinspect.casework.export import export_to
    from geoinspect.files import readable
    from geoinspect.store.cases import case_named

    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            case_id = case_named(session, case).id
        now = datetime.now(UTC)
        done = export_to(opened, case_id, out, now=now, by=COMMAND_LINE)
    shown = readable(out)
    say(
        Text(
            f"线索 {done.number} 已导出到 {shown}({done.files} 个文件)",
            f"case {done.number} written to {shown} ({done.files} files)",
        )
    )
    if done.damaged:
        names, count = "、".join(done.damaged[:5]), len(done.damaged)
        say(
            Text(
                f"注意:{count} 份证据与入库时不符或丢失:{names}。请运行 geoinspect audit verify",
                f"note: {count} pieces of evidence are changed or gone: {names}; run geoinspect "
                "audit verify",
            )
        )
    if as_json:
        told = {"number": done.number, "out": shown, "files": done.files}
        print_json({**told, "damaged": list(done.damaged)})
    return 1 if done.damaged else 0

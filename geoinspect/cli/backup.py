"""``backup`` and ``restore``: copies of a whole workspace, checked, and workspaces made of them."""

from __future__ import annotations

from pathlib import Path

import click

from geoinspect.cli.output import json_option, open_workspace, print_json, progress_bar, say
from geoinspect.errors import Text

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("out", type=_FOLDER, metavar="OUT")
@click.option(
    "--since",
    type=_FOLDER,
    metavar="FOLDER",
    help="同一磁盘上较早的备份:未变的文件不再复制 an earlier backup on the same disk: files that "
    "did not change are linked.",
)
@click.option(
    "--check", is_flag=True, help="只核对已有备份 OUT only compare a backup with its hashes."
)
@json_option
@click.pass_obj
def backup(
    workspace: Path | None, out: Path, since: Path | None, check: bool, as_json: bool
) -> int:
    """备份整个工作区到新文件夹 OUT copy the whole workspace to a new folder; the server may run."""
    from geoinspect.backup import making, restoring

    if check:
        with progress_bar("核对 checking") as show:
            manifest = restoring.check(out, tell=lambda done, total: show(done / max(total, 1.0)))
        found = {"files": len(manifest.files), "bytes": manifest.total_bytes}
        if as_json:
            print_json({"ok": True, "made_at": manifest.made_at, **found})
        else:
            count, size_gb = len(manifest.files), manifest.total_bytes / 1e9
            say(
                Text(
                    f"备份完好:{count} 个文件,{size_gb:.2f} GB,制作于 {manifest.made_at}",
                    f"the backup is whole: {count} files, {size_gb:.2f} GB, made {manifest.made_at}",
                )
            )
        return 0
    with open_workspace(workspace) as opened, progress_bar("备份 copying") as show:
        made = making.make(
            opened,
            out.absolute(),
            actor="cli",
            since=since,
            tell=lambda done, total: show(done / max(total, 1.0)),
        )
    if as_json:
        print_json(made.as_json())
        return 0
    say(
        Text(
            f"备份已写入 {made.folder}:{made.files} 个文件,{made.bytes / 1e9:.2f} GB,"
            f"其中 {made.linked} 个与较早的备份共用;{made.seconds:.0f} 秒。"
            f"清单哈希 {made.manifest_sha256}",
            f"backup written to {made.folder}: {made.files} files, {made.bytes / 1e9:.2f} GB, "
            f"{made.linked} of them shared with the earlier one; {made.seconds:.0f} s. Hash of its "
            f"list {made.manifest_sha256}",
        )
    )
    _tell_missing(made.missing)
    return 0


@click.command()
@click.argument("source", type=_FOLDER, metavar="IN")
@click.argument("target", type=_FOLDER, metavar="DIR")
@json_option
def restore(source: Path, target: Path, as_json: bool) -> int:
    """由备份 IN 恢复出新的工作区 DIR make a workspace in the new or empty folder DIR of a backup."""
    from geoinspect.backup import restoring

    with progress_bar("恢复 restoring") as show:
        made = restoring.restore(
            source,
            target.absolute(),
            actor="cli",
            tell=lambda done, total: show(done / max(total, 1.0)),
        )
    if as_json:
        print_json(made.as_json())
    else:
        say(
            Text(
                f"已恢复到 {made.folder}:{made.files} 个文件,{made.bytes / 1e9:.2f} GB,"
                f"备份制作于 {made.made_at};{made.seconds:.0f} 秒。所有人需重新登录",
                f"restored to {made.folder}: {made.files} files, {made.bytes / 1e9:.2f} GB, backup "
                f"made {made.made_at}; {made.seconds:.0f} s. Everybody has to sign in again",
            )
        )
        _tell_missing(made.missing)
    error = made.report.error()
    if error is None:
        if not as_json:
            rows = made.report.rows
            say(Text(f"审计链完整,共 {rows} 行", f"the audit chain is unbroken, {rows} rows"))
        return 0
    say(
        Text(
            f"文件与备份一致,但备份中的审计核验不通过:{error.text.zh}",
            f"all is as in the backup, but the audit check of what it holds fails: {error.text.en}",
        )
    )
    return error.exit_status


def _tell_missing(missing: tuple[str, ...]) -> None:
    if missing:
        some = ", ".join(missing[:3])
        say(
            Text(
                f"注意:有 {len(missing)} 个文件在备份前就已缺失:{some}",
                f"note: {len(missing)} files were missing before the backup: {some}",
            )
        )

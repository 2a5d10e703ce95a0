"""``init doctor demo serve``: run an office's workspace."""

from __future__ import annotations

from pathlib import Path

import click

from geoinspect.cli.audit import keep_daily_anchor
from geoinspect.cli.output import (
    json_option,
    nearby_workspace,
    open_workspace,
    print_json,
    print_table,
    say,
)
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text


@click.command()
@click.argument("folder", type=FILE)
@click.option("--db", "database_url", help="sqlite:///PATH (PostGIS 后续提供 comes later).")
def init(folder: Path, database_url: str | None) -> int:
    """建立工作区 make a workspace."""
    from geoinspect.store.database import sqlite_path
    from geoinspect.store.workspace import Workspace

    path = None if database_url is None else sqlite_path(database_url)
    Workspace.create(folder, database_path=path).close()
    say(
        Text(
            f"工作区已就绪:{folder}。下一步:geoinspect -w {folder} users add 名字 --role admin",
            f"workspace ready: {folder}. Next: geoinspect -w {folder} users add NAME --role admin",
        )
    )
    return 0


@click.command()
@json_option
@click.pass_obj
def doctor(workspace: Path | None, as_json: bool) -> int:
    """自检 check the installation and, if there is one, the workspace."""
    from geoinspect.doctor import check_installation, check_workspace

    findings = check_installation()
    folder = workspace or nearby_workspace()
    if folder is not None:
        with open_workspace(folder) as opened:
            findings += check_workspace(opened)
    if as_json:
        print_json([{"check": f.name, "ok": f.ok, "found": f.found} for f in findings])
    else:
        print_table(
            "自检 doctor",
            ("项目 check", "结果 result", "说明 found"),
            [(f.name, "✓" if f.ok else "✗", f.found) for f in findings],
        )
    return 0 if all(f.ok for f in findings) else 3


@click.command()
@click.option(
    "--dir", "folder", type=FILE, default=Path("demo"), show_default=True, help="目录 folder."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 address.")
@click.option("--port", type=int, default=8000, show_default=True, help="端口 port.")
@click.option("--no-serve", is_flag=True, help="只准备,不启动网页 stop before serving.")
@json_option
def demo(folder: Path, host: str, port: int, no_serve: bool, as_json: bool) -> int:
    """示范县(模拟数据) the sample county, end to end; all data simulated."""
    from geoinspect.demo import USER, new_password, prepare

    if not no_serve:
        from webmap.server import check_address

        # Before anything is made or anybody's password changes.
        check_address(host, port)
    with prepare(folder, tell=say) as (workspace, figures):
        if no_serve:
            if as_json:
                print_json(figures)
            return 0
        password, workers = new_password(workspace), workspace.settings.workers
    banner = f"user={USER} password={password}"
    return _serve(folder / "workspace", host, port, banner=banner, workers=workers)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 address.")
@click.option("--port", type=int, default=8000, show_default=True, help="端口 port.")
@click.option("--tls-cert", type=FILE, help="证书 certificate (PEM).")
@click.option("--tls-key", type=FILE, help="私钥 key (PEM).")
@click.option(
    "--workers",
    type=click.IntRange(0, 64),
    help="后台同时处理几项,0 为不处理,默认见设置 workers jobs in the background at once.",
)
@click.pass_obj
def serve(
    workspace: Path | None,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    workers: int | None,
) -> int:
    """启动网页 serve the web map."""
    with open_workspace(workspace) as opened:
        keep_daily_anchor(opened)
        folder, usual = opened.folder, opened.settings.workers
    chosen = usual if workers is None else workers
    return _serve(folder, host, port, banner="", tls=(tls_cert, tls_key), workers=chosen)


def _serve(
    folder: Path,
    host: str,
    port: int,
    *,
    banner: str,
    tls: tuple[Path | None, Path | None] = (None, None),
    workers: int,
) -> int:
    from webmap.server import serve as run_server

    return run_server(
        folder,
        host=host,
        port=port,
        banner=banner,
        tls_cert=tls[0],
        tls_key=tls[1],
        workers=workers,
    )

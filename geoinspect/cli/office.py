"""``init doctor demo users tokens serve``: run an office's workspace."""

from __future__ import annotations

import os
import secrets
import sys
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
from geoinspect.files import readable


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
        password = new_password(workspace)
    return _serve(folder / "workspace", host, port, banner=f"user={USER} password={password}")


@click.group()
def users() -> None:
    """用户 people who may sign in."""


@users.command("add")
@click.argument("name")
@click.option(
    "--role",
    required=True,
    type=click.Choice(["field", "analyst", "commander", "auditor", "admin"]),
    help="角色 role.",
)
@click.option("--unit", help="单位代码 unit code.")
@click.option(
    "--password-stdin", is_flag=True, help="从标准输入读密码 read the password from stdin."
)
@click.pass_obj
def add_user(
    workspace: Path | None, name: str, role: str, unit: str | None, password_stdin: bool
) -> int:
    """添加用户 add a person; without --password-stdin a random password is printed once."""
    from geoinspect.store import audit, grounds, people

    password = _line_of_stdin() if password_stdin else secrets.token_urlsafe(12)
    with open_workspace(workspace) as opened, opened.database.writing() as session:
        grounds.require_unit(session, unit)
        people.add_user(session, name=name, role=role, unit_code=unit, password=password)
        audit.record(session, actor="cli", action="user.add", subject=name, details={"role": role})
    say(Text(f"已添加用户 {name}({role})", f"user {name} added ({role})"))
    if not password_stdin:
        click.echo(f"user={name} password={password}")
    return 0


def _line_of_stdin() -> str:
    """Return the first line of stdin, which old Chinese terminals send as GBK."""
    return readable(os.fsdecode(sys.stdin.buffer.readline())).rstrip("\r\n")


@click.group()
def tokens() -> None:
    """接口令牌 API tokens."""


@tokens.command("add")
@click.argument("label")
@click.option("--user", "name", help="用户 person; 默认管理员 default: the administrator.")
@click.option("--days", required=True, type=int, help="有效天数 days it holds.")
@json_option
@click.pass_obj
def add_token(
    workspace: Path | None, label: str, name: str | None, days: int, as_json: bool
) -> int:
    """新建接口令牌 make an API token; it is shown only now."""
    from geoinspect.errors import NotFoundError
    from geoinspect.store import audit, people

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        user = people.first_admin(session) if name is None else people.user_named(session, name)
        if user is None:
            raise NotFoundError(
                f"没有用户“{name}”", f"there is no user {name!r}", code="no_such_user"
            )
        secret, row = people.add_token(session, label=label, user_id=user.id, days=days)
        audit.record(
            session, actor="cli", action="token.add", subject=label, details={"user": user.name}
        )
        expires = row.expires.isoformat(timespec="seconds").replace("+00:00", "Z")
        user_name = user.name
    if as_json:
        print_json({"token": secret, "label": label, "user": user_name, "expires": expires})
    else:
        click.echo(secret)
    return 0


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 address.")
@click.option("--port", type=int, default=8000, show_default=True, help="端口 port.")
@click.option("--tls-cert", type=FILE, help="证书 certificate (PEM).")
@click.option("--tls-key", type=FILE, help="私钥 key (PEM).")
@click.pass_obj
def serve(
    workspace: Path | None, host: str, port: int, tls_cert: Path | None, tls_key: Path | None
) -> int:
    """启动网页 serve the web map."""
    with open_workspace(workspace) as opened:
        keep_daily_anchor(opened)
        folder = opened.folder
    return _serve(folder, host, port, banner="", tls=(tls_cert, tls_key))


def _serve(
    folder: Path,
    host: str,
    port: int,
    *,
    banner: str,
    tls: tuple[Path | None, Path | None] = (None, None),
) -> int:
    from webmap.server import serve as run_server

    return run_server(folder, host=host, port=port, banner=banner, tls_cert=tls[0], tls_key=tls[1])

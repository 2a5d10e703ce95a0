"""``users tokens``: who may sign in, and what programs may."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from geoinspect.cli.output import ROW_ID, json_option, open_workspace, print_json, print_table, say
from geoinspect.errors import Text
from geoinspect.files import readable
from geoinspect.records import moment_iso

_ROLE = click.Choice(["field", "analyst", "commander", "auditor", "admin"])
_keep = click.option(
    "--keep-password",
    is_flag=True,
    help="首次登录不必改密码 the password may stay after the first login.",
)
_stdin = click.option(
    "--password-stdin", is_flag=True, help="从标准输入读密码 read the password from stdin."
)


@click.group()
def users() -> None:
    """用户 people who may sign in."""


@users.command("add")
@click.argument("name")
@click.option("--role", required=True, type=_ROLE, help="角色 role.")
@click.option("--unit", help="单位代码 unit code; 省略为全部范围 without it the whole workspace.")
@_stdin
@_keep
@json_option
@click.pass_obj
def add_user(
    workspace: Path | None,
    name: str,
    role: str,
    unit: str | None,
    password_stdin: bool,
    keep_password: bool,
    as_json: bool,
) -> int:
    """添加用户 add a person; without --password-stdin a random password is printed once."""
    from geoinspect.accounts import changes

    given = _line_of_stdin() if password_stdin else None
    with open_workspace(workspace) as opened, opened.database.writing() as session:
        _row, password = changes.add_person(
            session,
            opened.settings,
            changes.COMMAND_LINE,
            name=name,
            role=role,
            unit_code=unit,
            password=given,
            must_change=not keep_password,
        )
    say(Text(f"已添加用户 {name}({role})", f"user {name} added ({role})"))
    told = None if password_stdin else password
    if as_json:
        must = not keep_password
        print_json(
            {"user": name, "role": role, "unit": unit, "must_change": must, "password": told}
        )
    elif told is not None:
        click.echo(f"user={name} password={told}")
    return 0


@users.command("list")
@json_option
@click.pass_obj
def list_users(workspace: Path | None, as_json: bool) -> int:
    """列出用户 list people."""
    from geoinspect.store import people

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = [
            {
                "user": row.name,
                "role": row.role,
                "unit": row.unit_code,
                "active": row.active,
                "must_change": row.must_change,
                "second_factor": row.totp_secret is not None,
                "created_at": moment_iso(row.created_at),
                "password_set_at": moment_iso(row.password_set_at),
            }
            for row in people.everybody(session)
        ]
    if as_json:
        print_json(rows)
    else:
        print_table(
            "用户 users",
            ("用户 user", "角色 role", "单位 unit", "在用 active", "须改密码 must change"),
            [
                (r["user"], r["role"], r["unit"] or "*", _yes(r["active"]), _yes(r["must_change"]))
                for r in rows
            ],
        )
    return 0


@users.command("disable")
@click.argument("name")
@click.pass_obj
def disable_user(workspace: Path | None, name: str) -> int:
    """停用用户 disable a person and end their sessions."""
    return _set_active(workspace, name, active=False)


@users.command("enable")
@click.argument("name")
@click.pass_obj
def enable_user(workspace: Path | None, name: str) -> int:
    """启用用户 let a disabled person sign in again."""
    return _set_active(workspace, name, active=True)


@users.command("password")
@click.argument("name")
@_stdin
@_keep
@click.pass_obj
def new_password(
    workspace: Path | None, name: str, password_stdin: bool, keep_password: bool
) -> int:
    """新密码 give a person a new password; it ends their sessions and opens locks."""
    from geoinspect.accounts import changes
    from geoinspect.store import people

    given = _line_of_stdin() if password_stdin else None
    with open_workspace(workspace) as opened, opened.database.writing() as session:
        password = changes.give_password(
            session,
            opened.settings,
            changes.COMMAND_LINE,
            people.needed_user(session, name),
            password=given,
            must_change=not keep_password,
        )
    say(Text(f"已为 {name} 设置新密码", f"{name} has a new password"))
    if not password_stdin:
        click.echo(f"user={name} password={password}")
    return 0


@users.command("role")
@click.argument("name")
@click.argument("role", type=_ROLE)
@click.option("--unit", help="新单位代码 code of another unit.")
@click.option("--whole", is_flag=True, help="全部范围 no unit: the whole workspace.")
@click.pass_obj
def change_role(workspace: Path | None, name: str, role: str, unit: str | None, whole: bool) -> int:
    """改变角色 change a person's role, and with --unit or --whole what is theirs."""
    from geoinspect.accounts import changes
    from geoinspect.errors import UsageError
    from geoinspect.store import people

    if whole and unit is not None:
        raise UsageError(
            "--unit 和 --whole 只能用一个", "use --unit or --whole, not both", code="both_given"
        )
    with open_workspace(workspace) as opened, opened.database.writing() as session:
        row = people.needed_user(session, name)
        code = None if whole else unit or row.unit_code
        changes.set_place(session, changes.COMMAND_LINE, row, role=role, unit_code=code)
    say(Text(f"{name} 现在是 {role}", f"{name} is {role} now"))
    return 0


@users.command("second-factor-off")
@click.argument("name")
@click.pass_obj
def second_factor_off(workspace: Path | None, name: str) -> int:
    """关闭两步验证 turn a person's second factor off, as when their phone is lost."""
    from geoinspect.accounts import changes
    from geoinspect.store import people

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        changes.drop_second_factor(session, changes.COMMAND_LINE, people.needed_user(session, name))
    say(Text(f"已关闭 {name} 的两步验证", f"the second factor of {name} is off"))
    return 0


@click.group()
def tokens() -> None:
    """接口令牌 API tokens."""


@tokens.command("add")
@click.argument("label")
@click.option("--user", "name", help="用户 person; 默认管理员 default: the administrator.")
@click.option("--days", required=True, type=int, help="有效天数 days it holds.")
@click.option(
    "--scope",
    type=click.Choice(["read", "upload", "all"]),
    default="all",
    show_default=True,
    help="权限:只读、只上传、全部 what it may: read only, send files only, everything.",
)
@json_option
@click.pass_obj
def add_token(
    workspace: Path | None, label: str, name: str | None, days: int, scope: str, as_json: bool
) -> int:
    """新建接口令牌 make an API token; it is shown only now."""
    from geoinspect.accounts import changes
    from geoinspect.store import people

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        user = people.first_admin(session) if name is None else people.needed_user(session, name)
        secret, row = changes.add_token(
            session, changes.COMMAND_LINE, user, label=label, days=days, scope=scope
        )
        expires, user_name = moment_iso(row.expires), user.name
    if as_json:
        told = {"token": secret, "label": label, "user": user_name, "expires": expires}
        print_json({**told, "scope": scope})
    else:
        click.echo(secret)
    return 0


@tokens.command("list")
@json_option
@click.pass_obj
def list_tokens(workspace: Path | None, as_json: bool) -> int:
    """列出接口令牌 list API tokens, without their secrets."""
    from geoinspect.store import tokens as kept

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = [
            {
                "id": row.id,
                "label": row.label,
                "user": row.user.name,
                "scope": row.scope,
                "expires": moment_iso(row.expires),
                "used_at": moment_iso(row.used_at),
                "revoked_at": moment_iso(row.revoked_at),
            }
            for row in kept.tokens(session)
        ]
    if as_json:
        print_json(rows)
    else:
        keys = ("id", "label", "user", "scope", "expires", "used_at", "revoked_at")
        heads = ("编号 id", "名称 label", "用户 user", "权限 scope", "到期 expires", "最近使用 used", "吊销 revoked")  # fmt: skip
        print_table("接口令牌 tokens", heads, [tuple(r[key] or "–" for key in keys) for r in rows])
    return 0


@tokens.command("revoke")
@click.argument("number", type=ROW_ID)
@click.pass_obj
def revoke_token(workspace: Path | None, number: int) -> int:
    """吊销接口令牌 revoke an API token by its number."""
    from geoinspect.accounts import changes
    from geoinspect.store import tokens as kept

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        row = kept.token(session, number)
        changes.revoke_token(session, changes.COMMAND_LINE, row)
        label = row.label
    say(Text(f"已吊销令牌 {number}({label})", f"token {number} ({label}) is revoked"))
    return 0


def _set_active(workspace: Path | None, name: str, *, active: bool) -> int:
    from geoinspect.accounts import changes
    from geoinspect.store import people

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        changes.set_active(
            session, changes.COMMAND_LINE, people.needed_user(session, name), active=active
        )
    zh, en = ("启用", "may sign in") if active else ("停用", "may not sign in any more")
    say(Text(f"已{zh} {name}", f"{name} {en}"))
    return 0


def _yes(value: object) -> str:
    return "✓" if value else "–"


def _line_of_stdin() -> str:
    """Return the first line of stdin, which old Chinese terminals send as GBK."""
    return readable(os.fsdecode(sys.stdin.buffer.readline())).rstrip("\r\n")

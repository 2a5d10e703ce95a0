"""``geoinspect settings``: what the workspace's settings are, and to set or reset one."""

from __future__ import annotations

from pathlib import Path

import click

from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.errors import Text

_SOURCES = {
    "default": "默认 default",
    "file": "配置文件 file",
    "web": "网页或命令行 set",
    "environment": "环境变量 environment",
}


@click.group()
def settings() -> None:
    """设置 settings."""


@settings.command("list")
@click.option(
    "--changed", is_flag=True, help="只列与默认不同的 only those that are not the default."
)
@json_option
@click.pass_obj
def list_settings(workspace: Path | None, changed: bool, as_json: bool) -> int:
    """列出设置、默认值和由谁更改 list settings, defaults, and who set them."""
    from geoinspect.settings_book import settings_told

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        told = settings_told(opened, session)
    shown = [one for one in told if not changed or one.value != one.default or one.kept]
    if as_json:
        print_json([one.as_json() for one in shown])
        return 0
    print_table(
        "设置 settings",
        ("名称 name", "现值 value", "默认 default", "来源 from", "更改人 by", "含义 meaning"),
        [
            (
                *(one.name, _written(one.value, one.unit), _written(one.default, one.unit)),
                *(_SOURCES[one.source.value], one.set_by, one.meaning.zh),
            )
            for one in shown
        ],
        whole_names=True,
    )
    return 0


@settings.command("set")
@click.argument("name")
@click.argument("value")
@json_option
@click.pass_obj
def set_one(workspace: Path | None, name: str, value: str, as_json: bool) -> int:
    """更改一项设置,服务运行时也可用 set one, also while the server runs."""
    from geoinspect.settings_book import set_setting

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        told = set_setting(opened, session, name, value, actor="cli", version=None)
    if as_json:
        print_json(told.as_json())
    now = _written(told.value, told.unit)
    say(
        Text(
            f"{name} 现在是 {now}。{told.effect.text.zh}",
            f"{name} is {now} now. {told.effect.text.en}",
        )
    )
    return 0


@settings.command("unset")
@click.argument("name")
@json_option
@click.pass_obj
def unset_one(workspace: Path | None, name: str, as_json: bool) -> int:
    """恢复为配置文件或默认的值 take back what was set: the file or the default holds again."""
    from geoinspect.settings_book import unset_setting

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        told = unset_setting(opened, session, name, actor="cli", version=None)
    if as_json:
        print_json(told.as_json())
    now = _written(told.value, told.unit)
    say(Text(f"{name} 现在是 {now}(已恢复)", f"{name} is {now} again"))
    return 0


def _written(value: object, unit: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value if isinstance(value, str) else format(value, 'g')} {unit}".strip()

"""The documents say what the code does: settings, commands, decisions, links."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from geoinspect.cli import app

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import moves_table  # noqa: E402
import settings_table  # noqa: E402


def test_every_setting_is_documented() -> None:
    assert (ROOT / "docs/guide/settings.md").read_text("utf-8") == settings_table.table()


def test_the_long_campaigns_start() -> None:
    told = subprocess.run(
        [sys.executable, ROOT / "scripts" / "soak.py", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    listed = (ROOT / "scripts" / "soak").read_text("utf-8")
    for name in re.search(r"\{([^}]*)\}", told.stdout)[1].split(","):
        assert name.strip() in listed, name


def test_the_table_of_moves_is_the_codes_own() -> None:
    text = (ROOT / "docs/cases.md").read_text("utf-8")
    assert moves_table.page(text) == text


def commands(group: click.Group, path: str = "") -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, f"{path}{name} ")
        found.append((f"{path}{name}", command))
    return found


@pytest.mark.parametrize(("name", "command"), commands(app), ids=[n for n, _ in commands(app)])
def test_every_command_explains_itself_in_both_languages(name: str, command: click.Command) -> None:
    text = command.help or ""
    assert re.search(r"[一-鿿]", text), name
    assert re.search(r"[a-z]{3}", text), name
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in {"help"}:
            assert parameter.help, f"{name} {parameter.name}"


@pytest.mark.parametrize(
    "page",
    sorted(
        p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    ),
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), target


def test_readmes_name_the_two_commands() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text("utf-8")
        assert "scripts/demo" in text
        assert "scripts/test" in text

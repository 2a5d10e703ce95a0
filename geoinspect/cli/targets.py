"""``geoinspect targets``: what can be looked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.output import json_option, nearby_workspace, print_json, print_table

if TYPE_CHECKING:
    from geoinspect.detect.targets import TargetTable


def table_in_use(workspace: Path | None) -> TargetTable:
    """Return the table of targets of ``-w``, of the environment, or of the current folder.

    Raises:
        UsageError: The workspace's own table can't be used.
    """
    from geoinspect.detect.targets import targets_of

    return targets_of(workspace or nearby_workspace())


@click.group()
def targets() -> None:
    """检测对象 what is looked for."""


@targets.command("list")
@json_option
@click.pass_obj
def list_targets(workspace: Path | None, as_json: bool) -> int:
    """列出检测对象 list the targets, the default first."""
    table = table_in_use(workspace)
    rows: list[dict[str, Any]] = [
        {
            "key": target.key,
            "name": target.en,
            "name_zh": target.zh,
            "ranking": target.ranking or None,
            "smallest_m2": target.size_m2[0],
            "largest_m2": target.size_m2[1],
            "look_for": [words.en for words in target.words],
            "look_for_zh": [words.zh for words in target.words],
        }
        for target in table.targets
    ]
    if as_json:
        print_json(rows)
        return 0
    print_table(
        "检测对象 targets",
        ("名称 key", "植物 plant", "排序模型 ranking", "m²", "看什么 look for"),
        [
            (
                *(row["key"], f"{row['name_zh']} {row['name']}", row["ranking"]),
                f"{row['smallest_m2']:g}–{row['largest_m2']:g}",
                ";".join(row["look_for_zh"]),
            )
            for row in rows
        ],
    )
    return 0

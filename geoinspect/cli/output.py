"""What commands print: one JSON document or a table on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from geoinspect.cli.pace import Pace, told
from geoinspect.errors import GeoInspectError, Text, UsageError
from geoinspect.records import AddResult, Refusal
from geoinspect.settings import CONFIG_NAME

if TYPE_CHECKING:
    from geoinspect.store.workspace import Workspace

# A number of a row; a database has none beyond.
ROW_ID = click.IntRange(0, 2**63 - 1)

# What a terminal would obey instead of showing, also the marks that turn the order of letters.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="只输出一个 JSON / one JSON document."
)


class SpreadCommand(click.Command):
    """A command whose repeatable options take many values at once: ``--tracks a.gpx b.gpx``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each value that follows it."""
        spread = {
            name
            for parameter in self.params
            if isinstance(parameter, click.Option) and parameter.multiple
            for name in parameter.opts
        }
        written: list[str] = []
        current: str | None = None
        empty: str | None = None
        for arg in args:
            name, equals, value = arg.partition("=")
            if name in spread:
                _refuse_empty(empty)
                current, empty = name, None if equals else name
                written.extend([name, value] if equals else [])
            elif arg.startswith("-"):
                _refuse_empty(empty)
                current, empty = None, None
                written.append(arg)
            else:
                written.extend([arg] if current is None else [current, arg])
                empty = None
        _refuse_empty(empty)
        return super().parse_args(ctx, written)


def _refuse_empty(option: str | None) -> None:
    if option is not None:
        raise UsageError(
            f"{option} 后面没有文件:请检查路径或通配符",
            f"{option} names no file: check the path or the pattern",
            code="no_files",
        )


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[float], None]]:
    """Yield a function that takes the share done; draws only on a terminal.

    Shows the share and about how long the rest will take at the speeds measured.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda share: None
        return
    pace = Pace()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(escape(label), total=1.0, left="")

        def report(share: float) -> None:
            pace.mark(share)
            progress.update(task, completed=share, left=str(told(pace.left())))

        yield report


def _echo(text: str, *, err: bool = False) -> None:
    """Print text in which there may be names and words of strangers' files."""
    click.echo(_CONTROLS.sub("\ufffd", text), err=err)


def say(text: Text) -> None:
    """Tell the person something, beside the result."""
    _echo(f"{text.zh} / {text.en}", err=True)


def say_error(text: Text) -> None:
    """Tell the person what went wrong, in both languages."""
    _echo(f"错误:{text.zh}\nError: {text.en}", err=True)


def print_json(document: object) -> None:
    """Print the one JSON document."""
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    click.echo(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    whole_names: bool = False,
) -> None:
    """Print a table for people; text from files is shown as it is, never as markup.

    Args:
        title: Of the table.
        columns: Their heads.
        rows: Cells, one for each column; None is a dash.
        whole_names: The first column holds names to copy, so it is never broken into lines.
    """
    table = Table(title=_cell(title), title_justify="left", show_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=whole_names and place == 0)
    for row in rows:
        table.add_row(*("—" if value is None else _cell(value) for value in row))
    Console(soft_wrap=not sys.stdout.isatty()).print(table)


def _cell(value: object) -> str:
    return escape(_CONTROLS.sub("\ufffd", str(value)))


def open_workspace(chosen: Path | None) -> Workspace:
    """Open the workspace of ``-w``, of the environment, or of the current folder.

    Raises:
        UsageError: There is none.
    """
    from geoinspect.store.workspace import Workspace

    folder = chosen or nearby_workspace()
    if folder is None:
        raise UsageError(
            "没有指定工作区:请用 -w 目录,或设置 GEOINSPECT_WORKSPACE,或进入工作区目录",
            "no workspace: give -w DIR, set GEOINSPECT_WORKSPACE, or go into a workspace folder",
            code="no_workspace",
        )
    return Workspace.open(folder)


def nearby_workspace() -> Path | None:
    """Return the workspace of the environment, else the current folder when it is one."""
    named = os.environ.get("GEOINSPECT_WORKSPACE")
    if named:
        return Path(named)
    return Path.cwd() if (Path.cwd() / CONFIG_NAME).is_file() else None


def print_reports(reports: Sequence[Mapping[str, Any]], facts: Mapping[str, str]) -> None:
    """Print what was found in each file: its state, some facts, and every problem on a line.

    Args:
        reports: Inspected files with ``file``, ``status`` and ``problems``.
        facts: Key of a report → its label; absent values are left out.
    """
    for report in reports:
        _echo(f"{report['file']}  [{report['status']}]")
        told = [
            f"{label} {_short(report[key])}"
            for key, label in facts.items()
            if report.get(key) is not None
        ]
        if told:
            _echo("  " + " · ".join(told))
        for problem in report["problems"]:
            _echo(f"  - {problem['message_zh']}\n    {problem['message']}")


def _short(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def refused(file: str, error: GeoInspectError) -> dict[str, Any]:
    """Return how a refused input appears in JSON."""
    return refusal_json(Refusal(file, error.code, error.text))


def refusal_json(refusal: Refusal) -> dict[str, Any]:
    """Return how a file that was not taken appears in JSON."""
    return {
        "file": refusal.file,
        "status": "refused",
        "code": refusal.code,
        "message": refusal.text.en,
        "message_zh": refusal.text.zh,
    }


def report_results(
    results: Sequence[AddResult], refusals: Sequence[Mapping[str, Any]], *, as_json: bool
) -> int:
    """Print what became of each file; return the exit status."""
    from geoinspect.intake import result_json

    if as_json:
        print_json(
            {
                "added": sum(r.status == "added" for r in results),
                "duplicates": sum(r.status == "duplicate" for r in results),
                "refused": len(refusals),
                "results": [*(result_json(r) for r in results), *refusals],
            }
        )
    else:
        for result in results:
            _echo(f"{result.summary.zh}\n  {result.summary.en}")
            for problem in result.problems:
                _echo(f"  · {problem.text.zh} / {problem.text.en}")
    for refusal in refusals:
        say_error(Text(refusal["message_zh"], refusal["message"]))
    return 1 if refusals else 0

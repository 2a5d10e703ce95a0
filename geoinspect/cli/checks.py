"""``geoinspect checks``: cleared cells drawn by lot for another unit to search again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.asking import campaign_option
from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_table,
    say,
)
from geoinspect.cli.rates import tell_entered
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text
from geoinspect.files import check_output, replaced_file

if TYPE_CHECKING:
    from geoinspect.store.workspace import Workspace

_FINDS = click.IntRange(0, 10_000)


@click.group()
def checks() -> None:
    """交叉检查、抽查 cross-checks."""


@checks.command()
@campaign_option
@click.option(
    "--seed", required=True, help="抽签种子,公开可复核 seed that anybody can repeat it by."
)
@click.option(
    "--share", default=0.1, show_default=True, help="抽取比例 share of the cleared cells."
)
@click.option("--unit", "units", multiple=True, help="参加抽查的单位 units that may check.")
@json_option
@click.pass_obj
def draw(
    workspace: Path | None,
    name: str | None,
    seed: str,
    share: float,
    units: tuple[str, ...],
    as_json: bool,
) -> int:
    """从已查清的网格中按风险抽签,交另一单位复查 draw cleared cells by risk for another unit."""
    from geoinspect import check_book
    from geoinspect.gathering import the_snapshot

    with open_workspace(workspace) as opened:
        snapshot = the_snapshot(opened, name)
        row = check_book.draw_check(
            opened, snapshot, seed=seed, share=share, units=units, actor="cli"
        )
        found = check_book.check_json(snapshot, row)
    _print_one(found, as_json=as_json)
    return 0


@checks.command("list")
@campaign_option
@json_option
@click.pass_obj
def list_(workspace: Path | None, name: str | None, as_json: bool) -> int:
    """列出抽签 list the draws of a campaign."""
    from geoinspect import check_book
    from geoinspect.gathering import the_snapshot

    with open_workspace(workspace) as opened:
        snapshot = the_snapshot(opened, name)
        with opened.database.reading() as session:
            rows = check_book.check_list(session, snapshot)
    if as_json:
        print_json(rows)
        return 0
    columns = (
        "编号 id",
        "截至 as of",
        "种子 seed",
        "抽中 drawn",
        "已抽查 checked",
        "已录入 entered",
    )
    print_table(
        "抽查 cross-checks",
        (*columns, "原查检出率 first search's rate"),
        [
            (
                *(row["id"], row["as_of"], row["seed"], row["drawn"]),
                *(row["checked"], row["entered"], _rate(row["result"])),
            )
            for row in rows
        ],
    )
    return 0


@checks.command()
@click.argument("check_id", type=ROW_ID)
@click.option("--out", type=FILE, help="cells.csv | .gpx")
@json_option
@click.pass_obj
def show(workspace: Path | None, check_id: int, out: Path | None, as_json: bool) -> int:
    """查看抽中的网格和结果 the cells drawn, and what came of them."""
    from geoinspect.report.check_files import SUFFIXES, check_file

    if out is not None:
        check_output(out, suffixes=SUFFIXES)
    with open_workspace(workspace) as opened:
        found = _found(opened, check_id)
    if out is not None:
        with replaced_file(out) as temp:
            temp.write_bytes(check_file(out.suffix, found))
        say(Text(f"已写入 {out}", f"wrote {out}"))
    _print_one(found, as_json=as_json)
    return 0


@checks.command()
@click.argument("check_id", type=ROW_ID)
@click.argument("cell")
@click.option(
    "--first-only", required=True, type=_FINDS, help="仅原查发现 found by the first only."
)
@click.option("--second-only", required=True, type=_FINDS, help="仅抽查发现 by the second only.")
@click.option("--both", required=True, type=_FINDS, help="双方发现 found by both.")
@click.option("--note", default="", help="备注 note.")
@json_option
@click.pass_obj
def enter(
    workspace: Path | None,
    check_id: int,
    cell: str,
    first_only: int,
    second_only: int,
    both: int,
    note: str,
    as_json: bool,
) -> int:
    """录入一个网格的复查结果 enter what both searches found in a cell."""
    from geoinspect import check_book

    with open_workspace(workspace) as opened:
        check_book.enter_check(
            opened,
            check_id,
            cell,
            first_only=first_only,
            second_only=second_only,
            both=both,
            note=note,
            actor="cli",
        )
        found = _found(opened, check_id)
    if as_json:
        print_json(found)
    rate = _rate(found["result"])
    say(
        Text(
            f"已录入 {cell};原查检出率 {rate}", f"{cell} entered; the first search's rate is {rate}"
        )
    )
    return 0


@checks.command()
@click.argument("check_id", type=ROW_ID)
@json_option
@click.pass_obj
def adopt(workspace: Path | None, check_id: int, as_json: bool) -> int:
    """把结果写入扫视宽度表 put what it says of searching on foot into the table of rates."""
    from geoinspect import check_book
    from geoinspect.rate_book import rate_json
    from geoinspect.store import searching

    with open_workspace(workspace) as opened:
        number, looks = check_book.adopt_check(opened, check_id, actor="cli")
        with opened.database.reading() as session:
            rows = {row.id: row for row in searching.rate_rows(session)}
            entry = rate_json(searching.rate_record(rows[number]))
    return tell_entered(number, looks, entry, as_json=as_json)


def _found(opened: Workspace, check_id: int) -> dict[str, Any]:
    from geoinspect import check_book
    from geoinspect.snapshot import take_snapshot
    from geoinspect.store import searching

    with opened.database.reading() as session:
        row = searching.cross_check(session, check_id)
    return check_book.check_json(take_snapshot(opened, row.campaign_id), row)


def _rate(result: dict[str, Any] | None) -> str:
    if result is None:
        return "—"
    rate = result["rate"]
    few = " (太少 too few)" if rate["too_few"] else ""
    return f"{rate['rate']:.2f} ({rate['low']:.2f}–{rate['high']:.2f}){few}"


def _print_one(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    drawn = found["drawn_from"]
    print_table(
        f"抽查 {found['id']} · 种子 seed {found['seed']} · {len(found['cells'])} / "
        f"{drawn['cleared']} 格 cells · 已抽查 checked {found['checked']}",
        (
            "网格 cell",
            "经度,纬度",
            "原查 cleared by",
            "抽查 unit",
            "风险 risk",
            "POD",
            "已抽查",
            "发现",
        ),
        [
            (
                *(cell["cell"], f"{cell['lon']:.5f},{cell['lat']:.5f}", cell["cleared_by"]),
                *(cell["unit"], f"{cell['risk']:.2f}", f"{cell['pod']:.2f}", cell["checked"]),
                None
                if cell["found"] is None
                else "{first_only} / {second_only} / {both}".format(**cell["found"]),
            )
            for cell in found["cells"]
        ],
    )
    if found["result"] is not None:
        both = found["result"]["both_teams"]
        say(
            Text(
                f"原查检出率 {_rate(found['result'])};双方都漏的估计 {both['missed']:.1f}",
                f"the first search's rate is {_rate(found['result'])}; missed by both, estimated: "
                f"{both['missed']:.1f}",
            )
        )

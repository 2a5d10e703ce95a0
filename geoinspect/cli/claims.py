"""``geoinspect confidence show|record|list``: what a campaign allows one to claim."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.asking import as_of_option, campaign_option
from geoinspect.cli.output import json_option, open_workspace, print_json, print_table, say
from geoinspect.errors import Text

if TYPE_CHECKING:
    from geoinspect.claim_records import Claim
    from geoinspect.snapshot import Snapshot
    from geoinspect.store.workspace import Workspace

prior_option = click.option(
    "--prior",
    type=float,
    help="搜索前无种植的概率 P(clean) before; 默认上一季或设置 default: the season before, or the setting.",
)
target_option = click.option(
    "--target", type=float, help="目标概率 P(clean) to reach; 默认设置 default: the setting."
)
draws_option = click.option(
    "--draws",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="抽样次数 Monte Carlo draws.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="随机种子 seed of the draws; 默认固定 default: a fixed one.",
)


@click.command()
@campaign_option
@as_of_option
@prior_option
@target_option
@draws_option
@seed_option
@json_option
@click.pass_obj
def show(
    workspace: Path | None,
    name: str | None,
    as_of: datetime | None,
    prior: float | None,
    target: float | None,
    draws: int,
    seed: int | None,
    as_json: bool,
) -> int:
    """各乡镇"无种植"的把握,及还需多少 P(clean) by township, and what more would take."""
    with open_workspace(workspace) as opened:
        snapshot, claim = _claim(opened, name, as_of, prior, target, draws, seed)
    _print(snapshot, claim, {}, as_json=as_json)
    return 0


@click.command()
@campaign_option
@as_of_option
@prior_option
@target_option
@draws_option
@seed_option
@json_option
@click.pass_obj
def record(
    workspace: Path | None,
    name: str | None,
    as_of: datetime | None,
    prior: float | None,
    target: float | None,
    draws: int,
    seed: int | None,
    as_json: bool,
) -> int:
    """记录结论,作为下一季的先验 keep the claim for good; the next season starts from it."""
    from geoinspect.claims import record_claim

    with open_workspace(workspace) as opened:
        snapshot, claim = _claim(opened, name, as_of, prior, target, draws, seed)
        with opened.database.writing() as session:
            number = record_claim(session, snapshot, claim, by="cli").id
    _print(snapshot, claim, {"id": number}, as_json=as_json)
    say(
        Text(
            f"已记录为第 {number} 号结论;下一季先验 {claim.next_prior:.4f}",
            f"kept as claim {number}; the next season's prior is {claim.next_prior:.4f}",
        )
    )
    return 0


@click.command("list")
@campaign_option
@json_option
@click.pass_obj
def list_(workspace: Path | None, name: str | None, as_json: bool) -> int:
    """列出已记录的结论 list the claims that were kept."""
    from geoinspect.store import claims_kept, grounds

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        campaign_id = grounds.campaign(session, name).id
        rows = [
            {
                "id": row.id,
                "as_of": row.as_of.isoformat(),
                "made_at": row.made_at.isoformat().replace("+00:00", "Z"),
                "made_by": row.made_by,
                "prior": row.details["whole"]["prior"],
                "posterior": row.details["whole"]["posterior"],
                "posterior_low": row.details["whole"]["posterior_low"],
                "posterior_high": row.details["whole"]["posterior_high"],
                "smallest_patch_m2": row.details["smallest_patch_m2"],
                "next_prior": row.details["next_prior"],
            }
            for row in claims_kept.claims(session, campaign_id)
        ]
    if as_json:
        print_json(rows)
        return 0
    columns = (
        "编号 id",
        "截至 as of",
        "P(无种植) P(clean)",
        "90% 区间",
        "最小图斑 m²",
        "下一季先验",
    )
    print_table(
        "结论 claims",
        (*columns, "记录人 by"),
        [
            (
                *(row["id"], row["as_of"], f"{row['posterior']:.3f}"),
                f"{row['posterior_low']:.3f}–{row['posterior_high']:.3f}",
                *(f"{row['smallest_patch_m2']:g}", f"{row['next_prior']:.3f}", row["made_by"]),
            )
            for row in rows
        ],
    )
    return 0


def _claim(
    opened: Workspace,
    name: str | None,
    as_of: datetime | None,
    prior: float | None,
    target: float | None,
    draws: int,
    seed: int | None,
) -> tuple[Snapshot, Claim]:
    from geoinspect.claims import SEED, make_claim
    from geoinspect.confidence.absence import check_share
    from geoinspect.gathering import the_snapshot

    # A wrong number is told before the campaign is read.
    for option, value in (("--prior", prior), ("--target", target)):
        if value is not None:
            check_share(option, value)
    snapshot = the_snapshot(opened, name, as_of)
    with opened.database.reading() as session:
        claim = make_claim(
            opened,
            session,
            snapshot,
            prior=prior,
            target=target,
            draws=draws,
            seed=SEED if seed is None else seed,
        )
    return snapshot, claim


def _print(snapshot: Snapshot, claim: Claim, kept: dict[str, Any], *, as_json: bool) -> None:
    from geoinspect.gathering import estimate_json
    from geoinspect.report.claims import claim_lines

    names = {area.code: area.name for area in snapshot.book.areas}
    until = snapshot.data_until
    document = claim.as_json()
    if as_json:
        head = {
            **kept,
            "campaign": snapshot.campaign.name,
            "data_until": None if until is None else until.isoformat(),
            "names": {part["code"]: names.get(part["code"]) for part in document["parts"]},
            **estimate_json(snapshot, claim),
        }
        print_json({**head, **document})
        say(claim.meaning)
        return
    print_table(
        f"{snapshot.campaign.name} · 截至 as of {claim.as_of} · 数据截至 data until {until or '—'} · "
        f"先验 prior {claim.whole.prior:.3f} ({claim.prior_from.zh})",
        (
            *("辖区 area", "P(无种植) P(clean)", "90% 区间 interval", "已查/网格 searched/cells"),
            *(
                "预计漏查 expected missed",
                f"达到 {claim.target:g} 还需 needed",
                "多走一天 one day more",
            ),
        ),
        [
            (
                line.name,
                f"{line.posterior:.3f}",
                f"{line.low:.3f}–{line.high:.3f}",
                f"{line.searched}/{line.cells}",
                f"{line.expected_standing:.3f}",
                str(line.need_words),
                None if line.one_day_gain is None else f"+{line.one_day_gain:.3f}",
            )
            for line in claim_lines(document, names)
        ],
    )
    if claim.whole.need is not None:
        note = claim.whole.need.as_json()
        say(Text(f"“还需”{note['note_zh']}", f"needed: {note['note']}"))
    patch = claim.smallest_patch_m2
    say(Text(f"最小图斑 {patch:g} 平方米", f"smallest patch {patch:g} m²"))
    say(claim.meaning)


def add_claim_commands(confidence: click.Group) -> None:
    """Add the commands on campaigns to ``geoinspect confidence``."""
    for command in (show, record, list_):
        confidence.add_command(command)

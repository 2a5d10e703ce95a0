"""``geoinspect risk``: where a patch would rather be, why, and changing it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.asking import campaign_option, place_of
from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_table,
    say,
)
from geoinspect.cli.season_risk import season
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoinspect.confidence.risk_rules import RiskRule
    from geoinspect.snapshot import Snapshot
    from geoinspect.store.search_schema import RiskEditRow

FACTORS = ("former", "priority", "licensed", "houses", "roads", "water", "slope", "altitude")
_FACTOR = click.Choice(FACTORS)
MEANING = Text(
    "相对风险只说明如果有图斑更可能在哪里(1 = 一般地面),不表示那里有",
    "relative risk says where a patch would rather be (1 is ordinary ground), never that there is one",
)
# Longer notes are no notes.
_MOST_NOTE = 500


class CellCommand(click.Command):
    """A command whose ``--cell`` may begin with a minus sign: ``--cell -3.7,40.4``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Tie the place to its option."""
        tied: list[str] = []
        for arg in args:
            if tied and tied[-1] == "--cell":
                tied[-1] = f"--cell={arg}"
            else:
                tied.append(arg)
        return super().parse_args(ctx, tied)


@click.group()
def risk() -> None:
    """先验风险 prior risk."""


risk.add_command(season)


@risk.command(cls=CellCommand)
@campaign_option
@click.option("--cell", "at", help="某处为何如此 why it is so at a place: LON,LAT.")
@click.option("--rules", is_flag=True, help="各因素的规则 the rules of all factors.")
@json_option
@click.pass_obj
def show(
    workspace: Path | None, name: str | None, at: str | None, rules: bool, as_json: bool
) -> int:
    """风险的分布、理由和规则 how risk is spread, why it is so at a place, and the rules."""
    from geoinspect.gathering import the_snapshot
    from geoinspect.risks import risk_rules
    from geoinspect.store import searching

    place = None if at is None else place_of(at, "--cell")
    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            held = risk_rules(opened, session)
            edits = searching.risk_edits(session)
        # The rules belong to the workspace; they are told before there is any campaign.
        snapshot = None if rules and at is None else the_snapshot(opened, name)
    document: dict[str, Any] = {"meaning": MEANING.en, "meaning_zh": MEANING.zh}
    if rules:
        document["rules"] = [rule.model_dump(mode="json") for rule in held]
    if snapshot is not None and place is not None:
        document["cell"] = _cell(snapshot, *place)
    elif snapshot is not None:
        document |= {"areas": _spread(snapshot), "edits": [_edit_json(row) for row in edits]}
    if as_json:
        print_json(document)
    else:
        _print(document, held if rules else ())
    return 0


def _cell(snapshot: Snapshot, lon: float, lat: float) -> dict[str, Any]:
    from geoinspect.cell_story import cell_at
    from geoinspect.grid import cell_id

    cell = cell_at(snapshot, lon, lat)
    if cell is None:
        raise UsageError(
            f"{lon},{lat} 不在行动“{snapshot.campaign.name}”的范围内",
            f"{lon},{lat} lies outside the campaign {snapshot.campaign.name!r}",
            code="outside_campaign",
        )
    ground, surface = snapshot.ground, snapshot.risk
    return {
        "cell_id": cell_id(int(ground.cell_row[cell]), int(ground.cell_col[cell])),
        "risk": float(surface.relative[cell]),
        "reasons": [
            {
                "factor": None if reason.factor is None else reason.factor.value,
                "value": reason.value if math.isfinite(reason.value) else None,
                "unit": reason.unit,
                "multiplier": reason.multiplier,
                "source": reason.source,
                "note": reason.note,
                "age_years": reason.age_years,
            }
            for reason in surface.explain(cell)
        ],
    }


def _spread(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return for each area that gaps are listed by its mean risk, its part of all, its highest."""
    from geoinspect.claims import listed_zones

    codes, zone = listed_zones(snapshot)
    names = {area.code: area.name for area in snapshot.book.areas}
    relative, m2 = snapshot.risk.relative, snapshot.ground.cell_m2
    weight = relative * m2
    total = float(weight.sum())
    rows = []
    for number, code in enumerate(codes):
        mine = zone == number
        if not mine.any():
            continue
        own = float(weight[mine].sum())
        rows.append(
            {
                "code": code,
                "name": names.get(code, code),
                "area_m2": round(float(m2[mine].sum()), 1),
                "mean": own / float(m2[mine].sum()),
                "highest": float(relative[mine].max()),
                "zero_m2": round(float(m2[mine & (relative == 0)].sum()), 1),
                "share_of_risk": own / total if total > 0 else None,
            }
        )
    return sorted(rows, key=lambda row: (-(row["share_of_risk"] or 0), row["code"]))


def _edit_json(row: RiskEditRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "multiplier": row.multiplier,
        "note": row.note,
        "set_by": row.set_by,
        "set_at": row.set_at.isoformat().replace("+00:00", "Z"),
    }


def _print(document: dict[str, Any], rules: Sequence[RiskRule]) -> None:
    if rules:
        print_table(
            "风险规则 rules",
            (
                "因素 factor",
                "倍数 multiplier",
                "衰减 decay m",
                "断点 breakpoints",
                "启用",
                "来源 source",
            ),
            [
                (
                    *(rule.factor.value, None if rule.breakpoints else rule.multiplier),
                    rule.decay_m,
                    " ".join(f"{place:g}:{effect:g}" for place, effect in rule.breakpoints) or None,
                    *("是 yes" if rule.active else "否 no", rule.source),
                )
                for rule in rules
            ],
        )
    if "cell" in document:
        cell = document["cell"]
        print_table(
            f"{cell['cell_id']} · 相对风险 relative risk {cell['risk']:.3g}",
            ("因素 factor", "数值 value", "倍数 multiplier", "来源 source", "说明 note"),
            [
                (
                    reason["factor"] or "人工 by hand",
                    None if reason["value"] is None else f"{reason['value']:.3g} {reason['unit']}",
                    *(f"{reason['multiplier']:.3g}", reason["source"], reason["note"]),
                )
                for reason in cell["reasons"]
            ],
        )
    if "areas" in document:
        columns = ("代码 code", "名称 name", "平均 mean", "最高 highest", "占全部风险 share of all")
        print_table(
            "相对风险 relative risk",
            columns,
            [
                (
                    *(row["code"], row["name"], f"{row['mean']:.3g}", f"{row['highest']:.3g}"),
                    None if row["share_of_risk"] is None else f"{row['share_of_risk']:.1%}",
                )
                for row in document["areas"]
            ],
        )
        print_table(
            "人工修改 edits by hand",
            ("编号 id", "倍数 multiplier", "理由 note", "修改人 by"),
            [
                (row["id"], row["multiplier"], row["note"], row["set_by"])
                for row in document["edits"]
            ],
        )
    say(MEANING)


@risk.command("set")
@click.argument("factor", type=_FACTOR)
@click.option("--multiplier", type=float, help="倍数 relative risk there; 1 is neutral.")
@click.option("--decay-m", type=float, help="衰减距离 distance of decay, m.")
@click.option("--half-life-years", type=float, help="旧发现减半的年数 of former finds.")
@click.option(
    "--breakpoint",
    "breakpoints",
    type=(float, float),
    multiple=True,
    help="坡度或海拔与倍数 degrees or metres, and the multiplier there; repeat.",
)
@click.option("--active/--inactive", default=None, help="启用或停用 whether it is used.")
@click.option("--note", help="理由 why.")
@click.option(
    "--source", help="依据 where the figure comes from; 默认本单位设定 default: the office."
)
@json_option
@click.pass_obj
def set_rule(
    workspace: Path | None,
    factor: str,
    multiplier: float | None,
    decay_m: float | None,
    half_life_years: float | None,
    breakpoints: tuple[tuple[float, float], ...],
    active: bool | None,
    note: str | None,
    source: str | None,
    as_json: bool,
) -> int:
    """修改一个因素的规则 change the rule of one factor."""
    from geoinspect.confidence.risk_rules import RiskFactor, rule_of, with_rule
    from geoinspect.risks import risk_rules
    from geoinspect.store import audit, searching

    given = {
        "multiplier": multiplier,
        "decay_m": decay_m,
        "half_life_years": half_life_years,
        "breakpoints": [list(pair) for pair in sorted(breakpoints)] or None,
        "active": active,
        "note": None if note is None else note[:_MOST_NOTE],
    }
    changed = {key: value for key, value in given.items() if value is not None}
    if not changed:
        raise UsageError(
            "没有要修改的内容:请给出 --multiplier、--decay-m、--inactive 等",
            "nothing to change: give --multiplier, --decay-m, --inactive or another",
            code="nothing_given",
        )
    figures = set(changed) - {"active", "note"}
    if figures or source:
        # What was "assumed" before is not where the office's own figure comes from.
        changed["source"] = source or "本单位设定 set by the office"
    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            rules = risk_rules(opened, session)
            values = {**searching.risk_changes(session).get(factor, {}), **changed}
        after = rule_of(with_rule(rules, factor, **changed), RiskFactor(factor))
        assert after is not None
        with opened.database.writing() as session:
            searching.set_risk_change(session, factor, values, by="cli")
            details: dict[str, object] = {"set": changed}
            audit.record(session, actor="cli", action="risk.rule", subject=factor, details=details)
    if as_json:
        print_json(after.model_dump(mode="json"))
    say(Text(f"已修改因素 {factor}", f"the factor {factor} is changed"))
    return 0


@risk.command("reset")
@click.argument("factor", type=_FACTOR)
@json_option
@click.pass_obj
def reset_rule(workspace: Path | None, factor: str, as_json: bool) -> int:
    """恢复一个因素的原规则 take the changes of one factor back."""
    from geoinspect.store import audit, searching

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        old = searching.risk_changes(session).get(factor)
        searching.set_risk_change(session, factor, {}, by="cli")
        details: dict[str, object] = {"set": None, "old": old}
        audit.record(session, actor="cli", action="risk.rule", subject=factor, details=details)
    if as_json:
        print_json({"factor": factor, "taken_back": old or {}})
    say(Text(f"已恢复因素 {factor}", f"the factor {factor} is as it came"))
    return 0


@risk.command("edit")
@click.argument("file", type=FILE)
@click.option("--multiplier", required=True, type=float, help="倍数 multiplier of the ground.")
@click.option("--note", required=True, help="理由 why.")
@json_option
@click.pass_obj
def edit(workspace: Path | None, file: Path, multiplier: float, note: str, as_json: bool) -> int:
    """人工设定一片地面的风险 set the risk of ground by hand, with the reason."""
    from datetime import UTC, datetime

    from geoinspect.confidence.risk_rules import MAX_MULTIPLIER
    from geoinspect.ingest.vectors import read_shapes
    from geoinspect.store import audit
    from geoinspect.store.search_schema import RiskEditRow

    if not 0 <= multiplier <= MAX_MULTIPLIER:
        raise UsageError(
            f"--multiplier 应在 0 到 {MAX_MULTIPLIER:g} 之间,得到 {multiplier}",
            f"--multiplier lies between 0 and {MAX_MULTIPLIER:g}, got {multiplier}",
            code="bad_option",
        )
    if not note.strip():
        raise UsageError("请写明理由", "say why: the note is empty", code="no_note")
    with open_workspace(workspace) as opened:
        shapes = read_shapes(file).shapes
        with opened.database.writing() as session:
            rows = [
                RiskEditRow(
                    multiplier=multiplier,
                    note=note.strip()[:_MOST_NOTE],
                    set_by="cli",
                    set_at=datetime.now(UTC),
                    geometry=shape.polygon,
                )
                for shape in shapes
            ]
            session.add_all(rows)
            session.flush()
            numbers = [row.id for row in rows]
            details: dict[str, object] = {"ids": numbers, "multiplier": multiplier}
            audit.record(
                session, actor="cli", action="risk.edit", subject=note.strip()[:80], details=details
            )
    if as_json:
        print_json({"ids": numbers, "multiplier": multiplier})
    told = ", ".join(map(str, numbers[:10])) + (" …" if len(numbers) > 10 else "")
    say(Text(f"已修改 {len(numbers)} 片(编号 {told})", f"{len(numbers)} edits made ({told})"))
    return 0


@risk.command("drop")
@click.argument("edit_id", type=ROW_ID)
@json_option
@click.pass_obj
def drop(workspace: Path | None, edit_id: int, as_json: bool) -> int:
    """撤销一次人工修改 take an edit by hand back."""
    from geoinspect.store import audit, searching

    with open_workspace(workspace) as opened, opened.database.writing() as session:
        row = searching.drop_risk_edit(session, edit_id)
        details: dict[str, object] = {"id": edit_id, "multiplier": row.multiplier}
        audit.record(
            session, actor="cli", action="risk.edit.drop", subject=row.note[:80], details=details
        )
    if as_json:
        print_json(details)
    say(Text(f"已撤销修改 {edit_id}", f"edit {edit_id} is taken back"))
    return 0

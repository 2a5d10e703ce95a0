"""``geoinspect confidence``: how sure one may be that nothing of some size is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.claims import add_claim_commands
from geoinspect.cli.output import json_option, print_json, print_table, say
from geoinspect.cli.tracks import FILE
from geoinspect.errors import InputError, Text, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from geoinspect.confidence.absence import Estimate, SearchedCells
    from geoinspect.confidence.cell_file import CellFields
    from geoinspect.confidence.draws import Prior

CLAIM = Text(
    "这是模型算出的数:如果先验、灵敏度和风险都成立,它表示不存在所设规模的目标(而不是存在却漏查)的可能性;"
    "它不证明绝对没有,也不是执法结论",
    "a model's number: if the prior, the sensitivities and the risks hold, it says how likely it is "
    "that nothing of the assumed size is there, rather than there and missed; it does not prove "
    "absence and is no legal finding",
)


@click.group()
def confidence() -> None:
    """置信度 confidence."""


add_claim_commands(confidence)


@confidence.command()
@click.option("--cells", "cells_file", required=True, type=FILE, help="cells.gpkg")
@click.option("--prior", required=True, type=float, help="搜索前无种植的概率 P(clean) before.")
@click.option(
    "--design-prevalence",
    required=True,
    type=float,
    help="区域内假设存在的目标数 targets assumed in a zone.",
)
@click.option(
    "--sensitivity-field", default="pod", show_default=True, help="灵敏度字段 sensitivity field."
)
@click.option("--risk-field", help="相对风险字段 relative risk; 默认相等 default: equal.")
@click.option("--zone-field", help="区域字段 zone; 默认整体 default: one zone.")
@click.option("--zone-risk-field", help="区域相对风险字段 relative risk of the zone.")
@click.option(
    "--zone-prevalence",
    default=1.0,
    show_default=True,
    type=float,
    help="假设有目标的区域数 zones assumed to have any.",
)
@click.option(
    "--introduction",
    default=0.0,
    show_default=True,
    type=float,
    help="到下一季新种的概率 P(new ones by next season).",
)
@click.option("--draws", type=click.IntRange(1, 100_000), help="抽样次数 Monte Carlo draws.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**63 - 1),
    help="随机种子 seed of the draws.",
)
@click.option(
    "--sensitivity-cv",
    type=float,
    help="扫视宽度的对数标准差 sd of ln(sweep width); 默认 default: 0.3.",
)
@click.option("--prior-low", type=float, help="先验下限 lowest prior (triangular).")
@click.option("--prior-high", type=float, help="先验上限 highest prior (triangular).")
@json_option
def estimate(
    cells_file: Path,
    prior: float,
    design_prevalence: float,
    sensitivity_field: str,
    risk_field: str | None,
    zone_field: str | None,
    zone_risk_field: str | None,
    zone_prevalence: float,
    introduction: float,
    draws: int | None,
    seed: int,
    sensitivity_cv: float | None,
    prior_low: float | None,
    prior_high: float | None,
    as_json: bool,
) -> int:
    """仅凭网格文件估计"无种植"的概率 P(clean) from a file of cells alone."""
    from geoinspect.confidence import absence
    from geoinspect.confidence.cell_file import read_cell_fields

    if draws is None and (sensitivity_cv, prior_low, prior_high) != (None, None, None):
        raise UsageError(
            "--sensitivity-cv、--prior-low、--prior-high 只和 --draws 一起使用",
            "--sensitivity-cv, --prior-low and --prior-high go with --draws",
            code="no_draws",
        )
    # A wrong number is told before a large file is read.
    absence.check_share("--prior", prior)
    given = [sensitivity_field, risk_field, zone_field, zone_risk_field]
    fields = read_cell_fields(cells_file, [field for field in given if field is not None])
    cells = _cells(fields, sensitivity_field, risk_field, zone_field, zone_risk_field)
    found = absence.estimate(
        cells,
        prior=prior,
        design_prevalence=design_prevalence,
        zone_prevalence=zone_prevalence,
        introduction=introduction,
    )
    document = {
        **found.as_json(),
        "design_prevalence": design_prevalence,
        "zone_prevalence": zone_prevalence,
        "introduction": introduction,
        "cells": len(cells.sensitivity),
        "claim": CLAIM.en,
        "claim_zh": CLAIM.zh,
    }
    if draws is not None:
        belief = _belief(prior, prior_low, prior_high)
        prevalences = (design_prevalence, zone_prevalence)
        document |= _interval(cells, belief, sensitivity_cv, draws, seed, prevalences)
    if as_json:
        print_json(document)
    else:
        _print_estimate(found, document)
    return 0


def _cells(
    fields: CellFields,
    sensitivity_field: str,
    risk_field: str | None,
    zone_field: str | None,
    zone_risk_field: str | None,
) -> SearchedCells:
    import numpy as np

    from geoinspect.confidence.absence import ONE_ZONE, searched_cells

    names: tuple[str, ...] = (ONE_ZONE,)
    zone = np.zeros(len(fields.names), np.int32)
    if zone_field is not None:
        names, zone = fields.groups(zone_field)
    zone_risk = None
    if zone_risk_field is not None:
        zone_risk = _zone_risks(fields, zone_risk_field, names, zone)
    return searched_cells(
        fields.numbers(sensitivity_field),
        None if risk_field is None else fields.numbers(risk_field),
        zone=zone,
        zone_names=names,
        zone_risk=zone_risk,
        names=fields.names,
    )


def _zone_risks(
    fields: CellFields, field: str, names: tuple[str, ...], zone: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return the one risk of each zone, shape (zones,)."""
    import numpy as np

    values = fields.numbers(field)
    risks = values[np.unique(zone, return_index=True)[1]]
    # An absent one differs from everything, itself too.
    wrong = np.flatnonzero(values != risks[zone])
    if len(wrong):
        at = int(wrong[0])
        name, cell, here, there = names[zone[at]], fields.names[at], values[at], risks[zone[at]]
        raise InputError(
            f"{fields.label}:区域 {name} 内的 {field} 不一致或为空(单元 {cell}:{here:g},别处 {there:g});"
            "一个区域只有一个区域风险",
            f"{fields.label}: {field} differs inside zone {name} or is absent (cell {cell}: {here:g}, "
            f"elsewhere {there:g}): a zone has one risk",
            code="bad_zone_risk",
        )
    return risks


def _belief(prior: float, low: float | None, high: float | None) -> Prior:
    from geoinspect.confidence.draws import FixedPrior, TriangularPrior

    if low is None and high is None:
        return FixedPrior(prior)
    return TriangularPrior(prior if low is None else low, prior, prior if high is None else high)


def _interval(
    cells: SearchedCells,
    prior: Prior,
    sensitivity_cv: float | None,
    draws: int,
    seed: int,
    prevalences: tuple[float, float],
) -> dict[str, Any]:
    from geoinspect.confidence.draws import DEFAULT_SD_LOG, Uncertainty, draw_claims, exposures_of

    sd_log = DEFAULT_SD_LOG if sensitivity_cv is None else sensitivity_cv
    uncertainty = Uncertainty(prior=prior, sd_log=(sd_log,), draws=draws, seed=seed)
    exposures = exposures_of(cells.sensitivity)
    claims = draw_claims(
        cells,
        exposures,
        uncertainty,
        design_prevalence=prevalences[0],
        zone_prevalence=prevalences[1],
    )
    low, high = claims.interval()
    return {
        "posterior_low": low,
        "posterior_high": high,
        "uncertainty": uncertainty.as_json(exposures.groups),
    }


def _print_estimate(found: Estimate, document: dict[str, Any]) -> None:
    rows: list[tuple[str, object]] = [
        ("无种植的概率,搜索前 P(clean) before", f"{found.prior:.4f}"),
        ("搜索未发现之后 after finding none", f"{found.posterior:.4f}"),
    ]
    if "posterior_low" in document:
        between = f"{document['posterior_low']:.4f}–{document['posterior_high']:.4f}"
        rows.append(("90% 区间 interval", between))
    rows += [
        ("下一季先验 next season's prior", f"{found.next_prior:.4f}"),
        ("系统灵敏度 system sensitivity", f"{found.system_sensitivity:.4f}"),
        ("若有则预计漏查 expected missed, if any", f"{found.expected_missed:.4f}"),
        ("假设目标数 assumed targets", f"{document['design_prevalence']:g}"),
    ]
    print_table("置信度 confidence", ("项目 figure", "值 value"), rows)
    columns = (
        "区域 zone",
        "格 cells",
        "已搜 searched",
        "平均 mean",
        "灵敏度 sensitivity",
        "权重 weight",
    )
    print_table(
        "",
        columns,
        [
            (
                z.zone,
                z.cells,
                z.searched,
                _short(z.weighted_sensitivity),
                _short(z.sensitivity),
                _short(z.weight),
            )
            for z in found.zones
        ],
    )
    say(CLAIM)


def _short(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"

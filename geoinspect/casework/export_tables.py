"""A case as data: one JSON, a table of its events, its ground as GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geoinspect.casework.told import case_line, evidence_told, link_told, today_of
from geoinspect.records import MU_M2, moment_iso
from geoinspect.report.dossier_records import Dossier, written
from geoinspect.report.plain_text import csv_bytes
from geoinspect.store import cases
from geoinspect.store.case_schema import CaseEventRow, CaseRow

Json = dict[str, Any]

_COLUMNS = (
    *("case 线索", "seq 序号", "at 服务器时间 Beijing", "device_at 设备时间 Beijing"),
    *("action 事项", "state 状态", "actor 操作人", "role 角色", "unit 单位"),
    *("said 内容", "doubts 存疑", "undone 已撤销"),
)


def case_json(session: Session, family: Sequence[CaseRow], dossier: Dossier) -> bytes:
    """Return a case and those that went into it with all events, links and evidence."""
    law = dossier.law
    told = {
        "format": "geoinspect-case-1",
        "simulated": dossier.simulated,
        "made_at": moment_iso(dossier.made_at),
        "made_by": dossier.made_by,
        "areas": list(dossier.areas),
        "unit": dossier.unit,
        "ground_m2": round(dossier.ground_m2, 2),
        "ground_mu": round(dossier.ground_m2 / MU_M2, 5),
        "ground_ha": round(dossier.ground_m2 / 1e4, 7),
        "law": None
        if law.found is None or law.large is None
        else {**law.found.as_json(), "large_scale": law.large.as_json()},
        "chain": {"rows": dossier.chain_rows, "last_hash": dossier.last_hash},
        "case": _one(session, family[0], dossier),
        "merged": [_one(session, row, dossier) for row in family[1:]],
    }
    return _json_bytes(told)


def events_csv(dossier: Dossier) -> bytes:
    """Return what happened as CSV that spreadsheets open as it is and obey nowhere."""
    rows = [
        (
            one.case_number,
            one.seq,
            written(one.at),
            "" if one.device_at is None else written(one.device_at),
            f"{one.action.zh} {one.action.en}",
            f"{one.state.zh} {one.state.en}",
            one.actor,
            f"{one.role.zh} {one.role.en}",
            one.unit,
            "; ".join(f"{line.name.zh} {line.name.en}: {line.value}" for line in one.said),
            "; ".join(f"{doubt.zh} / {doubt.en}" for doubt in one.doubts),
            "是 yes" if one.undone else "",
        )
        for one in dossier.happened
    ]
    return csv_bytes(_COLUMNS, rows)


def ground_geojson(dossier: Dossier) -> bytes:
    """Return the ground and the places of evidence, WGS84."""
    ground = _feature(
        shapely.geometry.mapping(dossier.ground),
        {"kind": "ground", "case": dossier.number, "area_m2": round(dossier.ground_m2, 2)},
    )
    places = [
        _feature(
            {"type": "Point", "coordinates": list(one.place)},
            {"kind": "evidence", "n": one.n, "name": one.name, "sha256": one.sha256},
        )
        for one in dossier.evidence
        if one.place is not None
    ]
    return _json_bytes({"type": "FeatureCollection", "features": [ground, *places]})


def _one(session: Session, row: CaseRow, dossier: Dossier) -> Json:
    return {
        **case_line(row, today_of(dossier.made_at)),
        "facts": row.facts,
        "ground": shapely.geometry.mapping(row.geometry),
        "merged_into": row.merged_into,
        "events": [_event(one) for one in cases.events_of(session, row.id)],
        "links": [
            {**link_told(one), "gone_at": moment_iso(one.gone_at)}
            for one in cases.links_of(session, row.id, gone=True)
        ],
        "evidence": [evidence_told(one) for one in cases.evidence_of(session, row.id)],
    }


def _event(row: CaseEventRow) -> Json:
    return {
        "id": row.id,
        "seq": row.seq,
        "action": row.action,
        "from": row.from_state,
        "to": row.to_state,
        "actor": row.actor,
        "role": row.role,
        "unit_code": row.unit_code,
        "at": moment_iso(row.at),
        "happened": moment_iso(row.happened),
        "details": row.details,
    }


def _feature(geometry: Mapping[str, Any], properties: Json) -> Json:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _json_bytes(told: Json) -> bytes:
    text = json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False)
    return text.encode("utf-8", "replace")

"""Take in ground that somebody else looked at in pictures, of which only the outlines came."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from geoinspect.errors import InputError, Text, UsageError
from geoinspect.files import readable
from geoinspect.ingest.vectors import Shape, read_shapes
from geoinspect.intake.looks import LookMaker, footprint_source
from geoinspect.records import AddResult, Problem
from geoinspect.search_records import METHOD_WORDS, Method
from geoinspect.store import audit, grounds, searching, sightings
from geoinspect.store.search_schema import FootprintRow
from geoinspect.store.workspace import Workspace

PICTURED = tuple(method for method in Method if not method.is_line)
_NAMES = ("name", "名称", "Name", "id")


@dataclass(frozen=True, slots=True)
class FootprintTags:
    """What the sender says of a file of footprints; what is None is read from each feature.

    Attributes:
        rate: Share of the targets in them that were found, 0–1.
        patch_m2: Smallest patch that the rate holds for.
    """

    method: Method | None = None
    day: date | None = None
    rate: float | None = None
    patch_m2: float | None = None
    unit_code: str | None = None


def add_footprints(
    workspace: Workspace, path: Path, tags: FootprintTags, *, actor: str, name: str | None = None
) -> AddResult:
    """Read outlines of pictures that were looked through elsewhere, and count them as coverage.

    A feature may bring ``kind`` (survey, video, photo, satellite), ``taken`` (a date), ``rate``,
    ``patch_m2``, ``unit`` and ``name``; what the sender says goes first. One bad feature never
    loses the file.

    Raises:
        InputError: The file can't be read, or no feature in it can be used.
        UsageError: What the sender says can't be.
    """
    label = name or readable(path.name)
    _check_share("rate", tags.rate)
    _check_size("patch_m2", tags.patch_m2)
    file = read_shapes(path, name=label)
    with workspace.database.reading() as session:
        grounds.require_unit(session, tags.unit_code)
        units = {unit.code for unit in grounds.units(session)}
    rows, problems = _rows(file.shapes, tags, units)
    if not rows:
        raise InputError(
            f"“{label}”里没有可用的覆盖范围:{problems[0].text.zh}",
            f"{label} holds no footprint that can be used: {problems[0].text.en}",
            code="no_footprint",
        )
    kept = workspace.vault.keep_or_find(path, max_bytes=int(workspace.settings.track_max_mb * 1e6))
    looks = LookMaker(workspace)
    for day in {row.day for row in rows}:
        looks.prepare(day)
    with workspace.database.writing() as session:
        file_row = sightings.file_row(session, kept, label)
        known = searching.footprints_of_file(session, file_row.id)
        if known:
            text = Text(
                f"{label} 已在 {file_row.received_at:%Y-%m-%d} 收到,不重复计入。",
                f"{label} came on {file_row.received_at:%Y-%m-%d} already and counts once.",
            )
            return AddResult(label, "duplicate", "unknown", known[0].id, text)
        uncounted = _store(session, rows, file_row.id, looks)
        details: dict[str, object] = {"footprints": len(rows), "sha256": kept.sha256}
        audit.record(session, actor=actor, action="footprints.add", subject=label, details=details)
        first = rows[0].id
    every = (*file.problems, *problems, *uncounted)
    return AddResult(label, "added", "unknown", first, _told(label, rows), every, details)


def _store(
    session: Session, rows: list[FootprintRow], file_id: int, looks: LookMaker
) -> tuple[Problem, ...]:
    """Store footprints with their looks; return why some do not count, each reason once."""
    why: dict[str, Problem] = {}
    for row in rows:
        row.file_id = file_id
        session.add(row)
    session.flush()
    for row in rows:
        for problem in looks.add(session, footprint_source(row), row.id):
            earlier = why.get(problem.code)
            count = 1 if earlier is None else earlier.count + 1
            why[problem.code] = Problem(problem.code, problem.text, count)
    return tuple(why.values())


def _rows(
    shapes: tuple[Shape, ...], tags: FootprintTags, units: set[str]
) -> tuple[list[FootprintRow], list[Problem]]:
    rows: list[FootprintRow] = []
    faults: dict[str, Problem] = {}
    for number, shape in enumerate(shapes, start=1):
        try:
            rows.append(_row(shape, tags, units, number))
        except InputError as error:
            earlier = faults.get(error.code)
            count = 1 if earlier is None else earlier.count + 1
            faults[error.code] = Problem(error.code, error.text, count)
    return rows, list(faults.values())


def _row(shape: Shape, tags: FootprintTags, units: set[str], number: int) -> FootprintRow:
    stated = shape.attributes
    unit = tags.unit_code or stated.get("unit")
    name = next((stated[key] for key in _NAMES if stated.get(key)), f"{number}")
    rate = tags.rate if tags.rate is not None else _number(stated, "rate", number)
    patch_m2 = tags.patch_m2 if tags.patch_m2 is not None else _number(stated, "patch_m2", number)
    _check_share("rate", rate, number)
    _check_size("patch_m2", patch_m2, number)
    return FootprintRow(
        part=number,
        method=(tags.method or _method(stated, number)).value,
        name=name[:200],
        unit_code=unit if unit in units else None,
        day=tags.day or _day(stated, number),
        rate=rate,
        patch_m2=patch_m2,
        geometry=shape.polygon,
    )


def _method(stated: Mapping[str, str], number: int) -> Method:
    kind = stated.get("kind", "").strip().lower()
    if kind not in {method.value for method in PICTURED}:
        kinds = ", ".join(PICTURED)
        raise _wrong(
            "bad_kind",
            f"第 {number} 个要素的 kind 是“{kind}”,应为 {kinds};也可用 --kind 指定",
            f"feature {number} has the kind {kind!r}, wanted is one of {kinds}; or give --kind",
        )
    return Method(kind)


def _day(stated: Mapping[str, str], number: int) -> date:
    given = stated.get("taken", "").strip()
    try:
        return date.fromisoformat(given[:10])
    except ValueError as error:
        raise _wrong(
            "bad_day",
            f"第 {number} 个要素的日期 taken 是“{given[:40]}”,应为 2026-05-14;也可用 --taken 指定",
            f"feature {number} was taken {given[:40]!r}, wanted is a date like 2026-05-14; or give "
            "--taken",
        ) from error


def _number(stated: Mapping[str, str], key: str, number: int) -> float | None:
    given = stated.get(key, "").strip()
    if not given:
        return None
    try:
        return float(given)
    except ValueError as error:
        raise _wrong(
            f"bad_{key}",
            f"第 {number} 个要素的 {key} 是“{given[:40]}”,应为数字",
            f"feature {number} has the {key} {given[:40]!r}, wanted is a number",
        ) from error


def _check_share(key: str, value: float | None, number: int | None = None) -> None:
    if value is not None and not 0 <= value <= 1:
        raise _out_of(key, value, "0–1", number)


def _check_size(key: str, value: float | None, number: int | None = None) -> None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise _out_of(key, value, "> 0", number)


def _out_of(key: str, value: float, wanted: str, number: int | None) -> InputError | UsageError:
    if number is None:
        return UsageError(
            f"{key} 应为 {wanted},得到 {value}",
            f"{key} must be {wanted}, got {value}",
            code="bad_option",
        )
    return _wrong(
        f"bad_{key}",
        f"第 {number} 个要素的 {key} 是 {value},应为 {wanted}",
        f"feature {number} has the {key} {value}, wanted is {wanted}",
    )


def _wrong(code: str, zh: str, en: str) -> InputError:
    return InputError(zh, en, code=code)


def _told(label: str, rows: list[FootprintRow]) -> Text:
    methods = sorted({Method(row.method) for row in rows})
    first, last = min(row.day for row in rows), max(row.day for row in rows)
    days = f"{first}" if first == last else f"{first}…{last}"
    zh = "、".join(METHOD_WORDS[method].zh for method in methods)
    en = ", ".join(METHOD_WORDS[method].en for method in methods)
    return Text(
        f"{label}:{len(rows)} 个覆盖范围({zh},{days})。",
        f"{label}: {len(rows)} footprints ({en}, {days}).",
    )

"""What the sender of a track file, or who reviews it, is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from geoinspect.errors import Text, TrackError
from geoinspect.intake.preparing import PreparedFile
from geoinspect.records import AddResult, Mode, Problem
from geoinspect.store.schema import TrackRow
from geoinspect.store.vault import KeptFile


def dated(label: str, day: date) -> Text:
    """Return that a day was taken down for something that came without."""
    return Text(
        f"{label}:之前收到时没有日期,现已补记 {day} 并计入覆盖。",
        f"{label}: it came without a date before; {day} is noted now and it counts.",
    )


def accompanied(label: str, person: str) -> Text:
    """Return that somebody was noted as having gone along."""
    return Text(
        f"{label}:同一文件之前已收到,现补记同行人员 {person};覆盖和里程只计一次,人时各自计算。",
        f"{label}: the same file came before; {person} is noted as having gone along. Ground and "
        "distance count once, everybody's hours count.",
    )


def other_outings(stored: int, read: int) -> TrackError:
    """Return that a file would fall into other outings than are stored."""
    return TrackError(
        f"按此选择重新读取,该文件会分为 {read} 次踏查,而不是已存的 {stored} 次;未作更改。"
        "请改用原来的时区,或用更正后的时间重新导出文件再上传",
        f"read like this the file falls into {read} outings, not the {stored} that are stored; "
        "nothing was changed. Keep the time zone, or export the file with the right times and "
        "send it again",
        code="other_outings",
    )


def added(
    prepared: PreparedFile,
    rows: Sequence[TrackRow],
    problems: Sequence[Problem],
    kept: KeptFile,
) -> AddResult:
    """Return what was made of a file that is new."""
    zh, en = [prepared.text.zh], [prepared.text.en]
    if len(rows) > 1:
        zh.append(f"按日期和停顿分为 {len(rows)} 次踏查。")
        en.append(f"Split by day and pause into {len(rows)} outings.")
    doubts = sum(len(row.doubts) for row in rows)
    if doubts:
        zh.append(f"有 {doubts} 处存疑,请人核对。")
        en.append(f"{doubts} doubts for a person to look at.")
    details: dict[str, object] = {
        "tracks": [row.id for row in rows],
        "points": sum(row.points for row in rows),
        "length_m": sum(row.length_m for row in rows),
        "counted_length_m": sum(row.counted_length_m for row in rows),
        "doubts": [doubt for row in rows for doubt in row.doubts],
        "mode": Mode(rows[0].mode).value,
        "sha256": kept.sha256,
    }
    text = Text("".join(zh), " ".join(en))
    return AddResult(prepared.label, "added", "track", rows[0].id, text, tuple(problems), details)

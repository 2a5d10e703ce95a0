"""How a running workspace is: what an administrator looks at each morning, and what to do about it.

The limits below are working rules of ours for a county office's server, not from any standard.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geoinspect import __version__
from geoinspect.casework.anchors import FOLDER as ANCHORS
from geoinspect.errors import Text
from geoinspect.jobs import signs
from geoinspect.store import audit_list
from geoinspect.store.job_schema import JobRow
from geoinspect.store.schema import AuditRow, FileRow
from geoinspect.store.vault import FREE_FLOOR_BYTES
from geoinspect.store.workspace import Workspace

_NOTHING = Text("", "")
OK, CAUTION, ALARM = "ok", "caution", "alarm"
_ORDER = (OK, CAUTION, ALARM)
_FILLING_DAYS = 14
_SOON_FULL_DAYS, _ALMOST_FULL_DAYS = 30.0, 5.0
_LOW_BYTES, _VERY_LOW_BYTES = 20 * 10**9, 2 * 10**9
_WAL_BYTES = 512 * 10**6
_WAITING = timedelta(hours=1)
_BACKUP_OLD, _BACKUP_VERY_OLD = timedelta(days=7), timedelta(days=30)
_VERIFIED_OLD = timedelta(days=30)
_ANCHOR_OLD = timedelta(days=3)
_CLOCK_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        key: For programs.
        level: ``ok``, ``caution`` or ``alarm``.
        found: What it is, in words.
        todo: What to do about it; empty where nothing is.
    """

    key: str
    level: str
    name: Text
    found: Text
    todo: Text = _NOTHING

    def as_json(self) -> dict[str, object]:
        """Return it as one JSON object."""
        words = {"name": self.name, "found": self.found, "todo": self.todo}
        told = {key: {"zh": text.zh, "en": text.en} for key, text in words.items()}
        return {"key": self.key, "level": self.level, **told}


def worst(checks: list[Check]) -> str:
    """Return the worst level of some checks."""
    return max((check.level for check in checks), key=_ORDER.index, default=OK)


def look(workspace: Workspace, now: datetime | None = None) -> list[Check]:
    """Return what was found of a workspace, within a second on a usual disk.

    Args:
        workspace: Opened.
        now: Moment of the look, UTC; the present without it.
    """
    now = now or datetime.now(UTC)
    revision = workspace.database.revision() or "–"
    with workspace.database.reading() as session:
        checks = [
            _disk(workspace, session, now),
            _workers(workspace, session),
            _queue(session, now),
            _network(workspace),
            _backup(workspace, session, now),
            _verified(session, now),
            _anchor(workspace, now),
            _database(workspace),
            _clock(session, now),
        ]
    version = Text(
        f"geoinspect {__version__},数据库版本 {revision}",
        f"geoinspect {__version__}, database revision {revision}",
    )
    return [*checks, Check("version", OK, Text("版本", "Version"), version)]


def _disk(workspace: Workspace, session: Session, now: datetime) -> Check:
    free = shutil.disk_usage(workspace.folder).free
    since = FileRow.received_at >= now - timedelta(days=_FILLING_DAYS)
    came = session.scalar(select(func.coalesce(func.sum(FileRow.bytes), 0)).where(since)) or 0
    room = max(0, free - FREE_FLOOR_BYTES)
    days = room / (came / _FILLING_DAYS) if came else None
    level = OK
    if room < _LOW_BYTES or (days is not None and days < _SOON_FULL_DAYS):
        level = CAUTION
    if room < _VERY_LOW_BYTES or (days is not None and days < _ALMOST_FULL_DAYS):
        level = ALARM
    zh, en = f"可用 {room / 1e9:.1f} GB", f"{room / 1e9:.1f} GB can be used"
    if days is not None and days < 3650:
        zh += f";按最近 {_FILLING_DAYS} 天的上传量,约 {days:.0f} 天后用完"
        en += f"; full in about {days:.0f} days at the uploads of the last {_FILLING_DAYS} days"
    todo = Text(
        "请清理磁盘、换更大的磁盘,或把较早的备份移走;空间用完后将拒绝上传",
        "Make room, take a larger disk or move old backups away; uploads are refused when it is full.",
    )
    return _check("disk", level, Text("磁盘", "Disk"), Text(zh, en), todo)


def _workers(workspace: Workspace, session: Session) -> Check:
    found = signs.at_work(workspace)
    slots = sum(sign.slots for sign in found)
    waits = _count(session, "waiting")
    level = OK if found else (ALARM if waits else CAUTION)
    told = Text(
        f"{len(found)} 个处理程序在运行,可同时处理 {slots} 项",
        f"{len(found)} at work, {slots} jobs at once",
    )
    todo = Text(
        "没有处理程序,上传的文件不会被读取:请重新启动 geoinspect serve,或运行 geoinspect worker",
        "None is at work, so uploads are not read: start geoinspect serve again, or geoinspect worker.",
    )
    return _check("workers", level, Text("后台处理程序", "Workers"), told, todo)


def _queue(session: Session, now: datetime) -> Check:
    waiting, running, failed = (_count(session, s) for s in ("waiting", "running", "failed"))
    oldest = session.scalar(select(func.min(JobRow.created_at)).where(JobRow.state == "waiting"))
    late = oldest is not None and now - oldest > _WAITING
    zh = f"等待 {waiting},处理中 {running},失败 {failed}"
    en = f"{waiting} waiting, {running} running, {failed} failed"
    if oldest is not None:
        zh += f";最早的已等待 {_age_zh(now - oldest)}"
        en += f"; the oldest has waited {_age_en(now - oldest)}"
    todo = Text(
        "请打开“后台工作”查看失败原因并重试;等待过久时请看处理程序是否在运行",
        "Open Jobs to see why and try again; where they wait for long, see whether workers run.",
    )
    level = CAUTION if late or failed else OK
    return _check("queue", level, Text("后台工作", "Jobs"), Text(zh, en), todo)


def _network(workspace: Workspace) -> Check:
    found = signs.at_work(workspace)
    name = Text("处理程序与网络隔离", "Workers cut off from the network")
    if not found:
        return Check("network_cut", OK, name, Text("没有处理程序在运行", "no worker is at work"))
    cut = all(sign.network_cut for sign in found)
    told = Text("是", "yes") if cut else Text("否", "no")
    todo = Text(
        "这台服务器不允许隔离:请升级内核,或设置 worker_needs_no_network 以拒绝在此情况下工作",
        "This machine does not allow it: upgrade its kernel, or set worker_needs_no_network to "
        "refuse work without it.",
    )
    return _check("network_cut", OK if cut else CAUTION, name, told, todo)


def _backup(workspace: Workspace, session: Session, now: datetime) -> Check:
    hours = workspace.settings.backup_every_hours
    old = max(timedelta(hours=2 * hours), timedelta(days=1)) if hours else _BACKUP_OLD
    todo = Text(
        "请在“备份”页面制作备份,或运行 geoinspect backup 文件夹;备份应放在另一块磁盘上",
        "Make one on the page Backups or with geoinspect backup FOLDER; keep it on another disk.",
    )
    row = audit_list.newest_of(session, "backup.make")
    return _aged("backup", Text("最近的备份", "Newest backup"), row, now, old, todo)


def _verified(session: Session, now: datetime) -> Check:
    name = Text("核验", "Check of the records")
    todo = Text(
        "请审计员在“操作记录”页面点击“核验”,或在服务器上运行 geoinspect audit verify",
        "Let the auditor press Check on the page Audit, or run geoinspect audit verify.",
    )
    row = session.scalar(
        select(JobRow)
        .where(JobRow.kind == "audit_verify", JobRow.state == "done")
        .order_by(JobRow.id.desc())
        .limit(1)
    )
    if row is None or row.ended_at is None:
        return Check(
            "verified", CAUTION, name, Text("网页上还没有核验过", "never on the web"), todo
        )
    age = now - row.ended_at
    when = Text(f"{_age_zh(age)}前", f"{_age_en(age)} ago")
    if not row.result.get("ok") or row.result.get("integrity") != "ok":
        found = Text(f"{when.zh}核验不通过", f"found damage {when.en}")
        call = Text(
            "请保护现场,不要修改任何内容,立即联系审计员;结果见“操作记录”页面",
            "Keep everything as it is and call the auditor; the page Audit has the result.",
        )
        return Check("verified", ALARM, name, found, call)
    found = Text(f"{when.zh}核验通过", f"whole, {when.en}")
    return _check("verified", CAUTION if age > _VERIFIED_OLD else OK, name, found, todo)


def _anchor(workspace: Workspace, now: datetime) -> Check:
    name = Text("审计锚点", "Anchor of the audit chain")
    todo = Text(
        "请检查工作区是否可写;运行 geoinspect audit anchor 可打印今天的锚点",
        "See whether the workspace can be written; geoinspect audit anchor prints today's.",
    )
    days = sorted(path.stem for path in (workspace.folder / ANCHORS).glob("*.txt"))
    if not days:
        return Check("anchor", CAUTION, name, Text("还没有", "none yet"), todo)
    try:
        age = now - datetime.fromisoformat(days[-1]).replace(tzinfo=UTC)
    except ValueError:
        return Check("anchor", CAUTION, name, Text("读不懂", "can't be read"), todo)
    level = CAUTION if age > _ANCHOR_OLD else OK
    return _check("anchor", level, name, Text(days[-1], days[-1]), todo)


def _database(workspace: Workspace) -> Check:
    size, wal = _size(workspace.database.path), _size(Path(f"{workspace.database.path}-wal"))
    told = Text(
        f"{size / 1e6:.0f} MB,写前日志 {wal / 1e6:.0f} MB",
        f"{size / 1e6:.0f} MB, log of writes {wal / 1e6:.0f} MB",
    )
    todo = Text(
        "写前日志过大:请在空闲时重新启动服务",
        "The log of writes is large: start the server again when it is idle.",
    )
    level = CAUTION if wal > _WAL_BYTES else OK
    return _check("database", level, Text("数据库", "Database"), told, todo)


def _clock(session: Session, now: datetime) -> Check:
    newest = session.scalar(select(func.max(AuditRow.at)))
    ahead = timedelta(0)
    if newest:
        try:
            ahead = datetime.fromisoformat(newest) - now
        except (TypeError, ValueError):
            ahead = timedelta.max
    good = ahead <= _CLOCK_AHEAD
    told = Text("时间正常", "right, as far as records tell")
    if not good:
        told = Text(
            f"有记录的时间晚于现在({str(newest)[:20]}):服务器时间可能被调慢,或曾经调快",
            f"a record is of later than now ({str(newest)[:20]}): the clock may be slow, or was fast",
        )
    todo = Text("请检查服务器的日期、时间和时区", "Check the date, time and zone of the server.")
    return _check("clock", OK if good else ALARM, Text("服务器时间", "Clock"), told, todo)


def _aged(
    key: str, name: Text, row: AuditRow | None, now: datetime, old: timedelta, todo: Text
) -> Check:
    if row is None:
        return Check(key, CAUTION, name, Text("还没有", "none yet"), todo)
    age = max(now - datetime.fromisoformat(row.at), timedelta(0))
    level = OK if age <= old else CAUTION if age <= max(old, _BACKUP_VERY_OLD) else ALARM
    return _check(key, level, name, Text(f"{_age_zh(age)}前", f"{_age_en(age)} ago"), todo)


def _check(key: str, level: str, name: Text, found: Text, todo: Text) -> Check:
    """Return a check that tells what to do only where something is."""
    return Check(key, level, name, found) if level == OK else Check(key, level, name, found, todo)


def _count(session: Session, state: str) -> int:
    return session.scalar(select(func.count()).where(JobRow.state == state)) or 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _in_units(age: timedelta, units: tuple[str, str, str]) -> str:
    minutes = max(0.0, age.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes:.0f}{units[0]}"
    return f"{minutes / 60:.0f}{units[1]}" if minutes < 2880 else f"{minutes / 1440:.0f}{units[2]}"


def _age_zh(age: timedelta) -> str:
    return _in_units(age, (" 分钟", " 小时", " 天"))


def _age_en(age: timedelta) -> str:
    return _in_units(age, (" min", " h", " days"))

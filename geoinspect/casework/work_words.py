"""The words of work lists: what is to be done, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from geoinspect.cases.records import CaseState
from geoinspect.errors import Text


class Task(StrEnum):
    """What somebody has to do next."""

    TRIAGE = "triage"
    ASSIGN = "assign"
    VERIFY = "verify"
    ERADICATE = "eradicate"
    RECHECK = "recheck"
    CLOSE = "close"
    VISIT = "visit"
    SEARCH = "search"


TASK_WORDS: Mapping[Task, Text] = {
    Task.TRIAGE: Text("研判", "triage"),
    Task.ASSIGN: Text("派发", "assign"),
    Task.VERIFY: Text("核查", "verify"),
    Task.ERADICATE: Text("铲除", "eradicate"),
    Task.RECHECK: Text("复查", "recheck"),
    Task.CLOSE: Text("办结", "close"),
    Task.VISIT: Text("走访", "visit"),
    Task.SEARCH: Text("踏查空白", "search a gap"),
}

# What is next for an open case; one without access has to be assigned anew.
NEXT_TASK: Mapping[CaseState, Task] = {
    CaseState.SUSPECTED: Task.TRIAGE,
    CaseState.TRIAGED: Task.ASSIGN,
    CaseState.ASSIGNED: Task.VERIFY,
    CaseState.NO_ACCESS: Task.ASSIGN,
    CaseState.CONFIRMED: Task.ERADICATE,
    CaseState.ERADICATED: Task.RECHECK,
    CaseState.REFUTED: Task.CLOSE,
    CaseState.LICENSED: Task.CLOSE,
    CaseState.RECHECKED: Task.CLOSE,
}


class Trouble(StrEnum):
    """What stands in the way, worst first."""

    STANDING = "standing"
    CASE_OVERDUE = "case_overdue"
    SITE_OVERDUE = "site_overdue"
    NO_ACCESS = "no_access"
    DOUBT = "doubt"
    NO_UNIT = "no_unit"
    OUTSIDE = "outside"
    TIP_WAITS = "tip_waits"
    TRACK_WAITS = "track_waits"


TROUBLE_WORDS: Mapping[Trouble, Text] = {
    Trouble.STANDING: Text("已确认,仍未铲除", "confirmed and still standing"),
    Trouble.CASE_OVERDUE: Text("线索超期", "case overdue"),
    Trouble.SITE_OVERDUE: Text("重点部位超期未走访", "site overdue for a visit"),
    Trouble.NO_ACCESS: Text("未能到达或进入", "could not be reached or entered"),
    Trouble.DOUBT: Text("证据时间或位置存疑", "time or place of evidence is doubtful"),
    Trouble.NO_UNIT: Text("没有承办单位", "no unit answers for it"),
    Trouble.OUTSIDE: Text("不在任何辖区内", "outside all areas"),
    Trouble.TIP_WAITS: Text("举报逾期未处理", "tip waits too long for an answer"),
    Trouble.TRACK_WAITS: Text("轨迹存疑,待判定", "doubtful track waits for a decision"),
}

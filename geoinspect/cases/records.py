"""The words of a case's life: its states, what is done to it, and what the ground turned out to be."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from geoinspect.errors import Text


class CaseState(StrEnum):
    """Where a case stands."""

    SUSPECTED = "suspected"
    TRIAGED = "triaged"
    DISMISSED = "dismissed"
    ASSIGNED = "assigned"
    NO_ACCESS = "no_access"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    LICENSED = "licensed"
    ERADICATED = "eradicated"
    RECHECKED = "rechecked"
    CLOSED = "closed"
    MERGED = "merged"

    @property
    def ended(self) -> bool:
        """Whether nobody has anything left to do."""
        return self in _ENDED


_ENDED = frozenset({CaseState.DISMISSED, CaseState.CLOSED, CaseState.MERGED})

STATE_WORDS: Mapping[CaseState, Text] = {
    CaseState.SUSPECTED: Text("待研判", "suspected"),
    CaseState.TRIAGED: Text("待派发", "to be assigned"),
    CaseState.DISMISSED: Text("已排除", "dismissed"),
    CaseState.ASSIGNED: Text("待核查", "to be verified"),
    CaseState.NO_ACCESS: Text("未能到达", "no access"),
    CaseState.CONFIRMED: Text("已确认,未铲除", "confirmed, standing"),
    CaseState.REFUTED: Text("核查非罂粟", "not poppy"),
    CaseState.LICENSED: Text("合法种植", "licensed"),
    CaseState.ERADICATED: Text("已铲除,待复查", "eradicated, to be rechecked"),
    CaseState.RECHECKED: Text("复查干净", "rechecked, clean"),
    CaseState.CLOSED: Text("已办结", "closed"),
    CaseState.MERGED: Text("已并案", "merged"),
}


class CaseAction(StrEnum):
    """What people do to a case; every one of them is a row of its history."""

    OPEN = "open"
    TRIAGE = "triage"
    DISMISS = "dismiss"
    ASSIGN = "assign"
    EXTEND = "extend"
    VERIFY = "verify"
    ERADICATE = "eradicate"
    RECHECK = "recheck"
    CLOSE = "close"
    REOPEN = "reopen"
    MERGE = "merge"
    SPLIT = "split"
    UNDO = "undo"
    CORRECT = "correct"
    LINK = "link"
    EVIDENCE = "evidence"
    NOTE = "note"


ACTION_WORDS: Mapping[CaseAction, Text] = {
    CaseAction.OPEN: Text("立线索", "opened"),
    CaseAction.TRIAGE: Text("研判:需核查", "triaged: worth a visit"),
    CaseAction.DISMISS: Text("排除", "dismissed"),
    CaseAction.ASSIGN: Text("派发", "assigned"),
    CaseAction.EXTEND: Text("调整期限", "deadline changed"),
    CaseAction.VERIFY: Text("实地核查", "verified on the ground"),
    CaseAction.ERADICATE: Text("铲除", "eradicated"),
    CaseAction.RECHECK: Text("复查", "rechecked"),
    CaseAction.CLOSE: Text("办结", "closed"),
    CaseAction.REOPEN: Text("重新打开", "reopened"),
    CaseAction.MERGE: Text("并案", "merged"),
    CaseAction.SPLIT: Text("拆分", "split"),
    CaseAction.UNDO: Text("撤销", "undone"),
    CaseAction.CORRECT: Text("更正", "corrected"),
    CaseAction.LINK: Text("关联", "linked"),
    CaseAction.EVIDENCE: Text("添加证据", "evidence added"),
    CaseAction.NOTE: Text("备注", "note"),
}


class Outcome(StrEnum):
    """What a verification or a recheck found on the ground."""

    CONFIRMED = "confirmed"
    NOT_POPPY = "not_poppy"
    LICENSED = "licensed"
    NO_ACCESS = "no_access"
    CLEAN = "clean"
    STANDING = "standing"


OUTCOME_WORDS: Mapping[Outcome, Text] = {
    Outcome.CONFIRMED: Text("确认是罂粟", "poppy confirmed"),
    Outcome.NOT_POPPY: Text("不是罂粟", "not poppy"),
    Outcome.LICENSED: Text("合法种植", "licensed growing"),
    Outcome.NO_ACCESS: Text("未能到达或进入", "could not be reached or entered"),
    Outcome.CLEAN: Text("已无存活", "nothing standing"),
    Outcome.STANDING: Text("仍有存活或复种", "standing or planted again"),
}


class DismissReason(StrEnum):
    """Why a lead needs no visit."""

    GRASS = "grass"
    CROP = "crop"
    GARDEN = "garden"
    LICENSED = "licensed"
    DUPLICATE = "duplicate"
    NOTHING = "nothing"
    PICTURE = "picture"
    OTHER = "other"


REASON_WORDS: Mapping[DismissReason, Text] = {
    DismissReason.GRASS: Text("杂草或灌木", "grass or scrub"),
    DismissReason.CROP: Text("其他作物", "another crop"),
    DismissReason.GARDEN: Text("花园、观赏花卉", "garden flowers"),
    DismissReason.LICENSED: Text("合法种植", "licensed growing"),
    DismissReason.DUPLICATE: Text("重复线索", "duplicate"),
    DismissReason.NOTHING: Text("裸地、滑坡、建筑等", "bare ground, a slide, a building"),
    DismissReason.PICTURE: Text("影像瑕疵", "flaw of the picture"),
    DismissReason.OTHER: Text("其他(请备注)", "other (say so in the note)"),
}


class Origin(StrEnum):
    """Where a case came from."""

    PATCH = "patch"
    SIGHTING = "sighting"
    TIP = "tip"
    TARGET = "target"
    SITE = "site"
    OTHER = "other"


ORIGIN_WORDS: Mapping[Origin, Text] = {
    Origin.PATCH: Text("影像疑似图斑", "suspected patch"),
    Origin.SIGHTING: Text("踏查发现", "sighting on patrol"),
    Origin.TIP: Text("群众举报", "tip"),
    Origin.TARGET: Text("卫星靶标", "satellite target"),
    Origin.SITE: Text("重点部位走访", "visit to a site"),
    Origin.OTHER: Text("其他", "other"),
}


class Method(StrEnum):
    """How plants were eradicated."""

    PULLED = "pulled"
    CUT = "cut"
    PLOUGHED = "ploughed"
    BURNT = "burnt"
    SPRAYED = "sprayed"
    GROWER = "grower"
    OTHER = "other"


METHOD_WORDS: Mapping[Method, Text] = {
    Method.PULLED: Text("人工拔除", "pulled by hand"),
    Method.CUT: Text("割除", "cut"),
    Method.PLOUGHED: Text("机械翻耕", "ploughed"),
    Method.BURNT: Text("拔除后焚毁", "pulled and burnt"),
    Method.SPRAYED: Text("药剂", "herbicide"),
    Method.GROWER: Text("种植者自行铲除", "removed by the grower"),
    Method.OTHER: Text("其他", "other"),
}


class EvidenceKind(StrEnum):
    """What a piece of evidence is."""

    PHOTO = "photo"
    VIDEO = "video"
    DOCUMENT = "document"
    NOTE = "note"
    COUNT = "count"
    AREA = "area"


EVIDENCE_WORDS: Mapping[EvidenceKind, Text] = {
    EvidenceKind.PHOTO: Text("照片", "photo"),
    EvidenceKind.VIDEO: Text("视频", "video"),
    EvidenceKind.DOCUMENT: Text("文书", "document"),
    EvidenceKind.NOTE: Text("记录", "note"),
    EvidenceKind.COUNT: Text("株数测算", "plant count"),
    EvidenceKind.AREA: Text("面积测量", "area"),
}


class LinkKind(StrEnum):
    """What a case is linked with."""

    PATCH = "patch"
    TIP = "tip"
    TARGET = "target"
    SITE = "site"
    TRACK = "track"
    SURVEY = "survey"
    CASE = "case"

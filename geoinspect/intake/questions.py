"""What only a person can say of a file that was sent, and what their answer would mean.

A question is made from what became of the file: a refusal, a day that nobody knows, doubts. To
answer is to have the file read again with what was said; what was accepted is never lost by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.errors import ConflictError, Text, UsageError
from geoinspect.patrols.choices import TrackTags
from geoinspect.store import audit, incoming, people
from geoinspect.store.asking import Made
from geoinspect.store.incoming import UNDERSTAND
from geoinspect.store.job_schema import JobRow
from geoinspect.store.jobs import LIVE, PRIORITY_ASKED, enqueue
from geoinspect.store.schema import UploadRow

Json = dict[str, Any]
# Which refusals a person's answer can turn into a reading, and by saying what.
_BY_REFUSAL: Mapping[str, str] = {
    "crs_needed": "crs",
    "crs_mismatch": "crs",
    "bad_crs": "crs",
    "no_coordinates": "columns",
    "swapped_columns": "columns",
    "columns_mismatch": "columns",
}
_SET_ASIDE = "set_aside"
_ASIDE_KINDS = frozenset({"crs", "columns", "parts", "file"})

_TEXTS: Mapping[str, Text] = {
    "crs": Text(
        "坐标是平面坐标(米),文件没有说明投影带:请选择点位正确的一个",
        "The coordinates are metres and the file does not name their zone: choose the one that "
        "puts the points where they were walked.",
    ),
    "columns": Text(
        "不能判断哪两列是经度和纬度:请按下面的前几行指出各列的内容",
        "There is no telling which columns are longitude and latitude: say it by the first rows.",
    ),
    "track_day": Text(
        "轨迹没有日期,因此不计入覆盖:请说明是哪一天走的",
        "The track has no date and so does not count: say on which day it was walked.",
    ),
    "survey_day": Text(
        "影像没有拍摄日期,因此不计入覆盖:请说明是哪一天拍摄的",
        "The picture has no date and so does not count: say on which day it was taken.",
    ),
    "doubts": Text(
        "轨迹有存疑之处:请打开轨迹核对后决定",
        "There are doubts about the track: open it and decide.",
    ),
    "parts": Text(
        "压缩包中有文件未能读取,其余已读入:请把这些文件改正后单独上传,或搁置",
        "Some files of the archive could not be read, the others were: mend these and send them "
        "alone, or set the question aside.",
    ),
    "file": Text(
        "回答不能解决:请按上面的说明重新导出后再上传,或搁置",
        "No answer helps here: export the file again as said above and send it, or set it aside.",
    ),
}


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only a person can say.

    Attributes:
        kind: ``crs``, ``columns``, ``track_day``, ``survey_day``, ``doubts``, ``parts`` or
            ``file``, which no answer helps.
        text: For people.
        tag: The tag by which it is answered; None where something else has to be done.
        records: Numbers of the tracks, or the survey, that it is about.
    """

    kind: str
    text: Text
    tag: str | None = None
    records: tuple[int, ...] = ()


def questions_of(upload: UploadRow, made: Made) -> tuple[Question, ...]:
    """Return what an upload leaves to ask, the gravest first; nothing for one that was set aside.

    Args:
        upload: With its result.
        made: What was made of its file, see :func:`geoinspect.store.asking.made_of`.
    """
    aside = set_aside(upload) is not None
    found: list[Question] = []
    if upload.status == "refused":
        kind = _BY_REFUSAL.get(code_of(upload) or "", "file")
        if not aside:
            found.append(Question(kind, _TEXTS[kind], None if kind == "file" else kind))
        return tuple(found)
    if made.undated:
        found.append(Question("track_day", _TEXTS["track_day"], "day", made.undated))
    if made.survey_id is not None:
        found.append(Question("survey_day", _TEXTS["survey_day"], "day", (made.survey_id,)))
    if made.doubted:
        found.append(Question("doubts", _TEXTS["doubts"], None, made.doubted))
    if not aside and _parts(upload):
        found.append(Question("parts", _TEXTS["parts"]))
    return tuple(found)


def code_of(upload: UploadRow) -> str | None:
    """Return the code of a refusal."""
    details = upload.result.get("details")
    code = details.get("code") if isinstance(details, dict) else None
    return None if code is None else str(code)


def set_aside(upload: UploadRow) -> Json | None:
    """Return by whom, when and why the question was set aside; None when it was not."""
    told: Json | None = upload.result.get(_SET_ASIDE)
    return told


def tags_so_far(session: Session, upload_id: str) -> TrackTags:
    """Return what was said of an upload when it was read last."""
    job = incoming.jobs_of_receipts(session, [upload_id]).get(upload_id)
    return TrackTags.from_json({} if job is None else job.args.get("tags") or {})


def answer(
    session: Session,
    upload_id: str,
    tags: TrackTags,
    *,
    said: Mapping[str, str],
    questions: tuple[Question, ...],
    user_id: int,
    actor: str,
) -> JobRow | None:
    """Let an upload be read again with what a person said of it.

    Args:
        session: Writing.
        upload_id: The receipt.
        tags: What is said of it now, all together.
        said: What was answered, for the audit.
        questions: Of :func:`questions_of`.
        user_id: Who answers.
        actor: Their name.

    Returns:
        The job that reads it; None when the same was answered before and is done.

    Raises:
        ConflictError: It is being read, or nothing of this kind is asked.
        UsageError: Nothing was said.
    """
    upload = people.upload(session, upload_id)
    if not said:
        raise UsageError(
            "没有回答:请选择或填写一项", "nothing was answered: choose one", code="no_answer"
        )
    last = incoming.jobs_of_receipts(session, [upload_id]).get(upload_id)
    same = last is not None and last.args.get("tags") == tags.as_json()
    if last is not None and last.state in LIVE:
        if same:
            return last
        raise ConflictError(
            "文件正在读取,请等读完再回答",
            "the file is being read: answer when that has ended",
            code="still_reading",
        )
    asked = {one.tag for one in questions if one.tag is not None}
    # What helps to read a refused file may be said with any answer.
    fits = (upload.status == "refused" and bool(asked)) or set(said) <= asked
    if not fits or upload.status == "received":
        if same and last is not None and last.state == "done":
            return None
        raise ConflictError(
            "该文件没有等待这一回答:已读入的轨迹请在轨迹页面更改",
            "this answer is not asked for: a track that was read is changed on its own page",
            code="not_asked",
        )
    details: dict[str, object] = {"receipt": upload_id, "said": dict(said)}
    audit.record(session, actor=actor, action="upload.answer", subject=upload.name, details=details)
    long = any(one.kind == "survey_day" for one in questions)
    return enqueue(
        session,
        UNDERSTAND,
        upload_id,
        {"tags": tags.as_json()},
        asked_by=user_id,
        weight="long" if long else "quick",
        priority=PRIORITY_ASKED,
        key=f"{UNDERSTAND}:{upload_id}",
    )


def put_aside(
    session: Session,
    upload_id: str,
    *,
    note: str,
    questions: tuple[Question, ...],
    actor: str,
    at: str,
) -> None:
    """Set the question of an upload aside; its file and its result stay.

    Raises:
        ConflictError: Nothing that can be set aside is asked.
    """
    upload = people.upload(session, upload_id)
    if set_aside(upload) is not None:
        return
    if not any(one.kind in _ASIDE_KINDS for one in questions):
        raise ConflictError(
            "没有可以搁置的问题:缺少的日期和存疑需要回答",
            "there is no question to set aside: a missing day and doubts need an answer",
            code="not_asked",
        )
    upload.result = {**upload.result, _SET_ASIDE: {"by": actor, "at": at, "note": note}}
    details: dict[str, object] = {"receipt": upload_id, "note": note}
    audit.record(
        session, actor=actor, action="upload.set_aside", subject=upload.name, details=details
    )


def _parts(upload: UploadRow) -> bool:
    told = upload.result.get("problems")
    problems = told if isinstance(told, list) else []
    return any(isinstance(one, dict) and one.get("code") == "member_refused" for one in problems)

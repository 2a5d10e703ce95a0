"""Seeded trials: targets laid out, a search, what was found, and the figure that it gives."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from flask import Response, jsonify, request
from werkzeug.datastructures import FileStorage

from geoinspect import trial_book
from geoinspect.errors import Text, TooLargeError, UsageError
from geoinspect.search_records import GrowthStage, Method, Visibility
from webmap import errors
from webmap.api.deciders import for_deciders
from webmap.api.fields import Fields
from webmap.api.paging import page
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import scope_of

MOST_FILE_BYTES = 5_000_000
_MOST_FORM_BYTES = 100_000
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_LABELS = {
    "method": Text("方式", "the method"),
    "visibility": Text("通视条件", "the visibility"),
    "stage": Text("生长期", "the growth stage"),
    "day": Text("日期", "the day"),
    "patch_m2": Text("目标大小(平方米)", "the size of the targets in m²"),
}


def trials() -> Response:
    """Return all trials, newest first."""
    with office().workspace.database.reading() as session:
        return jsonify(page("trials", scope_of(session).trials()))


@for_deciders
def post_trial() -> Response:
    """Take a form: the trial's tags, and the files ``targets`` (CSV) and, for lines, ``walk``."""
    slots = office().upload_slots
    if not slots.acquire(blocking=False):
        return errors.busy()
    try:
        return _take()
    finally:
        slots.release()


@for_deciders
def adopt_trial(trial_id: int) -> Response:
    """Take a trial's figure into the table of rates."""
    with office().review_lock:
        number, looks = trial_book.adopt_trial(
            office().workspace, trial_id, actor=current_person().name
        )
    return jsonify(rate=number, looks=looks)


def _take() -> Response:
    request.max_content_length = 2 * MOST_FILE_BYTES + _MOST_FORM_BYTES
    asked = Fields(request.form.to_dict(), _LABELS)
    method, day = asked.member("method", Method), asked.day("day")
    if method is None:
        raise asked.bad("method", "不能为空", "given")
    if day is None:
        raise asked.bad("day", "不能为空", "given")
    tags = trial_book.TrialTags(
        method=method,
        day=day,
        visibility=asked.member("visibility", Visibility),
        stage=asked.member("stage", GrowthStage),
        patch_m2=asked.number("patch_m2", 0, 1e6, above=True) or 4.0,
    )
    with tempfile.TemporaryDirectory(prefix="geoinspect-trial-") as folder:
        targets = _saved("targets", Path(folder), ".csv")
        if targets is None:
            raise UsageError(
                "请选择目标表(CSV,列 target、lon、lat、found)",
                "choose the table of targets (CSV with the columns target, lon, lat, found)",
                code="no_targets",
            )
        walk = _saved("walk", Path(folder), "") if method.is_line else None
        row = trial_book.add_trial(
            office().workspace,
            trial_book.read_targets(targets),
            walk,
            tags,
            actor=current_person().name,
        )
    return jsonify(trial_book.trial_json(row))


def _saved(field: str, folder: Path, suffix: str) -> Path | None:
    """Return where an uploaded file lies now, under a name of ours; None where there is none."""
    file: FileStorage | None = request.files.get(field)
    if file is None or not file.filename:
        return None
    given = Path(file.filename).suffix.lower()
    ending = suffix or (given if _SUFFIX.fullmatch(given) else "")
    data = file.stream.read(MOST_FILE_BYTES + 1)
    if len(data) > MOST_FILE_BYTES:
        raise TooLargeError(
            f"文件超过 {MOST_FILE_BYTES // 1_000_000} MB:试验只需要当天的轨迹和目标表",
            f"the file is larger than {MOST_FILE_BYTES // 1_000_000} MB: a trial needs that day's "
            "track and table only",
            code="too_large",
        )
    path = folder / f"{field}{ending}"
    path.write_bytes(data)
    return path

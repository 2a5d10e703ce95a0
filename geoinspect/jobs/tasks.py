"""What the kinds of jobs do. A task can be run twice for one job: the second time changes nothing.

A task is given the workspace, its order and a way to tell how far it is, and returns what came of
it for keeping with the job. What it raises is the job's failure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from geoinspect.errors import Text, UsageError
from geoinspect.patrols.choices import TrackTags
from geoinspect.records import AddResult, Level
from geoinspect.store import people
from geoinspect.store.jobs import Claim
from geoinspect.survey_records import DetectOptions

if TYPE_CHECKING:
    from geoinspect.store.workspace import Workspace

Json = dict[str, Any]
# Who asks for what the office itself does.
_OFFICE = "office"
_SEARCHING = Text("检测图斑", "looking for patches")
_READING = Text("读取文件", "reading the file")
_SWEEPING = Text("计算覆盖", "reckoning coverage")
_VERIFYING = Text("逐条核验", "comparing row by row")
_COPYING = Text("复制数据", "copying")
_COMPARING = Text("核对文件", "comparing files")
_SAME_MOMENT = timedelta(seconds=2)


class Progress(Protocol):
    """How far a task is: so much of a total, and what it does now."""

    def __call__(self, done: float, total: float, phase: Text | None = None) -> None:
        """Tell it; may be called as often as one likes."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a task is to do.

    Attributes:
        subject: What it works on.
        actor: Whose name stands in the audit chain.
        again: It was begun before, so some of it, or all, may be done already.
    """

    kind: str
    subject: str
    args: Json
    actor: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of job.

    Attributes:
        name: For people.
        does: The work itself.
    """

    name: Text
    does: Callable[[Workspace, Order, Progress], Json]


def quiet(done: float, total: float, phase: Text | None = None) -> None:
    """Tell nobody."""


def task_of(kind: str) -> Task:
    """Return the task of a kind.

    Raises:
        UsageError: There is none; the job was left by another version.
    """
    task = TASKS.get(kind)
    if task is None:
        raise UsageError(
            f"不认识的后台工作“{kind}”:可能由更新的版本留下,请升级 geoinspect",
            f"unknown kind of job {kind!r}: it may come from a newer version, upgrade geoinspect",
            code="unknown_job",
        )
    return task


def order_of(workspace: Workspace, held: Claim) -> Order:
    """Return a job as an order, with the name of who asked for it."""
    actor = _OFFICE
    if held.asked_by is not None:
        with workspace.database.reading() as session:
            person = people.user(session, held.asked_by)
            actor = actor if person is None else person.name
    return Order(held.kind, held.subject, held.args, actor, held.again)


def _understand(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Make of an upload what it is; ``args``: ``tags`` as :meth:`TrackTags.as_json` wrote them."""
    from geoinspect import intake  # noqa: PLC0415 - heavy

    tags = TrackTags.from_json(order.args.get("tags") or {})
    progress(0.0, 0.0, _READING)
    result = intake.process(workspace, order.subject, actor=order.actor, tags=tags, tell=progress)
    if order.again and result.status == "duplicate":
        result = _own_earlier(workspace, order.subject, result)
    return intake.result_json(result)


def _own_earlier(workspace: Workspace, receipt: str, result: AddResult) -> AddResult:
    """Return what an earlier try of the same job made, where that is what looks like a repeat."""
    from geoinspect import intake  # noqa: PLC0415 - heavy

    with workspace.database.writing() as session:
        upload = people.upload(session, receipt)
        # One transaction makes the file's row and the receipt of who sent it first.
        first = abs(upload.received_at - upload.file.received_at) < _SAME_MOMENT
        if upload.status == "added" or not first:
            return result
        text = Text(
            f"{upload.name}:已读入(处理曾被中断,已核对,没有重复计算)。",
            f"{upload.name}: read; the work was cut off in between and has been checked, it counts once.",
        )
        own = replace(result, status="added", summary=text)
        people.finish_upload(session, receipt, status="added", result=intake.result_json(own))
        return own


def _arrive(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Put together an upload whose pieces are all there."""
    from geoinspect.intake import arriving  # noqa: PLC0415 - heavy

    told = arriving.finish_arrival(workspace, order.subject)
    return told if isinstance(told, dict) else {}


def _detect(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Run the detector anew over a stored survey; ``args``: of :class:`DetectOptions`."""
    from geoinspect import intake  # noqa: PLC0415 - heavy

    progress(0.0, 1.0, _SEARCHING)
    detection, problems = intake.Intake(workspace, actor=order.actor).detect_survey(
        int(order.subject),
        options=DetectOptions(
            budget_per_km2=order.args.get("budget_per_km2"),
            min_area_m2=order.args.get("min_area_m2"),
            learn=bool(order.args.get("learn", True)),
        ),
        progress=lambda share: progress(share, 1.0, _SEARCHING),
    )
    return {
        "survey": int(order.subject),
        "patches": len(detection.patches),
        "problems": [problem.as_json() for problem in problems],
    }


def _audit_verify(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Compare all that the audit chain tells with what is stored, and look through the database."""
    from geoinspect.casework.anchors import typed_anchor  # noqa: PLC0415 - heavy
    from geoinspect.casework.chain import verify_workspace  # noqa: PLC0415 - heavy

    progress(0.0, 0.0, _VERIFYING)
    given = [typed_anchor(words) for words in order.args.get("anchors", ())]
    report = verify_workspace(workspace, anchors=given)
    return report.as_json() | {"integrity": workspace.database.integrity()}


def _backup(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Make a backup in the folder of the settings."""
    from geoinspect.backup import kept  # noqa: PLC0415 - heavy

    progress(0.0, 0.0, _COPYING)
    made = kept.make_next(workspace, actor=order.actor, tell=progress)
    return made.as_json()


def _backup_check(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Compare a backup in the folder of the settings with its hashes."""
    from geoinspect.backup import kept  # noqa: PLC0415 - heavy

    progress(0.0, 0.0, _COMPARING)
    return kept.check_named(workspace, order.subject, actor=order.actor, tell=progress)


def _campaign_open(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Make a campaign; ``args`` as :meth:`CampaignAsked.as_args` wrote them."""
    from geoinspect import intake  # noqa: PLC0415 - heavy
    from geoinspect.intake.campaign_asking import CampaignAsked  # noqa: PLC0415 - heavy
    from geoinspect.store import grounds  # noqa: PLC0415 - heavy

    asked = CampaignAsked.from_args(order.args)
    progress(0.0, 0.0, _SWEEPING)
    if order.again:
        with workspace.database.reading() as session:
            made = [row.id for row in grounds.campaigns(session) if row.name == asked.name]
        if made:
            return {"campaign": made[0]}
    row, looks = intake.open_campaign(
        workspace,
        asked.name,
        area_code=asked.area_code,
        start=asked.start,
        end=asked.end,
        cell_m=asked.cell_m,
        actor=order.actor,
    )
    return {"campaign": row.id, "looks": looks}


def _areas_import(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Read a boundary file that was sent; ``args``: its ``sha256``, and ``level`` or None."""
    from geoinspect import pipeline  # noqa: PLC0415 - heavy

    progress(0.0, 0.0, _READING)
    level = order.args.get("level")
    added, replaced, problems = pipeline.add_areas(
        workspace,
        workspace.vault.path_of(str(order.args["sha256"])),
        actor=order.actor,
        level=None if level is None else Level(level),
        name=order.subject,
    )
    told = [problem.as_json() for problem in problems]
    return {"added": added, "replaced": replaced, "problems": told}


def _campaign_sweep(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Make every look of a campaign anew."""
    from geoinspect.intake.opening import resweep  # noqa: PLC0415 - heavy

    progress(0.0, 0.0, _SWEEPING)
    looks = resweep(workspace, int(order.subject), actor=order.actor)
    return {"campaign": int(order.subject), "looks": looks}


TASKS: dict[str, Task] = {
    "understand": Task(Text("读取上传的文件", "reading an uploaded file"), _understand),
    "arrive": Task(Text("接收上传的文件", "taking in an uploaded file"), _arrive),
    "detect": Task(Text("重新检测航测影像", "looking through a survey again"), _detect),
    "audit_verify": Task(Text("核验审计链", "checking the audit chain"), _audit_verify),
    "campaign_open": Task(Text("建立行动", "making a campaign"), _campaign_open),
    "campaign_sweep": Task(
        Text("重新计算行动的覆盖", "reckoning a campaign's coverage anew"), _campaign_sweep
    ),
    "areas_import": Task(Text("导入辖区边界", "importing boundaries"), _areas_import),
    "backup": Task(Text("备份工作区", "backing up the workspace"), _backup),
    "backup_check": Task(Text("核对备份", "checking a backup"), _backup_check),
}

"""The steps of a case's life on the command line, one command each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from geoinspect.cli.asking import DAY
from geoinspect.cli.cases import CASE, fact_options, moment_of, run_step, step_options
from geoinspect.errors import UsageError


def add_step_commands(group: click.Group) -> None:
    """Add the commands to the group ``cases``."""
    for command in (
        *(triage, dismiss, assign, extend, verify, eradicate, recheck, close, reopen),
        *(merge, split, undo, correct, note),
    ):
        group.add_command(command)


def _plain(action: str, doc: str) -> click.Command:
    """Return the command of a step that takes a note at most."""

    @click.command(action, help=doc)
    @CASE
    @step_options
    @click.pass_obj
    def command(workspace: Path | None, /, case: str, as_json: bool, **said: Any) -> int:  # noqa: ANN401
        return _run(workspace, case, action, said, as_json)

    return command


triage = _plain("triage", "研判:需核查 worth a visit.")
close = _plain("close", "办结 close.")
reopen = _plain("reopen", "重新打开(需备注)reopen, with a note.")
undo = _plain("undo", "撤销自己的最后一步 take back the last step.")
note = _plain("note", "备注 add a note (--note).")


@click.command()
@CASE
@click.option("--reason", required=True, help="grass, crop, garden, licensed, duplicate …")
@step_options
@click.pass_obj
def dismiss(workspace: Path | None, /, case: str, reason: str, as_json: bool, **said: Any) -> int:  # noqa: ANN401
    """排除 dismiss, with a reason."""
    return _run(workspace, case, "dismiss", said, as_json, reason=reason)


@click.command()
@CASE
@click.option("--unit", help="单位 unit; 默认所在辖区的责任单位 default: the area's.")
@click.option("--deadline", type=DAY, help="期限 deadline; 默认按设置 default: the setting.")
@step_options
@click.pass_obj
def assign(
    workspace: Path | None,
    /,
    case: str,
    unit: str | None,
    deadline: datetime | None,
    as_json: bool,
    **said: Any,  # noqa: ANN401
) -> int:
    """派发 assign to a unit."""
    day = None if deadline is None else deadline.date()
    return _run(workspace, case, "assign", said, as_json, unit_code=unit, deadline=day)


@click.command()
@CASE
@click.option("--deadline", type=DAY, required=True, help="新期限 new deadline.")
@step_options
@click.pass_obj
def extend(
    workspace: Path | None,
    /,
    case: str,
    deadline: datetime,
    as_json: bool,
    **said: Any,  # noqa: ANN401
) -> int:
    """调整期限(需备注)change the deadline, with a note."""
    return _run(workspace, case, "extend", said, as_json, deadline=deadline.date())


@click.command()
@CASE
@click.option("--outcome", required=True, help="confirmed, not_poppy, licensed, no_access.")
@fact_options
@step_options
@click.pass_obj
def verify(workspace: Path | None, /, case: str, outcome: str, as_json: bool, **said: Any) -> int:  # noqa: ANN401
    """实地核查 verify on the ground."""
    return _run(workspace, case, "verify", said, as_json, outcome=outcome)


@click.command()
@CASE
@click.option("--method", required=True, help="pulled, cut, ploughed, burnt, sprayed, grower …")
@fact_options
@step_options
@click.pass_obj
def eradicate(workspace: Path | None, /, case: str, as_json: bool, **said: Any) -> int:  # noqa: ANN401
    """铲除 eradicated: how, when, count, area."""
    return _run(workspace, case, "eradicate", said, as_json)


@click.command()
@CASE
@click.option("--outcome", required=True, help="clean, standing.")
@click.option("--survey", type=click.IntRange(1), help="航测编号 seen on this survey.")
@fact_options
@step_options
@click.pass_obj
def recheck(workspace: Path | None, /, case: str, outcome: str, as_json: bool, **said: Any) -> int:  # noqa: ANN401
    """复查 recheck eradicated ground."""
    return _run(workspace, case, "recheck", said, as_json, outcome=outcome)


@click.command()
@CASE
@click.option("--into", required=True, metavar="CASE", help="并入的线索 the case it goes into.")
@step_options
@click.pass_obj
def merge(workspace: Path | None, /, case: str, into: str, as_json: bool, **said: Any) -> int:  # noqa: ANN401
    """并案 merge into another case."""
    from geoinspect.cli.output import open_workspace
    from geoinspect.store.cases import case_named

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        other = case_named(session, into).id
    return _run(workspace, case, "merge", said, as_json, into=other)


@click.command()
@CASE
@click.option("--title", required=True, help="新线索名称 title of the new case.")
@click.option("--link", "links", type=click.IntRange(1), multiple=True, help="来源编号 links.")
@step_options
@click.pass_obj
def split(
    workspace: Path | None,
    /,
    case: str,
    title: str,
    links: tuple[int, ...],
    as_json: bool,
    **said: Any,  # noqa: ANN401
) -> int:
    """拆分 split off a case with some of what this one rests on."""
    return _run(workspace, case, "split", said, as_json, title=title, links=links)


@click.command()
@CASE
@click.option("--step", "corrects", required=True, help="verified, eradicated, rechecked.")
@click.option("--method", help="铲除方式 method.")
@fact_options
@step_options
@click.pass_obj
def correct(workspace: Path | None, /, case: str, corrects: str, as_json: bool, **said: Any) -> int:  # noqa: ANN401
    """更正已完成的步骤(需备注)correct what a finished step said, with a note."""
    return _run(workspace, case, "correct", said, as_json, corrects=corrects)


def _run(
    workspace: Path | None,
    /,
    case: str,
    action: str,
    given: dict[str, Any],
    as_json: bool,
    **more: Any,  # noqa: ANN401
) -> int:
    from geoinspect.cases.facts import read_facts
    from geoinspect.cases.records import CaseAction, Outcome
    from geoinspect.casework.asked import Step
    from geoinspect.casework.told import today_of

    user, happened = given.pop("user"), moment_of(given.pop("happened"))
    said = {"note": given.pop("note"), "client_id": given.pop("client_id")}
    kind = CaseAction(action)
    facts = read_facts(_facts(given), kind, today_of()) if given else {}
    outcome = more.pop("outcome", None)
    if outcome is not None:
        if outcome not in {one.value for one in Outcome}:
            known = ", ".join(Outcome)
            raise UsageError(
                f"结果“{outcome}”无法识别,可用:{known}",
                f"unknown outcome {outcome!r}, known: {known}",
                code="bad_option",
            )
        more["outcome"] = Outcome(outcome)
    step = Step(action=kind, facts=facts, happened=happened, **said, **more)
    return run_step(workspace, case, step, user=user, as_json=as_json)


def _facts(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options as the facts of a step; what was left out is left out."""
    facts = {name: value for name, value in given.items() if value is not None}
    if "day" in facts:
        facts["day"] = facts["day"].date().isoformat()
    size = facts.pop("quadrat_m2", None)
    if "quadrats" in facts:
        try:
            counts = [int(one) for one in facts["quadrats"].replace("，", ",").split(",")]
        except ValueError as error:
            raise UsageError(
                f"--quadrats 应为用逗号隔开的整数,如 3,0,5,2,得到“{facts['quadrats']}”",
                f"--quadrats is whole numbers with commas, such as 3,0,5,2, got "
                f"{facts['quadrats']!r}",
                code="bad_fact",
            ) from error
        facts["quadrats"] = {"counts": counts, "quadrat_m2": size}
    return facts

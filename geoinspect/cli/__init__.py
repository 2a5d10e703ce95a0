"""The command line: parse, call, print. No logic lives here.

Each module holds the commands of one noun; ``output`` decides what goes to stdout and stderr.
Heavy libraries are imported inside the commands that need them, so that ``--help`` and
``tracks inspect`` start fast.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from geoinspect import __version__
from geoinspect.cli.accounts import tokens, users
from geoinspect.cli.audit import audit
from geoinspect.cli.backup import backup, restore
from geoinspect.cli.case_sources import add_source_commands
from geoinspect.cli.case_steps import add_step_commands
from geoinspect.cli.cases import cases
from geoinspect.cli.checks import checks
from geoinspect.cli.confidence import confidence
from geoinspect.cli.coverage import coverage, report
from geoinspect.cli.detecting import detect
from geoinspect.cli.dossiers import add_dossier_commands
from geoinspect.cli.evidence import add_evidence_commands
from geoinspect.cli.ground import areas, campaigns, units, zones
from geoinspect.cli.office import demo, doctor, init, serve
from geoinspect.cli.output import say_error
from geoinspect.cli.patrols import patrols
from geoinspect.cli.photos import photos
from geoinspect.cli.planning import plan
from geoinspect.cli.reviewing import labels
from geoinspect.cli.risks import risk
from geoinspect.cli.searching import footprints, landmarks, terrain
from geoinspect.cli.settings import settings
from geoinspect.cli.sites import sites
from geoinspect.cli.standing_cases import add_standing_commands
from geoinspect.cli.surveys import surveys
from geoinspect.cli.targets import targets
from geoinspect.cli.tips import tips
from geoinspect.cli.track_review import add_review_commands
from geoinspect.cli.tracks import tracks
from geoinspect.cli.trials import trials
from geoinspect.cli.work import work
from geoinspect.cli.worker import worker
from geoinspect.errors import GeoInspectError, Text

_COMMANDS = (
    tracks,
    patrols,
    photos,
    surveys,
    detect,
    targets,
    labels,
    cases,
    footprints,
    landmarks,
    sites,
    work,
    terrain,
    coverage,
    risk,
    confidence,
    plan,
    trials,
    checks,
    report,
    init,
    doctor,
    demo,
    units,
    areas,
    zones,
    campaigns,
    settings,
    users,
    tokens,
    serve,
    worker,
    audit,
    backup,
    restore,
    tips,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="geoinspect")
@click.option(
    "-w", "workspace", type=click.Path(path_type=Path), metavar="DIR", help="工作区 workspace."
)
@click.pass_context
def app(context: click.Context, workspace: Path | None) -> None:
    """禁种铲毒踏查工具 / keep a county's ground free of illegal poppy."""
    context.obj = workspace


add_review_commands(tracks)
add_step_commands(cases)
add_dossier_commands(cases)
add_standing_commands(cases)
add_source_commands(cases)
add_evidence_commands(cases)
for _command in _COMMANDS:
    app.add_command(_command)


def main() -> None:
    """Run the command line and exit with the contract's status."""
    try:
        status = app.main(standalone_mode=False, prog_name="geoinspect")
    except GeoInspectError as error:
        say_error(error.text)
        sys.exit(error.exit_status)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        click.echo("用法不对,请看 --help / wrong usage, see --help", err=True)
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("GEOINSPECT_DEBUG"):
            raise
        say_error(_unforeseen(error))
        sys.exit(3)
    sys.exit(status if isinstance(status, int) else 0)


def _unforeseen(error: Exception) -> Text:
    """Say that we, not the caller, have something to mend."""
    what = f"{type(error).__name__}: {error}"
    return Text(
        f"程序内部错误({what})。数据没有丢失;请设置 GEOINSPECT_DEBUG=1 再运行一次,把输出发给维护人员",
        f"an error of our own ({what}). No data is lost; run again with GEOINSPECT_DEBUG=1 and "
        "send what it prints to the maintainers",
    )

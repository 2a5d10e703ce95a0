"""Options that commands on a campaign share: which one, and which of its looks to count."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from geoinspect.errors import UsageError
from geoinspect.records import Level
from geoinspect.search_records import GrowthStage, Method, Visibility

_Command = TypeVar("_Command", bound=Callable[..., Any])

DAY = click.DateTime(["%Y-%m-%d"])
METHODS = click.Choice([method.value for method in Method])
STAGES = click.Choice([stage.value for stage in GrowthStage])
VISIBILITIES = click.Choice([visibility.value for visibility in Visibility])

campaign_option = click.option(
    "--campaign", "name", help="行动 campaign; 默认最新 default: the newest."
)
level_option = click.option(
    "--by",
    "level",
    type=click.Choice([v.value for v in Level]),
    default="township",
    show_default=True,
    help="级别 level.",
)
as_of_option = click.option("--as-of", type=DAY, help="截至日期 up to and with a day.")


def question_options(command: _Command) -> _Command:
    """Add ``--as-of``, ``--unit``, ``--team`` and ``--method`` to a command."""
    options = (
        as_of_option,
        click.option("--unit", "units", multiple=True, help="只计这些单位 only looks of units."),
        click.option("--team", "teams", multiple=True, help="只计这些小组 only of teams."),
        click.option(
            "--method", "methods", multiple=True, type=METHODS, help="只计这些方式 only by methods."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def place_of(text: str, option: str) -> tuple[float, float]:
    """Return longitude and latitude of ``LON,LAT``.

    Raises:
        UsageError: It is no such place.
    """
    try:
        lon, lat = (float(part) for part in text.replace("，", ",").split(","))
    except ValueError:
        lon, lat = math.nan, math.nan
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise UsageError(
            f"{option} 应为“经度,纬度”(如 108.95,34.27),得到“{text}”",
            f"{option} is LON,LAT (such as 108.95,34.27), got {text!r}",
            code=f"bad_{option.lstrip('-')}",
        )
    return lon, lat

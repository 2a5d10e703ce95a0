"""What a picture, a video or a note says against its case: where and when it was made.

Nothing is refused here: evidence is kept as it came, and everything odd about it is told beside
it, for the one who signs to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoinspect.cases.distances import places_of, shapes_distance_m, shapes_of
from geoinspect.errors import Text
from geoinspect.records import CHINA_TIME, Problem


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """From when on something is told; an office's settings.

    Attributes:
        far_m: Distance from the case's ground.
        clock_s: Clocks that differ by no more than this agree.
    """

    far_m: float
    clock_s: float


@dataclass(frozen=True, slots=True)
class StepTimes:
    """When the case came to its steps, aware; None for what has not happened.

    Attributes:
        opened: When the case was opened.
        previous: Time of the step before the one that the evidence belongs to.
        next: Time of the step after it.
        shows_suspicion: Whether it is what the case was opened for, so that it is older.
    """

    opened: datetime | None = None
    previous: datetime | None = None
    next: datetime | None = None
    shows_suspicion: bool = False


def distance_m(place: tuple[float, float], ground: BaseGeometry) -> float:
    """Return the geodesic metres from a place to a case's ground; 0 inside.

    Args:
        place: WGS84 lon, lat.
        ground: Point or polygon, WGS84, valid.

    Raises:
        UsageError: The place is not finite degrees, or the ground empty.
    """
    point = shapely.points(places_of([place], "place"))
    return float(shapes_distance_m(np.asarray(point), shapes_of([ground], "ground"))[0])


def check_evidence(
    place: tuple[float, float] | None,
    taken: datetime | None,
    case_ground: BaseGeometry | None,
    step_times: StepTimes,
    received: datetime,
    accuracy_m: float | None,
    limits: EvidenceLimits,
    *,
    also_in: str | None = None,
) -> tuple[Problem, ...]:
    """Return everything that the one who signs should know of a piece of evidence.

    Args:
        place: WGS84 lon, lat of where it was made; None when nobody knows.
        taken: When it was made, aware; None when nobody knows.
        case_ground: Point or polygon of the case, WGS84; None when it has no place yet.
        step_times: When the case came to its steps.
        received: When the server took it in, aware.
        accuracy_m: Of the place as the device states it; None without.
        limits: From when on something is told.
        also_in: Code of another case that holds the same bytes as evidence.

    Raises:
        ValueError: A time has no zone.
        UsageError: The place is not finite degrees, or the ground empty.
    """
    for moment in (taken, received, step_times.opened, step_times.previous, step_times.next):
        if moment is not None and moment.utcoffset() is None:
            raise ValueError(f"the time {moment} has no zone")
    return (
        *_place_problems(place, case_ground, accuracy_m, limits),
        *_time_problems(taken, step_times, received, timedelta(seconds=limits.clock_s)),
        *([] if also_in is None else [_twice(also_in)]),
    )


def _place_problems(
    place: tuple[float, float] | None,
    ground: BaseGeometry | None,
    accuracy_m: float | None,
    limits: EvidenceLimits,
) -> Iterator[Problem]:
    if place is None:
        zh = "没有位置:无法证明是在现场拍摄的,请说明地点"
        en = "it has no place, so nothing proves that it was made on the spot: say where it was"
        yield Problem("evidence_no_place", Text(zh, en))
        return
    if ground is None:
        zh = "线索还没有位置,无法核对距离"
        en = "the case has no place yet, so the distance can't be checked"
        yield Problem("evidence_no_ground", Text(zh, en))
        return
    metres = distance_m(place, ground)
    rough_m = accuracy_m if accuracy_m is not None and accuracy_m > 0 else 0.0
    if metres - rough_m > limits.far_m:
        zh = f"拍摄位置离线索地块 {metres:.0f} 米,超过 {limits.far_m:.0f} 米,请核对是否属于本条线索"
        en = (
            f"made {metres:.0f} m from the ground of the case, more than {limits.far_m:.0f} m: "
            "check that it belongs here"
        )
        yield Problem("evidence_far", Text(zh, en))
    elif metres + rough_m > limits.far_m:
        zh = (
            f"拍摄位置离线索地块 {metres:.0f} 米,定位精度 {rough_m:.0f} 米:"
            f"不能确定是否在 {limits.far_m:.0f} 米以内"
        )
        en = (
            f"made {metres:.0f} m from the ground of the case, good to {rough_m:.0f} m: it may lie "
            f"within {limits.far_m:.0f} m or not"
        )
        yield Problem("evidence_place_rough", Text(zh, en))


def _time_problems(
    taken: datetime | None, steps: StepTimes, received: datetime, clock: timedelta
) -> Iterator[Problem]:
    if taken is None:
        zh = "没有拍摄时间:无法核对先后顺序,请说明时间"
        en = "it has no time, so its order can't be checked: say when it was made"
        yield Problem("evidence_no_time", Text(zh, en))
        return
    made = _written(taken)
    if taken > received + clock:
        zh = f"拍摄时间 {made} 晚于收到时间 {_written(received)}:设备时钟可能快了,请核对"
        en = f"made {made}, after it was received at {_written(received)}: the clock may be ahead"
        yield Problem("evidence_clock_ahead", Text(zh, en))
    before_opening = steps.opened is not None and taken < steps.opened - clock
    if before_opening and steps.opened is not None and not steps.shows_suspicion:
        zh = f"拍摄时间 {made} 早于立案时间 {_written(steps.opened)}:可能是旧照片,请核对"
        en = f"made {made}, before the case was opened at {_written(steps.opened)}: it may be old"
        yield Problem("evidence_before_case", Text(zh, en))
    elif steps.previous is not None and taken < steps.previous - clock and not before_opening:
        zh = f"拍摄时间 {made} 早于上一环节 {_written(steps.previous)},请核对先后顺序"
        en = f"made {made}, before the step before at {_written(steps.previous)}: check the order"
        yield Problem("evidence_before_step", Text(zh, en))
    if steps.next is not None and taken > steps.next + clock:
        zh = f"拍摄时间 {made} 晚于下一环节 {_written(steps.next)},请核对先后顺序"
        en = f"made {made}, after the next step at {_written(steps.next)}: check the order"
        yield Problem("evidence_after_step", Text(zh, en))


def _twice(other: str) -> Problem:
    shown = other[:60]
    return Problem(
        "evidence_twice",
        Text(
            f"同一个文件已经是线索 {shown} 的证据,请核对是否传错",
            f"the same file is already evidence of the case {shown}: check that it belongs here",
        ),
    )


def _written(moment: datetime) -> str:
    return moment.astimezone(CHINA_TIME).strftime("%Y-%m-%d %H:%M:%S")

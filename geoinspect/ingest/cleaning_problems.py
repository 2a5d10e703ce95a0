"""What the sender of a track is told of its cleaning."""

from __future__ import annotations

from geoinspect.errors import Text
from geoinspect.records import MODE_WORDS, Mode, Problem


def reordered() -> Problem:
    """Return that points were put in the order of their times."""
    return Problem(
        "reordered",
        Text(
            "部分点的先后顺序与时间不符,已按时间重新排列,没有丢点",
            "some points did not stand in the order of their times and were put in order; none "
            "was lost",
        ),
    )


def jump(count: int) -> Problem:
    """Return that the track was broken at impossible jumps."""
    return Problem(
        "jump",
        Text(
            f"轨迹有 {count} 处不可能的跳跃,已在跳跃处断开,两侧都保留",
            f"the track jumps impossibly at {count} places; it was broken there and both sides "
            "kept",
        ),
        count,
    )


def faster_than_mode(mode: Mode, limit_mps: float) -> Problem:
    """Return that the mode told can hardly be right."""
    return Problem(
        "faster_than_mode",
        Text(
            f"多数速度超过“{MODE_WORDS[mode].zh}”方式的上限 {limit_mps:g} 米/秒;请检查踏查方式是否选错",
            f"most speeds are above {limit_mps:g} m/s, the limit of mode {mode.value!r}: check "
            "that the mode is right",
        ),
    )


def no_time() -> Problem:
    """Return that there are no times to check anything by."""
    return Problem(
        "no_time",
        Text(
            "轨迹没有时间,无法检查速度,按原样使用",
            "the track has no times: speeds can't be checked and it is used as it lies",
        ),
    )


def times_unusable() -> Problem:
    """Return that the times are of no use."""
    return Problem(
        "times_unusable",
        Text(
            "多数时间相同或倒退,无法检查速度,按原样使用",
            "most times repeat or run backwards: speeds can't be checked and the track is used as "
            "it lies",
        ),
    )

"""Reasons to look at a track again. A person decides; nothing here refuses anything.

A recording carries the marks of a body on the ground and of a receiver's noise. Each rule looks
for one mark that is missing or impossible, with a limit that real recordings keep well away from
(measured in ``tests/patrols/test_doubts.py``). What is made up with care, noise and all, passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from geoinspect.errors import Text
from geoinspect.ingest.times import implausible
from geoinspect.patrols import motion
from geoinspect.records import F8, MODE_WORDS, CleanedTrack, Extra, Mode, Rule, utc_iso
from geoinspect.settings import Settings

# Pace: windows of this many seconds, or a sixteenth of a short track; so many of them, so far.
_PACE_S, _PACE_PARTS, _PACE_SHORTEST_S = 120.0, 16, 20.0
_PACE_WINDOWS, _PACE_LEAST_M = 8, 500.0
# The pace of recorded walks and runs spreads by 0.08 and more; a cruise control holds about 0.01, a
# program 0.001, or 0.02 with rounded coordinates. A drone holds its speed by plan.
_PACE_SPREAD = MappingProxyType({Mode.FOOT: 0.03, Mode.VEHICLE: 0.003, Mode.BOAT: 0.003})
# Receivers stray by metres within a kilometre of walking; roads and wakes are straighter, and
# beyond some kilometres the bend of the earth itself shows.
_STRAIGHT_M = MappingProxyType({Mode.FOOT: 1000.0, Mode.BOAT: 3000.0, Mode.VEHICLE: 5000.0})
_STRAIGHT_WITHIN_M = 1.0
# Of real walks at most 0.15 of all 60 m chords are met within 0.2 m.
_CHORD_M, _CHORD_WITHIN_M, _CHORD_SHARE, _CHORDS = 60.0, 0.2, 0.5, 20
# Devices that log every so many metres look once a second and overshoot by up to a pace, which is
# 0.05 of 20 m; rulers are even but at corners.
_EVEN_STEPS, _EVEN_SPREAD, _EVEN_LONGEST_M = 30, 0.03, 20.0
# No device logs every 3.7421 s to the millisecond: intervals are tenths of seconds.
_EVEN_TIMES_S, _TIMES_STEP_S, _TIMES_OFF_S, _TIMES_SHORTEST_S = 0.002, 0.1, 0.001, 0.5
# A recording without times still has a point every few metres; a line drawn by hand has corners.
_DRAWN_STEP_M, _DRAWN_LEAST_M = 50.0, 500.0
# So fast for a minute and a half only runners are on foot, and no patrol runs.
_DRIVEN_MPS, _DRIVEN_SHARE, _DRIVEN_LEAST_M = 5.0, 0.1, 500.0
# The share of fixes that a mode can't have reached; bad reception costs up to 0.1.
_TOO_FAST_SHARE = 0.2
# Velocity changes that no leg, tyre, hull or rotor makes all the time (g is 9.8 m/s²).
_HARD_MPS2 = MappingProxyType(
    {Mode.FOOT: 6.0, Mode.BOAT: 6.0, Mode.VEHICLE: 10.0, Mode.DRONE: 20.0}
)
_HARD_SHARE, _HARD_STEPS = 0.5, 20
_LEAP_M = 1000.0
# A phone on a table wanders by metres in half an hour.
_STILL_M, _STILL_S, _STILL_POINTS = 1.0, 1800.0, 20
_NIGHT_HOURS, _NIGHT_LEAST_S = 4, 600.0
# 0.0001° is 11 m on the ground, a hundred times what any recorder writes.
_ROUND_STEPS, _ROUND_POINTS = 1e4, 10
_NO_TIME_POINTS, _NO_TIME_M = 10, 100.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to look again.

    Attributes:
        code: A stable name, such as ``constant_speed``.
        text: What was found and what to ask.
        evidence: The figures behind it, units in the names.
    """

    code: str
    text: Text
    evidence: Mapping[str, float | str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return ``code``, ``message`` (English), ``message_zh`` and ``evidence``."""
        return {
            "code": self.code,
            "message": self.text.en,
            "message_zh": self.text.zh,
            "evidence": dict(self.evidence),
        }


def track_doubts(cleaned: CleanedTrack, *, settings: Settings, now_s: float) -> tuple[Doubt, ...]:
    """Return what is odd about a track taken by itself.

    Args:
        cleaned: The track with its raw points. Its mode rules the limits; claims of walking are
            only doubted when the mode was declared. Heights above the ground or a camera's pitch
            mean that it was flown, whatever the mode.
        settings: Speed limits and the longest gap.
        now_s: When it was sent, epoch seconds.
    """
    rules = (_made_up, _even, _impossible, _driven, _idle, _clock, _rounded)
    return tuple(doubt for rule in rules for doubt in rule(cleaned, settings, now_s))


def _made_up(cleaned: CleanedTrack, settings: Settings, _now_s: float) -> Iterator[Doubt]:
    """Yield signs that a line was drawn or computed: no pace and no noise of its own."""
    if _flown(cleaned):
        return
    mode, segments = cleaned.mode, cleaned.segments
    yield from _even_pace(cleaned, settings)
    straight_m = motion.straight_m(segments, least_m=_STRAIGHT_M[mode], within_m=_STRAIGHT_WITHIN_M)
    if straight_m > 0:
        yield Doubt(
            "straight_line",
            Text(
                f"有一段 {straight_m / 1000:.1f} 公里笔直,偏差不到 {_STRAIGHT_WITHIN_M:g} 米,"
                "没有定位误差;请核实是否手绘或模拟",
                f"{straight_m / 1000:.1f} km are straight within {_STRAIGHT_WITHIN_M:g} m, without "
                "a receiver's noise: ask whether it was drawn or simulated",
            ),
            {"straight_m": straight_m, "within_m": _STRAIGHT_WITHIN_M},
        )
    offsets_m = motion.offsets_m(segments, chord_m=_CHORD_M)
    ruled = float((offsets_m < _CHORD_WITHIN_M).mean()) if len(offsets_m) >= _CHORDS else 0.0
    if mode is Mode.FOOT and ruled >= _CHORD_SHARE:
        yield Doubt(
            "no_noise",
            Text(
                f"步行轨迹有 {ruled:.0%} 由笔直线段组成,没有定位误差;请核实是否手绘或模拟",
                f"{ruled:.0%} of the walk is made of straight pieces without a receiver's noise: "
                "ask whether it was drawn or simulated",
            ),
            {"share": ruled, "within_m": _CHORD_WITHIN_M},
        )


def _even(cleaned: CleanedTrack, _settings: Settings, _now_s: float) -> Iterator[Doubt]:
    """Yield points set by ruler, by division or by hand."""
    if _flown(cleaned):
        return
    lengths_m, took_s = motion.steps_m(cleaned.segments), motion.steps_s(cleaned.segments)
    known_s = took_s[np.isfinite(took_s)]
    length_m = float(lengths_m.sum())
    if _are_even(lengths_m):
        yield Doubt(
            "even_steps",
            Text(
                f"每两点相距几乎都是 {np.median(lengths_m):.2f} 米;请核实是否由软件生成",
                f"nearly all points are {np.median(lengths_m):.2f} m apart: ask whether software "
                "made them",
            ),
            {"step_m": float(np.median(lengths_m)), "points": len(lengths_m) + 1},
        )
    if _is_computed(known_s):
        yield Doubt(
            "even_times",
            Text(
                f"每两点相隔都是 {np.median(known_s):.4f} 秒,设备不会这样记录;请核实是否由软件生成",
                f"all points are {np.median(known_s):.4f} s apart, as no device records: ask "
                "whether software made them",
            ),
            {"step_s": float(np.median(known_s)), "points": len(known_s) + 1},
        )
    if not len(known_s) and length_m >= _DRAWN_LEAST_M and np.median(lengths_m) > _DRAWN_STEP_M:
        yield Doubt(
            "drawn",
            Text(
                f"没有时间,{len(lengths_m) + 1} 个点平均相距 {lengths_m.mean():.0f} 米,像手绘路线;"
                "请上传设备记录的原始轨迹",
                f"no times and {len(lengths_m) + 1} points {lengths_m.mean():.0f} m apart on "
                "average, like a route drawn by hand: ask for the recording",
            ),
            {"points": len(lengths_m) + 1, "mean_step_m": float(lengths_m.mean())},
        )


def _even_pace(cleaned: CleanedTrack, settings: Settings) -> Iterator[Doubt]:
    took_s = motion.lasting_s(cleaned.segments)
    every_s = min(max(took_s / _PACE_PARTS, _PACE_SHORTEST_S), _PACE_S)
    pace_mps = motion.pace_mps(cleaned.segments, every_s=every_s, gap_s=settings.gap_s)
    length_m = float(motion.steps_m(cleaned.segments).sum())
    if len(pace_mps) < _PACE_WINDOWS or length_m < _PACE_LEAST_M:
        return
    spread = motion.spread(pace_mps)
    if spread < _PACE_SPREAD[cleaned.mode]:
        middle_mps = float(np.median(pace_mps))
        yield Doubt(
            "constant_speed",
            Text(
                f"全程速度几乎不变({middle_mps:.2f} 米/秒,波动 {spread:.2%});"
                "真实的巡护有快有慢,请核实是否模拟",
                f"the speed hardly changes ({middle_mps:.2f} m/s, give or take {spread:.2%}), as on "
                "no real patrol: ask whether it was simulated",
            ),
            {"speed_mps": middle_mps, "spread": spread, "windows": len(pace_mps)},
        )


def _impossible(cleaned: CleanedTrack, settings: Settings, _now_s: float) -> Iterator[Doubt]:
    """Yield movements that nothing makes."""
    points = sum(map(len, cleaned.raw))
    share = cleaned.flagged.get(Rule.SPEED.value, 0) / points if points else 0.0
    limit_mps = settings.speed_limit_mps(cleaned.mode)
    if share >= _TOO_FAST_SHARE:
        yield Doubt(
            "impossible_speed",
            Text(
                f"{share:.0%} 的点超过“{MODE_WORDS[cleaned.mode].zh}”方式的上限 {limit_mps:g} 米/秒;"
                "请核对方式和轨迹来源",
                f"{share:.0%} of the points are beyond {limit_mps:g} m/s, the limit of mode "
                f"{cleaned.mode.value!r}: check the mode and where the track comes from",
            ),
            {"share": share, "limit_mps": limit_mps},
        )
    fastest_mps = max(settings.speed_limit_mps(mode) for mode in Mode)
    away_m, speeds_mps = motion.leaps(cleaned.segments, least_m=_LEAP_M)
    if (speeds_mps > fastest_mps).any():
        count, worst = int((speeds_mps > fastest_mps).sum()), int(speeds_mps.argmax())
        yield Doubt(
            "teleport",
            Text(
                f"轨迹有 {count} 处瞬移,最大一处 {away_m[worst] / 1000:.1f} 公里;"
                "请核实是否拼接或改过位置",
                f"the track leaps at {count} places, {away_m[worst] / 1000:.1f} km at the worst: "
                "ask whether it was pieced together or its position faked",
            ),
            {"count": count, "away_m": float(away_m[worst]), "speed_mps": float(speeds_mps[worst])},
        )
    hard_mps2 = motion.accelerations_mps2(cleaned.segments)
    limit = _HARD_MPS2[cleaned.mode]
    hard = float((hard_mps2 > limit).mean()) if len(hard_mps2) >= _HARD_STEPS else 0.0
    if hard >= _HARD_SHARE:
        yield Doubt(
            "acceleration",
            Text(
                f"{hard:.0%} 的点速度变化超过 {limit:g} 米/秒²,不可能持续;请核对设备和轨迹来源",
                f"{hard:.0%} of the changes of speed are beyond {limit:g} m/s², which nothing "
                "keeps up: check the device and where the track comes from",
            ),
            {"share": hard, "limit_mps2": limit},
        )


def _driven(cleaned: CleanedTrack, settings: Settings, _now_s: float) -> Iterator[Doubt]:
    """Yield how much of a declared walk was driven."""
    if not (cleaned.mode_declared and cleaned.mode is Mode.FOOT):
        return
    fast_m, all_m = motion.driven_m(cleaned.raw, faster_mps=_DRIVEN_MPS, gap_s=settings.gap_s)
    if fast_m >= _DRIVEN_LEAST_M and fast_m >= _DRIVEN_SHARE * all_m:
        share = fast_m / all_m
        yield Doubt(
            "driven",
            Text(
                f"申报步行,但 {share:.0%}({fast_m / 1000:.1f} 公里)的速度超过 "
                f"{_DRIVEN_MPS * 3.6:.0f} 公里/小时;请核实是否乘车,乘车部分请改方式",
                f"declared as a walk, but {share:.0%} ({fast_m / 1000:.1f} km) went faster than "
                f"{_DRIVEN_MPS * 3.6:.0f} km/h: ask whether it was driven and change the mode",
            ),
            {"share": share, "driven_m": fast_m},
        )


def _idle(cleaned: CleanedTrack, settings: Settings, _now_s: float) -> Iterator[Doubt]:
    """Yield tracks that go nowhere, and walks at an unlikely hour."""
    points, took_s = sum(map(len, cleaned.raw)), motion.lasting_s(cleaned.raw)
    if points >= _STILL_POINTS and took_s >= _STILL_S:
        extent_m = motion.extent_m(cleaned.raw)
        if extent_m < _STILL_M:
            yield Doubt(
                "still",
                Text(
                    f"{took_s / 60:.0f} 分钟里位置只变化 {extent_m:.2f} 米;真实设备会漂移,"
                    "请核实是否模拟定位",
                    f"the place changes by {extent_m:.2f} m in {took_s / 60:.0f} minutes, where a "
                    "real device wanders: ask whether its position was faked",
                ),
                {"extent_m": extent_m, "lasting_s": took_s},
            )
    night_s = _walked_at_night_s(cleaned, settings)
    if night_s >= _NIGHT_LEAST_S and cleaned.mode is Mode.FOOT:
        yield Doubt(
            "night",
            Text(
                f"有 {night_s / 60:.0f} 分钟步行在 0 至 {_NIGHT_HOURS} 点之间;仅作提示,请核对设备时间",
                f"{night_s / 60:.0f} minutes of walking lie between 0 and {_NIGHT_HOURS} o'clock: "
                "a hint only, check the device's clock",
            ),
            {"night_s": night_s},
        )


def _walked_at_night_s(cleaned: CleanedTrack, settings: Settings) -> float:
    took_s, lengths_m = motion.steps_s(cleaned.segments), motion.steps_m(cleaned.segments)
    starts = [np.empty(0), *(segment.time_s[:-1] for segment in cleaned.segments)]
    china_s = np.concatenate(starts) + 8 * 3600
    moving = (took_s > 0) & (took_s <= settings.gap_s) & (lengths_m > motion.MOVING_MPS * took_s)
    return float(took_s[moving & (china_s % 86_400 < _NIGHT_HOURS * 3600)].sum())


def _clock(cleaned: CleanedTrack, _settings: Settings, now_s: float) -> Iterator[Doubt]:
    """Yield times that a working clock can't have written."""
    times_s = motion.known_times(cleaned.raw)
    wrong_s = times_s[implausible(times_s, now_s)]
    if len(wrong_s):
        shown = utc_iso(float(wrong_s[0])) or ""
        yield Doubt(
            "dates",
            Text(
                f"{len(wrong_s)} 个点的日期不合理(如 {shown});请检查设备时钟",
                f"{len(wrong_s)} points have an implausible date ({shown}, for one): check the "
                "device's clock",
            ),
            {"points": len(wrong_s), "first": shown},
        )
    length_m = float(motion.steps_m(cleaned.raw).sum())
    standing = len(times_s) >= _NO_TIME_POINTS and motion.lasting_s(cleaned.raw) == 0
    if standing and length_m >= _NO_TIME_M:
        yield Doubt(
            "no_duration",
            Text(
                f"{length_m:.0f} 米的轨迹没有经过时间,所有点时间相同;请上传设备记录的原始轨迹",
                f"{length_m:.0f} m took no time, all points have the same: ask for the recording",
            ),
            {"length_m": length_m, "points": len(times_s)},
        )


def _rounded(cleaned: CleanedTrack, _settings: Settings, _now_s: float) -> Iterator[Doubt]:
    """Yield coordinates that were rounded far beyond what devices do."""
    places = [np.empty(0), *(values for s in cleaned.raw for values in (s.lon, s.lat))]
    steps = np.concatenate(places) * _ROUND_STEPS
    if len(steps) >= 2 * _ROUND_POINTS and bool((np.abs(steps - np.round(steps)) < 1e-4).all()):
        yield Doubt(
            "round_coordinates",
            Text(
                "全部坐标最多 4 位小数(约 11 米);请上传设备记录的原始轨迹",
                "all coordinates have four decimals at most (about 11 m): ask for the recording",
            ),
            {"decimals": 4, "points": len(steps) // 2},
        )


def _flown(cleaned: CleanedTrack) -> bool:
    """Return whether an autopilot may have flown it: straight and even by plan."""
    said = {extra for segment in cleaned.raw for extra in segment.extras}
    return cleaned.mode is Mode.DRONE or bool(said & {Extra.HEIGHT, Extra.PITCH})


def _are_even(lengths_m: F8) -> bool:
    moved_m = lengths_m[lengths_m > 0]
    if len(moved_m) < _EVEN_STEPS:
        return False
    low_m, middle_m, high_m = np.quantile(moved_m, [0.1, 0.5, 0.9])
    return bool(middle_m <= _EVEN_LONGEST_M and high_m - low_m < _EVEN_SPREAD * middle_m)


def _is_computed(known_s: F8) -> bool:
    """Return whether points are equally far apart in time by a step that no device has."""
    if len(known_s) < _EVEN_STEPS:
        return False
    step_s = float(known_s.mean())
    off_s = abs(step_s - round(step_s / _TIMES_STEP_S) * _TIMES_STEP_S)
    even = bool((np.abs(known_s - step_s) <= _EVEN_TIMES_S).all())
    return step_s >= _TIMES_SHORTEST_S and even and off_s > _TIMES_OFF_S

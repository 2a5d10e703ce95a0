"""Which datum a file and each of its tracks are read in, on what evidence, and what is said of it.

What the sender declares goes before what the file says, and a track's own statement before the
file's. Where nothing is said the file is read as WGS84 and the sender is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geoinspect.errors import Text
from geoinspect.ingest.datum import to_wgs84
from geoinspect.records import Datum, DatumChoice, Problem, TrackLine

_WORDS: tuple[tuple[Datum, re.Pattern[str]], ...] = (
    (
        Datum.GCJ02,
        re.compile(r"gcj[\s_-]?0?2|火星坐标|国测局|高德坐标|腾讯坐标|mars[\s_-]coord", re.I),
    ),
    (Datum.BD09, re.compile(r"bd[\s_-]?0?9(?!\d)|百度坐标|百度经纬度", re.I)),
    (
        Datum.WGS84,
        re.compile(r"wgs[\s_-]?(?:19)?84|cgcs[\s_-]?2000|epsg:{1,2}(?:4326|4490)\b|国家2000", re.I),
    ),
)
# The value of a datum field may be no more than whose map it was; in free text these are names of
# places and apps.
_MAKERS = {
    Datum.GCJ02: "gcj|火星|高德|腾讯|amap|gaode|tencent",
    Datum.BD09: "百度|baidu",
    Datum.WGS84: "wgs",
}
_FIELD_WORDS = tuple(
    (datum, re.compile(f"{words.pattern}|{_MAKERS[datum]}", re.I)) for datum, words in _WORDS
)
# Ovital writes its own extensions in GCJ-02 since 9.3.0 and says so nowhere in the file.
GCJ02_SUFFIXES = (".ovkml", ".ovkmz", ".ovjsn")

DATUM_NAMES = {Datum.WGS84: "WGS84", Datum.GCJ02: "GCJ-02", Datum.BD09: "BD-09"}


@dataclass(frozen=True, slots=True)
class DatumFlag:
    """What a file says of its datum.

    Attributes:
        datum: None when it names several.
        where: The field, words or extension that say so.
    """

    datum: Datum | None
    where: Text


def flagged_datum(
    statements: Iterable[str], words: Iterable[str], name: str, lines: Iterable[TrackLine] = ()
) -> DatumFlag | None:
    """Return what a file says of its datum; None for nothing.

    The first of these that says anything counts: a field for it, all tracks alike, the extension,
    the file's texts.

    Args:
        statements: Values of fields that name the datum.
        words: Free text of the file.
        name: The sender's file name.
        lines: The tracks, some of which may state their own.
    """
    stated = _named_in(statements, "坐标系字段", "its datum field", _FIELD_WORDS)
    if stated is not None:
        return stated
    own = {line.datum for line in lines}
    if len(own) == 1:
        (datum,) = own
        if datum is not None:
            return DatumFlag(datum, Text("每条轨迹的坐标标志", "the flag of every track"))
    suffix = next((suffix for suffix in GCJ02_SUFFIXES if name.lower().endswith(suffix)), None)
    if suffix is not None:
        return DatumFlag(Datum.GCJ02, Text(f"扩展名 {suffix}", f"its extension {suffix}"))
    return _named_in(words, "文字", "its text")


def named_datum(texts: Iterable[str]) -> Datum | None:
    """Return the one datum that texts name; None when they name none or several."""
    flag = _named_in(texts, "", "")
    return None if flag is None else flag.datum


def field_datum(value: str) -> Datum | None:
    """Return the one datum that the value of a datum field names, ``高德`` or ``WGS84``."""
    flag = _named_in([value], "", "", _FIELD_WORDS)
    return None if flag is None else flag.datum


def _named_in(
    texts: Iterable[str],
    zh: str,
    en: str,
    vocabulary: Sequence[tuple[Datum, re.Pattern[str]]] = _WORDS,
) -> DatumFlag | None:
    """Return the datum that texts of a file name, with the words that name it."""
    found: dict[Datum, str] = {}
    for text in texts:
        for datum, words in vocabulary:
            match = words.search(text)
            if match is not None:
                found.setdefault(datum, match.group())
    if not found:
        return None
    quoted = list(found.values())
    where = Text(
        f"{zh}“{'”“'.join(quoted)}”", f"{en}, {' and '.join(repr(word) for word in quoted)}"
    )
    return DatumFlag(next(iter(found)) if len(found) == 1 else None, where)


def resolve_datum(declared: Datum | None, flag: DatumFlag | None) -> DatumChoice:
    """Choose the datum to read a file in.

    Args:
        declared: What the sender said.
        flag: What the file itself says.
    """
    found = flag.datum if flag is not None else None
    if declared is not None:
        name = DATUM_NAMES[declared]
        why = Text(f"上传者指定坐标为 {name}", f"the sender declared {name}")
        if flag is not None and found is not None and found is not declared:
            why = Text(
                f"{why.zh};文件{flag.where.zh}写的是 {DATUM_NAMES[found]},以指定为准",
                f"{why.en}; the file says {DATUM_NAMES[found]} ({flag.where.en}), the declaration "
                "was followed",
            )
        return DatumChoice(found, declared, why, declared)
    if flag is not None and found is not None:
        name = DATUM_NAMES[found]
        why = Text(
            f"文件{flag.where.zh}注明坐标为 {name}",
            f"the file says that it is {name} ({flag.where.en})",
        )
        return DatumChoice(found, found, why)
    return DatumChoice(None, Datum.WGS84, _unknown(flag))


def _unknown(flag: DatumFlag | None) -> Text:
    """Ask for the datum of a file that names none, or several."""
    if flag is None:
        zh, en = "文件没有注明坐标系", "the file does not say its datum"
    else:
        zh = f"文件{flag.where.zh}提到了不止一种坐标系"
        en = f"the file names more than one datum ({flag.where.en})"
    return Text(
        f"{zh},按 WGS84 处理;如果是奥维、高德或百度导出的,请选择 GCJ-02 或 BD-09",
        f"{en} and was read as WGS84; choose GCJ-02 or BD-09 if it comes from Ovital, Amap or "
        "Baidu",
    )


def tracks_in_wgs84(
    lines: Sequence[TrackLine], choice: DatumChoice
) -> tuple[tuple[TrackLine, ...], list[Problem]]:
    """Return a file's tracks in WGS84, and what the sender should know of the choice.

    Each track is shifted as a whole or comes back as it is.
    """
    read_in = [choice.declared or line.datum or choice.used for line in lines]
    moved = tuple(
        _in_wgs84(line, datum) if datum is not Datum.WGS84 else line
        for line, datum in zip(lines, read_in, strict=True)
    )
    unmoved = [
        datum
        for new, old, datum in zip(moved, lines, read_in, strict=True)
        if new is old and datum is not Datum.WGS84
    ]
    problems = []
    if choice.found is not None and choice.found is not choice.used:
        problems.append(Problem("datum_contradiction", choice.why))
    problems += _mixed(lines, choice)
    if unmoved:
        problems.append(_not_shifted(unmoved))
    return moved, problems


def _in_wgs84(line: TrackLine, datum: Datum) -> TrackLine:
    whole_lon = np.concatenate([segment.lon for segment in line.segments])
    whole_lat = np.concatenate([segment.lat for segment in line.segments])
    lon, lat = to_wgs84(whole_lon, whole_lat, datum)
    if lon is whole_lon:
        return line
    ends = np.cumsum([len(segment) for segment in line.segments])[:-1]
    parts = zip(np.split(lon, ends), np.split(lat, ends), line.segments, strict=True)
    return replace(line, segments=tuple(old.moved(x, y) for x, y, old in parts))


def _mixed(lines: Sequence[TrackLine], choice: DatumChoice) -> list[Problem]:
    """Say that tracks of one file state different datums, or another than the file or sender."""
    said = choice.declared or choice.found
    stated = Counter(line.datum or choice.found or choice.used for line in lines)
    odd = {line.datum for line in lines if line.datum is not None} - {said}
    if not odd or (len(stated) == 1 and said is None):
        return []
    counts = [(DATUM_NAMES[datum], count) for datum, count in stated.most_common()]
    zh = "、".join(f"{name} {count} 条" for name, count in counts)
    en = ", ".join(f"{count} in {name}" for name, count in counts)
    if choice.declared is not None:
        name = DATUM_NAMES[choice.declared]
        zh_done, en_done = f"全部按指定的 {name} 处理", f"all were read as {name}, as declared"
    else:
        zh_done, en_done = "各按自己的坐标系处理", "each was read in its own"
    text = Text(
        f"文件里轨迹的坐标系不一致({zh}),{zh_done};请在地图上核对",
        f"the tracks of the file are in different datums ({en}); {en_done}; check them on the map",
    )
    return [Problem("mixed_datum", text, sum(line.datum in odd for line in lines))]


def _not_shifted(unmoved: Sequence[Datum]) -> Problem:
    name = "/".join(DATUM_NAMES[datum] for datum in dict.fromkeys(unmoved))
    count = len(unmoved)
    return Problem(
        "datum_not_shifted",
        Text(
            f"{count} 条轨迹在大陆以外(含港澳台),{name} 在那里没有偏移,坐标未作改动",
            f"{count} tracks lie outside the mainland, where {name} has no offset; their "
            "positions were left as they are",
        ),
        count,
    )

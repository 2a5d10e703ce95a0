"""Files that are not read: what each is, and what to export instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from geoinspect.errors import Text

_EXPORT = Text(
    "请在应用里选择“导出 GPX”(或 KML)后再上传",
    "choose 'export GPX' (or KML) in the app and send that file",
)


@dataclass(frozen=True, slots=True)
class Unread:
    """A kind of file that is recognised and refused.

    Attributes:
        format: Short name where it is a track format, else None.
        code: Stable name of the refusal.
        text: What it is and what to do.
    """

    format: str | None
    code: str
    text: Text


def unread(format_: str | None, code: str, zh: str, en: str, advice: Text = _EXPORT) -> Unread:
    """Return a refusal in the wording all of them share."""
    return Unread(
        format_, code, Text(f"无法读取:文件是{zh};{advice.zh}", f"the file is {en}: {advice.en}")
    )


_UNPACK = Text(
    "请先解压,再上传里面的轨迹文件,或改用 ZIP",
    "unpack it and send the track files inside, or pack them as ZIP",
)
_TRACK_KIND = "track_format_not_read"

_ARCHIVE = unread(None, "compressed", " 7z 或 RAR 压缩包", "a 7z or RAR archive", _UNPACK)
_OFFICE = unread(
    None, "not_a_track", " Word、Excel 或 PPT 文档", "an office document",
    Text("如果是坐标表,请另存为 CSV 后上传", "if it is a table of positions, save it as CSV and send that"),
)  # fmt: skip
_PICTURE = unread(None, "not_a_track", "图片或文档,不是轨迹", "a picture or document, not a track")
_DATABASE = unread(None, "not_a_track", "数据库,不是轨迹", "a database, not a track")
_OVOBJ = unread(
    "ovobj", _TRACK_KIND, "奥维 ovobj 数据", "an Ovital ovobj file",
    Text("请在奥维里导出为 GPX、KML 或 ovjsn 后上传", "export GPX, KML or ovjsn in Ovital and send that"),
)  # fmt: skip
_DJI = unread(
    None, _TRACK_KIND, "大疆加密的飞行记录", "an encrypted DJI flight record",
    Text(
        "请上传同一次飞行的 .SRT 字幕或照片,或用 AirData 等工具导出的 CSV",
        "send the .SRT subtitles or the photos of the flight, or a CSV from a tool such as AirData",
    ),
)  # fmt: skip
_GARMIN = unread(
    None, _TRACK_KIND, "佳明 MapSource 数据(.gdb、.mps)", "a Garmin MapSource file (.gdb, .mps)",
    Text("请在 BaseCamp 里导出 GPX 后上传", "export GPX in BaseCamp and send that"),
)  # fmt: skip
_PRIVATE = unread(
    None, _TRACK_KIND, "其他软件的专用格式", "in the private format of another program",
    Text("请在原软件里导出 GPX 后上传", "export GPX in that program and send it"),
)  # fmt: skip
BINARY = unread(
    None, "not_a_track",
    "二进制数据(例如奥维 .ovobj 或大疆加密飞行记录),不是轨迹文本",
    "binary data (such as an Ovital .ovobj or an encrypted DJI flight log), not track text",
)  # fmt: skip
HTML = unread(None, "not_a_track", "网页,不是轨迹", "a web page, not a track")
OTHER_XML = unread(None, "not_a_track", " XML,但不是 GPX 或 KML", "XML but neither GPX nor KML")
TEXT = unread(None, "not_a_track", "普通文本,不是轨迹", "plain text, not a track")
BLANK = unread(None, "empty", "空白的,没有内容", "blank")

_CONTROLS = re.compile("[\x01-\x08\x0e-\x19\x1b-\x1f]")
_MAGIC: tuple[tuple[int, bytes, Unread], ...] = (
    (0, b"7z\xbc\xaf", _ARCHIVE),
    (0, b"Rar!", _ARCHIVE),
    (0, b"\xff\xd8\xff", _PICTURE),
    (0, b"\x89PNG", _PICTURE),
    (0, b"II*\x00", _PICTURE),
    (0, b"MM\x00*", _PICTURE),
    (0, b"%PDF", _PICTURE),
    (0, b"\xd0\xcf\x11\xe0", _PICTURE),
    (0, b"SQLite format 3", _DATABASE),
    # Garmin's own: MPS and GDB (H. Oppmann, "Garmin MapSource … File Format", 2018).
    (0, b"MsRcd", _GARMIN),
    (0, b"MsRcf", _GARMIN),
    # DJI's .DAT of the aircraft (as DatCon tells them), and its encrypted kind.
    (16, b"BUILD", _DJI),
    (242, b"DJI_LOG_V3", _DJI),
    (0, b"LOGH", _DJI),
)
# Told by content when it can be; these have no sign that is known, and the name helps to advise.
_BY_NAME: tuple[tuple[re.Pattern[str], Unread], ...] = (
    (re.compile(r"\.ovobj$", re.I), _OVOBJ),
    (re.compile(r"^(?:DJI_?FlightRecord.*\.txt|(?:FLY\d+|DJI.*)\.dat)$", re.I), _DJI),
    (re.compile(r"\.(?:gdb|mps)$", re.I), _GARMIN),
    (re.compile(r"\.(?:fmm|trk|loc|rte|wpt)$", re.I), _PRIVATE),
)


def unread_binary(head: bytes) -> Unread | None:
    """Return what a binary file is by its first bytes; None when it may be text."""
    if head.startswith(b"PK\x03\x04") and b"[Content_Types].xml" in head:
        return _OFFICE
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    return _DJI if _is_dji_record(head) else None


def _is_dji_record(head: bytes) -> bool:
    """Return whether a file begins as the flight records (.txt) of DJI's apps.

    They begin with an offset in eight bytes, the length of the details, which is 400, in two, and
    a version (published by the authors of dji-log-parser and pydjirecord).
    """
    return head[4:10] == b"\0\0\0\0\x90\x01" and len(head) > 100 and 1 <= head[10] <= 20


def advised(kind: Unread, name: str) -> Unread:
    """Return a refusal with better advice where nothing but the file's name tells what it is."""
    if kind not in (BINARY, TEXT, OTHER_XML):
        return kind
    return next((better for pattern, better in _BY_NAME if pattern.search(name)), kind)


def unread_text(head: str) -> Unread:
    """Return what a text is that no reader knows."""
    garbled = "\x00" in head or head.count("\ufffd") > len(head) / 4
    return BINARY if garbled or full_of_controls(head) else TEXT


def full_of_controls(head: str) -> bool:
    """Return whether a text holds as many control characters as chance puts into binary data.

    Chance makes one byte in nine; a text has none but an odd one.
    """
    return len(_CONTROLS.findall(head)) * 40 > len(head)

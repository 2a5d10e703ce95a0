"""Files that are not read: what each is, and what to export instead."""

from __future__ import annotations

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


_UNPACK = Text("请先解压,再上传里面的 GPX 或 KML", "unpack it and send the GPX or KML inside")
_TRACK_KIND = "track_format_not_read"

_GZIP = unread(None, "compressed", " gzip 压缩包", "gzip compressed", _UNPACK)
_ZIP = unread(None, "compressed", " ZIP 压缩包", "a ZIP archive", _UNPACK)
_KMZ = unread("kmz", "compressed", " KMZ 压缩包", "a KMZ archive", _UNPACK)
_ARCHIVE = unread(None, "compressed", "压缩包", "an archive", _UNPACK)
_PICTURE = unread(None, "not_a_track", "图片或文档,不是轨迹", "a picture or document, not a track")
_DATABASE = unread(None, "not_a_track", "数据库,不是轨迹", "a database, not a track")
_FIT = unread("fit", _TRACK_KIND, "运动手表的 FIT 记录", "a FIT record of a sports watch")
BINARY = unread(
    None, "not_a_track",
    "二进制数据(例如奥维 .ovobj 或大疆加密飞行记录),不是轨迹文本",
    "binary data (such as an Ovital .ovobj or an encrypted DJI flight log), not track text",
)  # fmt: skip
HTML = unread(None, "not_a_track", "网页,不是轨迹", "a web page, not a track")
TCX = unread("tcx", _TRACK_KIND, "佳明 TCX 记录", "a Garmin TCX record")
OVJSN = unread("ovjsn", _TRACK_KIND, "奥维 ovjsn 数据", "an Ovital ovjsn file")
OTHER_XML = unread(None, "not_a_track", " XML,但不是 GPX 或 KML", "XML but neither GPX nor KML")
TEXT = unread(None, "not_a_track", "普通文本,不是轨迹", "plain text, not a track")
BLANK = unread(None, "empty", "空白的,没有内容", "blank")
CSV = unread("csv", _TRACK_KIND, "表格(CSV)", "a table (CSV)")
NMEA = unread("nmea", _TRACK_KIND, " NMEA 日志", "an NMEA log")
IGC = unread("igc", _TRACK_KIND, " IGC 飞行记录", "an IGC flight log")
PLT = unread(
    "plt", _TRACK_KIND, " OziExplorer/GeoLife 的 PLT 轨迹", "an OziExplorer or GeoLife PLT"
)

_MAGIC: tuple[tuple[int, bytes, Unread], ...] = (
    (0, b"\x1f\x8b", _GZIP),
    (0, b"BZh", _ARCHIVE),
    (0, b"\xfd7zXZ", _ARCHIVE),
    (0, b"7z\xbc\xaf", _ARCHIVE),
    (0, b"Rar!", _ARCHIVE),
    (257, b"ustar", _ARCHIVE),
    (8, b".FIT", _FIT),
    (0, b"\xff\xd8\xff", _PICTURE),
    (0, b"\x89PNG", _PICTURE),
    (0, b"II*\x00", _PICTURE),
    (0, b"MM\x00*", _PICTURE),
    (0, b"%PDF", _PICTURE),
    (0, b"\xd0\xcf\x11\xe0", _PICTURE),
    (0, b"SQLite format 3", _DATABASE),
)


def unread_binary(head: bytes) -> Unread | None:
    """Return what a binary file is by its first bytes; None when it may be text."""
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _KMZ if b".kml" in head.lower() else _ZIP
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    return None


def unread_text(head: str) -> Unread:
    """Return what a text is that no reader knows."""
    return BINARY if "\x00" in head or head.count("\ufffd") > len(head) / 4 else TEXT

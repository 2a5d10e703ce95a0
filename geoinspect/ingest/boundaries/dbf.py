"""Attributes of a Shapefile: a dBASE III table whose encoding is judged, not believed.

A .dbf does not say its encoding; a .cpg beside it may, and is often wrong or missing. The bytes
decide: what does not decode strictly is not that encoding.
"""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass
from datetime import date

from geoinspect.errors import Text
from geoinspect.ingest.boundaries.layers import plain_text
from geoinspect.records import Problem

_HEADER_BYTES, _FIELD_BYTES, _NAME_BYTES = 32, 32, 10
_FIELDS_END, _DELETED = 0x0D, 0x2A
_TEXT, _NUMBERS, _DATE, _TRUTH = "C", ("N", "F"), "D", "L"
# Of what offices write in .cpg files; anything else ("System", "OEM") says nothing.
_CODEC_OF_CPG = {
    "utf8": "utf-8", "65001": "utf-8",
    "936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030",
    "54936": "gb18030", "950": "big5", "big5": "big5",
    "iso88591": "latin-1", "88591": "latin-1", "1252": "latin-1",
}  # fmt: skip
_CPG_NOISE = re.compile(r"ansi|cp|windows|[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class _Field:
    name: bytes
    kind: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a .dbf by number; deleted ones are None.

    Attributes:
        rows: Field → text, absent values left out.
        problem: What the sender should know of the encoding.
    """

    rows: list[dict[str, str] | None]
    problem: Problem | None


def read_table(data: bytes, cpg: bytes | None) -> Table:
    """Return the rows of a .dbf; a table that breaks off gives the rows before that.

    Args:
        data: The whole file.
        cpg: Content of the .cpg beside it, None without one.

    Raises:
        ValueError: The header is no header of a table.
    """
    fields, first, row_bytes, count = _header(data)
    whole = max(0, (len(data) - first) // row_bytes)
    records = [
        data[first + i * row_bytes : first + (i + 1) * row_bytes] for i in range(min(count, whole))
    ]
    stated = _stated_codec(cpg)
    codec, problem = _judge(fields, records, stated)
    names = _names(fields, codec)
    rows = [None if r[0] == _DELETED else _row(fields, names, r, codec) for r in records]
    return Table(rows, problem)


def _header(data: bytes) -> tuple[list[_Field], int, int, int]:
    """Return the fields, where rows begin, the bytes of a row and how many there are."""
    if len(data) < _HEADER_BYTES + 1:
        raise ValueError("no header")
    count, first, row_bytes = struct.unpack_from("<IHH", data, 4)
    fields, start = [], 1
    at = _HEADER_BYTES
    while at + _FIELD_BYTES <= min(first, len(data)) and data[at] != _FIELDS_END:
        width = data[at + 16]
        name = data[at : at + 11].split(b"\0")[0]
        fields.append(_Field(name, chr(data[at + 11]), start, width))
        start, at = start + width, at + _FIELD_BYTES
    if not fields or row_bytes < start or first < at:
        raise ValueError("the header contradicts itself")
    return fields, first, row_bytes, count


def _stated_codec(cpg: bytes | None) -> str | None:
    if cpg is None:
        return None
    word = _CPG_NOISE.sub("", cpg[:64].decode("ascii", "ignore").lower())
    return _CODEC_OF_CPG.get(word)


def _judge(
    fields: list[_Field], records: list[bytes], stated: str | None
) -> tuple[str, Problem | None]:
    """Return the encoding that decodes every name and text, and what to say about it."""
    # Latin-1 decodes anything, so it is believed only when nothing else fits.
    order = [stated] if stated not in (None, "latin-1") else []
    order += [c for c in ("utf-8", "gb18030") if c not in order]
    order += ["latin-1"] if stated == "latin-1" else []
    samples = [(f.name, len(f.name) >= _NAME_BYTES) for f in fields]
    samples += [
        (raw, len(raw) == f.width)
        for f in fields
        if f.kind == _TEXT
        for r in records
        if not (raw := _bytes(f, r)).isascii()
    ]
    for codec in order:
        if codec is not None and _decodes(samples, codec):
            foreign = any(not raw.isascii() for raw, _ in samples)
            lied = stated is not None and stated != codec and foreign
            return codec, _mismatch(stated, codec) if lied else None
    return "utf-8", _damaged()


def _bytes(field: _Field, record: bytes) -> bytes:
    raw = record[field.start : field.start + field.width]
    return raw.split(b"\0")[0].rstrip()


def _decodes(samples: list[tuple[bytes, bool]], codec: str) -> bool:
    try:
        for raw, full in samples:
            _decoded(raw, codec, full=full)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(raw: bytes, codec: str, *, full: bool, errors: str = "strict") -> str:
    """Return text; a character cut in two by the end of a full field is left out."""
    return codecs.getincrementaldecoder(codec)(errors).decode(raw, final=not full)


def _names(fields: list[_Field], codec: str) -> list[str]:
    names: list[str] = []
    for f in fields:
        full = len(f.name) >= _NAME_BYTES
        name = _decoded(f.name, codec, full=full, errors="replace").strip()
        repeats = sum(n == name or n.startswith(f"{name}_") for n in names)
        names.append(f"{name}_{repeats}" if name in names else name)
    return names


def _row(fields: list[_Field], names: list[str], record: bytes, codec: str) -> dict[str, str]:
    row = {}
    for f, name in zip(fields, names, strict=True):
        raw = _bytes(f, record)
        text = _decoded(raw, codec, full=len(raw) == f.width, errors="replace").strip()
        if value := _value(f.kind, text):
            row[name] = value
    return row


def _value(kind: str, text: str) -> str:
    """Return a value as text; empty when the field holds none or is of a kind not read."""
    if kind == _TEXT:
        return text
    if kind in _NUMBERS:
        # Codes of twelve digits and more keep every digit, so whole numbers stay text.
        if re.fullmatch(r"[+-]?\d+(\.0*)?", text):
            return text.lstrip("+").split(".")[0]
        try:
            return plain_text(float(text))
        except ValueError:
            return ""
    if kind == _DATE and re.fullmatch(r"\d{8}", text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            return ""
    return text if kind == _TRUTH and text not in {"", "?"} else ""


def _mismatch(stated: str | None, codec: str) -> Problem:
    return Problem(
        "encoding_mismatch",
        Text(
            f".cpg 写的编码是 {stated},实际是 {codec},已按 {codec} 读取;请核对名称",
            f"the .cpg says {stated} but the text is {codec}; read as {codec}: check the names",
        ),
    )


def _damaged() -> Problem:
    return Problem(
        "encoding_damaged",
        Text(
            "属性表(.dbf)的编码无法判断,个别文字可能显示为“\ufffd”;请另存为 UTF-8 或 GeoPackage",
            "the encoding of the table (.dbf) can't be told, single letters may show as '\ufffd': "
            "save it as UTF-8 or as GeoPackage",
        ),
    )

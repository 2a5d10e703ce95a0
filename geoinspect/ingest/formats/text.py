"""Which encoding a text file is really in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from geoinspect.errors import Text
from geoinspect.records import Problem

CHUNK_BYTES = 1 << 20
_MAX_LINE_CHARS = 1 << 16
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
# Only real text encodings: Python also knows "zip", "hex" and other transforms by name.
_TEXT_CODEC = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp\d{3,4}|gb18030|gbk|gb2312|big5|big5hkscs|shift_jis|euc_jp|euc_kr"
    r"|koi8-[ru]|mac-roman|latin-1"
)
# When at most this share of the non-ASCII characters is broken, the file is UTF-8 with damage.
_DAMAGE_SHARE = 0.1
# JSON may hold halves of characters, which neither a file nor a database takes; control characters
# would steer a terminal; marks of direction turn what is written after them, as gpj.exe into exe.jpg.
_NOT_SHOWN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode a file, and what to tell the sender about it."""

    name: str
    errors: str = "strict"
    skip_bytes: int = 0
    problem: Problem | None = None


def one_line(text: str) -> str:
    """Return text on one line, without what is no character or would steer those who show it."""
    return _NOT_SHOWN.sub("", " ".join(text.split())).strip()


def decoded_head(head: bytes) -> str:
    """Return the beginning of a file as text, good enough to recognise it by."""
    encoding = _first_guess(head)
    return head[encoding.skip_bytes :].decode(encoding.name, errors="replace")


def find_encoding(stream: BinaryIO) -> Encoding:
    """Return the encoding that really decodes the file.

    The byte order mark wins over the declaration. Bytes that are not what they claim to be are
    tried as GB18030, as Chinese apps write GBK under a UTF-8 declaration; a UTF-8 file with a few
    broken bytes stays UTF-8.
    """
    stream.seek(0)
    guess = _first_guess(stream.read(1024))
    if _decodes(stream, guess):
        return guess
    if guess.name.startswith(("utf-16", "utf-32")):
        return Encoding(guess.name, "replace", guess.skip_bytes, _damaged(guess.name))
    utf8 = Encoding("utf-8", "replace", guess.skip_bytes)
    if _broken_share(stream, utf8) > _DAMAGE_SHARE:
        gb18030 = Encoding("gb18030", "strict", guess.skip_bytes, _lying(guess.name))
        if _decodes(stream, gb18030):
            return gb18030
    return Encoding("utf-8", "replace", guess.skip_bytes, _damaged(guess.name))


def text_chunks(stream: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """Yield the file as text, a chunk at a time; an unfinished last character is left out."""
    decoder = codecs.getincrementaldecoder(encoding.name)(encoding.errors)
    stream.seek(encoding.skip_bytes)
    while chunk := stream.read(CHUNK_BYTES):
        yield decoder.decode(chunk)


def text_lines(stream: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """Yield the lines that are not blank, without their ends; endless ones come in pieces."""
    held = ""
    for text in text_chunks(stream, encoding):
        *lines, held = (held + text).replace("\r", "\n").split("\n")
        yield from filter(str.strip, lines)
        if len(held) > _MAX_LINE_CHARS:
            yield held
            held = ""
    if held.strip():
        yield held


def _first_guess(head: bytes) -> Encoding:
    for bom, name in _BOMS:
        if head.startswith(bom):
            return Encoding(name, skip_bytes=len(bom))
    if head.startswith((b"<\x00", b"{\x00", b"[\x00")):
        return Encoding("utf-16-le")
    if head.startswith((b"\x00<", b"\x00{", b"\x00[")):
        return Encoding("utf-16-be")
    match = _DECLARED.search(head)
    name = match[1].decode("ascii").lower() if match else "utf-8"
    try:
        name = codecs.lookup(name).name
    except LookupError:
        return Encoding("utf-8")
    if name.startswith(("gb", "hz")):
        name = "gb18030"
    # Single bytes that declare UTF-16 are UTF-8: programs copy the declaration unread.
    return Encoding(name if _TEXT_CODEC.fullmatch(name) else "utf-8")


def _decodes(stream: BinaryIO, encoding: Encoding) -> bool:
    try:
        for _ in text_chunks(stream, encoding):
            pass
    except UnicodeError:
        return False
    return True


def _broken_share(stream: BinaryIO, encoding: Encoding) -> float:
    broken = beyond_ascii = 0
    for text in text_chunks(stream, encoding):
        broken += text.count("\ufffd")
        beyond_ascii += len(text) - len(text.encode("ascii", "ignore"))
    return broken / beyond_ascii if beyond_ascii > 0 else 0.0


def _lying(name: str) -> Problem:
    return Problem(
        "encoding_mismatch",
        Text(
            f"文件声明为 {name} 编码,实际是 GBK/GB18030,已按 GB18030 读取",
            f"the file says its text is {name} but it is GBK/GB18030; read as GB18030",
        ),
    )


def _damaged(name: str) -> Problem:
    return Problem(
        "encoding_damaged",
        Text(
            f"文件中有不符合 {name} 编码的字节,个别文字可能显示为“\ufffd”,坐标不受影响",
            f"some bytes are not valid {name}; single letters may show as '\ufffd', positions are "
            "not affected",
        ),
    )

"""Reading XML from strangers: expat without namespaces, entities, surprises or recursion.

Element names are taken without their prefix, declared or not, since real apps write undeclared
ones. Nothing outside the file is ever read. A document that breaks off is read to the break.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Protocol, TypeVar
from xml.parsers import expat

from geoinspect.errors import Text, TooLargeError, TrackError
from geoinspect.ingest.formats.text import Encoding, find_encoding, text_chunks
from geoinspect.records import Problem

MAX_DEPTH = 200
# 1.3 million points with elevation and time; more takes longer than we allow a file.
MAX_TAGS = 8_000_000
# Expat reads an unfinished tag or comment again with every chunk; nobody writes such long ones.
_MAX_TAG_BYTES = 4 << 20
_MAX_TEXT_CHARS = 1 << 16
_MAX_NAMES = 10_000

# XML 1.0 allows tab, line feed and carriage return below the blank, and no U+FFFE or U+FFFF.
_CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 13))
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_LOOSE_SIGN = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos);)(#[0-9]{1,8};|#x[0-9A-Fa-f]{1,8};|[A-Za-z]\w{1,30};)?"
    rb"|<(?![A-Za-z_:/!?\x80-\xff])"
)
# Blanks, byte order marks and zero-width blanks in front of the first tag.
_BEFORE_MARKUP = b" \t\r\n\xef\xbb\xbf\xe2\x80\x8b"
_LONGEST_REFERENCE = 34
_TUPLE_END = re.compile(r"[^\s,](?=\s+[^\s,])")
# How far back from a cut a tuple may begin.
_TUPLE_CHARS = 400


class Sink(Protocol):
    """What a format does with the elements it knows, by local name."""

    @property
    def starts(self) -> Mapping[str, Callable[[dict[str, str]], None]]:
        """Called with the attributes when an element begins."""

    @property
    def ends(self) -> Mapping[str, Callable[[], None]]:
        """Called when an element ends."""

    @property
    def texts(self) -> Mapping[str, Callable[[str], None]]:
        """Called with the text of an element when it ends, before ``ends``."""

    @property
    def bulk(self) -> Mapping[str, Callable[[str], None]]:
        """Like ``texts``, for coordinate tuples that may be huge: called with some at a time."""


SinkT = TypeVar("SinkT", bound=Sink)


def read_markup(stream: BinaryIO, make_sink: Callable[[], SinkT]) -> tuple[SinkT, list[Problem]]:
    """Read a document into a new sink; return it with what had to be repaired.

    Raises:
        TrackError: Entity declarations, absurd nesting or an absurdly long tag.
        TooLargeError: More tags than any day's work.
    """
    encoding = find_encoding(stream)
    problems = [encoding.problem] if encoding.problem else []
    sink = make_sink()
    broke = _parse(_byte_chunks(stream, encoding), sink)
    if broke is not None:
        repair = _Repair()
        second = make_sink()
        broke_again = _parse(repair.chunks(_byte_chunks(stream, encoding)), second)
        if repair.count:
            sink, broke = second, broke_again
            problems.append(_repaired(repair.count))
    if broke is not None:
        problems.append(_truncated(broke))
    return sink, problems


def _byte_chunks(stream: BinaryIO, encoding: Encoding) -> Iterator[bytes]:
    for text in text_chunks(stream, encoding):
        yield text.encode("utf-8", "replace")


def _parse(chunks: Iterator[bytes], sink: Sink) -> str | None:
    """Feed UTF-8 to expat; return why it stopped before the end, if it did."""
    parser = expat.ParserCreate("utf-8")
    drain = _connect(parser, sink)
    fed = tags = 0
    try:
        for chunk in chunks:
            tags += chunk.count(b"<")
            if tags > MAX_TAGS:
                raise _too_large()
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _MAX_TAG_BYTES:
                raise _refusal("一个超长的标签或注释", "an absurdly long tag or comment")
            drain(False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        drain(True)
        return f"{expat.ErrorString(error.code)}, line {error.lineno}"
    return None


def _connect(parser: expat.XMLParserType, sink: Sink) -> Callable[[bool], None]:
    """Connect a sink to a parser; return what moves collected text on after each chunk.

    Closures over plain tables: these run two million times for a day's track.
    """
    starts, ends = _ByTag(sink.starts), _ByTag(sink.ends)
    texts, bulk = _ByTag({**sink.texts, **sink.bulk}), _ByTag(sink.bulk)
    pieces: list[str] = []
    collect = pieces.append
    depth = 0
    open_tag = ""
    take_text: Callable[..., None] | None = None

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, open_tag, take_text
        depth += 1
        if depth > MAX_DEPTH:
            raise _refusal(f"超过 {MAX_DEPTH} 层的嵌套", f"elements nested over {MAX_DEPTH} deep")
        if (begin := starts[tag]) is not None:
            begin(attributes)
        if (take := texts[tag]) is not None:
            pieces.clear()
            open_tag, take_text = tag, take
            parser.CharacterDataHandler = collect

    def end(tag: str) -> None:
        nonlocal depth, open_tag
        depth -= 1
        if tag == open_tag and take_text is not None:
            parser.CharacterDataHandler = None
            open_tag = ""
            take_text("".join(pieces))
        if (finish := ends[tag]) is not None:
            finish()

    def declared(*_: object) -> None:
        raise _refusal("实体或属性声明(DOCTYPE)", "entity or attribute declarations (DOCTYPE)")

    def drain(broke: bool) -> None:
        if not open_tag:
            return
        text = "".join(pieces)
        if (take := bulk[open_tag]) is not None:
            cut = _last_tuple_end(text)
            take(text[:cut])
            text = text[cut:]
        pieces[:] = [] if broke else [text[:_MAX_TEXT_CHARS]]

    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = declared
    parser.AttlistDeclHandler = declared
    return drain


class _ByTag(dict[str, "Callable[..., None] | None"]):
    """Tag as written, with any prefix → what to call for its local name, None for nothing."""

    def __init__(self, by_name: Mapping[str, Callable[..., None]]) -> None:
        super().__init__()
        self._by_name = by_name

    def __missing__(self, tag: str) -> Callable[..., None] | None:
        found = self._by_name.get(tag.rpartition(":")[2])
        # Names are the stranger's choice too: remember a bounded number of them.
        if len(self) < _MAX_NAMES:
            self[tag] = found
        return found


class _Repair:
    """Mends what keeps honest files from being well-formed, and counts what it mended."""

    def __init__(self) -> None:
        self.count = 0

    def chunks(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield mended UTF-8: no leading blanks, controls, loose ``&`` or ``<`` and ``&nbsp;``."""
        held = b""
        at_start = True
        for chunk in chunks:
            data = held + self._without_controls(chunk)
            if at_start:
                shorter = data.lstrip(_BEFORE_MARKUP)
                self.count += len(shorter) != len(data)
                data, at_start = shorter, not shorter
            # A sign near the end may be the beginning of a reference: wait for the rest.
            tail = max(
                data.rfind(sign, max(0, len(data) - _LONGEST_REFERENCE)) for sign in (b"&", b"<")
            )
            held = data[tail:] if tail >= 0 else b""
            yield _LOOSE_SIGN.sub(self._mended, data[: len(data) - len(held)])
        yield held

    def _without_controls(self, data: bytes) -> bytes:
        clean = data.translate(None, _CONTROLS)
        for noncharacter in _NONCHARACTERS:
            clean = clean.replace(noncharacter, b"")
        self.count += len(clean) != len(data)
        return clean

    def _mended(self, match: re.Match[bytes]) -> bytes:
        sign, reference = match[0], match[1]
        if reference is None:
            mended = b"&lt;" if sign == b"<" else b"&amp;"
        elif reference.startswith(b"#"):
            digits = reference[1:-1]
            code = int(digits[1:], 16) if digits[:1] == b"x" else int(digits)
            mended = sign if _is_character(code) else b""
        else:
            text = html.unescape(sign.decode("utf-8", "replace"))
            mended = html.escape(text, quote=False).encode()
        self.count += mended != sign
        return mended


def _is_character(code: int) -> bool:
    """Whether XML 1.0 (2.2, Char) allows a character of this number."""
    return (
        code in (9, 10, 13)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
    )


def _last_tuple_end(text: str) -> int:
    """Return where the last coordinate tuple that is surely complete ends; 0 without one."""
    begin = max(0, len(text) - _TUPLE_CHARS)
    ends = [match.end() for match in _TUPLE_END.finditer(text, begin)]
    return ends[-1] if ends else 0


def _too_large() -> TooLargeError:
    return TooLargeError(
        f"文件超过 {MAX_TAGS} 个标签,请按天或按路线拆分后再上传",
        f"the file has more than {MAX_TAGS} tags: split it by day or route",
    )


def _refusal(zh: str, en: str) -> TrackError:
    return TrackError(
        f"文件含有{zh},正常的轨迹文件没有这些,已拒绝读取;请在应用里重新导出 GPX",
        f"the file has {en}, which no track file needs, and was not read: export it again as GPX",
        code="hostile_markup",
    )


def _repaired(count: int) -> Problem:
    return Problem(
        "repaired",
        Text(
            f"文件格式不规范(多余空白、控制字符或未转义符号),已修正 {count} 处后读取",
            f"the file is not well-formed (stray blanks, control characters or signs); read after "
            f"{count} repairs",
        ),
        count,
    )


def _truncated(why: str) -> Problem:
    return Problem(
        "truncated",
        Text(
            f"文件不完整或中途损坏({why}),只读取了损坏处之前的内容;请检查原文件并重新导出",
            f"the file is cut off or damaged ({why}); everything before that place was read: check "
            "the original and export it again",
        ),
    )

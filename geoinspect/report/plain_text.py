"""Words of strangers as data, in spreadsheets and in XML."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

# A spreadsheet runs a cell that begins with one of these; a leading apostrophe makes it text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# What XML 1.0 can't hold even escaped (2.2, Char).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def inert(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula; only text is changed."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def xml_text(words: str) -> str:
    """Return words as the content of an XML element or of a double-quoted attribute."""
    return escape(_NOT_XML.sub("", words), {'"': "&quot;"})


def kml_words(words: str) -> str:
    """Return words as a KML description, which Earth browsers show as a page.

    Markup in it would be drawn and would fetch pictures; wide signs can't begin any.
    """
    return xml_text(words.translate({ord("<"): "\uff1c", ord(">"): "\uff1e"}))


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a table as CSV that spreadsheets open as it is.

    The byte-order mark is what makes Excel read Chinese text as UTF-8.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([inert(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", "replace")

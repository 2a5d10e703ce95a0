"""Where the files of an export go: into a folder or a ZIP, under names that every system takes."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias

from geoinspect.records import CHINA_TIME

SUMS = "SHA256SUMS"
# Takes the name of a file inside the export and its bytes in pieces.
Sink: TypeAlias = Callable[[str, Iterable[bytes]], None]

# With its folder a name stays below the 260 characters that old Windows takes.
_MOST_NAME = 80
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]')
_INVISIBLE = ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")


@dataclass(slots=True)
class Parcel:
    """An export in the making: puts files into its sink and keeps their sums.

    Attributes:
        sums: Name of a file → the SHA-256 that it must have.
        damaged: Names of evidence files that haven't, or are not there.
    """

    sink: Sink
    sums: dict[str, str] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)

    def put(self, name: str, content: bytes) -> None:
        """Put a file that was made for the export."""
        self.sink(name, (content,))
        self.sums[name] = hashlib.sha256(content).hexdigest()

    def put_original(self, name: str, sha256: str, chunks: Iterable[bytes] | None) -> None:
        """Put a piece of evidence.

        Its sum is the one it came with, so that whoever checks is told of one that was changed.

        Args:
            name: Inside the export.
            sha256: As it was when it came.
            chunks: Its bytes now; None when it is gone.
        """
        self.sums[name] = sha256
        digest = hashlib.sha256()

        def passed(pieces: Iterable[bytes]) -> Iterable[bytes]:
            for piece in pieces:
                digest.update(piece)
                yield piece

        if chunks is not None:
            self.sink(name, passed(chunks))
        if chunks is None or digest.hexdigest() != sha256:
            self.damaged.append(name)

    def close(self) -> int:
        """Put the list of all sums; return how many files the export holds."""
        gone = sum(name.startswith("evidence/") for name in self.damaged)
        self.sink(SUMS, (sums_bytes(self.sums),))
        return len(self.sums) + 1 - gone


def sums_bytes(sums: Mapping[str, str]) -> bytes:
    """Return sums as ``sha256sum -c`` reads them."""
    return "".join(f"{sha256} *{name}\n" for name, sha256 in sorted(sums.items())).encode()


def folder_sink(folder: Path) -> Sink:
    """Return what writes files below a folder."""

    def put(name: str, chunks: Iterable[bytes]) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as out:
            for chunk in chunks:
                out.write(chunk)

    return put


def zip_sink(packed: zipfile.ZipFile, inside: str, now: datetime) -> Sink:
    """Return what writes files into a ZIP, below one folder, all with one time."""
    t = now.astimezone(CHINA_TIME)
    moment = (max(t.year, 1980), t.month, t.day, t.hour, t.minute, t.second)

    def put(name: str, chunks: Iterable[bytes]) -> None:
        entry = zipfile.ZipInfo(f"{inside}/{name}", moment)
        entry.external_attr = 0o644 << 16
        # Photos and videos are packed already.
        stored = name.startswith("evidence/")
        entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        with packed.open(entry, "w", force_zip64=True) as out:
            for chunk in chunks:
                out.write(chunk)

    return put


def opened_zip(out: BinaryIO) -> zipfile.ZipFile:
    """Return a ZIP to write to."""
    return zipfile.ZipFile(out, "w")


def safe_name(n: int, name: str) -> str:
    """Return the name of a piece of evidence as every system can store it: ``07-照片.jpg``.

    The number before it makes the names differ, and keeps CON, NUL and dots from being first.
    """
    text = unicodedata.normalize("NFC", name)
    text = "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in text)
    text = " ".join(_NOT_IN_NAMES.sub("_", text).split()).strip(". ")
    stem, dot, ending = text.rpartition(".")
    if dot and len(ending) <= 8:
        text = f"{_cut(stem, _MOST_NAME - len(ending) - 1)}.{ending}"
    return f"{n:02d}-{_cut(text, _MOST_NAME) or 'file'}"


def _cut(text: str, most: int) -> str:
    """Return the beginning of a text, in at most so many characters and 2½ as many UTF-8 bytes."""
    return text[:most].encode()[: most * 5 // 2].decode("utf-8", "ignore").rstrip(". ")

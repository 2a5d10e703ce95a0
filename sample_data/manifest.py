"""The list of everything that was written, for people and for the demo."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

NOTE = "模拟数据,非真实地点、人员或发现 / simulated data: no real place, person or finding"

FileKind = Literal[
    "areas",
    "units",
    "roster",
    "zones",
    "track",
    "survey",
    "footprints",
    "landmarks",
    "trial",
    "trial_walk",
    "sites",
    "targets",
    "basemap",
    "dem",
    "truth",
    "notes",
]

# A county that an older generator wrote is made anew.
_VERSION = 4


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file: where it lies, what it is, and what its sender would say of it.

    Attributes:
        path: Relative to the folder, with forward slashes.
        about: What else is known; for tracks unit, team, person, headcount, mode,
            day, format and dirt; for a trial's targets its method, day and
            the file of its walk.
    """

    path: str
    kind: FileKind
    size: int
    sha256: str
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole sample county.

    Attributes:
        crs: Metric CRS of the grid the county would choose.
        campaign: Name, area code, start, end and cell size of the campaign the tracks belong to.
    """

    seed: int
    crs: str
    campaign: dict[str, Any]
    files: tuple[SampleFile, ...]
    version: int = _VERSION
    simulated: bool = True
    note: str = NOTE

    def of_kind(self, kind: FileKind) -> tuple[SampleFile, ...]:
        """Return the files of one kind, in the order they were written."""
        return tuple(file for file in self.files if file.kind == kind)

    def as_json(self) -> dict[str, Any]:
        """Return plain lists and dictionaries."""
        return asdict(self)


class Ledger:
    """Takes down each file as it is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[SampleFile] = []

    def path(self, relative: str) -> Path:
        """Return the full path of a file to write, its folder made."""
        target = self.folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def add(self, relative: str, kind: FileKind, **about: object) -> None:
        """Note a file that is now complete."""
        target = self.folder / relative
        with target.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        self.files.append(SampleFile(relative, kind, target.stat().st_size, digest, about))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json``; it comes last, so a folder that has it is complete."""
    text = json.dumps(manifest.as_json(), ensure_ascii=False, indent=1, default=_plain)
    (folder / "manifest.json").write_text(text + "\n", "utf-8")


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a complete sample county; None when there is none of this version."""
    path = folder / "manifest.json"
    if not path.is_file():
        return None
    read = json.loads(path.read_text("utf-8"))
    if read.get("version") != _VERSION:
        return None
    files = tuple(SampleFile(**file) for file in read.pop("files"))
    return Manifest(files=files, **read)


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} can't go into the manifest")

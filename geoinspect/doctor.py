"""Check that what the program needs is there, in words an administrator can act on."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from dataclasses import dataclass
from importlib import metadata

from geoinspect.casework.chain import verify_workspace
from geoinspect.store import sightings
from geoinspect.store.workspace import Workspace

_PACKAGES = ("numpy", "shapely", "pyproj", "geopandas", "rasterio", "numba", "folium", "flask")
_FREE_GB = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what it found."""

    name: str
    ok: bool
    found: str


def check_installation() -> list[Finding]:
    """Return what was found of the interpreter and the libraries."""
    found = [
        Finding("Python", sys.version_info[:2] >= (3, 11), sys.version.split()[0]),
        _rtree(),
    ]
    for package in _PACKAGES:
        try:
            found.append(Finding(package, True, metadata.version(package)))
        except metadata.PackageNotFoundError:
            found.append(Finding(package, False, "未安装 not installed"))
    return found


def check_workspace(workspace: Workspace) -> list[Finding]:
    """Return what was found of a workspace: database, audit chain, raw files, disk."""
    integrity = workspace.database.integrity()
    free_gb = shutil.disk_usage(workspace.folder).free / 1e9
    found = [
        Finding("数据库 database", integrity == "ok", integrity),
        Finding("磁盘 disk", free_gb > _FREE_GB, f"{free_gb:.1f} GB 可用 free"),
        Finding("检测中间结果 planes", True, _planes_text(workspace)),
    ]
    with workspace.database.reading() as session:
        surveys = sightings.surveys(session)
        tracks = sightings.tracks(session)
    lost = [s.name for s in surveys if not workspace.survey_path(s.id).is_file()]
    text = (
        f"{len(surveys)} 个 rasters"
        if not lost
        else f"缺失,请重新添加 lost, add again: {', '.join(lost[:5])}"
    )
    found.append(Finding("航测影像 surveys", not lost, text))
    raw = [s.file for s in surveys] + [t.file for t in tracks]
    gone = [f.name for f in raw if not workspace.vault.path_of(f.sha256).is_file()]
    text = f"{len(raw)} 个 files" if not gone else f"缺失 lost: {', '.join(gone[:5])}"
    found.append(Finding("原始文件 raw files", not gone, text))
    report = verify_workspace(workspace, with_files=False)
    error = report.error()
    text = f"{report.rows} 行 rows, {report.last_hash[:12]}…" if error is None else str(error.text)
    found.append(Finding("审计链 audit chain", error is None, text))
    return found


def _planes_text(workspace: Workspace) -> str:
    """Return how much room the planes of detection take."""
    files = [path for path in (workspace.folder / "planes").rglob("*") if path.is_file()]
    size_gb = sum(path.stat().st_size for path in files) / 1e9
    return (
        f"{size_gb:.2f} GB,可删除,下次检测会重建 may be deleted, the next detection makes them anew"
    )


def _rtree() -> Finding:
    try:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE VIRTUAL TABLE t USING rtree(id, a, b)")
    except sqlite3.OperationalError as error:
        return Finding("SQLite R*Tree", False, str(error))
    return Finding("SQLite R*Tree", True, sqlite3.sqlite_version)

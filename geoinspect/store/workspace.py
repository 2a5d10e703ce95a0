"""A workspace: a folder with its settings, its database, its raw files and its rasters."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import threading
import time
import uuid
from functools import cached_property
from pathlib import Path

from geoinspect.errors import StoreError, UsageError
from geoinspect.setting_values import Value, usable
from geoinspect.settings import CONFIG_NAME, Settings, load_settings
from geoinspect.store import settings_kept
from geoinspect.store.database import Database
from geoinspect.store.vault import Vault

DATABASE_NAME = "geoinspect.db"
# An upload in progress touches its file; nothing honest rests this long.
_LEFTOVER_S = 86_400
_KEY_BYTES = 32
_SETTINGS_OLD_S = 1.0
_CONFIG_TEMPLATE = """\
# geoinspect 工作区 / workspace. 可改的设置及其含义见 docs/guide/settings.md;
# every setting and its meaning: docs/guide/settings.md
"""


class Workspace:
    """An opened workspace. Use it as a context manager, or call :meth:`close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Read at once, lest a fault of the file be found late.
        self._settings: Settings = load_settings(folder)
        self._kept: dict[str, Value] = {}
        self._looked_s = -math.inf
        self._pinned = False
        self._looking = threading.Lock()
        self.database = Database(folder / DATABASE_NAME)
        self.vault = Vault(folder / "files")

    @classmethod
    def create(
        cls, folder: Path, *, database_path: Path | None = None, config: str = ""
    ) -> Workspace:
        """Make a new workspace, or open the one that is there.

        Args:
            folder: Made when missing.
            database_path: Only the workspace's own database file is supported.
            config: Lines of TOML for a new ``geoinspect.toml``.

        Raises:
            UsageError: ``folder`` is a file, or the database lies outside the workspace.
        """
        if folder.exists() and not folder.is_dir():
            raise UsageError(
                f"“{folder}”是文件,不是文件夹:请换一个名字",
                f"{folder} is a file, not a folder: choose another name",
                code="not_a_folder",
            )
        own = folder / DATABASE_NAME
        if database_path is not None and database_path.resolve() != own.resolve():
            raise UsageError(
                f"数据库必须在工作区内:{own}",
                f"the database must lie in the workspace: {own}",
                code="database_elsewhere",
            )
        if any((folder / "files").glob("??/*")):
            cls._refuse_lost_database(folder)
        try:
            # Second factors, hashes and reporters' words lie in it: for this account of the server alone.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (folder / CONFIG_NAME).exists():
                (folder / CONFIG_NAME).write_text(_CONFIG_TEMPLATE + config, encoding="utf-8")
            (folder / "surveys").mkdir(exist_ok=True)
            (folder / "files").mkdir(exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"无法在“{folder}”建立工作区:{error.strerror}",
                f"cannot make a workspace in {folder}: {error.strerror}",
                code="cannot_write",
            ) from error
        workspace = cls(folder)
        workspace.database.upgrade()
        return workspace

    @classmethod
    def open(cls, folder: Path) -> Workspace:
        """Open an existing workspace.

        Raises:
            UsageError: There is none in ``folder``.
        """
        if not (folder / CONFIG_NAME).is_file():
            raise UsageError(
                f"“{folder}”不是工作区(没有 {CONFIG_NAME}):请先运行 geoinspect init {folder}",
                f"{folder} is no workspace (no {CONFIG_NAME}): run geoinspect init {folder} first",
                code="no_workspace",
            )
        cls._refuse_lost_database(folder)
        workspace = cls(folder)
        workspace.database.upgrade()
        workspace.sweep_leftovers()
        return workspace

    @staticmethod
    def _refuse_lost_database(folder: Path) -> None:
        if not (folder / DATABASE_NAME).is_file():
            raise StoreError(
                f"工作区“{folder}”的数据库 {DATABASE_NAME} 不见了:请从备份恢复,不要重新建立",
                f"the database {DATABASE_NAME} of the workspace {folder} is missing: restore it "
                "from a backup, don't make a new one",
                code="database_missing",
            )

    @property
    def settings(self) -> Settings:
        """The settings that hold, at most a second old: other processes may change them."""
        if not self._pinned and time.monotonic() - self._looked_s > _SETTINGS_OLD_S:
            # Who comes while another looks takes what was known.
            wait = self._looked_s == -math.inf
            if self._looking.acquire(blocking=wait):
                try:
                    self._look()
                finally:
                    self._looking.release()
        return self._settings

    @settings.setter
    def settings(self, given: Settings) -> None:
        """Let these hold in this process, whatever the database says."""
        self._settings, self._pinned = given, True

    def look_at_settings(self) -> Settings:
        """Return the settings that hold now, after one of them was set."""
        self._looked_s = min(self._looked_s, 0.0)
        with self._looking:
            if not self._pinned:
                self._look()
        return self._settings

    def _look(self) -> None:
        with self.database.reading() as session:
            kept = usable(settings_kept.values(session))
        if kept != self._kept:
            # A file that was spoilt while we run is a matter of the next start.
            with contextlib.suppress(UsageError):
                self._settings, self._kept = load_settings(self.folder, kept), kept
        self._looked_s = time.monotonic()

    def sweep_leftovers(self) -> int:
        """Remove half-written files of work that was cut off a day ago or longer; return how many."""
        left = [*(self.folder / "files" / "inbox").glob("*")]
        left += [p for p in (self.folder / "surveys").glob("*.tif") if not p.stem.isdecimal()]
        left += [*(self.folder / "surveys").glob(".*")]
        removed = 0
        for path in left:
            # A file may be finished and renamed while we look.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _LEFTOVER_S:
                    if path.is_dir():
                        shutil.rmtree(path, ignore_errors=True)
                    else:
                        path.unlink()
                    removed += 1
        return removed

    def close(self) -> None:
        """Give back every connection."""
        self.database.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def survey_path(self, survey_id: int) -> Path:
        """Return where the re-encoded raster of a survey lies."""
        return self.folder / "surveys" / f"{survey_id}.tif"

    def planes_path(self, survey_id: int) -> Path:
        """Return the folder of a survey's detection planes; what lies there can be made anew."""
        return self.folder / "planes" / str(survey_id)

    def drop_planes(self, survey_id: int) -> None:
        """Remove a survey's planes, as its raster is another one now."""
        shutil.rmtree(self.planes_path(survey_id), ignore_errors=True)

    @property
    def terrain_path(self) -> Path:
        """Where the elevation model lies, when there is one."""
        return self.folder / "terrain.tif"

    @cached_property
    def basemap_path(self) -> Path | None:
        """The base map of the settings, relative to the workspace; None for plain ground."""
        if not self.settings.basemap:
            return None
        return (self.folder / self.settings.basemap).resolve()

    def secret_key(self) -> bytes:
        """Return the key that signs this workspace's sessions, made at the first call."""
        path = self.folder / "secret.key"
        if not path.exists():
            temp = path.with_name(f".{uuid.uuid4().hex}.key")
            with os.fdopen(os.open(temp, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
                out.write(os.urandom(_KEY_BYTES))
            # The first process to link wins; the others take its key.
            with contextlib.suppress(FileExistsError):
                os.link(temp, path)
            temp.unlink()
        key = path.read_bytes()
        if len(key) < _KEY_BYTES:
            raise StoreError(
                f"{path} 已损坏:请删除它,所有人需重新登录",
                f"{path} is damaged: delete it, everybody will have to sign in again",
                code="bad_key",
            )
        return key

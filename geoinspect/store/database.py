"""Open the database so that nothing acknowledged is ever lost, and bring its tables up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.orm import Session

from geoinspect.errors import StoreError, UsageError

_MIGRATIONS = Path(__file__).parent / "migrations"
# SQLite lets writers in by chance, not in turn: who waits must outlast a crowd.
_BUSY_TIMEOUT_MS = 30_000


class Database:
    """One SQLite database: many readers, one writer at a time.

    Args:
        path: The database file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _sqlite_engine(path)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session over one consistent snapshot; what it changes is thrown away."""
        with (
            _told_of_the_database(),
            self._engine.connect() as connection,
            Session(connection) as session,
        ):
            yield session

    @contextmanager
    def writing(self, *, at_once: bool = False) -> Iterator[Session]:
        """Yield a session that holds the write lock from its first statement.

        It commits when the block ends and rolls back when it raises.

        Args:
            at_once: Fail instead of waiting for others who write.
        """
        engine = self._engine.execution_options(writes=True, at_once=at_once)
        with (
            _told_of_the_database(),
            engine.connect() as connection,
            connection.begin(),
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session
            session.flush()

    def upgrade(self) -> None:
        """Bring the tables to this version's schema; a database that has it is only read.

        Raises:
            StoreError: The database was written by a newer version, is busy, or is no database of
                ours.
        """
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        script = ScriptDirectory.from_config(config)
        try:
            with _told_of_the_database():
                self._migrate(config, script)
        except (DatabaseError, UnicodeDecodeError) as error:
            # Damaged text of the schema fails in the driver itself.
            why = error.orig if isinstance(error, DatabaseError) else error.reason
            raise StoreError(
                f"{self.path.name} 不是可用的数据库:{why}。请从备份恢复",
                f"{self.path.name} is not a usable database: {why}. Restore a backup",
                code="bad_database",
            ) from error

    def _migrate(self, config: Config, script: ScriptDirectory) -> None:
        # Opening a workspace must not wait for those who write in it.
        if self.revision() == script.get_current_head():
            return
        with self._engine.execution_options(writes=True).begin() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            known = {revision.revision for revision in script.walk_revisions()}
            if current is not None and current not in known:
                raise StoreError(
                    f"数据库 {self.path.name} 由更新的版本写入({current}):请升级 geoinspect",
                    f"the database {self.path.name} was written by a newer version "
                    f"(revision {current}): upgrade geoinspect",
                    code="newer_database",
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def revision(self) -> str | None:
        """Return the schema revision, None for an empty database."""
        with self._engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def integrity(self) -> str:
        """Return ``ok`` or SQLite's own list of what is broken."""
        with self._engine.connect() as connection:
            return str(connection.execute(text("PRAGMA integrity_check")).scalar_one())


@contextmanager
def _told_of_the_database() -> Iterator[None]:
    """Turn a locked database or a full disk into words."""
    try:
        yield
    except OperationalError as error:
        if "locked" in str(error.orig):
            raise StoreError(
                "数据库正忙:请稍后再试,没有丢失任何内容",
                "the database is busy: try again in a moment, nothing is lost",
                code="busy",
            ) from error
        raise StoreError(
            f"数据库无法读写({error.orig}):请检查磁盘空间和权限",
            f"the database can't be read or written ({error.orig}): check disk space and rights",
            code="cannot_write",
        ) from error


def sqlite_path(url: str) -> Path:
    """Return the file of a ``sqlite:///…`` address.

    Raises:
        UsageError: Any other kind of database; PostGIS comes in a later version.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageError(
            f"数据库地址“{url}”无法识别:请用 sqlite:///路径,或省略 --db",
            f"cannot read the database address {url!r}: use sqlite:///PATH or leave --db out",
            code="bad_database_address",
        ) from error
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        name = parsed.get_backend_name()
        raise UsageError(
            f"暂不支持 {name} 数据库:PostGIS 将在后续版本提供。请用 sqlite:///路径,或省略 --db",
            f"{name} databases are not supported yet: PostGIS comes in a later version. "
            "Use sqlite:///PATH or leave --db out",
            code="database_not_supported",
        )
    return Path(parsed.database)


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000},
        pool_size=16,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: SQLiteConnection, _record: object) -> None:
        # The driver's own transaction handling would open them as plain BEGIN, which loses
        # read-then-write work to "database is locked" under load; we begin them ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("at_once", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")
            return
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")

    return engine

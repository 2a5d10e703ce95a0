"""A database of the first version comes to this one with all that was in it."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import county_builder as county
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from patrol_builders import MAY14, Office, gpx_text, wander
from sqlalchemy import create_engine

import geoinspect.store
from geoinspect.intake import Intake, TrackTags, open_campaign
from geoinspect.patrols.choices import Counts
from geoinspect.snapshot import take_snapshot
from geoinspect.store import audit, sightings
from geoinspect.store.database import Database
from geoinspect.store.workspace import DATABASE_NAME, Workspace

MIGRATIONS = Path(geoinspect.store.__file__).parent / "migrations"
KEPT_TABLES = ("area", "unit", "file", "campaign", "look", "audit", "survey", "patch", "user")
FIRST_TRACK = (
    *("id", "file_id", "name", "format", "unit_code", "team", "mode", "day", "first_time"),
    *("last_time", "points", "length_m", "cleaned_length_m", "datum_found", "datum_used"),
    *("report", "geometry", "west", "south", "east", "north"),
)


def first_version(path: Path) -> sqlite3.Connection:
    """An empty database as the first version made it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    return sqlite3.connect(path)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A workspace whose database is of the first version: three tracks, their looks, an audit."""
    with Office(tmp_path) as office:
        for n in (1, 2, 3):
            way = wander(n, y_m=200 + 500 * n)
            office.add(f"{n}.gpx", way.recorded(n), unit_code="U990100002", team="一组")
        folder = office.folder / "w"
    newer = sqlite3.connect(folder / DATABASE_NAME)
    older = first_version(tmp_path / "old.db")
    columns = {table: columns_of(older, table) for table in KEPT_TABLES}
    for table, names in {**columns, "track": list(FIRST_TRACK)}.items():
        rows = newer.execute(f"SELECT {','.join(map(quoted, names))} FROM {quoted(table)}")
        marks = ",".join("?" * len(names))
        older.executemany(
            f"INSERT INTO {quoted(table)} ({','.join(map(quoted, names))}) VALUES ({marks})", rows
        )
    older.commit()
    older.close()
    newer.close()
    for path in folder.glob(f"{DATABASE_NAME}*"):
        path.unlink()
    (tmp_path / "old.db").rename(folder / DATABASE_NAME)
    return folder


def quoted(name: str) -> str:
    return f'"{name}"'


def columns_of(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]


def rows_of(folder: Path, table: str, names: tuple[str, ...] = ("*",)) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / DATABASE_NAME) as database:
        return database.execute(f'SELECT {",".join(names)} FROM "{table}" ORDER BY 1').fetchall()


def test_everything_stays(old: Path) -> None:
    with sqlite3.connect(old / DATABASE_NAME) as database:
        first = {table: tuple(columns_of(database, table)) for table in KEPT_TABLES}
    names = {table: tuple(map(quoted, columns)) for table, columns in first.items()}
    before = {table: rows_of(old, table, names[table]) for table in KEPT_TABLES}
    tracks, boxes = rows_of(old, "track", FIRST_TRACK), rows_of(old, "track_box")
    assert len(tracks) == len(boxes) == 3
    with Workspace.open(old) as workspace:
        database = workspace.database
        assert database.revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
        assert database.integrity() == "ok"
        with database.reading() as session:
            assert session.connection().exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
            assert audit.verify(session)[0] == len(before["audit"])
    assert {table: rows_of(old, table, names[table]) for table in KEPT_TABLES} == before
    assert rows_of(old, "track", FIRST_TRACK) == tracks
    assert rows_of(old, "track_box") == boxes
    cleaned = FIRST_TRACK.index("cleaned_length_m")
    counted = rows_of(old, "track", ("id", "counted_length_m", "part", "choices", "trace"))
    assert counted == [(row[0], row[cleaned], 0, "{}", None) for row in tracks]


def test_the_boxes_follow_again(old: Path) -> None:
    with Workspace.open(old) as workspace:
        intake = Intake(workspace, actor="t")
        path = old.parent / "new.gpx"
        path.write_text(gpx_text(wander(9).recorded(9)), "utf-8")
        number = intake.add_track(path).record_id
        with workspace.database.writing() as session:
            row = sightings.track(session, 1)
            row.geometry = row.geometry.buffer(0.5).boundary
            session.delete(sightings.track(session, 2))
        whole = (county.WEST, county.SOUTH, county.WEST + 0.04, county.SOUTH + 0.02)
        with workspace.database.reading() as session:
            found = {row.id for row in sightings.tracks_in(session, whole, limit=9)}
            assert found == {1, 3, number}
            beyond = (county.WEST - 0.5, county.SOUTH - 0.5, county.WEST - 0.4, county.SOUTH)
            assert [row.id for row in sightings.tracks_in(session, beyond, limit=9)] == [1]
        assert workspace.database.integrity() == "ok"
    assert len(rows_of(old, "track_box")) == 3


def test_old_tracks_count_as_before_and_can_be_overruled(old: Path) -> None:
    with Workspace.open(old) as workspace:
        before = take_snapshot(workspace, 1).table
        _, looks = open_campaign(
            workspace,
            "复查",
            area_code="990100",
            start=date(2026, 5, 10),
            end=date(2026, 5, 20),
            cell_m=100,
            actor="t",
        )
        assert looks == 3
        again = take_snapshot(workspace, 2).table
        assert (again.seen_fraction == before.seen_fraction).all()
        assert again.length_m == pytest.approx(before.length_m)
        office = Office.__new__(Office)
        office.workspace, office.intake = workspace, Intake(workspace, actor="t")
        row = office.review(1, counts=Counts.NOTHING, note="重复")
        assert row.patrol_id is not None
        assert take_snapshot(workspace, 1).table.length_m.sum() < 0.8 * before.length_m.sum()
        office.review(1, counts=Counts.AUTO)
        assert (take_snapshot(workspace, 1).table.seen_fraction == before.seen_fraction).all()
        path = workspace.vault.path_of(row.file.sha256)
        again_ = office.intake.add_track(path, tags=TrackTags(day=MAY14, person="P1"))
        assert again_.status == "duplicate"
        assert office.track(1).people == ["P1"]


def test_a_migration_that_is_cut_off_leaves_the_first_version(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    tracks = rows_of(old, "track")
    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", cut_off)
        database = Database(old / DATABASE_NAME)
        with pytest.raises(KeyboardInterrupt):
            database.upgrade()
        assert database.revision() == "0001"
        database.close()
    assert rows_of(old, "track") == tracks
    with Workspace.open(old) as workspace, workspace.database.reading() as session:
        assert len(sightings.tracks(session)) == 3

"""Cases, their evidence, sites, tips, and what a licence allows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BOX = ("west", "south", "east", "north")


def upgrade() -> None:
    # Added in place: making the table anew would lose what keeps its R*Tree.
    op.add_column("zone", sa.Column("licence_no", sa.String(), nullable=True))
    op.add_column("zone", sa.Column("licence_m2", sa.Double(), nullable=True))
    _make_cases()
    _make_links()
    _make_targets()
    _make_sites()
    _make_tips()


def _text(name: str, length: int | None = None, *, empty: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=empty)


def _number(name: str, *, empty: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=empty)


def _whole(name: str, *, empty: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=empty)


def _json(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _table(name: str, *parts: SchemaItem, boxed: bool = False, counted: bool = False) -> None:
    if boxed:
        sides: list[SchemaItem] = [_number(side) for side in _BOX]
        parts = (*parts, sa.Column("geometry", sa.LargeBinary(), nullable=False), *sides)
    key = sa.PrimaryKeyConstraint("id", name=f"pk_{name}")
    op.create_table(name, _whole("id"), *parts, key, sqlite_autoincrement=counted)
    if boxed:
        _keep_boxes(name)


def _keep_boxes(name: str) -> None:
    op.execute(f"CREATE VIRTUAL TABLE {name}_box USING rtree(id, west, east, south, north)")
    values = "new.id, new.west, new.east, new.south, new.north"
    op.execute(
        f'CREATE TRIGGER {name}_box_add AFTER INSERT ON "{name}" BEGIN '
        f"INSERT INTO {name}_box VALUES ({values}); END"
    )
    op.execute(
        f'CREATE TRIGGER {name}_box_move AFTER UPDATE OF west, east, south, north ON "{name}" '
        f"BEGIN INSERT OR REPLACE INTO {name}_box VALUES ({values}); END"
    )
    op.execute(
        f'CREATE TRIGGER {name}_box_drop AFTER DELETE ON "{name}" BEGIN '
        f"DELETE FROM {name}_box WHERE id = old.id; END"
    )


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{other}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name)


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _make_cases() -> None:
    _table(
        "case",
        _text("number", 16),
        _text("title"),
        _text("origin", 12),
        _text("opened_at", 32),
        _text("opened_by"),
        _text("state", 12),
        _text("state_since", 32),
        _text("unit_code", empty=True),
        _text("area_code", empty=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        _whole("version"),
        _whole("merged_into", empty=True),
        _json("facts"),
        _to("case", "merged_into", "case"),
        _unique("case", "number"),
        boxed=True,
        counted=True,
    )
    _index("case", "state", "unit_code", "area_code")
    _table(
        "case_event",
        _whole("case_id"),
        _whole("seq"),
        _text("action", 12),
        _text("from_state", 12, empty=True),
        _text("to_state", 12),
        _text("actor"),
        _text("role"),
        _text("unit_code", empty=True),
        _text("at", 32),
        _text("happened", 32, empty=True),
        _text("client_id", 64),
        _json("details"),
        _to("case_event", "case_id", "case"),
        _unique("case_event", "case_id", "seq"),
        _unique("case_event", "client_id"),
        counted=True,
    )
    _index("case_event", "case_id")


def _make_links() -> None:
    _table(
        "case_link",
        _whole("case_id"),
        _text("kind", 8),
        _whole("source_id"),
        _whole("survey_id", empty=True),
        _text("label"),
        _text("at", 32),
        _text("by"),
        _text("gone_at", 32, empty=True),
        _json("details"),
        sa.Column("geometry", sa.LargeBinary(), nullable=True),
        _to("case_link", "case_id", "case"),
        _to("case_link", "survey_id", "survey"),
    )
    _index("case_link", "case_id", "source_id", "survey_id")
    _table(
        "evidence",
        _whole("case_id"),
        _whole("event_seq"),
        _text("kind", 10),
        _whole("file_id", empty=True),
        _text("sha256", 64, empty=True),
        _text("name"),
        _text("note"),
        _text("taken", 32, empty=True),
        _number("lon", empty=True),
        _number("lat", empty=True),
        _number("distance_m", empty=True),
        _text("added_at", 32),
        _text("added_by"),
        _json("facts"),
        _to("evidence", "case_id", "case"),
        _to("evidence", "file_id", "file"),
    )
    _index("evidence", "case_id", "file_id", "sha256")


def _make_targets() -> None:
    _table(
        "target_list",
        _text("name"),
        _whole("file_id"),
        sa.Column("day", sa.Date(), nullable=True),
        _number("tolerance_m"),
        _text("added_at", 32),
        _text("added_by"),
        _json("details"),
        _to("target_list", "file_id", "file"),
        _unique("target_list", "file_id"),
    )
    _table(
        "target",
        _whole("list_id"),
        _text("code"),
        _number("area_m2", empty=True),
        sa.Column("day", sa.Date(), nullable=True),
        _text("note"),
        _to("target", "list_id", "target_list"),
        boxed=True,
    )
    _index("target", "list_id")


def _make_sites() -> None:
    _table(
        "site",
        _text("code"),
        _text("name"),
        _text("kind", 16),
        _text("unit_code", empty=True),
        _text("area_code", empty=True),
        _whole("interval_days"),
        _number("radius_m"),
        _number("dwell_s"),
        sa.Column("starts", sa.Date(), nullable=True),
        sa.Column("ends", sa.Date(), nullable=True),
        _number("risk"),
        _json("checklist"),
        _whole("case_id", empty=True),
        _text("note"),
        sa.Column("active", sa.Boolean(), nullable=False),
        _text("made_at", 32),
        _text("made_by"),
        _to("site", "case_id", "case"),
        _unique("site", "code"),
        boxed=True,
    )
    _index("site", "unit_code", "area_code")
    _table(
        "site_visit",
        _whole("site_id"),
        _whole("track_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _text("arrived", 32),
        _number("dwell_s"),
        _number("nearest_m"),
        _text("unit_code", empty=True),
        _to("site_visit", "site_id", "site"),
        _to("site_visit", "track_id", "track"),
    )
    _index("site_visit", "site_id", "track_id")
    _table(
        "site_answer",
        _whole("site_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _text("at", 32),
        _text("happened", 32, empty=True),
        _text("by"),
        _text("unit_code", empty=True),
        _text("client_id", 64),
        _number("lon", empty=True),
        _number("lat", empty=True),
        _text("note"),
        _json("answers"),
        _json("files"),
        _to("site_answer", "site_id", "site"),
        _unique("site_answer", "client_id"),
    )
    _index("site_answer", "site_id")


def _make_tips() -> None:
    _table(
        "tip",
        _text("number", 16),
        _text("received_at", 32),
        _text("client_id", 64),
        _text("claim_hash", 64, empty=True),
        _text("text"),
        _text("place"),
        _number("lon", empty=True),
        _number("lat", empty=True),
        _text("state", 10),
        _whole("case_id", empty=True),
        _whole("merged_into", empty=True),
        _text("answered_at", 32, empty=True),
        _text("answered_by", empty=True),
        _text("reward", 10),
        _number("reward_yuan", empty=True),
        _json("files"),
        _json("details"),
        _to("tip", "case_id", "case"),
        _to("tip", "merged_into", "tip"),
        *(_unique("tip", column) for column in ("number", "client_id", "claim_hash")),
    )
    _index("tip", "state", "case_id")

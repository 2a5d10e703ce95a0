"""Patrols, copies, people and photos; a file may hold several tracks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _follow_boxes(table: str) -> None:
    """Keep a table's R*Tree in step by triggers, as the first migration does."""
    values = "new.id, new.west, new.east, new.south, new.north"
    op.execute(
        f"CREATE TRIGGER {table}_box_add AFTER INSERT ON {table} BEGIN "
        f"INSERT INTO {table}_box VALUES ({values}); END"
    )
    op.execute(
        f"CREATE TRIGGER {table}_box_move AFTER UPDATE OF west, east, south, north ON {table} "
        f"BEGIN INSERT OR REPLACE INTO {table}_box VALUES ({values}); END"
    )
    op.execute(
        f"CREATE TRIGGER {table}_box_drop AFTER DELETE ON {table} BEGIN "
        f"DELETE FROM {table}_box WHERE id = old.id; END"
    )


def upgrade() -> None:
    _make_tables()
    with op.batch_alter_table("track", recreate="always") as table:
        table.drop_constraint("uq_track_file_id", type_="unique")
        table.create_unique_constraint("uq_track_file_id_part", ["file_id", "part"])
        table.add_column(sa.Column("part", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("patrol_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_track_patrol_id_patrol", "patrol", ["patrol_id"], ["id"])
        table.create_index("ix_track_patrol_id", ["patrol_id"])
        table.add_column(sa.Column("people", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(
            sa.Column("counted_length_m", sa.Double(), nullable=False, server_default="0")
        )
        table.add_column(sa.Column("inside_length_m", sa.Double(), nullable=True))
        table.add_column(sa.Column("inside_s", sa.Double(), nullable=True))
        table.add_column(sa.Column("choices", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("doubts", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("decision", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("trace", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("sketch", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("route", sa.LargeBinary(), nullable=True))
    op.execute("UPDATE track SET counted_length_m = cleaned_length_m")
    # Making the table anew took its triggers away; the boxes themselves are still right.
    _follow_boxes("track")


def _make_tables() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("code", name="uq_person_code"),
    )
    op.create_table(
        "patrol",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("team", sa.String(), nullable=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("headcount", sa.Integer(), nullable=True),
        sa.Column("first_time", sa.String(32), nullable=True),
        sa.Column("last_time", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_patrol"),
    )
    op.create_index("ix_patrol_day", "patrol", ["day"])
    op.create_table(
        "copy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("other_share", sa.Double(), nullable=False),
        sa.Column("offset_s", sa.Double(), nullable=True),
        sa.Column("shift_m", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name="fk_copy_track_id_track"),
        sa.ForeignKeyConstraint(["other_id"], ["track.id"], name="fk_copy_other_id_track"),
        sa.PrimaryKeyConstraint("id", name="pk_copy"),
    )
    op.create_index("ix_copy_track_id", "copy", ["track_id"])
    op.create_index("ix_copy_other_id", "copy", ["other_id"])
    op.create_table(
        "photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("team", sa.String(), nullable=True),
        sa.Column("taken", sa.String(32), nullable=True),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("geometry", sa.LargeBinary(), nullable=False),
        sa.Column("west", sa.Double(), nullable=False),
        sa.Column("south", sa.Double(), nullable=False),
        sa.Column("east", sa.Double(), nullable=False),
        sa.Column("north", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name="fk_photo_file_id_file"),
        sa.PrimaryKeyConstraint("id", name="pk_photo"),
        sa.UniqueConstraint("file_id", name="uq_photo_file_id"),
    )
    op.execute("CREATE VIRTUAL TABLE photo_box USING rtree(id, west, east, south, north)")
    _follow_boxes("photo")

"""How well ground is searched, where risk lies, what is claimed and planned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BOX = ("west", "south", "east", "north")


def upgrade() -> None:
    with op.batch_alter_table("look") as table:
        table.add_column(sa.Column("basis", sa.JSON(), nullable=False, server_default="{}"))
    _make_ways_of_looking()
    _make_risk()
    _make_claims()


def _table(name: str, *parts: SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        *parts,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )


def _boxed_table(name: str, *parts: SchemaItem) -> None:
    sides: list[SchemaItem] = [sa.Column(side, sa.Double(), nullable=False) for side in _BOX]
    _table(name, *parts, sa.Column("geometry", sa.LargeBinary(), nullable=False), *sides)
    op.execute(f"CREATE VIRTUAL TABLE {name}_box USING rtree(id, west, east, south, north)")
    values = "new.id, new.west, new.east, new.south, new.north"
    op.execute(
        f"CREATE TRIGGER {name}_box_add AFTER INSERT ON {name} BEGIN "
        f"INSERT INTO {name}_box VALUES ({values}); END"
    )
    op.execute(
        f"CREATE TRIGGER {name}_box_move AFTER UPDATE OF west, east, south, north ON {name} "
        f"BEGIN INSERT OR REPLACE INTO {name}_box VALUES ({values}); END"
    )
    op.execute(
        f"CREATE TRIGGER {name}_box_drop AFTER DELETE ON {name} BEGIN "
        f"DELETE FROM {name}_box WHERE id = old.id; END"
    )


def _of_campaign(name: str, *, unique: bool = False) -> list[SchemaItem]:
    parts: list[SchemaItem] = [
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=f"fk_{name}_campaign_id_campaign"
        ),
    ]
    if unique:
        parts.append(sa.UniqueConstraint("campaign_id", name=f"uq_{name}_campaign_id"))
    return parts


def _of_file(name: str) -> list[SchemaItem]:
    return [
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=f"fk_{name}_file_id_file"),
    ]


def _made(what: str) -> list[SchemaItem]:
    return [
        sa.Column(f"{what}_at", sa.String(32), nullable=False),
        sa.Column(f"{what}_by", sa.String(), nullable=False),
    ]


def _make_ways_of_looking() -> None:
    _table(
        "detection_rate",
        sa.Column("method", sa.String(12), nullable=False),
        sa.Column("visibility", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=True),
        *(sa.Column(n, sa.Double(), nullable=True) for n in ("width_m", "rate", "low", "high")),
        sa.Column("patch_m2", sa.Double(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        *_made("set"),
    )
    _boxed_table(
        "footprint",
        *_of_file("footprint"),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("patch_m2", sa.Double(), nullable=True),
    )
    op.create_index("ix_footprint_file_id", "footprint", ["file_id"])
    _table(
        "trial",
        sa.Column("method", sa.String(12), nullable=False),
        sa.Column("visibility", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        *_made("made"),
        sa.Column("targets", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
    )


def _make_risk() -> None:
    _boxed_table(
        "landmark",
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        *_of_file("landmark"),
    )
    op.create_index("ix_landmark_file_id", "landmark", ["file_id"])
    _table(
        "relief",
        *_of_campaign("relief", unique=True),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
    )
    _table(
        "risk_rule",
        sa.Column("factor", sa.String(16), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        *_made("set"),
        sa.UniqueConstraint("factor", name="uq_risk_rule_factor"),
    )
    _boxed_table(
        "risk_edit",
        sa.Column("multiplier", sa.Double(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        *_made("set"),
    )


def _make_claims() -> None:
    _table(
        "claim",
        *_of_campaign("claim"),
        sa.Column("as_of", sa.Date(), nullable=False),
        *_made("made"),
        sa.Column("details", sa.JSON(), nullable=False),
    )
    _table(
        "plan",
        *_of_campaign("plan"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("unit_code", sa.String(), nullable=True),
        *_made("made"),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("routes", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
    )
    _table(
        "cross_check",
        *_of_campaign("cross_check"),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        *_made("drawn"),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("drawn_from", sa.JSON(), nullable=False),
    )
    for name in ("claim", "plan", "cross_check"):
        op.create_index(f"ix_{name}_campaign_id", name, ["campaign_id"])

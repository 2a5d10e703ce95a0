"""What people say of patches, and the ranking models made of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BOX = ("west", "south", "east", "north")


def upgrade() -> None:
    # Added in place: making the table anew would lose what keeps its R*Tree.
    op.add_column("patch", sa.Column("logit", sa.Double(), nullable=True))
    op.add_column("patch", sa.Column("features", sa.LargeBinary(), nullable=True))
    _make_labels()
    _make_models()


def _of_survey(table: str) -> list[SchemaItem]:
    return [
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name=f"fk_{table}_survey_id_survey"),
    ]


def _make_labels() -> None:
    op.create_table(
        "patch_label",
        sa.Column("id", sa.Integer(), nullable=False),
        *_of_survey("patch_label"),
        sa.Column("patch_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("label", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(16), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("features", sa.LargeBinary(), nullable=True),
        sa.Column("logit", sa.Double(), nullable=True),
        sa.Column("detector", sa.String(), nullable=True),
        sa.Column("figures_hash", sa.String(16), nullable=True),
        sa.Column("geometry", sa.LargeBinary(), nullable=False),
        *(sa.Column(side, sa.Double(), nullable=False) for side in _BOX),
        sa.PrimaryKeyConstraint("id", name="pk_patch_label"),
        sa.UniqueConstraint("client_id", name="uq_patch_label_client_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_patch_label_survey_id", "patch_label", ["survey_id"])


def _make_models() -> None:
    op.create_table(
        "rank_model",
        sa.Column("id", sa.Integer(), nullable=False),
        *_of_survey("rank_model"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("data_hash", sa.String(64), nullable=False),
        sa.Column("figures_hash", sa.String(16), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rank_model"),
    )
    op.create_index("ix_rank_model_survey_id", "rank_model", ["survey_id"])
    op.create_table(
        "rank_model_use",
        sa.Column("id", sa.Integer(), nullable=False),
        *_of_survey("rank_model_use"),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.String(32), nullable=False),
        sa.Column("used_by", sa.String(), nullable=False),
        sa.Column("fit", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["rank_model.id"], name="fk_rank_model_use_model_id_rank_model"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rank_model_use"),
        sa.UniqueConstraint("survey_id", "model_id", name="uq_rank_model_use_survey_id_model_id"),
    )
    op.create_index("ix_rank_model_use_survey_id", "rank_model_use", ["survey_id"])

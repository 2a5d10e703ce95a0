"""Indexes on what is asked for by value: merged cases and tips, sites of cases, audit subjects."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("case", "merged_into"),
    ("site", "case_id"),
    ("tip", "merged_into"),
    ("audit", "subject"),
    ("risk_edit", "set_by"),
    ("site_visit", "day"),
)


def upgrade() -> None:
    for table, column in _COLUMNS:
        op.create_index(f"ix_{table}_{column}", table, [column])

"""Roles end at once, memberships are locked, tokens tell when they were used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
    op.add_column("position", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("position", sa.Column("ended_by", sa.Uuid(), nullable=True))
    op.add_column("membership", sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("membership", sa.Column("locked_by", sa.Uuid(), nullable=True))
    op.add_column("api_token", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))

"""When a password was last set: every way to another one that was mailed before is closed by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
    op.add_column("account", sa.Column("password_set_at", sa.DateTime(timezone=True)))

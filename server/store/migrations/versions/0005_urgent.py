"""A possible danger for a child is a mark of the task, so that it leads what is urgent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here; applications that carry a flag already are marked too."""
    op.add_column(
        "task", sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.alter_column("task", "urgent", server_default=None)
    # The owner is bound by the walls between tenants as well, and here it works for all of them.
    for table in ("case", "task"):
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
    op.execute(
        'UPDATE task t SET urgent = true FROM "case" c WHERE c.id = t.case_id'
        " AND c.tenant_id = t.tenant_id AND t.status IN (0, 3) AND c.flags <> '[]'::jsonb"
    )
    for table in ("case", "task"):
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.create_index(
        "ix_task_urgent",
        "task",
        ["tenant_id", "school_id", sa.text("(NOT urgent)"), "due_at", "id"],
        unique=False,
        postgresql_where=sa.text(
            "status = 0 AND listed AND (urgent OR (role = 'coordinator' AND kind = 'staff'))"
        ),
        postgresql_include=["municipality_id"],
    )

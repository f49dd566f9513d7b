"""What every migration says of a new table: who may do what, and whose rows are seen.

`school_app` is the bound role of web, worker and scheduler; `school_relay` is taken by it only
while due timers and outbox rows of all tenants are claimed (DECISIONS.md 14, 15).
"""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op

APP = "school_app"
RELAY = "school_relay"
# After a first set_config the setting is '' and not NULL: nullif keeps it from being a bad uuid.
OWN_ROWS = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"


def tenant_table(table: str, *, rights: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Rows are seen and written only by the tenant whose they are, also by the owner."""
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(
        f'CREATE POLICY own_rows ON "{table}" TO {APP} USING ({OWN_ROWS}) WITH CHECK ({OWN_ROWS})'
    )
    op.execute(f'GRANT {rights} ON "{table}" TO {APP}')


def shared_table(table: str, *, rights: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """A table without tenants or before the tenant is known."""
    op.execute(f'GRANT {rights} ON "{table}" TO {APP}')


def relay_table(table: str, columns: Iterable[str]) -> None:
    """The relay sees due rows of every tenant, and may lease them; nothing else."""
    op.execute(f'CREATE POLICY relay ON "{table}" TO {RELAY} USING (true) WITH CHECK (true)')
    op.execute(f'GRANT SELECT, UPDATE ({", ".join(columns)}) ON "{table}" TO {RELAY}')


def never_changed(table: str) -> None:
    """A trigger refuses UPDATE, DELETE and TRUNCATE even to the owner (CONSENT.md R1, R39)."""
    op.execute(
        f'CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON "{table}"'
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON "{table}"'
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = '42501';
END $$
"""

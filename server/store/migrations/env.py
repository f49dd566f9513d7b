"""How Alembic reaches the database: one connection, one transaction for each run."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool

from server.store import tables

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=tables.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()

"""What every row is made of: naming convention, column kinds, the tenant in every key."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import (
    DateTime,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from server.kernel.ids import new_id

Moment = Annotated[datetime, "timestamptz"]


class Base(DeclarativeBase):
    """Root of all rows."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        Moment: DateTime(timezone=True),
        UUID: Uuid(),
        bytes: LargeBinary,
        str: Text,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: JSONB,
    }


class TenantRow:
    """A row of one tenant, under row-level security; its key is (id, tenant_id).

    The id comes first: uuidv7 keeps the index dense while tenants interleave, and the tenant is in
    the key so that foreign keys can hold it and distribution stays possible (PERFORMANCE.md 3).
    """

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-2)
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)


def refers(column: str, table: str, *, name: str | None = None) -> ForeignKeyConstraint:
    """A foreign key with the tenant in it: a plain one would bypass row-level security."""
    return ForeignKeyConstraint(
        [column, "tenant_id"], [f"{table}.id", f"{table}.tenant_id"], name=name
    )

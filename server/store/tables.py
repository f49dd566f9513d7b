"""All tables together: what migrations are compared with."""

from server.store import (
    cases,
    consents,
    definitions,
    deliveries,
    evidence,
    outbox,
    people,
    schools,
    tenancy,
)
from server.store.base import Base

ROWS = (cases, consents, definitions, deliveries, evidence, outbox, people, schools, tenancy)
metadata = Base.metadata

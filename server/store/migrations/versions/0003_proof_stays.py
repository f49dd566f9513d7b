"""What proves a signature is never changed, not even by the owner: signatures, sealed payloads."""

from __future__ import annotations

from server.store.migrations import security

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
    security.never_changed("signature")
    security.never_changed("evidence_payload")

"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from server.store.migrations import security

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_account_fs_uniquifier")),
    )
    op.create_table(
        "code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("check_id", sa.Uuid(), nullable=True),
        sa.Column("contact_index", sa.LargeBinary(), nullable=False),
        sa.Column("bound_hash", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_code")),
    )
    op.create_index(
        op.f("ix_code_tenant_id_contact_index_created_at"),
        "code",
        ["tenant_id", "contact_index", "created_at"],
        unique=False,
    )
    op.create_table(
        "command",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "tenant_id", name=op.f("pk_command")),
    )
    op.create_table(
        "counter",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_counter")),
    )
    op.create_table(
        "definition",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_definition")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("check_id", sa.Uuid(), nullable=True),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("link_id", sa.Uuid(), nullable=True),
        sa.Column("code_id", sa.Uuid(), nullable=True),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_delivery")),
    )
    op.create_index(
        op.f("ix_delivery_tenant_id_case_id"), "delivery", ["tenant_id", "case_id"], unique=False
    )
    op.create_table(
        "effective",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", "tenant_id", name=op.f("pk_effective")),
    )
    op.create_table(
        "evidence",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_evidence")),
        sa.UniqueConstraint("tenant_id", "prev", name=op.f("uq_evidence_tenant_id_prev")),
    )
    op.create_index(
        op.f("ix_evidence_tenant_id_subject_id"),
        "evidence",
        ["tenant_id", "subject_id"],
        unique=False,
    )
    op.create_table(
        "evidence_head",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_evidence_head")),
    )
    op.create_table(
        "evidence_key",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "tenant_id", name=op.f("pk_evidence_key")),
    )
    op.create_table(
        "limit_counter",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "window_start", name=op.f("pk_limit_counter")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_outbox")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["run_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "partner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("inn", sa.Text(), nullable=False),
        sa.Column("ogrn", sa.Text(), nullable=False),
        sa.Column("processor_name", sa.Text(), nullable=False),
        sa.Column("processor_address", sa.Text(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_phone", sa.Text(), nullable=False),
        sa.Column("contact_hours", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_partner")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("contact_index", sa.LargeBinary(), nullable=True),
        sa.Column("surname_index", sa.LargeBinary(), nullable=True),
        sa.Column("name_birth_index", sa.LargeBinary(), nullable=True),
        sa.Column("turns_14", sa.Text(), nullable=True),
        sa.Column("turns_18", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_person")),
    )
    op.create_index("ix_person_contact", "person", ["tenant_id", "contact_index"], unique=False)
    op.create_index(
        "ix_person_name_birth", "person", ["tenant_id", "name_birth_index"], unique=False
    )
    op.create_index("ix_person_surname", "person", ["tenant_id", "surname_index"], unique=False)
    op.create_table(
        "release",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_release")),
        sa.UniqueConstraint("seq", name=op.f("uq_release_seq")),
    )
    op.create_table(
        "school",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("initials", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("cycle_start", sa.Date(), nullable=False),
        sa.Column("cycle_end", sa.Date(), nullable=False),
        sa.Column("opening_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_school")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("uq_school_tenant_id_slug")),
    )
    op.create_table(
        "subject_key",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "tenant_id", name=op.f("pk_subject_key")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug")),
    )
    op.create_table(
        "access",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id", "tenant_id"], ["person.id", "person.tenant_id"], name="fk_access_child"
        ),
        sa.ForeignKeyConstraint(
            ["person_id", "tenant_id"], ["person.id", "person.tenant_id"], name="fk_access_person"
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "child_id", "day", "person_id", name=op.f("pk_access")
        ),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name=op.f("fk_api_token_person_id_tenant_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "tenant_id"],
            ["school.id", "school.tenant_id"],
            name=op.f("fk_api_token_school_id_tenant_id_school"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_api_token")),
    )
    op.create_table(
        "door",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_door_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_door")),
    )
    op.create_index(op.f("ix_door_tenant_id_target"), "door", ["tenant_id", "target"], unique=False)
    op.create_table(
        "evidence_payload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name=op.f("fk_evidence_payload_person_id_tenant_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_evidence_payload")),
    )
    op.create_index(
        op.f("ix_evidence_payload_tenant_id_seq"),
        "evidence_payload",
        ["tenant_id", "seq"],
        unique=False,
    )
    op.create_table(
        "guardianship",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name="fk_guardianship_child",
        ),
        sa.ForeignKeyConstraint(
            ["guardian_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name="fk_guardianship_guardian",
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_guardianship")),
        sa.UniqueConstraint(
            "tenant_id",
            "child_id",
            "guardian_id",
            name=op.f("uq_guardianship_tenant_id_child_id_guardian_id"),
        ),
    )
    op.create_index(
        op.f("ix_guardianship_tenant_id_guardian_id"),
        "guardianship",
        ["tenant_id", "guardian_id"],
        unique=False,
    )
    op.create_table(
        "membership",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_membership_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_membership_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("account_id", "tenant_id", name=op.f("pk_membership")),
    )
    op.create_table(
        "municipality",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "tenant_id"],
            ["school.id", "school.tenant_id"],
            name=op.f("fk_municipality_school_id_tenant_id_school"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_municipality")),
        sa.UniqueConstraint(
            "tenant_id", "school_id", "slug", name=op.f("uq_municipality_tenant_id_school_id_slug")
        ),
    )
    op.create_table(
        "session",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_session_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False)
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"], unique=False)
    op.create_table(
        "settings_revision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("effective_hash", sa.Text(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "tenant_id"],
            ["school.id", "school.tenant_id"],
            name=op.f("fk_settings_revision_school_id_tenant_id_school"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_settings_revision")),
        sa.UniqueConstraint(
            "tenant_id",
            "school_id",
            "seq",
            name=op.f("uq_settings_revision_tenant_id_school_id_seq"),
        ),
    )
    op.create_table(
        "case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Uuid(), nullable=True),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition_hash", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("guardian_id", sa.Uuid(), nullable=True),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("end", sa.Text(), nullable=True),
        sa.Column("marking", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        sa.Column("flags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["guardian_id", "tenant_id"], ["person.id", "person.tenant_id"], name="fk_case_guardian"
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "tenant_id"],
            ["municipality.id", "municipality.tenant_id"],
            name=op.f("fk_case_municipality_id_tenant_id_municipality"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "tenant_id"],
            ["school.id", "school.tenant_id"],
            name=op.f("fk_case_school_id_tenant_id_school"),
        ),
        sa.ForeignKeyConstraint(
            ["subject_id", "tenant_id"], ["person.id", "person.tenant_id"], name="fk_case_subject"
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_case")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_case_tenant_id_number")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index(
        "ix_case_funnel", "case", ["tenant_id", "school_id", "workflow", "stage"], unique=False
    )
    op.create_index("ix_case_guardian", "case", ["tenant_id", "guardian_id"], unique=False)
    op.create_index("ix_case_subject", "case", ["tenant_id", "subject_id"], unique=False)
    op.create_table(
        "contact_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("contact_index", sa.LargeBinary(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id", "tenant_id"],
            ["municipality.id", "municipality.tenant_id"],
            name=op.f("fk_contact_check_municipality_id_tenant_id_municipality"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "tenant_id"],
            ["school.id", "school.tenant_id"],
            name=op.f("fk_contact_check_school_id_tenant_id_school"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_contact_check")),
    )
    op.create_table(
        "position",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id", "tenant_id"],
            ["municipality.id", "municipality.tenant_id"],
            name=op.f("fk_position_municipality_id_tenant_id_municipality"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name=op.f("fk_position_person_id_tenant_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "tenant_id"],
            ["school.id", "school.tenant_id"],
            name=op.f("fk_position_school_id_tenant_id_school"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_position")),
    )
    op.create_index(
        op.f("ix_position_tenant_id_person_id"),
        "position",
        ["tenant_id", "person_id"],
        unique=False,
    )
    op.create_table(
        "answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("form_hash", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("flags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("author_role", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "tenant_id"],
            ["case.id", "case.tenant_id"],
            name=op.f("fk_answer_case_id_tenant_id_case"),
        ),
        sa.ForeignKeyConstraint(
            ["subject_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name=op.f("fk_answer_subject_id_tenant_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_answer")),
    )
    op.create_index(
        op.f("ix_answer_tenant_id_case_id_step"),
        "answer",
        ["tenant_id", "case_id", "step"],
        unique=False,
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("definition_hash", sa.Text(), nullable=False),
        sa.Column("edition", sa.Date(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("document_hash", sa.Text(), nullable=False),
        sa.Column("owed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "tenant_id"],
            ["case.id", "case.tenant_id"],
            name=op.f("fk_consent_case_id_tenant_id_case"),
        ),
        sa.ForeignKeyConstraint(
            ["guardian_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name="fk_consent_guardian",
        ),
        sa.ForeignKeyConstraint(
            ["subject_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name="fk_consent_subject",
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_consent")),
    )
    op.create_index(
        "ix_consent_subject",
        "consent",
        ["tenant_id", "subject_id", "consent"],
        unique=False,
        postgresql_include=["state", "answered_at"],
    )
    op.create_index(
        op.f("ix_consent_tenant_id_case_id"), "consent", ["tenant_id", "case_id"], unique=False
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("sealed_comment", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "tenant_id"],
            ["case.id", "case.tenant_id"],
            name=op.f("fk_decision_case_id_tenant_id_case"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_decision")),
        sa.UniqueConstraint(
            "tenant_id",
            "case_id",
            "step",
            "round",
            "person_id",
            name=op.f("uq_decision_tenant_id_case_id_step_round_person_id"),
        ),
    )
    op.create_table(
        "event",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "tenant_id"],
            ["case.id", "case.tenant_id"],
            name=op.f("fk_event_case_id_tenant_id_case"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "case_id", "seq", name=op.f("pk_event")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("move", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "tenant_id"],
            ["case.id", "case.tenant_id"],
            name=op.f("fk_inbox_case_id_tenant_id_case"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_inbox")),
    )
    op.create_index(
        op.f("ix_inbox_tenant_id_case_id"), "inbox", ["tenant_id", "case_id"], unique=False
    )
    op.create_table(
        "link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id", "tenant_id"],
            ["case.id", "case.tenant_id"],
            name=op.f("fk_link_case_id_tenant_id_case"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name=op.f("fk_link_person_id_tenant_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_link")),
    )
    op.create_index(
        op.f("ix_link_tenant_id_case_id_person_id"),
        "link",
        ["tenant_id", "case_id", "person_id"],
        unique=False,
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Uuid(), nullable=True),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id", "tenant_id"],
            ["case.id", "case.tenant_id"],
            name=op.f("fk_task_case_id_tenant_id_case"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_task")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index("ix_task_case", "task", ["tenant_id", "case_id"], unique=False)
    op.create_index(
        "ix_task_desk",
        "task",
        ["tenant_id", "school_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 0 AND listed"),
    )
    op.create_index(
        "ix_task_live",
        "task",
        ["tenant_id", "case_id"],
        unique=False,
        postgresql_where=sa.text("status IN (0, 3)"),
    )
    op.create_index(
        "ix_task_place",
        "task",
        ["tenant_id", "school_id", "municipality_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 0 AND listed"),
        postgresql_include=["role", "kind"],
    )
    op.create_index(
        "ix_task_tab",
        "task",
        [
            "tenant_id",
            "school_id",
            sa.text(
                "(CASE WHEN role IN ('guardian', 'mentee') THEN 'waiting'"
                " WHEN role = 'coordinator' THEN kind END)"
            ),
            "due_at",
            "id",
        ],
        unique=False,
        postgresql_where=sa.text("status = 0 AND listed"),
        postgresql_include=["role", "kind"],
    )
    op.create_table(
        "timer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id", "tenant_id"],
            ["case.id", "case.tenant_id"],
            name=op.f("fk_timer_case_id_tenant_id_case"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_timer")),
    )
    op.create_index("ix_timer_due", "timer", ["fires_at"], unique=False)
    op.create_index(
        op.f("ix_timer_tenant_id_case_id"), "timer", ["tenant_id", "case_id"], unique=False
    )
    op.create_index(
        op.f("ix_timer_tenant_id_task_id"), "timer", ["tenant_id", "task_id"], unique=False
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("evidence_seq", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("pdf_hash", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id", "tenant_id"],
            ["consent.id", "consent.tenant_id"],
            name=op.f("fk_receipt_consent_id_tenant_id_consent"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_receipt")),
        sa.UniqueConstraint(
            "tenant_id",
            "consent_id",
            "evidence_seq",
            name=op.f("uq_receipt_tenant_id_consent_id_evidence_seq"),
        ),
    )
    op.create_table(
        "signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("document_hash", sa.Text(), nullable=False),
        sa.Column("answer_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=True),
        sa.Column("companion", sa.Text(), nullable=True),
        sa.Column("evidence_seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id", "tenant_id"],
            ["consent.id", "consent.tenant_id"],
            name=op.f("fk_signature_consent_id_tenant_id_consent"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id", "tenant_id"],
            ["person.id", "person.tenant_id"],
            name=op.f("fk_signature_person_id_tenant_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_signature")),
        sa.UniqueConstraint(
            "tenant_id",
            "consent_id",
            "person_id",
            name=op.f("uq_signature_tenant_id_consent_id_person_id"),
        ),
    )

    op.execute(security.REFUSE_CHANGE)
    security.tenant_table("code")
    security.tenant_table("command")
    security.tenant_table("counter")
    security.tenant_table("delivery")
    security.tenant_table("effective", rights="SELECT, INSERT")
    security.tenant_table("evidence", rights="SELECT, INSERT")
    security.tenant_table("evidence_head")
    security.tenant_table("evidence_key")
    security.tenant_table("outbox")
    security.tenant_table("partner")
    security.tenant_table("person")
    security.tenant_table("school")
    security.tenant_table("subject_key")
    security.tenant_table("access")
    security.tenant_table("api_token")
    security.tenant_table("evidence_payload", rights="SELECT, INSERT")
    security.tenant_table("guardianship")
    security.tenant_table("municipality")
    security.tenant_table("settings_revision")
    security.tenant_table("case")
    security.tenant_table("contact_check")
    security.tenant_table("position")
    security.tenant_table("answer")
    security.tenant_table("consent")
    security.tenant_table("decision")
    security.tenant_table("event", rights="SELECT, INSERT")
    security.tenant_table("inbox")
    security.tenant_table("link")
    security.tenant_table("task")
    security.tenant_table("timer")
    security.tenant_table("receipt")
    security.tenant_table("signature", rights="SELECT, INSERT")
    security.shared_table("account")
    security.shared_table("limit_counter")
    security.shared_table("tenant")
    security.shared_table("door")
    security.shared_table("membership")
    security.shared_table("session")
    security.shared_table("definition", rights="SELECT, INSERT")
    security.shared_table("release", rights="SELECT, INSERT")
    security.never_changed("event")
    security.never_changed("evidence")
    security.never_changed("definition")
    security.never_changed("release")
    security.never_changed("effective")
    security.relay_table("outbox", ["not_before", "attempts", "failure", "done_at"])
    security.relay_table("timer", ["not_before", "attempts", "failure"])
    security.relay_table("inbox", ["at"])
    op.execute('ALTER TABLE "task" SET (autovacuum_vacuum_scale_factor = 0.02)')
    op.execute('ALTER TABLE "outbox" SET (autovacuum_vacuum_scale_factor = 0.02)')
    op.execute(f"GRANT SELECT ON alembic_version TO {security.APP}")

"""The spine"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clips",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("loudness_lufs", sa.Float(), nullable=False),
        sa.Column("true_peak_dbtp", sa.Float(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_clips")),
    )
    op.create_table(
        "custody",
        sa.Column("node", sa.String(length=36), nullable=False),
        sa.Column("life", sa.String(length=16), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", "life", name=op.f("pk_custody")),
    )
    op.create_table(
        "deliveries",
        sa.Column("airing", sa.String(length=36), nullable=False),
        sa.Column("node", sa.String(length=36), nullable=False),
        sa.Column("village", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=False),
        sa.Column("evidence", sa.String(length=16), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("airing", "node", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_deliveries_node_state", ["node", "state"], unique=False)

    op.create_table(
        "documents",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.String(length=64), nullable=True),
        sa.Column("valid_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_documents")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("unit", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_expires_ms", ["expires_ms"], unique=False)
        batch_op.create_index("ix_outbox_next_ms", ["next_ms"], unique=False)
        batch_op.create_index("ix_outbox_subject_kind", ["subject", "kind"], unique=False)

    op.create_table(
        "receipts",
        sa.Column("node", sa.String(length=36), nullable=False),
        sa.Column("life", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Integer(), nullable=False),
        sa.Column("airing", sa.String(length=36), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=False),
        sa.Column("evidence", sa.String(length=16), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", "life", "seq", "digest", name=op.f("pk_receipts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "units",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("parent", sa.String(length=36), nullable=True),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["units.id"], name=op.f("fk_units_parent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
    )
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_units_parent"), ["parent"], unique=False)
        batch_op.create_index(batch_op.f("ix_units_path"), ["path"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locked_until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "bulletins",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("klass", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("clip", sa.String(length=64), nullable=True),
        sa.Column("upload", sa.String(length=300), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("airing", sa.String(length=36), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["clip"], ["clips.sha256"], name=op.f("fk_bulletins_clip")),
        sa.ForeignKeyConstraint(["owner"], ["units.id"], name=op.f("fk_bulletins_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletins")),
    )
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.create_index("ix_bulletins_upload", ["upload"], unique=False)

    op.create_table(
        "holds",
        sa.Column("unit", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["clips.sha256"], name=op.f("fk_holds_sha256")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_holds_unit")),
        sa.PrimaryKeyConstraint("unit", "sha256", name=op.f("pk_holds")),
    )
    op.create_table(
        "nodes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("village", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("retired_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["village"], ["units.id"], name=op.f("fk_nodes_village")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
    )
    with op.batch_alter_table("nodes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nodes_village"), ["village"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=36), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_sessions_user")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_user"), ["user"], unique=False)

    op.create_table(
        "airings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("bulletin", sa.String(length=36), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("grace_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("klass", sa.String(length=16), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("gain", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("cancelled_ms", sa.BigInteger(), nullable=True),
        sa.Column("settles_ms", sa.BigInteger(), nullable=False),
        sa.Column("settled_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["bulletin"], ["bulletins.id"], name=op.f("fk_airings_bulletin")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airings")),
    )
    with op.batch_alter_table("airings", schema=None) as batch_op:
        batch_op.create_index("ix_airings_settled_ms_settles_ms", ["settled_ms", "settles_ms"], unique=False)
        batch_op.create_index("ix_airings_start_ms", ["start_ms"], unique=False)

    op.create_table(
        "node_status",
        sa.Column("node", sa.String(length=36), nullable=False),
        sa.Column("life", sa.String(length=16), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("connection", sa.BigInteger(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("clock_u_ms", sa.BigInteger(), nullable=False),
        sa.Column("trust", sa.BigInteger(), nullable=False),
        sa.Column("config", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.BigInteger(), nullable=False),
        sa.Column("health", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["node"], ["nodes.id"], name=op.f("fk_node_status_node")),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_node_status")),
    )
    op.create_table(
        "airing_villages",
        sa.Column("airing", sa.String(length=36), nullable=False),
        sa.Column("village", sa.String(length=36), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["airing"], ["airings.id"], name=op.f("fk_airing_villages_airing")),
        sa.ForeignKeyConstraint(["village"], ["units.id"], name=op.f("fk_airing_villages_village")),
        sa.PrimaryKeyConstraint("airing", "village", name=op.f("pk_airing_villages")),
    )
    with op.batch_alter_table("airing_villages", schema=None) as batch_op:
        batch_op.create_index("ix_airing_villages_village_end_ms", ["village", "end_ms"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("airing_villages", schema=None) as batch_op:
        batch_op.drop_index("ix_airing_villages_village_end_ms")

    op.drop_table("airing_villages")
    op.drop_table("node_status")
    with op.batch_alter_table("airings", schema=None) as batch_op:
        batch_op.drop_index("ix_airings_start_ms")
        batch_op.drop_index("ix_airings_settled_ms_settles_ms")

    op.drop_table("airings")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_user"))

    op.drop_table("sessions")
    with op.batch_alter_table("nodes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_nodes_village"))

    op.drop_table("nodes")
    op.drop_table("holds")
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.drop_index("ix_bulletins_upload")

    op.drop_table("bulletins")
    op.drop_table("users")
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_units_path"))
        batch_op.drop_index(batch_op.f("ix_units_parent"))

    op.drop_table("units")
    op.drop_table("receipts")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_subject_kind")
        batch_op.drop_index("ix_outbox_next_ms")
        batch_op.drop_index("ix_outbox_expires_ms")

    op.drop_table("outbox")
    op.drop_table("documents")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_node_state")

    op.drop_table("deliveries")
    op.drop_table("custody")
    op.drop_table("clips")

"""Programmes, policies, requests"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_programmes()
    _make_policies()
    _make_requests()
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=32), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("until_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("approved_ms", sa.BigInteger(), nullable=True))
        batch_op.create_index("ix_bulletins_kind", ["kind"], unique=False)
    # Until now a bulletin was approved by whoever brought it.
    op.execute("UPDATE bulletins SET approved_ms = created_ms WHERE state = 'approved'")
    with op.batch_alter_table("airings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wish", sa.String(length=160), nullable=True))
        batch_op.create_index("ix_airings_wish", ["wish"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("airings", schema=None) as batch_op:
        batch_op.drop_index("ix_airings_wish")
        batch_op.drop_column("wish")
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.drop_index("ix_bulletins_kind")
        for column in ("approved_ms", "until_ms", "kind"):
            batch_op.drop_column(column)
    for table in ("replans", "requests", "policies", "programme_bulletins", "programmes"):
        op.drop_table(table)


def _make_programmes() -> None:
    op.create_table(
        "programmes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["owner"], ["units.id"], name=op.f("fk_programmes_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programmes")),
    )
    op.create_table(
        "programme_bulletins",
        sa.Column("programme", sa.String(length=36), nullable=False),
        sa.Column("bulletin", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["bulletin"], ["bulletins.id"], name=op.f("fk_programme_bulletins_bulletin")),
        sa.ForeignKeyConstraint(["programme"], ["programmes.id"], name=op.f("fk_programme_bulletins_programme")),
        sa.PrimaryKeyConstraint("programme", "bulletin", name=op.f("pk_programme_bulletins")),
    )
    op.create_index(op.f("ix_programme_bulletins_bulletin"), "programme_bulletins", ["bulletin"], unique=False)


def _make_policies() -> None:
    op.create_table(
        "policies",
        sa.Column("unit", sa.String(length=36), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_policies_unit")),
        sa.PrimaryKeyConstraint("unit", name=op.f("pk_policies")),
    )
    op.create_table(
        "replans",
        sa.Column("unit", sa.String(length=36), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_replans_unit")),
        sa.PrimaryKeyConstraint("unit", name=op.f("pk_replans")),
    )


def _make_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("bulletin", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("begin", sa.String(length=8), nullable=False),
        sa.Column("wait_ms", sa.BigInteger(), nullable=False),
        sa.Column("over", sa.String(length=8), nullable=False),
        sa.Column("finish_ms", sa.BigInteger(), nullable=False),
        sa.Column("klass", sa.String(length=16), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("rank_order", sa.Integer(), nullable=False),
        sa.Column("gain", sa.Integer(), nullable=False),
        sa.Column("grace_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("cancelled_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["bulletin"], ["bulletins.id"], name=op.f("fk_requests_bulletin")),
        sa.ForeignKeyConstraint(["owner"], ["units.id"], name=op.f("fk_requests_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_bulletin"), "requests", ["bulletin"], unique=False)
    op.create_index(op.f("ix_requests_start_ms"), "requests", ["start_ms"], unique=False)

"""Alarms and marks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("node", sa.String(length=36), nullable=True),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.create_index("ix_alarms_closed_ms_last_ms", ["closed_ms", "last_ms"], unique=False)
        batch_op.create_index("ix_alarms_node_closed_ms", ["node", "closed_ms"], unique=False)

    # The highest number of each life that we have: what is above it was never said, and needs no look for a clone's.
    op.add_column("custody", sa.Column("highest", sa.BigInteger(), nullable=True))
    mine = "WHERE receipts.node = custody.node AND receipts.life = custody.life"
    op.execute(f"UPDATE custody SET highest = coalesce((SELECT max(seq) FROM receipts {mine}), upto)")
    with op.batch_alter_table("custody", schema=None) as batch_op:
        batch_op.alter_column("highest", existing_type=sa.BigInteger(), nullable=False)

    op.create_table(
        "marks",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )


def downgrade() -> None:
    op.drop_table("marks")
    op.drop_column("custody", "highest")
    op.drop_table("alarms")

"""Texts of bulletins, the part of the sound that was chosen, and what its sender named it by"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bulletins", sa.Column("text", sa.Text(), nullable=True))
    op.add_column("bulletins", sa.Column("draft", sa.String(length=36), nullable=True))
    op.add_column("bulletins", sa.Column("from_ms", sa.BigInteger(), nullable=True))
    op.add_column("bulletins", sa.Column("to_ms", sa.BigInteger(), nullable=True))
    op.create_index("ix_bulletins_draft", "bulletins", ["created_by", "draft"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_bulletins_draft", table_name="bulletins")
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        for column in ("to_ms", "from_ms", "draft", "text"):
            batch_op.drop_column(column)

"""Somebody says yes before a bulletin is said"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Column by column: SQLite would make the table anew in a batch, and airings that name its rows forbid that.
    op.add_column("bulletins", sa.Column("submitted_ms", sa.BigInteger(), nullable=True))
    op.add_column("bulletins", sa.Column("decided_ms", sa.BigInteger(), nullable=True))
    op.add_column("bulletins", sa.Column("decided_by", sa.String(length=36), nullable=True))
    op.add_column("bulletins", sa.Column("note", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("bulletins", sa.Column("yes", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_index("ix_bulletins_state", "bulletins", ["state"])


def downgrade() -> None:
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.drop_index("ix_bulletins_state")
        for name in ("yes", "note", "decided_by", "decided_ms", "submitted_ms"):
            batch_op.drop_column(name)

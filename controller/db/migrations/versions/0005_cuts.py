"""What an emergency cut, and the rest of it as a request"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cuts",
        sa.Column("emergency", sa.String(length=36), nullable=False),
        sa.Column("airing", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["airing"], ["airings.id"], name=op.f("fk_cuts_airing")),
        sa.ForeignKeyConstraint(["emergency"], ["airings.id"], name=op.f("fk_cuts_emergency")),
        sa.PrimaryKeyConstraint("emergency", "airing", name=op.f("pk_cuts")),
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.add_column(sa.Column("clip", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("after", sa.String(length=36), nullable=True))
        batch_op.create_index("ix_requests_clip", ["clip"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.drop_index("ix_requests_clip")
        for column in ("after", "clip"):
            batch_op.drop_column(column)
    op.drop_table("cuts")

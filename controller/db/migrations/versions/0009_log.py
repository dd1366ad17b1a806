"""What an airing came to, village by village; which airing repeats which; the log by village and start"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("airing", sa.String(length=36), nullable=False),
        sa.Column("village", sa.String(length=36), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("airing", "village", name=op.f("pk_tallies")),
        sqlite_with_rowid=False,
    )
    op.add_column("airings", sa.Column("repeats", sa.String(length=36), nullable=True))
    op.create_index("ix_airings_repeats", "airings", ["repeats"])
    op.create_index("ix_airing_villages_village_start_ms", "airing_villages", ["village", "start_ms"])
    # What was settled before this update is counted once, here.
    op.execute(
        """
        INSERT INTO tallies (airing, village, total, good)
        SELECT airing, village, count(*),
               sum(CASE WHEN state = 'finished' AND coalesce(evidence, '') <> 'silent' THEN 1 ELSE 0 END)
        FROM deliveries WHERE airing IN (SELECT id FROM airings WHERE settled_ms IS NOT NULL)
        GROUP BY airing, village
        """
    )


def downgrade() -> None:
    with op.batch_alter_table("airing_villages", schema=None) as batch_op:
        batch_op.drop_index("ix_airing_villages_village_start_ms")
    with op.batch_alter_table("airings", schema=None) as batch_op:
        batch_op.drop_index("ix_airings_repeats")
        batch_op.drop_column("repeats")
    op.drop_table("tallies")

"""The tables: what the controller must remember. One set of names for SQLite and PostgreSQL.

Moments are whole ms UTC in BIGINT columns named `*_ms`: the contract's own unit, the same in both databases, and never naive.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from controller.db import people_tables
from controller.db.metadata import metadata

__all__ = ["metadata", "people_tables"]  # whoever has these tables has all of them

# ── places and loudspeakers ──────────────────────────────────────────────────────────────────────────────────────────

units = Table(
    "units",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("parent", String(36), ForeignKey("units.id"), index=True),
    Column("level", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("path", String(500), nullable=False, index=True),  # "/p04/x01234/x01234-3/": a subtree is a prefix
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("village", String(36), ForeignKey("units.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("retired_ms", BigInteger),
)

node_status = Table(  # what a node last said of itself, apart from what we decided about it
    "node_status",
    metadata,
    Column("node", String(36), ForeignKey("nodes.id"), primary_key=True),
    Column("life", String(16), nullable=False),
    Column("boot", BigInteger, nullable=False),
    Column("connection", BigInteger, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("online", Boolean, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("clock_u_ms", BigInteger, nullable=False),
    Column("trust", BigInteger, nullable=False),
    Column("config", BigInteger, nullable=False),
    Column("plan", BigInteger, nullable=False),
    Column("health", Text),
)

custody = Table(  # every receipt up to `upto` of this life is committed here, and none above `highest`
    "custody",
    metadata,
    Column("node", String(36), primary_key=True),
    Column("life", String(16), primary_key=True),
    Column("upto", BigInteger, nullable=False),
    Column("highest", BigInteger, nullable=False),
)

holds = Table(  # clips that every node under the unit keeps always
    "holds",
    metadata,
    Column("unit", String(36), ForeignKey("units.id"), primary_key=True),
    Column("sha256", String(64), ForeignKey("clips.sha256"), primary_key=True),
)

# ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────

clips = Table(
    "clips",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("loudness_lufs", Float, nullable=False),
    Column("true_peak_dbtp", Float, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

bulletins = Table(
    "bulletins",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner", String(36), ForeignKey("units.id"), nullable=False),
    Column("title", String(200), nullable=False),
    Column("klass", String(16), nullable=False),
    Column("language", String(35), nullable=False),
    Column("state", String(16), nullable=False),
    Column("clip", String(64), ForeignKey("clips.sha256")),
    Column("upload", String(300)),  # the file a person brought, until its sound is prepared or found bad
    Column("error", Text),  # why it has no sound, or why its wish came to nothing (JSON: [code, fields])
    Column("wish", Text),  # where and when it shall be said once its sound is prepared (JSON of service.bulletins.Wish)
    Column("airing", String(36)),  # the airing its wish became
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column(
        "kind", String(32), nullable=False, server_default=text("''")
    ),  # what sort of news: a programme's segment takes it by that
    Column("until_ms", BigInteger),  # old news after that
    Column("approved_ms", BigInteger),
    Column("submitted_ms", BigInteger),
    Column("decided_ms", BigInteger),
    Column("decided_by", String(36)),  # who said yes, or returned it; none: nobody was asked
    Column("note", Text, nullable=False, server_default=text("''")),  # with which it was returned
    Column("yes", Text, nullable=False, server_default=text("''")),  # the units for which somebody said it, one space between
    Column("text", Text),  # what is read out, if that was written
    Column("draft", String(36)),  # what its sender named it by: what is sent again is the same bulletin
    Column("from_ms", BigInteger),  # the part of the upload that was chosen
    Column("to_ms", BigInteger),
    Index("ix_bulletins_upload", "upload"),
    Index("ix_bulletins_draft", "created_by", "draft", unique=True),
    Index("ix_bulletins_kind", "kind"),
    Index("ix_bulletins_state", "state"),
)

airings = Table(
    "airings",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("bulletin", String(36), ForeignKey("bulletins.id"), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("rev", Integer, nullable=False),
    Column("units", Text, nullable=False),  # ids, one space between
    Column("start_ms", BigInteger, nullable=False),
    Column("grace_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("klass", String(16), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("gain", Integer, nullable=False),
    Column("language", String(35), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("cancelled_ms", BigInteger),
    Column("settles_ms", BigInteger, nullable=False),
    Column("settled_ms", BigInteger),
    Column("wish", String(160)),  # the segment of a programme's turn, or the request, that it fulfils
    Column("repeats", String(36)),  # the airing that it says again to those that missed it
    Index("ix_airings_settled_ms_settles_ms", "settled_ms", "settles_ms"),
    Index("ix_airings_start_ms", "start_ms"),
    Index("ix_airings_wish", "wish"),
    Index("ix_airings_repeats", "repeats"),
)

airing_villages = Table(  # where and when it may sound: what may not overlap
    "airing_villages",
    metadata,
    Column("airing", String(36), ForeignKey("airings.id"), primary_key=True),
    Column("village", String(36), ForeignKey("units.id"), primary_key=True),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Index("ix_airing_villages_village_end_ms", "village", "end_ms"),
    Index("ix_airing_villages_village_start_ms", "village", "start_ms"),
)

# ── what shall be said, and what is allowed ──────────────────────────────────────────────────────────────────────────

programmes = Table(
    "programmes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner", String(36), ForeignKey("units.id"), nullable=False),
    Column("title", String(200), nullable=False),
    Column("body", Text, nullable=False),  # JSON of scheduler.programme.Programme
    Column("version", Integer, nullable=False),  # 1, 2, ...: of two who edit it, the second is told
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", String(64), nullable=False),  # a name: an account may be gone when somebody asks
    Column("changed_ms", BigInteger, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("ended_ms", BigInteger),  # none: it is living
)

programme_bulletins = Table(  # the bulletins that a living programme names: they and their sounds are not forgotten
    "programme_bulletins",
    metadata,
    Column("programme", String(36), ForeignKey("programmes.id"), primary_key=True),
    Column("bulletin", String(36), ForeignKey("bulletins.id"), primary_key=True, index=True),
)

policies = Table(
    "policies",
    metadata,
    Column("unit", String(36), ForeignKey("units.id"), primary_key=True),
    Column("body", Text, nullable=False),  # JSON of service.kept.Ruling
    Column("version", Integer, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("changed_by", String(64), nullable=False),
)

requests = Table(  # one bulletin to be said at a time
    "requests",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("bulletin", String(36), ForeignKey("bulletins.id"), nullable=False, index=True),
    Column("owner", String(36), ForeignKey("units.id"), nullable=False),  # whose word it is
    Column("units", Text, nullable=False),  # ids, one space between
    Column("start_ms", BigInteger, nullable=False, index=True),
    Column("begin", String(8), nullable=False),
    Column("wait_ms", BigInteger, nullable=False),
    Column("over", String(8), nullable=False),
    Column("finish_ms", BigInteger, nullable=False),
    Column("klass", String(16), nullable=False),
    Column("level", Integer, nullable=False),
    Column("rank_order", Integer, nullable=False),  # what the commune decided where two priority items meet
    Column("gain", Integer, nullable=False),
    Column("grace_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("cancelled_ms", BigInteger),
    Column("clip", String(64), index=True),  # its sound, where that is not the bulletin's own: the rest of one that was cut
    Column("after", String(36)),  # the emergency behind which it goes on
)

cuts = Table(  # what an emergency cut, until it was decided what becomes of it: committed with the emergency
    "cuts",
    metadata,
    Column("emergency", String(36), ForeignKey("airings.id"), primary_key=True),
    Column("airing", String(36), ForeignKey("airings.id"), primary_key=True),
)

replans = Table(  # units whose villages must be planned anew, since when: committed with the change that caused it
    "replans",
    metadata,
    Column("unit", String(36), ForeignKey("units.id"), primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
)

# ── what became of it ────────────────────────────────────────────────────────────────────────────────────────────────

deliveries = Table(
    "deliveries",
    metadata,
    Column("airing", String(36), primary_key=True),
    Column("node", String(36), primary_key=True),
    Column("village", String(36), nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", String(40), nullable=False),
    Column("evidence", String(16)),
    Column("at_ms", BigInteger, nullable=False),  # when the node says its newest word became true; our clock for our words
    Index("ix_deliveries_node_state", "node", "state"),
    sqlite_with_rowid=False,
)

tallies = Table(  # what a settled airing came to in each village: the log adds these up, not 3,000,000 deliveries a month
    "tallies",
    metadata,
    Column("airing", String(36), primary_key=True),
    Column("village", String(36), primary_key=True),
    Column("total", Integer, nullable=False),
    Column("good", Integer, nullable=False),
    sqlite_with_rowid=False,
)

receipts = Table(  # each word as it was said; the same (node, life, seq) with another digest is a clone's: both are kept
    "receipts",
    metadata,
    Column("node", String(36), primary_key=True),
    Column("life", String(16), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("digest", Integer, primary_key=True),
    Column("airing", String(36), nullable=False),
    Column("rev", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", String(40), nullable=False),
    Column("evidence", String(16)),
    Column("at_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# ── what is on its way ───────────────────────────────────────────────────────────────────────────────────────────────

documents = Table(  # the newest trust, config (a node's) and plan head (a village's); what nodes are held to
    "documents",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("subject", String(36), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("body", String(64)),  # SHA-256 of a plan's body in the file store
    Column("valid_ms", BigInteger, nullable=False),
)

outbox = Table(  # the intent to publish, committed with the decision that caused it
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("topic", String(120), nullable=False),
    Column("kind", String(8), nullable=False),  # play, stop, plan, config, trust
    Column("subject", String(36), nullable=False),  # the airing, village or node it is about
    Column("unit", String(36), nullable=False),  # whom it is for
    Column("sealed", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("next_ms", BigInteger),  # when it is due; none: offered often enough, waits for a birth or an ask
    Column("expires_ms", BigInteger, nullable=False),
    Index("ix_outbox_next_ms", "next_ms"),
    Index("ix_outbox_subject_kind", "subject", "kind"),
    Index("ix_outbox_expires_ms", "expires_ms"),
    sqlite_autoincrement=True,
)

# ── what somebody must look at ───────────────────────────────────────────────────────────────────────────────────────

alarms = Table(  # one open row for each (code, node); a repetition raises its number and last_ms
    "alarms",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", String(60), nullable=False),
    Column("node", String(36)),  # none: it is about the controller itself
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),  # of the newest time (JSON object)
    Column("closed_ms", BigInteger),
    Index("ix_alarms_closed_ms_last_ms", "closed_ms", "last_ms"),
    Index("ix_alarms_node_closed_ms", "node", "closed_ms"),
    sqlite_autoincrement=True,
)

marks = Table(  # moments that only rise: "commit" is when this database was last written
    "marks",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("ms", BigInteger, nullable=False),
)

# ── who acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

leases = Table(  # one row, "acting": which of the controllers on this database acts (service.lease)
    "leases",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("holder", String(32), nullable=False),  # a home on a running machine; empty: nobody
    Column("run", String(32), nullable=False),  # one process of it
    Column("beat", BigInteger, nullable=False),  # rises with each renewal
    Column("place", String(100), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)

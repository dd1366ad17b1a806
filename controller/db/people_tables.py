"""The tables of people: who may sign in, what they are and where, what opens a door for them, and what they did.

Moments as in `tables`. What opens a door is kept as its SHA-256 only: a stolen database opens none.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table, Text, text

from controller.db.metadata import metadata

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("demo", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("failed", Integer, nullable=False),  # wrong passwords since the last right one
    Column("locked_until_ms", BigInteger, nullable=False),
    Column("second", LargeBinary),  # the secret of the second step, sealed (service.vault); none: no second step
    Column("second_step", BigInteger),  # the last step that was used; none: the secret is not confirmed yet
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # SHA-256 of the cookie: a stolen database opens no door
    Column("user", String(36), ForeignKey("users.id"), nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("id", String(36), nullable=False, server_default=text("''")),  # by which its owner ends it
    Column("agent", String(200), nullable=False, server_default=text("''")),  # what the browser calls itself
    Column("address", String(64), nullable=False, server_default=text("''")),
)

tokens = Table(  # what programs sign in with
    "tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user", String(36), ForeignKey("users.id"), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("deeds", Text, nullable=False),  # what it is for, one space between
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

invitations = Table(  # a link by which somebody sets the first password
    "invitations",
    metadata,
    Column("user", String(36), ForeignKey("users.id"), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("expires_ms", BigInteger, nullable=False),
)

grants = Table(  # what a person is, and where
    "grants",
    metadata,
    Column("user", String(36), ForeignKey("users.id"), primary_key=True),
    Column("unit", String(36), primary_key=True),  # empty: everywhere
    Column("role", String(16), primary_key=True),
)

trail = Table(  # who did what: each line is chained to the one before it (domain.trail), and none is ever changed
    "trail",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", String(36), nullable=False),
    Column("name", String(64), nullable=False),
    Column("deed", String(32), nullable=False),
    Column("units", Text, nullable=False),  # ids, one space between
    Column("subject", String(64), nullable=False),
    Column("detail", Text, nullable=False),  # JSON
    Column("mac", String(64), nullable=False),
)

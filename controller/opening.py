"""What any process needs before it can do anything: the database, migrated; the keys; transactions over both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from controller import keyfile
from controller.config import Settings
from controller.db.database import Database
from controller.db.unit_of_work import UnitOfWork
from controller.domain.errors import Refused
from controller.service.clock_guard import ClockGuard
from controller.service.keyring import EVERYBODY, Keyring, has_our_root
from scheduler.clock import Clock

_NO_KEY = b""
"""Of a transaction that only looks: it writes no trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """All of it; whoever opened it closes the database."""

    database: Database
    guard: ClockGuard
    keyring: Keyring
    work: UnitOfWork


def open_all(settings: Settings, clock: Clock) -> Opened:
    """Open what `settings` name; home, keys and tables are made where there are none.

    Refused("keys.*") where the database knows loudspeakers, or another's keys, and ours are missing or others: no loudspeaker
    would obey them. Unavailable("database.*").
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        database.migrate()
        guard = ClockGuard(clock)
        held = open_keys(settings, UnitOfWork(database, guard, _NO_KEY), clock).held
    except BaseException:
        database.close()
        raise
    keyring = Keyring(held, may_sign=guard.may_sign)
    return Opened(database=database, guard=guard, keyring=keyring, work=UnitOfWork(database, guard, keyring.trail_key))


@contextmanager
def opened(settings: Settings, clock: Clock) -> Iterator[Opened]:
    """The same for as long as the block lasts: for a command that asks no server."""
    found = open_all(settings, clock)
    try:
        yield found
    finally:
        found.database.close()


def open_keys(settings: Settings, work: UnitOfWork, clock: Clock) -> Keyring:
    """Our keys, made on the first start; refused as `open_all` says."""
    with work.reading() as tx:
        trust = tx.documents.get("trust", [EVERYBODY]).get(EVERYBODY)
        may_create = trust is None and not tx.nodes.are_there()
    ring = keyfile.open_or_create(settings.home, clock.now_ms(), os.urandom, settings.controller_id, may_create=may_create)
    if trust is not None and not has_our_root(ring.held, trust.sealed):
        raise Refused("keys.exchanged")
    return ring

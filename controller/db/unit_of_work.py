"""One transaction with all its stores: what `controller.service` calls a Transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from controller.db.accounts import SqlAccounts
from controller.db.alarms import SqlAlarms, SqlMarks
from controller.db.covering import SqlCovering
from controller.db.database import Database
from controller.db.ledger import SqlDeliveries, SqlReceipts
from controller.db.logbook import SqlLogbook
from controller.db.old import SqlOld
from controller.db.places import SqlNodes, SqlUnits
from controller.db.planned import SqlPlanned
from controller.db.post import SqlDocuments, SqlOutbox
from controller.db.sayings import SqlAirings, SqlBulletins
from controller.db.sightings import SqlSightings
from controller.db.trail import SqlTrail
from controller.db.wishes import SqlCuts, SqlPolicies, SqlProgrammes, SqlReplans, SqlRequests
from controller.service import accounts, covering, kept, logged, ports, sightings
from controller.service.clock_guard import COMMIT, ClockGuard


class SqlTransaction:
    """Every store on one connection."""

    def __init__(self, connection: Connection, trail_key: bytes) -> None:
        self.connection = connection
        self.units: ports.Units = SqlUnits(connection)
        self.nodes: ports.Nodes = SqlNodes(connection)
        self.bulletins: ports.Bulletins = SqlBulletins(connection)
        self.airings: ports.Airings = SqlAirings(connection)
        self.planned: ports.PlannedAirings = SqlPlanned(connection)
        self.deliveries: ports.Deliveries = SqlDeliveries(connection)
        self.receipts: ports.Receipts = SqlReceipts(connection)
        self.logbook: logged.Logbook = SqlLogbook(connection)
        self.documents: ports.Documents = SqlDocuments(connection)
        self.outbox: ports.Outbox = SqlOutbox(connection)
        self.alarms: ports.AlarmBook = SqlAlarms(connection)
        self.marks: ports.Marks = SqlMarks(connection)
        self.old: ports.Old = SqlOld(connection)
        self.programmes: kept.Programmes = SqlProgrammes(connection)
        self.policies: kept.Policies = SqlPolicies(connection)
        self.requests: kept.Requests = SqlRequests(connection)
        self.cuts: kept.Cuts = SqlCuts(connection)
        self.replans: kept.Replans = SqlReplans(connection)
        self.covering: covering.Covering = SqlCovering(connection)
        self.accounts: accounts.Accounts = SqlAccounts(connection)
        self.sightings: sightings.Sightings = SqlSightings(connection)
        self.trail: ports.Trail = SqlTrail(connection, trail_key)


class UnitOfWork:
    """Opens transactions on a database: `ports.Database`."""

    def __init__(self, database: Database, guard: ClockGuard, trail_key: bytes) -> None:
        """`guard` is told when we committed, and knows it over restarts by the mark that each commit leaves.

        `trail_key`: what chains the trail's lines (`Keyring.trail_key`).
        """
        self.database = database
        self._guard = guard
        self._trail_key = trail_key
        self.recall()

    def recall(self) -> None:
        """Let the guard know the last commit, also one that another controller made."""
        with self.reading() as tx:
            self._guard.recall(tx.marks.get(COMMIT))

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """A transaction that sees one moment and changes nothing."""
        with self.database.read() as connection:
            yield SqlTransaction(connection, self._trail_key)

    @contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        """A transaction that is committed when the block ends well."""
        with self.database.write() as connection:
            tx = SqlTransaction(connection, self._trail_key)
            yield tx
            now_ms = self._guard.now_ms()
            tx.marks.raise_to(COMMIT, now_ms)
        self._guard.committed(now_ms)

"""One transaction with all its stores: what `controller.service` calls a Transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from controller.db.database import Database
from controller.db.ledger import SqlDeliveries, SqlReceipts
from controller.db.places import SqlNodes, SqlUnits
from controller.db.post import SqlDocuments, SqlOutbox
from controller.db.sayings import SqlAirings, SqlBulletins
from controller.service import ports


class SqlTransaction:
    """Every store on one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.units: ports.Units = SqlUnits(connection)
        self.nodes: ports.Nodes = SqlNodes(connection)
        self.bulletins: ports.Bulletins = SqlBulletins(connection)
        self.airings: ports.Airings = SqlAirings(connection)
        self.deliveries: ports.Deliveries = SqlDeliveries(connection)
        self.receipts: ports.Receipts = SqlReceipts(connection)
        self.documents: ports.Documents = SqlDocuments(connection)
        self.outbox: ports.Outbox = SqlOutbox(connection)


class UnitOfWork:
    """Opens transactions on a database: `ports.Database`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """A transaction that sees one moment and changes nothing."""
        with self.database.read() as connection:
            yield SqlTransaction(connection)

    @contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        """A transaction that is committed when the block ends well."""
        with self.database.write() as connection:
            yield SqlTransaction(connection)

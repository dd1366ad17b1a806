"""The lease's row, in PostgreSQL. On a connection of its own, each step one statement that commits by itself: no writer is
waited for, and a controller that stands still in the middle holds nobody up.
"""

from __future__ import annotations

from sqlalchemy import delete, select, update

from controller.db.database import Database
from controller.db.rows import insert_new
from controller.db.tables import leases
from controller.service.lease import Entry

ACTING = "acting"
"""The name of the row."""

_MINE = leases.c.name == ACTING


class SqlLease:
    """A `service.lease.Book`. For one thread."""

    def __init__(self, url: str) -> None:
        """`url`: a PostgreSQL's, as for `Database`."""
        self._database = Database(url, pool=1)

    def look(self) -> Entry | None:
        """The row as it is."""
        with self._database.apart() as connection:
            row = connection.execute(select(leases).where(_MINE)).one_or_none()
        if row is None:
            return None
        return Entry(holder=row.holder, run=row.run, beat=row.beat, place=row.place, since_ms=row.since_ms)

    def take(self, seen: Entry | None, mine: Entry) -> bool:
        """Write `mine` if the row is still `seen`; was it?"""
        row = {"holder": mine.holder, "run": mine.run, "beat": mine.beat, "place": mine.place, "since_ms": mine.since_ms}
        with self._database.apart() as connection:
            if seen is not None:
                unchanged = (leases.c.run == seen.run) & (leases.c.beat == seen.beat)
                return connection.execute(update(leases).where(_MINE, unchanged).values(row)).rowcount == 1
            insert_new(connection, leases, [{"name": ACTING, **row}])
        return self.renew(mine.run)  # another may have been quicker

    def renew(self, run: str) -> bool:
        """Change the beat if the row is this run's; is it?"""
        change = update(leases).where(_MINE, leases.c.run == run).values(beat=leases.c.beat + 1)
        with self._database.apart() as connection:
            return connection.execute(change).rowcount == 1

    def release(self, run: str) -> None:
        """Leave the row to whoever comes next, if it is this run's."""
        with self._database.apart() as connection:
            connection.execute(delete(leases).where(_MINE, leases.c.run == run))

    def close(self) -> None:
        """Give back the connection."""
        self._database.close()

"""What is on its way: documents that nodes are held to, and the outbox."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, case, delete, func, select, update

from controller.db.rows import chunks, put
from controller.db.tables import documents, outbox
from controller.service.ports import Document, Letter


class SqlDocuments:
    """The newest document of each kind and subject."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, kind: str, subjects: Collection[str]) -> dict[str, Document]:
        """The documents of a kind, by subject; those that were never made are left out."""
        found: dict[str, Document] = {}
        for part in chunks(subjects):
            query = select(documents).where(documents.c.kind == kind, documents.c.subject.in_(part))
            found.update((row.subject, Document(**row._mapping)) for row in self._connection.execute(query))
        return found

    def set(self, new: Sequence[Document]) -> None:
        """These are the newest."""
        put(self._connection, documents, [asdict(document) for document in new])

    def above(self, kind: str, version: int) -> list[str]:
        """The subjects whose document of this kind has a higher version."""
        return list(
            self._connection.scalars(
                select(documents.c.subject)
                .where(documents.c.kind == kind, documents.c.version > version)
                .order_by(documents.c.subject)
            )
        )


class SqlOutbox:
    """Letters that wait to be published."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, letters: Iterable[Letter]) -> None:
        """Put letters in; their ids are given by the database."""
        rows = [asdict(letter) for letter in letters]
        for row in rows:
            del row["id"]
        if rows:
            self._connection.execute(outbox.insert(), rows)

    def supersede(self, kind: str, subjects: Collection[str]) -> None:
        """Take out all letters of this kind about these subjects: a newer word replaces them."""
        for part in chunks(subjects):
            self._connection.execute(delete(outbox).where(outbox.c.kind == kind, outbox.c.subject.in_(part)))

    def due(self, now_ms: int, limit: int) -> list[Letter]:
        """Letters whose time has come and which have not expired: silence first, then sound, then papers; oldest first."""
        query = select(outbox).where(outbox.c.next_ms <= now_ms, outbox.c.expires_ms > now_ms)
        order = (case({"stop": 0, "play": 1}, value=outbox.c.kind, else_=2), outbox.c.id)
        return [Letter(**row._mapping) for row in self._connection.execute(query.order_by(*order).limit(limit))]

    def mark(self, letters: Sequence[Letter]) -> None:
        """Remember `attempt` and `next_ms` of letters (of those that were not superseded meanwhile)."""
        if letters:
            change = (
                update(outbox).where(outbox.c.id == bindparam("of")).values(attempt=bindparam("tried"), next_ms=bindparam("due"))
            )
            self._connection.execute(change, [{"of": each.id, "tried": each.attempt, "due": each.next_ms} for each in letters])

    def present(self, ids: Collection[int]) -> set[int]:
        """Those of `ids` that are letters still: not superseded, not taken out."""
        found: set[int] = set()
        for part in chunks(ids):
            found.update(self._connection.scalars(select(outbox.c.id).where(outbox.c.id.in_(part))))
        return found

    def about(self, kinds: Collection[str], subjects: Collection[str], now_ms: int) -> list[Letter]:
        """Unexpired letters of these kinds about these subjects, oldest first."""
        found: list[Letter] = []
        for part in chunks(subjects):
            query = select(outbox).where(outbox.c.kind.in_(kinds), outbox.c.subject.in_(part), outbox.c.expires_ms > now_ms)
            found.extend(Letter(**row._mapping) for row in self._connection.execute(query.order_by(outbox.c.id)))
        return found

    def waiting(self, now_ms: int) -> list[Letter]:
        """Every unexpired order, to play or to be silent, oldest first."""
        query = select(outbox).where(outbox.c.kind.in_(("play", "stop")), outbox.c.expires_ms > now_ms)
        return [Letter(**row._mapping) for row in self._connection.execute(query.order_by(outbox.c.id))]

    def next_due_ms(self, now_ms: int) -> int | None:
        """When the next letter is due, None if none is; what has expired is never due."""
        query = select(func.min(outbox.c.next_ms)).where(outbox.c.expires_ms > now_ms)
        earliest: int | None = self._connection.execute(query).scalar_one()
        return earliest

"""Programmes, policies, requests, what emergencies cut, and who must be planned anew, in the database."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, delete, func, select, tuple_, update

from controller.db.rows import chunks, insert_new, put
from controller.db.tables import bulletins, clips, cuts, policies, programme_bulletins, programmes, replans, requests
from controller.domain.airing import Klass
from controller.service.composing import bulletins_of
from controller.service.kept import Cut, KeptPolicy, KeptProgramme, Request, Ruling
from scheduler.programme import Programme
from scheduler.wishes import Begin, Over

T = TypeVar("T")

_encoder = msgspec.json.Encoder(order="deterministic")
"""The same value has the same text: sets have no order of their own."""


def encode_body(value: Programme | Ruling) -> str:
    """The value as the column keeps it."""
    return _encoder.encode(value).decode()


def decode_body(text: str, type_: type[T]) -> T:
    """What `encode_body` wrote."""
    return msgspec.json.decode(text, type=type_)


class SqlProgrammes:
    """Recurring slots."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, programme: str) -> KeptProgramme | None:
        """The programme, living or ended, or None."""
        row = self._connection.execute(select(programmes).where(programmes.c.id == programme)).one_or_none()
        return _programme(row) if row else None

    def living(self) -> list[KeptProgramme]:
        """Those that have not ended, by id."""
        query = select(programmes).where(programmes.c.ended_ms.is_(None)).order_by(programmes.c.id)
        return [_programme(row) for row in self._connection.execute(query)]

    def put(self, kept: KeptProgramme) -> None:
        """A new programme, or one as it now is. While it lives, the bulletins that it names are held."""
        programme = kept.programme
        row = {
            "id": programme.id,
            "owner": programme.owner,
            "title": programme.title,
            "body": encode_body(programme),
            "version": kept.version,
            "created_ms": kept.created_ms,
            "created_by": kept.created_by,
            "changed_ms": kept.changed_ms,
            "changed_by": kept.changed_by,
            "ended_ms": kept.ended_ms,
        }
        put(self._connection, programmes, [row])
        self._connection.execute(delete(programme_bulletins).where(programme_bulletins.c.programme == programme.id))
        named = bulletins_of(programme) if kept.ended_ms is None else ()
        insert_new(self._connection, programme_bulletins, [{"programme": programme.id, "bulletin": name} for name in named])


class SqlPolicies:
    """What units allow."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> dict[str, KeptPolicy]:
        """Every policy, by its unit."""
        return {row.unit: _policy(row) for row in self._connection.execute(select(policies))}

    def put(self, kept: KeptPolicy) -> None:
        """A unit's policy as it now is."""
        row = {
            "unit": kept.unit,
            "body": encode_body(kept.ruling),
            "version": kept.version,
            "changed_ms": kept.changed_ms,
            "changed_by": kept.changed_by,
        }
        put(self._connection, policies, [row])

    def remove(self, unit: str) -> None:
        """The unit has none any more."""
        self._connection.execute(delete(policies).where(policies.c.unit == unit))


class SqlRequests:
    """Single bulletins at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, request: Request) -> None:
        """A new request."""
        row = msgspec.structs.asdict(request) | {"units": " ".join(request.units)}
        self._connection.execute(requests.insert(), [row])

    def get(self, request: str) -> Request | None:
        """The request, or None."""
        row = self._connection.execute(select(requests).where(requests.c.id == request)).one_or_none()
        return _request(row) if row else None

    def cancel(self, request: str, now_ms: int) -> None:
        """It is wished no longer; the first time counts."""
        mine = (requests.c.id == request) & requests.c.cancelled_ms.is_(None)
        self._connection.execute(update(requests).where(mine).values(cancelled_ms=now_ms))

    def order(self, request: str, rank_order: int) -> None:
        """What the commune decided where two meet."""
        self._connection.execute(update(requests).where(requests.c.id == request).values(rank_order=rank_order))

    def bring_forward(self, after: str, by_ms: int) -> None:
        """What goes on behind this emergency may begin so much earlier."""
        behind = requests.c.after == after
        self._connection.execute(update(requests).where(behind).values(start_ms=requests.c.start_ms - by_ms))

    def between(self, from_ms: int, until_ms: int) -> list[Request]:
        """Those not cancelled that begin before `until`, and that may still sound at `from` if they begin in time; by start.

        One that begins behind whatever is before it, however late, is as long as the others here: ask for an earlier `from`.
        """
        sound = bulletins.join(clips, clips.c.sha256 == bulletins.c.clip)
        length = select(clips.c.duration_ms).select_from(sound).where(bulletins.c.id == requests.c.bulletin).scalar_subquery()
        ends = requests.c.start_ms + requests.c.wait_ms + requests.c.finish_ms + requests.c.grace_ms + func.coalesce(length, 0)
        here = requests.c.cancelled_ms.is_(None) & (requests.c.start_ms < until_ms) & (ends > from_ms)
        query = select(requests).where(here).order_by(requests.c.start_ms, requests.c.id)
        return [_request(row) for row in self._connection.execute(query)]


class SqlCuts:
    """What emergencies cut."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, cut: Cut) -> None:
        """It is to be decided what becomes of it."""
        insert_new(self._connection, cuts, [cut])

    def waiting(self) -> list[Cut]:
        """Those of which nobody decided yet."""
        query = select(cuts).order_by(cuts.c.emergency, cuts.c.airing)
        return [Cut(emergency=row.emergency, airing=row.airing) for row in self._connection.execute(query)]

    def clear(self, cut: Cut) -> None:
        """It was decided."""
        mine = (cuts.c.emergency == cut.emergency) & (cuts.c.airing == cut.airing)
        self._connection.execute(delete(cuts).where(mine))


class SqlReplans:
    """Who must be planned anew."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def mark(self, units: Collection[str], now_ms: int) -> None:
        """The villages under these units must be planned anew. A mark that is there already rises, so that `clear` knows it."""
        there = dict(self.waiting())
        rows = [{"unit": unit, "since_ms": max(now_ms, there.get(unit, 0) + 1)} for unit in dict.fromkeys(units)]
        put(self._connection, replans, rows)

    def waiting(self) -> list[tuple[str, int]]:
        """(unit, since) of each, the oldest first."""
        query = select(replans.c.unit, replans.c.since_ms).order_by(replans.c.since_ms, replans.c.unit)
        return [(row.unit, row.since_ms) for row in self._connection.execute(query)]

    def clear(self, pairs: Collection[tuple[str, int]]) -> None:
        """Take these away; one that was marked again since stays."""
        for part in chunks(pairs):
            self._connection.execute(delete(replans).where(tuple_(replans.c.unit, replans.c.since_ms).in_(part)))


def _programme(row: Row[Any]) -> KeptProgramme:
    return KeptProgramme(
        programme=decode_body(row.body, Programme),
        version=row.version,
        created_ms=row.created_ms,
        created_by=row.created_by,
        changed_ms=row.changed_ms,
        changed_by=row.changed_by,
        ended_ms=row.ended_ms,
    )


def _policy(row: Row[Any]) -> KeptPolicy:
    return KeptPolicy(
        unit=row.unit,
        ruling=decode_body(row.body, Ruling),
        version=row.version,
        changed_ms=row.changed_ms,
        changed_by=row.changed_by,
    )


def _request(row: Row[Any]) -> Request:
    typed = {"units": tuple(row.units.split()), "begin": Begin(row.begin), "over": Over(row.over), "klass": Klass(row.klass)}
    return Request(**dict(row._mapping) | typed)

"""Bulletins, clips and airings in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, or_, select, update
from sqlalchemy.sql import ColumnElement

from audio.clip import Part
from controller.db.places import below
from controller.db.rows import among, chunks, insert_new
from controller.db.tables import airing_villages, airings, bulletins, clips, holds, programme_bulletins, requests, units
from controller.domain.airing import Airing, Klass, Mode
from controller.domain.bulletin import NEWS_MS, PHRASE, Bulletin, BulletinState
from controller.domain.rights import Reach
from controller.service.ports import ClipRow, Draft
from scheduler.wishes import Notice, Piece


class SqlBulletins:
    """Bulletins with their clips."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, bulletin: str) -> Draft | None:
        """The bulletin and what is still to be done for it, or None."""
        row = self._connection.execute(select(bulletins).where(bulletins.c.id == bulletin)).one_or_none()
        return _draft(row) if row else None

    def keyed(self, by: str, key: str) -> Draft | None:
        """The bulletin that this person sent under this key, or None."""
        mine = (bulletins.c.created_by == by) & (bulletins.c.draft == key)
        row = self._connection.execute(select(bulletins).where(mine)).one_or_none()
        return _draft(row) if row else None

    def add(self, draft: Draft) -> None:
        """A new bulletin."""
        self._connection.execute(bulletins.insert(), [_draft_row(draft)])

    def change(self, draft: Draft) -> None:
        """The bulletin as it now is."""
        self._connection.execute(update(bulletins).where(bulletins.c.id == draft.bulletin.id).values(_draft_row(draft)))

    def unprepared(self) -> list[Draft]:
        """Those whose upload waits to be prepared, oldest first."""
        query = select(bulletins).where(bulletins.c.upload.is_not(None)).order_by(bulletins.c.created_ms)
        return [_draft(row) for row in self._connection.execute(query)]

    def count_submitted(self) -> int:
        """How many wait for a yes."""
        query = select(func.count()).where(bulletins.c.state == BulletinState.SUBMITTED)
        return self._connection.execute(query).scalar_one()

    def is_in_use(self, bulletin: str, now_ms: int) -> bool:
        """Is it to be heard: by an airing that is not over, a request, a living programme, or as a notice?"""
        over = airings.c.start_ms + airings.c.grace_ms + airings.c.duration_ms
        uses = (
            exists().where(airings.c.bulletin == bulletin, airings.c.cancelled_ms.is_(None), over > now_ms),
            exists().where(requests.c.bulletin == bulletin, requests.c.cancelled_ms.is_(None), requests.c.start_ms > now_ms),
            exists().where(programme_bulletins.c.bulletin == bulletin),
            exists().where(bulletins.c.id == bulletin, bulletins.c.kind != "", bulletins.c.state == BulletinState.APPROVED),
        )
        return bool(self._connection.execute(select(or_(*uses))).scalar_one())

    def undecided(self, returned_after_ms: int) -> list[Draft]:
        """Those that wait for a yes, the longest first; those returned, or submitted and withdrawn, since then."""
        waits = bulletins.c.state == BulletinState.SUBMITTED
        back = bulletins.c.state.in_([BulletinState.RETURNED, BulletinState.DRAFT]) & (
            bulletins.c.submitted_ms > returned_after_ms
        )
        query = select(bulletins).where(waits | back).order_by(bulletins.c.submitted_ms, bulletins.c.id)
        return [_draft(row) for row in self._connection.execute(query)]

    def titles(self, ids: Collection[str]) -> dict[str, str]:
        """The title of each bulletin."""
        found: dict[str, str] = {}
        for part in chunks(ids):
            query = select(bulletins.c.id, bulletins.c.title).where(bulletins.c.id.in_(part))
            found.update((row.id, row.title) for row in self._connection.execute(query))
        return found

    def approved(self, limit: int, within: Reach) -> list[tuple[Bulletin, int]]:
        """What can be said, and how long it is: the newest of owners within reach first; no emergencies, no notices."""
        query = select(bulletins, clips.c.duration_ms).join(clips, clips.c.sha256 == bulletins.c.clip)
        if within is not None:
            query = query.join(units, units.c.id == bulletins.c.owner).where(below(within))
        here = (bulletins.c.state == BulletinState.APPROVED) & (bulletins.c.kind == "") & (bulletins.c.klass != Klass.EMERGENCY)
        newest = (
            query.where(here, bulletins.c.id.not_like(f"{PHRASE}%"))
            .order_by(bulletins.c.created_ms.desc(), bulletins.c.id)
            .limit(limit)
        )
        return [(_draft(row).bulletin, row.duration_ms) for row in self._connection.execute(newest)]

    def clip(self, sha256: str) -> ClipRow | None:
        """The clip, or None."""
        row = self._connection.execute(select(clips).where(clips.c.sha256 == sha256)).one_or_none()
        return ClipRow(**row._mapping) if row else None

    def sizes(self, sounds: Collection[str]) -> dict[str, int]:
        """The size of each clip of `sounds` that is known."""
        query = select(clips.c.sha256, clips.c.size).where(among(self._connection, clips.c.sha256, sounds))
        return {row.sha256: row.size for row in self._connection.execute(query)}

    def notices(self, now_ms: int) -> list[Notice]:
        """What waits to be taken by a programme: approved, of a kind, with a sound, and no old news yet; the oldest first."""
        until_ms = func.coalesce(bulletins.c.until_ms, bulletins.c.approved_ms + NEWS_MS).label("ends_ms")
        query = select(bulletins, clips.c.duration_ms, until_ms).join(clips, clips.c.sha256 == bulletins.c.clip)
        here = (bulletins.c.state == BulletinState.APPROVED) & (bulletins.c.kind != "") & (until_ms > now_ms)
        here &= bulletins.c.klass != Klass.EMERGENCY
        return [_notice(row) for row in self._connection.execute(query.where(here).order_by("approved_ms", "id"))]

    def add_clip(self, clip: ClipRow) -> None:
        """A prepared sound; the same bytes again are the same clip."""
        insert_new(self._connection, clips, [asdict(clip)])

    def hold(self, unit: str, sha256: str, on: bool) -> bool:
        """Let nodes under `unit` keep the clip always (`on`) or no longer. Did that change anything?"""
        row = (holds.c.unit == unit) & (holds.c.sha256 == sha256)
        there = self._connection.execute(select(holds.c.unit).where(row)).one_or_none() is not None
        if on and not there:
            self._connection.execute(holds.insert(), [{"unit": unit, "sha256": sha256}])
        elif there and not on:
            self._connection.execute(delete(holds).where(row))
        return on != there

    def holders(self) -> dict[str, set[str]]:
        """The clips that each unit lets its nodes keep."""
        found: dict[str, set[str]] = {}
        for unit, sha256 in self._connection.execute(select(holds.c.unit, holds.c.sha256)):
            found.setdefault(unit, set()).add(sha256)
        return found

    def held(self, path: Sequence[str]) -> list[tuple[str, int]]:
        """The (SHA-256, size) of clips that a node with this path keeps always."""
        query = select(clips.c.sha256, clips.c.size).distinct().join(holds, holds.c.sha256 == clips.c.sha256)
        return [
            (row.sha256, row.size)
            for row in self._connection.execute(query.where(holds.c.unit.in_(path)).order_by(clips.c.sha256))
        ]


class SqlAirings:
    """Airings and where they may sound."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, airing: str) -> Airing | None:
        """The airing, or None."""
        row = self._connection.execute(select(airings).where(airings.c.id == airing)).one_or_none()
        return airing_of(row) if row else None

    def add(self, airing: Airing, villages: Sequence[str], by: str) -> None:
        """A new airing, with the villages in which nothing else may sound while it may (a test has none)."""
        row = asdict(airing) | {"units": " ".join(airing.units), "settles_ms": airing.settles_ms, "created_by": by}
        self._connection.execute(airings.insert(), [row])
        span = {"airing": airing.id, "start_ms": airing.start_ms, "end_ms": airing.start_ms + airing.duration_ms}
        if villages:
            self._connection.execute(airing_villages.insert(), [span | {"village": village} for village in villages])

    def recent(self, limit: int, within: Reach = None) -> list[Airing]:
        """The newest airings by creation, newest first, tests aside: all, or those in a village within someone's reach."""
        query = select(airings).where(_heard(within)).order_by(airings.c.created_ms.desc(), airings.c.id.desc()).limit(limit)
        return [airing_of(row) for row in self._connection.execute(query)]

    def lately(self, limit: int, now_ms: int, within: Reach = None) -> list[Airing]:
        """What began last, and single bulletins that are to come, the latest start first; not the coming turns of programmes."""
        single = or_(airings.c.wish.is_(None), ~airings.c.wish.contains("/"))
        here = or_(airings.c.start_ms <= now_ms, single) & _heard(within)
        query = select(airings).where(here).order_by(airings.c.start_ms.desc(), airings.c.id.desc()).limit(limit)
        return [airing_of(row) for row in self._connection.execute(query)]

    def around(self, from_ms: int, until_ms: int, within: Reach = None) -> list[Airing]:
        """What starts in [from, until), by start: all, or that in a village within someone's reach."""
        here = (airings.c.start_ms >= from_ms) & (airings.c.start_ms < until_ms) & _heard(within)
        query = select(airings).where(here).order_by(airings.c.start_ms, airings.c.id)
        return [airing_of(row) for row in self._connection.execute(query)]

    def overlapping(self, villages: Sequence[str], start_ms: int, end_ms: int) -> dict[str, str]:
        """Every airing that sounds in one of `villages` within [start, end), with the first of these."""
        first = func.min(airing_villages.c.village).label("first")
        here = among(self._connection, airing_villages.c.village, villages)
        here &= (airing_villages.c.end_ms > start_ms) & (airing_villages.c.start_ms < end_ms)
        query = select(airing_villages.c.airing, first).where(here).group_by(airing_villages.c.airing)
        return {row.airing: row.first for row in self._connection.execute(query)}

    def cancel(self, airing: str, rev: int, now_ms: int) -> None:
        """Silence was asked for: its villages are free from now."""
        self._connection.execute(update(airings).where(airings.c.id == airing).values(rev=rev, cancelled_ms=now_ms))
        mine = (airing_villages.c.airing == airing) & (airing_villages.c.end_ms > now_ms)
        self._connection.execute(update(airing_villages).where(mine).values(end_ms=now_ms))

    def due_to_settle(self, now_ms: int) -> list[str]:
        """Airings whose deadline is past and whose deliveries are not all settled."""
        query = select(airings.c.id).where(airings.c.settled_ms.is_(None), airings.c.settles_ms <= now_ms)
        return list(self._connection.scalars(query))

    def settle(self, airing: str, now_ms: int) -> None:
        """Its deliveries all have an end."""
        self._connection.execute(update(airings).where(airings.c.id == airing).values(settled_ms=now_ms))

    def repeating(self, airing: str) -> list[Airing]:
        """The airings that say it again, oldest first."""
        query = select(airings).where(airings.c.repeats == airing).order_by(airings.c.created_ms, airings.c.id)
        return [airing_of(row) for row in self._connection.execute(query)]

    def is_settled(self, airing: str) -> bool:
        """Have its deliveries all been given an end?"""
        query = select(airings.c.settled_ms).where(airings.c.id == airing)
        return self._connection.execute(query).scalar_one_or_none() is not None

    def coming(self, village: str, from_ms: int, until_ms: int) -> list[Airing]:
        """What the village's plan shall hold: planned, not cancelled, starting before `until` and not over at `from`."""
        query = select(airings).join(airing_villages, airing_villages.c.airing == airings.c.id)
        mine = (airing_villages.c.village == village) & _planned(from_ms, until_ms)
        return [airing_of(row) for row in self._connection.execute(query.where(mine).order_by(airings.c.start_ms, airings.c.id))]

    def villages_coming(self, from_ms: int, until_ms: int) -> list[str]:
        """The villages whose plans shall hold something."""
        query = select(airing_villages.c.village).distinct().join(airings, airing_villages.c.airing == airings.c.id)
        return list(self._connection.scalars(query.where(_planned(from_ms, until_ms))))

    def villages_of(self, airing: str) -> list[str]:
        """Where it may sound."""
        return list(self._connection.scalars(select(airing_villages.c.village).where(airing_villages.c.airing == airing)))


def _heard(within: Reach) -> ColumnElement[bool]:
    """Is the airing for a village within reach? Tests are for none."""
    if within is None:
        return airings.c.mode != Mode.TEST
    here = airing_villages.c.village.in_(select(units.c.id).where(below(within)))
    return exists().where(airing_villages.c.airing == airings.c.id, here)


def _planned(from_ms: int, until_ms: int) -> Any:
    over = airings.c.start_ms + airings.c.grace_ms + airings.c.duration_ms
    return (
        (airings.c.mode == Mode.PLANNED) & airings.c.cancelled_ms.is_(None) & (airings.c.start_ms < until_ms) & (over > from_ms)
    )


def airing_of(row: Row[Any]) -> Airing:
    """The airing in a row of the table (and perhaps more columns)."""
    return Airing(
        id=row.id,
        bulletin=row.bulletin,
        mode=Mode(row.mode),
        rev=row.rev,
        units=tuple(row.units.split()),
        start_ms=row.start_ms,
        grace_ms=row.grace_ms,
        duration_ms=row.duration_ms,
        klass=Klass(row.klass),
        rank=row.rank,
        sha256=row.sha256,
        size=row.size,
        gain=row.gain,
        language=row.language,
        created_ms=row.created_ms,
        cancelled_ms=row.cancelled_ms,
        wish=row.wish,
        repeats=row.repeats,
    )


def _draft(row: Row[Any]) -> Draft:
    bulletin = Bulletin(
        id=row.id,
        owner=row.owner,
        title=row.title,
        klass=Klass(row.klass),
        language=row.language,
        state=BulletinState(row.state),
        created_ms=row.created_ms,
        created_by=row.created_by,
        clip=row.clip,
        kind=row.kind,
        until_ms=row.until_ms,
        approved_ms=row.approved_ms,
        submitted_ms=row.submitted_ms,
        decided_ms=row.decided_ms,
        decided_by=row.decided_by,
        note=row.note,
        yes=row.yes,
        text=row.text or "",
    )
    part = Part(from_ms=row.from_ms or 0, to_ms=row.to_ms)
    return Draft(
        bulletin=bulletin, upload=row.upload, wish=row.wish, error=row.error, airing=row.airing, key=row.draft, part=part
    )


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        piece=Piece(source=row.id, sound=row.clip, duration_ms=row.duration_ms, language=row.language),
        owner=row.owner,
        kind=row.kind,
        klass=row.klass,
        since_ms=row.approved_ms,
        until_ms=row.ends_ms,
    )


def _draft_row(draft: Draft) -> dict[str, Any]:
    rest = {"upload": draft.upload, "wish": draft.wish, "error": draft.error, "airing": draft.airing, "draft": draft.key}
    return asdict(draft.bulletin) | rest | asdict(draft.part)

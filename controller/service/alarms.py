"""What somebody must look at. One open row for each (code, node): a repetition raises its number, and no flood makes rows.

An alarm is raised within the commit that saw its cause. It stays until a person closes it, except where its cause is a state
of ours that has an end (`service.timekeeping`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from controller.domain.errors import NotFound
from controller.domain.rights import Actor, Deed
from controller.service.ports import Alarm, Database, Transaction
from controller.service.rights import record, require
from controller.service.units import unit_of
from scheduler.clock import Clock

MAX_OPEN = 10_000
"""Open alarms in all: one of each loudspeaker of a stressed province. What comes beyond is counted in `alarms.full`."""

MAX_OPEN_OF_NODE = 20
"""Twice the codes there are: a stolen loudspeaker that invents reasons fills its own share (`node.alarms-full`) only."""

SHOWN = 1_000
"""The newest ones in a list; nobody reads further, and closing some shows the rest."""

FULL, NODE_FULL = "alarms.full", "node.alarms-full"

Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A cause that was seen. `node` None: it is about the controller. `detail` is kept as JSON: small, and ours to choose."""

    code: str
    node: str | None
    at_ms: int
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView:
    """An alarm as a person sees it: with the names of its loudspeaker and village (empty: it is not ours any more, or none)."""

    alarm: Alarm
    name: str
    village: str


def raise_alarms(tx: Transaction, raised: Sequence[Raised]) -> None:
    """Keep these alarms, within the commit that saw their cause."""
    if not raised:
        return
    standing = tx.alarms.open_of({each.node for each in raised} | {None})
    tally = _Tally(standing, tx.alarms.count_open())
    for each in raised:
        tally.add(each)
    tx.alarms.write(tally.changed.values())


class Alarms:
    """Lists and closes alarms. Thread-safe; each call is one commit."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, *, by: Actor, closed: bool = False, limit: int = SHOWN) -> list[AlarmView]:
        """The open alarms, those that were raised last first; `closed`: the closed ones too. The controller's own concern all."""
        with self._database.reading() as tx:
            return _views(tx, tx.alarms.newest(limit, closed=closed, within=by.reach))

    def count_open(self, *, by: Actor) -> int:
        """How many are open."""
        with self._database.reading() as tx:
            return tx.alarms.count_open(by.reach)

    def close(self, alarm: int, *, by: Actor) -> AlarmView:
        """Somebody saw to it; NotFound("alarm.unknown"). Closing twice is closing once; the next such cause is a new alarm."""
        with self._database.writing() as tx:
            known = tx.alarms.get(alarm)
            if known is None:
                raise NotFound("alarm.unknown", alarm=alarm)
            node = tx.nodes.get(known.node) if known.node is not None else None
            place = unit_of(tx, node.village) if node is not None else None
            require(by, Deed.ALARM_CLOSE, [place])
            if known.closed_ms is None:
                now_ms = self._clock.now_ms()
                known = replace(known, closed_ms=now_ms)
                tx.alarms.write([known])
                record(tx, by, Deed.ALARM_CLOSE, [place], subject=known.node or "", at_ms=now_ms, code=known.code)
            return _views(tx, [known])[0]


class _Tally:
    """The open alarms of a commit as they then stand; `changed` are those to be written."""

    def __init__(self, standing: Mapping[Key, Alarm], total: int) -> None:
        self._standing = dict(standing)
        self._total = total
        self.changed: dict[Key, Alarm] = {}

    def add(self, raised: Raised) -> None:
        """One cause more: counted where it is known, a new alarm where there is room, counted as lost where there is none."""
        for key in ((raised.code, raised.node), *self._instead(raised.node)):
            known = self._standing.get(key)
            if known is not None:
                last_ms = max(known.last_ms, raised.at_ms)
                self._put(key, replace(known, last_ms=last_ms, number=known.number + 1, detail=_text(raised)))
                return
            if self._has_room(key):
                self._total += 1
                self._put(key, _new(key, raised))
                return

    def _instead(self, node: str | None) -> tuple[Key, ...]:
        return ((NODE_FULL, node), (FULL, None)) if node is not None else ((FULL, None),)

    def _has_room(self, key: Key) -> bool:
        code, node = key
        if code == FULL:
            return True
        if self._total >= MAX_OPEN:
            return False
        return node is None or code == NODE_FULL or sum(of == node for _, of in self._standing) < MAX_OPEN_OF_NODE

    def _put(self, key: Key, alarm: Alarm) -> None:
        self._standing[key] = self.changed[key] = alarm


def _new(key: Key, raised: Raised) -> Alarm:
    code, node = key
    at_ms = raised.at_ms
    return Alarm(id=0, code=code, node=node, first_ms=at_ms, last_ms=at_ms, number=1, detail=_text(raised), closed_ms=None)


def _text(raised: Raised) -> str:
    return msgspec.json.encode(raised.detail).decode()


def _views(tx: Transaction, alarms: Iterable[Alarm]) -> list[AlarmView]:
    """Alarms with the names of where they come from."""
    alarms = list(alarms)
    living = tx.nodes.living({alarm.node for alarm in alarms if alarm.node is not None})
    names = {unit.id: unit.name for unit in tx.units.all()} if living else {}
    views = []
    for alarm in alarms:
        row = living[alarm.node][0] if alarm.node in living else None
        views.append(AlarmView(alarm=alarm, name=row.name if row else "", village=names[row.village] if row else ""))
    return views

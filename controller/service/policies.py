"""What units allow: read, set, taken back, and what binds a place. Nodes are told in the same commit: they are the last guard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from controller.domain.airing import MAX_DURATION_MS, Klass
from controller.domain.errors import Conflict, Refused
from controller.domain.rights import MAY, Actor, Deed
from controller.domain.unit import Unit, is_under
from controller.service.binding import binding, bindings, for_node, horizon_ms, own
from controller.service.consent import MAX_FREEDOMS, Consent
from controller.service.differences import differences
from controller.service.kept import HORIZON_H, KeptPolicy, Ruling
from controller.service.papers import Papers
from controller.service.ports import Bus, Database, Transaction
from controller.service.rights import record, require, require_near
from controller.service.units import unit_of
from scheduler.clock import Clock
from scheduler.limits import Loudness, Policy, Window, clock_of
from scheduler.special import SPECIAL

MAX_HORIZON_H = 168
"""Seven days: the longest that a storm has cut off a place which then still wanted what was planned before."""

MAX_OFFSET = 840
"""Minutes: no place on earth is further from UTC."""

MAX_SESSIONS = 48
"""Two an hour: with pauses of ten minutes between them there is no room for many more."""

MAX_LANGUAGES = 20
"""More than are spoken in any commune."""

_DAY_MS = 86_400_000
_DAY = 1_440


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What binds a unit, how far ahead it is planned, and whose policies these are, the uppermost first."""

    unit: Unit
    policy: Policy
    horizon_h: int
    by: tuple[Unit, ...]


class Policies:
    """Reads and sets policies. Thread-safe; each call is one commit. `changed` is called after one that changed something."""

    def __init__(
        self, *, database: Database, papers: Papers, clock: Clock, bus: Bus, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._papers = papers
        self._clock = clock
        self._bus = bus
        self._changed = changed

    def all(self, *, by: Actor) -> list[KeptPolicy]:
        """Those that were set and concern whoever asks, by unit."""
        with self._database.reading() as tx:
            near = [kept for kept in tx.policies.all().values() if by.is_near(unit_of(tx, kept.unit))]
        return sorted(near, key=lambda kept: kept.unit)

    def get(self, unit: str, *, by: Actor) -> KeptPolicy:
        """A unit's own; version 0 and no limits where nobody set one."""
        with self._database.reading() as tx:
            place = unit_of(tx, unit)
            require_near(by, place)
            return _get(tx, place)

    def effective(self, unit: str, *, by: Actor) -> Effective:
        """What binds a unit: its own and all above it."""
        with self._database.reading() as tx:
            place, kept = unit_of(tx, unit), tx.policies.all()
            require_near(by, place)
            whose = tuple(above for above in map(tx.units.get, place.path) if above is not None and above.id in kept)
        hours = horizon_ms(place.path, kept) // 3_600_000
        return Effective(unit=place, policy=binding(place.path, kept), horizon_h=hours, by=whose)

    def set(self, unit: str, version: int, ruling: Ruling, *, by: Actor) -> KeptPolicy:
        """Let this hold for a unit and all below it, in place of `version`; the same again changes nothing.

        Refused("policy.*") for what makes no sense, or more than a node can be told anywhere below. Conflict("policy.changed")
        when somebody else was first: who, when, and what differs.
        """
        check(ruling)
        return self._write(unit, version, ruling, by)

    def remove(self, unit: str, version: int, *, by: Actor) -> None:
        """The unit itself decides nothing any more; Conflict as in `set`."""
        self._write(unit, version, None, by)

    def _write(self, unit: str, version: int, ruling: Ruling | None, by: Actor) -> KeptPolicy:
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            place = unit_of(tx, unit)
            require(by, Deed.POLICY_SET, [place])
            before = _get(tx, place)
            wanted = ruling or Ruling()
            if wanted == before.ruling and (ruling is None) == (before.version == 0):
                return before
            if before.version != version:
                raise _conflict(before, place, wanted)
            kept = KeptPolicy(unit=unit, ruling=wanted, version=version + 1, changed_ms=now_ms, changed_by=by.name)
            record(tx, by, Deed.POLICY_SET, [place], subject=unit, at_ms=now_ms, version=kept.version, none=ruling is None)
            if ruling is None:
                tx.policies.remove(unit)
            else:
                tx.policies.put(kept)
            _refuse_too_many(tx, place, tx.policies.all())
            tx.replans.mark([unit], now_ms)
            if _for_nodes(before.ruling) != _for_nodes(wanted):
                self._papers.renew(tx, tx.nodes.living([row.id for row in tx.nodes.under(place)]), now_ms)
        self._bus.outbox_filled()
        self._changed()
        return kept


def check(ruling: Ruling) -> None:
    """Refused("policy.window", "policy.ceiling", "policy.limit" or "policy.place") unless it makes sense by itself."""
    policy = ruling.policy
    for window in policy.hours:
        if not (
            _is_span(window) and window.days and {*window.days} <= {*range(1, 8)} and len({*window.days}) == len(window.days)
        ):
            raise Refused("policy.window", window=_span(window))
    for ceiling in policy.ceilings:
        if not (_is_span(ceiling) and -600 <= ceiling.gain <= 120):
            raise Refused("policy.ceiling", window=_span(ceiling))
    limits: Iterable[tuple[str, int | None, int, int]] = (
        ("utc_offset", policy.utc_offset, -MAX_OFFSET, MAX_OFFSET),
        ("item_ms", policy.item_ms, 1_000, MAX_DURATION_MS),
        ("session_ms", policy.session_ms, 1_000, _DAY_MS),
        ("sessions", policy.sessions, 1, MAX_SESSIONS),
        ("horizon_h", ruling.horizon_h, HORIZON_H, MAX_HORIZON_H),
        ("languages", len(policy.languages), 0, MAX_LANGUAGES),
    )
    for name, number, least, most in limits:
        if number is not None and not least <= number <= most:
            raise Refused("policy.limit", field=name, least=least, most=most)
    for place in ruling.places:
        if place not in SPECIAL:
            raise Refused("policy.place", place=place[:32])
    _check_consent(ruling.consent)


def _check_consent(consent: Consent | None) -> None:
    """Refused("policy.consent") for a freedom of somebody who says nothing anyway; else as the limits are."""
    for freedom in consent.free if consent else ():
        if freedom.role not in MAY[Deed.BULLETIN_RECEIVE] or freedom.klass is Klass.EMERGENCY:
            raise Refused("policy.consent", role=freedom.role.value)
        if freedom.longest_ms is not None and not 1_000 <= freedom.longest_ms <= MAX_DURATION_MS:
            raise Refused("policy.limit", field="longest_ms", least=1_000, most=MAX_DURATION_MS)
        for window in freedom.hours:
            if not (_is_span(window) and window.days and {*window.days} <= {*range(1, 8)}):
                raise Refused("policy.window", window=_span(window))
    if consent and len(consent.free) > MAX_FREEDOMS:
        raise Refused("policy.limit", field="free", least=0, most=MAX_FREEDOMS)


def _is_span(window: Window | Loudness) -> bool:
    return 0 <= window.from_minute < _DAY and 0 <= window.to_minute <= _DAY


def _span(window: Window | Loudness) -> str:
    """As people write it: 05:00-21:00."""
    return f"{clock_of(window.from_minute)}-{clock_of(window.to_minute)}"


def _for_nodes(ruling: Ruling) -> Policy:
    """That part of a ruling which is in configs: when the rest changes, no node needs to be told."""
    return replace(own(ruling), session_ms=None, sessions=None, languages=())


def proposed(tx: Transaction, unit: str, ruling: Ruling | None) -> dict[str, KeptPolicy]:
    """Every policy, if this unit's were `ruling`, or (None) none; refused as `Policies.set` does."""
    check(ruling or Ruling())
    place, kept = unit_of(tx, unit), tx.policies.all()
    kept.pop(unit, None)
    if ruling is not None:
        kept[unit] = KeptPolicy(unit=unit, ruling=ruling, version=1)
    _refuse_too_many(tx, place, kept)
    return kept


def _refuse_too_many(tx: Transaction, root: Unit, kept: Mapping[str, KeptPolicy]) -> None:
    """Refused("policy.too-many") if anywhere under `root` more binds a node than its config can say."""
    below = [unit.path for unit in tx.units.all() if is_under(unit, root.id)]
    for policy in bindings(below, kept).values():
        for_node(policy)


def _conflict(kept: KeptPolicy, place: Unit, yours: Ruling) -> Conflict:
    return Conflict(
        "policy.changed",
        unit=place.name,
        version=kept.version,
        by=kept.changed_by,
        at_ms=kept.changed_ms,
        differences=differences(kept.ruling, yours),
    )


def _get(tx: Transaction, unit: Unit) -> KeptPolicy:
    return tx.policies.all().get(unit.id) or KeptPolicy(unit=unit.id)

"""One bulletin, now or at a time: what the resolver makes of it before anybody keeps it. It changes nothing.

A resolver is slow and no writer waits for it: it looks at one moment, and what it saw is kept in another (`airings`). What came
in between is met there: two orders refuse each other, and two requests are brought apart by the planner.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from controller.domain.airing import DEFAULT_GRACE_MS, DEFAULT_LEAD_MS, MIN_GRACE_MS, Airing, Klass, Mode
from controller.domain.bulletin import PHRASE, Bulletin, BulletinState
from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.ids import new_id
from controller.domain.unit import RANK, Unit, is_under
from controller.service.kept import Request
from controller.service.names import names_of
from controller.service.ports import ClipRow, Database, Draft, Transaction
from controller.service.reasons import Reason, Reasons
from controller.service.replanning import Sound, sounds_of
from controller.service.timetable import FREEZE_MS, Asked, Gathered, gather, piece_of
from controller.service.units import speaking, unit_of
from scheduler.resolve import Timeline
from scheduler.wishes import Begin

FARTHEST_MS = 366 * 86_400_000
"""A year: further ahead it is a slip of the finger, not a plan."""

LATEST_MS = 6 * 3_600_000
"""It may wait so long for its turn: from the morning's programme until noon."""

MAX_UNITS = 200
"""Units named in one airing: more is a larger unit, or a click gone wrong."""

LOOK_BACK_MS = 3 * 3_600_000
"""A programme takes three hours at most: what began earlier is no more in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where and when to say something. `at_ms` None is now; `lead_ms` lets nodes fetch, so that neighbours begin together.

    At a time it may begin until `latest_ms`, if something is in its way; None: at its time or not at all. `if_clear`: only if
    every village hears it, at its time, and nothing else is said otherwise for it.
    """

    to: tuple[str, ...]
    at_ms: int | None = None
    latest_ms: int | None = None
    lead_ms: int = DEFAULT_LEAD_MS
    grace_ms: int = DEFAULT_GRACE_MS
    gain: int = 0
    if_clear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What would come of a wish. An order has an airing; a request has an airing for each time at which villages sound it.

    `to`: the units that it is for. `met`: the airings at its time that the resolver knew of, and brings apart.
    """

    by: str
    to: tuple[str, ...]
    airings: tuple[tuple[Airing, tuple[Unit, ...]], ...]
    request: Request | None = None
    met: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class _Found:
    """What the resolver said of a request: who sounds it when, and why others do not."""

    sounds: dict[Sound, list[Unit]] = field(default_factory=dict)
    whole: int = 0
    reasons: list[Reason] = field(default_factory=list)


def foresee(database: Database, bulletin: Bulletin, clip: ClipRow, wish: Wish, *, now_ms: int, by: str) -> Foreseen:
    """What would come of it. Refused where no village would hear it as a whole: "airing.hours", "airing.taken"...

    Refused("airing.*") or NotFound("unit.unknown") too for what makes no sense.
    """
    with database.reading() as tx:
        request, roots = wished(tx, bulletin, wish, now_ms, by)
        if bulletin.klass is Klass.EMERGENCY:  # it waits for nobody and asks nobody; who may say it is decided elsewhere
            return Foreseen(by=by, to=request.units, airings=((_order(request, bulletin, clip, Mode.NOW), tuple(roots)),))
        villages = speaking(tx, roots)
        if not villages:
            raise Refused("airing.no-nodes", units=[root.name for root in roots])
        here = [village.id for village in villages]
        order = _order(request, bulletin, clip, Mode.NOW if wish.at_ms is None else Mode.PLANNED)
        is_order = order.mode is Mode.NOW or order.start_ms < now_ms + FREEZE_MS
        if is_order:
            refuse_overlap(tx, order, here)
        met = tx.airings.overlapping(here, order.start_ms, order.start_ms + request.wait_ms + order.duration_ms)
        asked = Asked(request=request, piece=piece_of(bulletin, clip))
        from_ms, until_ms = window(asked, now_ms)
        gathered = gather(tx, villages, from_ms, until_ms, freeze_ms=0, proposed=[asked])
        before = gather(tx, villages, from_ms, until_ms, freeze_ms=0) if wish.if_clear else gathered
    timelines = gathered.resolve()
    found = _look(database, gathered, timelines, request)
    if not found.whole:
        raise _refusal(found.reasons)
    if wish.if_clear and not (_is_as_wished(found, request) and _leaves_others(before.resolve(), timelines, request)):
        raise Refused("airing.not-clear")
    if is_order:
        return Foreseen(by=by, to=request.units, airings=((order, tuple(roots)),))
    airings: list[tuple[Airing, tuple[Unit, ...]]] = []
    for sound, sounding in sorted(found.sounds.items(), key=lambda each: (-len(each[1]), each[0].start_ms)):
        airing = _fulfilling(order, sound, roots if len(sounding) == len(villages) else sounding)
        airings.append((replace(airing, id=new_id(now_ms)) if airings else airing, tuple(sounding)))
    return Foreseen(by=by, to=request.units, airings=tuple(airings), request=request, met=frozenset(met))


def wished(tx: Transaction, bulletin: Bulletin, wish: Wish, now_ms: int, by: str) -> tuple[Request, list[Unit]]:
    """The wish as a request, whether it will be one or an order, and the units that it is for."""
    roots = roots_of(tx, wish.to)
    owner = unit_of(tx, bulletin.owner)
    for root in roots:
        if not is_under(root, owner.id):
            raise Refused("airing.reach", owner=owner.name, unit=root.name)
    start_ms = now_ms + wish.lead_ms if wish.at_ms is None else wish.at_ms
    latest_ms = start_ms if wish.latest_ms is None else wish.latest_ms
    if bulletin.klass is Klass.EMERGENCY and wish.at_ms is not None:
        raise Refused("airing.emergency")
    if start_ms < now_ms:
        raise Refused("airing.past", at_ms=start_ms)
    if start_ms > now_ms + FARTHEST_MS:
        raise Refused("airing.far", at_ms=start_ms)
    if not 0 <= latest_ms - start_ms <= LATEST_MS or (wish.at_ms is None and latest_ms != start_ms):
        raise Refused("airing.latest", hours=LATEST_MS // 3_600_000)
    if wish.grace_ms < MIN_GRACE_MS:
        raise Refused("airing.grace", least_ms=MIN_GRACE_MS)
    request = Request(
        id=new_id(now_ms),
        bulletin=bulletin.id,
        owner=owner.id,
        units=tuple(root.id for root in roots),
        start_ms=start_ms,
        begin=Begin.WAIT if latest_ms > start_ms else Begin.EXACT,
        wait_ms=latest_ms - start_ms,
        klass=bulletin.klass,
        level=max(RANK[root.level] for root in roots),
        gain=wish.gain,
        grace_ms=wish.grace_ms,
        created_ms=now_ms,
        created_by=by,
    )
    return request, roots


def sounding(tx: Transaction, bulletin_id: str) -> tuple[Draft, ClipRow]:
    """A bulletin with its clip, approved or not; NotFound("bulletin.unknown"), Refused("bulletin.no-sound")."""
    draft = tx.bulletins.get(bulletin_id)
    if draft is None or bulletin_id.startswith(PHRASE):
        raise NotFound("bulletin.unknown", bulletin=bulletin_id)
    clip = tx.bulletins.clip(draft.bulletin.clip) if draft.bulletin.clip else None
    if clip is None:
        raise Refused("bulletin.no-sound", bulletin=bulletin_id)
    return draft, clip


def sayable(tx: Transaction, bulletin_id: str) -> tuple[Bulletin, ClipRow]:
    """An approved bulletin with its clip; NotFound, Refused("bulletin.no-sound", "bulletin.not-approved") if it is none."""
    draft, clip = sounding(tx, bulletin_id)
    bulletin = draft.bulletin
    if bulletin.state is not BulletinState.APPROVED:
        raise Refused("bulletin.not-approved", bulletin=bulletin_id)
    return bulletin, clip


def roots_of(tx: Transaction, names: Sequence[str]) -> list[Unit]:
    """The units named, without those that stand under another one named."""
    if not names:
        raise Refused("airing.no-units")
    if len(names) > MAX_UNITS:
        raise Refused("airing.many-units", limit=MAX_UNITS)
    found = {name: unit_of(tx, name) for name in dict.fromkeys(names)}
    return [unit for unit in found.values() if not any(above in found for above in unit.path[:-1])]


def refuse_overlap(tx: Transaction, airing: Airing, villages: Sequence[str], *, but: Collection[str] = ()) -> None:
    """Conflict("airing.overlap") where something else sounds at its time, except for airings that are known."""
    met = tx.airings.overlapping(villages, airing.start_ms, airing.start_ms + airing.duration_ms)
    other = next((name for name in met if name not in but), None)
    if other is None:
        return
    there, titles = tx.airings.get(other), {}
    if there is not None:
        titles = tx.bulletins.titles([there.bulletin])
    raise Conflict(
        "airing.overlap",
        airing=other,
        title=next(iter(titles.values()), ""),
        village=unit_of(tx, met[other]).name,
        start_ms=there.start_ms if there else 0,
        end_ms=there.start_ms + there.duration_ms if there else 0,
    )


def window(asked: Asked, now_ms: int) -> tuple[int, int]:
    """The hours around it, as they will be: what is planned before them stands fast."""
    request, length_ms = asked.request, asked.piece.duration_ms if asked.piece else 0
    from_ms = max(now_ms, request.start_ms - LOOK_BACK_MS)
    return from_ms, request.start_ms + request.wait_ms + length_ms + LOOK_BACK_MS


def _look(database: Database, gathered: Gathered, timelines: Mapping[str, Timeline], request: Request) -> _Found:
    mine = f"{request.id}#0"
    found = _Found()
    for sound, villages in sounds_of(timelines).items():
        if sound.wish == mine:
            found.sounds[sound] = sorted((gathered.villages[name] for name in villages), key=lambda unit: unit.id)
    with database.reading() as tx:
        names, kept = names_of(tx, gathered), tx.policies.all()
    reasons = Reasons(gathered.wishes.occurrences, gathered.wishes.notices, names, kept)
    for village, timeline in timelines.items():
        decision = next(each for each in timeline.decisions if each.wish == mine)
        if decision.code in ("plays", "later.taken"):
            found.whole += 1
        else:
            found.reasons.append(reasons.of(decision, gathered.villages[village].path))
    return found


def _is_as_wished(found: _Found, request: Request) -> bool:
    return not found.reasons and all(sound.start_ms == request.start_ms for sound in found.sounds)


def _leaves_others(before: Mapping[str, Timeline], after: Mapping[str, Timeline], request: Request) -> bool:
    """Is everything else decided as it is without it?"""
    mine = f"{request.id}#0"
    return all(
        set(before[village].decisions) == {each for each in timeline.decisions if each.wish != mine}
        for village, timeline in after.items()
    )


def _refusal(reasons: Sequence[Reason]) -> Refused:
    """The reason that most villages have."""
    whys = [reason.code.partition(".")[2] for reason in reasons]
    why = max(dict.fromkeys(whys), key=whys.count)
    reason = reasons[whys.index(why)]
    minutes = "" if reason.limit is None else f"{reason.limit / 60_000:g}"
    said = {"by": reason.by, "unit": reason.unit, "number": reason.limit, "minutes": minutes, "at_ms": reason.at_ms}
    return Refused(f"airing.{why}", languages=", ".join(reason.languages), villages=whys.count(why), **said)


def _order(request: Request, bulletin: Bulletin, clip: ClipRow, mode: Mode) -> Airing:
    return Airing(
        id=request.id,
        bulletin=bulletin.id,
        mode=mode,
        rev=1,
        units=request.units,
        start_ms=request.start_ms,
        grace_ms=request.grace_ms,
        duration_ms=clip.duration_ms,
        klass=request.klass,
        rank=request.level,
        sha256=clip.sha256,
        size=clip.size,
        gain=request.gain,
        language=bulletin.language,
        created_ms=request.created_ms,
    )


def _fulfilling(order: Airing, sound: Sound, units: Sequence[Unit]) -> Airing:
    """The airing that says it in these units as the resolver laid it."""
    return replace(
        order,
        units=tuple(unit.id for unit in units),
        start_ms=sound.start_ms,
        duration_ms=sound.duration_ms,
        wish=sound.wish,
    )

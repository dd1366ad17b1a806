"""What is looked at before a programme is saved: whose it is, whom it reaches, that its sounds are there, that it may sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice

from msgspec.structs import replace

from controller.domain.bulletin import MAX_TITLE
from controller.domain.errors import Refused
from controller.domain.rights import Actor
from controller.domain.unit import RANK, Level, Unit, is_under
from controller.service.asking import roots_of, sayable
from controller.service.binding import binding, bindings
from controller.service.consenting import require_no_yes, said_of
from controller.service.kept import KeptPolicy
from controller.service.ports import Transaction
from controller.service.timetable import piece_of
from controller.service.units import unit_of
from scheduler.errors import ScheduleError
from scheduler.laying import LEAST_MS
from scheduler.limits import Policy, clock_of
from scheduler.policy import is_allowed
from scheduler.programme import Programme, check, occurrences_of
from scheduler.wishes import Begin, Occurrence, Piece, Segment, Take

MAX_SOURCE = 200
"""Characters of a station's name or address."""

MAX_PIECES = 50
"""Bulletins of one segment: more than an hour holds."""

TURNS = 400
"""Turns looked at for one that is allowed: hours repeat each week, and starts are at most 24 a day."""

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000
_WEEK_MS = 7 * _DAY_MS
_REACH_MS = 41 * 366 * _DAY_MS
"""Longer than any rule that is not refused as one that never occurs (`scheduler.rule_check`) is silent."""


def composed(tx: Transaction, wanted: Programme) -> Programme:
    """The programme as it can be kept: its pieces name their sounds, its level is its owner's.

    Refused or NotFound with the reason: "rule.*", "segment.*", "programme.*" (reach, hours, title...), "bulletin.*", "unit.*".
    """
    checked(wanted)
    owner = unit_of(tx, wanted.owner)
    roots = roots_of(tx, wanted.units)
    for root in roots:
        if not is_under(root, owner.id):
            raise Refused("programme.reach", owner=owner.name, unit=root.name)
    programme = replace(
        wanted,
        title=_title(wanted.title),
        units=tuple(root.id for root in roots),
        level=RANK[owner.level],
        segments=_filled(tx, wanted.segments),
        changes=tuple(
            replace(change, segments=_filled(tx, change.segments)) if change.segments else change for change in wanted.changes
        ),
    )
    _refuse_silent(tx, programme, owner, roots)
    return programme


def bulletins_of(programme: Programme) -> list[str]:
    """The bulletins in its segments, each once."""
    every = (programme.segments, *(change.segments or () for change in programme.changes))
    pieces = (piece for segments in every for segment in segments if segment.take is Take.PIECES for piece in segment.pieces)
    return list(dict.fromkeys(piece.source for piece in pieces))


def require_yes(tx: Transaction, by: Actor, before: Programme | None, wanted: Programme) -> None:
    """Refused("consent.*") for a bulletin that comes into the programme, wants somebody's yes there, and has none."""
    is_wider = before is None or not set(wanted.units) <= set(before.units)
    known = set() if before is None or is_wider else set(bulletins_of(before))
    where = [unit_of(tx, unit) for unit in wanted.units]
    for bulletin, clip in (sayable(tx, name) for name in bulletins_of(wanted) if name not in known):
        if not bulletin.has_yes_for(where):
            require_no_yes(tx, by, where, said_of(bulletin, clip, None, 0))


def checked(programme: Programme) -> Programme:
    """The programme, if it makes sense by itself; Refused("rule.*", "segment.*", "programme.*") with its reason."""
    try:
        check(programme)
    except ScheduleError as error:
        raise Refused(error.code, **error.fields) from error
    return programme


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not 0 < len(title) <= MAX_TITLE:
        raise Refused("programme.title", limit=MAX_TITLE)
    return title


def _filled(tx: Transaction, segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(_fill(tx, index, segment) for index, segment in enumerate(segments, 1))


def _fill(tx: Transaction, index: int, segment: Segment) -> Segment:
    """A bulletin is named by its id, a station by its name; what is taken from the notices that wait names nothing."""
    if len(segment.pieces) > MAX_PIECES:
        raise Refused("segment.many", segment=index, limit=MAX_PIECES)
    if segment.take is Take.PIECES:
        return replace(segment, pieces=tuple(_piece(tx, piece.source) for piece in segment.pieces))
    if segment.take is not Take.RELAY:
        return replace(segment, pieces=())
    source = segment.pieces[0].source.strip()
    if len(segment.pieces) > 1 or segment.length_ms is None or not 0 < len(source) <= MAX_SOURCE:
        raise Refused("segment.relay", segment=index)
    return replace(segment, pieces=(replace(segment.pieces[0], source=source, sound=None, duration_ms=segment.length_ms),))


def _piece(tx: Transaction, bulletin_id: str) -> Piece:
    return piece_of(*sayable(tx, bulletin_id))


def _refuse_silent(tx: Transaction, programme: Programme, owner: Unit, roots: Sequence[Unit]) -> None:
    """Refused("programme.hours") if none of its turns may sound in any village: at 03:15, everywhere, every time."""
    kept = tx.policies.all()
    here = [unit for unit in tx.units.all() if unit.level is Level.VILLAGE and any(is_under(unit, root.id) for root in roots)]
    places = here or list(roots)
    limits = bindings((place.path for place in places), kept)
    offset = binding(owner.path, kept).utc_offset
    moments = _moments(programme, offset)
    if not moments or any(_allows(policy, at_ms) for policy in _distinct(limits.values()) for at_ms in moments):
        return
    minute = (moments[0] // _MINUTE_MS + offset) % 1440
    raise Refused("programme.hours", start=clock_of(minute), unit=_who_forbids(tx, places[0], kept, moments[0]))


def _moments(programme: Programme, utc_offset: int) -> list[int]:
    """When its sounds may wish to begin, one moment for each minute of a week, in order."""
    first_ms = (programme.rule.first - date(1970, 1, 1)).days * _DAY_MS - utc_offset * _MINUTE_MS
    turns = islice(occurrences_of(programme, utc_offset, first_ms, first_ms + _REACH_MS), TURNS)
    found: dict[int, int] = {}
    for turn in turns:
        for at_ms in _begins(turn):
            found.setdefault(at_ms % _WEEK_MS, at_ms)
    return list(found.values())


def _begins(turn: Occurrence) -> Iterator[int]:
    yield turn.start_ms
    yield from (turn.start_ms + segment.offset_ms for segment in turn.segments if segment.begin is Begin.EXACT)


def _distinct(policies: Iterable[Policy]) -> Iterable[Policy]:
    return dict.fromkeys(policies)


def _allows(policy: Policy, at_ms: int) -> bool:
    return is_allowed(policy.hours, policy.utc_offset, at_ms, at_ms + LEAST_MS)


def _who_forbids(tx: Transaction, place: Unit, kept: dict[str, KeptPolicy], at_ms: int) -> str:
    """The name of the uppermost unit whose hours are the reason."""
    forbidding = (path[-1] for path in _paths(place) if not _allows(binding(path, kept), at_ms))
    return unit_of(tx, next(forbidding, place.id)).name


def _paths(place: Unit) -> Iterator[tuple[str, ...]]:
    """Of the root, of what is below it, ... of the place itself."""
    return (place.path[:depth] for depth in range(1, len(place.path) + 1))

"""What will sound: all wishes for some villages, gathered from one moment of the database and resolved. It changes nothing.

The planner makes it true; previews and "what will sound tonight" only show it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from msgspec import Struct

from controller.domain.airing import Airing
from controller.domain.bulletin import Bulletin
from controller.domain.unit import Unit
from controller.service.binding import binding, bindings
from controller.service.kept import KeptPolicy, Request
from controller.service.ports import ClipRow, Transaction
from scheduler.limits import Policy
from scheduler.programme import Programme, occurrences_of
from scheduler.resolve import Timeline, Wishes, resolve
from scheduler.wishes import Begun, Occurrence, Piece, Segment, Take, Village

FREEZE_MS = 20_000
"""What begins sooner is not changed any more: a new plan, and its clip, may not reach a loudspeaker on 4G before."""

REACH_BACK_MS = 12 * 3_600_000
"""A turn that began longer ago than this has nothing left to say: no turn is so long, whatever it waited for."""

MEMORY_MS = 24 * 3_600_000
"""Airings that began within a day back are known: they count as the sessions of today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The wishes for `villages` in [from, until), and what binds them. `requests`: by the turn that they became."""

    from_ms: int
    until_ms: int
    villages: Mapping[str, Unit]
    wishes: Wishes
    policies: Mapping[str, Policy]
    requests: Mapping[str, Request] = field(default_factory=dict)

    def resolve(self) -> dict[str, Timeline]:
        """A timeline for each village. Takes seconds for a province: never within a writing transaction."""
        places = [Village(id=unit.id, path=unit.path) for unit in self.villages.values()]
        return resolve(self.wishes, places, self.policies)


Instead = Mapping[str, Programme | None]


class Asked(Struct, frozen=True, kw_only=True):
    """A request with its sound; none if that is gone."""

    request: Request
    piece: Piece | None


def gather(
    tx: Transaction,
    villages: Collection[Unit],
    now_ms: int,
    until_ms: int,
    *,
    freeze_ms: int = FREEZE_MS,
    instead: Instead = MappingProxyType({}),
    proposed: Collection[Asked] = (),
    policies: Mapping[str, KeptPolicy] | None = None,
) -> Gathered:
    """Gather what is wished for these villages.

    For who looks ahead: `instead`, programmes as they would be (None: ended); `proposed`, requests that are not kept yet;
    `policies`, all of them as they would be.
    With a `freeze_ms` below FREEZE_MS what stands fast is the same, but something new may begin in between.
    """
    kept = tx.policies.all() if policies is None else policies
    near = {unit for village in villages for unit in village.path}
    from_ms = now_ms + freeze_ms
    between = tx.requests.between(now_ms - REACH_BACK_MS, until_ms)
    asked = [*(Asked(request=each, piece=_piece(tx, each)) for each in between if not near.isdisjoint(each.units)), *proposed]
    programmes = _programmes(tx, near, instead)
    turns = [turn for programme in programmes for turn in _turns(tx, programme, kept, now_ms, until_ms)]
    paths = bindings([village.path for village in villages], kept)
    notices = [notice for notice in tx.bulletins.notices(now_ms) if notice.owner in near]
    return Gathered(
        from_ms=from_ms,
        until_ms=until_ms,
        villages={village.id: village for village in villages},
        wishes=Wishes(
            occurrences=[*turns, *map(_turn, asked)],
            notices=notices,
            begun=_begun(tx, villages, now_ms, until_ms),
            aired=tx.planned.where_aired([notice.piece.source for notice in notices], from_ms),
            from_ms=from_ms,
        ),
        policies={village.id: paths[village.path] for village in villages},
        requests={each.request.id: each.request for each in asked},
    )


def _programmes(tx: Transaction, near: Collection[str], instead: Instead) -> list[Programme]:
    living: dict[str, Programme | None] = {kept.programme.id: kept.programme for kept in tx.programmes.living()}
    living.update(instead)
    return [programme for programme in living.values() if programme is not None and not set(programme.units).isdisjoint(near)]


def _turns(
    tx: Transaction, programme: Programme, kept: Mapping[str, KeptPolicy], now_ms: int, until_ms: int
) -> Iterable[Occurrence]:
    owner = tx.units.get(programme.owner)
    offset = binding(owner.path if owner else (), kept).utc_offset
    return occurrences_of(programme, offset, now_ms - REACH_BACK_MS, until_ms)


def _piece(tx: Transaction, request: Request) -> Piece | None:
    draft = tx.bulletins.get(request.bulletin)
    sound = request.clip or (draft.bulletin.clip if draft else None)
    clip = tx.bulletins.clip(sound) if sound else None
    return piece_of(draft.bulletin, clip) if draft and clip else None


def piece_of(bulletin: Bulletin, clip: ClipRow) -> Piece:
    """A bulletin's sound as a piece."""
    return Piece(source=bulletin.id, sound=clip.sha256, duration_ms=clip.duration_ms, language=bulletin.language)


def _turn(asked: Asked) -> Occurrence:
    """A request as a turn of one segment. One whose sound is gone has no pieces: its decision is `empty`."""
    request = asked.request
    segment = Segment(
        take=Take.PIECES,
        pieces=() if asked.piece is None else (asked.piece,),
        begin=request.begin,
        wait_ms=request.wait_ms,
        over=request.over,
        finish_ms=request.finish_ms,
    )
    return Occurrence(
        id=request.id,
        series=request.id,
        owner=request.owner,
        units=request.units,
        start_ms=request.start_ms,
        segments=(segment,),
        klass=request.klass,
        level=request.level,
        order=request.rank_order,
    )


def _begun(tx: Transaction, villages: Collection[Unit], now_ms: int, until_ms: int) -> dict[str, tuple[Begun, ...]]:
    """By village, what stands fast: what has begun, what begins too soon to be changed, and orders, which are no wishes."""
    found: dict[str, list[Begun]] = {}
    ids = [village.id for village in villages]
    known: dict[tuple[str, int], Begun] = {}
    for airing, village, end_ms in tx.planned.standing(ids, now_ms - MEMORY_MS, now_ms + FREEZE_MS, until_ms):
        begun = known.get((airing.id, end_ms)) or known.setdefault((airing.id, end_ms), _fast(airing, end_ms))
        found.setdefault(village, []).append(begun)
    return {village: tuple(sorted(begun, key=_order)) for village, begun in found.items()}


def _fast(airing: Airing, end_ms: int) -> Begun:
    """An airing as something that can't be moved. One that was cancelled or cut takes no more time, and is not said again."""
    piece = Piece(source=airing.bulletin, sound=airing.sha256, duration_ms=airing.duration_ms, language=airing.language)
    return Begun(wish=airing.wish or airing.id, piece=piece, start_ms=airing.start_ms, end_ms=end_ms)


def _order(begun: Begun) -> tuple[int, str]:
    return (begun.start_ms, begun.wish)

"""What a village still has to say: the notices that no segment has taken yet, and what was moved to a programme's next turn.

A `Stock` is a value: it is what makes one village's day depend on the day before, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from scheduler.turns import Part
from scheduler.wishes import PRIORITY, Notice, Occurrence, Over, Piece, Take, Village


class Moved(Struct, frozen=True, kw_only=True, gc=False):
    """Pieces that segment `index` of a turn of `series` had no room for."""

    series: str
    index: int
    pieces: tuple[Piece, ...]


class Stock(Struct, frozen=True, kw_only=True):
    """`notices` in the order in which they are taken: priority first, then the older."""

    notices: tuple[Notice, ...] = ()
    moved: tuple[Moved, ...] = ()

    def without(self, taken: Collection[Notice]) -> Stock:
        """The stock after these notices were taken."""
        if not taken:
            return self
        names = {notice.piece.source for notice in taken}
        left = tuple(notice for notice in self.notices if notice.piece.source not in names)
        return Stock(notices=left, moved=self.moved)

    def with_back(self, notices: Collection[Notice]) -> Stock:
        """The stock with these notices again, which had no room after all."""
        return Stock(notices=tuple(sorted((*self.notices, *notices), key=_turn)), moved=self.moved) if notices else self

    def keeping(self, series: str, index: int, pieces: tuple[Piece, ...]) -> Stock:
        """The stock with `pieces` as what was moved from this segment, in place of what was there."""
        if not pieces and not self.moved:
            return self
        left = tuple(moved for moved in self.moved if (moved.series, moved.index) != (series, index))
        if pieces:
            left += (Moved(series=series, index=index, pieces=pieces),)
        return Stock(notices=self.notices, moved=left)

    def moved_to(self, series: str, index: int) -> tuple[Piece, ...]:
        """What an earlier turn left for this segment."""
        return next((moved.pieces for moved in self.moved if (moved.series, moved.index) == (series, index)), ())


def stock_of(village: Village, notices: Iterable[Notice]) -> Stock:
    """What there is to be said in a village: of the notices given, its own and those of the units above it."""
    return Stock(notices=tuple(sorted((notice for notice in notices if notice.owner in village.path), key=_turn)))


def wanted(
    part: Part, occurrence: Occurrence, village: Village, stock: Stock, languages: tuple[str, ...], has_ms: int = 0
) -> list[Notice]:
    """The notices that a segment takes of the stock, as many as it has room for beside `has_ms` that it has already.

    `languages`: those spoken here, empty is all. A segment that moves what has no room takes only what fits; another takes the
    one, too, that will be cut.
    """
    segment = part.segment
    owner = village.id if segment.take is Take.OWN else occurrence.owner
    found: list[Notice] = []
    for notice in stock.notices:
        fits = notice.owner == owner and notice.since_ms <= occurrence.start_ms < notice.until_ms
        fits = fits and (not segment.kinds or notice.kind in segment.kinds)
        if not fits or (languages and notice.piece.language not in languages):
            continue
        if has_ms + notice.piece.duration_ms > part.longest_ms:
            if segment.over is not Over.MOVE and has_ms < part.longest_ms:
                found.append(notice)
            break
        found.append(notice)
        has_ms += notice.piece.duration_ms
    return found


def _turn(notice: Notice) -> tuple[bool, int, str]:
    return (notice.klass != PRIORITY, notice.since_ms, notice.piece.source)

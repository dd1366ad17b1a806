"""The life of one airing on one loudspeaker: one table. Everything that happens to an airing goes through `may`.

    unknown --accepted--> WAITING --spent--> SOUNDING --finished/cut/failed/cancelled--> ENDED
        \\______ refused, missed, cancelled ______________________________________________/

WAITING: we gave our word; its clip or its moment is awaited. SOUNDING: it is spent, which was on disk before the player was
asked; it may or may not have been heard yet. ENDED: nothing moves it again, whatever its revision: to repeat is a new airing.
Each step is also what we say of it in a receipt, except `spent`, which says nothing. What waits may also be forgotten, and be
unknown again (`Playlist.forget`): its key was revoked, and a good one may bring it anew.
"""

from __future__ import annotations

from enum import StrEnum

from controller.domain.airing import Klass
from controller.domain.delivery import Evidence
from controller.protocol.messages import Kid, Order, PlanItem, ReceiptState

Item = Order | PlanItem
"""What an airing is played by: both carry rev, start, grace, duration, klass, rank, sha256, size, gain."""

_R = ReceiptState


class Phase(StrEnum):
    """Where an airing stands on this node."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    SOUNDING = "sounding"
    ENDED = "ended"


SPENT = "spent"

TABLE: dict[Phase, dict[str, Phase]] = {
    Phase.UNKNOWN: {
        _R.ACCEPTED: Phase.WAITING,
        _R.REFUSED: Phase.ENDED,
        _R.MISSED: Phase.ENDED,
        _R.CANCELLED: Phase.ENDED,
    },
    Phase.WAITING: {
        _R.ACCEPTED: Phase.WAITING,  # a higher revision of it
        _R.CACHED: Phase.WAITING,
        SPENT: Phase.SOUNDING,
        _R.REFUSED: Phase.ENDED,  # a config that came since forbids it
        _R.FAILED: Phase.ENDED,
        _R.MISSED: Phase.ENDED,
        _R.CANCELLED: Phase.ENDED,
    },
    Phase.SOUNDING: {
        _R.STARTED: Phase.SOUNDING,
        _R.FINISHED: Phase.ENDED,
        _R.FAILED: Phase.ENDED,
        _R.CUT: Phase.ENDED,
        _R.CANCELLED: Phase.ENDED,  # stopped between asking the player and the first sample
    },
    Phase.ENDED: {},
}

ENDS = frozenset({_R.FINISHED, _R.REFUSED, _R.FAILED, _R.MISSED, _R.CUT, _R.CANCELLED})


class Airing:
    """One airing as this node knows it. `item` is there while it waits or sounds; an ended one is only a tombstone.

    `until_ms` (UTC) is how long it must not be forgotten. `is_fetched`: its clip was not here when it was accepted.
    `is_kept`: its sealed order is on disk.
    """

    __slots__ = ("evidence", "id", "is_fetched", "is_kept", "item", "kid", "klass", "phase", "rev", "state", "until_ms", "why")

    def __init__(self, airing: str, rev: int, klass: Klass) -> None:
        self.id = airing
        self.rev = rev
        self.klass = klass
        self.item: Item | None = None
        self.kid: Kid = ""
        self.phase = Phase.UNKNOWN
        self.state: ReceiptState | None = None
        self.why = ""
        self.evidence: Evidence | None = None
        self.until_ms = 0
        self.is_fetched = False
        self.is_kept = False

    def may(self, step: str) -> bool:
        """Does the table allow this step from here?"""
        return step in TABLE[self.phase]

    def take(self, step: str) -> None:
        """Make the step; KeyError where the table is empty."""
        self.phase = TABLE[self.phase][step]


def clip_of(item: Item) -> str:
    """The SHA-256 of what an item sounds: the codec lets no play order through without one."""
    return item.sha256 or ""


def ends_ms(item: Item) -> int:
    """The last moment (UTC) at which an item may still sound."""
    return item.start + item.grace + item.duration


def last_begin_ms(item: Item) -> int:
    """The last moment (UTC) at which an item may still begin: its grace, or its order's expiry."""
    last = item.start + item.grace
    return min(last, item.exp) if isinstance(item, Order) else last

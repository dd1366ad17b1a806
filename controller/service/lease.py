"""Who acts when two controllers share one database: one has the lease, the other looks on and follows within 15 s.

Both serve pages, take in bulletins and commit decisions: the database puts those in order. Only the one that *acts* speaks
with the broker, prepares sounds, and runs the jobs that decide. The lease is one row, changed by compare-and-set:

    the holder     says each RENEW_MS that it is there, and acts until STOP_MS after it *asked* for the last renewal that it
                   was granted: when the database, the network or the process itself stands still, it has stopped by then
    another        looks each LOOK_MS, and takes the row when it has seen it unchanged for LEASE_MS, counted from when it
                   *heard* of it; or at once when nobody has it (a stop in order), or a former run of its own home

Nobody reads a clock that can be set: each counts on its own monotonic one, and only its rate matters. STOP_MS is below
LEASE_MS by more than two clocks' rates ever differ. A process may be stopped between this judgement and the deed, or a
whole machine may sleep without its clock noticing: what it then says once more is old, and does no harm (docs/adr/0011).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from controller.domain.errors import Unavailable
from scheduler.clock import Clock

log = logging.getLogger(__name__)

LEASE_MS = 8_000
"""How long a row that is not renewed keeps others off. With two looks and a broker's greeting, another acts within 12 s."""

STOP_MS = 7_000
"""A second less: clocks differ by thousandths of that, and what is in the socket has left by then."""

RENEW_MS = 2_000
"""Three renewals may fail in a row (a restarting database, a slow disk) before the holder has to stop."""

LOOK_MS = 1_000
"""How often the others look: a query of one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The row: who has it ("" is nobody), in which run of theirs, how often it was changed. `place`, `since_ms`: for people."""

    holder: str
    run: str
    beat: int
    place: str
    since_ms: int


class Book(Protocol):
    """Where the row is; each call is one atomic step, or Unavailable."""

    def look(self) -> Entry | None: ...
    def take(self, seen: Entry | None, mine: Entry) -> bool:
        """Write `mine` if the row is still `seen`; was it?"""

    def renew(self, run: str) -> bool:
        """Change the beat if the row is this run's; is it?"""

    def release(self, run: str) -> None:
        """Leave the row to whoever comes next, if it is this run's."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """What one controller knows of the lease. All moments are monotonic ms of its own clock."""

    holder: str
    run: str
    is_mine: bool = False
    until_ms: int | None = None
    seen: Entry | None = None
    seen_ms: int = 0


def acts(tenure: Tenure, now_ms: int) -> bool:
    """May it act at this moment?"""
    return tenure.until_ms is not None and now_ms < tenure.until_ms


def saw(tenure: Tenure, entry: Entry | None, now_ms: int) -> Tenure:
    """It has just heard that the row is `entry`."""
    return tenure if entry is not None and entry == tenure.seen else replace(tenure, seen=entry, seen_ms=now_ms)


def may_take(tenure: Tenure, now_ms: int) -> bool:
    """May it try to take what it last saw? The home's lock sees to it that a former run of its own is dead."""
    seen = tenure.seen
    return seen is None or seen.holder in ("", tenure.holder) or now_ms - tenure.seen_ms >= LEASE_MS


def granted(tenure: Tenure, asked_ms: int) -> Tenure:
    """The row is its own, by a request that it made at `asked_ms`."""
    return replace(tenure, is_mine=True, until_ms=asked_ms + STOP_MS)


def lost(tenure: Tenure) -> Tenure:
    """The row is another's."""
    return replace(tenure, is_mine=False, until_ms=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who acts, as far as one controller knows: itself (`here`) or the one at `place` ("": nobody), since when (UTC ms)."""

    here: bool
    place: str
    since_ms: int


NOBODY = Acting(here=False, place="", since_ms=0)


class Lease:
    """One controller's side of it. `look` and `work` are one thread's; the rest any thread's."""

    def __init__(self, *, book: Book, holder: str, run: str, place: str, clock: Clock, learn: Callable[[], None]) -> None:
        """`holder` names this home on this machine, `run` this process; `learn` is called before it begins to act."""
        self._book = book
        self._place = place
        self._clock = clock
        self._learn = learn
        self._tenure = Tenure(holder=holder, run=run)
        self._since_ms = 0
        self._heard_ms: int | None = None
        self._did_act = False
        self._is_cut_off = False
        self._closing = threading.Event()

    def acts(self) -> bool:
        """May this controller act, now?"""
        return acts(self._tenure, self._clock.monotonic_ms())

    def acting(self) -> Acting:
        """Who acts, as it was last heard."""
        if self.acts():
            return Acting(here=True, place=self._place, since_ms=self._since_ms)
        seen, heard_ms = self._tenure.seen, self._heard_ms
        if self._tenure.is_mine or seen is None or not seen.holder or heard_ms is None:
            return NOBODY
        is_fresh = self._clock.monotonic_ms() - heard_ms < LEASE_MS
        return Acting(here=False, place=seen.place, since_ms=seen.since_ms) if is_fresh else NOBODY

    def work(self) -> None:
        """Look again and again until `close`."""
        while not self._closing.wait((RENEW_MS if self._tenure.is_mine else LOOK_MS) / 1000):
            self.look()

    def look(self) -> None:
        """Renew the lease, or see whether it is to be had. A database that is away is told once."""
        try:
            self._look()
            self._heard_ms, self._is_cut_off = self._clock.monotonic_ms(), False
        except Unavailable as error:
            if not self._is_cut_off:
                log.warning("the lease can't be seen to: %s", error)
            self._is_cut_off = True
        except Exception:
            log.exception("a look at the lease failed")
        self._tell()

    def close(self) -> None:
        """End `work`."""
        self._closing.set()

    def release(self) -> None:
        """Leave it to whoever comes next. When nothing acts here any more, and `work` has ended."""
        run, self._tenure = self._tenure.run, lost(self._tenure)
        try:
            self._book.release(run)
        except Unavailable as error:
            log.warning("the lease is left to run out: %s", error)
        self._book.close()

    def _look(self) -> None:
        if not self._tenure.is_mine:
            entry = self._book.look()
            self._tenure = saw(self._tenure, entry, self._clock.monotonic_ms())
            if not may_take(self._tenure, self._clock.monotonic_ms()):
                return
        asked_ms = self._clock.monotonic_ms()
        if not self._has_it():
            self._tenure = lost(self._tenure)
            return
        if not self.acts():
            self._tenure = replace(self._tenure, is_mine=True)
            self._learn()
        self._tenure = granted(self._tenure, asked_ms)

    def _has_it(self) -> bool:
        tenure = self._tenure
        if tenure.is_mine:
            return self._book.renew(tenure.run)
        beat = tenure.seen.beat + 1 if tenure.seen else 1
        since_ms = self._clock.now_ms()
        mine = Entry(holder=tenure.holder, run=tenure.run, beat=beat, place=self._place, since_ms=since_ms)
        if not self._book.take(tenure.seen, mine):
            return False
        self._since_ms = since_ms
        return True

    def _tell(self) -> None:
        does_act = self.acts()
        if does_act != self._did_act:
            log.info("this controller acts" if does_act else "this controller acts no more")
        self._did_act = does_act


class Sole:
    """The same face for a controller that can have no other beside it: its database is a file of its own machine."""

    def __init__(self, *, place: str, clock: Clock) -> None:
        self._acting = Acting(here=True, place=place, since_ms=clock.now_ms())

    def acts(self) -> bool:
        """Always."""
        return True

    def acting(self) -> Acting:
        """This one, since it started."""
        return self._acting

    def work(self) -> None:
        """Nothing is to be renewed."""

    def look(self) -> None:
        """Nor to be seen to."""

    def close(self) -> None:
        """Nor to be ended."""

    def release(self) -> None:
        """Nor to be left to anybody."""

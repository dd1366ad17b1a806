"""Our own clock, watched: an alarm while it is behind our last commit, and the way out for whoever had set it far ahead.

What was sealed by a clock that was ahead is from the future for every node, and refused: forgiving writes it anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from controller.domain.errors import Refused
from controller.domain.rights import Actor, Deed
from controller.service.alarms import Raised, raise_alarms
from controller.service.clock_guard import COMMIT, ClockGuard
from controller.service.papers import Papers
from controller.service.plans import Plans
from controller.service.ports import Bus, Database, Transaction
from controller.service.rights import record, require

BEHIND, FORGIVEN = "controller.clock", "controller.clock-forgiven"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """Our clock and our last commit, UTC ms. `behind_ms` is 0 while we may sign."""

    now_ms: int
    mark_ms: int
    behind_ms: int


class Timekeeping:
    """Watches the clock. `look` is one thread's; the rest any thread's."""

    def __init__(self, *, database: Database, guard: ClockGuard, papers: Papers, plans: Plans, bus: Bus) -> None:
        self._database = database
        self._guard = guard
        self._papers = papers
        self._plans = plans
        self._bus = bus
        self._was_behind: bool | None = None

    def show(self) -> ClockView:
        """How our clock stands."""
        with self._database.reading() as tx:
            mark_ms = tx.marks.get(COMMIT)
        return ClockView(now_ms=self._guard.now_ms(), mark_ms=mark_ms, behind_ms=self._guard.behind_ms)

    def look(self) -> None:
        """Raise the alarm when the clock falls behind, close it when all is well again."""
        behind_ms = self._guard.behind_ms
        if self._was_behind == bool(behind_ms):
            return
        now_ms = self._guard.now_ms()
        with self._database.writing() as tx:
            if behind_ms:
                raise_alarms(tx, [Raised(code=BEHIND, node=None, at_ms=now_ms, detail={"behind_s": behind_ms // 1000})])
            else:
                known = tx.alarms.open_of([None]).get((BEHIND, None))
                tx.alarms.write([replace(known, closed_ms=now_ms)] if known else [])
        self._was_behind = bool(behind_ms)

    def forgive(self, *, by: Actor) -> ClockView:
        """Believe our clock again although it is behind; Refused("clock.right") where there is nothing to forgive."""
        require(by, Deed.CLOCK_FORGIVE, [None])
        now_ms, behind_ms = self._guard.now_ms(), self._guard.behind_ms
        if not behind_ms:
            raise Refused("clock.right")
        before_ms = self._guard.lower(now_ms)  # first: what is written anew is signed
        try:
            with self._database.writing() as tx:
                tx.marks.lower(COMMIT, now_ms)
                record(tx, by, Deed.CLOCK_FORGIVE, [None], at_ms=now_ms, behind_s=behind_ms // 1000)
                self._write_anew(tx, now_ms)
                raise_alarms(tx, [Raised(code=FORGIVEN, node=None, at_ms=now_ms, detail={"behind_s": behind_ms // 1000})])
        except BaseException:
            self._guard.committed(before_ms)
            raise
        self._bus.outbox_filled()
        return self.show()

    def _write_anew(self, tx: Transaction, now_ms: int) -> None:
        """Configs and plans from the future, and where nodes came to their village in the future."""
        everywhere = tx.nodes.under(None)
        late = [replace(node, since_ms=now_ms) for node in everywhere if node.since_ms > now_ms]
        tx.nodes.add(late)
        concerned = {node.id for node in late}.union(tx.documents.above("config", now_ms))
        self._papers.renew(tx, tx.nodes.living(concerned), now_ms)
        self._plans.replan(tx, tx.documents.above("plan", now_ms), now_ms)

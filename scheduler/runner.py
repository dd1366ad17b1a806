"""The loop: what is due? Call what was injected. Each job runs at its own period, one after the other, in one thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from scheduler.clock import Clock

log = logging.getLogger(__name__)


HELD_MS = 500
"""A job that may not run is looked at again so soon: whoever takes over from another does it within the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to do every `period_ms`, or once `may_run` allows it. What it raises is logged; it is due again all the same."""

    name: str
    period_ms: int
    run: Callable[[], object]
    may_run: Callable[[], bool] = lambda: True


class Runner:
    """Runs jobs until stopped. `due` is the pure part: the loop only waits."""

    def __init__(self, *, jobs: list[Job], clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock
        self._next_ms = {job.name: clock.monotonic_ms() for job in jobs}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="runner", daemon=True)

    def start(self) -> None:
        """Begin; every job is due at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the job at hand."""
        self._closing.set()
        self._thread.join(timeout=30)

    def run_due(self) -> int:
        """Run every job whose time has come; says in how many ms the next one is due."""
        for job in self._jobs:
            now_ms = self._clock.monotonic_ms()
            if now_ms < self._next_ms[job.name]:
                continue
            if not job.may_run():
                self._next_ms[job.name] = now_ms + HELD_MS
                continue
            self._next_ms[job.name] = now_ms + job.period_ms
            try:
                job.run()
            except Exception:
                log.exception("job %s failed; it is tried again in %s ms", job.name, job.period_ms)
        return max(1, min(self._next_ms.values()) - self._clock.monotonic_ms())

    def _loop(self) -> None:
        while not self._closing.wait(self.run_due() / 1000):
            pass

"""Publishes the letters that decisions left in the outbox, and marks them. One thread; what is not marked goes again.

Killed between publish and mark, it publishes once more after the restart: nodes know an airing that they know.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from controller.domain.errors import Unavailable
from controller.service.ports import Letter
from controller.service.posting import LIMIT, Posting
from scheduler.clock import Clock

log = logging.getLogger(__name__)

PUBACK_S = 10.0
"""A broker that does not acknowledge in this time has lost it, or is lost: the letters stay due."""

IDLE_S = 1.0
"""How often we look although nobody called: another process may have written, the clock may have moved."""


class LinkPort(Protocol):
    """What the outbox needs of the link."""

    up_since_ms: int | None

    def publish(self, messages: Iterable[tuple[str, bytes]], done: Callable[[bool], None] | None = None) -> None: ...


class Outbox:
    """Sends what is due. `wake` may be called from any thread."""

    def __init__(self, *, posting: Posting, link: LinkPort, clock: Clock) -> None:
        self._posting = posting
        self._link = link
        self._clock = clock
        self._filled = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round at hand."""
        self._closing.set()
        self._filled.set()
        self._thread.join(timeout=PUBACK_S + 2)

    def wake(self) -> None:
        """Something was written: look now."""
        self._filled.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                wait_s = self._round()
            except Unavailable as error:
                log.warning("letters wait for the database: %s", error)
                wait_s = IDLE_S
            except Exception:
                log.exception("the outbox fell over; it goes on")
                wait_s = IDLE_S
            if self._filled.wait(wait_s):
                self._filled.clear()

    def _round(self) -> float:
        """Publish what is due and mark what the broker took; says how long there is nothing to do."""
        if self._link.up_since_ms is None:
            return 0.1
        letters, next_ms = self._posting.due()
        if letters:
            taken = self._publish(letters)
            if taken:
                self._posting.published(taken)
            return 0.0 if len(letters) == LIMIT else 0.02
        if next_ms is None:
            return IDLE_S
        return min(IDLE_S, max(0.02, (next_ms - self._clock.now_ms()) / 1000))

    def _publish(self, letters: Sequence[Letter]) -> list[Letter]:
        """Publish all, wait for the broker's word on each; those that it took."""
        words: list[tuple[Letter, bool]] = []
        heard_all = threading.Event()
        for letter in letters:

            def done(taken: bool, letter: Letter = letter) -> None:
                words.append((letter, taken))
                if len(words) == len(letters):
                    heard_all.set()

            self._link.publish([(letter.topic, letter.sealed)], done)
        heard_all.wait(PUBACK_S)
        return [letter for letter, taken in list(words) if taken]

"""Who watches is told that something changed: worker threads call, watchers of this process wake. Nothing is lost by it.

A change says only *what* changed, so any number of changes of one thing are one: a watcher reads the newest state itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

Watcher = Callable[[str, str], None]
"""Called with ("airing" | "bulletin", id), or (ANYTHING, ""), from any thread; must not block."""

ANYTHING = "anything"
"""Another controller may have changed whatever is watched."""


class LocalBus:
    """A `ports.Bus` within this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: list[Watcher] = []
        self.on_outbox: Callable[[], None] = lambda: None
        """Called when letters were written; `main` points it at the outbox."""

    @contextmanager
    def watching(self, watcher: Watcher) -> Iterator[None]:
        """Call `watcher` for every change while the block runs."""
        with self._lock:
            self._watchers.append(watcher)
        try:
            yield
        finally:
            with self._lock:
                self._watchers.remove(watcher)

    def airing_changed(self, airings: Collection[str]) -> None:
        """The ledgers of these airings moved."""
        for airing in airings:
            self._tell("airing", airing)

    def bulletin_changed(self, bulletin: str) -> None:
        """The bulletin, or how far its sound is, changed."""
        self._tell("bulletin", bulletin)

    def anything_changed(self) -> None:
        """Whoever watches had better look."""
        self._tell(ANYTHING, "")

    def outbox_filled(self) -> None:
        """Letters were committed."""
        self.on_outbox()

    def _tell(self, kind: str, name: str) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher(kind, name)

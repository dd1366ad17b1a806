"""What is forgotten, and when: each table for as long as the settings say, in steps too small to hold up a receipt.

Never forgotten, however old: programmes and policies, what is not settled, what something still names, and what a law needs
(custody, so that no receipt is asked for twice; the newest documents, so that versions never fall; who is retired). A round
goes through everything once a day. A step is one small commit, and the runner's other jobs have their turn between two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from controller.service.ports import Database, Transaction
from scheduler.clock import Clock

DAY_MS = 86_400_000

FIRST_MS = 600_000
"""After a start the loudspeakers come back, with all that they have kept: first that."""

AGAIN_MS = 3_600_000
"""After a round that failed: a full disk or a locked database needs a person's hour, and nothing is urgent here."""

LIMIT = 500
"""Rows in one commit: some 10 ms, a third of what the inbox itself waits to gather."""

NODES = 50
"""Loudspeakers looked at in one step: their rows are read, not locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """For how many days each is kept. `airings`: their deliveries and requests too, bulletins never aired, closed alarms."""

    receipts: int
    airings: int
    letters: int
    health: int
    clips: int
    uploads: int


class Files(Protocol):
    """The store of sounds and plans' bodies."""

    def old(self, before_ms: int) -> Iterator[str]: ...
    def forget(self, sha256: str, before_ms: int) -> bool: ...
    def sweep(self, before_ms: int) -> None: ...


class Retention:
    """Goes round. `step` is for one thread."""

    def __init__(self, *, database: Database, files: Files, uploads: Path, keep: Keep, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._uploads = uploads
        self._keep = keep
        self._clock = clock
        self._round: Iterator[None] | None = None
        self._due_ms = clock.monotonic_ms() + FIRST_MS

    def step(self) -> None:
        """Do one small thing if a round is due or begun; Unavailable when the database is, and the round is tried again."""
        now_ms = self._clock.monotonic_ms()
        if self._round is None:
            if now_ms < self._due_ms:
                return
            self._round = self.round()
        self._due_ms = now_ms + AGAIN_MS
        going, self._round = self._round, None  # a round that fails is over
        for _ in islice(going, 1):
            self._round = going
            return
        self._due_ms = now_ms + DAY_MS

    def round(self) -> Iterator[None]:
        """Everything once; pauses after each small step."""
        keep = self._keep
        yield from self._some(lambda tx: tx.old.letters(self._before(keep.letters), LIMIT))
        yield from self._some(lambda tx: tx.old.health(self._before(keep.health), LIMIT))
        yield from self._receipts(self._before(keep.receipts))
        yield from self._airings(self._before(keep.airings))
        yield from self._some(lambda tx: tx.old.alarms(self._before(keep.airings), LIMIT))
        yield from self._some(lambda tx: tx.old.requests(self._before(keep.airings), LIMIT))
        yield from self._some(lambda tx: tx.old.bulletins(self._before(keep.airings), LIMIT))
        yield from self._some(lambda tx: tx.old.clips(self._before(keep.clips), LIMIT))
        yield from self._forget_files(self._before(keep.clips))
        self._files.sweep(self._before(keep.uploads))
        self._sweep_uploads(self._before(keep.uploads))

    def _before(self, days: int) -> int:
        return self._clock.now_ms() - days * DAY_MS

    def _some(self, forget: Callable[[Transaction], int]) -> Iterator[None]:
        """Again and again until it finds less than it may."""
        number = LIMIT
        while number >= LIMIT:
            with self._database.writing() as tx:
                number = forget(tx)
            yield

    def _receipts(self, before_ms: int) -> Iterator[None]:
        with self._database.reading() as tx:
            nodes = iter(tx.old.nodes())
        while part := list(islice(nodes, NODES)):
            with self._database.reading() as tx:
                due = tx.old.nodes_with_receipts(part, before_ms)
            for node in due:
                yield from self._some(lambda tx, node=node: tx.old.receipts(node, before_ms, LIMIT))  # type: ignore[misc]
            yield

    def _airings(self, before_ms: int) -> Iterator[None]:
        """Settled airings with their deliveries; and deliveries of airings that nobody knows, after a restored database."""
        with self._database.reading() as tx:
            due = [*tx.old.airings(before_ms), *tx.old.strays(before_ms)]
        for airing in due:
            yield from self._some(lambda tx, airing=airing: tx.old.deliveries(airing, LIMIT))  # type: ignore[misc]
            with self._database.writing() as tx:
                tx.old.airing(airing)
            yield

    def _forget_files(self, before_ms: int) -> Iterator[None]:
        """Files that nothing names. Within a writer's turn: nobody can begin to name one meanwhile."""
        old = self._files.old(before_ms)
        while part := list(islice(old, LIMIT)):
            with self._database.reading() as tx:
                unnamed = set(part) - tx.old.named(part)
            if unnamed:
                with self._database.writing() as tx:
                    for name in unnamed - tx.old.named(unnamed):
                        self._files.forget(name, before_ms)
            yield

    def _sweep_uploads(self, before_ms: int) -> None:
        """What a power cut left of what people brought. Nobody is told: nobody was told that it was received."""
        with self._database.reading() as tx:
            waiting = {draft.upload for draft in tx.bulletins.unprepared()}
        for path in self._uploads.glob("*"):
            with suppress(OSError):  # it is gone already, or is no file
                if path.name not in waiting and path.stat().st_mtime < before_ms / 1000:
                    path.unlink()

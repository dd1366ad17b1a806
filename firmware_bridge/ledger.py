"""Custody of receipts: numbered, on disk before they are said, said again until a sealed `upto` covers them. Pure."""

from __future__ import annotations

import msgspec

from controller.domain.delivery import Evidence
from controller.protocol.codec import encode
from controller.protocol.messages import Receipt, ReceiptState
from firmware_bridge.events import Alarm, Effect, Keep
from firmware_bridge.memory import Remembered, keep_number
from firmware_bridge.voice import Voice

BATCH = 56
"""Receipts in one message: so many of the longest kind stay under 12 kB when sealed (the contract allows 64)."""

IN_FLIGHT = 4 * BATCH
"""Receipts said and not yet covered: after a month without a link we do not pour thousands into the first second."""

AGAIN_MS = (10_000, 30_000, 60_000)
"""Uncovered receipts are said again after this; the last one repeats."""

MAX_RECEIPTS = 4_096
"""Uncovered receipts held: some 200 days of five airings a day without a link. Beyond it nothing new is accepted."""


class Ledger:
    """One node's receipts. `say` writes, `publish` speaks when it is time, `cover` forgets."""

    __slots__ = ("_again_ms", "_flush_ms", "_kept", "_said", "_tries", "from_seq", "next_seq")

    def __init__(self, remembered: Remembered) -> None:
        self._kept = dict(sorted(remembered.receipts.items()))
        self.from_seq = remembered.from_seq
        self.next_seq = max([self.from_seq, *(seq + 1 for seq in self._kept)])
        self._said = self.from_seq - 1
        self._tries = 0
        self._flush_ms: int | None = None
        self._again_ms: int | None = None

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def is_full(self) -> bool:
        """Is there no more room for the receipts that something new would need?"""
        return len(self._kept) >= MAX_RECEIPTS

    @property
    def wake_ms(self) -> int | None:
        """When `publish` has something to do."""
        if self._flush_ms is None or self._again_ms is None:
            return self._flush_ms if self._again_ms is None else self._again_ms
        return min(self._flush_ms, self._again_ms)

    def speaks_of(self, airing: str) -> bool:
        """Is there an uncovered receipt about this airing?"""
        return any(receipt.airing == airing for receipt in self._kept.values())

    def say(
        self,
        out: list[Effect],
        airing: str,
        rev: int,
        state: ReceiptState,
        at: int,
        flush_ms: int,
        why: str = "",
        evidence: Evidence | None = None,
    ) -> None:
        """Write a receipt; it is said at `flush_ms` (monotonic), or with the next that is said earlier."""
        seq = self.next_seq
        self.next_seq = seq + 1
        receipt = Receipt(seq=seq, airing=airing, rev=rev, state=state, why=why, at=at, evidence=evidence)
        self._kept[seq] = receipt
        self._flush_ms = flush_ms if self._flush_ms is None else min(self._flush_ms, flush_ms)
        out.append(Keep(key=f"receipt/{seq}", value=encode(receipt)))

    def connected(self, now_ms: int) -> None:
        """A new link: whatever is uncovered is said at once."""
        self._tries = 0
        self._restart(now_ms)

    def publish(self, out: list[Effect], now_ms: int, jitter: int, voice: Voice) -> None:
        """Say what is due on a link that is up; `jitter` is 0..255."""
        if self._again_ms is not None and now_ms >= self._again_ms:
            self._restart(now_ms)
        if self._flush_ms is None or now_ms < self._flush_ms:
            return
        self._flush_ms = None
        end = min(self.next_seq, self.from_seq + IN_FLIGHT)
        unsaid = [seq for seq in range(self._said + 1, end) if seq in self._kept]
        for start in range(0, len(unsaid), BATCH):
            seqs = unsaid[start : start + BATCH]
            out.append(voice.receipts(now_ms, self.from_seq, tuple(self._kept[seq] for seq in seqs)))
            self._said = seqs[-1]
        if self._kept and self._again_ms is None:
            wait = AGAIN_MS[min(self._tries, len(AGAIN_MS) - 1)]
            self._tries += 1
            self._again_ms = now_ms + wait + wait * jitter // 1024

    def cover(self, out: list[Effect], upto: int, now_ms: int) -> None:
        """The controller has committed all up to `upto`: forget them. Anything older than we know of changes nothing."""
        if upto < self.from_seq:
            return
        if upto >= self.next_seq:
            self._renumber(out, upto)
        self.from_seq = upto + 1
        self.next_seq = max(self.next_seq, self.from_seq)
        self._said = max(self._said, upto)
        out.append(keep_number("from", self.from_seq))
        for seq in [seq for seq in self._kept if seq <= upto]:
            del self._kept[seq]
            out.append(Keep(key=f"receipt/{seq}", value=None))
        self._tries = 0
        self._again_ms = None
        if self._kept:
            self._flush_ms = now_ms if self._flush_ms is None else self._flush_ms
            self._again_ms = now_ms + AGAIN_MS[0]

    def _renumber(self, out: list[Effect], upto: int) -> None:
        """It has heard numbers we never gave: our disk was rolled back, or copied. What we hold gets numbers of its own."""
        out.append(Alarm(code="memory.rolled-back"))
        held = list(self._kept.values())
        self.next_seq = upto + 1
        for receipt in held:
            copy = msgspec.structs.replace(receipt, seq=self.next_seq)
            self._kept[copy.seq] = copy
            out.append(Keep(key=f"receipt/{copy.seq}", value=encode(copy)))
            self.next_seq += 1

    def _restart(self, now_ms: int) -> None:
        self._said = self.from_seq - 1
        self._again_ms = None
        self._flush_ms = now_ms if self._kept else None

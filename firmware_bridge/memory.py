"""What a loudspeaker remembers through a power cut: flat records, each durable before any later effect.

    life             64 random bits as hex: made with an empty memory, so a wiped disk is known
    boot             how often it booted
    floors           the versions below which nothing is obeyed
    born             when (UTC) this life first heard floors: what starts earlier may be what its former memory spent
    trust, config    the sealed documents, verified again at each boot
    plan             the sealed head, a line feed, the body: one record, so that they never disagree
    order/AIRING     the sealed order, while its airing waits
    airing/AIRING    what became of an airing: from the moment it is spent or ended until it may be forgotten
    receipt/SEQ      a word the controller has not yet covered
    from             the oldest receipt that may still be there: all below were covered

The power may go between any two records. Hence three orders of writing: an order before its `accepted` (said again at boot);
a spent airing before its Play; an end's receipt before its airing's record (`reconcile` mends what lies between).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from controller.domain.airing import Klass
from controller.domain.delivery import Evidence
from controller.protocol.codec import encode
from controller.protocol.messages import Floors, Receipt, ReceiptState
from firmware_bridge.events import Effect, Keep
from firmware_bridge.lifecycle import ENDS, Airing, Phase

MAX_AIRINGS = 2_000
"""Airings known at a time: a plan's 48 h and a day of the past, ten times over. Full refuses, never forgets."""

UNKNOWN_WINDOW_MS = 31 * 86_400_000
"""How long an airing that never sounded is remembered when the power took all but its last receipt."""

UNWRITTEN = frozenset({"full", "trust", "expired", "future"})
"""Refusals that leave no record: what is dead, foreign or has no room must not fill the table, nor bar the real one."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder of damaged bytes may raise: a node that can't boot is silent for good."""

FOR_EVER = 2**53 - 1
"""Until when an airing whose record is damaged is taken as spent."""


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`airing/ID` on disk. `state` `started` is spent; anything else is its end."""

    rev: int
    state: ReceiptState
    why: str
    until_ms: int
    klass: Klass
    evidence: Evidence | None = None


class Remembered:
    """The records of a memory, read: whatever can't be read is named in `damaged` and does no harm."""

    def __init__(self, kept: Mapping[str, bytes]) -> None:
        self.damaged: list[str] = []
        self.airings: dict[str, Airing] = {}
        self.receipts: dict[int, Receipt] = {}
        self.orders: dict[str, bytes] = {}
        self.boot = self._number(kept, "boot", 0)
        self.from_seq = max(1, self._number(kept, "from", 1))
        self.floors = self._floors(kept.get("floors"))
        self.born_ms = self._number(kept, "born", 0)
        self.life = self._life(kept.get("life"))
        for key, value in kept.items():
            kind, slash, name = key.partition("/")
            if slash:
                self._read(kind, name, value)

    def _read(self, kind: str, name: str, value: bytes) -> None:
        if kind == "order":
            self.orders[name] = value
        elif kind == "airing":
            self.airings[name] = self._airing(name, value)
        elif kind == "receipt":
            self._take_receipt(name, value)

    def _take_receipt(self, name: str, value: bytes) -> None:
        """A receipt under another's number would make our next message one that the controller refuses, and ours for ever."""
        try:
            receipt = _RECEIPT.decode(value)
        except UNREADABLE:
            receipt = None
        if receipt is not None and name == str(receipt.seq):
            self.receipts[receipt.seq] = receipt
        else:
            self.damaged.append(f"receipt/{name}")

    def _airing(self, name: str, value: bytes) -> Airing:
        try:
            record = _RECORD.decode(value)
        except UNREADABLE:
            self.damaged.append(f"airing/{name}")
            record = Record(rev=2**31 - 1, state=ReceiptState.FAILED, why="memory", until_ms=FOR_EVER, klass=Klass.NORMAL)
        airing = Airing(name, record.rev, record.klass)
        airing.phase = Phase.SOUNDING if record.state is ReceiptState.STARTED else Phase.ENDED
        airing.state, airing.why, airing.evidence = record.state, record.why, record.evidence
        airing.until_ms = record.until_ms
        return airing

    def _number(self, kept: Mapping[str, bytes], key: str, default: int) -> int:
        value = kept.get(key)
        if value is None:
            return default
        if value.isdigit() and len(value) <= 16:
            return int(value)
        self.damaged.append(key)
        return default

    def _floors(self, value: bytes | None) -> Floors | None:
        try:
            return _FLOORS.decode(value) if value is not None else None
        except UNREADABLE:
            self.damaged.append("floors")
            return None

    def _life(self, value: bytes | None) -> str:
        if value is None:
            return ""
        if len(value) == 16 and not value.translate(None, b"0123456789abcdef"):
            return value.decode()
        self.damaged.append("life")
        return ""


def reconcile(remembered: Remembered) -> list[Effect]:
    """Finish what a power cut left between two records: an airing whose end is in a receipt has ended."""
    effects: list[Effect] = []
    for seq, receipt in sorted(remembered.receipts.items()):
        if seq < remembered.from_seq:
            effects.append(Keep(key=f"receipt/{seq}", value=None))
            del remembered.receipts[seq]
            continue
        airing = remembered.airings.get(receipt.airing)
        if receipt.state is ReceiptState.REFUSED and receipt.why in UNWRITTEN:
            continue
        if receipt.state not in ENDS or (airing is not None and airing.phase is Phase.ENDED):
            continue
        if airing is None:
            airing = remembered.airings[receipt.airing] = Airing(receipt.airing, receipt.rev, Klass.NORMAL)
            airing.until_ms = receipt.at + UNKNOWN_WINDOW_MS  # it never sounded: a spent one has its record before its receipts
        airing.phase, airing.state, airing.why, airing.evidence = Phase.ENDED, receipt.state, receipt.why, receipt.evidence
        effects.append(keep_airing(airing))
    return effects


def keep_airing(airing: Airing) -> Keep:
    """The effect that writes an airing that is spent or has ended."""
    record = Record(
        rev=airing.rev,
        state=ReceiptState.STARTED if airing.phase is Phase.SOUNDING else airing.state or ReceiptState.FAILED,
        why=airing.why,
        until_ms=airing.until_ms,
        klass=airing.klass,
        evidence=airing.evidence,
    )
    return Keep(key=f"airing/{airing.id}", value=_ENCODER.encode(record))


def keep_number(key: str, value: int) -> Keep:
    """The effect that writes a counter."""
    return Keep(key=key, value=b"%d" % value)


def keep_floors(floors: Floors) -> Keep:
    """The effect that writes the floors."""
    return Keep(key="floors", value=encode(floors))


_ENCODER = msgspec.json.Encoder()
_RECORD = msgspec.json.Decoder(Record)
_RECEIPT = msgspec.json.Decoder(Receipt)
_FLOORS = msgspec.json.Decoder(Floors)

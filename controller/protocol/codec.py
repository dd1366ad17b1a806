"""Messages to JSON bytes and back. Every decoder is total: a valid message, or DecodeError with a stable code.

The `typ` of a seal names the message inside it; the table `TYPES` is the only place where the two meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from controller.domain.airing import Klass
from controller.protocol.messages import (
    Answer,
    Ask,
    Config,
    Health,
    Kind,
    NodeState,
    Order,
    PlanBody,
    PlanHead,
    Receipts,
    Trust,
)

MAX_MESSAGE = 16_384
"""Bytes of one sealed message: what is bigger is named by its SHA-256 and fetched over HTTP."""

MAX_EMERGENCY_VALID_MS = 15 * 60_000
"""An emergency order lives at most this long: a queued one must not sound an hour later."""

MAX_EMERGENCY_SOUND_MS = 10 * 60_000
"""An emergency sounds at most this long."""

T = TypeVar("T", bound=msgspec.Struct)

TYPES: dict[str, type[msgspec.Struct]] = {
    "tl-order": Order,
    "tl-plan": PlanHead,
    "tl-config": Config,
    "tl-trust": Trust,
    "tl-answer": Answer,
    "tl-state": NodeState,
    "tl-receipts": Receipts,
    "tl-health": Health,
    "tl-ask": Ask,
}
TYP_OF: dict[type[msgspec.Struct], str] = {kind: typ for typ, kind in TYPES.items()}


class DecodeError(Exception):
    """Bytes that are no valid message. `code` is stable; `detail` is for a log, never for a person."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def encode(message: msgspec.Struct) -> bytes:
    """The JSON of a message (UTF-8, no spaces, members in the order of the class)."""
    return _ENCODER.encode(message)


def decode(kind: type[T], data: bytes) -> T:
    """The message of class `kind` in `data`; DecodeError("malformed" | "rule.*") otherwise."""
    try:
        message: T = _DECODERS[kind].decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError("malformed", str(error)) from None
    rule = _RULES.get(kind)
    if rule is not None:
        rule(message)
    return message


def _check_order(order: Order) -> None:
    if order.exp < order.iat:
        raise DecodeError("rule.expires-before-issued")
    if order.kind is Kind.PLAY and not (order.sha256 and order.size and order.duration):
        raise DecodeError("rule.play-needs-a-clip")
    if order.kind is Kind.LIVE and not (order.live and order.duration):
        raise DecodeError("rule.live-needs-a-session")
    if order.klass is Klass.EMERGENCY:
        if order.exp - order.iat > MAX_EMERGENCY_VALID_MS:
            raise DecodeError("rule.emergency-lives-too-long")
        if order.duration > MAX_EMERGENCY_SOUND_MS:
            raise DecodeError("rule.emergency-sounds-too-long")


def _check_plan(body: PlanBody) -> None:
    if any(item.klass is Klass.EMERGENCY for item in body.items):
        raise DecodeError("rule.plan-carries-an-emergency")
    if len({item.airing for item in body.items}) != len(body.items):
        raise DecodeError("rule.plan-names-an-airing-twice")


def _check_receipts(batch: Receipts) -> None:
    seqs = [item.seq for item in batch.items]
    if seqs != sorted(set(seqs)) or seqs[0] < batch.from_seq:
        raise DecodeError("rule.receipts-out-of-order")


_RULES: dict[type[msgspec.Struct], Callable[[Any], None]] = {
    Order: _check_order,
    PlanBody: _check_plan,
    Receipts: _check_receipts,
}
_ENCODER = msgspec.json.Encoder()
_KINDS: tuple[type[msgspec.Struct], ...] = (*TYPES.values(), PlanBody)
_DECODERS: dict[type[msgspec.Struct], msgspec.json.Decoder[Any]] = {kind: msgspec.json.Decoder(kind) for kind in _KINDS}

"""What is written into the outbox: sealed orders, plan heads, configs and trust, with how long they live and how often they go.

A letter is offered at once, then 2, 5, 15 and 60 s later while somebody it is for has not taken it; after that it waits for
a birth or an ask of such a node (`service.offers`), until it expires.
"""

from __future__ import annotations

from collections.abc import Iterable

from controller.domain.airing import Airing, Klass
from controller.domain.ids import new_id
from controller.protocol import topics
from controller.protocol.codec import MAX_EMERGENCY_VALID_MS
from controller.protocol.messages import Kind, Order, Use
from controller.service.keyring import Keyring
from controller.service.ports import Letter

OFFERS_MS = (0, 2_000, 5_000, 15_000, 60_000)
"""After a publish that nobody answered: again soon (a lost packet), then rarely (a dead link), then only when it calls."""


def next_offer_ms(attempt: int, now_ms: int) -> int | None:
    """When the letter goes again after `attempt` publishes; None when it was offered often enough."""
    return now_ms + OFFERS_MS[attempt] if attempt < len(OFFERS_MS) else None


def play_orders(airing: Airing, keyring: Keyring, now_ms: int) -> list[Letter]:
    """An order to play, one letter for each unit of the airing."""
    return [_order_letter("play", Kind.PLAY, airing, unit, keyring, now_ms) for unit in airing.units]


def stop_orders(airing: Airing, keyring: Keyring, now_ms: int) -> list[Letter]:
    """An order to be silent, one letter for each unit; it lives as long as the airing may sound anywhere."""
    return [_order_letter("stop", Kind.STOP, airing, unit, keyring, now_ms) for unit in airing.units]


def letter(topic: str, kind: str, subject: str, unit: str, sealed: bytes, now_ms: int, expires_ms: int) -> Letter:
    """A letter that is due now; the database gives its id."""
    return Letter(
        id=0,
        topic=topic,
        kind=kind,
        subject=subject,
        unit=unit,
        sealed=sealed,
        created_ms=now_ms,
        attempt=0,
        next_ms=now_ms,
        expires_ms=expires_ms,
    )


def newest(letters: Iterable[Letter]) -> list[Letter]:
    """Of letters about one subject on one topic only the last one written."""
    return list({(each.topic, each.subject): each for each in letters}.values())


def _order_letter(name: str, kind: Kind, airing: Airing, unit: str, keyring: Keyring, now_ms: int) -> Letter:
    expires_ms = airing.ends_ms if kind is Kind.STOP else airing.start_ms + airing.grace_ms
    if airing.klass is Klass.EMERGENCY:
        expires_ms = min(expires_ms, now_ms + MAX_EMERGENCY_VALID_MS)
    order = Order(
        iss=keyring.issuer,
        aud=airing.node or unit,
        iat=now_ms,
        exp=max(expires_ms, now_ms + 1),
        id=new_id(now_ms),
        airing=airing.id,
        rev=airing.rev,
        kind=kind,
        start=airing.start_ms,
        grace=airing.grace_ms,
        duration=airing.duration_ms,
        klass=airing.klass,
        rank=airing.rank,
        sha256=airing.sha256,
        size=airing.size,
        gain=airing.gain,
        language=airing.language,
    )
    use = Use.EMERGENCY if airing.klass is Klass.EMERGENCY else Use.ORDER
    topic = topics.inbox(airing.node) if airing.node else topics.unit_order(unit)
    return letter(topic, name, airing.id, unit, keyring.sign(use, order), now_ms, order.exp)

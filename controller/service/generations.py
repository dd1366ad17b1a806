"""A use's keys, one after the other: how a new one joins, how long its elders are still believed, how each stands. Pure.

    next  --its moment-->  current  --a newer one's moment-->  old  --its end-->  ended
                     (any of them)  --revoked-->  revoked: nobody obeys it, and what it sealed is void

A key is named in the trust document before it seals anything, so that its first word finds nodes that believe it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.domain.errors import Refused
from controller.protocol.messages import Use
from controller.service.keyring import KeySet, RevokedKey, SigningKey
from scheduler.clock import moment

DAY_MS = 86_400_000

AFTER_MS = 3_600_000
"""A new key signs an hour after it was made, unless told otherwise: every node that is there has asked six times by then."""

MAX_AFTER_MS = 30 * DAY_MS
"""A change further ahead than a month is a date for the calendar, not a waiting key."""

OVERLAP_MS = 8 * DAY_MS
"""So long an old key is believed after a new one took over: a plan lives two days, and a node may be away for a week."""

WARN_MS = 60 * DAY_MS
"""Whoever keeps the root needs some weeks to find it: from here on we say that a key ends."""

MAX_KEYS = 32
MAX_REVOKED = 64
"""What a trust document can name (docs/wire.md)."""


_VALID_MS = 2 * 365 * 86_400_000
"""Two years: longer than a commune's budget year, short enough that a leaked key ends."""

_BEFORE_MS = 86_400_000
"""A key is valid a day before it was made: a first start under a clock that is hours ahead (a zone mistaken, an empty battery)
must not leave keys that nobody may obey once it is set right."""

_KID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that people confuse when they read a kid aloud


class Standing(StrEnum):
    """How a key stands at a moment."""

    NEXT = "next"
    CURRENT = "current"
    OLD = "old"
    ENDED = "ended"


def standing(held: KeySet, key: SigningKey, now_ms: int) -> Standing:
    """How one of these keys stands now."""
    if key.exp <= now_ms:
        return Standing.ENDED
    signer = held.signer(key.use, now_ms)
    if key is signer:
        return Standing.CURRENT
    return Standing.NEXT if key.since > signer.since else Standing.OLD


def begins_ms(held: KeySet, use: Use, now_ms: int, after_ms: int) -> int:
    """When a new key of `use` shall begin: after that time, or when the present one ends, if that is sooner."""
    if after_ms > MAX_AFTER_MS:
        raise Refused("keys.after-long", days=MAX_AFTER_MS // DAY_MS)
    return min(now_ms + after_ms, max(now_ms, held.signer(use, now_ms).exp))


def fresh(use: Use, now_ms: int, random: Callable[[int], bytes], since: int) -> SigningKey:
    """A new key of `use` that signs from `since` on; `random(n)` gives n bytes that no one can guess."""
    tail = "".join(_KID_LETTERS[byte % len(_KID_LETTERS)] for byte in random(6))
    return SigningKey(
        kid=f"{use.value}-{moment(now_ms).year}-{tail}",
        use=use,
        private=Ed25519PrivateKey.from_private_bytes(random(32)),
        nbf=max(0, now_ms - _BEFORE_MS),
        exp=max(now_ms, since) + _VALID_MS,
        since=since,
    )


def joined(keys: Collection[SigningKey], new: SigningKey, now_ms: int) -> tuple[SigningKey, ...]:
    """The keys with `new` among them: its elders end OVERLAP_MS after it begins, and what has ended is left out.

    Refused("keys.many") when a trust document could not name them all.
    """
    last_ms = new.since + OVERLAP_MS
    elders = (
        replace(key, exp=min(key.exp, last_ms)) if key.use is new.use and key.since <= new.since else key
        for key in _living(keys, new.use, now_ms)
    )
    whole = sorted((*elders, new), key=lambda key: (list(Use).index(key.use), key.since))
    if len(whole) > MAX_KEYS:
        raise Refused("keys.many", limit=MAX_KEYS)
    return tuple(whole)


def without(keys: Iterable[SigningKey], kid: str) -> tuple[SigningKey, ...]:
    """The keys but that one."""
    return tuple(key for key in keys if key.kid != kid)


def disowned(revoked: Iterable[RevokedKey], key: SigningKey, now_ms: int) -> tuple[RevokedKey, ...]:
    """The revoked keys and this one; those that would have ended by now need not be named any more."""
    named = [each for each in revoked if each.exp > now_ms]
    return (*named, RevokedKey(kid=key.kid, use=key.use, at=now_ms, exp=key.exp))[-MAX_REVOKED:]


def lasting(held: KeySet, now_ms: int) -> list[SigningKey]:
    """The keys whose end would be an end: they sign today, and no other one follows. An old key may end, it was replaced."""
    followed = {key.use for key in held.keys.values() if key.since > now_ms}
    return [held.signer(use, now_ms) for use in Use if use not in followed]


def ending(held: KeySet, now_ms: int) -> list[SigningKey]:
    """Those that end within WARN_MS, or have ended."""
    return [key for key in lasting(held, now_ms) if key.exp < now_ms + WARN_MS]


def _living(keys: Collection[SigningKey], renewed: Use, now_ms: int) -> list[SigningKey]:
    """The keys that have not ended; of a use that is not being renewed the last one stays even so: we sign with something."""
    last = {key.use: key for key in sorted(keys, key=lambda key: key.since) if key.use is not renewed}
    return [key for key in keys if key.exp > now_ms or last.get(key.use) is key]

"""A fleet verifies identical bytes once, and never believes a token for another key or type."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.protocol.seal import SealError, sign
from simulator.seals import REMEMBERED, Seals

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"1")
PUBLIC = KEY.public_key()
TOKEN = sign("tl-order", "k", KEY, b"{}")


def test_identical_bytes_are_verified_once() -> None:
    seals = Seals()
    for _ in range(5):
        assert seals.verify(TOKEN, "tl-order", {"k": PUBLIC}.get) == ("k", b"{}")
    assert seals.verified == 1


def test_what_one_key_proved_is_not_believed_by_who_trusts_another() -> None:
    seals = Seals()
    seals.verify(TOKEN, "tl-order", {"k": PUBLIC}.get)
    for keys in ({"k": OTHER.public_key()}, {}):
        with pytest.raises(SealError):
            seals.verify(TOKEN, "tl-order", keys.get)
    with pytest.raises(SealError):
        seals.verify(TOKEN, "tl-plan", {"k": PUBLIC}.get)


def test_a_false_token_is_refused_each_time() -> None:
    seals = Seals()
    for _ in range(3):
        with pytest.raises(SealError):
            seals.verify(TOKEN[:-4] + b"AAAA", "tl-order", {"k": PUBLIC}.get)


def test_it_remembers_only_so_much_and_what_is_used_stays() -> None:
    seals = Seals()
    seals.verify(TOKEN, "tl-order", {"k": PUBLIC}.get)
    for number in range(REMEMBERED):
        seals.verify(sign("tl-order", "k", KEY, b"%d" % number), "tl-order", {"k": PUBLIC}.get)
        seals.verify(TOKEN, "tl-order", {"k": PUBLIC}.get)
    assert seals.verified == REMEMBERED + 1
    assert len(seals._known) == REMEMBERED

"""The cheap seals: of the form and size of the real ones, and nobody else's."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.protocol import seal
from controller.protocol.codec import encode
from controller.protocol.messages import Answer, Health, PlanHead, Trust
from firmware_bridge.doorman import INBOX, Doorman, ring_of
from simulator.world import signet as module
from simulator.world.signet import Signet, sealed_size, unsealed

CLAIMS = {"iss": "c", "aud": "n", "iat": 1, "exp": 2}
ANSWER = Answer(**CLAIMS, life="0" * 16, upto=3)


def opened(door: Doorman, token: bytes) -> object:
    found = door.open(token, INBOX, None)
    return found and found[1]


@pytest.fixture
def signet() -> Signet:
    return Signet("a")


@pytest.fixture
def door(signet: Signet) -> Doorman:
    door = Doorman(signet.root, signet.verify)
    door.ring = ring_of(Trust(**CLAIMS, version=1, keys=signet.trust_keys()))
    return door


def test_a_node_opens_what_it_sealed(signet: Signet, door: Doorman) -> None:
    trust = Trust(**CLAIMS, version=1, keys=signet.trust_keys())
    head = PlanHead(**CLAIMS, version=1, sha256="a" * 64, size=1)
    assert [opened(door, signet.sign(message)) for message in (trust, head, ANSWER)] == [trust, head, ANSWER]


def test_another_signets_seal_opens_nowhere(door: Doorman) -> None:
    """Though it is of the same form, and its bytes are new."""
    assert opened(door, Signet("b").sign(ANSWER)) is None


def test_an_altered_byte_opens_nowhere(signet: Signet, door: Doorman) -> None:
    token = bytearray(signet.sign(ANSWER))
    token[len(token) // 2] ^= 1
    assert opened(door, bytes(token)) is None


def test_what_is_remembered_no_longer_still_opens(signet: Signet, door: Doorman, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 1)
    token = signet.sign(ANSWER)
    for upto in range(3):
        signet.sign(Answer(**CLAIMS, life="1" * 16, upto=upto))
    assert opened(door, token) == ANSWER


def test_sizes_are_those_of_real_seals(signet: Signet) -> None:
    health = encode(Health(node="cot-1", generation=1, life="0" * 16, t=1, u=1, uptime_s=9))
    assert unsealed("tl-health", "cot-1.1", b"k" * 32, health) == health
    assert sealed_size("health", "cot-1.1", health) == len(seal.mac("tl-health", "cot-1.1", b"k" * 32, health))
    real = seal.sign("tl-answer", "answer", Ed25519PrivateKey.generate(), encode(ANSWER))
    assert len(signet.sign(ANSWER)) == len(real)

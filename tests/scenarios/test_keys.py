"""Tokens: of another type, another algorithm, a key that was revoked; said twice, nested deep, far too long."""

from __future__ import annotations

import hmac
import itertools
import json
from base64 import urlsafe_b64encode
from typing import Any

import msgspec
import pytest

from controller.protocol import messages as m
from controller.protocol import seal, topics
from controller.protocol.codec import TYP_OF, TYPES, DecodeError, decode, encode
from controller.protocol.keys import node_kid
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import HOUR, KEYS, NODE, NODE_KEY, PATH, Harness, of, ready

ORDER, PLAN, INBOX = topics.unit_order("xa"), topics.village_plan("xom"), topics.inbox(NODE)
ROWS = {ORDER: {"tl-order"}, PLAN: {"tl-plan"}, INBOX: {"tl-order", "tl-plan", "tl-config", "tl-trust", "tl-answer"}}
TOPICS = [*ROWS, *(topics.said(NODE, leaf) for leaf in topics.FROM_NODE), topics.live("s"), topics.unit_order("xom-2")]
LASTING = ev.Keep | ev.Play | ev.Fetch | ev.Subscribe


def b64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def payload_of(node: Harness, **more: Any) -> bytes:
    """An order to play `a1` now, as the order key would seal it."""
    return seal.open_signed(node.order(**more), "tl-order", lambda _: KEYS["k-order"].public_key())[1]


def signed(kid: str, raw_payload: bytes, header: bytes = b'{"alg":"Ed25519","kid":"%b","typ":"tl-order"}') -> bytes:
    """A true signature of a real key over any header and payload."""
    head = b64(header.replace(b"%b", kid.encode())) + b"." + b64(raw_payload)
    return head + b"." + b64(KEYS[kid].sign(head))


def good_tokens(node: Harness) -> dict[str, bytes]:
    """One true token of every type, each with the key that may."""
    said = {"node": NODE, "generation": 1, "life": node.engine.life, "t": node.utc, "u": 1}
    state = m.NodeState(**said, boot=9, connection=9, counter=9, online=False)
    receipt = m.Receipt(seq=1, airing="a1", rev=1, state=m.ReceiptState.FINISHED, at=node.utc)
    own: list[msgspec.Struct] = [
        state,
        m.Receipts(**said, from_seq=1, items=(receipt,)),
        m.Health(**said, uptime_s=1),
        m.Ask(**said, nonce="0" * 16),
    ]
    head = m.PlanHead(**node.claims("xom"), version=99, sha256="ab" * 32, size=10)
    return {
        "tl-order": node.order(),
        "tl-plan": node.seal("k-plan", head),
        "tl-config": node.config(version=99),
        "tl-trust": node.trust(version=99),
        "tl-answer": node.seal("k-answer", m.Answer(**node.claims(), life=node.engine.life, upto=1)),
        **{TYP_OF[type(one)]: seal.mac(TYP_OF[type(one)], node_kid(NODE, 1), NODE_KEY, encode(one)) for one in own},
    }


@pytest.mark.wire(3, 11)
@pytest.mark.parametrize(("topic", "typ"), list(itertools.product(TOPICS, TYPES)))
def test_every_type_is_heard_on_the_topics_of_its_row_and_on_no_other(topic: str, typ: str) -> None:
    """A true token in the wrong place is nothing: no record, no sound, no fetch, one more in the count."""
    node = ready()
    node.say(airing="held", start=node.utc + HOUR)
    before = node.engine.refused_seals
    effects = node.send(good_tokens(node)[typ], topic)
    is_heard = typ in ROWS.get(topic, ())
    assert bool([effect for effect in effects if isinstance(effect, LASTING)]) is is_heard
    assert node.engine.refused_seals == before + (not is_heard)


@pytest.mark.wire(11, 16)
@pytest.mark.parametrize(("typ", "kid"), list(itertools.product(TYPES, KEYS)))
def test_every_key_seals_what_its_use_is_for_and_nothing_else(typ: str, kid: str) -> None:
    """The message of each type under each key: only the one that may is obeyed."""
    node = ready()
    node.say(airing="held", start=node.utc + HOUR)
    payload = b64_payload(good_tokens(node)[typ])
    uses = {"tl-order": "k-order", "tl-plan": "k-plan", "tl-config": "k-config", "tl-trust": "root", "tl-answer": "k-answer"}
    versions, outstanding = node.engine.versions, node.engine.outstanding
    effects = node.send(seal.sign(typ, kid, KEYS[kid], payload))
    node.advance(1_000)
    has_moved = bool(of(ev.Fetch, effects) or node.plays) or node.engine.versions != versions
    assert (has_moved or node.engine.outstanding < outstanding) is (uses.get(typ) == kid)


def b64_payload(token: bytes) -> bytes:
    """What a token carries, whoever sealed it."""
    return msgspec.json.decode(b'"' + token.split(b".")[1] + b"=" * (-len(token.split(b".")[1]) % 4) + b'"', type=bytes)


@pytest.mark.wire(11)
@pytest.mark.parametrize("alg", ["HS256", "none", "EdDSA", "ed25519", "ES256", ""])
def test_the_token_does_not_choose_its_algorithm(alg: str) -> None:
    """Not the public key as a secret, not nothing at all, not another name for the same curve under a true signature."""
    node = ready()
    header = b'{"alg":"%b","kid":"k-order","typ":"tl-order"}' % alg.encode()
    head = b64(header) + b"." + b64(payload_of(node))
    secret = KEYS["k-order"].public_key().public_bytes_raw()
    for proof in (hmac.digest(secret, head, "sha256"), b"", KEYS["k-order"].sign(head)):
        node.send(head + b"." + b64(proof), ORDER)
    node.advance(60_000)
    assert node.engine.refused_seals == 3
    assert not node.words()
    assert not node.plays


@pytest.mark.wire(16, 23)
def test_a_revoked_key_is_silent_for_what_it_seals_and_for_what_it_sealed() -> None:
    """Waiting, brought by a replay, after a power cut: all void."""
    node = ready()
    node.say(start=node.utc + 60_000)
    unheard = node.order(airing="unheard")
    node.send(node.trust(revoked=("k-order",)))
    node.send(unheard)
    node.say(airing="new")
    node.power_cut()
    node.connect()
    node.answer()
    node.send(unheard)
    node.advance(120_000)
    assert node.words() == ["accepted"]
    assert not [*node.words("unheard"), *node.words("new"), *node.plays]


@pytest.mark.wire(23, 70)
def test_a_plan_of_a_revoked_key_is_void_until_another_key_brings_it() -> None:
    """Dropped without a word, for it comes again; from disk it does not come back."""
    node = ready()
    node.plan(node.item())
    node.send(node.trust(revoked=("k-plan",)))
    assert "plan" not in node.kept
    node.power_cut()
    node.connect()
    node.answer()
    node.advance(2 * HOUR)
    assert not node.plays


@pytest.mark.wire(10)
@pytest.mark.parametrize("twice", [b'"alg":"none",', b'"kid":"k-plan",', b'"typ":"tl-plan",', b'"\\u0061lg":"none",'])
def test_a_header_with_a_member_twice_is_refused_under_a_true_signature(twice: bytes) -> None:
    """Parsers differ about which one counts."""
    node = ready()
    token = signed("k-order", payload_of(node), b"{" + twice + b'"alg":"Ed25519","kid":"%b","typ":"tl-order"}')
    node.send(token, ORDER)
    node.advance(1_000)
    assert node.engine.refused_seals == 1
    assert not node.words()


@pytest.mark.wire(16)
def test_a_payload_with_a_member_twice_means_its_last_or_is_refused() -> None:
    """Never the first: what the key may say is judged by the very values that are obeyed."""
    node = ready()
    once = json.loads(payload_of(node, airing="first"))
    raw = json.dumps(once).encode()
    for name, last in (("airing", "last"), ("class", "emergency"), ("rev", 7), ("exp", once["iat"])):
        doubled = raw[:-1] + b", " + json.dumps({name: last}).encode()[1:]
        try:
            order = decode(m.Order, doubled)
        except DecodeError:
            continue
        assert order == decode(m.Order, json.dumps(once | {name: last}).encode())
    node.windows["last"] = node.windows["first"]
    node.send(signed("k-order", raw[:-1] + b', "class":"emergency"}'), ORDER)
    node.send(signed("k-order", raw[:-1] + b', "airing":"last"}'), ORDER)
    node.advance(1_000)
    assert [play.airing for play in node.plays] in ([], ["last"])


@pytest.mark.wire(26, 27)
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"iss":[', b'{"later":{"a":['])
def test_deep_nesting_under_a_true_signature_is_refused(opening: bytes) -> None:
    """As deep as a message may be long; in the header too."""
    node = ready()
    deep = opening * (12_000 // len(opening))
    node.send(signed("k-order", deep), ORDER)
    node.send(signed("k-order", payload_of(node), opening * (290 // len(opening))), ORDER)
    node.advance(1_000)
    assert node.engine.refused_seals == 2
    assert not node.words()


@pytest.mark.wire(2)
def test_a_message_of_256_megabytes_costs_neither_a_signature_nor_a_reading() -> None:
    """Under a known kid, on every topic: counted, and that is all."""
    node = ready()
    node.advance(5_000)
    verified = node.verified
    huge = node.order() + bytes(256_000_000)
    for topic in (ORDER, INBOX, PLAN):
        node.send(huge, topic)
    del huge
    node.send(bytes(256_000_000), INBOX)
    assert (node.verified, node.engine.refused_seals) == (verified, 4)


@pytest.mark.wire(2)
def test_a_true_token_of_one_byte_too_many_is_not_opened() -> None:
    """16,384 bytes are heard, 16,388 are not: the next length that base64url can have after it."""
    node = ready()
    verified = node.verified
    order = json.loads(payload_of(node))
    frame = len(signed("k-order", b""))
    room = (16_384 - frame) * 3 // 4 - len(json.dumps({**order, "later": ""}).encode())
    fits, too_long = (signed("k-order", json.dumps({**order, "later": "x" * (room + more)}).encode()) for more in (0, 4))
    assert len(fits) <= 16_384 < len(too_long)
    node.send(too_long, ORDER)
    assert node.verified == verified
    node.send(fits, ORDER)
    node.advance(60_000)
    assert node.words() == ["accepted", "started", "finished"]


@pytest.mark.wire(13, 17)
def test_a_path_of_the_network_is_no_proof_of_anything() -> None:
    """A true order for another village, put on our topic by whoever runs the broker."""
    node = ready()
    node.send(node.order(aud="xom-2"), topics.unit_order(PATH[-1]))
    node.advance(60_000)
    assert not node.words()
    assert not node.plays

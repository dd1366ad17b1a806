"""Hostile tokens: whatever is not exactly a seal, or not exactly a message, changes nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from functools import partial

from controller.domain.airing import Klass
from controller.protocol import seal, topics
from controller.protocol.codec import encode
from controller.protocol.messages import Order, ReceiptState
from simulator.conform.book import Stage, check, expect
from simulator.conform.desk import Desk
from simulator.conform.identity import COMMUNE, OTHER_VILLAGE, VILLAGE
from simulator.conform.keyring import b64
from simulator.conform.scribe import with_member

TRIED_MS = 60_000
"""How far ahead a hostile order's start is: `accepted` is enough to see that it was believed, and nothing sounds meanwhile."""

BIG = 20_000
"""Bytes: above the 16 384 of a sealed message, below the 65 536 of a packet."""

HUGE = 70_000
"""Bytes: above the 65 536 of a packet."""

DEEP = 3_000
"""Nested lists, within a sealed message's 16 384 bytes: more than most decoders bear."""

Bad = tuple[str, Order, bytes]
"""(what is wrong with it, the order inside, the token)"""


@check(9, stage=Stage.CALM)
async def one_spelling(desk: Desk) -> None:
    """A seal that is not spelt in its one canonical way is refused"""
    bad: list[Bad] = []
    for what in (
        "padded",
        "a line end",
        "a space",
        "standard letters",
        "unused bits set",
        "two parts",
        "four parts",
        "an empty part",
    ):
        order, token = _good(desk)
        bad.append((what, order, _misspelt(what, token)))
    await nothing_of_it(desk, bad)


@check(10, stage=Stage.CALM)
async def exact_header(desk: Desk) -> None:
    """A header with anything more, less or twice is refused"""
    kid = desk.keys.kid("order")
    usual = f'"alg":"Ed25519","kid":"{kid}","typ":"tl-order"'
    headers = {
        "crit": f'{{{usual},"crit":["b64"],"b64":false}}',
        "jwk": f'{{{usual},"jwk":{{"kty":"OKP"}}}}',
        "a member twice": f'{{{usual},"typ":"tl-order"}}',
        "a member twice, once escaped": f'{{{usual},"t\\u0079p":"tl-order"}}',
        "an escape": f'{{"alg":"Ed25519","kid":"{kid}","typ":"tl\\u002dorder"}}',
        "no typ": f'{{"alg":"Ed25519","kid":"{kid}"}}',
        "no JSON": "alg=Ed25519",
        "a list": f"[{{{usual}}}]",
        "too long": f"{{{usual}{' ' * 400}}}",
    }
    await nothing_of_it(desk, [(what, *_with_header(desk, header)) for what, header in headers.items()])


@check(11, 12, stage=Stage.CALM)
async def algorithm_and_signature(desk: Desk) -> None:
    """Algorithm and type are the receiver's to decide, and a signature must be true"""
    kid = desk.keys.kid("order")
    algs = ("none", "HS256", "EdDSA", "ed25519")
    bad: list[Bad] = [(f"alg {alg}", *_with_header(desk, f'{{"alg":"{alg}","kid":"{kid}","typ":"tl-order"}}')) for alg in algs]
    bad.append(("HS256 with our public key", *_hmac_with_public(desk)))
    bad.append(("another typ", *_with_header(desk, f'{{"alg":"Ed25519","kid":"{kid}","typ":"tl-config"}}')))
    order, token = _good(desk)
    head, _, signature = token.rpartition(b".")
    bad.append(("another payload", order, head[:-4] + b"AAAA" + b"." + signature))
    order, token = _good(desk)
    bad.append(("no signature", order, token.rpartition(b".")[0] + b"."))
    order, token = _good(desk)
    bad.append(("an unknown key", order, desk.keys.seal(order, desk.keys.stranger("stranger"))))
    await nothing_of_it(desk, bad)


@check(3, stage=Stage.PAPERS)
async def types_of_topics(desk: Desk) -> None:
    """A type that is not in its topic's row is dropped, and a topic proves nothing"""
    order, token = _good(desk)
    desk.publish(topics.village_plan(VILLAGE), token)
    config = desk.new_config(aud=VILLAGE)
    desk.say(config, topic=topics.unit_order(VILLAGE))
    await nothing_of_it(desk, [("an order on the plan's topic", order, b"")])
    state = desk.journal.state
    expect(state and state.versions.config < config.version, "a config on an order's topic to be dropped", state)
    other = desk.order(aud=OTHER_VILLAGE, lead_ms=TRIED_MS)
    desk.say(other, topic=topics.unit_order(VILLAGE))
    await sentinel(desk)
    words = desk.journal.words(other.airing)
    desk.hush(other)
    expect(not words, "no word of an order to others on our topic", words)


@check(2, stage=Stage.CALM)
async def too_big(desk: Desk) -> None:
    """Above 16 384 bytes a seal is not opened, above 65 536 a packet not read; and it goes on"""
    order = desk.order(lead_ms=TRIED_MS)
    big = with_member(order, padding="x" * BIG)
    kid = desk.keys.kid("order")
    await desk.throw(topics.inbox(desk.node), b"x" * HUGE)
    await nothing_of_it(
        desk, [("a sealed message above 16 384 bytes", order, seal.sign("tl-order", kid, desk.keys.private(kid), big))]
    )


@check(25, stage=Stage.CALM)
async def unknown_members(desk: Desk) -> None:
    """A member that it does not know is ignored; one that it knows is checked though it is not needed"""
    order = desk.order(lead_ms=TRIED_MS)
    desk.say(order, payload=with_member(order, colour="green", padding={"a": [1, 2]}))
    taken = await desk.word(order.airing, ReceiptState.ACCEPTED)
    expect(taken, "accepted, for all its unknown members", desk.journal.words(order.airing))
    stop = desk.stop(order)
    desk.say(stop, payload=with_member(stop, gain=9_999))
    await sentinel(desk)
    expect(desk.journal.end(order.airing) is None, "a stop with a wrong gain refused whole", desk.journal.end(order.airing))
    desk.say(stop)


@check(26, stage=Stage.CALM)
async def wrong_members(desk: Desk) -> None:
    """A message with any wrong member is refused whole"""
    wrong: dict[str, dict[str, object]] = {
        "rev 0": {"rev": 0},
        "rev as a text": {"rev": "1"},
        "duration above an hour": {"duration": 3_600_001},
        "an airing with a capital": {"airing": "A"},
        "a strange class": {"class": "urgent"},
        "a short hash": {"sha256": "ab"},
        "a hash in capitals": {"sha256": "AB" * 32},
        "no clip": {"sha256": None},
        "no duration": {"duration": 0},
        "no start's number": {"start": True},
        "a language of one letter": {"language": "v"},
        "dead before it was made": {"iat": desk.now_ms + 30_000, "exp": desk.now_ms + 20_000},
        "no aud": {"aud": None},
    }
    bad: list[Bad] = []
    for what, members in wrong.items():
        bad.append((what, *_with_payload(desk, partial(_changed, members))))
    bad.append(("a float", *_with_payload(desk, lambda order: encode(order).replace(b'"rev":1', b'"rev":1.0'))))
    await nothing_of_it(desk, bad)


@check(26, stage=Stage.CALM)
async def rules_of_emergencies(desk: Desk) -> None:
    """An emergency that lives above 15 minutes or sounds above 10 is refused whole"""
    bad: list[Bad] = []
    now = desk.now_ms
    for what, members in {"lives too long": {"exp": now + 901_000}, "sounds too long": {"duration": 600_001}}.items():
        order = desk.order(klass=Klass.EMERGENCY, lead_ms=TRIED_MS, iat=now, exp=now + 120_000)
        payload = with_member(order, **members)
        kid = desk.keys.kid("emergency")
        bad.append((what, order, seal.sign("tl-order", kid, desk.keys.private(kid), payload)))
    await nothing_of_it(desk, bad)


@check(27, stage=Stage.CALM)
async def any_bytes(desk: Desk) -> None:
    """Whatever the bytes, it lives on"""
    inbox = topics.inbox(desk.node)
    for garbage in (b"", b"\x00", b".", b"..", b"\xff" * 300, b"a." * 8_000, b"{}", "tiếng làng".encode()):
        await desk.publish_in_turn(inbox, garbage)
    bad = [
        ("deep nesting", *_with_payload(desk, lambda order: encode(order)[:-1] + b',"deep":' + b"[" * DEEP + b"]" * DEEP + b"}")),
        ("something after the object", *_with_payload(desk, lambda order: encode(order) + b"{}")),
        ("no UTF-8", *_with_payload(desk, lambda order: encode(order).replace(b'"vi"', b'"v\xff"') + b"\xff")),
        ("a byte order mark", *_with_payload(desk, lambda order: b"\xef\xbb\xbf" + encode(order))),
        ("half of it", *_with_payload(desk, lambda order: encode(order)[:-20])),
    ]
    await nothing_of_it(desk, [one for one in bad if one[0] != "deep nesting"])
    desk.publish(inbox, bad[0][2])
    await sentinel(desk)


@check(14, stage=Stage.CALM)
async def emergencies_first(desk: Desk) -> None:
    """A flood of false seals does not keep an emergency out"""
    async with desk.horn:
        order, token = _good(desk)
        for number in range(60):
            desk.publish_at_once(topics.unit_order(VILLAGE), token[:-8] + f"{number:08}".encode())
        stop = desk.stop(desk.order(klass=Klass.EMERGENCY))
        desk.publish_at_once(topics.unit_order(VILLAGE), desk.keys.seal(stop, desk.keys.kid("emergency")))
        taken = await desk.word(stop.airing, ReceiptState.CANCELLED, within_s=4)
        await desk.rest(2)
    expect(taken, "an emergency's stop obeyed in the middle of a flood", "no word of it")
    await sentinel(desk)
    expect(not desk.journal.words(order.airing), "nothing of the flood believed", desk.journal.words(order.airing))


async def nothing_of_it(desk: Desk, bad: Iterable[Bad], *duties: int) -> None:
    """Send them all, then a good order: that one is taken, and of the others nothing is heard."""
    bad = list(bad)
    for _, _, token in bad:
        if token:
            await desk.publish_in_turn(topics.unit_order(VILLAGE), token)
    await sentinel(desk)
    desk.hush(*(order for _, order, _ in bad))
    believed = [what for what, order, _ in bad if desk.journal.words(order.airing)]
    expect(not believed, "no word about any of them", f"it answered: {', '.join(believed)}", *duties)


async def sentinel(desk: Desk) -> None:
    """A good order is accepted: all that was sent before it has been judged. It never sounds."""
    order = desk.order(lead_ms=TRIED_MS)
    desk.say(order)
    word = await desk.until(lambda: desk.journal.words(order.airing), 8 + desk.backlog_s)
    desk.say(desk.stop(order))
    expect(word, "a good order after the bad ones to be accepted", "no word of it")
    await desk.rest(1)


def _changed(members: dict[str, object], order: Order) -> bytes:
    return with_member(order, **members)


def _good(desk: Desk) -> tuple[Order, bytes]:
    order = desk.order(lead_ms=TRIED_MS)
    return order, desk.keys.seal(order, desk.keys.kid("order"))


def _with_header(desk: Desk, header: str) -> tuple[Order, bytes]:
    order = desk.order(lead_ms=TRIED_MS, aud=COMMUNE)
    return order, desk.keys.raw(header.encode(), encode(order), desk.keys.kid("order"))


def _with_payload(desk: Desk, change: Callable[[Order], bytes]) -> tuple[Order, bytes]:
    order = desk.order(lead_ms=TRIED_MS)
    kid = desk.keys.kid("order")
    return order, seal.sign("tl-order", kid, desk.keys.private(kid), change(order))


def _hmac_with_public(desk: Desk) -> tuple[Order, bytes]:
    kid = desk.keys.kid("order")
    order = desk.order(lead_ms=TRIED_MS)
    head = b64(json.dumps({"alg": "HS256", "kid": kid, "typ": "tl-order"}).encode()) + b"." + b64(encode(order))
    public = desk.keys.private(kid).public_key().public_bytes_raw()
    return order, head + b"." + b64(hmac.digest(public, head, hashlib.sha256))


def _misspelt(what: str, token: bytes) -> bytes:
    head, payload, signature = token.split(b".")
    return {
        "padded": token + b"==",
        "a line end": token + b"\n",
        "a space": head + b". " + payload + b"." + signature,
        "standard letters": token.replace(b"-", b"+").replace(b"_", b"/") if b"-" in token or b"_" in token else token + b"+",
        "unused bits set": token[:-1] + _ALPHABET[_ALPHABET.index(token[-1:]) + 1 :][:1],
        "two parts": payload + b"." + signature,
        "four parts": token + b"." + signature,
        "an empty part": b"." + payload + b"." + signature,
    }[what]


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

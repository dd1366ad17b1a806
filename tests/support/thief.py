"""A thief with full access to the broker: hears all from the first birth on, and says on every topic whatever may do harm.

    with Thief(port, nodes, units, seed=1) as thief:     # from here on it listens
        thief.begin(per_second=2_000)                    # and from here on it speaks
        thief.end()

It has no key of ours, but it knows the contract, every kid and public key, and every message that was ever sent. What it
forges bears LIFE or an airing called `thief-...`, so that a trace of it can be found anywhere.
"""

from __future__ import annotations

import hmac
import json
import random
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.protocol import topics
from tests.support.outsider import Outsider

LIFE = "bad0bad0bad0bad0"
NAME = "thief"

KEPT = 20_000
"""Messages that it remembers, the first ones as well as the newest: what it hears of itself would fill any memory."""

OWN_KEPT = 200_000
"""What it said itself lately, and shall not learn from: an echo comes within seconds."""

HUGE = 262_144
TURN_S = 0.02

Message = tuple[str, bytes]


class Forger:
    """Makes messages out of those that were heard. Pure, but for its dice; `now_ms` is the time that it writes into them."""

    def __init__(self, nodes: Sequence[str], units: Sequence[str], seed: int) -> None:
        self.dice = random.Random(seed)
        self.heard: list[Message] = []
        self._own = Ed25519PrivateKey.from_private_bytes(self.dice.randbytes(32))
        self._public: list[bytes] = [self._own.public_key().public_bytes_raw()]
        self._topics = [topics.unit_order(unit) for unit in units] + [topics.village_plan(unit) for unit in units]
        self._topics += [topics.said(node, leaf) for node in nodes for leaf in ("inbox", *topics.FROM_NODE)]
        self._topics += [topics.live("x"), topics.said(f"{NAME}-1", "state"), "tl/2/unit/x/order", "tl/1/node//ask"]
        self._ways: tuple[Callable[[int], Message], ...] = (self.replayed, self.misplaced, self.damaged, self.forged, self.noise)

    def take(self, message: Message) -> None:
        """It has heard this."""
        if len(self.heard) >= KEPT:
            self.heard[self.dice.randrange(KEPT // 2, KEPT)] = message
        else:
            self.heard.append(message)
        if message[0].endswith("/inbox"):  # where trust documents come
            self._learn_keys(message[1])

    def any(self, now_ms: int) -> Message:
        """One message of any kind."""
        return self.dice.choice(self._ways)(now_ms)

    def replayed(self, now_ms: int) -> Message:
        """Something true, late and out of order."""
        return self.dice.choice(self.heard) if self.heard else self.noise(now_ms)

    def misplaced(self, now_ms: int) -> Message:
        """Something true where it does not belong."""
        return self.dice.choice(self._topics), self.replayed(now_ms)[1]

    def damaged(self, now_ms: int) -> Message:
        """Something true, cut, grown, with a bit flipped, or spelt otherwise."""
        topic, token = self.replayed(now_ms)
        at = self.dice.randrange(max(1, len(token)))
        flipped = bytes([token[at] ^ 1 << self.dice.randrange(8)]) if token else b""
        other = (token[:at], token + b"A", token[:at] + flipped + token[at + 1 :], token + b"=", token.replace(b".", b"..", 1))
        return topic, self.dice.choice(other)

    def noise(self, now_ms: int) -> Message:
        """Random bytes on any topic."""
        return self.dice.choice(self._topics), self.dice.randbytes(self.dice.choice((0, 1, 30, 400, 3_000)))

    def forged(self, now_ms: int) -> Message:
        """What somebody said, made new and turned to harm, sealed as well as one can without the key."""
        topic, token = self.replayed(now_ms)
        try:
            head, payload = (json.loads(_unb64(part)) for part in token.split(b".")[:2])
        except (ValueError, UnicodeDecodeError):
            return self.noise(now_ms)
        return topic, self._sealed(head, self._renewed(payload, now_ms))

    def _renewed(self, said: dict[str, Any], now_ms: int) -> dict[str, Any]:
        number = self.dice.randrange(1_000_000)
        new: dict[str, Any] = {"iat": now_ms, "exp": now_ms + 600_000, "start": now_ms + 1_000, "t": now_ms, "upto": 2**40}
        new |= {"version": now_ms + 10**9, "rev": 1 + number % 9, "boot": 10**6, "connection": 10**6, "life": LIFE, "from": 1}
        new |= {"nonce": f"{self.dice.getrandbits(64):016x}", "id": f"{NAME}-{number}"}
        if self.dice.random() < 0.5:
            new["airing"] = f"{NAME}-{number}"
        else:
            new["kind"] = self.dice.choice(("play", "stop"))  # of an airing that is ours
        changed = said | {name: value for name, value in new.items() if name in said}
        if "items" in changed:
            changed["items"] = [{"seq": 1 + number, "airing": f"{NAME}-{number}", "rev": 1, "state": "finished", "at": now_ms}]
        return changed

    def _sealed(self, head: dict[str, Any], payload: dict[str, Any]) -> bytes:
        way = self.dice.randrange(6)
        head = dict(head)
        if way == 0:
            head["alg"] = "HS256"  # the public key as if it were a secret
        elif way == 1:
            head["alg"] = self.dice.choice(("none", "EdDSA", "ES256"))
        elif way == 2 and "." in str(head.get("kid")):
            head["kid"] = f"{str(head['kid']).rpartition('.')[0]}.{self.dice.randrange(1, 10**9)}"
        elif way == 3:
            head["kid"] = self.dice.choice(("root", "../../etc/passwd", NAME))
        signed = _b64(json.dumps(head).encode()) + b"." + _b64(json.dumps(payload).encode())
        if head["alg"] == "HS256":
            return signed + b"." + _b64(hmac.digest(self.dice.choice(self._public), signed, "sha256"))
        return signed + b"." + (b"" if head["alg"] == "none" else _b64(self._own.sign(signed)))

    def _learn_keys(self, token: bytes) -> None:
        if len(self._public) > 1:
            return
        try:
            keys = json.loads(_unb64(token.split(b".")[1])).get("keys", ())
            self._public += [_unb64(key["x"].encode()) for key in keys]
        except (ValueError, IndexError, AttributeError, TypeError, KeyError, UnicodeDecodeError):
            return


class Thief:
    """The forger at work, in a thread of its own; also takes the names of others at the broker, and asks it to retain things."""

    def __init__(self, port: int, nodes: Sequence[str], units: Sequence[str], seed: int) -> None:
        self._port, self._nodes = port, nodes
        self._forger = Forger(nodes, units, seed)
        self._fresh: deque[Message] = deque()
        self._own: set[int] = set()
        self._ear, self._mouth = Outsider(port, "tl/#"), Outsider(port)
        self._ear.take = self._hear
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.said = 0

    @property
    def heard(self) -> int:
        """How many different messages of others it remembers."""
        return len(self._forger.heard) + len(self._fresh)

    def begin(self, per_second: int) -> None:
        """Do harm from now on, at that pace."""
        self._thread = threading.Thread(target=self._work, args=(per_second,), name="thief", daemon=True)
        self._ending.clear()
        self._thread.start()

    def end(self) -> None:
        """Stop it; AssertionError if its tools broke before."""
        if self._thread is not None:
            broke = not self._thread.is_alive()
            self._ending.set()
            self._thread.join()
            self._thread = None
            assert not broke, "the thief's own tools broke"

    def close(self) -> None:
        """Stop and leave."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        self._ear.close()
        self._mouth.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _hear(self, topic: str, payload: bytes) -> None:
        if hash(payload) not in self._own and len(self._fresh) < KEPT:
            self._fresh.append((topic, payload))

    def _work(self, per_second: int) -> None:
        begun, second = time.monotonic(), 0
        for number, (topic, payload) in enumerate(self._things()):
            self._remember(payload)
            self._mouth.say(topic, payload, qos=number % 10 == 0, retain=number % 50 == 0)
            self.said += 1
            if number % 5_000 == 4_999:
                self._huge(topic)
            if number // per_second > second:
                second += 1
                self._steal_a_name()
            while (ahead_s := number / per_second - (time.monotonic() - begun)) > 0 and not self._ending.is_set():
                self._ending.wait(max(ahead_s, TURN_S))
            if self._ending.is_set():
                return

    def _remember(self, payload: bytes) -> None:
        if len(self._own) >= OWN_KEPT:
            self._own.clear()
        self._own.add(hash(payload))

    def _things(self) -> Iterator[Message]:
        while True:
            while self._fresh:
                self._forger.take(self._fresh.popleft())
            yield self._forger.any(int(time.time() * 1000))

    def _huge(self, topic: str) -> None:
        """A packet far above what anybody should read; some brokers cut off who sends it."""
        other = Outsider(self._port)
        other.say(topic, bytes(HUGE), qos=0)
        other.close()

    def _steal_a_name(self) -> None:
        """Who comes with a client id in use ends its owner's connection."""
        Outsider(self._port, name=self._forger.dice.choice(self._nodes)).close()


def _b64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _unb64(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))

"""What comes in by the link: each message opened once, then handed to whom it concerns. Pure.

order, plan's head -> intake, now or when we know enough     trust, config -> papers     answer -> ledger, floors, clock
"""

from __future__ import annotations

from collections.abc import Callable

from controller.protocol import topics
from controller.protocol.messages import Answer, Config, FromController, Order, PlanHead, Trust
from firmware_bridge.awakening import take_stock
from firmware_bridge.doorman import INBOX, Doorman, is_in_time, typs_of
from firmware_bridge.errands import Errands
from firmware_bridge.events import Alarm, Arrived, Effect
from firmware_bridge.intake import Intake, Sealed
from firmware_bridge.ledger import Ledger
from firmware_bridge.papers import Papers
from firmware_bridge.playlist import Playlist
from firmware_bridge.timekeeper import Timekeeper

_TO_BE_JUDGED = (Order, PlanHead)


class Reception:
    """Receives for one node."""

    __slots__ = (
        "_clock",
        "_door",
        "_errands",
        "_has_stock",
        "_inbox",
        "_intake",
        "_ledger",
        "_list",
        "_node",
        "_papers",
        "_random",
    )

    def __init__(
        self,
        node: str,
        clock: Timekeeper,
        door: Doorman,
        ledger: Ledger,
        playlist: Playlist,
        papers: Papers,
        intake: Intake,
        errands: Errands,
        random: Callable[[int], bytes],
    ) -> None:
        self._node = node
        self._inbox = topics.inbox(node)
        self._clock = clock
        self._door = door
        self._ledger = ledger
        self._list = playlist
        self._papers = papers
        self._intake = intake
        self._errands = errands
        self._random = random
        self._has_stock = False

    def arrived(self, out: list[Effect], now_ms: int, event: Arrived) -> None:
        """Take one message, or only count it. Any bytes on any topic are fine."""
        typs = INBOX if event.topic == self._inbox else typs_of(self._papers.path).get(event.topic)
        opened = self._door.open(event.payload, typs, now_ms) if typs is not None else None
        if opened is None:
            self._door.refused += 1
            return
        kid, message = opened
        if isinstance(message, _TO_BE_JUDGED):
            self._take((kid, event.payload, message), out, now_ms)
        elif not self._may(kid, message, now_ms):
            self._door.refused += 1
        elif isinstance(message, Answer):
            self._take_answer(out, now_ms, message)
        else:
            self._take_paper(out, now_ms, event.payload, message)

    def documents_changed(self, out: list[Effect], now_ms: int) -> None:
        """Something that everything else hangs on may be new: the time, the keys, the config, the floors."""
        self._list.is_mute = not self._papers.is_ready
        self._list.look_ms = now_ms
        if self._clock.is_trusted and not self._has_stock:
            self._has_stock = True
            take_stock(out, now_ms, self._clock, self._list)
            self._errands.run(out, now_ms)
        if self._intake.is_open:
            for sealed, because in self._intake.release():
                self._take(sealed, out, now_ms, because)

    def _take(self, sealed: Sealed, out: list[Effect], now_ms: int, because: str = "late") -> None:
        """An order or a plan's head, now or as soon as it can be judged."""
        kid, token, message = sealed
        if not self._intake.is_open:
            self._intake.hold(sealed)
        elif isinstance(message, Order):
            self._intake.order(out, now_ms, sealed, because)
        elif not self._may(kid, message, now_ms):
            self._door.refused += 1
        elif self._papers.take_head(kid, token, message):
            self._errands.run(out, now_ms)

    def _take_paper(self, out: list[Effect], now_ms: int, token: bytes, message: FromController) -> None:
        if isinstance(message, Trust):
            self._papers.take_trust(out, token, message)
            self._intake.let_go()
        elif isinstance(message, Config) and self._papers.take_config(out, now_ms, token, message):
            self._errands.tidy(out)
            self._errands.run(out, now_ms)
        self.documents_changed(out, now_ms)

    def _take_answer(self, out: list[Effect], now_ms: int, answer: Answer) -> None:
        self._ledger.cover(out, answer.upto, now_ms)
        if answer.floors is not None:
            self._papers.raise_floors(out, answer.floors, answer.iat)
        verdict = "ignored"
        if answer.nonce is not None:
            verdict = self._clock.answered(answer.nonce, answer.t2, answer.t3, now_ms)
        if verdict == "moved":
            out.append(Alarm(code="clock.moved"))
        if answer.floors is not None or verdict != "ignored":
            self.documents_changed(out, now_ms)
        if verdict != "ignored":
            self._clock.plan_next(now_ms, self._random(1)[0], content=self._papers.is_ready)

    def _may(self, kid: str, message: FromController, now_ms: int) -> bool:
        """May this key say this to us, and now? Trust is the root's; a config is judged by the path that it gives.

        Days need a trusted clock. An answer to our own question proves its own: even a clock that is wrong can be mended.
        """
        utc, u = self._clock.utc(now_ms), self._clock.error(now_ms)
        proves_itself = isinstance(message, Answer) and self._clock.has_asked(message.nonce)
        if self._clock.is_trusted and not proves_itself and not is_in_time(message, utc, u):
            return False
        if isinstance(message, Trust):
            return True
        if isinstance(message, Answer) and message.life != self._door.life:
            return False
        path = self._papers.path
        if isinstance(message, Config):  # who moves us must reach both where we stand and where we go
            if path and self._door.key_of(kid, message, path, self._node) is None:
                return False
            path = message.path
        key = self._door.key_of(kid, message, path, self._node)
        if key is None or (message.aud != self._node and not isinstance(message, PlanHead)):
            return False
        return not self._clock.is_trusted or proves_itself or key.nbf - u <= utc < key.exp + u

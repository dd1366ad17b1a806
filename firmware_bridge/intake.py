"""What becomes of an order or a plan's item that was opened: taken in, refused with a reason, obeyed, or held until we know
the time and the floors. Pure."""

from __future__ import annotations

from controller.domain.airing import Klass
from controller.protocol.messages import Kind, Order, PlanHead, ReceiptState
from firmware_bridge.doorman import Doorman, is_in_time
from firmware_bridge.events import Alarm, Effect
from firmware_bridge.ledger import Ledger
from firmware_bridge.lifecycle import Airing, Item, Phase, last_begin_ms
from firmware_bridge.papers import Papers
from firmware_bridge.playlist import Playlist
from firmware_bridge.rules import refusal
from firmware_bridge.timekeeper import Timekeeper

MAX_HELD = 64
"""Orders and heads that wait in memory for the time or the floors. The controller keeps them until we accept: none is lost."""

MAX_ANSWERED = 512
"""Airings of which we said again, in one connection, how they stand: who asks for more must reconnect us."""

Sealed = tuple[str, bytes, Order | PlanHead]
"""(kid, token, message) as opened."""

_R = ReceiptState


class Intake:
    """Takes orders and items for one node."""

    __slots__ = ("_answered", "_clock", "_door", "_held", "_ledger", "_list", "_node", "_papers")

    def __init__(self, node: str, clock: Timekeeper, door: Doorman, ledger: Ledger, playlist: Playlist, papers: Papers) -> None:
        self._node = node
        self._clock = clock
        self._door = door
        self._ledger = ledger
        self._list = playlist
        self._papers = papers
        self._held: dict[str, tuple[Sealed, str]] = {}
        self._answered: set[str] = set()

    @property
    def is_open(self) -> bool:
        """Do we know the time, and have we all documents?"""
        return self._clock.is_trusted and self._papers.is_ready

    def connected(self) -> None:
        """A new link: what is offered again may be answered again."""
        self._answered.clear()

    def hold(self, sealed: Sealed) -> None:
        """Not yet: we do not know enough to judge it."""
        message = sealed[2]
        name = message.id if isinstance(message, Order) else f"plan/{message.aud}/{message.version}"
        if len(self._held) < MAX_HELD:
            self._held.setdefault(name, (sealed, "floors" if self._clock.is_trusted else "clock"))
        else:
            self._door.refused += 1

    def let_go(self) -> None:
        """Other keys are trusted now: what none of them sealed is as if it came now, not believed and only counted."""
        kids = self._door.ring.keys if self._door.ring else {}
        void = [name for name, (sealed, _) in self._held.items() if sealed[0] not in kids]
        for name in void:
            del self._held[name]
        self._door.refused += len(void)

    def release(self) -> list[tuple[Sealed, str]]:
        """What was held, and why it was; we hold nothing any more."""
        held = list(self._held.values())
        self._held.clear()
        return held

    def order(self, out: list[Effect], now_ms: int, sealed: Sealed, because: str = "late") -> None:
        """Obey an order, or say why not. `because`: why it would be missed if its moment has passed."""
        kid, token, order = sealed
        assert isinstance(order, Order)
        if not self._is_for_us(order):
            self._door.refused += 1
            return
        why = self._doubt(kid, order, now_ms)
        known = self._list.airings.get(order.airing)
        if why == "trust":
            self._door.refused += 1
            out.append(Alarm(code="order.trust"))
        if why == "expired" and because != "late":
            why = ""  # it died while we could not judge it: that is a miss of ours, not a fault of its sender
        if why and known is None:
            self._refuse_unwritten(out, now_ms, order, why)
        elif why == "expired" and known is not None:
            self._again(out, now_ms, known)
        if not why:
            self._obey(out, now_ms, kid, token, order, because)

    def item(self, out: list[Effect], now_ms: int, item: Item, kid: str, token: bytes = b"", because: str = "late") -> None:
        """Take in something to play, whichever message brought it: the highest revision wins, an end is an end."""
        known = self._list.airings.get(item.airing)
        if known is not None and (known.phase is not Phase.WAITING or item.rev <= known.rev):
            if token:  # an order is offered until answered; a plan's newer version repeats what we have said
                self._again(out, now_ms, known)
            return
        if known is not None and known.klass is Klass.EMERGENCY and item.klass is not Klass.EMERGENCY:
            out.append(Alarm(code="order.trust"))  # only an emergency key disarms an emergency
            return
        if known is None and not self._list.has_room(item.klass, out, now_ms):
            self._refuse_unwritten(out, now_ms, item, "full")
            return
        airing = known or Airing(item.airing, item.rev, item.klass)
        self._list.describe(airing, item)
        sure_ms = self._clock.utc(now_ms) + self._clock.error(now_ms)
        why = refusal(self._list.config, item, item.start)
        if why:
            self._list.say(out, now_ms, airing, _R.REFUSED, why)
        elif item.start < self._papers.born_ms:
            self._list.say(out, now_ms, airing, _R.MISSED, "floors")
        elif sure_ms > max(item.start + self._clock.error(now_ms), last_begin_ms(item)):
            self._list.say(out, now_ms, airing, _R.MISSED, because)
        else:
            self._list.put(airing, item, kid)
            self._list.fresh[airing.id] = token

    def refuse(self, out: list[Effect], now_ms: int, item: Item, why: str) -> None:
        """Refuse an unknown airing for good."""
        if item.airing not in self._list.airings and self._list.has_room(item.klass, out, now_ms):
            airing = Airing(item.airing, item.rev, item.klass)
            self._list.describe(airing, item)
            self._list.say(out, now_ms, airing, _R.REFUSED, why)

    def _is_for_us(self, order: Order) -> bool:
        """Are we named, or a unit above us, and was the order made after we came to stand there?"""
        config = self._papers.config
        if order.aud == self._node:
            return True
        return config is not None and order.aud in config.path and order.iat > config.since

    def _doubt(self, kid: str, order: Order, now_ms: int) -> str:
        """Why this order is not to be obeyed at all; empty if it is."""
        utc, u = self._clock.utc(now_ms), self._clock.error(now_ms)
        key = self._door.key_of(kid, order, self._papers.path, self._node)
        if key is None or not key.nbf - u <= utc < key.exp + u:
            return "trust"
        if not is_in_time(order, utc, u):
            return "future" if order.iat > utc else "expired"
        return ""

    def _obey(self, out: list[Effect], now_ms: int, kid: str, token: bytes, order: Order, because: str) -> None:
        if order.kind is Kind.PLAY:
            self.item(out, now_ms, order, kid, token, because)
        elif order.kind is Kind.STOP:
            self._stop(out, now_ms, order)
        elif order.airing in self._list.airings:
            self._again(out, now_ms, self._list.airings[order.airing])
        else:
            self.refuse(out, now_ms, order, "unsupported")

    def _stop(self, out: list[Effect], now_ms: int, order: Order) -> None:
        """A tombstone before the sound, a cut within it. At equal revisions silence wins."""
        airing = self._list.airings.get(order.airing)
        if airing is None:
            if not self._list.has_room(Klass.NORMAL, out, now_ms):
                self._refuse_unwritten(out, now_ms, order, "full")
                return
            airing = Airing(order.airing, order.rev, order.klass)
            self._list.describe(airing, order)
            self._list.say(out, now_ms, airing, _R.CANCELLED, "stop")
        elif airing.phase is Phase.ENDED or order.rev < airing.rev:
            self._again(out, now_ms, airing)
        elif airing.klass is Klass.EMERGENCY and order.klass is not Klass.EMERGENCY:
            out.append(Alarm(code="order.trust"))  # only an emergency key silences an emergency
        else:
            airing.rev = order.rev
            self._list.stop(out, now_ms, airing, "stop")

    def _again(self, out: list[Effect], now_ms: int, airing: Airing) -> None:
        """It was offered again: whoever offers has not heard how it stands. Once a connection."""
        if airing.state is None or self._ledger.speaks_of(airing.id) or not self._once(airing.id):
            return
        utc = self._clock.utc(now_ms)
        self._ledger.say(out, airing.id, airing.rev, airing.state, utc, now_ms, airing.why, airing.evidence)

    def _refuse_unwritten(self, out: list[Effect], now_ms: int, item: Item, why: str) -> None:
        """Refuse without a record of it: what is dead or has no room must not fill the table."""
        if self._once(item.airing) and not self._ledger.is_full:
            self._ledger.say(out, item.airing, item.rev, _R.REFUSED, self._clock.utc(now_ms), now_ms, why)

    def _once(self, airing: str) -> bool:
        if airing in self._answered or len(self._answered) >= MAX_ANSWERED:
            return False
        self._answered.add(airing)
        return True

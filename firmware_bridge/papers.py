"""The documents a node is held to: trust, config, floors, plan. Newer replaces older; older than a floor is nothing. Pure."""

from __future__ import annotations

from functools import lru_cache

from controller.protocol.codec import DecodeError, decode
from controller.protocol.messages import Config, Floors, Order, PlanBody, PlanHead, PlanItem, ReceiptState, Trust, Versions
from firmware_bridge.doorman import Doorman, ring_of
from firmware_bridge.events import Effect, Keep
from firmware_bridge.memory import keep_floors, keep_number
from firmware_bridge.playlist import Playlist

EVERYWHERE = "all"
"""The `aud` of a trust document that is for every node under its root."""


class Papers:
    """One node's documents. `is_ready`: it has all that lets it sound, and none of it is older than the floors."""

    __slots__ = ("_door", "_list", "_node", "born_ms", "config", "floors", "has_changed", "head", "pending", "plan_kid")

    def __init__(self, node: str, door: Doorman, playlist: Playlist) -> None:
        self._node = node
        self._door = door
        self._list = playlist
        self.config: Config | None = None
        self.floors: Floors | None = None
        self.born_ms = 0
        self.head: PlanHead | None = None
        self.plan_kid = ""
        self.pending: tuple[str, bytes, PlanHead] | None = None
        self.has_changed = False

    @property
    def path(self) -> tuple[str, ...]:
        """The units above this node, root first; empty without config."""
        return self.config.path if self.config is not None else ()

    @property
    def versions(self) -> Versions:
        """What we hold."""
        ring, config, head = self._door.ring, self.config, self.head
        return Versions(
            trust=ring.version if ring else 0, config=config.version if config else 0, plan=head.version if head else 0
        )

    @property
    def is_ready(self) -> bool:
        """May anything sound?"""
        ring, config, floors = self._door.ring, self.config, self.floors
        if ring is None or config is None or floors is None:
            return False
        return ring.version >= floors.trust and config.version >= floors.config

    # ── from disk ────────────────────────────────────────────────────────────────────────────────────────────────────

    def restore_config(self, config: Config) -> None:
        """A config that our disk held and whose seal is still good."""
        self.config = self._list.config = config

    def restore_plan(self, kid: str, head: PlanHead, data: bytes) -> tuple[PlanItem, ...]:
        """A plan that our disk held; its items, or none if it is not for this place."""
        body = _body(head, data)
        if body is None or not self.path or head.aud != self.path[-1]:
            return ()
        self.head, self.plan_kid = head, kid
        return body.items

    # ── from the controller ──────────────────────────────────────────────────────────────────────────────────────────

    def take_trust(self, out: list[Effect], token: bytes, trust: Trust) -> None:
        """A newer trust takes effect at once. What a revoked key sealed and has not sounded is void, and forgotten without a
        word: the same airing may come again under a good key, and an end would bar it."""
        held = self._door.ring.version if self._door.ring else 0
        floor = self.floors.trust if self.floors else 0
        ours = not self.path or trust.aud in (EVERYWHERE, self._node, *self.path)
        if trust.version <= held or trust.version < floor or not ours:
            return
        if self.pending is not None and self.pending[0] in trust.revoked:
            self.pending = None
        if self.plan_kid in trust.revoked:
            self._drop_plan(out)
        for airing in self._list.waiting:
            if airing.kid in trust.revoked:
                self._list.forget(out, airing)
        self._door.ring = ring_of(trust)
        self.has_changed = True
        out.append(Keep(key="trust", value=token))

    def take_config(self, out: list[Effect], now_ms: int, token: bytes, config: Config) -> bool:
        """A newer config takes effect at once; False if it is not newer."""
        floor = self.floors.config if self.floors else 0
        if config.version < floor or (self.config is not None and config.version <= self.config.version):
            return False
        moves = self.path != () and self.path[-1] != config.path[-1]
        for airing in self._list.waiting:
            item = airing.item
            if item.aud not in (self._node, *config.path) if isinstance(item, Order) else moves:
                self._list.say(out, now_ms, airing, ReceiptState.CANCELLED, "moved")
        self.config = self._list.config = config
        self.has_changed = True
        out.append(Keep(key="config", value=token))
        if moves:
            self.pending = None
            self._drop_plan(out)
            self._forget_floor(out)
        return True

    def raise_floors(self, out: list[Effect], floors: Floors, said_ms: int) -> None:
        """Floors only rise. With the first ones a life is born, at `said_ms` (UTC): what started before is not for it to begin,
        for its former memory may have spent it. A later answer that was made earlier tells that our controller's clock was ahead.
        """
        if self.floors is None or said_ms < self.born_ms:
            self.born_ms = said_ms
            out.append(keep_number("born", said_ms))
        old = self.floors or Floors(trust=0, config=0, plan=0)
        new = Floors(trust=max(old.trust, floors.trust), config=max(old.config, floors.config), plan=max(old.plan, floors.plan))
        if new != self.floors:
            self.floors = new
            out.append(keep_floors(new))

    def take_head(self, kid: str, token: bytes, head: PlanHead) -> bool:
        """A newer plan's head: its body is wanted now. False if it is not newer, or not for this village."""
        newest = max(self.head.version if self.head else 0, self.pending[2].version if self.pending else 0)
        floor = self.floors.plan if self.floors else 0
        if head.version <= newest or head.version < floor or not self.path or head.aud != self.path[-1]:
            return False
        self.pending = (kid, token, head)
        return True

    def body_of_pending(self, data: bytes) -> PlanBody | None:
        """The body of the plan we wait for, checked against its head; either way we wait no more."""
        assert self.pending is not None
        body = _body(self.pending[2], data)
        if body is None:
            self.pending = None
        return body

    def adopt_plan(self, out: list[Effect], now_ms: int, body: PlanBody, data: bytes) -> None:
        """The pending plan is the plan: what vanished from it is cancelled. Its items were offered before.

        What was in an older plan too now waits by this one: only this one's key, if it is revoked, takes it away.
        """
        assert self.pending is not None
        self.plan_kid, token, self.head = self.pending
        self.pending = None
        self.has_changed = True
        named = {item.airing for item in body.items}
        for airing in self._list.waiting:
            if not isinstance(airing.item, PlanItem):
                continue
            if airing.id in named:
                airing.kid = self.plan_kid
            else:
                self._list.say(out, now_ms, airing, ReceiptState.CANCELLED, "plan")
        out.append(Keep(key="plan", value=token + b"\n" + data))

    def _forget_floor(self, out: list[Effect]) -> None:
        """We stand in another village: the floor of the old one's plans says nothing of the new one's."""
        if self.floors is not None:
            self.floors = Floors(trust=self.floors.trust, config=self.floors.config, plan=0)
            out.append(keep_floors(self.floors))

    def _drop_plan(self, out: list[Effect]) -> None:
        """Forget the plan, and without a word what waits by it: the next plan brings it again."""
        self.head, self.plan_kid = None, ""
        out.append(Keep(key="plan", value=None))
        for airing in self._list.waiting:
            if isinstance(airing.item, PlanItem):
                self._list.forget(out, airing)


def _body(head: PlanHead, data: bytes) -> PlanBody | None:
    """The body in `data` if it is the one its head means."""
    try:
        body = _decode_shared(data)
    except DecodeError:
        return None
    return body if len(data) == head.size and (body.village, body.version) == (head.aud, head.version) else None


@lru_cache(maxsize=16)
def _decode_shared(data: bytes) -> PlanBody:
    return decode(PlanBody, data)

"""The node's place against one controller, where checks tell their stories: a puppet, the office, and what both know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from controller.protocol.codec import TYP_OF
from controller.protocol.keys import Provision
from controller.protocol.messages import Answer, FromController, Kind, Order, Versions
from scheduler.clock import Clock
from simulator.conform.book import Absent, Untried
from simulator.conform.office import Office
from simulator.conform.puppet import Puppet, Told
from simulator.conform.sounds import tone

LOOK_S = 0.05

PREPARED_S = 60.0
"""A controller prepares a second of sound in this time."""

GRACE_MS = 60_000

T = TypeVar("T")
M = TypeVar("M", bound=FromController)


class Visit:
    """One run against one controller. Use it as an async context manager."""

    def __init__(self, provision: Provision, office: Office, clock: Clock) -> None:
        self.clock = clock
        self.office = office
        self.puppet = Puppet(provision=provision, clock=clock)
        self._bulletin = self._airing = ""

    async def __aenter__(self) -> Visit:
        await self.puppet.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.puppet.close()
        await self.office.close()

    @property
    def node(self) -> str:
        """The puppet's id."""
        return self.puppet.node

    @property
    def held(self) -> Versions:
        """The versions of all that it was sent."""
        newest = {"tl-trust": 0, "tl-config": 0, "tl-plan": 0}
        for told in self.puppet.told:
            typ = TYP_OF[type(told.message)]
            if typ in newest:
                newest[typ] = max(newest[typ], int(getattr(told.message, "version", 0)))
        return Versions(trust=newest["tl-trust"], config=newest["tl-config"], plan=newest["tl-plan"])

    # ── what it does ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def arrive(self) -> Answer:
        """Be born and ask, until the documents and an answer are there; Absent if nothing comes."""
        self.puppet.say(self.puppet.state())
        answer = await self.asked()
        if answer is None or not await self.until(lambda: self.puppet.config, 5):
            raise Absent(self.node)
        await asyncio.sleep(0.3)  # its subscriptions reach the broker
        return answer

    async def asked(self, **changes: Any) -> Answer | None:
        """Ask, and wait for the answer."""
        number = len(self.puppet.told)
        ask = self.puppet.ask(**changes)
        self.puppet.say(ask)

        def answered() -> Answer | None:
            return next((one for _, one in self.of(Answer, number) if one.nonce == ask.nonce), None)

        return await self.until(answered, 8)

    async def airing(self, lead_ms: int = 120_000) -> str:
        """Have something aired in the puppet's village; the airing's id."""
        if not self._bulletin:
            self._bulletin = await self.office.bring(tone(440.0 + self.clock.now_ms() % 97, 1_500), self.puppet.path[0])
            end_ms = self.clock.monotonic_ms() + round(PREPARED_S * 1000)
            while (state := await self.office.bulletin_state(self._bulletin)) != "approved":
                if state == "failed" or self.clock.monotonic_ms() > end_ms:
                    raise Untried(f"the controller did not prepare a sound: {state}")
                await asyncio.sleep(0.2)
        return await self.airing_for(self.puppet.path[-1], lead_ms)

    async def airing_for(self, unit: str, lead_ms: int = 120_000) -> str:
        """Have it aired in another place, after `airing` has brought it."""
        if self._airing:
            await self.office.cancel(self._airing)  # a village airs one thing at a time
        self._airing = str((await self.office.say(self._bulletin, unit, lead_ms, GRACE_MS))["id"])
        return self._airing

    async def delivery(self, airing: str, state: str, within_s: float = 6.0) -> dict[str, Any]:
        """The delivery on the puppet, once it stands at `state`, or as it stands in the end."""
        end_ms = self.clock.monotonic_ms() + round(within_s * 1000)
        while True:
            row = await self.office.delivery(airing, self.node)
            if (row is not None and row["state"] == state) or self.clock.monotonic_ms() > end_ms:
                return row or {"state": "no delivery"}
            await asyncio.sleep(0.1)

    # ── what it heard ────────────────────────────────────────────────────────────────────────────────────────────────

    def of(self, kind: type[M], since: int = 0) -> list[tuple[Told, M]]:
        """(told, message) of one kind, from number `since` on."""
        return [(told, told.message) for told in self.puppet.since(since) if isinstance(told.message, kind)]

    def offers(self, airing: str, kind: Kind, since: int = 0) -> list[tuple[Told, Order]]:
        """The orders of one kind about an airing."""
        return [(told, order) for told, order in self.of(Order, since) if order.airing == airing and order.kind is kind]

    async def until(self, look: Callable[[], T], within_s: float) -> T | None:
        """What `look` finds as soon as it finds something, or None after `within_s`."""
        end_ms = self.clock.monotonic_ms() + round(within_s * 1000)
        while not (found := look()):
            if self.clock.monotonic_ms() > end_ms:
                return None
            await asyncio.sleep(LOOK_S)
        return found

    async def upto(self, number: int, since: int, within_s: float = 6.0) -> int:
        """The highest `upto` told to this life since then, once it is `number` or after `within_s`."""

        def most() -> int:
            return max((one.upto for _, one in self.of(Answer, since) if one.life == self.puppet.life), default=-1)

        await self.until(lambda: most() >= number, within_s)
        return most()

    async def sees(self, within_s: float = 5.0, **wanted: object) -> dict[str, Any]:
        """How the office shows the node, once it shows `wanted`, or in the end."""
        end_ms = self.clock.monotonic_ms() + round(within_s * 1000)
        while True:
            row = await self.office.node(self.node)
            if all(row[name] == value for name, value in wanted.items()) or self.clock.monotonic_ms() > end_ms:
                return row
            await asyncio.sleep(0.1)

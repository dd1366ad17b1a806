"""Puts a world together and lets its time pass. Deterministic: the same scenario, the same world."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256

from controller.protocol.keys import Provision, to_text
from firmware_bridge.engine import Engine
from simulator.world.desk import BASES, Desk
from simulator.world.loop import Loop
from simulator.world.places import Places
from simulator.world.planner import Almanac, Planner
from simulator.world.pole import MakeEngine, Pole, Street
from simulator.world.scenario import HOUR_MS, Scenario
from simulator.world.signet import Signet, unsealed
from simulator.world.tally import Tally, tally
from simulator.world.weather import Sky, Spans, sky_of
from simulator.world.witness import Witness

SWITCHED_ON_MS = HOUR_MS // 2
"""The nodes of a world are switched on one after the other within its first half hour, at night."""

Progress = Callable[[int, int], None]
"""(hours past, hours in all)."""


class World:
    """All of one world. `make_engine` and `planner` are what tests put in another's place."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        planner: Planner | None = None,
        make_engine: MakeEngine | None = None,
        skips: bool = True,
    ) -> None:
        self.scenario = scenario
        self.places = Places(scenario)
        self.loop = Loop(scenario.begin_ms)
        self.witness = Witness(scenario.policy.hours)
        signet = Signet(f"{scenario.seed}/signet")
        self.desk = Desk(
            scenario=scenario,
            places=self.places,
            planner=planner or Almanac(scenario, self.places),
            signet=signet,
            loop=self.loop,
            witness=self.witness,
        )
        self.street = Street(
            loop=self.loop,
            witness=self.witness,
            desk=self.desk,
            link=scenario.link,
            make_engine=make_engine or maker(signet),
            skips=skips,
        )
        self.skies = [sky_of(scenario, index) for index in range(scenario.nodes)]
        self.desk.poles = [self._pole(index, sky, signet.root) for index, sky in enumerate(self.skies)]

    def run(self, progress: Progress = lambda past, whole: None) -> Tally:
        """Let all its time pass; says what it came to."""
        scenario, whole = self.scenario, self.scenario.days * 24
        with _no_garbage():
            self._switch_on()
            for hour in range(whole):
                progress(hour, whole)
                self.loop.run_until(scenario.begin_ms + (hour + 1) * HOUR_MS)
            for pole in self.desk.poles:
                pole.rest()
            self.witness.close(self.loop.now_ms)
            return tally(self)

    def _switch_on(self) -> None:
        loop, count = self.loop, len(self.desk.poles)
        loop.at(loop.now_ms, self.desk.plan)
        for pole, sky in zip(self.desk.poles, self.skies, strict=True):
            loop.at(loop.now_ms + 1 + SWITCHED_ON_MS * pole.index // count, pole.power_on)
            _follow(loop, sky.offline, pole.link_down, pole.link_up)
            _follow(loop, sky.unpowered, pole.power_cut, pole.power_on)

    def _pole(self, index: int, sky: Sky, root: str) -> Pole:
        name = self.places.name_of(index)
        key = to_text(sha256(name.encode()).digest())
        provision = Provision(node=name, generation=1, key=key, root=root, broker="mqtt://127.0.0.1", bases=BASES)
        return Pole(index, self.places.of_node[index].id, provision, sky, self.street, self.scenario.seed)


def maker(signet: Signet) -> MakeEngine:
    """Makes the real engines, with this signet's seals."""

    def make(provision: Provision, kept: Mapping[str, bytes], clips: Collection[str], random: Callable[[int], bytes]) -> Engine:
        return Engine(provision, kept, clips, random=random, verify=signet.verify, mac=unsealed)

    return make


def _follow(loop: Loop, spans: Spans, begins: Callable[[None], None], ends: Callable[[None], None]) -> None:
    """Call at both ends of each span, one after the other: a month of weather would fill the heap."""
    later: Iterator[tuple[int, Callable[[None], None]]] = (
        pair for begin, end in spans for pair in ((begin, begins), (end, ends))
    )

    def next_one(call: Callable[[None], None] | None) -> None:
        if call is not None:
            call(None)
        following = next(later, None)
        if following is not None:
            loop.at(following[0], next_one, following[1])

    next_one(None)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Nothing in a world is garbage in a circle but an engine whose power went; looking for them takes half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

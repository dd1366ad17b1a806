"""Puts a world together and lets its time pass. Deterministic: the same scenario, the same world.

One village after the other lives from the first day to the last: none hears of another, and the planner hears no node. So
what is at work at a time is small, and stays where a processor is quick. Time within a village is one heap of moments.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256

from controller.protocol.keys import Provision, to_text
from controller.protocol.messages import PlanBody
from firmware_bridge.engine import Engine
from simulator.world.desk import BASES, Desk, Ledger, trust_of
from simulator.world.loop import Loop
from simulator.world.office import Office
from simulator.world.places import Places, Village
from simulator.world.planner import Planner
from simulator.world.pole import MakeEngine, Pole, Street
from simulator.world.scenario import HOUR_MS, Scenario
from simulator.world.signet import Signet, unsealed
from simulator.world.tally import Tally, enter
from simulator.world.weather import Spans, sky_of
from simulator.world.witness import Witness

SWITCHED_ON_MS = HOUR_MS // 2
"""The nodes of a world are switched on one after the other within half an hour of its eve."""

Progress = Callable[[int, int], None]
"""(villages done, villages in all)."""


class World:
    """All of one world. `planner`, `make_engine` and `skips` are for those who put something else in their place."""

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
        self.witness = Witness(scenario.policy.hours)
        self.signet = Signet(f"{scenario.seed}/signet")
        self.skies = [sky_of(scenario, index) for index in range(scenario.nodes)]
        self._planner = planner or Office(scenario, self.places)
        self._make_engine = make_engine or maker(self.signet)
        self._skips = skips
        self.ledger = Ledger(self._planner, self.witness)

    def run(self, progress: Progress = lambda past, whole: None) -> Tally:
        """Let all its time pass; says what it came to."""
        it = Tally()
        with _no_garbage():
            plans = self._plans()
            for number, village in enumerate(self.places.villages.values()):
                progress(number, len(self.places.villages))
                self._live(village, plans.pop(village.id, []), it)
                gc.collect(0)
            for sheet in self.ledger.sheets.values():
                enter(it, sheet, self.witness, self.skies, self.scenario.begin_ms)
        counts = self.witness.counts
        it.doubles, it.lates, it.breaches = counts["double"], counts["late"], counts["breach"]
        return it

    def _plans(self) -> dict[str, list[tuple[int, PlanBody]]]:
        """All that the planner will ever publish, by village: it hears no node, so it can be asked beforehand."""
        plans: dict[str, list[tuple[int, PlanBody]]] = {}
        while (now_ms := self._planner.next_ms()) is not None:
            for village, body in self._planner.plans(now_ms).items():
                plans.setdefault(village, []).append((now_ms, body))
        return plans

    def _live(self, village: Village, plans: list[tuple[int, PlanBody]], it: Tally) -> None:
        """The whole life of one village."""
        scenario = self.scenario
        loop = Loop(scenario.eve_ms)
        desk = Desk(
            scenario=scenario,
            village=village,
            signet=self.signet,
            loop=loop,
            ledger=self.ledger,
            trust=trust_of(self.signet, scenario.eve_ms),
        )
        street = Street(
            loop=loop, witness=self.witness, desk=desk, link=scenario.link, make_engine=self._make_engine, skips=self._skips
        )
        desk.poles = [self._pole(index, street) for index in village.nodes]
        for at_ms, body in plans:
            loop.at(at_ms, desk.publish, body)
        for pole in desk.poles:
            self._switch_on(pole, loop)
        loop.run_until(scenario.end_ms)
        for pole in desk.poles:
            pole.rest()
            it.bytes_in += pole.bytes_in
            it.bytes_out += pole.bytes_out
        self.witness.close(loop.now_ms)
        it.rounds_skipped += street.rounds_skipped

    def _switch_on(self, pole: Pole, loop: Loop) -> None:
        sky = self.skies[pole.index]
        loop.at(loop.now_ms + 1 + SWITCHED_ON_MS * pole.index // self.scenario.nodes, pole.power_on)
        _follow(loop, sky.offline, pole.link_down, pole.link_up)
        _follow(loop, sky.unpowered, pole.power_cut, pole.power_on)

    def _pole(self, index: int, street: Street) -> Pole:
        name = self.places.name_of(index)
        key = to_text(sha256(name.encode()).digest())
        provision = Provision(node=name, generation=1, key=key, root=self.signet.root, broker="mqtt://127.0.0.1", bases=BASES)
        return Pole(index, provision, self.skies[index], street, self.scenario.seed)


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
    """Collect a village's circles when it has lived, and never else: looking for garbage would take a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

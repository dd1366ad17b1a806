"""One run against one node: from its first ask to the last verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from controller.protocol.keys import Provision
from controller.protocol.messages import Ask, ReceiptState
from scheduler.clock import Clock
from simulator.conform import (  # noqa: F401  (they register their checks)
    controller_checks,
    node_arrival,
    node_end,
    node_files,
    node_keys,
    node_link,
    node_papers,
    node_power,
    node_seals,
    node_sound,
)
from simulator.conform.book import CHECKS, Absent, Broken, Check, Stage, Untried, Verdict, judged, summed
from simulator.conform.desk import Desk, Hands
from simulator.conform.identity import Identity
from simulator.conform.node_power import off_and_on
from simulator.conform.office import Office, OfficeError
from simulator.conform.report import UNSEEN, duties_of, is_good
from simulator.conform.visit import Visit

ARRIVE_S = 150.0
"""How long the kit waits for the node's first ask: unanswered ones come every 60 to 75 s."""

FIRST_MS = 500
"""The grace, and the length, of the first sounds: short, as many may be needed."""

STORY_S = 170.0
"""No check lasts longer: then it is broken, and the next has its turn."""

SIDE_BY_SIDE = 8
"""Checks at a time in the calm: more would queue for the horn, and for the 20 seals a second."""

LONG_STORY_S = 420.0

STAGES = (Stage.ARRIVAL, Stage.CALM, Stage.PAPERS, Stage.LINK, Stage.POWER, Stage.END)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which checks: those of these duties (empty: all), and the long ones too?"""

    only: frozenset[int] = frozenset()
    is_long: bool = False

    def takes(self, one: Check) -> bool:
        """Is this check wanted?"""
        return not self.only or bool(self.only & set(one.duties))


async def run(identity: Identity, clock: Clock, hands: Hands, wanted: Wanted, tell: Callable[[str], None]) -> list[Verdict]:
    """Try the node: one verdict a duty. Absent; OSError, LinkError if the kit itself can't listen or connect."""
    verdicts: list[Verdict] = []
    async with Desk(identity, clock, hands) as desk:
        desk.answering = None
        tell(f"Waiting for {identity.node}: switch it on.")
        if hands.power is not None:
            await off_and_on(desk, afresh=True)  # so that its birth is heard
        if not await desk.until(lambda: desk.journal.of(Ask), ARRIVE_S):
            raise Absent(identity.node)
        for stage in STAGES:
            if stage is Stage.CALM:
                ready = await _tried(READY, desk, wanted, tell)
                verdicts += ready
                if not is_good(ready):
                    break
            turn = [one for one in CHECKS if one.stage is stage and wanted.takes(one)]
            at_a_time = asyncio.Semaphore(SIDE_BY_SIDE if stage is Stage.CALM else 1)
            told = await asyncio.gather(*(_one(desk, one, wanted, at_a_time, tell) for one in turn))
            verdicts += [verdict for some in told for verdict in some]
    return _told(verdicts, wanted, duties_of(STAGES))


async def run_controller(
    provision: Provision, office: Office, clock: Clock, wanted: Wanted, tell: Callable[[str], None]
) -> list[Verdict]:
    """Try the controller: one verdict a duty. LinkError if the kit can't connect."""
    verdicts: list[Verdict] = []
    async with Visit(provision, office, clock) as visit:
        await visit.arrive()
        for one in CHECKS:
            if one.stage is Stage.CONTROLLER and wanted.takes(one):
                verdicts += await _tried(one, visit, wanted, tell)
    return _told(verdicts, wanted, duties_of((Stage.CONTROLLER,)))


def _told(verdicts: list[Verdict], wanted: Wanted, everything: tuple[int, ...]) -> list[Verdict]:
    """One verdict for each duty that was wanted, and for any that is broken."""
    duties = wanted.only or frozenset(everything)
    return [one for one in summed(verdicts, UNSEEN, duties) if one.duty in duties or one.state == "broken"]


async def _be_ready(desk: Desk) -> None:
    """Whatever the arrival was, now it has all that lets it sound: an order sounds. A node may not ask again for a minute."""
    desk.answering = desk.answer
    await desk.settle(trust=True)
    end_ms = desk.clock.monotonic_ms() + round(ARRIVE_S * 1000)
    while desk.clock.monotonic_ms() < end_ms:
        order = desk.order(duration=FIRST_MS, grace=FIRST_MS)
        desk.say(order)
        await desk.pass_by(order.start + order.grace)
        if await desk.word(order.airing, ReceiptState.FINISHED, within_s=1):
            desk.ready_ms = desk.now_ms
            return
    raise Broken("a first sound, with trust, config, floors and time given", str(desk.journal.state))


READY = Check(title="It takes its trust and config, and sounds a first order", duties=(5, 37), stage=Stage.CALM, story=_be_ready)
"""Without this nothing else can be tried."""


async def _one(
    desk: Desk, one: Check, wanted: Wanted, at_a_time: asyncio.Semaphore, tell: Callable[[str], None]
) -> list[Verdict]:
    async with at_a_time:
        return await _tried(one, desk, wanted, tell)


async def _tried(one: Check, place: Desk | Visit, wanted: Wanted, tell: Callable[[str], None]) -> list[Verdict]:
    """Tell one story to its end."""
    if one.is_long and not wanted.is_long:
        return judged(one, Untried("needs --long"))
    error: Exception | None = None
    try:
        async with asyncio.timeout(LONG_STORY_S if one.is_long else STORY_S):
            if isinstance(place, Desk) and one.stage in (Stage.PAPERS, Stage.LINK, Stage.POWER):
                await place.restore()
            await one.story(place)
    except TimeoutError:
        error = Broken("an end of this check", f"none within {STORY_S:.0f} s")
    except (Broken, Untried, Absent, AssertionError, ValueError, LookupError, OSError, OfficeError) as failure:
        error = failure
    tell(f"  {_sign(error)} {one.title}")
    return judged(one, error)


def _sign(error: Exception | None) -> str:
    return "ok    " if error is None else "-     " if isinstance(error, Untried) else "BROKEN"

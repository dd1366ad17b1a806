"""The first minutes: a node that knows neither the time nor its documents is silent, and says why."""

from __future__ import annotations

from msgspec.structs import replace

from controller.protocol.messages import Ask, NodeState, Order, ReceiptState, Versions
from simulator.conform.book import Stage, Untried, check, expect
from simulator.conform.desk import Desk

ASK_S = 25.0
"""An ask that is not answered is said again after 2, 5 and 15 s, each up to a quarter later."""

YOUNG_MS = 2_500
"""An ask younger than this can still be answered well within its 4 s."""

SHORT_MS = 600
"""The grace of an order that is to die while the node may not sound."""


@check(6, 48, stage=Stage.ARRIVAL)
async def says_birth_and_asks(desk: Desk) -> None:
    """Once connected it says its birth and asks, and asks again after about 2 and 5 s"""
    births = [state for _, state in desk.journal.of(NodeState) if state.online]
    if not births:
        raise Untried("it was on before the kit listened")
    asks = await desk.until(lambda: found if len(found := desk.journal.of(Ask)) >= 2 else None, ASK_S)
    expect(asks, "a second ask about 2 s after the first", "none", 48)
    assert asks is not None
    gap_ms = asks[1][0] - asks[0][0]
    expect(1_500 <= gap_ms <= 4_500, "a second ask about 2 s after the first", f"after {gap_ms} ms", 48)


@check(45, 37, stage=Stage.ARRIVAL)
async def silent_without_time(desk: Desk) -> None:
    """Without the time it takes its documents, and keeps silent"""
    ask = desk.journal.ask
    assert ask is not None
    await desk.settle(trust=True)
    if ask.u >= 0:
        raise Untried("its clock was trusted from the start (a real-time clock?)", 45)
    expect(await desk.holding(), "a state that tells of its new trust and config", desk.journal.state, 37)
    order = await _in_vain(desk, 45, "clock")
    expect(not desk.begins(order.airing), "silence", "it sounded without the time", 45)


@check(50, stage=Stage.ARRIVAL)
async def silent_without_floors(desk: Desk) -> None:
    """With a new life and no floors yet it keeps silent"""
    _, first = desk.journal.of(Ask)[0]
    if first.versions != Versions():
        raise Untried("its memory was not empty (--wipe, or a new node)")
    await _answer_next(desk, floors=None)
    order = await _in_vain(desk, 50, "floors")
    expect(not desk.begins(order.airing), "silence", "it sounded without floors")


@check(52, stage=Stage.ARRIVAL)
async def silent_below_floors(desk: Desk) -> None:
    """With a config below its floor it keeps silent"""
    await _answer_next(desk, floors=replace(desk.floors, config=desk.floors.config + 1))
    order = await _in_vain(desk, 52, "floors")
    expect(not desk.begins(order.airing), "silence", "it sounded with a config below its floor")


@check(45, 50, 52, stage=Stage.ARRIVAL)
async def tells_what_it_missed(desk: Desk) -> None:
    """Once it knows the time and the floors it says what it missed, and why"""
    desk.answering = desk.answer
    await desk.settle()
    await _answer_next(desk)
    for duty, why, order in desk.missed:
        end = await desk.ended(order, more_s=8)
        # In a new life what began before its first answer is missed for its floors, whatever else was unknown then.
        expect(end and end.state is ReceiptState.MISSED and end.why in (why, "floors"), f"missed, {why}", end, duty)


async def _answer_next(desk: Desk, **changes: object) -> None:
    """Answer the newest ask if it is young enough, else the next one."""
    asks = desk.journal.of(Ask)
    number = len(asks) if desk.now_ms - asks[-1][0] > YOUNG_MS or desk.answering is not None else len(asks) - 1
    found = await desk.until(lambda: desk.journal.of(Ask)[number:], ASK_S)
    if not found:
        raise Untried(f"it did not ask for {ASK_S:.0f} s")
    heard_ms, ask = found[0]
    desk.answer(ask, heard_ms, **changes)


async def _in_vain(desk: Desk, duty: int, why: str) -> Order:
    """An order that it may not obey now; wait until its window has passed."""
    order = desk.order(lead_ms=400, grace=SHORT_MS, exp=desk.now_ms + 60_000)
    desk.say(order)
    desk.missed.append((duty, why, order))
    await desk.pass_by(order.start + order.grace)
    return order

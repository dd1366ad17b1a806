"""Through power cuts: what was spent stays spent, what was accepted is kept. Needs a hand on the plug (--power)."""

from __future__ import annotations

from controller.protocol.messages import Ask, Receipts, ReceiptState, Versions
from simulator.conform.book import Stage, Untried, check, expect
from simulator.conform.desk import Desk
from simulator.conform.journal import Journal
from simulator.conform.node_link import said
from simulator.conform.node_seals import TRIED_MS, sentinel
from simulator.conform.node_sound import began, finished

R = ReceiptState

BACK_S = 90.0
"""A small computer boots in this time, and connects."""


@check(66, 70, 35, stage=Stage.POWER)
async def waits_through_a_cut(desk: Desk) -> None:
    """What it accepted it plays, though its power went before the sound"""
    before = desk.journal.state
    order = desk.order(lead_ms=5_000, grace=round(BACK_S * 1000))
    desk.say(order)
    expect(await desk.word(order.airing, R.ACCEPTED), "accepted", desk.journal.words(order.airing), 66)
    await off_and_on(desk)
    after = desk.journal.state
    expect(before and after and after.boot > before.boot, "a higher boot", after, 35)
    await began(desk, order, 66, 70)
    await finished(desk, order, 70)
    expect(desk.begins(order.airing) == 1, "one beginning", desk.begins(order.airing), 70)


@check(53, 70, stage=Stage.POWER)
async def spent_is_spent(desk: Desk) -> None:
    """What was cut in its sound by the power is not begun again, whoever offers it"""
    order = desk.order(duration=8_000, grace=round(BACK_S * 1000), sha256=desk.new_clip(8_000))
    token = desk.say(order)
    await began(desk, order, 70)
    await off_and_on(desk)
    desk.publish(f"tl/1/unit/{order.aud}/order", token)
    desk.say(desk.order(order.airing, grace=order.grace, start=order.start, duration=order.duration))
    end = await desk.until(lambda: desk.journal.end(order.airing), 10)
    await sentinel(desk)
    await desk.rest(3)
    expect(desk.begins(order.airing) == 1, "one beginning", desk.begins(order.airing), 53, 70)
    expect(end and (end.state, end.why) == (R.CUT, "power"), "cut, power", end, 70)


@check(53, 69, stage=Stage.POWER)
async def ended_stays_ended(desk: Desk) -> None:
    """An airing that ended before a power cut does not sound after it"""
    order, stopped = desk.order(grace=round(BACK_S * 1000)), desk.order(grace=round(BACK_S * 1000))
    desk.say(desk.stop(stopped))
    desk.say(order)
    await began(desk, order)
    await finished(desk, order)
    await off_and_on(desk)
    desk.say(desk.order(order.airing, grace=order.grace))
    desk.say(desk.order(stopped.airing, grace=order.grace))
    await sentinel(desk)
    await desk.rest(3)
    expect(desk.begins(order.airing) == 1, "one beginning", desk.begins(order.airing), 53, 69)
    expect(desk.begins(stopped.airing) == 0, "silence of what a stop forbade", "it sounded", 69)


@check(75, stage=Stage.POWER)
async def receipts_on_disk(desk: Desk) -> None:
    """Receipts that nothing covered are said again after a power cut, the same numbers for the same words"""
    desk.withholding = True
    try:
        order = desk.order(lead_ms=TRIED_MS)
        desk.say(desk.stop(order))
        word = await desk.word(order.airing, R.CANCELLED)
        expect(word, "cancelled (a tombstone)", "nothing")
        assert word is not None
        number = len(desk.journal.heard)
        await off_and_on(desk)
        again = await desk.until(lambda: word.seq in said(desk, number), 15)
        expect(again, f"receipt {word.seq} again", said(desk, number))
        same = [one for _, batch in desk.journal.of(Receipts, number) for one in batch.items if one.seq == word.seq]
        expect(all(one == word for one in same), f"{word}", same)
    finally:
        desk.withholding = False
        desk.cover(desk.life, desk.journal.upto(desk.life, 1))


@check(45, stage=Stage.POWER)
async def silent_after_boot(desk: Desk) -> None:
    """After a boot it keeps silent until it knows the time again"""
    desk.answering = None
    try:
        await off_and_on(desk)
        state = desk.journal.state
        if state is not None and state.u >= 0:
            raise Untried("its clock was trusted from the start (a real-time clock?)")
        order = desk.order(lead_ms=500, grace=1_500)
        desk.say(order)
        await desk.pass_by(order.start + order.grace)
    finally:
        desk.answering = desk.answer
    expect(not desk.begins(order.airing), "silence", "it sounded without the time")
    await desk.until(lambda: desk.journal.end(order.airing), 20)


@check(49, 50, stage=Stage.POWER)
async def empty_memory(desk: Desk) -> None:
    """With its memory lost it has a new life, and is silent until it has its floors"""
    before = desk.life
    desk.answering = None
    try:
        await desk.power("off")
        await desk.power("wipe")
        number = len(desk.journal.heard)
        await desk.power("on")
        asks = await desk.until(lambda: desk.journal.of(Ask, number), BACK_S)
        if not asks:
            raise Untried("it did not come back")
        expect(asks[0][1].life != before and asks[0][1].versions == Versions(), "a new life that holds nothing", asks[0][1])
        await desk.settle(trust=True)
        order = desk.order(lead_ms=500, grace=1_000, exp=desk.now_ms + 60_000)
        desk.answer(desk.journal.of(Ask)[-1][1], desk.journal.of(Ask)[-1][0], floors=None)
        desk.say(order)
        await desk.pass_by(order.start + order.grace)
    finally:
        desk.answering = desk.answer
    expect(not desk.begins(order.airing), "silence", "it sounded without floors", 50)
    await desk.until(lambda: desk.journal.end(order.airing), 30)


async def off_and_on(desk: Desk, *, afresh: bool = False) -> None:
    """Cut its power, and wait until it is back; `afresh` forgets all that it said before."""
    await desk.power("off")
    await desk.rest(1)
    if afresh:
        desk.journal = Journal()
    number = len(desk.journal.heard)
    await desk.power("on")
    if not await desk.until(lambda: desk.journal.of(Ask, number), BACK_S):
        raise Untried(f"it did not come back within {BACK_S:.0f} s")

"""Across connections and answers: the will, the birth, custody of receipts, and a clock that believes only what it asked for.

A kit can't cut a foreign node's line. But a broker ends a connection when another takes its client identifier (MQTT 3.1.1,
3.1.4-2), and a node uses its own id as that. Of a node that does not, these duties can't be seen without --power.
"""

from __future__ import annotations

import secrets
from functools import partial

from msgspec.structs import replace

from controller.protocol.messages import Ask, NodeState, Order, Receipts, ReceiptState
from simulator.conform.book import Broken, Stage, Untried, check, expect
from simulator.conform.desk import Desk
from simulator.conform.node_arrival import ASK_S
from simulator.conform.node_seals import TRIED_MS, sentinel
from simulator.conform.node_sound import ENDS_OF_SOUND

R = ReceiptState

LAST_COUNTER = 2**53 - 1
LIE_MS = 20_000
"""Below the 60 s that a clock moves only by three answers: a false answer that counted would be seen at once."""

JUMP_MS = 7_200_000
LEAP_MS = 90_000
NEAR_MS = 5_000
"""The node's clock and ours, and a message's way, differ by less."""

AGAIN_S = 16.0
"""Uncovered receipts are said again after about 10 s."""


@check(4, 8, stage=Stage.LINK)
async def leaves_a_will(desk: Desk) -> None:
    """It leaves a will, sealed and of the last counter, and comes back by itself"""
    state, number = desk.journal.state, len(desk.journal.heard)
    assert state is not None
    if not await desk.cut_link():
        raise Untried("its connection could not be taken from it (its client id is not its own id)")
    wills = [one for _, one in desk.journal.of(NodeState, number) if not one.online]
    if not wills:
        raise Untried("the broker published no will when its connection was taken", 4)
    came = (wills[0].boot, wills[0].connection, wills[0].counter)
    expect(came == (state.boot, state.connection, LAST_COUNTER), f"{(state.boot, state.connection, LAST_COUNTER)}", came, 4)


@check(6, 75, 76, 77, 33, 35, stage=Stage.LINK)
async def keeps_receipts(desk: Desk) -> None:
    """It keeps its receipts, and says them again, until an answer to its own life covers them"""
    desk.withholding = True
    try:
        await _keeps_receipts(desk, await _uncovered(desk))
    finally:
        desk.withholding = False


async def _keeps_receipts(desk: Desk, seqs: set[int]) -> None:
    before = desk.journal.state
    assert before is not None
    number = len(desk.journal.heard)
    if not await desk.cut_link():
        raise Untried("its connection could not be taken from it (its client id is not its own id)", 6, 35)
    again = await desk.until(lambda: seqs <= said(desk, number), 8)
    expect(again, f"receipts {seqs} again on a new connection", said(desk, number), 76)
    after = desk.journal.state
    expect(after and (after.boot, after.connection) > (before.boot, before.connection), "a higher connection", after, 35)
    expect(desk.journal.of(Ask, number), "a birth and an ask on a new connection", "no ask", 6)
    number = len(desk.journal.heard)
    desk.cover(secrets.token_hex(8), max(seqs))
    again = await desk.until(lambda: seqs <= said(desk, number), AGAIN_S)
    if not again:
        duty = 33 if await _next_from(desk) > min(seqs) else 76
        raise Broken("receipts that no answer to this life covered, said again after about 10 s", str(said(desk, number)), duty)
    desk.withholding = False
    desk.cover(desk.life, max(seqs))
    await desk.rest(0.5)
    from_seq = await _next_from(desk)
    expect(from_seq == max(seqs) + 1, f"`from` {max(seqs) + 1}", from_seq, 77)


async def _uncovered(desk: Desk) -> set[int]:
    """Have it say three receipts, whose `upto` is withheld; their numbers."""
    orders = [desk.order(lead_ms=TRIED_MS) for _ in range(3)]
    for order in orders:
        desk.say(desk.stop(order))
    await desk.until(lambda: all(desk.journal.end(order.airing) for order in orders), 6)
    seqs = {word.seq for order in orders for word in desk.journal.words(order.airing)}
    expect(len(seqs) >= 3, "three tombstones", seqs, 75)
    return seqs


async def _next_from(desk: Desk) -> int:
    """The `from` of the next batch that is only about something new."""
    number = len(desk.journal.heard)
    order = desk.order(lead_ms=TRIED_MS)
    desk.say(desk.stop(order))
    await desk.word(order.airing, *ENDS_OF_SOUND)
    return max((batch.from_seq for _, batch in desk.journal.of(Receipts, number)), default=0)


@check(46, stage=Stage.LINK)
async def answers_that_lie(desk: Desk) -> None:
    """An answer with a strange nonce, one come after 5 s, one out of order, one said twice: none moves its clock"""
    desk.answering = None
    try:
        first_ms, first = await _next_ask(desk, cut=True)
        desk.answer(first, first_ms + LIE_MS, nonce=secrets.token_hex(8), t3=desk.now_ms + LIE_MS)
        second_ms, second = await _next_ask(desk)
        desk.answer(second, second_ms + LIE_MS + 3_000, t3=second_ms + LIE_MS)
        await desk.pass_by(first_ms + 5_000)
        desk.answer(first, first_ms + LIE_MS, t3=desk.now_ms + LIE_MS)
        await _clock_is_right(desk)
        third_ms, third = await _next_ask(desk)
        desk.answer(third, third_ms)
        desk.answer(third, third_ms + LIE_MS, t3=desk.now_ms + LIE_MS)
    finally:
        desk.answering = desk.answer
    await _clock_is_right(desk)


@check(47, stage=Stage.LINK)
async def one_answer_jumps(desk: Desk) -> None:
    """One answer two hours ahead does not move its clock"""
    desk.answering = None
    try:
        asked_ms, ask = await _next_ask(desk, cut=True)
        desk.answer(ask, asked_ms + JUMP_MS, t3=desk.now_ms + JUMP_MS)
        await _clock_is_right(desk)
    finally:
        desk.answering = desk.answer


@check(47, stage=Stage.LINK, long=True)
async def three_answers_agree(desk: Desk) -> None:
    """Three answers that agree move its clock, and it says so"""
    for lie_ms in (LEAP_MS, 0):
        number = len(desk.journal.heard)
        desk.answering = partial(_lie, desk, lie_ms)
        for _ in range(3):
            await _next_ask(desk, cut=True)
        await desk.rest(1)
        off_ms = await _offset_ms(desk)
        desk.answering = desk.answer
        expect(abs(off_ms - lie_ms) < NEAR_MS, f"a clock {lie_ms} ms off after three answers", f"{off_ms} ms")
        reasons = {state.reason for _, state in desk.journal.of(NodeState, number)}
        expect("clock.moved" in reasons, "the alarm clock.moved", reasons)


@check(51, 28, stage=Stage.LINK)
async def floors_do_not_fall(desk: Desk) -> None:
    """A plan below its floor is nothing, and a lower floor does not lower it"""
    low, high = desk.version() + 1_000, desk.version() + 2_000
    if not await desk.answer_next(floors=replace(desk.floors, plan=high)):
        raise Untried("it asks seldom, and its connection could not be taken from it")
    items = [desk.item(lead_ms=TRIED_MS), desk.item(lead_ms=TRIED_MS)]
    desk.say(desk.new_plan((items[0],), version=low))
    await sentinel(desk)
    expect(not desk.journal.words(items[0].airing), "nothing of a plan below its floor", desk.journal.words(items[0].airing), 28)
    if not await desk.answer_next(floors=replace(desk.floors, plan=0)):
        raise Untried("it did not ask a second time", 51)
    desk.say(desk.new_plan((items[1],), version=low + 1))
    await sentinel(desk)
    expect(not desk.journal.words(items[1].airing), "nothing of a plan below its floor", desk.journal.words(items[1].airing), 51)
    desk.above(high)
    expect(await desk.give_plan(()), "a plan at its floor taken", desk.journal.state, 28)


def said(desk: Desk, number: int) -> set[int]:
    """The receipts said since the journal's `number`."""
    return {receipt.seq for _, batch in desk.journal.of(Receipts, number) for receipt in batch.items}


async def _next_ask(desk: Desk, *, cut: bool = False) -> tuple[int, Ask]:
    number = len(desk.journal.heard)
    if cut:
        await desk.cut_link()
    asks = await desk.until(lambda: desk.journal.of(Ask, number), ASK_S)
    if not asks:
        raise Untried(f"it did not ask within {ASK_S:.0f} s")
    return asks[0]


def _lie(desk: Desk, lie_ms: int, ask: Ask, heard_ms: int) -> None:
    desk.answer(ask, heard_ms + lie_ms, t3=desk.now_ms + lie_ms)


async def _clock_is_right(desk: Desk) -> None:
    off_ms = await _offset_ms(desk)
    expect(abs(off_ms) < NEAR_MS, "a clock that is right", f"one {off_ms} ms ahead of ours")


async def _offset_ms(desk: Desk) -> int:
    """How far its clock is ahead of ours, by what it says next."""
    number = len(desk.journal.heard)
    order: Order = desk.order(lead_ms=TRIED_MS, aud=desk.node)
    desk.say(desk.stop(order))
    await desk.until(lambda: desk.journal.of(Receipts, number), 5)
    if len(desk.journal.heard) == number:
        raise Untried("it said nothing")
    last = desk.journal.heard[-1]
    return last.message.t - last.at_ms

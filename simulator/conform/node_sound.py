"""An airing on a node: once, within its window, at its downbeat, for its length, one at a time."""

from __future__ import annotations

from controller.domain.airing import Klass
from controller.protocol.messages import Kind, Order, Receipt, ReceiptState
from simulator.conform.book import Stage, check, expect
from simulator.conform.desk import Desk

OVERRUN_MS = 2_000
"""What the contract lets an amplifier stay on beyond the duration."""

BEAT_MS = 250
"""How far a beginning may be from the downbeat to be called on it: what a sound card and a busy bench need."""

R = ReceiptState


@check(5, 53, 54, 55, 66, stage=Stage.CALM)
async def plays_once(desk: Desk) -> None:
    """An order sounds once, on its downbeat, and is not begun again when it is offered again"""
    async with desk.horn:
        order = desk.order()
        token = desk.say(order)
        taken = await desk.word(order.airing, R.ACCEPTED)
        expect(taken, "accepted", desk.journal.words(order.airing), 66)
        started = await began(desk, order, 5, 54)
        beat_ms = order.start + max(100, desk.u_ms)
        at_ms = begun_at(desk, order, started)
        expect(at_ms >= order.start, f"a beginning not before {order.start}", at_ms, 54)
        expect(abs(at_ms - beat_ms) <= BEAT_MS, f"a beginning at {beat_ms} (start + 100 ms or u)", at_ms, 55)
        await finished(desk, order)
        desk.publish(f"tl/1/unit/{order.aud}/order", token)
        again = desk.order(order.airing, exp=desk.now_ms + 30_000)
        desk.say(again)
        await desk.pass_by(again.start + 500)
    expect(desk.begins(order.airing) == 1, "one beginning", f"{desk.begins(order.airing)} beginnings", 53)


@check(5, stage=Stage.CALM)
async def hears_every_unit(desk: Desk) -> None:
    """It hears orders to every unit on its path, and those in its inbox"""
    for aud in (*desk.path, desk.node):
        order = desk.order(aud=aud, lead_ms=60_000)
        desk.say(order)
        taken = await desk.word(order.airing, R.ACCEPTED, R.REFUSED)
        desk.say(desk.stop(order))
        expect(taken and taken.state is R.ACCEPTED, f"an order to {aud} accepted", taken)


@check(54, 67, stage=Stage.CALM)
async def too_late(desk: Desk) -> None:
    """What comes after its window is missed, and what has expired refused"""
    await desk.pass_by(desk.ready_ms + 3_000)  # what began before its first answer is missed for its floors
    now = desk.now_ms
    gone = desk.order(start=now - 2_500, grace=1_000, exp=now + 60_000)
    dead = desk.order(start=now - 2_500, grace=1_000, iat=now - 2_500, exp=now - 500)
    desk.say(gone)
    desk.say(dead)
    end = await desk.word(gone.airing, R.MISSED, R.REFUSED, R.STARTED)
    expect(end and (end.state, end.why) == (R.MISSED, "late"), "missed, late", end, 54)
    end = await desk.word(dead.airing, R.MISSED, R.REFUSED, R.STARTED)
    expect(end and (end.state, end.why) == (R.REFUSED, "expired"), "refused, expired", end, 67)


@check(54, stage=Stage.CALM)
async def dies_while_waiting(desk: Desk) -> None:
    """An order that expires before its window opens is missed, not played"""
    order = desk.order(lead_ms=4_000, exp=desk.now_ms + 2_500)
    desk.say(order)
    end = await desk.ended(order)
    expect(not desk.begins(order.airing) and end and end.state is R.MISSED, "missed", end)


@check(20, 67, stage=Stage.CALM)
async def made_ahead(desk: Desk) -> None:
    """An order made more than a minute ahead of its time is refused"""
    order = desk.order(iat=desk.now_ms + 180_000, exp=desk.now_ms + 240_000)
    desk.say(order)
    end = await desk.ended(order)
    expect(not desk.begins(order.airing), "silence", "it sounded", 20)
    expect(end and (end.state, end.why) == (R.REFUSED, "future"), "refused, future", end, 67)


@check(67, stage=Stage.CALM)
async def unknown_kind(desk: Desk) -> None:
    """A kind of order that this version does not define is refused"""
    order = desk.order(kind=Kind.VOLUME)
    desk.say(order)
    end = await desk.word(order.airing, R.REFUSED)
    expect(end and end.why == "unsupported", "refused, unsupported", end)


@check(59, stage=Stage.CALM)
async def ends_in_time(desk: Desk) -> None:
    """It is silent at most 2 s after the duration, though the file holds more"""
    async with desk.horn:
        long = desk.new_clip(6_000)
        order = desk.order(sha256=long, duration=1_000, lead_ms=2_000)
        desk.say(order)
        started = await began(desk, order)
        ended = await desk.ended(order, more_s=6)
        at_ms = ended_at(desk, order, ended)
        expect(at_ms, "an end", "none")
        lasted = (at_ms or 0) - begun_at(desk, order, started)
    expect(
        lasted <= order.duration + OVERRUN_MS + BEAT_MS,
        f"silence after {order.duration} ms, at most 2 s later",
        f"after {lasted} ms",
    )


@check(60, stage=Stage.CALM)
async def one_horn(desk: Desk) -> None:
    """While one sounds another waits; of two due together the priority one goes first"""
    async with desk.horn:
        start = desk.now_ms + 2_000
        first = desk.order(start=start, duration=1_500)
        normal = desk.order(start=start + 500, grace=9_000)
        urgent = desk.order(start=start + 500, grace=9_000, klass=Klass.PRIORITY)
        for order in (first, normal, urgent):
            desk.say(order)
        await began(desk, first)
        for order in (urgent, normal):
            await finished(desk, order)
        begun = [begun_at(desk, order, desk.journal.find(order.airing, R.STARTED)) for order in (urgent, normal)]
        ended = [ended_at(desk, order, desk.journal.end(order.airing)) or 0 for order in (first, urgent)]
    expect(
        begun[0] >= ended[0] - BEAT_MS and begun[1] >= ended[1] - BEAT_MS,
        "one at a time, priority first",
        f"begun {begun}, ended {ended}",
    )


@check(60, stage=Stage.CALM)
async def emergency_cuts(desk: Desk) -> None:
    """An emergency takes the horn from what sounds"""
    async with desk.horn:
        order = desk.order(duration=8_000, sha256=desk.new_clip(8_000))
        desk.say(order)
        await began(desk, order)
        alarm = desk.order(klass=Klass.EMERGENCY, lead_ms=500)
        desk.say(alarm)
        end = await desk.word(order.airing, *ENDS_OF_SOUND, within_s=6)
        await finished(desk, alarm)
    expect(end and (end.state, end.why) == (R.CUT, "emergency"), "cut, emergency", end)


@check(61, 65, stage=Stage.CALM)
async def emergencies_meet(desk: Desk) -> None:
    """Only a higher rank cuts an emergency; 8 wait, the next is refused; an order of another class does not stop one"""
    async with desk.horn:
        clip = desk.new_clip(6_000)
        low = desk.order(klass=Klass.EMERGENCY, duration=20_000, rank=3, sha256=clip)
        desk.say(low)
        await began(desk, low)
        desk.say(desk.stop(low, klass=Klass.PRIORITY))
        waiting = [desk.order(klass=Klass.EMERGENCY, rank=3, grace=30_000, lead_ms=0) for _ in range(9)]
        for order in waiting:
            desk.say(order)
        full = await desk.until(lambda: [order for order in waiting if _is_full(desk, order)], 6)
        soft = desk.journal.end(low.airing)
        high = desk.order(klass=Klass.EMERGENCY, rank=4, lead_ms=500)
        for order in waiting:
            desk.say(desk.stop(order))
        await desk.until(lambda: all(desk.journal.end(order.airing) for order in waiting), 6)
        early = [order.airing for order in waiting if desk.begins(order.airing)]
        desk.say(high)
        cut = await desk.word(low.airing, *ENDS_OF_SOUND)
        await finished(desk, high)
    expect(soft is None, "an emergency that sounds on after a stop of class priority", soft, 65)
    expect(not early, "emergencies of equal rank that wait", f"{early} began", 61)
    expect(full and len(full) == 1, "one of nine waiting emergencies refused, full", full and len(full), 61)
    expect(cut and (cut.state, cut.why) == (R.CUT, "emergency"), "cut by the higher rank", cut, 61)


@check(63, stage=Stage.CALM)
async def revisions(desk: Desk) -> None:
    """A higher revision replaces what waits; a lower one changes nothing"""
    async with desk.horn:
        first = desk.order(lead_ms=2_500)
        desk.say(first)
        await desk.word(first.airing, R.ACCEPTED)
        later = desk.order(first.airing, rev=3, lead_ms=4_000)
        desk.say(later)
        await desk.until(lambda: [one for one in desk.journal.words(first.airing) if one.rev == 3], 3)
        desk.say(desk.order(first.airing, rev=2, start=first.start))
        started = await began(desk, later)
        at_ms = begun_at(desk, later, started)
        await finished(desk, later)
    expect(at_ms >= later.start and started.rev == 3, "revision 3 at its own start", started)
    expect(desk.begins(first.airing) == 1, "one beginning", desk.begins(first.airing))


@check(64, stage=Stage.CALM)
async def stop_before(desk: Desk) -> None:
    """A stop before the sound cancels it; a lower one does not; one for an airing never heard of is a tombstone"""
    order = desk.order(lead_ms=3_500, rev=5)
    unknown = desk.order(lead_ms=3_000)
    desk.say(order)
    desk.say(desk.stop(order, rev=4))
    desk.say(desk.stop(unknown))
    tomb = await desk.word(unknown.airing, *ENDS_OF_SOUND)
    expect(tomb and tomb.state is R.CANCELLED, "cancelled (a tombstone)", tomb)
    expect(desk.journal.end(order.airing) is None, "a stop of a lower revision to change nothing", desk.journal.end(order.airing))
    desk.say(desk.stop(order, rev=5))
    desk.say(unknown)
    end = await desk.word(order.airing, *ENDS_OF_SOUND)
    expect(end and (end.state, end.why) == (R.CANCELLED, "stop"), "cancelled, stop", end)
    await desk.pass_by(order.start + order.grace)
    expect(not desk.begins(order.airing) and not desk.begins(unknown.airing), "silence", "it sounded")


@check(64, stage=Stage.CALM)
async def stop_within(desk: Desk) -> None:
    """A stop within the sound cuts it"""
    async with desk.horn:
        order = desk.order(duration=8_000, sha256=desk.new_clip(8_000))
        desk.say(order)
        await began(desk, order)
        desk.say(desk.stop(order, rev=1))
        end = await desk.word(order.airing, *ENDS_OF_SOUND)
    expect(end and (end.state, end.why) == (R.CUT, "stop"), "cut, stop", end)


ENDS_OF_SOUND = (R.FINISHED, R.CUT, R.CANCELLED, R.FAILED, R.MISSED, R.REFUSED)


async def began(desk: Desk, order: Order, *duties: int) -> Receipt:
    """The `started` of an order that must sound; Broken if it does not come in its window."""
    states = (R.STARTED, R.REFUSED, R.MISSED, R.FAILED, R.CANCELLED)
    within_s = (order.start + order.grace - desk.now_ms) / 1000 + 3
    word = await desk.word(order.airing, *states, within_s=within_s)
    expect(word and word.state is R.STARTED, "started", word or desk.journal.words(order.airing) or "nothing", *duties)
    assert word is not None
    return word


async def finished(desk: Desk, order: Order, *duties: int) -> None:
    """Wait for the end of an order that must play to its end; Broken if it ends otherwise."""
    end = await desk.ended(order)
    expect(end and end.state is R.FINISHED, "finished", end or "no end", *duties)


def begun_at(desk: Desk, order: Order, started: Receipt | None) -> int:
    """When it began (UTC ms), by the sound log if there is one, else by its own word."""
    logged = [line["at_ms"] for line in desk.sounds() if line["airing"] == order.airing and line["end"] is None]
    return logged[0] if logged else started.at if started else 0


def ended_at(desk: Desk, order: Order, ended: Receipt | None) -> int | None:
    """When it ended, likewise."""
    logged = [line["at_ms"] for line in desk.sounds() if line["airing"] == order.airing and line["end"] is not None]
    return logged[0] if logged else ended.at if ended else None


def _is_full(desk: Desk, order: Order) -> bool:
    end = desk.journal.end(order.airing)
    return end is not None and (end.state, end.why) == (R.REFUSED, "full")

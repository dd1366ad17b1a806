"""Plans and configs: only newer ones, only whole ones, and what each allows."""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec.structs import replace

from controller.domain.airing import Klass
from controller.protocol.messages import Held, Hours, Policy, ReceiptState
from simulator.conform.book import Stage, check, expect
from simulator.conform.desk import Desk
from simulator.conform.identity import COMMUNE, OTHER_VILLAGE, ROOT
from simulator.conform.node_seals import TRIED_MS, sentinel
from simulator.conform.node_sound import began, finished
from simulator.conform.shelf import Manner

R = ReceiptState

MINUTE_MS = 60_000
DAY_MIN = 1_440
ZONE_MIN = -270
"""A zone where nobody's node stands: one that keeps its own local time is seen."""


@check(28, 37, 53, 66, stage=Stage.PAPERS)
async def plays_its_plan(desk: Desk) -> None:
    """A plan's item is accepted and sounds once, whichever messages bring it"""
    async with desk.horn:
        item = desk.item(lead_ms=3_000)
        expect(await desk.give_plan((item,)), "a state that tells of the plan", desk.journal.state, 28, 37)
        expect(await desk.word(item.airing, R.ACCEPTED), "accepted", desk.journal.words(item.airing), 66)
        order = desk.order(item.airing, start=item.start)
        desk.say(order)
        await began(desk, order)
        await finished(desk, order)
        await desk.give_plan((replace(item, start=desk.now_ms + 1_000, rev=2),))
        await desk.rest(3)
    expect(desk.begins(item.airing) == 1, "one beginning", desk.begins(item.airing), 53)


@check(28, stage=Stage.PAPERS)
async def older_plans(desk: Desk) -> None:
    """A plan head whose version is not above the one held is nothing"""
    expect(await desk.give_plan(()), "a state that tells of the plan", desk.journal.state)
    held = desk.journal.state
    assert held is not None
    items = [desk.item(lead_ms=TRIED_MS), desk.item(lead_ms=TRIED_MS)]
    desk.say(desk.new_plan((items[0],), version=held.versions.plan - 1))
    desk.say(desk.new_plan((items[1],), version=held.versions.plan))
    await sentinel(desk)
    taken = [item.airing for item in items if desk.journal.words(item.airing)]
    expect(not taken, "nothing of an older plan", f"words about {taken}")


@check(29, 62, stage=Stage.PAPERS)
async def bodies_that_do_not_fit(desk: Desk) -> None:
    """A body that is not what its head says, or carries an emergency, is dropped, and the plan it has is kept"""
    kept = desk.item(lead_ms=TRIED_MS)
    expect(await desk.give_plan((kept,)), "a state that tells of the plan", desk.journal.state)
    held = desk.journal.state
    assert held is not None
    item = desk.item(lead_ms=TRIED_MS)
    emergency = desk.item(lead_ms=TRIED_MS, klass=Klass.EMERGENCY, exp=desk.now_ms + 120_000)
    wrong = [
        desk.new_plan((item,), body={"village": OTHER_VILLAGE}),
        desk.new_plan((item,), body={"version": held.versions.plan + 10**9}),
        desk.new_plan((item,), size=7),
        desk.new_plan((item, item)),
        desk.new_plan((emergency,)),
    ]
    wrong.append(desk.new_plan((item,)))
    desk.shelf.manners[wrong[-1].sha256] = Manner.WRONG
    for head in wrong:
        desk.say(head)
        await desk.until(partial(desk.shelf.asked, head.sha256), 4)
    await sentinel(desk)
    expect(not desk.journal.words(emergency.airing), "no word of a plan's emergency", desk.journal.words(emergency.airing), 62)
    expect(not desk.journal.words(item.airing), "no word of an item in a wrong body", desk.journal.words(item.airing), 29)
    state = desk.journal.state
    expect(state and state.versions.plan == held.versions.plan, f"plan {held.versions.plan}", state, 29)
    expect(desk.journal.end(kept.airing) is None, "the plan it had", desk.journal.words(kept.airing), 29)


@check(30, stage=Stage.PAPERS)
async def what_a_plan_ends(desk: Desk) -> None:
    """What vanished from a newer plan is cancelled; what begins after it, or its key may not make sound, is refused"""
    gone = desk.item(lead_ms=TRIED_MS)
    await desk.give_plan((gone,))
    expect(await desk.word(gone.airing, R.ACCEPTED), "accepted", desk.journal.words(gone.airing))
    late, normal = desk.item(lead_ms=10 * TRIED_MS), desk.item(lead_ms=TRIED_MS)
    await desk.give_plan((late, normal), body={"valid_until": desk.now_ms + 300_000}, by="urgent-plan")
    for item, wanted in ((gone, (R.CANCELLED, "plan")), (late, (R.REFUSED, "expired")), (normal, (R.REFUSED, "trust"))):
        end = await desk.until(partial(desk.journal.end, item.airing), 4)
        came = (end.state, end.why) if end else desk.journal.words(item.airing)
        # Of two reasons that both hold (after the plan's end, by a key for priority) either may be told.
        expect(came == wanted or (item is late and came == (R.REFUSED, "trust")), ", ".join(wanted), came)
    after = desk.item(lead_ms=10 * TRIED_MS)
    await desk.give_plan((after,), body={"valid_until": desk.now_ms + 300_000})
    end = await desk.word(after.airing, R.REFUSED)
    expect(end and end.why == "expired", "refused, expired", end or desk.journal.words(after.airing))


@check(31, stage=Stage.PAPERS)
async def older_configs(desk: Desk) -> None:
    """A config whose version is not above the one held is nothing"""
    held = desk.config
    assert held is not None
    never = Policy(max_duration=0)
    for version in (held.version - 1, held.version):
        desk.say(desk.new_config(version=version, policy=never))
    await sentinel(desk)
    state = desk.journal.state
    expect(state and state.versions.config == held.version, f"config {held.version}", state)


@check(32, stage=Stage.PAPERS)
async def holds_clips(desk: Desk) -> None:
    """It fetches the clips that its config wants held"""
    name = desk.new_clip(1_000)
    await desk.settle(hold=(Held(sha256=name, size=desk.shelf.size(name)),))
    expect(await desk.until(lambda: desk.shelf.asked(name), 6), "a request for it", "none")
    await desk.settle()


@check(56, stage=Stage.PAPERS)
async def out_of_hours(desk: Desk) -> None:
    """What does not lie wholly within the hours, in local time, is refused; an emergency passes"""
    now_min = (desk.now_ms // MINUTE_MS + ZONE_MIN) % DAY_MIN
    today = ((desk.now_ms // MINUTE_MS + ZONE_MIN) // DAY_MIN + 3) % 7 + 1
    tomorrow = today % 7 + 1
    closed = {
        "while the hours are over": Hours(from_minute=(now_min - 60) % DAY_MIN, to_minute=(now_min - 10) % DAY_MIN),
        "on another day": Hours(from_minute=0, to_minute=DAY_MIN, days=(tomorrow % 7 + 1,)),
    }
    for what, hours in closed.items():
        await desk.settle(policy=Policy(utc_offset=ZONE_MIN, hours=(hours,)))
        await _refused_for_hours(desk, what)
    open_now = Hours(from_minute=(now_min - 10) % DAY_MIN, to_minute=(now_min + 5) % DAY_MIN)
    await desk.settle(policy=Policy(utc_offset=ZONE_MIN, hours=(open_now,)))
    await _refused_for_hours(desk, "that runs past the hours' end", duration=600_000)
    async with desk.horn:
        for order in (desk.order(), desk.order(klass=Klass.EMERGENCY)):
            desk.say(order)
            await began(desk, order)
            await finished(desk, order)
            await desk.settle(policy=Policy(utc_offset=ZONE_MIN, hours=(closed["while the hours are over"],)))
    await desk.settle()


@check(57, stage=Stage.PAPERS)
async def too_long(desk: Desk) -> None:
    """Longer than max_duration is refused, of whatever class"""
    await desk.settle(policy=Policy(max_duration=5_000))
    for klass in Klass:
        order = desk.order(klass=klass, duration=5_001)
        desk.say(order)
        end = await desk.word(order.airing, R.REFUSED, R.STARTED)
        expect(end and (end.state, end.why) == (R.REFUSED, "length"), "refused, length", end)
    item = desk.item(duration=5_001)
    await desk.give_plan((item,))
    end = await desk.word(item.airing, R.REFUSED, R.STARTED)
    expect(end and end.why == "length", "refused, length", end)
    await desk.settle()


@check(7, 71, stage=Stage.PAPERS)
async def moves(desk: Desk) -> None:
    """In another village it listens there, and what was for units it left is cancelled"""
    home, other = desk.path, (ROOT, COMMUNE, OTHER_VILLAGE)
    at_home, at_commune, own = (desk.order(lead_ms=TRIED_MS, aud=aud) for aud in (home[-1], COMMUNE, desk.node))
    planned = desk.item(lead_ms=4_000)
    for order in (at_home, at_commune, own):
        desk.say(order)
    await desk.give_plan((planned,))
    await desk.settle(path=other, since=desk.now_ms)
    end = await desk.until(lambda: desk.journal.end(at_home.airing), 4)
    expect(end and (end.state, end.why) == (R.CANCELLED, "moved"), "cancelled, moved", end, 71)
    state = desk.journal.state
    expect(state and state.versions.plan == 0, "no plan any more", state, 71)
    there = desk.order(aud=OTHER_VILLAGE, lead_ms=TRIED_MS)
    desk.say(there)
    await sentinel(desk)
    words = desk.journal.words(there.airing)
    expect(desk.journal.find(there.airing, R.ACCEPTED), "an order to its new village accepted", words, 7)
    ends = [end for order in (at_commune, own) if (end := desk.journal.end(order.airing))]
    expect(not ends, "orders to the commune and to itself wait on", ends, 71)
    expect(await desk.give_plan(()), "the new village's plan", desk.journal.state, 7)
    await desk.pass_by(planned.start + planned.grace)
    expect(not desk.begins(planned.airing), "silence", "the old village's plan sounded", 71)
    for order in (there, at_commune, own):
        desk.say(desk.stop(order))
    await desk.settle(path=home)


async def _refused_for_hours(desk: Desk, what: str, **changes: Any) -> None:
    order, item = desk.order(**changes), desk.item(**changes)
    desk.say(order)
    await desk.give_plan((item,))
    for airing in (order.airing, item.airing):
        end = await desk.word(airing, R.REFUSED, R.STARTED, R.MISSED)
        expect(
            end and (end.state, end.why) == (R.REFUSED, "hours"),
            f"a sound {what} refused, hours",
            end or desk.journal.words(airing),
        )

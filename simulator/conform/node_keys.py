"""Keys: which may say what, to whom, on which days; and what becomes of them."""

from __future__ import annotations

from msgspec.structs import replace

from controller.domain.airing import Klass
from controller.protocol import topics
from controller.protocol.messages import Order, ReceiptState, Use
from simulator.conform.book import Stage, check, expect
from simulator.conform.desk import Desk
from simulator.conform.identity import COMMUNE, OTHER_VILLAGE, VILLAGE
from simulator.conform.node_seals import TRIED_MS, sentinel
from simulator.conform.node_sound import began, finished

R = ReceiptState


@check(16, 67, stage=Stage.CALM)
async def use_of_a_key(desk: Desk) -> None:
    """A key seals only what its use allows, and it says so of the others"""
    orders = {by: desk.order(lead_ms=TRIED_MS) for by in ("plan", "config", "answer", "emergency")}
    orders["order"] = desk.order(lead_ms=TRIED_MS, klass=Klass.EMERGENCY, exp=desk.now_ms + 120_000)
    for by, order in orders.items():
        desk.say(order, by=by)
    await refused(desk, orders, 16, 67)


@check(67, stage=Stage.CALM)
async def refusal_leaves_no_record(desk: Desk) -> None:
    """What was refused for its key comes again under a good one, and what waits is not touched by a bad one"""
    order = desk.order(lead_ms=TRIED_MS)
    desk.say(order, by="plan")
    await desk.word(order.airing, R.REFUSED)
    desk.say(order)
    expect(await desk.word(order.airing, R.ACCEPTED), "the true order accepted", desk.journal.words(order.airing))
    desk.say(desk.order(order.airing, rev=2, lead_ms=TRIED_MS), by="plan")
    desk.say(desk.stop(order), by="plan")
    await sentinel(desk)
    words = desk.journal.words(order.airing)
    expect(words[-1].state is not R.CANCELLED and desk.journal.find(order.airing, R.CANCELLED) is None, "it waits on", words)
    desk.say(desk.stop(order))
    stopped = await desk.word(order.airing, R.CANCELLED)
    expect(stopped and stopped.rev == 2, "cancelled by the true stop", stopped)


@check(16, stage=Stage.PAPERS)
async def documents_by_wrong_keys(desk: Desk) -> None:
    """A config, a plan head or an answer by a key of another use changes nothing"""
    assert desk.config is not None
    before = desk.journal.state
    version = desk.version() + 1_000_000
    desk.say(replace(desk.config, version=version, iat=desk.now_ms), by="order")
    desk.say(desk.new_plan((), version=version), by="order")
    await sentinel(desk)
    expect(
        before and desk.journal.state and desk.journal.state.versions == before.versions, "the same documents", desk.journal.state
    )


@check(17, stage=Stage.PAPERS)
async def addressed_to_others(desk: Desk) -> None:
    """It obeys what is addressed to itself or to a unit on its path, and nothing else"""
    orders = {aud: desk.order(aud=aud, lead_ms=TRIED_MS) for aud in (OTHER_VILLAGE, "another-node", "all")}
    for order in orders.values():
        desk.say(order, topic=topics.unit_order(VILLAGE))
        desk.say(order, topic=topics.inbox(desk.node))
    await sentinel(desk)
    words = [word for order in orders.values() for word in desk.journal.words(order.airing)]
    expect(not words, "no word of what is for others", words)
    before = desk.journal.state
    desk.say(desk.new_plan((), aud=COMMUNE))
    await sentinel(desk)
    expect(
        before and desk.journal.state and desk.journal.state.versions == before.versions, "the same documents", desk.journal.state
    )


@check(18, 67, stage=Stage.PAPERS)
async def units_of_a_key(desk: Desk) -> None:
    """A key speaks to its units and those below, and to no others"""
    good = desk.order(lead_ms=TRIED_MS)
    desk.say(good, by="commune-order")
    taken = await desk.word(good.airing, R.ACCEPTED, R.REFUSED)
    desk.say(desk.stop(good))
    expect(taken and taken.state is R.ACCEPTED, "an order by a key of the commune above accepted", taken, 18)
    orders = {
        f"to {aud} by a key of {OTHER_VILLAGE}": desk.order(aud=aud, lead_ms=TRIED_MS) for aud in (VILLAGE, COMMUNE, desk.node)
    }
    for order in orders.values():
        desk.say(order, by="elsewhere-order")
    config = desk.new_config()
    desk.say(config, by="elsewhere-config")
    await refused(desk, orders, 18, 67)
    state = desk.journal.state
    expect(state and state.versions.config < config.version, "a config by a key of another village to change nothing", state, 18)
    await desk.settle()


@check(19, 67, stage=Stage.CALM)
async def classes_of_a_key(desk: Desk) -> None:
    """A key makes only the classes sound that it is trusted for"""
    orders = {"normal by a key for priority": desk.order(lead_ms=TRIED_MS)}
    desk.say(orders["normal by a key for priority"], by="urgent-order")
    await refused(desk, orders, 19, 67)
    good = desk.order(lead_ms=TRIED_MS, klass=Klass.PRIORITY)
    desk.say(good, by="urgent-order")
    taken = await desk.word(good.airing, R.ACCEPTED, R.REFUSED)
    desk.say(desk.stop(good))
    expect(taken and taken.state is R.ACCEPTED, "priority by a key for priority accepted", taken, 19)


@check(20, 67, stage=Stage.CALM)
async def days_of_a_key(desk: Desk) -> None:
    """A key is obeyed neither before its first moment nor from its last on"""
    orders = {by: desk.order(lead_ms=TRIED_MS) for by in ("past-order", "coming-order")}
    for by, order in orders.items():
        desk.say(order, by=by)
    await refused(desk, orders, 20, 67)


@check(20, stage=Stage.PAPERS)
async def dead_documents(desk: Desk) -> None:
    """A trust or config that has expired, or was made ahead, changes nothing"""
    now = desk.now_ms
    dead_config, dead_trust = (
        desk.new_config(iat=now - 60_000, exp=now - 30_000),
        desk.new_trust(iat=now - 60_000, exp=now - 30_000),
    )
    ahead = desk.new_config(iat=now + 180_000, exp=now + 240_000)
    desk.say(dead_config)
    desk.say(dead_trust)
    desk.say(ahead)
    await sentinel(desk)
    held = desk.journal.state
    assert held is not None
    expect(held.versions.config not in (dead_config.version, ahead.version), "the config held before", held)
    expect(held.versions.trust != dead_trust.version, "the trust held before", held)
    await desk.settle(trust=True)


@check(21, stage=Stage.PAPERS)
async def before_it_came(desk: Desk) -> None:
    """An order to a unit, issued before it came there, is nothing to it; one to itself is"""
    came_ms = desk.now_ms
    await desk.settle(since=came_ms)
    old, own = desk.order(iat=came_ms, lead_ms=TRIED_MS), desk.order(iat=came_ms, lead_ms=TRIED_MS, aud=desk.node)
    desk.say(old)
    desk.say(own)
    await sentinel(desk)
    expect(not desk.journal.words(old.airing), "no word of an order issued at `since`", desk.journal.words(old.airing))
    expect(desk.journal.find(own.airing, R.ACCEPTED), "an order to itself accepted", desk.journal.words(own.airing))
    desk.say(desk.stop(own))
    await desk.settle()


@check(22, stage=Stage.PAPERS)
async def whose_trust(desk: Desk) -> None:
    """A trust document counts only by the root, for us, and when it is newer"""
    held = desk.trust
    assert held is not None
    false = [
        (desk.new_trust(keys=()), "config"),
        (desk.new_trust(keys=(), aud="another-node"), "root"),
        (desk.new_trust(keys=(), aud=OTHER_VILLAGE), "root"),
        (desk.new_trust(keys=(), version=held.version), "root"),
        (desk.new_trust(keys=(), version=held.version - 1), "root"),
    ]
    for trust, by in false:
        desk.say(trust, by=by)
    forged = desk.new_trust(keys=())
    token = desk.keys.seal(forged, desk.keys.stranger("forger")).partition(b".")[2]
    desk.publish(topics.inbox(desk.node), desk.keys.seal(forged, "root").partition(b".")[0] + b"." + token)
    await sentinel(desk)
    state = desk.journal.state
    expect(state and state.versions.trust == held.version, f"trust {held.version}", state)
    await desk.settle(trust=True)


@check(22, stage=Stage.PAPERS)
async def trust_at_once(desk: Desk) -> None:
    """A newer trust takes effect at once: a key that is not in it any more is not obeyed"""
    kept = tuple(key for key in desk.keys.trusted.values() if key.kid != desk.keys.kid("commune-order"))
    desk.say(desk.new_trust(keys=kept))
    order = desk.order(lead_ms=TRIED_MS)
    desk.say(order, by="commune-order")
    await sentinel(desk)
    words = desk.journal.words(order.airing)
    expect(all(word.state is R.REFUSED for word in words), "an order by a key left out refused", words)
    await desk.settle(trust=True)


@check(23, stage=Stage.PAPERS)
async def revoked(desk: Desk) -> None:
    """What a revoked key sealed and has not sounded does not sound, and is forgotten without a word"""
    async with desk.horn:
        by_order, by_plan = desk.order(lead_ms=6_000), desk.item(lead_ms=6_000)
        desk.say(by_order, by="doomed-order")
        await desk.give_plan((by_plan,), by="doomed-plan")
        for airing in (by_order.airing, by_plan.airing):
            expect(await desk.word(airing, R.ACCEPTED), "accepted before its key is revoked", desk.journal.words(airing))
        await _revoke(desk)
        await desk.pass_by(max(by_order.start, by_plan.start) + by_order.grace)
    sounded = [one.airing for one in (by_order, by_plan) if desk.begins(one.airing)]
    expect(not sounded, "silence", f"{len(sounded)} sounded by a revoked key")
    ends = [end for one in (by_order, by_plan) if (end := desk.journal.end(one.airing))]
    expect(not ends, "no word of what was forgotten", ends)


@check(16, stage=Stage.PAPERS)
async def revoked_key_says(desk: Desk) -> None:
    """What a revoked key says is nothing"""
    await _revoke(desk)
    late = desk.order(lead_ms=TRIED_MS)
    desk.say(late, by="doomed-order")
    await sentinel(desk)
    desk.hush(late)
    words = desk.journal.words(late.airing)
    expect(all(word.state is R.REFUSED for word in words), "nothing, or refused, of what a revoked key says", words)


@check(22, stage=Stage.PAPERS)
async def new_key(desk: Desk) -> None:
    """A key that a newer trust brings is obeyed at once"""
    desk.keys.add("fresh-order", Use.ORDER)
    async with desk.horn:
        await desk.settle(trust=True)
        order = desk.order()
        desk.say(order, by="fresh-order")
        await began(desk, order)
        await finished(desk, order)


async def _revoke(desk: Desk) -> None:
    """Revoke the keys that were made for that."""
    desk.keys.revoked = tuple(desk.keys.kid(f"doomed-{use}") for use in ("order", "plan", "config"))
    await desk.settle(trust=True)


async def refused(desk: Desk, orders: dict[str, Order], *duties: int) -> None:
    """None of these is taken; each is refused for `trust`, or (addressed to others: 67 not among `duties`) passed over."""
    await sentinel(desk)
    desk.hush(*orders.values())
    for what, order in orders.items():
        words = desk.journal.words(order.airing)
        expect(
            all(word.state is R.REFUSED for word in words), f"an order {what} not taken", words, *[d for d in duties if d != 67]
        )
        if 67 in duties:
            expect(words and words[0].why == "trust", f"an order {what} refused, trust", words or "no word", 67)

"""Files over HTTP, from good servers and bad ones: whole and right, or not at all."""

from __future__ import annotations

from controller.protocol.messages import Order, ReceiptState
from simulator.conform.book import Stage, check, expect
from simulator.conform.desk import Desk
from simulator.conform.node_sound import began, finished
from simulator.conform.shelf import Manner

R = ReceiptState

DEAD_BASE = "http://127.0.0.1:9"
"""On the node itself nothing listens there (the port of `discard`)."""

BUFFERS = 6_000_000
"""Bytes that the sockets between may have swallowed without the node having read them."""

WINDOW_MS = 5_000
"""Time for two tries, after 0 and 2 s."""


@check(39, stage=Stage.CALM)
async def no_redirect(desk: Desk) -> None:
    """It follows no redirect"""
    order = (await desk.shared(badly_served))[Manner.REDIRECT]
    followed = [served.path for served in desk.shelf.asked(str(order.sha256)) if "/elsewhere/" in served.path]
    expect(not followed, "no request for where a redirect points", followed)
    expect(not desk.begins(order.airing), "silence", "it sounded")


@check(40, stage=Stage.CALM)
async def stops_reading(desk: Desk) -> None:
    """It stops reading past the announced size"""
    order = (await desk.shared(badly_served))[Manner.ENDLESS]
    asked = desk.shelf.asked(str(order.sha256))
    expect(asked, "a request", "none")
    most = max(served.sent for served in asked)
    expect(most < BUFFERS, f"an end soon after {order.size} bytes", f"it read on to {most}")
    expect(not desk.begins(order.airing), "silence", "it sounded")


@check(41, stage=Stage.CALM)
async def whole_and_right(desk: Desk) -> None:
    """Nothing sounds of what is too short, or has another hash, or is refused by its server"""
    orders = await desk.shared(badly_served)
    sounded = [manner for manner in (Manner.SHORT, Manner.WRONG, Manner.FAILING) if desk.begins(orders[manner].airing)]
    expect(not sounded, "silence", f"it sounded: {sounded}")


@check(73, stage=Stage.CALM)
async def no_clip_in_time(desk: Desk) -> None:
    """A sound whose clip does not come in time is missed, or failed and why"""
    orders = await desk.shared(badly_served)
    reasons = {(R.MISSED, "clip"), *((R.FAILED, why) for why in ("size", "hash", "status", "link", "fetch"))}
    end = await desk.ended(orders[Manner.MISSING])
    expect(end and (end.state, end.why) in reasons, "missed, clip (or failed, and why)", end or "no end")


@check(42, stage=Stage.CALM)
async def tries_again(desk: Desk) -> None:
    """After a failure it tries again, and plays what came within the window"""
    async with desk.horn:
        name = desk.new_clip(1_000)
        desk.shelf.manners[name] = Manner.FAILING
        order = desk.order(sha256=name, grace=15_000)
        desk.say(order)
        expect(await desk.until(lambda: desk.shelf.asked(name), 5), "a request", "none")
        desk.shelf.manners[name] = Manner.GOOD
        await began(desk, order)
        await finished(desk, order)
        words = [word.state for word in desk.journal.words(order.airing)]
    expect(R.CACHED in words or R.STARTED in words, "cached, started", words)


@check(43, stage=Stage.PAPERS)
async def bases_in_order(desk: Desk) -> None:
    """It tries its bases in their order until one serves the file"""
    good = desk.identity.base
    await desk.settle(bases=(DEAD_BASE, good + "/second", good + "/third"))
    async with desk.horn:
        name = desk.new_clip(1_000)
        order = desk.order(sha256=name, grace=20_000)
        desk.say(order)
        await began(desk, order)
        await finished(desk, order)
    asked = [served.path.split("/")[2] for served in desk.shelf.asked(name)]
    expect(asked == ["second"], "one request, to the first base that is up", asked)
    await desk.settle()


@check(41, stage=Stage.PAPERS)
async def slow_server(desk: Desk) -> None:
    """A file that is still coming when the window closes does not sound"""
    order = _order(desk, Manner.SLOW)
    await desk.pass_by(order.start + order.grace)
    desk.shelf.manners[str(order.sha256)] = Manner.MISSING
    expect(not desk.begins(order.airing), "silence", "it sounded")


async def badly_served(desk: Desk) -> dict[Manner, Order]:
    """For each bad manner an order, when their windows have passed; the horn is theirs, should one sound."""
    async with desk.horn:
        bad = [manner for manner in Manner if manner not in (Manner.GOOD, Manner.SLOW)]
        orders: dict[Manner, Order] = {manner: _order(desk, manner) for manner in bad}
        for order in orders.values():
            await desk.pass_by(order.start + order.grace)
    return orders


def _order(desk: Desk, manner: Manner) -> Order:
    """An order whose clip is served in that manner."""
    name = desk.new_clip(1_000)
    desk.shelf.manners[name] = manner
    order = desk.order(sha256=name, grace=WINDOW_MS)
    desk.say(order)
    return order

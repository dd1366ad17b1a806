"""Files over HTTP, from good servers and bad ones: whole and right, or not at all."""

from __future__ import annotations

from controller.protocol.messages import Order, ReceiptState
from simulator.conform.book import Stage, check, expect
from simulator.conform.desk import Desk
from simulator.conform.node_sound import began, finished
from simulator.conform.shelf import TOO_MUCH, Manner

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
    order = await _served(desk, Manner.REDIRECT)
    followed = [served.path for served in desk.shelf.asked(str(order.sha256)) if "/elsewhere/" in served.path]
    expect(not followed, "no request for where a redirect points", followed)
    expect(not desk.begins(order.airing), "silence", "it sounded")


@check(40, stage=Stage.CALM)
async def stops_reading(desk: Desk) -> None:
    """It stops reading past the announced size"""
    order = await _served(desk, Manner.ENDLESS)
    asked = desk.shelf.asked(str(order.sha256))
    expect(asked, "a request", "none")
    most = max(served.sent for served in asked)
    expect(most < min(BUFFERS, TOO_MUCH), f"an end soon after {order.size} bytes", f"it read on to {most}")
    expect(not desk.begins(order.airing), "silence", "it sounded")


@check(41, 73, stage=Stage.CALM)
async def whole_and_right(desk: Desk) -> None:
    """Nothing sounds of what is too short, or has another hash, or is refused by its server"""
    for manner in (Manner.SHORT, Manner.WRONG, Manner.MISSING, Manner.FAILING):
        order = await _served(desk, manner)
        expect(not desk.begins(order.airing), "silence", f"it sounded: {manner}", 41)
        end = await desk.ended(order)
        reasons = {(R.MISSED, "clip"), *((R.FAILED, why) for why in ("size", "hash", "status", "link", "fetch"))}
        expect(end and (end.state, end.why) in reasons, "missed, clip (or failed, and why)", end or "no end", 73)


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
    order = await _served(desk, Manner.SLOW)
    desk.shelf.manners[str(order.sha256)] = Manner.MISSING
    expect(not desk.begins(order.airing), "silence", "it sounded")


async def _served(desk: Desk, manner: Manner) -> Order:
    """An order whose clip is served in that manner; wait until its window has passed."""
    name = desk.new_clip(1_000)
    desk.shelf.manners[name] = manner
    order = desk.order(sha256=name, grace=WINDOW_MS)
    desk.say(order)
    await desk.pass_by(order.start + order.grace)
    return order

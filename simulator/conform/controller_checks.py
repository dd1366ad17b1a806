"""What a controller must do, as one node sees it, and the office shows it."""

from __future__ import annotations

import asyncio
import secrets
from itertools import pairwise

from msgspec.structs import replace

from controller.protocol.messages import Answer, Config, Kind, Order, PlanHead, Trust, Versions
from simulator.conform.book import Stage, Untried, check, expect
from simulator.conform.puppet import WILL_COUNTER
from simulator.conform.visit import GRACE_MS, Visit

QUIET_S = 2.5
"""What is not answered in this time is not answered."""

OFFERS_S = (2.0, 5.0, 15.0, 60.0)
"""Between one offer and the next."""

SETTLED_S = 120.0
SETTLING_S = 75.0
"""A settled airing is seen at the latest this long after its moment: the controller's link must have been up for a minute."""


@check(85, stage=Stage.CONTROLLER)
async def a_birth_is_not_answered(visit: Visit) -> None:
    """A birth alone is not answered"""
    number = len(visit.puppet.told)
    visit.puppet.say(visit.puppet.state())
    await asyncio.sleep(QUIET_S)
    expect(not visit.of(Answer, number), "no answer to a birth", visit.of(Answer, number))


@check(10, 85, stage=Stage.CONTROLLER)
async def an_ask_is_answered(visit: Visit) -> None:
    """An ask is answered in time, with what the node lacks, the floors, and its nonce"""
    number, before_ms = len(visit.puppet.told), visit.clock.now_ms()
    answer = await visit.arrive()
    after_ms = visit.clock.now_ms()
    expect(before_ms - 1_000 <= answer.t2 <= answer.t3 <= after_ms + 1_000, "t2 <= t3, between the ask and now", answer, 85)
    expect(answer.life == visit.puppet.life and answer.aud == visit.node, "an answer to this life", answer, 85)
    kinds = [type(told.message) for told in visit.puppet.since(number)]
    order = [kind for kind in kinds if kind in (Trust, Config, PlanHead, Answer)]
    expect(
        order[:2] == [Trust, Config] and Answer in order, "trust, config, then the answer", [kind.__name__ for kind in order], 85
    )
    held = visit.held
    floors = answer.floors
    expect(floors and (floors.trust, floors.config) == (held.trust, held.config), f"floors of {held}", floors, 85)
    expect(not visit.puppet.strange, "seals as the document says", visit.puppet.strange, 10)
    number = len(visit.puppet.told)
    await visit.asked(versions=visit.held)
    await asyncio.sleep(0.5)
    again = [type(told.message).__name__ for told in visit.puppet.since(number) if not isinstance(told.message, Answer | Order)]
    expect(not again, "nothing that the node has", again, 85)


@check(87, stage=Stage.CONTROLLER)
async def versions_follow_the_nodes(visit: Visit) -> None:
    """A node that reports a higher version gets a higher one still"""
    number, ahead = len(visit.puppet.told), visit.held.config + 100_000
    await visit.asked(versions=replace(visit.held, config=ahead))
    found = await visit.until(lambda: visit.of(Config, number), 5)
    expect(found and found[0][1].version > ahead, f"a config above {ahead}", found and found[0][1].version)


@check(44, stage=Stage.CONTROLLER)
async def files(visit: Visit) -> None:
    """Files are served by hash, with ETag, ranges, and for ever; anything else is 404"""
    airing = await visit.airing()
    found = await visit.until(lambda: visit.offers(airing, Kind.PLAY), 5)
    expect(found, "an order", "none", 44)
    assert found is not None
    order = found[0][1]
    base = ((visit.puppet.config and visit.puppet.config.bases) or visit.puppet.provision.bases)[0]
    whole = await visit.office.file(f"{base}/{order.sha256}")
    headers = {"etag": f'"{order.sha256}"', "accept-ranges": "bytes", "cache-control": "public, max-age=31536000, immutable"}
    came = {name: whole.headers.get(name) for name in headers}
    expect(whole.status_code == 200 and len(whole.content) == order.size, f"200 and {order.size} bytes", whole.status_code)
    expect(came == headers, str(headers), came)
    part = await visit.office.file(f"{base}/{order.sha256}", Range="bytes=5-14")
    expect(part.status_code == 206 and part.content == whole.content[5:15], "206 and ten bytes", part.status_code)
    same = await visit.office.file(f"{base}/{order.sha256}", If_None_Match=headers["etag"])
    expect(same.status_code == 304 and not same.content, "304", same.status_code)
    for name in ("0" * 64, "..%2fsecret", f"{order.sha256}.part"):
        none = await visit.office.file(f"{base}/{name}")
        expect(none.status_code == 404, "404", none.status_code)
    await visit.office.cancel(airing)


@check(83, 84, 86, stage=Stage.CONTROLLER)
async def offers_again(visit: Visit) -> None:
    """An order is offered again after 2, 5 and 15 s, and to who asks; a cancelled one as its stop only"""
    airing = await visit.airing()
    found = await visit.until(lambda: len(visit.offers(airing, Kind.PLAY)) >= 4, 30)
    offers = visit.offers(airing, Kind.PLAY)
    gaps = [(later[0].at_ms - earlier[0].at_ms) / 1000 for earlier, later in pairwise(offers)]
    expect(found, "four offers in 22 s", f"gaps of {gaps} s", 83)
    off = [abs(gap - wanted) > 1 + wanted / 4 for gap, wanted in zip(gaps, OFFERS_S, strict=False)]
    expect(not any(off), f"offers after {OFFERS_S[:3]} s", f"after {gaps} s", 83)
    order = offers[0][1]
    expect(order.exp == order.start + order.grace, "an order that lives until start + grace", order, 86)
    await _is_offered_to_who_asks(visit, airing, Kind.PLAY, 83)
    number = len(visit.puppet.told)
    await visit.office.cancel(airing)
    stops = await visit.until(lambda: visit.offers(airing, Kind.STOP, number), 5)
    expect(stops and stops[0][1].rev >= order.rev, "a stop of no lower revision, at once", stops, 84)
    assert stops is not None
    stop_exp = order.start + order.grace + order.duration
    expect(abs(stops[0][1].exp - stop_exp) <= 1, f"a stop that lives until {stop_exp}", stops[0][1], 86)
    number = len(visit.puppet.told)
    await _is_offered_to_who_asks(visit, airing, Kind.STOP, 84)
    expect(not visit.offers(airing, Kind.PLAY, number), "no order to play any more", "one", 84)
    visit.puppet.say(visit.puppet.receipts(visit.puppet.receipt(airing, "cancelled", rev=stops[0][1].rev, why="stop")))
    row = await visit.delivery(airing, "cancelled")
    expect(row["state"] == "cancelled", "cancelled", row, 84)


@check(83, stage=Stage.CONTROLLER)
async def offers_no_more(visit: Visit) -> None:
    """Once all it is for have taken it, an order is not offered any more"""
    village = visit.puppet.path[-1]
    if any(row["village"] == village and row["id"] != visit.node for row in await visit.office.nodes()):
        raise Untried("the node's village has other nodes, for which orders are offered again")
    airing = await visit.airing()
    await visit.until(lambda: visit.offers(airing, Kind.PLAY), 5)
    visit.puppet.say(visit.puppet.receipts(visit.puppet.receipt(airing, "accepted")))
    row = await visit.delivery(airing, "accepted")
    expect(row["state"] == "accepted", "accepted", row)
    number = len(visit.puppet.told)
    await asyncio.sleep(8)
    await visit.asked(versions=visit.held)
    await asyncio.sleep(0.5)
    expect(not visit.offers(airing, Kind.PLAY, number), "no offer of what was taken", "one")


@check(79, 80, stage=Stage.CONTROLLER)
async def custody(visit: Visit) -> None:
    """`upto` goes up to the first gap and no further; the same words in any order, again and again, make the same ledger"""
    puppet = visit.puppet
    puppet.new_life()
    await visit.arrive()
    airing = await visit.airing()
    words = [puppet.receipt(airing, state) for state in ("accepted", "cached", "started", "finished")]
    number = len(puppet.told)
    puppet.say(puppet.receipts(words[3]))
    puppet.say(puppet.receipts(words[1]))
    upto = await visit.upto(1, number, QUIET_S)
    expect(upto < 1, "no `upto` beyond a gap", upto, 79)
    row = await visit.delivery(airing, "finished")
    expect(row["state"] == "finished", "finished, though it came first", row, 80)
    puppet.say(puppet.receipts(words[0]))
    # What came before a gap was filled may count only when it is said again: a node says all that is uncovered again.
    upto = await visit.upto(1, number)
    expect(upto in (1, 2), "`upto` 1 or 2: 3 is missing", upto, 79)
    for batch in ((words[2],), (*words,), (words[0], words[2]), (words[3],)):
        puppet.say(puppet.receipts(*batch))
    upto = await visit.upto(4, number)
    expect(upto == 4, "`upto` 4", upto, 79)
    await asyncio.sleep(0.5)
    row = await visit.delivery(airing, "finished", 0)
    expect(row["state"] == "finished", "finished, after all was said again", row, 80)


@check(79, stage=Stage.CONTROLLER)
async def custody_of_the_rest(visit: Visit) -> None:
    """What lies below `from` counts as had"""
    puppet = visit.puppet
    airing = await visit.airing()
    number, first = len(puppet.told), puppet.seq + 20
    late = puppet.receipt(airing, "accepted", seq=first)
    puppet.seq = first
    puppet.say(puppet.receipts(late, from_seq=first))
    upto = await visit.upto(first, number)
    expect(upto == first, f"`upto` {first}", upto)


@check(90, 91, stage=Stage.CONTROLLER)
async def the_table(visit: Visit) -> None:
    """An end does not move; evidence may be added to it"""
    puppet = visit.puppet
    airing = await visit.airing()
    for state in ("accepted", "started"):
        puppet.say(puppet.receipts(puppet.receipt(airing, state)))
        row = await visit.delivery(airing, state)
        expect(row["state"] == state, state, row, 90)
    puppet.say(puppet.receipts(puppet.receipt(airing, "finished", evidence="not_measured")))
    row = await visit.delivery(airing, "finished")
    expect((row["state"], row.get("evidence")) == ("finished", "not_measured"), "finished, not_measured", row, 90)
    for state in ("missed", "cut", "accepted", "started"):
        puppet.say(puppet.receipts(puppet.receipt(airing, state)))
    puppet.say(puppet.receipts(puppet.receipt(airing, "finished", evidence="heard")))
    await visit.until(lambda: False, 1.5)
    row = await visit.delivery(airing, "finished", 0)
    expect(row["state"] == "finished", "finished for good", row, 90)
    expect(row.get("evidence") == "heard", "evidence added to a finished one", row, 91)


@check(91, stage=Stage.CONTROLLER, long=True)
async def settles(visit: Visit) -> None:
    """What nobody ended is unknown 120 s after its moment, and not before; a late end still counts"""
    airing = await visit.airing(lead_ms=1_000)
    row = await visit.delivery(airing, "unknown", (GRACE_MS / 1000) + SETTLED_S - 20)
    expect(row["state"] != "unknown", "no settling before 120 s have passed", row)
    row = await visit.delivery(airing, "unknown", 20 + SETTLING_S)
    expect(row["state"] == "unknown", "unknown", row)
    visit.puppet.say(visit.puppet.receipts(visit.puppet.receipt(airing, "finished")))
    row = await visit.delivery(airing, "finished")
    expect(row["state"] == "finished", "a late true end", row)


@check(81, stage=Stage.CONTROLLER)
async def clones(visit: Visit) -> None:
    """A number said again with other words does not move what is settled"""
    puppet = visit.puppet
    airing = await visit.airing()
    word = puppet.receipt(airing, "finished")
    puppet.say(puppet.receipts(word))
    await visit.delivery(airing, "finished")
    puppet.say(puppet.receipts(replace(word, state="missed", why="clip")))
    await asyncio.sleep(1)
    row = await visit.delivery(airing, "finished", 0)
    expect(row["state"] == "finished", "finished for good", row)
    raise Untried("that both are kept, and an alarm raised, can't be seen by this API")


@check(82, stage=Stage.CONTROLLER)
async def unexpected(visit: Visit) -> None:
    """A receipt that nobody expected makes a delivery"""
    others = [row["village"] for row in await visit.office.nodes() if row["village"] not in visit.puppet.path]
    if not others:
        raise Untried("there is no other village to air in")
    await visit.airing()  # brings the bulletin
    airing = await visit.airing_for(others[0])
    expect(await visit.office.delivery(airing, visit.node) is None, "no delivery yet", "one")
    visit.puppet.say(visit.puppet.receipts(visit.puppet.receipt(airing, "finished")))
    row = await visit.delivery(airing, "finished")
    await visit.office.cancel(airing)
    expect(row["state"] == "finished", "a delivery, finished", row)


@check(13, 15, 24, 34, stage=Stage.CONTROLLER)
async def false_names(visit: Visit) -> None:
    """Wrong generation, another's kid, another's name inside, false seals: no answer, and nothing changes"""
    puppet = visit.puppet
    airing = await visit.airing()
    await asyncio.sleep(1)  # what was said before is covered
    before = await visit.office.node(visit.node)
    number = len(puppet.told)
    generation = puppet.provision.generation
    kids = (f"{puppet.node}.{generation + 1}", f"{puppet.node}.0{generation}", f"another.{generation}", puppet.node)
    for message in (puppet.state(boot=9_999), puppet.ask(), puppet.receipts(puppet.receipt(airing, "finished", seq=9_000))):
        for kid in kids:
            puppet.publish(message, puppet.sealed(message, kid=kid))
        puppet.publish(message, puppet.sealed(message, key=secrets.token_bytes(32)))
        for false in (replace(message, node="another"), replace(message, generation=generation + 1)):
            puppet.publish(message, puppet.sealed(false))
        for garbage in (b"", b"..", b"x" * 300, puppet.sealed(message)[:-3], puppet.sealed(message) + b"=", b"y" * 20_000):
            puppet.publish(message, garbage)
    await asyncio.sleep(QUIET_S)
    answers = [one for _, one in visit.of(Answer, number)]
    expect(not answers, "no answer", answers)
    row = await visit.delivery(airing, "finished", 0)
    expect(row["state"] != "finished", "nothing of false receipts", row)
    after = await visit.office.node(visit.node)
    expect({**after, "seen": None} == {**before, "seen": None}, "nothing of false states", after)
    puppet.say(puppet.receipts(puppet.receipt(airing, "finished")))
    row = await visit.delivery(airing, "finished")
    expect(row["state"] == "finished", "the true word after all the false ones", row)


@check(36, stage=Stage.CONTROLLER)
async def order_of_states(visit: Visit) -> None:
    """States are ordered by (boot, connection, counter); an older one, and a stale will, change nothing"""
    puppet = visit.puppet
    puppet.new_life()
    puppet.boot, puppet.connection = 5, 3
    puppet.say(puppet.state(versions=Versions(trust=1, config=2)))
    row = await visit.sees(online=True, config=2)
    expect(row["config"] == 2, "the new life's versions", row)
    stale = [{"boot": 5, "connection": 2, "counter": WILL_COUNTER, "online": False}, {"boot": 4, "connection": 9, "counter": 9}]
    for fields in stale:
        puppet.say(puppet.state(**fields, versions=Versions(config=1)))
    await asyncio.sleep(1)
    row = await visit.office.node(visit.node)
    expect((row["online"], row["config"]) == (True, 2), "an older state and a stale will ignored", row)
    puppet.say(puppet.state(counter=WILL_COUNTER, online=False))
    row = await visit.sees(online=False)
    expect(row["online"] is False, "offline by its own will", row)
    puppet.connection = 4
    puppet.say(puppet.state(counter=1))
    row = await visit.sees(online=True)
    expect(row["online"] is True, "online by a new connection", row)


async def _is_offered_to_who_asks(visit: Visit, airing: str, kind: Kind, duty: int) -> None:
    number = len(visit.puppet.told)
    await visit.asked(versions=visit.held)
    found = await visit.until(lambda: [one for one in visit.offers(airing, kind, number) if one[0].topic.endswith("/inbox")], 3)
    expect(found, f"an open {kind} order in the inbox of who asks", "none", duty)

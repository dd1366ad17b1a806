"""The first page is told that something changed: within reach only, at most once in a while, and only while one may look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi.sse import ServerSentEvent
from msgspec.structs import replace

from controller.domain.delivery import State
from controller.domain.errors import Unavailable
from controller.domain.rights import OPERATOR, Actor, Role
from controller.service.alarms import Raised, raise_alarms
from controller.service.asking import Wish
from controller.service.coverage import Coverages
from controller.web.live import Bells
from controller.web.today_live import TodayLive
from tests.support.people import admin, somebody
from tests.unit.controller.web.conftest import NOW_MS, House
from tests.unit.controller.web.test_live import parsed

HERE = somebody(Role.EDITOR, "p04", "x01576")
ELSEWHERE = somebody(Role.EDITOR, "p04", "x01501")


@pytest.fixture
def airing(house: House, officer: httpx.Client) -> str:
    """An airing in one commune of the demo."""
    house.services.make_demo(OPERATOR)
    bulletin = officer.post("/api/v1/bulletins", files={"file": ("a.mp3", b"sound")}, data={"title": "Họp"}).json()["id"]
    house.prepare_all()
    return house.services.airings.say(bulletin=bulletin, wish=Wish(to=("x01576",)), by=admin("x")).id


def today(house: House, bells: Bells, **more: Any) -> TodayLive:
    services = house.services
    how = {"gap_ms": 1, "tick_ms": 20_000} | more
    return TodayLive(
        bells=bells,
        reports=services.reports,
        coverage=services.coverage,
        approvals=services.approvals,
        clock=house.clock,
        **how,
    )


def move(house: House, airing: str, state: State) -> None:
    with house.work.writing() as tx:
        tx.deliveries.write([replace(each, state=state) for each in tx.deliveries.of_airing(airing)[:1]])
    house.services.bus.airing_changed([airing])


async def take(stream: AsyncIterator[ServerSentEvent]) -> int:
    event = await asyncio.wait_for(anext(stream), 5)
    assert event.event == "today"
    return int((event.raw_data or "").partition(":")[2].rstrip("}"))


async def is_quiet(stream: AsyncIterator[ServerSentEvent]) -> asyncio.Future[ServerSentEvent]:
    """The next event, which has not come."""
    coming = asyncio.ensure_future(anext(stream))
    done, _ = await asyncio.wait({coming}, timeout=0.15)
    assert not done
    return coming


@pytest.mark.anyio
async def test_one_event_at_once_then_one_when_an_airing_within_reach_moved(house: House, airing: str) -> None:
    bells = Bells(house.services.bus)
    live = today(house, bells)
    async with bells.open():
        here, elsewhere = live.events(HERE, lambda: HERE), live.events(ELSEWHERE, lambda: ELSEWHERE)
        assert (await take(here), await take(elsewhere)) == (1, 1)
        coming = await is_quiet(elsewhere)
        await asyncio.to_thread(move, house, airing, State.STARTED)
        assert await take(here) == 2
        done, _ = await asyncio.wait({coming}, timeout=0.15)
        assert not done
        coming.cancel()
        await asyncio.wait({coming})
        await here.aclose()  # type: ignore[attr-defined]
        assert live._feeds == {}
        assert live._reader is None


@pytest.mark.anyio
async def test_many_changes_between_two_looks_are_one_event(house: House, airing: str) -> None:
    bells = Bells(house.services.bus)
    live = today(house, bells, gap_ms=200)
    async with bells.open():
        stream = live.events(HERE, lambda: HERE)
        await take(stream)
        for state in (State.STARTED, State.FINISHED) * 10:
            await asyncio.to_thread(move, house, airing, state)
        seen = 1
        while (coming := asyncio.ensure_future(anext(stream))) and (await asyncio.wait({coming}, timeout=0.5))[0]:
            seen += 1
        assert 2 <= seen <= 5
        coming.cancel()
        await asyncio.wait({coming})


@pytest.mark.anyio
@pytest.mark.parametrize("heard", [True, False])
async def test_what_nobody_rings_for_is_looked_for_now_and_then(house: House, airing: str, heard: bool) -> None:
    bells = Bells(house.services.bus)
    live = today(house, bells, tick_ms=20)
    async with bells.open():
        stream = live.events(HERE, lambda: HERE)
        await take(stream)
        coming = await is_quiet(stream)
        with house.work.writing() as tx:
            node = tx.nodes.within(HERE.reach if heard else ELSEWHERE.reach)[0].id
            raise_alarms(tx, [Raised(code="node.clone", node=node, at_ms=NOW_MS)])
        done, _ = await asyncio.wait({coming}, timeout=3 if heard else 0.15)
        assert bool(done) == heard
        coming.cancel()
        await asyncio.wait({coming})


@pytest.mark.anyio
@pytest.mark.parametrize("now", [None, ELSEWHERE])
async def test_who_may_look_no_more_is_told_no_more(
    house: House, airing: str, monkeypatch: pytest.MonkeyPatch, now: Actor | None
) -> None:
    monkeypatch.setattr("controller.web.live.CHECK_MS", 20)
    bells = Bells(house.services.bus)
    live = today(house, bells)
    async with bells.open():
        stream = live.events(HERE, lambda: now)
        await take(stream)
        ending = asyncio.ensure_future(anext(stream))
        for _ in range(500):
            if ending.done():
                break
            house.clock.advance(20)
            await asyncio.sleep(0.01)
        with pytest.raises(StopAsyncIteration):
            await ending
    assert live._feeds == {}


@pytest.mark.anyio
async def test_a_database_that_is_away_for_a_while_ends_no_stream(
    house: House, airing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bells, pulse, failures = Bells(house.services.bus), Coverages.pulse, iter(range(3))

    def sometimes(coverages: Coverages, *, by: Actor) -> Any:
        if next(failures, None) is not None:
            raise Unavailable("database.locked")
        return pulse(coverages, by=by)

    live = today(house, bells, tick_ms=20)
    async with bells.open():
        stream = live.events(HERE, lambda: HERE)
        await take(stream)
        monkeypatch.setattr(Coverages, "pulse", sometimes)
        assert await take(stream) == 2  # what it saw may be old
        await stream.aclose()  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_the_end_of_the_server_ends_every_stream(house: House, airing: str) -> None:
    bells = Bells(house.services.bus)
    live = today(house, bells)
    async with bells.open():
        stream = live.events(HERE, lambda: HERE)
        await take(stream)
        ending = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.05)
        bells.close()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(ending, 5)


def test_over_a_real_socket(house: House, officer: httpx.Client, airing: str) -> None:
    with officer.stream("GET", "/api/v1/today/events", timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = parsed(answer.iter_lines())
        assert next(events) == ("today", {"version": 1})
        move(house, airing, State.STARTED)
        assert next(events) == ("today", {"version": 2})


def test_who_is_not_signed_in_is_told_nothing(nobody: httpx.Client) -> None:
    assert nobody.get("/api/v1/today/events").status_code == 401

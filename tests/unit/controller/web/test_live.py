"""Live events: the whole first, then what moved; many changes between two looks are one; nobody holds the server open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi.sse import ServerSentEvent
from msgspec.structs import replace

from controller.domain.delivery import State
from controller.domain.errors import Unavailable
from controller.domain.rights import Actor, Role
from controller.service.asking import Wish
from controller.web.live import Bells, Live
from tests.support.people import admin, somebody
from tests.unit.controller.web.conftest import House


@pytest.fixture
def airing(house: House, officer: httpx.Client) -> str:
    """An airing on the demo's forty loudspeakers."""
    commune = officer.post("/api/v1/demo").json()["communes"][0]
    files = {"file": ("a.mp3", b"sound")}
    bulletin = officer.post("/api/v1/bulletins", files=files, data={"title": "Họp"}).json()["id"]
    house.prepare_all()
    return house.services.airings.say(bulletin=bulletin, wish=Wish(to=(commune,)), by=admin("x")).id


def move(house: House, airing: str, number: int, state: State) -> None:
    """Let the first `number` loudspeakers stand at `state`, as the inbox does it."""
    with house.work.writing() as tx:
        tx.deliveries.write([replace(each, state=state) for each in tx.deliveries.of_airing(airing)[:number]])
    house.services.bus.airing_changed([airing])


async def take(stream: AsyncIterator[ServerSentEvent]) -> tuple[str, Any]:
    event = await asyncio.wait_for(anext(stream), 5)
    return str(event.event), json.loads(event.raw_data or "")


@pytest.mark.anyio
async def test_the_whole_first_then_only_what_moved(house: House, airing: str) -> None:
    services = house.services
    bells = Bells(services.bus)
    live = Live(bells=bells, reports=services.reports, bulletins=services.bulletins, clock=house.clock, gap_ms=1)
    async with bells.open():
        stream = live.airing(airing, services.reports.report(airing, by=admin()), admin(), admin)
        kind, whole = await take(stream)
        assert kind == "ledger"
        assert whole["airing"]["total"] == 22
        await asyncio.to_thread(move, house, airing, 3, State.FINISHED)
        kind, change = await take(stream)
        assert kind == "change"
        assert [node["state"] for node in change["nodes"]] == ["finished"] * 3
        assert change["airing"]["good"] == 3
        # a second page, or one whose link was away
        late = live.airing(airing, services.reports.report(airing, by=admin()), admin(), admin)
        assert (await take(late))[1]["airing"]["good"] == 3
        await stream.aclose()  # type: ignore[attr-defined]
        await late.aclose()  # type: ignore[attr-defined]
        assert live._feeds == {}


@pytest.mark.anyio
async def test_a_thousand_changes_between_two_looks_are_one_event(house: House, airing: str) -> None:
    services = house.services
    bells = Bells(services.bus)
    live = Live(bells=bells, reports=services.reports, bulletins=services.bulletins, clock=house.clock, gap_ms=100)
    async with bells.open():
        stream = live.airing(airing, services.reports.report(airing, by=admin()), admin(), admin)
        await take(stream)
        for number in range(1, 21):
            await asyncio.to_thread(move, house, airing, number, State.STARTED)
        seen = 0
        while seen < 20:
            _, change = await take(stream)
            seen = change["airing"]["counts"].get("started", 0)
        assert live._feeds[airing, None].version < 12
        await stream.aclose()  # type: ignore[attr-defined]


@pytest.mark.anyio
@pytest.mark.parametrize("now", [None, somebody(Role.EDITOR, "p04", "x1")])
async def test_who_may_look_no_more_is_told_no_more(
    house: House, airing: str, monkeypatch: pytest.MonkeyPatch, now: Actor | None
) -> None:
    services = house.services
    monkeypatch.setattr("controller.web.live.CHECK_MS", 20)
    bells, asked = Bells(services.bus), list[str]()

    def still() -> Actor | None:
        asked.append("")
        return admin() if len(asked) < 3 else now

    live = Live(bells=bells, reports=services.reports, bulletins=services.bulletins, clock=house.clock, gap_ms=1)
    async with bells.open():
        stream = live.airing(airing, services.reports.report(airing, by=admin()), admin(), still)
        await take(stream)
        waiting = asyncio.ensure_future(anext(stream))
        for _ in range(500):
            if waiting.done():
                break
            house.clock.advance(20)
            await asyncio.sleep(0.01)
        with pytest.raises(StopAsyncIteration):
            await waiting
    assert len(asked) == 3
    assert live._feeds == {}


@pytest.mark.anyio
async def test_a_database_that_is_away_for_a_while_ends_no_stream(
    house: House, airing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = house.services
    monkeypatch.setattr("controller.web.live.RETRY_MS", 1)
    bells = Bells(services.bus)
    live = Live(bells=bells, reports=services.reports, bulletins=services.bulletins, clock=house.clock, gap_ms=1)
    report, failures = type(services.reports).report, iter(range(3))

    def sometimes(reports: Any, name: str, *, by: Actor) -> Any:
        if next(failures, None) is not None:
            raise Unavailable("database.locked")
        return report(reports, name, by=by)

    async with bells.open():
        stream = live.airing(airing, services.reports.report(airing, by=admin()), admin(), admin)
        await take(stream)
        monkeypatch.setattr(type(services.reports), "report", sometimes)
        await asyncio.to_thread(move, house, airing, 2, State.FAILED)
        assert (await take(stream))[1]["airing"]["counts"]["failed"] == 2
        await stream.aclose()  # type: ignore[attr-defined]


def test_over_a_real_socket(house: House, officer: httpx.Client, airing: str) -> None:
    with officer.stream("GET", f"/api/v1/airings/{airing}/events", timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = parsed(answer.iter_lines())
        kind, whole = next(events)
        assert kind == "ledger"
        assert len(whole["villages"]) == 7
        move(house, airing, 22, State.FINISHED)
        kind, change = next(events)
        assert kind == "change"
        assert change["airing"]["summary"]["vi"] == "Cả 22 cụm loa đã phát xong."


def test_a_bulletin_is_watched_until_its_sound_is_there(house: House, officer: httpx.Client) -> None:
    officer.post("/api/v1/demo")
    files = {"file": ("a.mp3", b"sound")}
    bulletin = officer.post("/api/v1/bulletins", files=files, data={"title": "Họp"}).json()["id"]
    with officer.stream("GET", f"/api/v1/bulletins/{bulletin}/events", timeout=10) as answer:
        events = parsed(answer.iter_lines())
        assert next(events)[1]["preparing"] is True
        house.prepare_all()
        rest = [said for _, said in events]
    assert rest[-1]["preparing"] is False
    assert rest[-1]["clip"]["duration_ms"] == 3_000


def parsed(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Events of a stream."""
    kind = ""
    for line in lines:
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


@pytest.mark.anyio
async def test_what_another_controller_brought_home_is_seen_when_it_is_looked_for(house: House, airing: str) -> None:
    services = house.services
    bells = Bells(services.bus)
    live = Live(bells=bells, reports=services.reports, bulletins=services.bulletins, clock=house.clock, gap_ms=1)
    async with bells.open():
        stream = live.airing(airing, services.reports.report(airing, by=admin()), admin(), admin)
        await take(stream)
        with house.work.writing() as tx:  # elsewhere: no bell of ours rings
            tx.deliveries.write([replace(each, state=State.FINISHED) for each in tx.deliveries.of_airing(airing)[:2]])
        await asyncio.to_thread(services.bus.anything_changed)
        assert (await take(stream))[1]["airing"]["good"] == 2

"""Loudspeakers of another maker, written from docs/wire.md alone, as processes on our controller and a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.hamlet import COMMUNE, Hamlet, Spy, Stranger
from tests.support.mosquitto import Mosquitto
from tests.support.stack import Json
from tests.system.conftest import until

BEGAN_AND_ENDED: list[str | None] = [None, "whole"]


@pytest.fixture
def hamlet(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Hamlet]:
    with Hamlet(tmp_path, mosquitto.url) as hamlet:
        yield hamlet


def become(hamlet: Hamlet, airing: str, *wanted: tuple[str, str]) -> None:
    until(lambda: hamlet.ledger(airing) == list(wanted), f"{wanted}: {hamlet.ledger(airing)}")


def test_what_is_said_to_the_commune_sounds_on_both(hamlet: Hamlet, short: Path) -> None:
    told = hamlet.controller.cli("say", short, "--to", COMMUNE, "--wait", "--timeout", "60")
    assert told.returncode == 0, told.stdout + told.stderr
    assert [node.sounds() for node in hamlet.nodes] == [BEGAN_AND_ENDED] * 2
    until(lambda: not any(node.memory["receipts"] for node in hamlet.nodes), "all their words are in custody")


def test_a_plan_is_played_though_controller_and_broker_are_gone(hamlet: Hamlet, mosquitto: Mosquitto, short: Path) -> None:
    airing = hamlet.say(short, at=(datetime.now(UTC) + timedelta(seconds=8)).isoformat())
    become(hamlet, airing, *[("cached", "")] * 2)
    mosquitto.kill()
    hamlet.controller.kill()
    until(lambda: [node.sounds() for node in hamlet.nodes] == [BEGAN_AND_ENDED] * 2, "both play on their own")
    mosquitto.start()
    hamlet.controller.start()
    become(hamlet, airing, *[("finished", "")] * 2)


def test_a_stop_in_the_middle_cuts_it(hamlet: Hamlet, longer: Path) -> None:
    airing = hamlet.say(longer, lead_ms=1_500)
    become(hamlet, airing, *[("started", "")] * 2)
    hamlet.controller.call("POST", f"/airings/{airing}/cancel")
    become(hamlet, airing, *[("cut", "stop")] * 2)
    assert [node.sounds() for node in hamlet.nodes] == [[None, "silenced"]] * 2


def test_what_a_power_cut_broke_off_is_not_begun_again(hamlet: Hamlet, longer: Path) -> None:
    airing = hamlet.say(longer, lead_ms=1_500)
    become(hamlet, airing, *[("started", "")] * 2)
    dark, other = hamlet.nodes
    dark.kill()
    dark.start()
    become(hamlet, airing, ("cut", "power"), ("finished", ""))
    assert dark.sounds() == [None]
    assert other.sounds() == BEGAN_AND_ENDED


def test_with_an_empty_disk_it_is_silent_until_the_floors_and_plays_nothing_old(hamlet: Hamlet, short: Path) -> None:
    with hamlet.spy() as thief:
        wiped, other = hamlet.nodes
        inbox, orders = f"tl/1/node/{wiped.id}/inbox", f"tl/1/unit/{COMMUNE}/order"
        wipe(wiped)  # so that the thief hears all documents that a new life is given
        until(lambda: any(not state["reason"] for state in births(thief, wiped)), "ready in its second life")
        airing = hamlet.say(short, lead_ms=1_500, grace_ms=3_000)
        become(hamlet, airing, *[("finished", "")] * 2)
        over = moment(hamlet, airing) + timedelta(seconds=4)
        hamlet.controller.kill()
        recorded = thief.to(inbox, orders)
        assert thief.to(orders)
        wipe(wiped)
        until(lambda: bool(births(thief, wiped)), "it is born once more")
        thief.replay(recorded)
        until(lambda: wiped.memory["trust"]["version"] > 0, "it believes the root")
        thief.replay(recorded)
        until(lambda: datetime.now(UTC) > over, "the window is over")
        assert wiped.memory["floors"] == {}
        hamlet.controller.start()
        until(lambda: wiped.memory["floors"] != {}, "the controller tells it the floors")
        thief.replay(recorded)
        wanted = {("missed", "floors"), ("refused", "expired")}
        until(lambda: wanted & words(thief, wiped, airing), "it says why it does not play that")
        assert [node.sounds() for node in (wiped, other)] == [BEGAN_AND_ENDED] * 2


def wipe(node: Stranger) -> None:
    node.kill()
    node.wipe()
    node.start()


def births(thief: Spy, node: Stranger) -> list[Json]:
    said = thief.said(node.id, "state", "tl-state")
    return [state for state in said if state["online"] and state["life"] == node.memory.get("life")]


def moment(hamlet: Hamlet, airing: str) -> datetime:
    return datetime.fromisoformat(hamlet.controller.call("GET", f"/airings/{airing}")["airing"]["start"])


def words(thief: Spy, node: Stranger, airing: str) -> set[tuple[str, str]]:
    said = [message for message in thief.said(node.id, "receipt", "tl-receipts") if message["life"] == node.memory.get("life")]
    return {(item["state"], item["why"]) for message in said for item in message["items"] if item["airing"] == airing}

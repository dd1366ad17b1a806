"""A programme from the office to the horns: planned by itself, carried by the loudspeakers, and heard though all else is dead."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware_bridge.playlist import LEAD_IN_MS
from tests.support.stack import Json, Stack
from tests.system.conftest import Place, assert_nothing_twice, starts, until
from tests.system.test_plan import EARLY_MS, LATE_MS

VIET_NAM = timedelta(hours=7)

AHEAD_S = 35
"""A minute that is nearer could not be planned and cached on a busy machine: what begins within 20 s is not changed."""


def next_minute() -> datetime:
    """The first whole minute that is far enough, local time."""
    at = datetime.now(UTC) + VIET_NAM + timedelta(seconds=AHEAD_S)
    return at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def daily(stack: Stack, begin: datetime, *bulletins: str, **said: object) -> Json:
    """Let the first commune say these each day at this minute; the programme."""
    body = {
        "owner": stack.communes[0],
        "units": [stack.communes[0]],
        "title": "Chương trình chiều",
        "rule": {"first": begin.date().isoformat(), "at": [begin.strftime("%H:%M")], "every": "day"},
        "segments": [{"take": "pieces", "bulletins": list(bulletins)}],
    }
    made: Json = stack.controller.call("POST", "/programmes", json=body | said)
    return made


def airings_of(stack: Stack, bulletin: str) -> list[Json]:
    found = [row for row in stack.controller.call("GET", "/airings") if row["bulletin"] == bulletin]
    return sorted(found, key=lambda row: row["start"])


@pytest.mark.wire(28, 54)
def test_a_programme_is_heard_at_its_minute_though_controller_and_broker_are_dead(place: Place, short: Path) -> None:
    with place.stack() as stack:
        bulletin = stack.clip(short)
        begin = next_minute()
        asked = time.monotonic()
        daily(stack, begin, bulletin)
        until(lambda: len(airings_of(stack, bulletin)) == 2, "today's and tomorrow's turns are planned", 4)
        assert time.monotonic() - asked < 4
        today = airings_of(stack, bulletin)[0]["id"]
        mine = sorted(stack.ledger(today))
        assert 0 < len(mine) < len(stack.fleet.nodes)
        until(lambda: set(stack.ledger(today).values()) == {"cached"}, "all hold plan and clip")
        if place.broker:
            place.kill_broker(stack)
        stack.controller.kill()
        until(lambda: sorted(starts(stack, today)) == mine, "every loudspeaker of the commune has begun", 2 * 60 + AHEAD_S)
        moment_ms = (begin - VIET_NAM).timestamp() * 1000 + LEAD_IN_MS
        began = [sound["at_ms"] - moment_ms for sound in stack.fleet.sounds() if sound["end"] is None]
        assert all(-EARLY_MS <= late <= LATE_MS for late in began), sorted(began)
        place.revive_broker()
        stack.controller.start()
        stack.wait_ledger(today, "finished")
        assert_nothing_twice(stack)


def test_a_slot_at_a_quarter_past_three_is_refused_where_the_night_is_quiet(place: Place, short: Path) -> None:
    """The Trung Lộc case, at the desk: nothing is saved, and the answer says why."""
    with place.stack() as stack:
        day = {"version": 1, "policy": {"hours": [{"from": "05:00", "to": "21:00"}]}}
        stack.controller.call("PUT", f"/policies/{stack.communes[0]}", json=day)
        refused = stack.controller.raw(
            "POST",
            "/programmes",
            json={
                "owner": stack.communes[0],
                "units": [stack.communes[0]],
                "title": "Tiếp âm",
                "rule": {"first": "2026-01-01", "at": ["03:15"], "every": "day"},
                "segments": [{"take": "relay", "source": "VOV1", "length_ms": 1_800_000}],
            },
        )
        assert refused.status_code == 422
        assert refused.json()["code"] == "programme.hours", refused.text
        assert stack.controller.call("GET", "/programmes") == []

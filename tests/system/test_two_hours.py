"""Two hours without a link, around an airing: it is heard on its second all the same, and everything is told afterwards.

The hours are made to pass by moving the clocks of controller and loudspeakers together; around the airing they run by themselves.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware_bridge.playlist import LEAD_IN_MS
from tests.support.stack import late_fleet
from tests.system.conftest import Place, assert_nothing_twice, starts, until, without_custody
from tests.system.test_plan import EARLY_MS

NODES = 12
HOUR_MS = 3_600_000
SOON_MS = 15_000
"""So long before the airing the clocks run by themselves again."""

LATE_MS = 2_000
"""On time is within two seconds: what a world of 5,000 villages is measured by."""


@pytest.mark.wire(28, 54)
def test_cut_off_for_two_hours_all_play_on_time_and_tell_it_afterwards(place: Place, short: Path) -> None:
    clock = place.home / "clock"
    first, simulator = place.crashing(clock=clock), late_fleet(clock)
    with place.stack(nodes=NODES, first=first, simulator=simulator) as stack:
        begin = datetime.now(UTC) + timedelta(hours=1, minutes=2)
        airing = stack.say(stack.clip(short), at=begin.isoformat())
        until(lambda: set(stack.ledger(airing).values()) == {"cached"}, "all hold plan and clip")
        stack.fleet.ask(fault="offline", nodes=stack.fleet.nodes)
        until(lambda: stack.fleet.ask(stats=True)["stats"]["connected"] == 0, "nobody has a link")
        cut_off_ms = int(time.time() * 1000)
        begin_ms = int(begin.timestamp() * 1000)
        passed_ms = begin_ms - cut_off_ms - SOON_MS
        clock.write_text(str(passed_ms))
        until(lambda: set(starts(stack, airing)) == set(stack.fleet.nodes), "every loudspeaker has begun", 40)
        late = [sound["at_ms"] - begin_ms - LEAD_IN_MS for sound in stack.fleet.sounds() if sound["end"] is None]
        assert all(-EARLY_MS <= each <= LATE_MS for each in late), sorted(late)
        assert "started" not in stack.ledger(airing).values()
        clock.write_text(str(passed_ms + HOUR_MS))
        assert passed_ms + HOUR_MS >= 2 * HOUR_MS - SOON_MS
        stack.fleet.ask(fault="offline", nodes=stack.fleet.nodes, on=False)
        stack.wait_ledger(airing, "finished", 90)
        until(lambda: not without_custody(stack, airing), "all words come home")
        assert_nothing_twice(stack)

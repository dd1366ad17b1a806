"""An emergency cuts a bulletin on real loudspeakers, and the rest of the bulletin is heard behind it, once.

No page makes an emergency yet: the test makes its bulletin one in the database, and says it as any other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from tests.support.stack import Stack
from tests.system.conftest import Place, assert_nothing_twice, starts, until

NODES = 6


def make_emergency(stack: Stack, bulletin: str) -> None:
    with stack.database() as database:
        engine = create_engine(database.engine.url)
    try:
        with engine.begin() as connection:
            connection.execute(text("UPDATE bulletins SET klass = 'emergency' WHERE id = :it"), {"it": bulletin})
    finally:
        engine.dispose()


def airings(stack: Stack) -> list[dict[str, Any]]:
    """Oldest first."""
    found: list[dict[str, Any]] = stack.controller.call("GET", "/airings")
    return found[::-1]


def test_what_an_emergency_cut_is_heard_to_its_end_behind_it(place: Place, short: Path) -> None:
    with place.stack(nodes=NODES) as stack:
        news, flood = stack.clip(), stack.clip(short)
        make_emergency(stack, flood)
        spoken = stack.say(news, lead_ms=1_000)
        until(lambda: set(starts(stack, spoken)) == set(stack.fleet.nodes), "all sound the news")
        urgent = stack.say(flood, lead_ms=10_000)  # in the middle of it
        stack.wait_ledger(spoken, "cut")
        stack.wait_ledger(urgent, "finished")
        until(lambda: len(airings(stack)) == 3, "the rest of it is planned")
        rest = next(each for each in airings(stack) if each["id"] not in (spoken, urgent))
        assert rest["bulletin"] == news
        stack.wait_ledger(rest["id"], "finished")
        assert_nothing_twice(stack)
        with stack.database() as database:
            query = "SELECT c.duration_ms FROM clips c JOIN bulletins b ON b.clip = c.sha256 WHERE b.id = :it"
            whole_ms = database.execute(text(query), {"it": news}).scalar_one()
        assert 0 < rest["duration_ms"] < whole_ms

"""Two real controllers on one PostgreSQL and one broker: one acts, and when it dies or stands still the other goes on.

Nothing is said twice and nothing is left unsaid: neither what was decided before, nor what the other took in while nobody acted.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.mosquitto import Mosquitto
from tests.support.stack import Controller, Json, Program, Stack, crashing
from tests.system.conftest import FLEET, assert_heard_once, assert_nothing_twice, starts, until
from tests.system.test_killed_controller import KILLED, say_to_the_dying, the_airing
from tests.system.test_plan import in_s

TAKES_OVER_S = 15
"""What is promised."""


@dataclass(slots=True)
class Pair:
    """Both controllers and their loudspeakers. `stack` asks whichever is alive."""

    stack: Stack
    first: Controller
    second: Controller

    def use(self, controller: Controller) -> None:
        """From now on the test speaks with this one."""
        self.stack.controller = controller


def health(controller: Controller) -> Json:
    told: Json = controller.raw("GET", f"{controller.url}/healthz").json()
    return told


def acts(controller: Controller) -> bool:
    return bool(health(controller)["acts"])


@contextmanager
def pair(home: Path, mqtt_url: str, database_url: str, *, program: Program | None = None) -> Iterator[Pair]:
    """The first acts, the second stands by with a copy of its keys; sounds and uploads are in a folder that both use.

    `program`: what the first one is, instead of the usual server.
    """
    with ExitStack() as held:
        stack = Stack(home, mqtt_url=mqtt_url, database_url=database_url, fleet=FLEET, first=program)
        first = stack.controller
        second = Controller(home / "second", mqtt_url=mqtt_url, database_url=database_url)
        for mine, other in ((first, second), (second, first)):
            mine.env |= {"TIENGLANG_FILES": str(home / "files"), "TIENGLANG_OTHER_BASE_URL": other.url}
            held.callback(mine.kill)
        held.enter_context(stack)
        shutil.copytree(first.home / "keys", second.home / "keys")
        second.start()
        yield Pair(stack=stack, first=first, second=second)


def assert_heard_once_in(stack: Stack, airing: str) -> None:
    """As `assert_heard_once`, for an airing of one commune."""
    nodes = set(stack.ledger(airing))
    assert nodes
    stack.wait_ledger(airing, "finished")
    assert starts(stack, airing) == dict.fromkeys(nodes, 1)


def test_killed_while_it_acts_the_other_goes_on_within_15_s(
    mosquitto: Mosquitto, postgres_url: str, tmp_path: Path, short: Path
) -> None:
    with pair(tmp_path, mosquitto.url, postgres_url) as both:
        stack, (left, right) = both.stack, both.stack.communes
        assert (acts(both.first), acts(both.second)) == (True, False)
        assert health(both.second)["place"] == health(both.first)["place"]
        both.use(both.second)
        bulletin = stack.clip(short)  # taken in by the one, prepared by the other
        both.use(both.first)
        planned = stack.say(bulletin, to=[left], at=in_s(9))
        until(lambda: set(stack.ledger(planned).values()) == {"cached"}, "the plan is held")
        at_once = stack.say(bulletin, to=[right], lead_ms=3_000)
        both.first.kill()
        killed = time.monotonic()
        both.use(both.second)
        meanwhile = stack.say(bulletin, to=[left], lead_ms=14_000)
        later = stack.say(bulletin, to=[right], at=in_s(20))
        until(lambda: acts(both.second), "the other acts", TAKES_OVER_S)
        print(f"took over after {time.monotonic() - killed:.1f} s")
        for airing in (planned, at_once, meanwhile, later):
            assert_heard_once_in(stack, airing)
        assert_nothing_twice(stack)
        both.first.start()
        assert (acts(both.first), acts(both.second)) == (False, True)
        assert both.second.stop() == 0
        until(lambda: acts(both.first), "after a stop in order nobody waits for the lease", 3)


@pytest.mark.soak
def test_one_that_stood_still_for_20_s_finds_the_other_acting_and_says_nothing_twice(
    mosquitto: Mosquitto, postgres_url: str, tmp_path: Path, short: Path
) -> None:
    with pair(tmp_path, mosquitto.url, postgres_url) as both:
        stack, (left, right) = both.stack, both.stack.communes
        bulletin = stack.clip(short)
        before = stack.say(bulletin, to=[left], lead_ms=3_000)
        both.first.pause()
        paused = time.monotonic()
        both.use(both.second)
        until(lambda: acts(both.second), "the other acts", TAKES_OVER_S)
        meanwhile = stack.say(bulletin, to=[right], lead_ms=2_000)
        cancelled = stack.say(bulletin, to=[left], lead_ms=10_000)
        stack.controller.call("POST", f"/airings/{cancelled}/cancel")
        time.sleep(max(0.0, 20 - (time.monotonic() - paused)))
        both.first.resume()
        until(lambda: not acts(both.first), "it knows that it is late", 5)
        after = stack.say(bulletin, lead_ms=3_000)
        for airing in (before, meanwhile):
            assert_heard_once_in(stack, airing)
        assert_heard_once(stack, after)
        assert starts(stack, cancelled) == {}
        assert acts(both.second)
        both.second.kill()
        both.use(both.first)
        until(lambda: acts(both.first), "and back again", TAKES_OVER_S)
        assert_heard_once(stack, stack.say(bulletin, lead_ms=2_000))


@pytest.mark.soak
@pytest.mark.parametrize("point", ["published", "acknowledged", "marked", "received", "kept"])
def test_wherever_it_dies_the_other_goes_on_and_it_is_heard_once(
    mosquitto: Mosquitto, postgres_url: str, tmp_path: Path, short: Path, point: str
) -> None:
    """On a bulletin's way out, or on a receipt's way back."""
    with pair(tmp_path, mosquitto.url, postgres_url, program=crashing(point)) as both:
        stack = both.stack
        say_to_the_dying(stack, stack.clip(short), lead_ms=4_000)
        assert both.first.wait_dead(60) == KILLED
        both.use(both.second)
        until(lambda: acts(both.second), "the other acts", TAKES_OVER_S)
        assert_heard_once(stack, the_airing(stack))

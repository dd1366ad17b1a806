"""The memory of every loudspeaker is wiped, and somebody at the broker says again all that was ever said to it."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.support.outsider import Outsider
from tests.support.stack import Stack
from tests.system.conftest import HAPPENS_S, Place, assert_heard_once, assert_nothing_twice, overheard, starts, until

NODES = 10
AGAIN_S = 0.5
LEAD_S = 25
GRACE_S = 6
"""Their own clocks claim to be right to a second: that leaves room to begin."""


class Echo(Outsider):
    """Hears what is said to loudspeakers, and then says it again and again, but for stops."""

    def __init__(self, port: int) -> None:
        super().__init__(port, "tl/1/unit/+/order", "tl/1/unit/+/plan", "tl/1/node/+/inbox")
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name="echo", daemon=True)

    def begin(self) -> None:
        """From now on nothing new is learnt."""
        self._old, self.take = list(self.heard), lambda *_: None
        self._thread.start()

    def close(self) -> None:
        """Stop and leave."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        super().close()

    def _repeat(self) -> None:
        while not self._ending.wait(AGAIN_S):
            for topic, payload in self._old:
                self.say(topic, payload, qos=0)


def forget(stack: Stack) -> None:
    """Wipe what the loudspeakers know, but not their clips: without those they would be silent anyway."""
    with closing(sqlite3.connect(stack.fleet.home / "memory" / "memory.sqlite")) as memory, memory:
        assert memory.execute("DELETE FROM record").rowcount > 0


@pytest.mark.wire(50)
def test_a_new_memory_is_silent_until_the_controller_itself_has_spoken_to_it(place: Place, short: Path) -> None:
    """Though it has keys, config, clip and the right time: the order that it is told had been cancelled."""
    with overheard(place, NODES, lambda stack, _: Echo(stack.broker_port)) as (stack, echo):
        bulletin = stack.clip(short)
        old = stack.say(bulletin, lead_ms=2_000, grace_ms=1_000)
        assert_heard_once(stack, old)
        dropped = stack.say(bulletin, lead_ms=LEAD_S * 1000, grace_ms=GRACE_S * 1000)
        over = time.monotonic() + LEAD_S + GRACE_S + 1
        until(lambda: set(stack.ledger(dropped).values()) == {"accepted"}, "all hold the order, and held its clip before")
        echo.begin()  # it has heard the order, and not its stop
        stack.controller.call("POST", f"/airings/{dropped}/cancel")
        until(lambda: set(stack.ledger(dropped).values()) == {"cancelled"}, "all have dropped it")
        stack.controller.pause()
        stack.fleet.kill()
        forget(stack)
        stack.fleet.start()
        stack.fleet.ask(fault="wrong_clock", nodes=stack.fleet.nodes, value=1)  # from here on each has a battery for its clock
        stack.fleet.ask(power_cut=stack.fleet.nodes, after_s=0)
        assert time.monotonic() < over - GRACE_S - 5, "there was time to hear it all, and to sound it"
        until(lambda: time.monotonic() > over, "its time has passed")
        assert starts(stack, dropped) == {}
        stack.controller.resume()
        stack.fleet.ask(power_cut=stack.fleet.nodes, after_s=0)  # who is not answered asks again within 75 s; so at once
        said: list[str] = []

        def is_heard() -> bool:
            said.append(stack.say(bulletin, lead_ms=3_000, grace_ms=2_000))
            with suppress(TimeoutError):
                stack.wait_for(lambda: set(stack.ledger(said[-1]).values()) == {"finished"}, 12)
            return set(stack.ledger(said[-1]).values()) == {"finished"}

        until(is_heard, "what is new is heard", 2 * HAPPENS_S)
        assert starts(stack, dropped) == {}
        assert starts(stack, said[-1]) == starts(stack, old) == dict.fromkeys(stack.fleet.nodes, 1)
        assert set(stack.ledger(old).values()) == {"finished"}
        assert_nothing_twice(stack)

"""Every loudspeaker's disk is wiped while somebody at the broker says again all that was ever said to it."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.outsider import Outsider
from tests.system.conftest import Place, assert_heard_once, assert_nothing_twice, starts, until

NODES = 10
AGAIN_S = 0.5


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


@pytest.mark.wire(28, 50, 54, 85)
def test_a_new_memory_obeys_no_old_plan_and_no_old_order_and_hears_what_is_new(place: Place, short: Path) -> None:
    with place.stack(nodes=NODES) as stack, Echo(stack.broker_port) as echo:
        bulletin = stack.clip(short)
        old = stack.say(bulletin, lead_ms=2_000, grace_ms=1_000)
        at = datetime.now(UTC) + timedelta(seconds=20)
        dropped = stack.say(bulletin, at=at.isoformat())
        assert_heard_once(stack, old)
        until(lambda: set(stack.ledger(dropped).values()) <= {"accepted", "cached"}, "all hold the plan")
        echo.begin()  # it has heard the plan, and not that it was changed
        stack.controller.call("POST", f"/airings/{dropped}/cancel")
        until(lambda: set(stack.ledger(dropped).values()) == {"cancelled"}, "all have dropped it")
        stack.fleet.kill()
        shutil.rmtree(stack.fleet.home / "memory")
        stack.fleet.start()
        until(lambda: datetime.now(UTC) > at + timedelta(seconds=2), "its time has passed")
        assert starts(stack, dropped) == {}
        new = stack.say(bulletin, lead_ms=4_000)
        until(lambda: set(stack.ledger(new).values()) == {"finished"}, "what is new is heard")
        assert starts(stack, new) == starts(stack, old) == dict.fromkeys(stack.fleet.nodes, 1)
        assert set(stack.ledger(old).values()) == {"finished"}
        assert set(stack.ledger(dropped).values()) == {"cancelled"}
        assert_nothing_twice(stack)

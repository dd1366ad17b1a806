"""The broker keeps nothing of ours, and what somebody left on it, retained, is believed no more than anything else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support.outsider import Outsider
from tests.system.conftest import Place, assert_heard_once, starts

LISTEN_S = 1.0
"""A broker gives what it keeps at once, behind its SUBACK."""


@pytest.mark.wire(1)
def test_nothing_of_ours_is_kept_and_an_old_order_that_somebody_left_there_plays_nothing(place: Place, short: Path) -> None:
    with place.stack(nodes=8) as stack:
        clip = stack.clip(short)
        with Outsider(stack.broker_port, "tl/#") as spy:
            first = stack.say(clip)
            assert_heard_once(stack, first)
            orders = [message for message in spy.heard if message[0].endswith("/order")]
            assert orders
            for topic, payload in orders:
                spy.say(topic, payload, retain=True).wait_for_publish(10)
            said = {topic for topic, _ in spy.heard}
        with Outsider(stack.broker_port, *said) as late:  # by name: not every broker gives what it keeps to a wildcard
            threading.Event().wait(LISTEN_S)
        assert late.retained == {topic for topic, _ in orders}
        stack.fleet.kill()
        stack.fleet.start()
        again = stack.say(clip)
        assert_heard_once(stack, again)
        assert set(starts(stack, first).values()) == {1}

"""verify: an order in the engine, from the message to what it decides, over the bare signature check. Print: microseconds.

Every node verifies for itself here, as a real one does: no bytes are remembered. Each order is another airing that begins in
an hour, so that it is opened, decoded, judged, put in the list, and promised.
"""

from __future__ import annotations

import statistics
import time
from base64 import urlsafe_b64decode
from typing import Any

from controller.protocol import topics
from firmware_bridge import events as ev
from tests.bench.province import figure
from tests.unit.firmware_bridge.harness import HOUR, KEYS, ready

ORDERS = 1_500
"""Below the 2,000 airings that a node knows at a time."""

A_SECOND = 15
"""Orders that a node verifies in one second of its own clock (duty 14)."""

ROUNDS = 5
BAR = 1.5


def run() -> list[dict[str, Any]]:
    """The median order of the best round, over the median of bare checks in the same round."""
    best = min((_round() for _ in range(ROUNDS)), key=lambda pair: pair[0] / pair[1])
    applied, bare = best
    ratio = applied / bare
    return [figure("verify", applied, "us", bare, ratio, f"<= {BAR}", ratio <= BAR)]


def _round() -> tuple[float, float]:
    """Microseconds of one order applied, and of one bare check of the same token."""
    node = ready()
    topic = topics.unit_order("xa")
    applied, bare = [], []
    public = {"k-order": KEYS["k-order"].public_key()}
    for number in range(ORDERS):
        token = node.order(airing=f"a{number}", start=node.utc + HOUR + number * 40_000)
        if number % A_SECOND == 0:
            node.now += 1_000
        event = ev.Arrived(topic=topic, payload=token)
        began = time.perf_counter_ns()
        effects = node.engine.handle(event, node.now)
        applied.append(time.perf_counter_ns() - began)
        assert any(isinstance(effect, ev.Keep) and effect.key.startswith("order/") for effect in effects)
        head, _, signature = token.rpartition(b".")
        raw = urlsafe_b64decode(signature + b"==")
        began = time.perf_counter_ns()
        public["k-order"].verify(raw, head)
        bare.append(time.perf_counter_ns() - began)
    return statistics.median(applied) / 1000, statistics.median(bare) / 1000

"""storm: a broker that comes back empty, and 9,000 loudspeakers that all call at once.

From the moment the broker listens again:

storm.born      every node's birth of its new connection is committed
storm.answered  every node has had an answer in this connection: it knows the time, and holds all documents
storm           whole again: a bulletin said as soon as all are answered has been started by all, and that is committed
storm.rss       the controller's memory after it

Nodes wait at most RETRY_S before they try again; the first of them are back while the broker is still starting.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.province import NODES, PATIENT, Province, figure, sound, until
from tests.support.mosquitto import Mosquitto

RETRY_S = 5
BAR_S = 30
RSS_MB_BAR = 350


def run() -> list[dict[str, Any]]:
    """The figures of one storm, after a province has settled."""
    with tempfile.TemporaryDirectory(prefix="tl-storm-") as folder, Mosquitto(PATIENT) as broker:
        province = Province(Path(folder), broker, "--retry-max", str(RETRY_S))
        try:
            province.fleet.start()
            province.settle_clocks()
            bulletin = province.bulletin(sound(Path(folder) / "sound.wav", 0))
            province.hold_newest_clip()
            return _measure(province, broker, bulletin)
        finally:
            province.close()


def _measure(province: Province, broker: Mosquitto, bulletin: str) -> list[dict[str, Any]]:
    broker.kill()
    until(lambda: _stats(province)["connected"] == 0)
    utc_ms = time.time_ns() // 1_000_000
    broker.start()
    began = time.monotonic()
    until(lambda: _born(province, utc_ms) == NODES)
    born = time.monotonic() - began
    until(lambda: _stats(province)["answered"] == NODES)
    answered = time.monotonic() - began
    airing, _ = province.say(bulletin)
    whole = province.until_all(airing, "started") - began
    province.stop(airing)
    rss = province.rss_mb()
    return [
        figure("storm.born", born, "s"),
        figure("storm.answered", answered, "s"),
        figure("storm", whole, "s", bar=f"<= {BAR_S} s", holds=whole <= BAR_S),
        figure("storm.rss", rss, "MB", bar=f"<= {RSS_MB_BAR}", holds=rss <= RSS_MB_BAR),
    ]


def _stats(province: Province) -> dict[str, Any]:
    stats: dict[str, Any] = province.fleet.ask(stats=True)["stats"]
    return stats


def _born(province: Province, since_ms: int) -> int:
    query = "select count(*) from node_status where online and seen_ms >= ?"
    return int(province.query(query, since_ms)[0][0])

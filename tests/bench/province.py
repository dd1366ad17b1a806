"""fan-out, cold and stop: one *say now* to 9,000 loudspeakers through Mosquitto, by the real controller and the real fleet.

cold      each node first fetches a 100 kB clip: MB/s beside Starlette's StaticFiles with the same fleet
fanout    the same again, the clip held: from the HTTP request to the last `started` receipt committed, over the bare exchange
          of as many messages of the same size by the same fleet library
stop      from the click to the last node silent (its `cut` committed)

The start lead and the receipt jitter are 0: all 9,000 answer at once.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
import wave
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from audio.clip import RATE_HZ
from audio.decode import decode
from controller.protocol import seal
from controller.protocol.codec import encode
from controller.protocol.keys import node_kid
from controller.protocol.messages import Receipt, Receipts, ReceiptState
from tests.bench.floor import cold_floor, floor
from tests.support.mosquitto import Mosquitto
from tests.support.stack import SPEECH, Controller, FleetProcess

NODES = 9_000
VILLAGES = 90
ROUNDS = 3
CLIP_BYTES = 100_000
FANOUT_BAR = 3.5
COLD_BAR = 0.7
RSS_MB_BAR = 300
NODE_KB_BAR = 60
PATIENT = "allow_anonymous true\npersistence false\nset_tcp_nodelay true\nmax_queued_messages 0\n"
"""Neither the floor nor we shall measure what a broker drops."""
SURE_MS = 500
"""A node begins at start + u by its own clock: all must be surer than the time that the exchange takes anyway."""
QUIET_S = 10
"""Between rounds: 9,000 `upto` of the last one are signed, sent and verified; they belong to no round, and the floor has none."""
PATIENCE_S = 180
"""Seconds for any one step: a machine that needs more can't be measured."""


class Province:
    """A controller with 9,000 nodes in 90 villages of one commune, and the fleet that plays them."""

    def __init__(self, home: Path, broker: Mosquitto, *fleet: str) -> None:
        """`fleet`: more options of the fleet's."""
        self.controller = Controller(home / "controller", mqtt_url=broker.url, demo=False)
        self.controller.start()
        self.commune = self.controller.call("POST", "/units/import", json={"code": "01501"})["id"]
        for number in range(VILLAGES):
            village = self.controller.call("POST", "/units", json={"parent": self.commune, "name": f"Bản {number}"})["id"]
            names = [f"Bản {number}, cụm {each}" for each in range(NODES // VILLAGES)]
            self.controller.call("POST", "/nodes", json={"village": village, "names": names})
        self.fleet = FleetProcess(home / "fleet", self.controller.call("POST", "/nodes/provision", json={}), fleet, log=False)

    def close(self) -> None:
        """End both."""
        self.fleet.kill()
        self.controller.kill()

    def query(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """A look into the controller's database, from outside."""
        with closing(sqlite3.connect(self.controller.home / "tienglang.db")) as database:
            return database.execute(text, values).fetchall()

    def settle_clocks(self) -> None:
        """Wait until every node is sure of the time and holds its documents."""
        sure = "select count(*) from node_status where online and config > 0 and clock_u_ms between 0 and ?"
        until(lambda: self.query(sure, SURE_MS)[0][0] == NODES)

    def bulletin(self, clip: Path) -> str:
        """A bulletin of `clip`; its id."""
        form = {"title": "Bench", "class": "normal", "language": "vi", "owner": self.commune}
        with clip.open("rb") as file:
            bulletin: str = self.controller.call("POST", "/bulletins", data=form, files={"file": file})["id"]
        until(lambda: self.controller.call("GET", f"/bulletins/{bulletin}")["state"] == "approved")
        return bulletin

    def hold_newest_clip(self) -> None:
        """Let every node fetch the newest clip and keep it: wait until their configs with it are taken."""
        sha256 = self.query("select sha256 from clips order by created_ms desc limit 1")[0][0]
        self.controller.raw("PUT", f"/units/{self.commune}/held/{sha256}").raise_for_status()
        until(lambda: self.query("select count(*) from outbox where kind = 'config' and next_ms is not null")[0][0] == 0)

    def say(self, bulletin: str) -> tuple[str, float]:
        """Say it now, lead 0; the airing, and the moment before the request (monotonic)."""
        began = time.monotonic()
        wish = {"bulletin": bulletin, "to": [self.commune], "lead_ms": 0, "grace_ms": 120_000}
        return self.controller.call("POST", "/airings", json=wish)["id"], began

    def until_all(self, airing: str, *states: str) -> float:
        """Wait until every delivery stands at one of `states`; the moment it was seen committed (monotonic)."""
        marks = ",".join("?" * len(states))
        query = f"select count(*) from deliveries where airing = ? and state in ({marks})"
        try:
            until(lambda: self.query(query, airing, *states)[0][0] == NODES)
        except TimeoutError:
            standing = "select state, why, count(*) from deliveries where airing = ? group by state, why"
            raise TimeoutError(f"not all {states}: {self.query(standing, airing)}\n{self.controller.log[-2000:]}") from None
        return time.monotonic()

    def stop(self, airing: str) -> float:
        """Stop it; seconds from the click to the last node's word."""
        began = time.monotonic()
        self.controller.call("POST", f"/airings/{airing}/cancel", json={})
        return self.until_all(airing, "cut", "cancelled", "finished") - began

    def rss_mb(self) -> float:
        """The controller's memory."""
        return psutil.Process(self.controller.pid).memory_info().rss / 1e6


def run() -> list[dict[str, Any]]:
    """All the figures of one province."""
    with tempfile.TemporaryDirectory(prefix="tl-province-") as folder, Mosquitto(PATIENT) as broker:
        province = Province(Path(folder), broker)
        try:
            province.fleet.start()
            province.settle_clocks()
            return _measure(province, broker, Path(folder))
        finally:
            province.close()


def _measure(province: Province, broker: Mosquitto, folder: Path) -> list[dict[str, Any]]:
    cold, bulletin = _cold(province, folder)
    fans, stops = [], []
    for _ in range(ROUNDS):
        airing, began = province.say(bulletin)
        fans.append((province.until_all(airing, "started") - began, _spread(province, airing)))
        stops.append(province.stop(airing))
        time.sleep(QUIET_S)
    a_node = province.fleet.ask(stats=True)["stats"]["bytes_a_node"] / 1e3
    rss = province.rss_mb()
    size_down = province.query("select length(sealed) from outbox where kind = 'stop' limit 1")[0][0]
    size_up = _receipt_size(province, airing)
    province.close()  # the floor has the machine to itself, as we had
    bare = floor("127.0.0.1", broker.port, NODES, size_down, size_up, n_up=1, rounds=ROUNDS)
    best, spread = min(fans)
    ratio = best / bare.seconds
    print(f"  fan-out rounds {rounded(each for each, _ in fans)} s, floor {rounded(bare.rounds)} s, stops {rounded(stops)} s")
    print(f"  receipts came: p50 {spread[0]:.2f} s, p99 {spread[1]:.2f} s, last {spread[2]:.2f} s after the order was made")
    return [
        figure("fanout", best, "s", bare.seconds, ratio, f"<= {FANOUT_BAR}", ratio <= FANOUT_BAR),
        figure("fanout.p50", spread[0], "s"),
        figure("fanout.p99", spread[1], "s"),
        figure("fanout.rss", rss, "MB", bar=f"<= {RSS_MB_BAR}", holds=rss <= RSS_MB_BAR),
        figure("fanout.node", a_node, "kB", bar=f"<= {NODE_KB_BAR}", holds=a_node <= NODE_KB_BAR),
        *cold,
        figure("stop", min(stops), "s"),
    ]


def _cold(province: Province, folder: Path) -> tuple[list[dict[str, Any]], str]:
    """Each round a clip that no node has; the floor right after. Says the last bulletin too: its clip is held now."""
    rates = []
    for number in range(ROUNDS):
        bulletin = province.bulletin(sound(folder / f"sound-{number}.wav", number))
        size = province.query("select size from clips order by created_ms desc limit 1")[0][0]
        airing, began = province.say(bulletin)
        took = province.until_all(airing, "started") - began
        rates.append(NODES * size / took / 1e6)
        province.stop(airing)
    province.hold_newest_clip()
    bare = cold_floor(NODES, size=size, rounds=ROUNDS)
    ratio = max(rates) / bare.mb_per_s
    print(f"  cold rounds {rounded(rates)} MB/s, floor {rounded(bare.rounds)} MB/s")
    return [figure("cold", max(rates), "MB/s", bare.mb_per_s, ratio, f">= {COLD_BAR}", ratio >= COLD_BAR)], bulletin


def _spread(province: Province, airing: str) -> tuple[float, float, float]:
    """When the `started` receipts came, after the order was made: p50, p99, last, in seconds."""
    query = """select r.received_ms - a.created_ms from receipts r join airings a on a.id = r.airing
               where r.airing = ? and r.state = 'started'"""
    waits = sorted(row[0] / 1000 for row in province.query(query, airing))
    return waits[len(waits) // 2], waits[len(waits) * 99 // 100], waits[-1]


def sound(path: Path, seed: int) -> Path:
    """Real speech, 33 s from another place for each seed: a clip of about 100 kB that no node has met."""
    speech = np.concatenate(list(decode(SPEECH)))
    twice = np.concatenate([speech[seed * RATE_HZ :], speech])[: 33 * RATE_HZ]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(twice.tobytes())
    return path


def _receipt_size(province: Province, airing: str) -> int:
    """Bytes of the message that says `accepted` and `started` together, as this airing's nodes sent it."""
    query = "select node, life, seq, state, at_ms from receipts where airing = ? order by node, seq limit 2"
    rows = province.query(query, airing)
    items = tuple(Receipt(seq=seq, airing=airing, rev=1, state=ReceiptState(state), at=at) for _, _, seq, state, at in rows)
    node, life, seq = rows[0][:3]
    said = Receipts(node=node, generation=1, life=life, t=items[0].at, u=SURE_MS, from_seq=seq, items=items)
    return len(seal.mac("tl-receipts", node_kid(node, 1), bytes(32), encode(said)))


def until(reached: Callable[[], bool]) -> None:
    """Look every 30 ms until it is so."""
    end = time.monotonic() + PATIENCE_S
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.03)


def rounded(figures: Iterable[float]) -> list[float]:
    """For reading."""
    return [round(each, 2) for each in figures]


def figure(
    name: str,
    value: float,
    unit: str,
    floor_value: float | None = None,
    ratio: float | None = None,
    bar: str | None = None,
    holds: bool = True,
) -> dict[str, Any]:
    """One row of the table."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "floor": None if floor_value is None else round(floor_value, 3),
        "ratio": None if ratio is None else round(ratio, 3),
        "bar": bar,
        "holds": holds,
    }

"""What a loudspeaker is made of beside its decisions: a clock (§9), hours (§6), a memory on disk, files by hash (§8).

Written from docs/wire.md alone; § marks its sections. `mono` is the monotonic clock, `now` is UTC, both in whole ms.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.stranger.wire import Json, object_of

DAY_MS, MINUTE_MS = 86_400_000, 60_000
NO_CONFIG: Json = {
    "version": 0,
    "path": [],
    "since": 0,
    "policy": object_of("policy", {}),
    "ceilings": [],
    "hold": [],
    "bases": [],
}
NO_CONFIG |= {"health_s": 60}


@dataclass
class Clock:
    """UTC = mono + `offset`, with a bound `u` of its error that grows by 100 ppm from the last answer. u < 0: not trusted."""

    offset: int = 0
    bound: int = -1
    since: int = 0
    rivals: list[tuple[int, int, int]] = field(default_factory=list)

    def read(self, mono: int) -> tuple[int, int]:
        """(now, u)."""
        return (mono + self.offset, self.bound + (mono - self.since + 9_999) // 10_000) if self.bound >= 0 else (0, -1)

    def answer(self, t1: int, t2: int, t3: int, t4: int) -> bool:
        """Take an answer's word for the time; False if it does not count. Far jumps take three that agree within ten minutes."""
        offset, u = ((t2 - t1) + (t3 - t4)) // 2, ((t4 - t1) - (t3 - t2) + 1) // 2 + 1
        if t3 < t2 or u < 0 or t4 - t1 > 4_000:
            return False
        far = self.bound >= 0 and abs(offset - self.offset) > 60_000
        near = [one for one in self.rivals if t4 - one[2] <= 600_000 and abs(one[0] - offset) <= 1_000 + u + one[1]]
        self.rivals = [*near, (offset, u, t4)] if far else []
        if len(self.rivals) >= 3 or (not far and (self.bound < 0 or u <= self.read(t4)[1])):
            self.offset, self.bound, self.since, self.rivals = offset, u, t4, []
        return True


def spans(rows: Collection[Json], utc_offset: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The rows' local minutes on each day from the one before `start` to that of `end`, as [first, last) in UTC."""
    zone = utc_offset * MINUTE_MS
    for day in range((start + zone) // DAY_MS - 1, (end + zone) // DAY_MS + 1):
        for row in rows:
            if (day + 3) % 7 + 1 in row.get("days", range(1, 8)):  # 1970-01-01 was a Thursday
                length = row["to"] - row["from"] + (1440 if row["to"] <= row["from"] else 0)
                first = day * DAY_MS + row["from"] * MINUTE_MS - zone
                yield first, first + length * MINUTE_MS


@dataclass
class Airing:
    """A row of §10's one table. `item`: the order, or the plan's item with its head's claims; `token`: the seal it came by."""

    item: Json
    kid: str
    token: str
    by_plan: bool
    state: str = "waiting"
    keep: int = 0
    word: Json = field(default_factory=dict)  # the newest receipt's


@dataclass
class Memory:
    """All that must outlive a power cut, in one file that is replaced whole. A board with little flash would append instead."""

    life: str = field(default_factory=lambda: secrets.token_hex(8))
    boot: int = 0
    seq: int = 0
    upto: int = 0
    floors: Json | None = None
    trust: Json = field(default_factory=lambda: {"version": 0, "keys": [], "revoked": []})
    config: Json = field(default_factory=lambda: dict(NO_CONFIG))
    plan: Json = field(default_factory=lambda: {"version": 0})
    airings: dict[str, Airing] = field(default_factory=dict)
    receipts: list[Json] = field(default_factory=list)

    @classmethod
    def load(cls, file: Path) -> Memory:
        """What is there; a new life if that is nothing, or damaged."""
        try:
            told = json.loads(file.read_text())
            return cls(**told | {"airings": {name: Airing(**row) for name, row in told["airings"].items()}})
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def save(self, file: Path) -> None:
        """Replace what is there."""
        keep(file, json.dumps(asdict(self)).encode())


def keep(file: Path, data: bytes) -> None:
    """On disk whole, or not at all: write beside, sync, rename."""
    beside = file.with_suffix(".part")
    with beside.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(beside, file)
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is a wrong status."""

    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))


def fetch(bases: Collection[str], sha256: str, size: int, file: Path) -> str:
    """Fetch a file into its place; "" or why not. At most `size` bytes are read, and none is used before all are right."""
    why = "link"
    for base in bases:
        try:
            with OPENER.open(f"{base}/{sha256}", timeout=10) as reply:
                data = reply.read(size + 1)
        except urllib.error.HTTPError:
            why = "status"
        except (OSError, http.client.HTTPException, ValueError):
            why = "link"
        else:
            if reply.status != 200 or len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
                why = "status" if reply.status != 200 else "size" if len(data) != size else "hash"
                continue
            try:
                keep(file, data)
            except OSError:
                return "disk"
            return ""
    return why

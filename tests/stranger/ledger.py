"""What becomes of an airing on a loudspeaker (§10), and who keeps which word of it (§11): from docs/wire.md alone.

A row of the one table is the order as decoded, or the plan's item beside what its head says, with its seal (`kid`, `token`) and
`state`, `word` (its newest receipt), `keep`. Nothing here speaks: receipts lie in `memory` until node.py has written it to disk.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

from tests.stranger.wire import Json, keep

BIG = 2**53 - 1
DAY_MS, MINUTE_MS = 86_400_000, 60_000
DOWNBEAT_MS, ON_TIME_MS = 100, 200  # a process that wakes a little late is still on time for its hours
TABLE_ROOM, RECEIPT_ROOM, WORDS_OF_ONE = 6_000, 24_000, 4  # a plan of 2,000 thrice over, and all that it can make us say
EMERGENCY_ROOM = 8
DOCUMENTS = ("trust", "config", "plan")
LEAVE_NO_RECORD = ("expired", "future", "trust", "full")  # [WIRE-67]


class Clock:
    """§9. UTC = mono + `offset`, within `bound` + 100 ppm since the last answer; below 0 it is not trusted."""

    def __init__(self) -> None:
        self.offset, self.bound, self.since, self.moved = 0, -1, 0, False
        self.rivals: list[tuple[int, int, int]] = []  # answers that would move it far

    def read(self, mono: int) -> tuple[int, int]:
        """(now, u)."""
        return (mono + self.offset, self.bound + (mono - self.since + 9_999) // 10_000) if self.bound >= 0 else (0, -1)

    def answer(self, t1: int, t2: int, t3: int, t4: int) -> bool:
        """Does it count [WIRE-46]? Then it may set the clock [WIRE-47]."""
        offset, u = ((t2 - t1) + (t3 - t4)) // 2, ((t4 - t1) - (t3 - t2) + 1) // 2 + 1
        if t3 < t2 or u < 0 or t4 - t1 > 4_000:
            return False
        far = self.bound >= 0 and abs(offset - self.offset) > 60_000
        near = [one for one in self.rivals if t4 - one[2] <= 600_000 and abs(one[0] - offset) <= 1_000 + u + one[1]]
        self.rivals = [*near, (offset, u, t4)] if far else []
        if len(self.rivals) >= 3 or (not far and (self.bound < 0 or u <= self.read(t4)[1])):
            self.offset, self.bound, self.since, self.rivals, self.moved = offset, u, t4, [], self.moved or far
        return True


def holds(row: Json, minute: int) -> bool:
    """A row of hours or ceilings at this local minute; past midnight it belongs to the day on which it began."""
    day, passed = divmod(minute - row["from"], 1440)
    weekday = (day + 3) % 7 + 1  # 1970-01-01 was a Thursday
    return passed < ((row["to"] - row["from"]) % 1440 or 1440) and weekday in row.get("days", range(1, 8))


def turn(it: Json) -> tuple[int, ...]:
    """Of those that are due together the lowest goes first [WIRE-60, 61]."""
    return (0, -it["rank"], it["iat"]) if it["class"] == "emergency" else (1, it["start"], it["class"] != "priority")


def new_life() -> Json:
    """An empty memory: all that must outlive a power cut."""
    policy = {"utc_offset": 420, "hours": [], "max_duration": 3_600_000}
    config = {"version": 0, "path": [], "since": 0, "policy": policy, "ceilings": [], "hold": [], "bases": [], "health_s": 60}
    documents = {"trust": {"version": 0, "keys": [], "revoked": []}, "config": config, "plan": {"version": 0}}
    counts = {"boot": 0, "seq": 0, "upto": 0, "born": 0}  # `born`: `iat` of its first floors, or a lower one since
    return documents | counts | {"life": secrets.token_hex(8), "floors": {}, "airings": {}, "receipts": []}


class Ledger:
    """One horn, one table, one clock. `mono` reads the monotonic clock, ms; `log` is what takes the sound."""

    def __init__(self, name: str, home: Path, log: Path | None, mono: Callable[[], int] | None) -> None:
        (home / "clips").mkdir(parents=True, exist_ok=True)
        self.id, self.home, self.log, self.mono = name, home, log, mono or (lambda: time.monotonic_ns() // 1_000_000)
        self.clock, self.memory = Clock(), SimpleNamespace(**new_life())
        with suppress(OSError, ValueError, AttributeError):
            told = json.loads((home / "memory.json").read_text())
            self.memory = SimpleNamespace(**told) if told.keys() == new_life().keys() else self.memory
        self.alarms = [] if self.memory.boot else ["memory.new"]
        self.memory.boot += 1
        self.booted, self.trusted = self.mono(), BIG  # since when
        self.sounding: Json | None = None
        self.silent_at, self.dirty = 0, True
        self.busy: set[str] = set()  # what found the horn taken
        self.repeated: set[str] = set()  # what was said anew in this connection

    def now(self) -> tuple[int, int]:
        return self.clock.read(self.mono())

    def versions(self) -> dict[str, int]:
        return {name: vars(self.memory)[name]["version"] for name in DOCUMENTS}

    def reason(self) -> str:
        """Why it can't sound, if so [WIRE-45, 50, 52]."""
        floors, held = self.memory.floors, self.versions()
        ready = floors and all(0 < held[name] >= floors[name] for name in ("trust", "config"))
        return "clock" if self.clock.bound < 0 else "" if ready else "floors"

    def clip(self, sha256: str) -> Path:
        return self.home / "clips" / sha256

    def waiting(self) -> list[Json]:
        return [it for it in self.memory.airings.values() if it["state"] == "waiting"]

    def take(self, it: Json, why: str) -> None:
        """What may not be said changes nothing that is known; only an emergency touches an emergency [WIRE-63, 64, 65]."""
        known, stop = self.memory.airings.get(it["airing"]), it["kind"] == "stop"
        if not self.has_room(1) or (known and known["class"] == "emergency" != it["class"]):
            return
        if known is None or (known["state"] == "waiting" and it["rev"] > known["rev"] and not stop and not why):
            self.accept(it, why)
        elif known["state"] != "ended" and it["rev"] >= known["rev"] and stop and not why:
            known["rev"] = it["rev"]
            self.end(known, "cut" if known is self.sounding else "cancelled", "stop")
        elif it["typ"] == known["typ"] == "tl-plan":
            known |= {"kid": it["kid"], "token": it["token"]}  # it waits by the newer plan's key
        elif it["typ"] == "tl-order" and all(one["airing"] != it["airing"] for one in self.memory.receipts) and self.once(it):
            self.add(known["word"])  # [WIRE-68]

    def accept(self, it: Json, why: str) -> None:
        """Take it in, in place of an older revision; or say why not [WIRE-61, 67, 69]."""
        (now, u), table, stop = self.now(), self.memory.airings, it["kind"] == "stop"
        urgent = [one for one in self.waiting() if one["class"] == "emergency" == it["class"] and one["airing"] != it["airing"]]
        full = (it["airing"] not in table and len(table) >= TABLE_ROOM) or (len(urgent) >= EMERGENCY_ROOM and not stop)
        why = why or ("full" if full else "" if stop else self.unfit(it, it["start"]))
        it |= {"state": "waiting", "word": {}, "keep": 0}
        if why in LEAVE_NO_RECORD:
            if self.once(it):
                self.record(it, "refused", why)
            return
        table[it["airing"]] = it
        if why or stop:
            self.end(it, "refused" if why else "cancelled", why or "stop")
        elif it["start"] < self.memory.born or now + u > self.limit(it):
            died_here = it["came"] <= self.limit(it) - self.clock.offset < self.trusted
            self.end(it, "missed", "floors" if it["start"] < self.memory.born else "clock" if died_here else "late")
        else:
            self.record(it, "accepted")

    def minutes(self, start: int, length: int) -> range:
        """The local minutes that a sound touches."""
        zone = self.memory.config["policy"]["utc_offset"]
        return range(start // MINUTE_MS + zone, (start + length - 1) // MINUTE_MS + zone + 1)

    def unfit(self, it: Json, begin: int) -> str:
        """Why the config does not let it sound from `begin`, or "" [WIRE-56, 57]."""
        policy, minutes = self.memory.config["policy"], self.minutes(begin, it["duration"])
        if it["duration"] > policy["max_duration"]:
            return "length"
        free = it["class"] == "emergency" or not policy["hours"]
        return "" if free or all(any(holds(row, minute) for row in policy["hours"]) for minute in minutes) else "hours"

    def gain(self, it: Json, start: int) -> int:
        """The item's, or the quietest ceiling that it meets [WIRE-58]."""
        minutes, rows = self.minutes(start, it["duration"]), self.memory.config["ceilings"]
        return int(min([it["gain"], *(row["gain"] for row in rows if any(holds(row, minute) for minute in minutes))]))

    def limit(self, it: Json) -> int:
        """After this it must not begin [WIRE-54]."""
        return int(min(it["start"] + it["grace"], it["exp"]))

    def tick(self) -> None:
        """All that is due."""
        if self.sounding and self.mono() >= self.silent_at:
            self.end(self.sounding, "finished")  # [WIRE-59]
        for it in sorted(self.waiting(), key=turn) if self.clock.bound >= 0 else []:
            self.begin_or_miss(it)
        table, now = self.memory.airings, self.now()[0]
        self.memory.airings = {name: it for name, it in table.items() if it["state"] != "ended" or it["keep"] >= now}
        self.dirty |= len(self.memory.airings) < len(table)

    def begin_or_miss(self, it: Json) -> None:
        """Begin it at its downbeat [WIRE-55], or within its window [WIRE-54]; end it when it can't begin any more."""
        (now, u), other = self.now(), self.sounding
        late = now - it["start"] - max(DOWNBEAT_MS, u)
        if now + u > self.limit(it) or it["start"] < self.memory.born:
            self.end(it, "missed", self.why_missed(it, self.mono() - now + self.limit(it), u))
        elif late < 0 or self.reason() or not self.clip(it["sha256"]).exists():
            return
        elif why := self.unfit(it, it["start"] if late < ON_TIME_MS else now):
            self.end(it, "refused", why)
        elif other and (it["class"] != "emergency" or (other["class"] == "emergency" and it["rank"] <= other["rank"])):
            self.busy.add(it["airing"])  # [WIRE-60, 61]
        else:
            if other:
                self.end(other, "cut", "emergency")
            it["state"] = "sounding"
            self.save()  # before the first sample: whatever happens now, it never begins again [WIRE-53]
            self.horn(it, gain=self.gain(it, now))
            self.sounding, self.silent_at = it, self.mono() + it["duration"]
            self.record(it, "started")

    def why_missed(self, it: Json, over: int, u: int) -> str:
        """The first of the reasons that holds; `over`: when it became too late."""
        lacking = "floors" if it["start"] < self.memory.born else self.reason()
        if lacking or over < self.booted:
            return lacking or "off"
        if over < self.trusted or it["grace"] < 2 * u:
            return "clock"
        return "busy" if it["airing"] in self.busy else "late" if self.clip(it["sha256"]).exists() else "clip"

    def end(self, it: Json, state: str, why: str = "") -> None:
        """It ends, for good; its tombstone stays for a day [WIRE-69]."""
        if it is self.sounding:
            self.sounding = None
            self.horn(it, end="whole" if state == "finished" else "silenced")
        exp = it["exp"] if it["typ"] == "tl-order" else 0
        it |= {"state": "ended", "keep": DAY_MS + max(self.now()[0], it["start"] + it["grace"] + it["duration"], exp)}
        self.busy.discard(it["airing"])
        self.record(it, state, why)

    def horn(self, it: Json, end: str | None = None, gain: int | None = None) -> None:
        """Switch the amplifier: on with this gain, or off (`end`)."""
        line = {"node": self.id, "airing": it["airing"], "at_ms": self.now()[0], "end": end, "gain": gain}
        if self.log:
            with self.log.open("a") as log:
                log.write(json.dumps(line) + "\n")

    # §11 Receipts and custody

    def record(self, it: Json, state: str, why: str = "") -> None:
        """One more receipt. Without the time: at the last moment we know of it."""
        at, evidence = self.now()[0] or it["word"].get("at", 0), {"evidence": "not_measured"} if state == "finished" else {}
        it["word"] = {"airing": it["airing"], "rev": it["rev"], "state": state, "at": at, "why": why} | evidence
        self.add(it["word"])

    def add(self, word: Json) -> None:
        """[WIRE-74]"""
        self.memory.seq += 1
        self.memory.receipts.append({"seq": self.memory.seq} | word)
        self.dirty = True

    def once(self, it: Json) -> bool:
        """Is this the first time in this connection?"""
        first = it["airing"] not in self.repeated
        self.repeated.add(it["airing"])
        return first

    def has_room(self, more: int) -> bool:
        """For every word that what waits, and so much more, can make us say [WIRE-78]."""
        return len(self.memory.receipts) + WORDS_OF_ONE * (len(self.waiting()) + more) <= RECEIPT_ROOM

    def cover(self, upto: int) -> None:
        """The controller has these; if it has more than was ever said, the memory was rolled back [WIRE-75, 77]."""
        memory, lost = self.memory, upto > self.memory.seq
        if upto > memory.upto:
            memory.receipts = [receipt for receipt in memory.receipts if lost or receipt["seq"] > upto]
            memory.upto, self.dirty = upto, True
        if lost:
            memory.receipts = [receipt | {"seq": seq} for seq, receipt in enumerate(memory.receipts, upto + 1)]
            memory.seq, self.said = upto + len(memory.receipts), 0
            self.alarms.append("memory.rolled-back")

    def save(self) -> None:
        keep(self.home / "memory.json", json.dumps(vars(self.memory)).encode())
        self.dirty = False

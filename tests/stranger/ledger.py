"""What becomes of an airing on a loudspeaker (§10), and who keeps which word of it (§11).

Written from docs/wire.md alone; § marks its sections. Nothing here speaks: receipts lie in `memory` until the node (node.py) has
written it to disk. To plant a fault, override a method: each has one duty.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.stranger.parts import DAY_MS, Airing, Clock, Memory, spans
from tests.stranger.wire import BIG, Json

TABLE_ROOM, RECEIPT_ROOM, WORDS_OF_ONE = 6_000, 24_000, 4  # a plan of 2,000 thrice over, and all that it can make us say
EMERGENCY_ROOM = 8
DOWNBEAT_MS = 100  # nodes that are surer of the time than this begin together
ON_TIME_MS = 200  # neither the downbeat nor a process that wakes late makes a sound miss the end of its hours


class Ledger:
    """One horn, one table, one clock. `mono` reads the monotonic clock, ms."""

    def __init__(self, home: Path, mono: Callable[[], int]) -> None:
        self.home, self.mono = home, mono
        (home / "clips").mkdir(parents=True, exist_ok=True)
        self.memory, self.clock = Memory.load(home / "memory.json"), Clock()
        self.memory.boot += 1
        self.booted, self.trusted = mono(), BIG  # since when
        self.sounding: Airing | None = None
        self.silent_at = 0
        self.busy: set[str] = set()  # what found the horn taken
        self.repeated: set[str] = set()  # what was said anew in this connection
        self.dirty = True

    def versions(self) -> dict[str, int]:
        """Of the documents that it holds."""
        return {
            "trust": self.memory.trust["version"],
            "config": self.memory.config["version"],
            "plan": self.memory.plan["version"],
        }

    def reason(self) -> str:
        """Why it can't sound, if so."""
        floors, held = self.memory.floors, self.versions()
        ready = floors and 0 < held["config"] >= floors["config"] and 0 < held["trust"] >= floors["trust"]
        return "clock" if self.clock.bound < 0 else "" if ready else "floors"

    def clip(self, sha256: str) -> Path:
        """Where a file lies once it is right."""
        return self.home / "clips" / sha256

    def waiting(self) -> list[Airing]:
        """The next first."""
        return sorted((it for it in self.memory.airings.values() if it.state == "waiting"), key=self.turn)

    def accept(self, it: Airing, why: str) -> None:
        """Take it in, in place of an older revision; or say why not."""
        item, (now, u) = it.item, self.clock.read(self.mono())
        if item["airing"] not in self.memory.airings and len(self.memory.airings) >= TABLE_ROOM:
            self.record(it, "refused", "full")
            return
        alarms = [one for one in self.waiting() if one.item["class"] == "emergency" and one.item["airing"] != item["airing"]]
        why = why or self.unfit(item, item["start"])
        why = why or ("full" if item["class"] == "emergency" and len(alarms) >= EMERGENCY_ROOM else "")
        self.memory.airings[item["airing"]] = it
        if why:
            self.end(it, "refused", why)
        elif now + u > self.limit(it):
            self.end(it, "missed", "late")
        else:
            self.record(it, "accepted")

    def unfit(self, item: Json, begin: int) -> str:
        """Why the config does not let it sound from `begin`, or ""."""
        if item["duration"] > self.memory.config["policy"]["max_duration"]:
            return "length"
        allowed = item["class"] == "emergency" or self.allowed_hours(begin, begin + item["duration"])
        return "" if allowed else "hours"

    def allowed_hours(self, start: int, end: int) -> bool:
        """Does the union of the hours hold all of it?"""
        policy = self.memory.config["policy"]
        for first, last in sorted(spans(policy["hours"], policy["utc_offset"], start, end)):
            if first <= start < last:
                start = last
        return not policy["hours"] or start >= end

    def gain(self, item: Json, start: int) -> int:
        """The item's, or the quietest ceiling that it meets."""
        end, zone = start + item["duration"], self.memory.config["policy"]["utc_offset"]
        rows = self.memory.config["ceilings"]
        met = [row["gain"] for row in rows if any(first < end and start < last for first, last in spans([row], zone, start, end))]
        return int(min([item["gain"], *met]))

    @staticmethod
    def limit(it: Airing) -> int:
        """After this it must not begin."""
        return int(min(it.item["start"] + it.item["grace"], it.item["exp"]))

    @staticmethod
    def turn(it: Airing) -> tuple[int, ...]:
        """Of those that are due together the lowest goes first."""
        item = it.item
        return (
            (0, -item["rank"], item["iat"]) if item["class"] == "emergency" else (1, item["start"], item["class"] != "priority")
        )

    def outranks(self, it: Airing) -> bool:
        """May it have the horn now?"""
        other = self.sounding.item if self.sounding else None
        alarm = it.item["class"] == "emergency"
        return other is None or (alarm and (other["class"] != "emergency" or it.item["rank"] > other["rank"]))

    def tick(self) -> None:
        """All that is due."""
        if self.sounding and self.mono() >= self.silent_at:
            self.silence("finished")
        if self.clock.bound >= 0:
            for it in self.waiting():
                self.begin_or_miss(it)
            self.forget()

    def begin_or_miss(self, it: Airing) -> None:
        """Begin it at its downbeat; end it when it can't begin any more."""
        now, u = self.clock.read(self.mono())
        downbeat = max(DOWNBEAT_MS, u)
        if now + u > self.limit(it):
            self.end(it, "missed", self.why_missed(it, now, u))
        elif now >= it.item["start"] + downbeat and not self.reason() and self.clip(it.item["sha256"]).exists():
            late = now - it.item["start"] - downbeat
            begin = it.item["start"] if late < ON_TIME_MS else now
            if why := self.unfit(it.item, begin):
                self.end(it, "refused", why)
            elif self.outranks(it):
                self.begin(it, begin)
            else:
                self.busy.add(it.item["airing"])

    def why_missed(self, it: Airing, now: int, u: int) -> str:
        """The first of the reasons that holds."""
        late = self.mono() - (now - self.limit(it))  # the moment when it became too late
        if self.reason():
            return self.reason()
        if late < self.booted:
            return "off"
        if late < self.trusted or it.item["grace"] < 2 * u:
            return "clock"
        if it.item["airing"] in self.busy:
            return "busy"
        return "late" if self.clip(it.item["sha256"]).exists() else "clip"

    def begin(self, it: Airing, start: int) -> None:
        """The horn is its own, once."""
        if self.sounding:
            self.silence("cut", "emergency")
        self.spend(it)
        self.horn(it, gain=self.gain(it.item, start))
        self.sounding, self.silent_at = it, self.mono() + it.item["duration"]
        self.record(it, "started")

    def spend(self, it: Airing) -> None:
        """On disk before the first sample: whatever happens now, it never begins again."""
        it.state = "sounding"
        self.save()

    def silence(self, state: str, why: str = "") -> None:
        """The sound is over, by itself or by force."""
        it, self.sounding = self.sounding, None
        if it:
            self.horn(it, end="whole" if state == "finished" else "silenced")
            self.end(it, state, why)

    def horn(self, it: Airing, end: str | None = None, gain: int | None = None) -> None:
        """Switch the amplifier: on with this gain, or off (`end`)."""
        raise NotImplementedError

    # §11 What it says of it, and custody

    def end(self, it: Airing, state: str, why: str = "") -> None:
        """It ends, for good; its tombstone stays for a day."""
        item, now = it.item, self.clock.read(self.mono())[0]
        it.state = "ended"
        it.keep = DAY_MS + max(now, item["start"] + item["grace"] + item["duration"], 0 if it.by_plan else item["exp"])
        self.busy.discard(item["airing"])
        self.record(it, state, why)

    def record(self, it: Airing, state: str, why: str = "") -> None:
        """One more receipt, to be said once it is on disk. Without the time: at the last moment we know of it."""
        at = self.clock.read(self.mono())[0] or it.word.get("at", 0)
        it.word = {"airing": it.item["airing"], "rev": it.item["rev"], "state": state, "at": at, "why": why}
        it.word |= {"evidence": "not_measured"} if state == "finished" else {}
        self.add_receipt(it.word)

    def add_receipt(self, word: Json) -> None:
        """Numbered without a gap."""
        self.memory.seq += 1
        self.memory.receipts.append({"seq": self.memory.seq} | word)
        self.dirty = True

    def repeat(self, it: Airing) -> None:
        """Offered again, though we know it: perhaps our newest word was lost. Said anew once a connection, if all was covered."""
        name = it.item["airing"]
        if name not in self.repeated and all(receipt["airing"] != name for receipt in self.memory.receipts):
            self.repeated.add(name)
            self.add_receipt(it.word)

    def cover(self, upto: int) -> None:
        """The controller has these: only now may they be forgotten. More than was ever said is nobody's word to cover."""
        if self.memory.upto < upto <= self.memory.seq:
            self.memory.receipts = [receipt for receipt in self.memory.receipts if receipt["seq"] > upto]
            self.memory.upto, self.dirty = upto, True

    def has_room(self, more: int) -> bool:
        """For every word that what waits, and so much more, can make us say."""
        return len(self.memory.receipts) + WORDS_OF_ONE * (len(self.waiting()) + more) <= RECEIPT_ROOM

    def forget(self) -> None:
        """Tombstones past their day, and files that nothing names any more."""
        now, _ = self.clock.read(self.mono())
        old = [name for name, it in self.memory.airings.items() if it.state == "ended" and it.keep < now]
        for name in old:
            del self.memory.airings[name]
            self.dirty = True
        named = [it.item for it in self.memory.airings.values()] + self.memory.config["hold"] + [self.memory.plan]
        for file in (self.home / "clips").iterdir() if old else ():
            if all(one.get("sha256") not in (file.name, file.stem) for one in named):
                file.unlink()

    def save(self) -> None:
        """To disk, whole or not at all."""
        self.memory.save(self.home / "memory.json")
        self.dirty = False

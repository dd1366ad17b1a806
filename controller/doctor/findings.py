"""What is seen, and what it means. Pure: the probes look (`doctor.probes`), this judges, the command line says it.

Each thing that is seen becomes findings with a code; what it means and what to do about it is told in sentences by that
code (`cli.doctor_sentences`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

DAY_MS = 86_400_000

EXPIRES_SOON_MS = 60 * DAY_MS
"""Two months: the time that a commune takes to find the person who has the root key."""

BEHIND_MS = 2_000
"""A clock that NTP is just correcting steps by less; what was committed further ahead was so by another clock."""

FAR_AHEAD_MS = 400 * DAY_MS
"""Nothing happened for over a year: then the clock is wrong rather than the station asleep."""

LEAST_FREE = 2_000_000_000
"""Bytes: the longest upload (300 MB), preparing it, and a month of a commune's rows."""

NONE_FREE = 200_000_000
"""Bytes: below it the next upload is refused."""

LEAST_INODES = 10_000
"""Each sound is a file."""


class Verdict(StrEnum):
    """How bad it is: nothing; nothing fails today; something does, or soon will."""

    OK = "ok"
    ADVICE = "advice"
    TROUBLE = "trouble"


class Area(StrEnum):
    """What was looked at, in the order in which it is told: each stands on those before it."""

    SETTINGS = "settings"
    DISK = "disk"
    CLOCK = "clock"
    KEYS = "keys"
    DATABASE = "database"
    BROKER = "broker"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One judgement. `fields` are what its sentences need."""

    area: Area
    verdict: Verdict
    code: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSeen:
    """What the settings say: do others reach the page, the broker, and by which address do loudspeakers fetch?"""

    listens_wide: bool
    broker_elsewhere: bool
    broker_in_the_clear: bool
    base_is_loopback: bool
    demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSeen:
    """The home's disk; `trouble` is why nothing could be written and synced there. None: there is no home yet."""

    free: int
    inodes: int | None
    trouble: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySeen:
    """One signing key."""

    kid: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysSeen:
    """The keys; `refused` is the code (and the fields) with which a controller would not start."""

    keys: Sequence[KeySeen]
    root_here: bool
    refused: tuple[str, Mapping[str, object]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSeen:
    """The database; `trouble` is (step, reason): "away", "damaged", "read-only" or "locked". None: there is none yet.

    `newest_sound`: the name of the sound that was prepared last.
    """

    revision: str | None
    known: Sequence[str]
    nodes: int
    newest_ms: int | None
    trouble: tuple[str, str] | None
    newest_sound: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSeen:
    """The broker; `trouble` is why the link did not come up, `echo_ms` how long our own word took, None if it never came."""

    address: str
    trouble: str | None
    echo_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSeen:
    """The server of this home: does one hold its lock, and what does /healthz answer (an HTTP status, 0: nothing)?

    With a second controller: does it act, or who does (`place`, empty: nobody), since when.
    """

    runs: bool
    url: str
    status: int
    acts: bool = True
    place: str = ""
    since_ms: int = 0


def judge_settings(seen: SettingsSeen) -> Iterator[Finding]:
    """Are the settings fit for a station that others reach?"""
    found = False
    for is_so, code in (
        (seen.base_is_loopback and (seen.broker_elsewhere or seen.listens_wide), "settings.base-url"),
        (seen.broker_elsewhere and seen.broker_in_the_clear, "settings.no-tls"),
        (seen.demo, "settings.demo"),
    ):
        if is_so:
            found = True
            yield Finding(area=Area.SETTINGS, verdict=Verdict.ADVICE, code=code)
    if not found:
        yield _ok(Area.SETTINGS)


def judge_disk(seen: DiskSeen | None) -> Iterator[Finding]:
    """Is there room, and is what was written really there?"""
    if seen is None:
        yield Finding(area=Area.DISK, verdict=Verdict.ADVICE, code="disk.no-home")
        return
    free = {"free_mb": seen.free // 1_000_000}
    if seen.trouble is not None:
        yield Finding(area=Area.DISK, verdict=Verdict.TROUBLE, code="disk.unwritable", fields={"reason": seen.trouble})
    elif seen.free < LEAST_FREE:
        verdict = Verdict.TROUBLE if seen.free < NONE_FREE else Verdict.ADVICE
        yield Finding(area=Area.DISK, verdict=verdict, code="disk.little-room", fields=free)
    elif seen.inodes is not None and seen.inodes < LEAST_INODES:
        yield Finding(area=Area.DISK, verdict=Verdict.ADVICE, code="disk.few-inodes", fields={"number": seen.inodes})
    else:
        yield _ok(Area.DISK, **free)


def judge_sounds(folder: str, *, newest_is_there: bool) -> Iterator[Finding]:
    """Are the sounds where we look for them? Of two controllers, both must."""
    if not newest_is_there:
        yield Finding(area=Area.DISK, verdict=Verdict.TROUBLE, code="disk.sound-missing", fields={"folder": folder})


def judge_clock(now_ms: int, newest_ms: int | None) -> Iterator[Finding]:
    """Is our clock where the database's newest row says that it was?"""
    fields = {"now_ms": now_ms, "newest_ms": newest_ms}
    if newest_ms is not None and now_ms < newest_ms - BEHIND_MS:
        yield Finding(area=Area.CLOCK, verdict=Verdict.TROUBLE, code="clock.behind", fields=fields)
    elif newest_ms is not None and now_ms > newest_ms + FAR_AHEAD_MS:
        yield Finding(area=Area.CLOCK, verdict=Verdict.ADVICE, code="clock.ahead", fields=fields)
    else:
        yield _ok(Area.CLOCK, now_ms=now_ms)


def judge_keys(seen: KeysSeen | None, now_ms: int, knows_nodes: bool) -> Iterator[Finding]:
    """Could a controller start with these keys, for how long, and who else has them?"""
    if seen is None:
        verdict = Verdict.TROUBLE if knows_nodes else Verdict.ADVICE
        yield Finding(area=Area.KEYS, verdict=verdict, code="keys.lost" if knows_nodes else "keys.not-yet")
        return
    if seen.refused is not None:
        code, fields = seen.refused
        yield Finding(area=Area.KEYS, verdict=Verdict.TROUBLE, code=code, fields=fields)
        return
    aging = [key for key in seen.keys if key.expires_ms < now_ms + EXPIRES_SOON_MS]
    for key in aging:
        over = key.expires_ms <= now_ms
        days = abs(key.expires_ms - now_ms) // DAY_MS
        yield Finding(
            area=Area.KEYS,
            verdict=Verdict.TROUBLE if over else Verdict.ADVICE,
            code="keys.expired" if over else "keys.expires-soon",
            fields={"kid": key.kid, "days": days},
        )
    if seen.root_here:
        yield Finding(area=Area.KEYS, verdict=Verdict.ADVICE, code="keys.root-here")
    if not aging and not seen.root_here:
        yield _ok(Area.KEYS)


def judge_database(seen: DatabaseSeen | None) -> Iterator[Finding]:
    """Does the database answer, whole and writable, and does this program know its tables?"""
    if seen is None or (seen.revision is None and seen.trouble is None):
        yield Finding(area=Area.DATABASE, verdict=Verdict.ADVICE, code="database.not-yet")
    elif seen.trouble is not None:
        step, reason = seen.trouble
        verdict = Verdict.ADVICE if step == "locked" else Verdict.TROUBLE
        yield Finding(area=Area.DATABASE, verdict=verdict, code=f"database.{step}", fields={"reason": reason})
    elif seen.revision not in seen.known:
        yield Finding(area=Area.DATABASE, verdict=Verdict.TROUBLE, code="database.newer", fields={"revision": seen.revision})
    elif seen.revision != seen.known[0]:
        yield Finding(area=Area.DATABASE, verdict=Verdict.ADVICE, code="database.older")
    else:
        yield _ok(Area.DATABASE, nodes=seen.nodes)


def judge_broker(seen: BrokerSeen | None) -> Iterator[Finding]:
    """Does the broker carry our word there and back? None: it is our own, and starts with the server."""
    if seen is None:
        yield Finding(area=Area.BROKER, verdict=Verdict.OK, code="broker.own")
    elif seen.trouble is not None:
        fields = {"address": seen.address, "reason": seen.trouble}
        yield Finding(area=Area.BROKER, verdict=Verdict.TROUBLE, code="broker.away", fields=fields)
    elif seen.echo_ms is None:
        yield Finding(area=Area.BROKER, verdict=Verdict.TROUBLE, code="broker.mute", fields={"address": seen.address})
    else:
        yield _ok(Area.BROKER, address=seen.address, ms=seen.echo_ms)


def judge_server(seen: ServerSeen) -> Iterator[Finding]:
    """Does the server that runs here answer, and who acts?"""
    if not seen.runs:
        yield Finding(area=Area.SERVER, verdict=Verdict.OK, code="server.none")
    elif seen.status != 200:
        fields = {"url": seen.url, "status": seen.status}
        yield Finding(area=Area.SERVER, verdict=Verdict.TROUBLE, code="server.silent", fields=fields)
    elif seen.acts:
        yield _ok(Area.SERVER, url=seen.url, since_ms=seen.since_ms)
    elif seen.place:
        told: dict[str, object] = {"url": seen.url, "place": seen.place, "since_ms": seen.since_ms}
        yield Finding(area=Area.SERVER, verdict=Verdict.OK, code="server.standby", fields=told)
    else:
        yield Finding(area=Area.SERVER, verdict=Verdict.TROUBLE, code="server.nobody", fields={"url": seen.url})


def in_trouble(findings: Sequence[Finding]) -> bool:
    """Is anything in trouble?"""
    return any(finding.verdict is Verdict.TROUBLE for finding in findings)


def _ok(area: Area, **fields: object) -> Finding:
    return Finding(area=area, verdict=Verdict.OK, code=f"{area}.ok", fields=fields)

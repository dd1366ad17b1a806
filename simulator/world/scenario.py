"""A scenario: a TOML file that says what a world is like, read into frozen settings. Total: settings, or ScenarioError.

What a file leaves out has the default below; what it misspells is an error. `docs/mo-phong.md` explains each line.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from scheduler.clock import to_ms

MAX_BYTES = 64_000
"""A scenario is a page; nothing longer is read."""

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000

Share = Annotated[float, Meta(ge=0, le=1)]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
Seconds = Annotated[int, Meta(ge=1, le=30 * 86_400)]
Period = Annotated[tuple[Seconds, ...], Meta(min_length=2, max_length=2)]
"""(shortest, longest), both ends possible."""


class ScenarioError(Exception):
    """A file that is no scenario. `code` is stable: scenario.unreadable, .syntax, .field, .period, .hours, .room.

    `detail` says where, in the file's own words.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Frozen, keyword-only, and a misspelt name is an error."""


class Places(_Table, frozen=True, kw_only=True):
    """How the nodes stand in the tree: as in Tam Giang, where 102 stand in 34 villages."""

    nodes_a_village: Annotated[int, Meta(ge=1, le=50)] = 3
    villages_a_commune: Annotated[int, Meta(ge=1, le=100)] = 10


class Programme(_Table, frozen=True, kw_only=True):
    """What is said: `slots` each day to everybody, and bulletins that a commune approves so long before they start."""

    slots: Annotated[tuple[Clock, ...], Meta(max_length=24)] = ("05:00", "11:30", "17:00", "17:30")
    bulletins_a_day: Annotated[int, Meta(ge=0, le=24)] = 4
    approved_s: Period = (6 * 3600, 24 * 3600)
    duration_s: Period = (20, 90)
    grace_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    kbit_s: Annotated[int, Meta(ge=1, le=512)] = 24


class Policy(_Table, frozen=True, kw_only=True):
    """Local hours in which the nodes' configs let them sound; none: always."""

    hours: Annotated[tuple[Annotated[tuple[Clock, ...], Meta(min_length=2, max_length=2)], ...], Meta(max_length=10)] = (
        ("04:45", "21:00"),
    )


class Weather(_Table, frozen=True, kw_only=True):
    """What befalls a node. `outage`, `long`, `power_off`: how long, in s; the shares are of time, of outages, and of nodes."""

    downtime: Annotated[float, Meta(ge=0, le=0.9)] = 0.1
    outage_s: Period = (60, 6 * 3600)
    long_share: Share = 0.01
    long_s: Period = (24 * 3600, 72 * 3600)
    power_cuts_a_month: Annotated[float, Meta(ge=0, le=3000)] = 1.0
    power_off_s: Period = (60, 4 * 3600)
    drift_ppm: Annotated[int, Meta(ge=0, le=500)] = 50
    without_rtc: Share = 0.3
    full_disks: Share = 0.01
    full_disk_s: Period = (6 * 3600, 48 * 3600)


class Link(_Table, frozen=True, kw_only=True):
    """A node's line: round trip in ms, each a little longer by chance, and bytes a second of a download."""

    round_trip_ms: Annotated[int, Meta(ge=2, le=2000)] = 28
    jitter_ms: Annotated[int, Meta(ge=0, le=2000)] = 6
    bytes_s: Annotated[int, Meta(ge=100, le=100_000_000)] = 100_000


class Scenario(_Table, frozen=True, kw_only=True):
    """A whole world. `begin` is local midnight of its first day; `on_time` is the bar its run is held to."""

    begin: datetime = datetime.fromisoformat("2026-03-02T00:00:00+07:00")
    days: Annotated[int, Meta(ge=1, le=400)] = 7
    nodes: Annotated[int, Meta(ge=1, le=20_000)] = 500
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 1
    on_time: Share = 0.9999
    health_s: Annotated[int, Meta(ge=10, le=3600)] = 3600
    places: Places = Places()
    programme: Programme = Programme()
    policy: Policy = Policy()
    weather: Weather = Weather()
    link: Link = Link()

    @property
    def begin_ms(self) -> int:
        """UTC ms of its first moment."""
        return to_ms(self.begin)

    @property
    def eve_ms(self) -> int:
        """UTC ms at which its nodes were switched on: in calm weather, so long before that each knows its crystal."""
        return self.begin_ms - 4 * HOUR_MS

    @property
    def end_ms(self) -> int:
        """UTC ms of its last."""
        return self.begin_ms + self.days * DAY_MS

    @property
    def villages(self) -> int:
        """How many villages its nodes stand in."""
        return -(-self.nodes // self.places.nodes_a_village)

    @property
    def communes(self) -> int:
        """How many communes those villages make."""
        return -(-self.villages // self.places.villages_a_commune)


def read(path: Path) -> Scenario:
    """The scenario in a file; ScenarioError if there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ScenarioError("scenario.unreadable", error.strerror or "") from None
    if len(data) > MAX_BYTES:
        raise ScenarioError("scenario.unreadable", f"> {MAX_BYTES} bytes")
    return parse(data)


def parse(data: bytes) -> Scenario:
    """The scenario in these bytes; ScenarioError if there is none."""
    try:
        tables = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise ScenarioError("scenario.syntax", str(error)) from None
    try:
        scenario = msgspec.convert(tables, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError("scenario.field", str(error)) from None
    _check(scenario)
    return scenario


def minute_of(clock: str) -> int:
    """The minute of the day of "HH:MM"."""
    return int(clock[:2]) * 60 + int(clock[3:])


def _check(scenario: Scenario) -> None:
    if scenario.begin.tzinfo is None:
        raise ScenarioError("scenario.field", "a moment with its offset - at `$.begin`")
    programme, weather = scenario.programme, scenario.weather
    periods = {
        "programme.approved_s": programme.approved_s,
        "programme.duration_s": programme.duration_s,
        "weather.outage_s": weather.outage_s,
        "weather.long_s": weather.long_s,
        "weather.power_off_s": weather.power_off_s,
        "weather.full_disk_s": weather.full_disk_s,
    }
    for name, (low, high) in periods.items():
        if low > high:
            raise ScenarioError("scenario.period", f"{name}: {low} > {high}")
    if any(minute_of(opens) >= minute_of(closes) for opens, closes in scenario.policy.hours):
        raise ScenarioError("scenario.hours", "policy.hours")
    if max(programme.duration_s) > ROOM_S:
        raise ScenarioError("scenario.room", f"programme.duration_s > {ROOM_S}")


ROOM_S = 600
"""A sound and its grace fit into the quarter of an hour that the almanac gives each."""

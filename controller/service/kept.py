"""What is kept of people's wishes and limits until they are planned: values, and the stores that keep them, as shapes.

Programmes   recurring slots, each with its version: of two who edit one, the second is told
Policies     what a unit allows, how far ahead it is planned, which special places it stands beside
Requests     one bulletin to be said at a time
Cuts         airings that an emergency cut, until it was decided what becomes of them
Replans      the units whose villages must be planned anew: written in the commit of whatever caused it
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct

from controller.domain.airing import DEFAULT_GRACE_MS, Klass
from controller.service.consent import Consent
from scheduler.limits import Policy
from scheduler.programme import Programme
from scheduler.wishes import Begin, Over

HORIZON_H = 48
"""Two days ahead: the longest usual outage in the hills, with a night to spare."""


class KeptProgramme(Struct, frozen=True, kw_only=True):
    """A programme, and who made it what it is. `ended_ms` None: it is living. People are kept by name."""

    programme: Programme
    version: int
    created_ms: int
    created_by: str
    changed_ms: int
    changed_by: str
    ended_ms: int | None = None


class Ruling(Struct, frozen=True, kw_only=True):
    """What a unit decided: its limits, the hours ahead for which its villages are planned, the special places it is beside.

    `places` are names in `scheduler.special`. `consent`: what may be said without a yes; None: all that people may say.
    """

    policy: Policy = Policy()
    horizon_h: int = HORIZON_H
    places: tuple[str, ...] = ()
    consent: Consent | None = None


class KeptPolicy(Struct, frozen=True, kw_only=True):
    """A unit's ruling, and who made it what it is. Version 0: nobody did."""

    unit: str
    ruling: Ruling = Ruling()
    version: int = 0
    changed_ms: int = 0
    changed_by: str = ""


class Request(Struct, frozen=True, kw_only=True):
    """One bulletin, to be said at `start_ms` (UTC) for `units`, by the word of `owner`; how, is said as in a programme's Segment.

    `rank_order`: what the commune decided where two priority items meet; the lower goes first. `gain` in 0.1 dB. What goes on
    behind an emergency (`after`) has the rest of a sound, or the whole of it, as its own `clip`.
    """

    id: str
    bulletin: str
    owner: str
    units: tuple[str, ...]
    start_ms: int
    begin: Begin = Begin.EXACT
    wait_ms: int = 0
    over: Over = Over.CUT
    finish_ms: int = 0
    klass: Klass = Klass.NORMAL
    level: int
    rank_order: int = 0
    gain: int = 0
    grace_ms: int = DEFAULT_GRACE_MS
    created_ms: int
    created_by: str
    cancelled_ms: int | None = None
    clip: str | None = None
    after: str | None = None


class Cut(Struct, frozen=True, kw_only=True):
    """Airings by id: the emergency, and what it cut or kept from its time."""

    emergency: str
    airing: str


class Programmes(Protocol):
    """Recurring slots."""

    def get(self, programme: str) -> KeptProgramme | None: ...
    def living(self) -> list[KeptProgramme]: ...
    def put(self, kept: KeptProgramme) -> None: ...


class Policies(Protocol):
    """What units allow, by unit."""

    def all(self) -> dict[str, KeptPolicy]: ...
    def put(self, kept: KeptPolicy) -> None: ...
    def remove(self, unit: str) -> None: ...


class Requests(Protocol):
    """Single bulletins at a time."""

    def add(self, request: Request) -> None: ...
    def get(self, request: str) -> Request | None: ...
    def cancel(self, request: str, now_ms: int) -> None: ...
    def order(self, request: str, rank_order: int) -> None: ...
    def bring_forward(self, after: str, by_ms: int) -> None: ...
    def between(self, from_ms: int, until_ms: int) -> list[Request]: ...


class Cuts(Protocol):
    """What emergencies cut, until it was decided what becomes of it."""

    def add(self, cut: Cut) -> None: ...
    def waiting(self) -> list[Cut]: ...
    def clear(self, cut: Cut) -> None: ...


class Replans(Protocol):
    """Units whose villages must be planned anew, and since when."""

    def mark(self, units: Collection[str], now_ms: int) -> None: ...
    def waiting(self) -> list[tuple[str, int]]: ...
    def clear(self, pairs: Collection[tuple[str, int]]) -> None: ...

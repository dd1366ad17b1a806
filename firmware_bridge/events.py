"""What happens to a loudspeaker (events) and what it decides to do (effects). The engine turns one into the other.

Moments in events and effects are the node's own monotonic clock in whole ms, unless a name says UTC. Whoever drives the
engine (`agent` with a real board, `simulator.fleet` with sockets, `simulator.world` in virtual time) performs effects in
the order given, and one promise makes the laws hold: **every Keep is durable before any effect after it is performed.**
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

# ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Booted(Struct, frozen=True, kw_only=True, gc=False):
    """Power came. The RTC's word, if the board has one: UTC ms and its error bound in ms."""

    rtc_ms: int | None = None
    rtc_u_ms: int = 0


class Connected(Struct, frozen=True, kw_only=True, gc=False):
    """The broker accepted us: a clean session, nothing subscribed yet."""


class Disconnected(Struct, frozen=True, kw_only=True, gc=False):
    """The link to the broker is gone."""


class Arrived(Struct, frozen=True, kw_only=True, gc=False):
    """A message came from the broker; nothing about it is believed yet."""

    topic: str
    payload: bytes


class Fetched(Struct, frozen=True, kw_only=True, gc=False):
    """What `Fetch` asked for is whole, its hash is right, and it is on disk (a clip) or here (`data`, a plan's body)."""

    sha256: str
    data: bytes | None = None


class FetchFailed(Struct, frozen=True, kw_only=True, gc=False):
    """A fetch came to nothing; no part of it is left. `why` is "link", "status", "size", "hash", or "disk"."""

    sha256: str
    why: str


class SoundStarted(Struct, frozen=True, kw_only=True, gc=False):
    """The first sample of an airing left for the horn."""

    airing: str


class SoundEnded(Struct, frozen=True, kw_only=True, gc=False):
    """The last sample left. `whole`: not broken off by the player itself. `heard`: the board's word; None is not measured."""

    airing: str
    whole: bool = True
    heard: bool | None = None


class Woke(Struct, frozen=True, kw_only=True, gc=False):
    """The moment that `Engine.wake_ms` named has come (or any other: waking too often does no harm)."""


Event = Booted | Connected | Disconnected | Arrived | Fetched | FetchFailed | SoundStarted | SoundEnded | Woke


# ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Keep(Struct, frozen=True, kw_only=True, gc=False):
    """Write one record of the node's memory, durably; `value` None erases it."""

    key: str
    value: bytes | None


class Subscribe(Struct, frozen=True, kw_only=True, gc=False):
    """Listen to these topics (QoS 1) and no longer to those."""

    topics: tuple[str, ...]
    drop: tuple[str, ...] = ()


class Publish(Struct, frozen=True, kw_only=True, gc=False):
    """Say something sealed (QoS 1). Lost is lost: what must arrive is said again until a sealed word covers it."""

    topic: str
    payload: bytes


class Fetch(Struct, frozen=True, kw_only=True, gc=False):
    """Get `base + "/" + sha256` over HTTP from the first of `bases` that serves it: no redirects, stop past `size` bytes."""

    sha256: str
    size: int
    bases: tuple[str, ...]
    what: Literal["clip", "plan"]


class DropClip(Struct, frozen=True, kw_only=True, gc=False):
    """Delete a clip that nothing needs any more."""

    sha256: str


class Play(Struct, frozen=True, kw_only=True, gc=False):
    """Amplifier on, sound this clip from `at_ms` (monotonic; now if past) with `gain` (0.1 dB), silence after `duration_ms`."""

    airing: str
    sha256: str
    at_ms: int
    duration_ms: int
    gain: int


class Silence(Struct, frozen=True, kw_only=True, gc=False):
    """Stop sounding this airing now; amplifier off."""

    airing: str


class Alarm(Struct, frozen=True, kw_only=True, gc=False):
    """Something a technician should know: a stable code for the local log."""

    code: str


Effect = Keep | Subscribe | Publish | Fetch | DropClip | Play | Silence | Alarm

"""Following what the server does with a bulletin and its airing: by its events, and by asking when the stream breaks."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from controller.cli.api import Api, ServerAway
from controller.cli.ledger import Ledger, ledger_of
from scheduler.clock import Clock

_PAUSE_S = 1.0
"""Between questions while the stream is away: quick beside a broadcast, nothing beside what the server bears."""

_PATIENCE_MS = 60_000
"""A server that restarts is back within seconds; one that stays away for a minute is not waited for."""


_QUIET_S = 45.0
"""The server says at least a comment every 15 s; three of them missed, and the stream is dead."""

_STREAM_WORTH_S = 20.0
"""With less time left we ask instead: only a word on the stream (a comment each 15 s) lets us look at the clock."""


class Bulletin(msgspec.Struct, frozen=True, kw_only=True):
    """What the API says of a bulletin; what is not used here is not read."""

    id: str
    preparing: bool
    progress: float
    airing: str | None = None
    error: dict[str, object] | None = None


class Deadline:
    """A moment on the monotonic clock; none when `seconds` is None."""

    def __init__(self, clock: Clock, seconds: float | None) -> None:
        self._clock = clock
        self._end_ms = None if seconds is None else clock.monotonic_ms() + int(seconds * 1000)

    @property
    def is_over(self) -> bool:
        """Has it passed?"""
        return self._end_ms is not None and self._clock.monotonic_ms() >= self._end_ms

    def left_s(self, at_most_s: float) -> float:
        """Seconds until it, but no more than `at_most_s`."""
        if self._end_ms is None:
            return at_most_s
        return min(at_most_s, max(0.0, (self._end_ms - self._clock.monotonic_ms()) / 1000))


class Watch:
    """Follows one thing at a time. `on_away` is called once whenever the server stops answering."""

    def __init__(self, api: Api, clock: Clock, deadline: Deadline, on_away: Callable[[], None]) -> None:
        self._api = api
        self._clock = clock
        self._deadline = deadline
        self._on_away = on_away
        self._away_since_ms: int | None = None

    def bulletin(self, bulletin_id: str, on_progress: Callable[[float], None]) -> Bulletin:
        """Wait until its sound is prepared; the bulletin, with its airing or its error (or still preparing: time is over)."""
        while True:
            try:
                said = msgspec.convert(self._api.get(f"/bulletins/{bulletin_id}"), type=Bulletin)
                self._away_since_ms = None
            except ServerAway as error:
                self._be_patient(error)
            else:
                on_progress(said.progress)
                if not said.preparing or self._deadline.is_over:
                    return said
            time.sleep(_PAUSE_S / 4)

    def airing(self, airing_id: str, on_change: Callable[[Ledger], None]) -> Ledger:
        """Wait until every delivery has an end, or time is over; the ledger as it last stood."""
        while True:
            try:
                # Asked for first: so an airing that is over, or a stream that never speaks, tells what there is.
                ledger = ledger_of(self._api.get_bytes(f"/airings/{airing_id}"))
                self._away_since_ms = None
                on_change(ledger)
                if ledger.airing.ended or self._deadline.is_over:
                    return ledger
                if self._deadline.left_s(_QUIET_S) >= _STREAM_WORTH_S:
                    ledger = self._listen(ledger, on_change)
                    if ledger.airing.ended:
                        return ledger
            except ServerAway as error:
                self._be_patient(error)
            if not self._deadline.is_over:
                time.sleep(_PAUSE_S)

    def _listen(self, ledger: Ledger, on_change: Callable[[Ledger], None]) -> Ledger:
        """Follow the stream until it, the airing or our time ends; the ledger as it then stands."""
        path = f"/airings/{ledger.airing.id}/events"
        with self._api.events(path, self._deadline.left_s(_QUIET_S)) as events:
            for event in events:
                if event.name == "ledger":
                    ledger = ledger_of(event.data.encode())
                elif event.name == "change":
                    ledger.change(event.data)
                on_change(ledger)
                if ledger.airing.ended or self._deadline.left_s(_QUIET_S) < _STREAM_WORTH_S:
                    break
        return ledger

    def _be_patient(self, error: ServerAway) -> None:
        now_ms = self._clock.monotonic_ms()
        if self._away_since_ms is None:
            self._away_since_ms = now_ms
            self._on_away()
        if self._deadline.is_over or now_ms - self._away_since_ms >= _PATIENCE_MS:
            raise error

"""The bench with a witness: at each Play it asks whether somebody may have wanted this sound, now, here, so loud.

It reads what lies on the node's disk and what was sealed on the bench, and judges second by second; it uses nothing of the
engine's own judgement but its clock.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from controller.domain.airing import Klass
from controller.protocol import messages as m
from controller.protocol.codec import decode
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import NODE, Harness

M = TypeVar("M", bound=msgspec.Struct)

ENDS = {"finished", "refused", "failed", "missed", "cut", "cancelled"}
NO_RECORD = {"full", "trust", "expired", "future"}
"""Refusals that leave none: the true order may still come."""

LEAD_IN_MS = 100
SECOND = 1_000
SPEAKS = {"k-order": {"tinh", "xa", "xom", "xom-2", NODE}, "k-village": {"xom", NODE}}
SPEAKS["k-emergency"] = SPEAKS["k-order"]


class Watched(Harness):
    """A Harness that remembers every wish to sound, and holds each Play against them."""

    __slots__ = ("wishes",)

    def __post_init__(self) -> None:
        self.wishes: list[tuple[str, m.Order | m.PlanItem]] = []
        super().__post_init__()

    def seal(self, kid: str, message: msgspec.Struct, typ: str | None = None) -> bytes:
        if isinstance(message, m.Order):
            self.wishes.append((kid, message))
        return super().seal(kid, message, typ)

    def plan(self, *items: m.PlanItem, kid: str = "k-plan", fetched: bool = True, **more: Any) -> list[ev.Effect]:
        self.wishes += [(kid, item) for item in items]
        return super().plan(*items, kid=kid, fetched=fetched, **more)

    def _perform(self, effect: ev.Effect) -> None:
        if isinstance(effect, ev.Play):
            self._witness(effect)
        super()._perform(effect)

    def _witness(self, play: ev.Play) -> None:
        clock = self.engine.clock
        assert clock.is_trusted, "sounds without knowing the time"
        assert self.engine.playing == play.airing, "sounds without the horn"
        begins, u = clock.utc(self.now) + max(0, play.at_ms - self.now), clock.error(self.now)
        wanted = [(kid, item) for kid, item in self.wishes if self._is_wanted(kid, item, play)]
        assert wanted, "sounds what no key that holds had wanted"
        assert any(_is_within(item, begins, u) for _, item in wanted), "sounds outside its window by its own clock"
        assert play.gain <= max(item.gain for _, item in wanted), "sounds louder than was wanted"
        self._is_allowed(play, begins, u, is_urgent=any(item.klass is Klass.EMERGENCY for _, item in wanted))
        assert not list(self._ends(play.airing)), "sounds after its end"

    def _is_wanted(self, kid: str, item: m.Order | m.PlanItem, play: ev.Play) -> bool:
        """May this key, by the trust on disk, have wanted this sound?"""
        if (item.airing, item.sha256, item.duration) != (play.airing, play.sha256, play.duration_ms):
            return False
        trust = self._held("trust", m.Trust)
        if kid in trust.revoked or kid not in {key.kid for key in trust.keys}:
            return False
        if isinstance(item, m.PlanItem):
            return kid == "k-plan" and item.klass is not Klass.EMERGENCY
        return item.aud in SPEAKS.get(kid, ()) and (kid == "k-emergency") is (item.klass is Klass.EMERGENCY)

    def _is_allowed(self, play: ev.Play, begins: int, u: int, *, is_urgent: bool) -> None:
        config, floors = self._held("config", m.Config), decode_floors(self.kept["floors"])
        assert config.version >= floors.config, "sounds by a config below the floor"
        policy = config.policy
        from_ms = begins - max(LEAD_IN_MS, u)  # the wait for the downbeat does not count
        if policy.hours and not is_urgent:
            spans = [(each.from_minute, each.to_minute) for each in policy.hours]
            assert all(_meets(spans, at) for at in _moments(from_ms, play.duration_ms, policy)), "sounds out of hours"
        for ceiling in config.ceilings:
            span = [(ceiling.from_minute, ceiling.to_minute)]
            if any(_meets(span, at) for at in _moments(begins, play.duration_ms, policy)):
                assert play.gain <= ceiling.gain, "sounds above the ceiling"

    def _ends(self, airing: str) -> Iterator[m.Receipt]:
        """The ends that were written of an airing."""
        for effect in self.journal:
            if isinstance(effect, ev.Keep) and effect.key.startswith("receipt/") and effect.value is not None:
                receipt = msgspec.json.decode(effect.value, type=m.Receipt)
                if receipt.airing == airing and receipt.state in ENDS and receipt.why not in NO_RECORD:
                    yield receipt

    def _held(self, key: str, kind: type[M]) -> M:
        """A sealed document as it lies on the disk."""
        part = self.kept[key].split(b".")[1]
        return decode(kind, urlsafe_b64decode(part + b"=" * (-len(part) % 4)))


def decode_floors(value: bytes) -> m.Floors:
    """Floors as they lie on the disk."""
    return msgspec.json.decode(value, type=m.Floors)


def _is_within(item: m.Order | m.PlanItem, begins: int, u: int) -> bool:
    last = item.start + item.grace
    if isinstance(item, m.Order):
        last = min(last, item.exp)
    return item.start <= begins - u and begins + u <= last


def _moments(begins: int, duration: int, policy: m.Policy) -> Iterator[int]:
    """Every second of a sound and its last millisecond, as ms of the local day."""
    for at in [*range(begins, begins + duration, SECOND), begins + duration - 1]:
        yield (at + policy.utc_offset * 60_000) % 86_400_000


def _meets(spans: Sequence[tuple[int, int]], at: int) -> bool:
    return any(opens * 60_000 <= at < closes * 60_000 for opens, closes in spans)

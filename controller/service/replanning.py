"""From the airings that are planned to those that should be: what is added, moved, left and ended. Pure.

An airing is one sound at one moment in some villages. Where villages differ (another policy, a notice of their own), the same
wish becomes several airings. What can stay as it is stays: a loudspeaker that holds it already need not be told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from controller.domain.airing import Airing
from controller.service.ports import Planned
from scheduler.resolve import Timeline


class Sound(Struct, frozen=True, kw_only=True):
    """What should sound, and when: the same in each of its villages."""

    wish: str
    source: str
    sha256: str
    start_ms: int
    duration_ms: int
    klass: str
    level: int
    language: str


@dataclass(slots=True, kw_only=True)
class Changes:
    """What to do. `moved`: airings that take another time; `joined` and `left`: villages of airings that stay."""

    added: dict[Sound, set[str]] = field(default_factory=dict)
    moved: dict[str, Sound] = field(default_factory=dict)
    joined: dict[str, set[str]] = field(default_factory=dict)
    left: dict[str, set[str]] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)

    def villages(self, planned: Iterable[Planned]) -> set[str]:
        """Those whose plan is another one now."""
        here = {each.airing.id: each.here for each in planned}
        found = {village for villages in self.added.values() for village in villages}
        for airing in (*self.moved, *self.ended):
            found |= here[airing]
        for villages in (*self.joined.values(), *self.left.values()):
            found |= villages
        return found


def sounds_of(timelines: Mapping[str, Timeline]) -> dict[Sound, set[str]]:
    """What should sound, with the villages in which it should. A relay has no sound of its own: it is not in a plan."""
    found: dict[Sound, set[str]] = {}
    known: dict[tuple[int, str, int, int], Sound] = {}  # islands, and so parts, are shared between villages
    for village, timeline in timelines.items():
        for slot in timeline.slots:
            if slot.piece.sound is None:
                continue
            key = (id(slot.part), slot.piece.source, slot.start_ms, slot.end_ms)
            sound = known.get(key)
            if sound is None:
                sound = known[key] = Sound(
                    wish=slot.wish,
                    source=slot.piece.source,
                    sha256=slot.piece.sound,
                    start_ms=slot.start_ms,
                    duration_ms=slot.end_ms - slot.start_ms,
                    klass=slot.part.klass,
                    level=slot.part.level,
                    language=slot.piece.language,
                )
            found.setdefault(sound, set()).add(village)
    return found


def sound_of(airing: Airing) -> Sound:
    """What a planned airing sounds."""
    return Sound(
        wish=airing.wish or "",
        source=airing.bulletin,
        sha256=airing.sha256,
        start_ms=airing.start_ms,
        duration_ms=airing.duration_ms,
        klass=airing.klass,
        level=airing.rank,
        language=airing.language,
    )


def changes(wanted: Mapping[Sound, Collection[str]], planned: Collection[Planned]) -> Changes:
    """The fewest words to the loudspeakers that make what is planned what is wanted."""
    result = Changes()
    open_: dict[Sound, set[str]] = {sound: set(villages) for sound, villages in wanted.items()}
    others: list[Planned] = []
    for each in planned:
        villages = open_.pop(sound_of(each.airing), None)
        if villages is None:
            others.append(each)
        else:
            _stay(result, each, villages)
    by_wish: dict[tuple[str, str], list[Sound]] = {}
    for sound in sorted(open_, key=_key):
        by_wish.setdefault((sound.wish, sound.source), []).append(sound)
    for each in others:
        elsewhere = by_wish.get((each.airing.wish or "", each.airing.bulletin), [])
        if elsewhere and not each.elsewhere:
            sound = elsewhere.pop(0)
            result.moved[each.airing.id] = sound
            _stay(result, each, open_.pop(sound))
        elif each.elsewhere:
            if each.here:
                result.left[each.airing.id] = set(each.here)
        else:
            result.ended.append(each.airing.id)
    result.added = open_
    return result


def _stay(result: Changes, each: Planned, villages: set[str]) -> None:
    if joined := villages - each.here:
        result.joined[each.airing.id] = joined
    if left := set(each.here) - villages:
        result.left[each.airing.id] = left


def _key(sound: Sound) -> tuple[int, str, str]:
    return (sound.start_ms, sound.wish, sound.source)

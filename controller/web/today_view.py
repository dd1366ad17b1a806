"""What the first page shows, as values for its templates: what is on air, what is broken, and which place's day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.domain.rights import Actor, Deed, is_within
from controller.service.alarms import AlarmView
from controller.service.covering import Coverage, Silent, VillageCover
from controller.service.reports import Summary
from controller.web import words
from controller.web.alarm_sentences import alarm_sentence
from controller.web.headline import headlines, name_order
from controller.web.sentences import Language
from scheduler.clock import moment

NAMED = 200
"""Villages named on demand: nobody reads further, and the page of loudspeakers has them all."""

_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAir:
    """An airing that sounds, or soon will. `done`: how much of its time is gone, 0 to 1000."""

    id: str
    title: str
    say: str
    klass: str
    is_soon: bool
    is_stopping: bool
    start: datetime
    start_ms: int
    end_ms: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is broken, since when (None: always) and how long that is."""

    text: str
    since: datetime | None
    age: str
    node: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place whose day can be looked at."""

    id: str
    name: str


def on_air(airings: Iterable[Summary], now_ms: int, language: Language) -> list[OnAir]:
    """Each with its answer; what sounds stands before what soon will."""
    shown = [_on_air(each, now_ms, language) for each in airings]
    return sorted(shown, key=lambda each: (each.is_soon, each.start_ms))


def _on_air(said: Summary, now_ms: int, language: Language) -> OnAir:
    airing = said.airing
    gone_ms = min(max(now_ms - airing.start_ms, 0), airing.duration_ms)
    return OnAir(
        id=airing.id,
        title=said.title,
        say=headlines(said, None)[language],
        klass=airing.klass,
        is_soon=now_ms < airing.start_ms,
        is_stopping=airing.cancelled_ms is not None,
        start=moment(airing.start_ms),
        start_ms=airing.start_ms,
        end_ms=airing.start_ms + airing.duration_ms,
        done=gone_ms * 1000 // max(airing.duration_ms, 1),
    )


def alarm_faults(alarms: Iterable[AlarmView], now_ms: int, language: Language) -> list[Fault]:
    """Open alarms, the newest word first as they come; the age is of the first one."""
    return [
        Fault(
            text=alarm_sentence(view, language),
            since=moment(view.alarm.first_ms),
            age=age(now_ms - view.alarm.first_ms, language),
            node=view.alarm.node if view.name else None,
        )
        for view in alarms
    ]


def silent_faults(silent: Iterable[Silent], now_ms: int, language: Language) -> list[Fault]:
    """Loudspeakers of which nothing is heard."""
    return [
        Fault(
            text=f"{each.name} ({each.village})",
            since=None if each.seen_ms is None else moment(each.seen_ms),
            age=words.say("never-seen", language) if each.seen_ms is None else age(now_ms - each.seen_ms, language),
            node=each.node,
        )
        for each in silent
    ]


def age(ms: int, language: Language) -> str:
    """How long ago, in one unit, never more than it is: "từ 3 giờ trước"."""
    for key, unit_ms in (("age-days", _DAY_MS), ("age-hours", _HOUR_MS), ("age-minutes", _MINUTE_MS)):
        if ms >= unit_ms:
            return words.say(key, language).format(number=ms // unit_ms)
    return words.say("age-now", language)


def places(coverage: Coverage, by: Actor) -> list[Place]:
    """Whose day may be looked at: each commune that is seen as a whole, and of others the villages. By name."""
    found: dict[str, Place] = {}
    for village in coverage.villages:
        if not village.nodes:
            continue
        place = _above(village) if len(village.path) > 1 and is_within(village.path[:-1], by.reach) else None
        place = place or Place(id=village.village, name=village.name)
        found[place.id] = place
    return sorted(found.values(), key=lambda place: name_order(place.name))


def _above(village: VillageCover) -> Place:
    return Place(id=village.path[-2], name=village.above)


def chosen(offered: Sequence[Place], asked: str) -> Place | None:
    """The one that was asked for, or the first; None where there is none."""
    return next((place for place in offered if place.id == asked), offered[0] if offered else None)


def without(coverage: Coverage) -> list[tuple[str, list[str]]]:
    """The first NAMED villages that can't hear us, by what they stand in, in the order in which people read names."""
    found: dict[str, list[str]] = {}
    for village in sorted(coverage.without, key=lambda each: (name_order(each.above), name_order(each.name)))[:NAMED]:
        found.setdefault(village.above, []).append(village.name)
    return list(found.items())


def faults_first(person: Actor) -> bool:
    """Is it a technician, who comes for what is broken and says nothing?"""
    return person.may_anywhere(Deed.ALARM_CLOSE) and not person.may_anywhere(Deed.BULLETIN_RECEIVE)

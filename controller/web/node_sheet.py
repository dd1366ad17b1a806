"""The page of one loudspeaker, as its template takes it: there or silent, how it is, what it holds, what it played. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.domain.delivery import ENDS, Evidence, State
from controller.protocol.messages import Health
from controller.service.inspection import Inspected, Tried
from controller.service.sightings import Presence
from controller.web.node_alarms import alarm_line
from controller.web.node_telling import (
    DISK_LOW,
    FAIR_DBM,
    GOOD_DBM,
    MAINS_LOST,
    at,
    decimal,
    last_word,
    since,
    span,
    tell,
)
from controller.web.pages import number
from controller.web.sentences import LANGUAGES, Language, why_sentence
from controller.web.words import STATES

SIGNS = {
    "planned": "circle-dashed",
    "published": "send",
    "accepted": "check",
    "cached": "download",
    "started": "volume",
    "finished": "checks",
    "heard": "checks",
    "silent": "volume-off",
    "refused": "ban",
    "failed": "x",
    "missed": "clock-x",
    "cut": "scissors",
    "cancelled": "player-stop",
    "cancelling": "hourglass",
    "unknown": "question-mark",
}
"""The sign of each step, as in ledger.js."""

TEST_SHOWN_MS = 3_600_000
"""A test's result is news for an hour; then it is a line among the others."""

ANSWER_MS = 5_000
"""After the last moment at which a test may sound, its receipt may be so long on its way."""

_TRYING = {
    State.PLANNED: "test-waits",
    State.PUBLISHED: "test-waits",
    State.ACCEPTED: "test-ready",
    State.CACHED: "test-ready",
    State.STARTED: "test-sounds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of a table. `bad`: somebody should look at it."""

    what: str
    said: str
    bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLine:
    """An open alarm."""

    id: int
    said: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became of one airing: `step` names its colour, `sign` its icon."""

    airing: str
    title: str
    time: str
    step: str
    sign: str
    said: str
    why: str
    is_test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole. `busy`: a test is going on, look again soon."""

    presence: str
    headline: str
    last: str
    alarms: tuple[AlarmLine, ...]
    health: tuple[Fact, ...]
    health_at: str
    papers: tuple[Fact, ...]
    past: tuple[Step, ...]
    test: Step | None
    busy: bool


def sheet(seen: Inspected, language: Language) -> Sheet:
    """One loudspeaker in words."""
    status, health, now_ms = seen.status, seen.health, seen.now_ms
    is_silent = status is not None and seen.presence is Presence.SILENT
    headline = {Presence.THERE: "is-there", Presence.NEVER: "never-called"}.get(seen.presence)
    told = tell(language, headline) if headline else since(status.seen_ms if status else 0, now_ms, language)
    return Sheet(
        presence=seen.presence.value,
        headline=told,
        last=last_word(health, bool(status and status.online), language) if is_silent else "",
        alarms=tuple(_alarms(seen, language)),
        health=tuple(_health(health, language)) if health else (),
        health_at=at(health.t, now_ms) if health else "",
        papers=tuple(_papers(seen, language)),
        past=tuple(
            step(each.airing, each.title, at(each.start_ms, now_ms), each.state, each.evidence, each.why, each.is_test, language)
            for each in seen.past
        ),
        test=_test(seen.tried, now_ms, language),
        busy=_is_busy(seen.tried, now_ms),
    )


def step(
    airing: str, title: str, time: str, state: State, evidence: Evidence | None, why: str, is_test: bool, language: Language
) -> Step:
    """A finished one is told by its evidence: heard, measured silent, or not measured."""
    measured = state is State.FINISHED and evidence in (Evidence.HEARD, Evidence.SILENT)
    name = evidence.value if measured and evidence else state.value
    return Step(
        airing=airing,
        title=title,
        time=time,
        step=name,
        sign=SIGNS[name],
        said=STATES[name][LANGUAGES.index(language)],
        why=why_sentence(why, language),
        is_test=is_test,
    )


def _alarms(seen: Inspected, language: Language) -> Iterator[AlarmLine]:
    for view in seen.alarms:
        alarm = view.alarm
        told = [at(alarm.last_ms, seen.now_ms)]
        if alarm.number > 1:
            told.append(tell(language, "alarm-times", number=number(alarm.number, language)))
            told.append(tell(language, "first-at", time=at(alarm.first_ms, seen.now_ms)))
        yield AlarmLine(id=alarm.id, said=alarm_line(alarm, language), told=" · ".join(told))


def _health(health: Health, language: Language) -> Iterator[Fact]:
    """What is measured, in the order in which a technician asks for it; what is not measured is left out."""

    def fact(word: str, said: str, bad: bool = False) -> Fact:
        return Fact(what=tell(language, word), said=said, bad=bad)

    if health.mains is not None:
        lost = health.mains < MAINS_LOST
        volts = f"{decimal(health.mains, language)} V"
        yield fact("mains", f"{volts}, {tell(language, 'mains-none')}" if lost else volts, lost)
    if health.battery is not None:
        yield fact("battery-at", f"{decimal(health.battery, language)} V")
    if health.signal is not None:
        grade = "good" if health.signal > GOOD_DBM else "fair" if health.signal > FAIR_DBM else "weak"
        minus = f"−{-health.signal} dBm"
        yield fact("signal", f"{minus}, {tell(language, f'signal-{grade}')}", grade == "weak")
    if health.temperature is not None:
        yield fact("temperature", f"{decimal(health.temperature, language)} °C", health.temperature > 700)
    if health.disk_free is not None:
        low = health.disk_free < DISK_LOW
        free = f"{number(health.disk_free // 1_000_000, language)} MB"
        yield fact("disk", f"{free}, {tell(language, 'disk-low')}" if low else free, low)
    if health.line is not None:
        yield fact("line", f"{decimal(health.line, language)} dBFS")
    yield from _counts(health, language)


def _counts(health: Health, language: Language) -> Iterator[Fact]:
    if health.playing is not None:
        yield Fact(what=tell(language, "playing"), said=tell(language, "yes"))
    for word, value, worries in (
        ("clips", health.clips, False),
        ("receipts", health.receipts or None, False),
        ("refused", health.refused_seals or None, True),
    ):
        if value is not None:
            yield Fact(what=tell(language, word), said=number(value, language), bad=worries)
    yield Fact(what=tell(language, "uptime"), said=span(health.uptime_s, language))


def _papers(seen: Inspected, language: Language) -> Iterator[Fact]:
    status = seen.status
    if status is None:
        return
    sure = status.clock_u_ms >= 0
    seconds = f"{max(10, status.clock_u_ms) / 1000:.2f}"
    said = tell(language, "clock-sure", seconds=seconds.replace(".", ",") if language == "vi" else seconds)
    if seen.presence is Presence.THERE:  # a will was written before its connection knew the time
        yield Fact(what=tell(language, "clock"), said=said if sure else tell(language, "clock-unsure"), bad=not sure)
    if "plan" not in seen.held:
        yield Fact(what=tell(language, "plan"), said=tell(language, "plan-none"))
    for kind, held in seen.held.items():
        word = "newest" if held.is_newest else "older" if held.held else "lacks"
        yield Fact(what=tell(language, kind), said=tell(language, word), bad=not held.is_newest)


def _is_busy(tried: Tried | None, now_ms: int) -> bool:
    """May its word still change within seconds?"""
    return tried is not None and tried.delivery.state not in ENDS and now_ms < tried.ends_ms + ANSWER_MS


def _test(tried: Tried | None, now_ms: int, language: Language) -> Step | None:
    if tried is None or now_ms - tried.start_ms > TEST_SHOWN_MS:
        return None
    delivery, time = tried.delivery, at(tried.start_ms, now_ms)
    told = step(tried.airing, "", time, delivery.state, delivery.evidence, delivery.why, True, language)
    word = _TRYING.get(delivery.state) if _is_busy(tried, now_ms) else None
    if delivery.state is State.UNKNOWN or (delivery.state not in ENDS and word is None):
        return Step(
            airing=told.airing,
            title="",
            time=time,
            step="unknown",
            sign=SIGNS["unknown"],
            said=tell(language, "test-no-answer"),
            why="",
            is_test=True,
        )
    if word is None:
        return told
    return Step(
        airing=told.airing,
        title="",
        time=time,
        step=told.step,
        sign=told.sign,
        said=tell(language, word),
        why="",
        is_test=True,
    )

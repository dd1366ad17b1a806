"""What befalls a node in a world: when its link and its power are gone, how its clock errs, when its disk is full. Pure.

One node's weather depends on the seed and its own number only, so that more nodes or another programme change nobody's.
Times of failing are drawn as failing is: without memory; lengths of outages evenly by their logarithm, short ones often.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, log

from simulator.world import scenario as sc

Spans = tuple[tuple[int, int], ...]
"""Disjoint [from, to) in UTC ms, in their order."""

DAYS_A_MONTH = 30

RTC_U_MS = 1_000
"""What a board's RTC claims as its error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """One node's weather. `rtc_off_ms`: how far ahead its RTC is; None, it has none."""

    offline: Spans
    unpowered: Spans
    disk_full: Spans
    drift_ppm: int
    rtc_off_ms: int | None


def sky_of(scenario: sc.Scenario, index: int) -> Sky:
    """The weather of node number `index`."""
    weather = scenario.weather
    begin, end = scenario.begin_ms, scenario.end_ms
    lots = {name: random.Random(f"{scenario.seed}/weather/{index}/{name}") for name in ("link", "power", "disk", "clock")}
    clock, disk = lots["clock"], lots["disk"]
    per_ms = weather.power_cuts_a_month / (DAYS_A_MONTH * sc.DAY_MS)
    power = _spans(lots["power"], begin, end, per_ms, lambda lot: _evenly_by_log(lot, weather.power_off_s))
    return Sky(
        offline=_spans(lots["link"], begin, end, _outages_per_ms(weather), lambda lot: _outage_ms(lot, weather)),
        unpowered=power,
        disk_full=_full(disk, weather, begin, end) if disk.random() < weather.full_disks else (),
        drift_ppm=clock.randint(-weather.drift_ppm, weather.drift_ppm),
        rtc_off_ms=None if clock.random() < weather.without_rtc else clock.randint(-RTC_U_MS * 9 // 10, RTC_U_MS * 9 // 10),
    )


def is_clear(spans: Spans, from_ms: int, to_ms: int) -> bool:
    """Does no span touch [from, to]?"""
    at = bisect_right(spans, (to_ms, 2**63))
    return at == 0 or spans[at - 1][1] <= from_ms


def within(spans: Spans, at_ms: int) -> tuple[int, int] | None:
    """The span that holds this moment."""
    at = bisect_right(spans, (at_ms, 2**63))
    return spans[at - 1] if at and spans[at - 1][1] > at_ms else None


def covered_ms(spans: Spans, from_ms: int, to_ms: int) -> int:
    """How much of [from, to] the spans cover."""
    at = max(0, bisect_right(spans, (from_ms, 0)) - 1)
    total = 0
    while at < len(spans) and spans[at][0] < to_ms:
        total += max(0, min(spans[at][1], to_ms) - max(spans[at][0], from_ms))
        at += 1
    return total


def _spans(lot: random.Random, begin: int, end: int, per_ms: float, length_ms: Callable[[random.Random], int]) -> Spans:
    return tuple(_drawn(lot, begin, end, per_ms, length_ms)) if per_ms else ()


def _drawn(
    lot: random.Random, at: int, end: int, per_ms: float, length_ms: Callable[[random.Random], int]
) -> Iterator[tuple[int, int]]:
    while True:
        at += max(1, round(lot.expovariate(per_ms)))
        if at >= end:
            return
        back = at + length_ms(lot)
        yield at, back
        at = back


def _full(lot: random.Random, weather: sc.Weather, begin: int, end: int) -> Spans:
    at = lot.randrange(begin, end)
    return ((at, at + _evenly_by_log(lot, weather.full_disk_s)),)


def _outage_ms(lot: random.Random, weather: sc.Weather) -> int:
    if lot.random() < weather.long_share:
        return lot.randint(weather.long_s[0] * 1000, weather.long_s[1] * 1000)
    return _evenly_by_log(lot, weather.outage_s)


def _outages_per_ms(weather: sc.Weather) -> float:
    """How often a link that is up fails, so that it is down for `downtime` of the time."""
    low, high = weather.outage_s
    usual = (high - low) / log(high / low) if high > low else low
    mean_ms = 1000 * ((1 - weather.long_share) * usual + weather.long_share * sum(weather.long_s) / 2)
    return weather.downtime / (1 - weather.downtime) / mean_ms


def _evenly_by_log(lot: random.Random, period_s: tuple[int, ...]) -> int:
    low, high = period_s
    return round(1000 * exp(lot.uniform(log(low), log(high))))

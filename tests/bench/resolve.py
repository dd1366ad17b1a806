"""resolve: what a commune's and a province's wishes cost to become timelines, on a seeded workload.

A commune has 30 programmes begun three years ago, of 4 segments each, for all its villages; 150 bulletins for one village each
and 50 for all (by 34 villages; a smaller commune has its share of the single ones). Their rules become occurrences within the
time that is measured.

resolve.commune      34 villages, 48 hours
resolve.village      a change to one of them: that village alone
resolve.province     5,000 villages of 200 communes, 7 days, in a process of its own; .memory is the most that it took
resolve.per-village  at 500, 1,000 and 5,000 villages: what grows is the number of villages, and nothing else
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scheduler.limits import Policy, Window
from scheduler.programme import Programme, occurrences_of
from scheduler.resolve import Timeline, Wishes, resolve
from scheduler.rule import Every, Rule
from scheduler.wishes import NORMAL, PRIORITY, Begin, Occurrence, Over, Piece, Segment, Take, Village
from tests.bench.province import figure

ROUNDS = 3
COMMUNE, PLAN_H, COMMUNE_MS_BAR = 34, 48, 150
COMMUNES, VILLAGES, WEEK_H = 200, 25, 7 * 24
PROVINCE_S_BAR, PROVINCE_MB_BAR = 20, 600
STEPS = (500, 1_000)
GROWTH_BAR = 1.5
"""A village of 5,000 costs at most so many times one of 500: caches of the processor are what may differ."""

PROGRAMMES, SINGLE, COMMON = 30, 150, 50
BEGIN = date(2026, 11, 23)
AGED = BEGIN - timedelta(days=3 * 365)
UTC_OFFSET = 420
SEED = 20_261_123
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
BEGIN_MS = (BEGIN - date(1970, 1, 1)).days * 24 * HOUR_MS - UTC_OFFSET * MINUTE_MS
CHILD_S = 300
"""Seconds for the province's process: a machine that needs more can't be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is wished, where, and what binds it there."""

    programmes: list[Programme]
    requests: list[Occurrence]
    villages: list[Village]
    policies: dict[str, Policy]
    until_ms: int

    def timelines(self, villages: list[Village] | None = None) -> dict[str, Timeline]:
        """Rules become turns, wishes become timelines: of some villages, or all."""
        near = None if villages is None else {unit for village in villages for unit in village.path}
        turns = [
            turn
            for programme in self.programmes
            if near is None or not near.isdisjoint(programme.units)
            for turn in occurrences_of(programme, UTC_OFFSET, BEGIN_MS, self.until_ms)
        ]
        asked = [each for each in self.requests if near is None or not near.isdisjoint(each.units)]
        return resolve(Wishes(occurrences=[*turns, *asked]), villages or self.villages, self.policies)


def run() -> list[dict[str, Any]]:
    """All the figures."""
    commune = workload(1, COMMUNE, PLAN_H)
    whole_ms = _best_ms(commune.timelines)
    one_ms = _best_ms(lambda: commune.timelines(commune.villages[:1]))
    steps = {villages: _province(villages // VILLAGES) for villages in (*STEPS, COMMUNES * VILLAGES)}
    took_s, took_mb = steps[COMMUNES * VILLAGES]
    each = {villages: seconds / villages * 1000 for villages, (seconds, _) in steps.items()}
    growth = each[COMMUNES * VILLAGES] / each[STEPS[0]]
    return [
        figure("resolve.commune", whole_ms, "ms", None, None, f"<= {COMMUNE_MS_BAR}", whole_ms <= COMMUNE_MS_BAR),
        figure("resolve.village", one_ms, "ms", None, None, None, True),
        figure("resolve.province", took_s, "s", None, None, f"<= {PROVINCE_S_BAR}", took_s <= PROVINCE_S_BAR),
        figure("resolve.memory", took_mb, "MB", None, None, f"<= {PROVINCE_MB_BAR}", took_mb <= PROVINCE_MB_BAR),
        *(figure(f"resolve.at-{villages}", cost, "ms/village", None, None, None, True) for villages, cost in each.items()),
        figure("resolve.growth", growth, "x", None, None, f"<= {GROWTH_BAR}", growth <= GROWTH_BAR),
    ]


def workload(communes: int, villages: int, hours: int) -> Work:
    """The wishes of so many communes of so many villages, the same in every run."""
    chance = random.Random(SEED)
    work = Work(programmes=[], requests=[], villages=[], policies={}, until_ms=BEGIN_MS + hours * HOUR_MS)
    for number in range(communes):
        commune = f"x{number}"
        names = [f"{commune}-{each}" for each in range(villages)]
        limited = Policy(hours=(Window(from_minute=270, to_minute=1320),), session_ms=45 * MINUTE_MS if number % 2 else None)
        for name in names:
            work.villages.append(Village(id=name, path=("p0", commune, name)))
            work.policies[name] = limited
        work.programmes.extend(_programme(chance, commune, each) for each in range(PROGRAMMES))
        for each in range(SINGLE * villages // COMMUNE):
            village = chance.choice(names)
            work.requests.append(_request(chance, f"{commune}-n{each}", village, hours, level=1))
        for each in range(COMMON):
            klass = NORMAL if each % 5 else PRIORITY
            work.requests.append(_request(chance, f"{commune}-m{each}", commune, hours, level=2, klass=klass))
    return work


def _programme(chance: random.Random, commune: str, number: int) -> Programme:
    """Daily, half an hour after the one before it: three bulletins, then the village's own notices."""
    said = [_said(chance, f"{commune}-b{number}-{each}", 30, 200) for each in range(3)]
    return Programme(
        id=f"{commune}-p{number}",
        owner=commune,
        units=(commune,),
        title=f"Chương trình {number}",
        rule=Rule(first=AGED, minutes=(300 + number * 30 + chance.randrange(10),), every=Every.DAY),
        segments=(*said, Segment(take=Take.OWN, length_ms=5 * MINUTE_MS, over=Over.MOVE)),
    )


def _request(chance: random.Random, name: str, unit: str, hours: int, *, level: int, klass: str = NORMAL) -> Occurrence:
    """A bulletin at some minute between 05:00 and 21:40."""
    at_ms = chance.randrange(hours // 24) * 24 * HOUR_MS + chance.randrange(300, 1300) * MINUTE_MS
    said = _said(chance, name, 20, 120)
    return Occurrence(
        id=name, series=name, owner=unit, units=(unit,), start_ms=BEGIN_MS + at_ms, segments=(said,), klass=klass, level=level
    )


def _said(chance: random.Random, source: str, least_s: int, most_s: int) -> Segment:
    piece = Piece(source=source, sound="0" * 64, duration_ms=chance.randrange(least_s, most_s) * 1000)
    return Segment(take=Take.PIECES, pieces=(piece,), begin=Begin.NEXT)


def _best_ms(measured: Callable[[], object]) -> float:
    """The shortest of ROUNDS."""
    took: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        measured()
        took.append(time.perf_counter() - began)
    return min(took) * 1000


def _province(communes: int) -> tuple[float, float]:
    """Seconds and the most memory (MB) of a process that does nothing else."""
    words = [sys.executable, "-m", "tests.bench.resolve", str(communes)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=CHILD_S, check=True)
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def _measure(communes: int) -> None:
    work = workload(communes, VILLAGES, WEEK_H)
    began = time.perf_counter()
    timelines = work.timelines()
    seconds = time.perf_counter() - began
    if len(timelines) != communes * VILLAGES:
        raise RuntimeError("a village is missing")
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


if __name__ == "__main__":
    _measure(int(sys.argv[1]))

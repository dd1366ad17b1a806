"""What can be wrong with a simulated node, and how nodes are chosen for it. Pure.

| fault | what the node suffers | value |
|---|---|---|
| offline | no MQTT, no HTTP; the link is cut without a word | |
| slow_fetch | HTTP trickles | bytes a second |
| full_disk | no clip can be stored (small records can) | |
| dead_horn | the board measures no sound on the line | |
| wrong_clock | at boot an RTC tells a wrong time and believes it to a second | ms it is ahead |
| drift | its oscillator is off (from its next boot on) | parts per million |
| cut_in_sound | power goes in the middle of its next sound, once, and comes back | |
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

RTC_U_MS = 1000
"""What a board's RTC claims as its error bound: a wrong one is wrong without knowing it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """All that is wrong with one node. Healthy nodes share one value."""

    offline: bool = False
    slow_fetch: int | None = None
    full_disk: bool = False
    dead_horn: bool = False
    wrong_clock: int | None = None
    drift: int = 0
    cut_in_sound: bool = False

    def with_fault(self, name: str, on: bool, value: int | None = None) -> Faults:
        """The same with one fault more or less; ValueError for one that does not exist."""
        if name not in DEFAULTS:
            raise ValueError(f"no such fault: {name!r} ({', '.join(DEFAULTS)})")
        usual = DEFAULTS[name]
        chosen: Any = getattr(HEALTHY, name) if not on else value if value is not None and usual is not True else usual
        changed = replace(self, **{name: chosen})
        return HEALTHY if changed == HEALTHY else changed


HEALTHY = Faults()

DEFAULTS: dict[str, bool | int] = {
    "offline": True,
    "slow_fetch": 2_000,  # 16 kbit/s: 2G at the edge of its cell, where a 30 s clip of 90 kB takes 45 s
    "full_disk": True,
    "dead_horn": True,
    "wrong_clock": 3_600_000,  # an hour ahead: a zone mistaken by whoever set it
    "drift": 100,  # ppm: a cheap crystal in the sun; 8.6 s a day
    "cut_in_sound": True,
}
"""What each fault is set to when no value is given."""


def parse(spec: str) -> tuple[str, int | None]:
    """A command line's "WHO" or "WHO=VALUE" as (who, value); ValueError if the value is no whole number."""
    who, sign, value = spec.partition("=")
    return who, int(value) if sign else None


def chosen(who: str, nodes: Sequence[str], seed: int | str) -> tuple[str, ...]:
    """The nodes meant by "all", by a share as "10%" (at least one, by lot), or by ids "a,b,c"; ValueError for a strange id."""
    if who == "all":
        return tuple(nodes)
    if who.endswith("%"):
        share = float(who[:-1])
        if not 0 <= share <= 100:
            raise ValueError(f"no share: {who!r}")
        number = max(1, round(len(nodes) * share / 100)) if share and nodes else 0
        return tuple(sorted(random.Random(f"{seed}/{who}").sample(sorted(nodes), number)))
    named = tuple(name.strip() for name in who.split(",") if name.strip())
    if strange := set(named) - set(nodes):
        raise ValueError(f"no such node: {', '.join(sorted(strange))}")
    return named

"""What a world came to: every (airing, node) by what the witness saw, what the ledger says and what the weather allowed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from controller.domain.delivery import ENDS
from simulator.world.desk import Sheet
from simulator.world.planner import HORIZON_MS, RENEW_MS
from simulator.world.scenario import MINUTE_MS
from simulator.world.weather import Sky, covered_ms, is_clear
from simulator.world.witness import Witness

ON_TIME_MS = 2_000
LINK_NEEDED_MS = 10 * MINUTE_MS


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of (airing, node). `fair`: power throughout, ten minutes of link between approval and start, room on the disk."""

    pairs: int = 0
    on_time: int = 0
    fair: int = 0
    fair_on_time: int = 0
    full: int = 0
    full_on_time: int = 0
    streamed: int = 0
    forbidden: int = 0
    unsettled: int = 0
    doubles: int = 0
    lates: int = 0
    breaches: int = 0
    words: Counter[str] = field(default_factory=Counter)
    fair_words: Counter[str] = field(default_factory=Counter)
    bytes_in: int = 0
    bytes_out: int = 0
    rounds_skipped: int = 0


def enter(it: Tally, sheet: Sheet, witness: Witness, skies: Sequence[Sky], settled_in_ms: int) -> None:
    """Count one airing, whose nodes have all ended. Before `settled_in_ms` no link counts: nodes were not switched on."""
    item, begun = sheet.item, witness.begun[sheet.item.airing]
    known_ms = max(sheet.approved_ms, item.start - HORIZON_MS, settled_in_ms)
    may_sound = not witness.is_forbidden(item.start, item.start + item.duration)
    for node, state in sheet.states.items():
        sky = skies[node]
        began_ms = begun.get(node)
        is_on_time = began_ms is not None and item.start <= began_ms <= item.start + ON_TIME_MS
        word = f"{state.value} {sheet.whys.get(node, '')}".strip()
        it.pairs += 1
        it.on_time += is_on_time
        it.words[word] += 1
        it.unsettled += state not in ENDS
        it.streamed += may_sound and _is_streamed(sky, item.start, item.start + item.duration)
        if not may_sound:
            it.forbidden += 1
        elif _is_fair(sky, known_ms, item.start, item.start + item.duration):
            if not is_clear(sky.disk_full, known_ms - RENEW_MS, item.start):  # its clip may have been wanted so early
                it.full += 1
                it.full_on_time += is_on_time
            else:
                it.fair += 1
                it.fair_on_time += is_on_time
                if not is_on_time:
                    it.fair_words[word + (" late begin" if began_ms is not None else "")] += 1


def _is_streamed(sky: Sky, start_ms: int, end_ms: int) -> bool:
    """Would a node that only streams have played it whole?"""
    return is_clear(sky.offline, start_ms, end_ms) and is_clear(sky.unpowered, start_ms, end_ms)


def _is_fair(sky: Sky, known_ms: int, start_ms: int, end_ms: int) -> bool:
    """Power throughout, and ten minutes of link before it starts."""
    if not is_clear(sky.unpowered, known_ms, end_ms):
        return False
    return start_ms - known_ms - covered_ms(sky.offline, known_ms, start_ms) >= LINK_NEEDED_MS

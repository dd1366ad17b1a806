"""The answer first: one sentence that says what became of an airing. Pure.

Whoever looks at a ledger asks: did everybody hear it, and if not, who? So silent places are named, a handful of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.domain.airing import Airing
from controller.domain.delivery import ENDS, State, is_good
from controller.places import fold
from controller.service.reports import Report, Summary, Tally, VillageReport
from controller.web.sentences import LANGUAGES, Language

NAMES = 5
"""Names in one sentence: more are read in the picture below it."""

_TEXT: dict[str, tuple[str, str]] = {
    "all-good": ("Cả {total} cụm loa đã phát xong", "All {total} loudspeakers have played it"),
    "one-good": ("Cụm loa đã phát xong", "The loudspeaker has played it"),
    "good": ("{good} trên {total} cụm loa đã phát xong", "{good} of {total} loudspeakers have played it"),
    "silent": ("im lặng: {names}", "silent: {names}"),
    "playing": ("{running} trên {total} cụm loa đang phát", "{running} of {total} loudspeakers are playing"),
    "all-playing": ("Cả {total} cụm loa đang phát", "All {total} loudspeakers are playing"),
    "running": ("{number} đang phát", "{number} playing now"),
    "waiting": ("{number} chưa tới lượt", "{number} still to come"),
    "all-ready": ("Cả {total} cụm loa đã sẵn sàng", "All {total} loudspeakers are ready"),
    "ready": ("{ready} trên {total} cụm loa đã sẵn sàng", "{ready} of {total} loudspeakers are ready"),
    "sent": ("Đã gửi tới {total} cụm loa, đang chờ trả lời", "Sent to {total} loudspeakers, waiting for their answer"),
    "stopping": ("Đang dừng; có thể vẫn phát: {names}", "Stopping; these may still play: {names}"),
    "stopped": ("Đã dừng", "Stopped"),
    "cancelled": ("Đã huỷ, không cụm loa nào phát", "Cancelled: no loudspeaker played it"),
    "cut": ("{number} cụm loa dừng giữa chừng", "{number} loudspeakers were cut short"),
    "more": ("và {number} cụm loa khác", "and {number} more"),
    "nobody": ("Không có cụm loa nào", "No loudspeaker"),
}
_READY = frozenset({State.ACCEPTED, State.CACHED, State.STARTED})


class _Say(Protocol):
    """A phrase of `_TEXT` in one language."""

    def __call__(self, key: str, /, **fields: object) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names the sentence may say: who ended without being heard, and whom we asked for silence but don't know silent."""

    silent: Sequence[str] = ()
    stopping: Sequence[str] = ()


def names_of(report: Report) -> Names:
    """The names in a whole report, villages in order."""
    rows = [row for village in by_name(report.villages) for row in sorted(village.nodes, key=lambda row: name_order(row.name))]
    return Names(
        silent=[r.name for r in rows if r.delivery.state in ENDS and not is_good(r.delivery.state, r.delivery.evidence)],
        stopping=[r.name for r in rows if r.delivery.state is State.CANCELLING],
    )


def by_name(villages: Sequence[VillageReport]) -> list[VillageReport]:
    """Villages in the order in which people read names."""
    return sorted(villages, key=lambda village: name_order(village.name))


def name_order(name: str) -> list[tuple[int, str]]:
    """A key to sort names by: accents and capitals do not count (Đ beside D), numbers do (2 before 10)."""
    pieces = re.split(r"(\d{1,9})", fold(name))
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces if piece]


def headlines(summary: Summary | Report, names: Names | None) -> Mapping[Language, str]:
    """The sentence in each language. `names` None: a line of a list, which names nobody."""
    return {language: _headline(summary.airing, summary.tally, names, language) for language in LANGUAGES}


def by_state(tally: Tally) -> dict[State, int]:
    """How many stand on each step, evidence aside."""
    found: dict[State, int] = {}
    for (state, _), number in tally.counts.items():
        found[state] = found.get(state, 0) + number
    return found


def _headline(airing: Airing, tally: Tally, names: Names | None, language: Language) -> str:
    def say(key: str, /, **fields: object) -> str:
        return _TEXT[key][LANGUAGES.index(language)].format(**fields)

    states = by_state(tally)
    if not tally.total:
        return say("nobody") + "."
    if airing.cancelled_ms is not None:
        return _stopped(tally, states, names, say) + "."
    if tally.open == 0 or tally.good or states.get(State.STARTED) or len(states.keys() & ENDS):
        return _played(tally, states, names, say) + "."
    ready = sum(states.get(state, 0) for state in _READY)
    key = "sent" if not ready else "all-ready" if ready == tally.total > 1 else "ready"
    return say(key, ready=ready, total=tally.total) + "."


def _played(tally: Tally, states: Mapping[State, int], names: Names | None, say: _Say) -> str:
    if tally.good == tally.total:
        return say("one-good") if tally.total == 1 else say("all-good", total=tally.total)
    running = states.get(State.STARTED, 0)
    if running and not tally.good:
        parts = [say("all-playing" if running == tally.total else "playing", running=running, total=tally.total)]
    else:
        parts = [say("good", good=tally.good, total=tally.total)]
        parts += [say("running", number=running)] if running else []
    if tally.open - running:
        parts.append(say("waiting", number=tally.open - running))
    if names is not None and names.silent:
        parts.append(say("silent", names=_listed(names.silent, say)))
    return "; ".join(parts)


def _stopped(tally: Tally, states: Mapping[State, int], names: Names | None, say: _Say) -> str:
    if states.get(State.CANCELLING):
        return say("stopping", names=_listed(names.stopping if names else (), say) or str(states[State.CANCELLING]))
    if states.get(State.CANCELLED, 0) == tally.total:
        return say("cancelled")
    parts = [say("stopped")]
    if states.get(State.CUT):
        parts.append(say("cut", number=states[State.CUT]))
    if tally.good:
        parts.append(say("good", good=tally.good, total=tally.total))
    return "; ".join(parts)


def _listed(names: Sequence[str], say: _Say) -> str:
    shown = ", ".join(names[:NAMES])
    return f"{shown} {say('more', number=len(names) - NAMES)}" if len(names) > NAMES else shown

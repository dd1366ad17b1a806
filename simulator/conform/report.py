"""What a run found, for people (the answer first) and for machines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from simulator.conform.book import Stage, Verdict

ONLY_CONTROLLERS = frozenset({13, 15, 24, 34, 36, 44, *range(79, 92)})
"""The duties of docs/wire.md that are a controller's alone."""

FOR_CONTROLLERS = ONLY_CONTROLLERS | {10}
FOR_NODES = frozenset(range(1, 93)) - ONLY_CONTROLLERS

UNSEEN = {
    58: "how loud it is can't be told from its words",
    68: "it may be silent about what is offered again; that it does not play again is 53",
    78: "it would take 4 096 receipts that nothing covers",
    88: "the kit can't set the controller's clock",
    89: "the kit can't reach the controller's database",
}
"""Why nothing tries a duty."""

WIDTH = 110
"""Characters of a line of a report."""


def duties_of(stages: Iterable[Stage]) -> tuple[int, ...]:
    """The duties that some stages are about."""
    return tuple(sorted(FOR_CONTROLLERS if Stage.CONTROLLER in set(stages) else FOR_NODES))


def is_good(verdicts: Iterable[Verdict]) -> bool:
    """Is nothing broken?"""
    return all(verdict.state != "broken" for verdict in verdicts)


def for_people(verdicts: Sequence[Verdict], *, hears: bool = True) -> str:
    """The answer, then what is broken, what was not tried, and what holds. `hears`: was there a sound log?"""
    tried = [verdict for verdict in verdicts if verdict.state != "untried"]
    broken = [verdict for verdict in tried if verdict.state == "broken"]
    lines = [f"{len(tried) - len(broken)} of {len(tried)} duties hold; {_broken(broken)}."]
    lines += [line for verdict in broken for line in _story(verdict)]
    untried = [verdict for verdict in verdicts if verdict.state == "untried"]
    if untried:
        lines += ["", "Not tried:"]
        lines += [f"  {verdict.duty:>4}  {verdict.came}" for verdict in untried]
    lines += ["", "Holds:"]
    lines += [f"  {verdict.duty:>4}  {verdict.check}" for verdict in tried if verdict.state == "holds"]
    if not hears:
        lines += ["", "Silence was judged by what the node said of itself: only a sound log (--sound-log) proves it."]
    return "\n".join(lines)


def for_machines(verdicts: Sequence[Verdict]) -> str:
    """The same as one line of JSON."""
    rows = [
        {"duty": one.duty, "state": one.state, "check": one.check, "expected": one.expected, "came": one.came} for one in verdicts
    ]
    counts = {state: sum(one.state == state for one in verdicts) for state in ("holds", "broken", "untried")}
    return json.dumps({"ok": is_good(verdicts), **counts, "duties": rows}, ensure_ascii=False)


def _broken(broken: Sequence[Verdict]) -> str:
    return f"broken: {', '.join(str(one.duty) for one in broken)}" if broken else "nothing is broken"


def _story(verdict: Verdict) -> list[str]:
    return [
        "",
        f"[WIRE-{verdict.duty}] {verdict.check}",
        f"    expected: {_short(verdict.expected)}",
        f"    came:     {_short(verdict.came)}",
    ]


def _short(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"

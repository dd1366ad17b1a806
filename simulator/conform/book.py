"""The kit's book: which check tries which duties of docs/wire.md, and what came of it. Pure.

A check is a short story told with a `Desk`, named by its docstring and registered by `@check(53, 54, stage=...)`. It ends
well, or raises `Broken` (the node did what it must not, or did not what it must) or `Untried` (it could not be seen).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

Story = Callable[[Any], Awaitable[None]]


class Stage(StrEnum):
    """When a check's turn comes. In CALM they run side by side; in the others one after another, as each disturbs the rest."""

    ARRIVAL = "arrival"  # the node has just come, and has had no answer yet
    CALM = "calm"
    PAPERS = "papers"  # it changes the node's documents, and puts them back
    LINK = "link"  # it takes the node's connection from it
    POWER = "power"  # it takes its power
    END = "end"  # it looks back on all that was said
    CONTROLLER = "controller"


class Broken(Exception):
    """A duty is not kept. `duties` empty: all that the check tries."""

    def __init__(self, expected: str, came: str, *duties: int) -> None:
        super().__init__(expected, came)
        self.expected = expected
        self.came = came
        self.duties = duties


class Untried(Exception):
    """It can't be told: `why` says what it would take."""

    def __init__(self, why: str, *duties: int) -> None:
        super().__init__(why)
        self.why = why
        self.duties = duties


class Absent(Exception):
    """Nothing is heard of whoever is to be tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One story and the duties that it tries."""

    title: str
    duties: tuple[int, ...]
    stage: Stage
    story: Story
    is_long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one check says of one duty."""

    duty: int
    check: str
    state: Literal["holds", "broken", "untried"]
    expected: str = ""
    came: str = ""


CHECKS: list[Check] = []


def check(*duties: int, stage: Stage, long: bool = False) -> Callable[[Story], Story]:
    """Register a story. tests/duties.py reads the numbers from the source, so write them as numbers."""

    def register(story: Story) -> Story:
        title = (story.__doc__ or "").strip().splitlines()[0].rstrip(".")
        CHECKS.append(Check(title=title, duties=duties, stage=stage, story=story, is_long=long))
        return story

    return register


def expect(condition: object, expected: str, came: object, *duties: int) -> None:
    """Broken unless the condition holds."""
    if not condition:
        raise Broken(expected, str(came), *duties)


def judged(one: Check, error: Exception | None) -> list[Verdict]:
    """The verdicts of a check that ended with `error`."""
    if error is None:
        return [Verdict(duty=duty, check=one.title, state="holds") for duty in one.duties]
    if isinstance(error, Untried):
        return [Verdict(duty=duty, check=one.title, state="untried", came=error.why) for duty in error.duties or one.duties]
    if isinstance(error, Broken):
        guilty = error.duties or one.duties
        verdicts = [_broken(duty, one, error.expected, error.came) for duty in guilty]
        rest = [duty for duty in one.duties if duty not in guilty]
        why = f"its check ended early: {guilty[0]} is broken"
        return verdicts + [Verdict(duty=duty, check=one.title, state="untried", came=why) for duty in rest]
    return [_broken(duty, one, "the check itself to work", f"{type(error).__name__}: {error}") for duty in one.duties]


def summed(verdicts: Iterable[Verdict], unseen: dict[int, str], duties: Collection[int]) -> list[Verdict]:
    """One verdict a duty: broken if any check says so, else as any that could tell; `unseen` says why nothing tries one."""
    found: dict[int, Verdict] = {}
    order = {"broken": 0, "holds": 1, "untried": 2}
    for verdict in verdicts:
        known = found.get(verdict.duty)
        if known is None or order[verdict.state] < order[known.state]:
            found[verdict.duty] = verdict
    for duty in duties:
        if duty not in found:
            found[duty] = Verdict(duty=duty, check="", state="untried", came=unseen.get(duty, "not chosen"))
    return [found[duty] for duty in sorted(found)]


def _broken(duty: int, one: Check, expected: str, came: str) -> Verdict:
    return Verdict(duty=duty, check=one.title, state="broken", expected=expected, came=came)

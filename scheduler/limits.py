"""A unit's policy: when it may sound, how long, how often, how loud, in which languages. What stands above binds what is below.

`stricter` joins two policies so that nothing is allowed that either forbids. It is how a village's policy comes to be: from
its province's, its commune's, its own, and the special places (school, clinic, pagoda) that it stands beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from msgspec import Struct

_DAY = 1_440
_WEEK = 7 * _DAY
"""Minutes."""

ALL_DAYS = (1, 2, 3, 4, 5, 6, 7)


def clock_of(minute: int) -> str:
    """A minute of the day as people write it, "05:00"."""
    return f"{minute // 60:02}:{minute % 60:02}"


class Window(Struct, frozen=True, kw_only=True, gc=False):
    """Local minutes [from, to) in which sound is allowed, on ISO weekdays; `to` not after `from`: past midnight."""

    from_minute: int
    to_minute: int
    days: tuple[int, ...] = ALL_DAYS


class Loudness(Struct, frozen=True, kw_only=True, gc=False):
    """The loudest gain (0.1 dB) allowed in local minutes [from, to) of every day."""

    from_minute: int
    to_minute: int
    gain: int


NEVER = Window(from_minute=0, to_minute=0, days=())
"""The only window of a policy that allows no moment: no windows at all would allow every one."""


class Policy(Struct, frozen=True, kw_only=True):
    """What a unit allows. Empty `hours` allow every moment, empty `languages` every language; None is no limit.

    `session_ms`: how long sound may last without a pause; `sessions`: how often it may begin anew in a local day.
    """

    utc_offset: int = 420
    hours: tuple[Window, ...] = ()
    ceilings: tuple[Loudness, ...] = ()
    item_ms: int | None = None
    session_ms: int | None = None
    sessions: int | None = None
    languages: tuple[str, ...] = ()


def inherited(policies: Iterable[Policy]) -> Policy:
    """The policy of a place, from those of all that binds it, the root's first. The local time is the last one's."""
    return reduce(stricter, policies, Policy())


def stricter(above: Policy, below: Policy) -> Policy:
    """What both allow."""
    return Policy(
        utc_offset=below.utc_offset,
        hours=_both(above.hours, below.hours),
        ceilings=tuple(dict.fromkeys((*above.ceilings, *below.ceilings))),
        item_ms=_least(above.item_ms, below.item_ms),
        session_ms=_least(above.session_ms, below.session_ms),
        sessions=_least(above.sessions, below.sessions),
        languages=_common(above.languages, below.languages),
    )


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


NO_LANGUAGE = "zxx"
"""ISO 639's own code for "no linguistic content": what remains where two lists have no language in common."""


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    if not one or not other:
        return one or other
    return tuple(language for language in one if language in other) or (NO_LANGUAGE,)


def _both(one: tuple[Window, ...], other: tuple[Window, ...]) -> tuple[Window, ...]:
    if not one or not other or one == other:
        return one or other
    spans = [
        (max(begin, start), min(end, stop))
        for begin, end in spans_of_week(one)
        for start, stop in spans_of_week(other)
        if max(begin, start) < min(end, stop)
    ]
    return _windows(spans) or (NEVER,)


def spans_of_week(hours: Sequence[Window]) -> list[tuple[int, int]]:
    """The allowed minutes of a week from Monday 0:00, as [begin, end) without overlap; what passes Sunday's midnight is split."""
    raw: list[tuple[int, int]] = []
    for window in hours:
        length = (window.to_minute - window.from_minute) % _DAY or _DAY
        for day in window.days:
            begin = (day - 1) * _DAY + window.from_minute
            raw += [(begin, min(begin + length, _WEEK)), (0, begin + length - _WEEK)]
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(span for span in raw if span[0] < span[1]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _windows(spans: Iterable[tuple[int, int]]) -> tuple[Window, ...]:
    """Windows that allow just these minutes of the week; days that are alike share one."""
    days: dict[tuple[int, int], list[int]] = {}
    for begin, end in spans:
        while begin < end:  # a window is at most a day long
            stop = min(end, begin + _DAY, (begin // _DAY + 1) * _DAY if end - begin > _DAY else end)
            days.setdefault((begin % _DAY, stop % _DAY), []).append(begin // _DAY + 1)
            begin = stop
    return tuple(
        Window(from_minute=from_minute, to_minute=to_minute, days=tuple(sorted(set(on))))
        for (from_minute, to_minute), on in sorted(days.items())
    )

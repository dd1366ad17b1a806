"""What will sound, as a picture: a lane for villages that sound alike, hours across. Pure: a span in, places in per cent out.

A *turn* is what belongs together (a programme's segments, or one bulletin): one block with a label, and its sounds within it.
Where labels would meet, the later one goes a row down. Everything is SVG attributes: the content policy allows no style.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.domain.airing import Klass
from controller.domain.unit import Unit
from controller.service.days import Span
from controller.service.names import turn_of
from controller.service.reasons import Reason
from controller.service.telling import Line
from scheduler.limits import Policy, spans_of_week

MS_A_MINUTE, MS_AN_HOUR, MS_A_DAY = 60_000, 3_600_000, 86_400_000
_WEEK_MS = 7 * MS_A_DAY
_MONDAY_MS = 3 * MS_A_DAY
"""1970-01-01 was a Thursday: three days after a Monday."""

FIRST_HOUR = 4
"""A picture of a day begins here: earlier nothing should sound; what does moves the beginning."""

BACK_H = 3
"""Hours before now that are still shown: what has just been said, and why not."""

MORNING_H = 8
"""Tonight reaches till this hour of the next day: the morning's programme is what one asks for in the evening."""

ROWS = 3
"""Labels above each other, at most: with more, a lane is no picture any more."""

LABEL = 24
"""Letters of a label; the whole title is in the dialog."""

LETTER = 1.05
"""Per cent of the width that a letter takes where the picture is narrowest (48rem)."""

LEAST = 0.9
"""Per cent: what lasts a minute must be seen too."""

_ORDER = (Klass.NORMAL, Klass.PRIORITY, Klass.EMERGENCY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A sound within its turn's block. `kind`: a class, or "relay"."""

    line: Line
    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A block: where it stands (per cent), which row its label has, and why it is not as it was wished."""

    start_ms: int
    end_ms: int
    title: str
    kind: str
    is_cut: bool
    airing: str
    pieces: tuple[Piece, ...]
    reasons: tuple[Reason, ...]
    x: float
    width: float
    row: int
    at_end: bool

    @property
    def label(self) -> str:
        """As much of the title as a picture holds."""
        return self.title if len(self.title) <= LABEL else self.title[: LABEL - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Villages that sound alike in what is shown; `reasons` are of what is not in the picture."""

    villages: tuple[Unit, ...]
    turns: tuple[Turn, ...]
    reasons: tuple[Reason, ...]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """[from, until), UTC; per cent across. `hours`: (where, hour); `quiet`: (where, how wide) in which sound is not allowed."""

    from_ms: int
    until_ms: int
    hours: tuple[tuple[float, int], ...]
    quiet: tuple[tuple[float, float], ...]
    now: float | None
    lanes: tuple[Lane, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What comes next, and in how many villages."""

    start_ms: int
    title: str
    villages: int


def picture(span: Span, policy: Policy, now_ms: int, *, tomorrow: bool = False) -> Picture:
    """The picture of `span`'s first day from a while ago till the next morning, or of its second day. A span of 48 hours."""
    from_ms, until_ms = _shown(span, now_ms, tomorrow)
    axis = _Axis(from_ms, until_ms)
    return Picture(
        from_ms=from_ms,
        until_ms=until_ms,
        hours=tuple(_hours(axis, span.utc_offset)),
        quiet=tuple((axis.at(begin), axis.wide(begin, end)) for begin, end in quiet_spans(policy, from_ms, until_ms)),
        now=axis.at(now_ms) if from_ms <= now_ms < until_ms else None,
        lanes=_lanes(span, axis),
    )


def next_turn(span: Span, now_ms: int) -> Next | None:
    """The next turn of a span that has not begun."""
    coming = [
        (line.start_ms, _title(line), len(group.villages)) for group in span.groups for line in _firsts(group.lines, now_ms)
    ]
    if not coming:
        return None
    start_ms, title, _ = min(coming, key=lambda each: (each[0], -each[2]))
    return Next(
        start_ms=start_ms, title=title, villages=sum(number for at, what, number in coming if (at, what) == (start_ms, title))
    )


def quiet_spans(policy: Policy, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """The spans of [from, until) in which the policy's hours allow no sound; none where it has no hours."""
    if not policy.hours:
        return []
    offset = policy.utc_offset * MS_A_MINUTE + _MONDAY_MS
    week_ms = (from_ms + offset) // _WEEK_MS * _WEEK_MS - offset
    allowed = [
        (week_ms + turn * _WEEK_MS + begin * MS_A_MINUTE, week_ms + turn * _WEEK_MS + end * MS_A_MINUTE)
        for turn in (0, 1)
        for begin, end in spans_of_week(policy.hours)
    ]
    quiet: list[tuple[int, int]] = []
    at_ms = from_ms
    for begin, end in allowed:
        if end > at_ms and begin < until_ms:
            quiet += [(at_ms, begin)] if begin > at_ms else []
            at_ms = end
    return [*quiet, *([(at_ms, until_ms)] if at_ms < until_ms else [])]


class _Axis:
    """Moments as per cent of the width."""

    def __init__(self, from_ms: int, until_ms: int) -> None:
        self.from_ms = from_ms
        self.until_ms = until_ms

    def at(self, ms: int) -> float:
        """Where a moment is; what is beyond is at the edge."""
        inside = min(max(ms, self.from_ms), self.until_ms)
        return round((inside - self.from_ms) * 100 / (self.until_ms - self.from_ms), 2)

    def wide(self, from_ms: int, until_ms: int) -> float:
        """How wide a span is."""
        return round(self.at(until_ms) - self.at(from_ms), 2)


def _shown(span: Span, now_ms: int, tomorrow: bool) -> tuple[int, int]:
    """Whole hours; what sounds before the picture's usual beginning moves that, as long as it is no longer ago than BACK_H."""
    day_ms = span.from_ms + (MS_A_DAY if tomorrow else 0)
    until_ms = day_ms + MS_A_DAY + (0 if tomorrow else MORNING_H * MS_AN_HOUR)
    hour_ms = now_ms // MS_AN_HOUR * MS_AN_HOUR
    floor_ms = day_ms if tomorrow else max(day_ms, hour_ms - BACK_H * MS_AN_HOUR)
    usual_ms = max(floor_ms, day_ms + FIRST_HOUR * MS_AN_HOUR)
    usual_ms = usual_ms if tomorrow else min(usual_ms, hour_ms)  # before dawn the night is still tonight
    early = [line.start_ms for group in span.groups for line in group.lines if floor_ms <= line.start_ms < usual_ms]
    return (min(early) // MS_AN_HOUR * MS_AN_HOUR if early else usual_ms), until_ms


def _hours(axis: _Axis, utc_offset: int) -> Iterable[tuple[float, int]]:
    step = 2 if axis.until_ms - axis.from_ms <= 16 * MS_AN_HOUR else 3
    for at_ms in range(axis.from_ms, axis.until_ms, MS_AN_HOUR):
        hour = (at_ms + utc_offset * MS_A_MINUTE) // MS_AN_HOUR % 24
        if hour % step == 0 and axis.at(at_ms) < 97:
            yield axis.at(at_ms), hour


def _lanes(span: Span, axis: _Axis) -> tuple[Lane, ...]:
    """Groups that differ only outside of the picture are one lane; the largest first."""
    alike: dict[tuple[tuple[Line, ...], tuple[Reason, ...]], list[Unit]] = {}
    for group in span.groups:
        lines = tuple(line for line in group.lines if line.end_ms > axis.from_ms and line.start_ms < axis.until_ms)
        shown = {line.wish for line in lines}
        reasons = tuple(each for each in group.reasons if each.wish in shown or _belongs(each, axis))
        alike.setdefault((lines, reasons), []).extend(group.villages)
    lanes = [_lane(tuple(villages), lines, reasons, axis) for (lines, reasons), villages in alike.items()]
    return tuple(sorted(lanes, key=lambda lane: -len(lane.villages)))


def _belongs(reason: Reason, axis: _Axis) -> bool:
    at_ms = reason.at_ms if reason.start_ms is None else reason.start_ms
    return reason.code.startswith("waits") or axis.from_ms <= at_ms < axis.until_ms


def _lane(villages: tuple[Unit, ...], lines: Sequence[Line], reasons: Sequence[Reason], axis: _Axis) -> Lane:
    together: dict[str, list[Line]] = {}
    for line in lines:
        together.setdefault(turn_of(line.wish), []).append(line)
    why: dict[str, list[Reason]] = {}
    for reason in reasons:
        why.setdefault(turn_of(reason.wish), []).append(reason)
    ends = [0.0] * ROWS
    turns = [_turn(each, tuple(why.get(name, ())), axis, ends) for name, each in together.items()]
    rest = tuple(reason for name, each in why.items() if name not in together for reason in each)
    rows = max((turn.row for turn in turns), default=0) + 1
    return Lane(villages=villages, turns=tuple(turns), reasons=rest, rows=rows)


def _turn(lines: Sequence[Line], reasons: tuple[Reason, ...], axis: _Axis, ends: list[float]) -> Turn:
    """`ends`: how far the labels of each row go; this one's takes the first row that is free."""
    first, end_ms = lines[0], max(line.end_ms for line in lines)
    title = _title(first)
    x = axis.at(first.start_ms)
    letters = (min(len(title), LABEL) + 6) * LETTER  # with "17:00 " before it
    at_end = x + letters > 100
    begin = x - letters if at_end else x
    row = next((row for row, end in enumerate(ends) if end <= begin), ROWS - 1)
    ends[row] = x + (0 if at_end else letters)
    return Turn(
        start_ms=first.start_ms,
        end_ms=end_ms,
        title=title,
        kind=_kind(lines),
        is_cut=not all(line.is_whole for line in lines),
        airing=first.airing if len(lines) == 1 else "",
        pieces=tuple(
            Piece(line=line, kind=_kind([line]), x=axis.at(line.start_ms), width=max(axis.wide(line.start_ms, line.end_ms), 0.2))
            for line in lines
        ),
        reasons=reasons,
        x=min(x, 100 - LEAST),
        width=max(axis.wide(first.start_ms, end_ms), LEAST),
        row=row,
        at_end=at_end,
    )


def _kind(lines: Sequence[Line]) -> str:
    """The highest class among them; "relay" for what is a station's and nothing else."""
    highest = max((Klass(line.klass) for line in lines), key=_ORDER.index)
    return "relay" if highest is Klass.NORMAL and all(line.is_relay for line in lines) else highest.value


def _title(line: Line) -> str:
    return line.programme or line.title


def _firsts(lines: Sequence[Line], now_ms: int) -> Iterable[Line]:
    """The first sound of each turn that has not begun."""
    begun: set[str] = set()
    for line in lines:
        turn = turn_of(line.wish)
        if turn not in begun and line.start_ms > now_ms:
            yield line
        begun.add(turn)

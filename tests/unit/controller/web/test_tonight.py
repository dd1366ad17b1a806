"""The picture of a day: where blocks, labels, quiet hours and the present moment stand, and which villages share a lane."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.domain.unit import Level, Unit
from controller.service.days import Alike, Span
from controller.service.reasons import Reason
from controller.service.telling import Line
from controller.web.tonight import LABEL, Next, next_turn, picture, quiet_spans
from scheduler.limits import Policy, Window

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TODAY_MS = int(datetime(2026, 11, 23, 17, tzinfo=UTC).timestamp() * 1000)
"""Tuesday 24/11/2026, 0:00 in Viet Nam."""


def at(hour: float) -> int:
    """A local time of that day; 29 is 05:00 of the next."""
    return TODAY_MS + round(hour * HOUR_MS)


def unit(name: str) -> Unit:
    return Unit(id=name, parent="x1", level=Level.VILLAGE, name=name, path=("p04", "x1", name))


def line(hour: float, minutes: float = 10, *, wish: str = "", **more: object) -> Line:
    usual = {
        "title": "Tin",
        "programme": "",
        "owner": "Xã",
        "klass": "normal",
        "is_relay": False,
        "is_whole": True,
        "source": "b",
    } | more
    return Line(start_ms=at(hour), end_ms=at(hour + minutes / 60), wish=wish or f"w{hour}", **usual)  # type: ignore[arg-type]


def span(*groups: tuple[str, tuple[Line, ...], tuple[Reason, ...]]) -> Span:
    place = Unit(id="x1", parent="p04", level=Level.COMMUNE, name="Xã", path=("p04", "x1"))
    alike = tuple(Alike(villages=tuple(map(unit, names.split())), lines=lines, reasons=why) for names, lines, why in groups)
    return Span(unit=place, utc_offset=420, from_ms=TODAY_MS, until_ms=TODAY_MS + 2 * DAY_MS, groups=alike)


def one(*lines: Line, reasons: tuple[Reason, ...] = ()) -> Span:
    return span(("A", lines, reasons))


@pytest.mark.parametrize(
    ("now", "begins", "ends", "line_of_now"),
    [(1.97, 1, 32, 3.13), (5.5, 4, 32, 5.36), (14.25, 11, 32, 15.48), (23.9, 20, 32, 32.5)],
)
def test_tonight_is_from_a_while_ago_till_the_next_morning(now: float, begins: int, ends: int, line_of_now: float) -> None:
    shown = picture(one(), Policy(), at(now))
    assert (shown.from_ms, shown.until_ms) == (at(begins), at(ends))
    assert shown.now == pytest.approx(line_of_now, abs=0.02)
    assert all(0 <= x < 100 for x, _ in shown.hours)


def test_tomorrow_is_a_day_from_dawn_and_has_no_line_of_now() -> None:
    shown = picture(one(line(29), line(12)), Policy(), at(14), tomorrow=True)
    assert (shown.from_ms, shown.until_ms, shown.now) == (at(28), at(48), None)
    [turn] = shown.lanes[0].turns
    assert (turn.start_ms, turn.x) == (at(29), 5.0)


def test_what_sounds_before_dawn_moves_the_beginning() -> None:
    shown = picture(one(line(26.5)), Policy(), at(14), tomorrow=True)
    assert shown.from_ms == at(26)


def test_a_turn_is_one_block_whatever_it_consists_of() -> None:
    relay = line(17, 30, wish="p/1020#0", title="VOV1", programme="Buổi chiều", is_relay=True)
    news = line(17.5, 5, wish="p/1020#1", title="Tin", programme="Buổi chiều", is_whole=False)
    why = Reason(wish="p/1020#1", code="cut.session", at_ms=at(17.5), title="Buổi chiều", start_ms=at(17))
    lost = Reason(wish="q/1#0", code="dropped.taken", at_ms=at(18), title="Buổi tối")
    [lane] = picture(one(relay, news, reasons=(why, lost)), Policy(), at(14)).lanes
    [turn] = lane.turns
    assert (turn.title, turn.kind, turn.is_cut, turn.reasons) == ("Buổi chiều", "normal", True, (why,))
    assert [piece.kind for piece in turn.pieces] == ["relay", "normal"]
    assert turn.pieces[1].x == pytest.approx(turn.x + turn.pieces[0].width, abs=0.02)
    assert lane.reasons == (lost,)


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        ([("normal", True)], "relay"),
        ([("normal", True), ("normal", False)], "normal"),
        ([("normal", True), ("priority", False)], "priority"),
        ([("priority", True), ("emergency", False)], "emergency"),
    ],
)
def test_a_block_is_of_its_highest_class(kinds: list[tuple[str, bool]], kind: str) -> None:
    lines = [line(17 + at / 10, wish=f"p#{at}", klass=klass, is_relay=relay) for at, (klass, relay) in enumerate(kinds)]
    assert picture(one(*lines), Policy(), at(14)).lanes[0].turns[0].kind == kind


def test_labels_that_would_meet_stand_below_each_other_and_none_leaves_the_picture() -> None:
    turns = picture(
        one(line(17, title="Một"), line(17.4, title="Hai"), line(22, title="Ba"), line(31.5, title="N" * 60)), Policy(), at(14)
    )
    rows = [(turn.row, turn.at_end) for turn in turns.lanes[0].turns]
    assert rows == [(0, False), (1, False), (0, False), (0, True)]
    assert turns.lanes[0].rows == 2
    assert len(turns.lanes[0].turns[3].label) <= LABEL


def test_a_minute_is_seen_too() -> None:
    [turn] = picture(one(line(17, 1)), Policy(), at(14)).lanes[0].turns
    assert turn.width == 0.9
    assert turn.x + turn.width <= 100


def test_villages_that_differ_only_elsewhere_share_a_lane() -> None:
    morning, evening, other = line(5), line(17), line(18)
    shown = picture(span(("A B", (morning, evening), ()), ("C", (evening,), ()), ("D", (other,), ())), Policy(), at(14))
    assert [[village.id for village in lane.villages] for lane in shown.lanes] == [["A", "B", "C"], ["D"]]


def test_a_decision_of_another_day_is_not_told() -> None:
    gone = Reason(wish="a#0", code="dropped.hours", at_ms=at(5), title="Sáng")
    waits = Reason(wish="b", code="waits", at_ms=at(-40), title="Tin cũ")
    [lane] = picture(one(reasons=(gone, waits)), Policy(), at(14)).lanes
    assert lane.reasons == (waits,)


@pytest.mark.parametrize(
    ("hours", "quiet"),
    [
        ((), []),
        ((Window(from_minute=300, to_minute=1260),), [(0, 5), (21, 29)]),
        ((Window(from_minute=1320, to_minute=120),), [(2, 22), (26, 30)]),
        ((Window(from_minute=300, to_minute=1260, days=(3,)),), [(0, 29)]),
        ((Window(from_minute=0, to_minute=0),), []),
    ],
)
def test_quiet_is_where_the_hours_allow_nothing(hours: tuple[Window, ...], quiet: list[tuple[int, int]]) -> None:
    assert quiet_spans(Policy(hours=hours), at(0), at(30)) == [(at(begin), at(end)) for begin, end in quiet]


def test_quiet_hours_go_over_the_end_of_a_week() -> None:
    sunday = 5 * DAY_MS  # 29/11/2026
    hours = Policy(hours=(Window(from_minute=300, to_minute=1260),))
    assert quiet_spans(hours, at(0) + sunday, at(48) + sunday) == [
        (at(begin) + sunday, at(end) + sunday) for begin, end in ((0, 5), (21, 29), (45, 48))
    ]


def test_what_comes_next_is_the_first_turn_that_has_not_begun_in_all_its_villages() -> None:
    begun = (line(13.9, 30, wish="p#0"), line(14.4, 5, wish="p#1"))
    evening = line(17, programme="Buổi chiều", wish="e#0")
    said = span(("A B", (*begun, evening), ()), ("C", (evening, line(18)), ()), ("D", (line(17, title="Khác"),), ()))
    assert next_turn(said, at(14)) == Next(start_ms=at(17), title="Buổi chiều", villages=3)
    assert next_turn(said, at(19)) is None

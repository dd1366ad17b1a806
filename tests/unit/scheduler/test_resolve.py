"""What holds of every timeline, whatever is wished: tried with random wishes, policies and villages."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scheduler.laying import LEAST_MS
from scheduler.layout import Place, lay
from scheduler.limits import Policy, Window
from scheduler.policy import is_allowed
from scheduler.resolve import Timeline, Wishes, resolve
from scheduler.room import PAUSE_MS, Slot
from scheduler.stock import stock_of
from scheduler.turns import precedence, turn_of, wish_of
from scheduler.wishes import NORMAL, PRIORITY, Begin, Begun, Notice, Occurrence, Over, Piece, Segment, Take, Village
from tests.unit.scheduler.turns import DAY, KHAO_A, LUNG_VAI, MINUTE, MONDAY

VILLAGES = (KHAO_A, LUNG_VAI, Village(id="x2-1", path=("p1", "x2", "x2-1")))
LANGUAGES = ("vi", "tyz")
KINDS = ("tin", "nhắc")

minutes = st.integers(1, 40).map(lambda number: number * MINUTE)
pieces = st.builds(
    Piece, source=st.sampled_from("abcdef"), sound=st.just("s"), duration_ms=minutes, language=st.sampled_from(LANGUAGES)
)
segments = st.builds(
    Segment,
    take=st.sampled_from(Take),
    pieces=st.lists(pieces, min_size=1, max_size=3).map(tuple),
    kinds=st.sampled_from([(), ("tin",)]),
    begin=st.sampled_from(Begin),
    offset_ms=st.sampled_from([0, 5 * MINUTE, 20 * MINUTE]),
    wait_ms=st.sampled_from([0, 3 * MINUTE, 30 * MINUTE]),
    over=st.sampled_from(Over),
    finish_ms=st.sampled_from([30_000, 5 * MINUTE]),
    length_ms=st.none() | minutes,
)
windows = st.builds(
    Window,
    from_minute=st.sampled_from([0, 300, 720, 1200]),
    to_minute=st.sampled_from([0, 60, 690, 1260]),
    days=st.sampled_from([(1, 2, 3, 4, 5, 6, 7), (1, 3), (7,)]),
)
policies = st.builds(
    Policy,
    hours=st.lists(windows, max_size=2).map(tuple),
    item_ms=st.none() | minutes,
    session_ms=st.none() | minutes,
    sessions=st.none() | st.integers(1, 3),
    languages=st.sampled_from([(), ("vi",), ("tyz", "vi")]),
)


@st.composite
def turns(draw: st.DrawFn) -> Occurrence:
    owner = draw(st.sampled_from(["p1", "x1", "x1-1", "x1-2", "x2"]))
    own = draw(st.lists(segments, min_size=1, max_size=3))
    return Occurrence(
        id="",
        series=draw(st.sampled_from(["a", "b", "c"])),
        owner=owner,
        units=tuple(draw(st.lists(st.sampled_from(["p1", "x1", "x1-1", "x1-2", "x2-1"]), min_size=1, max_size=2))),
        start_ms=MONDAY + draw(st.integers(0, 3 * 24 * 12)) * 5 * MINUTE,
        segments=tuple(segment if segment.take in (Take.PIECES, Take.RELAY) else _bare(segment) for segment in own),
        klass=draw(st.sampled_from([NORMAL, NORMAL, PRIORITY])),
        level={"p1": 3, "x1": 2, "x2": 2}.get(owner, 1),
        order=draw(st.sampled_from([0, 0, 1])),
        length_ms=draw(st.none() | minutes),
    )


def _bare(segment: Segment) -> Segment:
    return replace(segment, pieces=())


@st.composite
def wishes(draw: st.DrawFn) -> Wishes:
    raw = draw(st.lists(turns(), max_size=8))
    # a series never has two turns at one moment, as a programme has not
    occurrences = {(each.series, each.start_ms): each for each in raw}.values()
    named = [replace(each, id=f"{each.series}/{number}") for number, each in enumerate(occurrences)]
    waiting = [
        Notice(
            piece=Piece(source=f"n{number}", sound="s", duration_ms=draw(minutes), language=draw(st.sampled_from(LANGUAGES))),
            owner=draw(st.sampled_from(["p1", "x1", "x1-1"])),
            kind=draw(st.sampled_from(KINDS)),
            klass=draw(st.sampled_from([NORMAL, PRIORITY])),
            since_ms=MONDAY + draw(st.integers(-1, 1)) * DAY,
            until_ms=MONDAY + draw(st.integers(1, 4)) * DAY,
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    return Wishes(occurrences=named, notices=waiting)


def resolved(wished: Wishes, policy: Policy) -> dict[str, Timeline]:
    return resolve(wished, VILLAGES, dict.fromkeys((village.id for village in VILLAGES), policy))


def plain(timelines: dict[str, Timeline]) -> dict[str, Any]:
    """What is told, without how islands are shared."""
    return {name: (list(line.slots), sorted(line.decisions, key=str)) for name, line in timelines.items()}


# An example costs 30 ms: twenty thousand of each property would be an hour and a half of the soak.
FEWER = settings(max_examples=min(settings.default.max_examples, 3_000))


@FEWER
@given(wishes(), policies)
def test_nothing_overlaps_and_everything_is_long_enough_to_be_heard(wished: Wishes, policy: Policy) -> None:
    for line in resolved(wished, policy).values():
        slots = list(line.slots)
        assert all(before.end_ms <= after.start_ms for before, after in pairwise(slots))
        assert all(slot.is_whole or LEAST_MS <= slot.end_ms - slot.start_ms < slot.piece.duration_ms for slot in slots)


@FEWER
@given(wishes(), policies, st.integers(1, 3 * 24).map(lambda hours: hours * 12))
def test_nothing_overlaps_or_begins_too_soon_when_much_is_past(wished: Wishes, policy: Policy, step: int) -> None:
    now = dataclasses.replace(wished, from_ms=MONDAY + step * 5 * MINUTE)
    for line in resolved(now, policy).values():
        slots = list(line.slots)
        assert all(before.end_ms <= after.start_ms for before, after in pairwise(slots))
        assert all(slot.start_ms >= now.from_ms for slot in slots)


@FEWER
@given(wishes(), policies, st.integers(1, 3 * 24).map(lambda hours: hours * 12), st.randoms(use_true_random=False))
def test_what_has_begun_stands_fast_even_where_it_was_cancelled_or_cut(
    wished: Wishes, policy: Policy, step: int, random: Any
) -> None:
    from_ms = MONDAY + step * 5 * MINUTE
    begun = {
        name: tuple(_begun(slot, random) for slot in line.slots if slot.start_ms <= from_ms and slot.piece.sound is not None)
        for name, line in resolved(wished, policy).items()
    }
    later = resolved(dataclasses.replace(wished, from_ms=from_ms, begun=begun), policy)
    for name, line in later.items():
        slots = list(line.slots)
        said = [(each.wish, each.piece.source) for each in begun[name]]
        assert not set(said) & {(slot.wish, slot.piece.source) for slot in slots}
        spans = sorted([(slot.start_ms, slot.end_ms) for slot in slots] + [(each.start_ms, each.end_ms) for each in begun[name]])
        heard = [span for span in spans if span[0] < span[1]]
        assert all(before[1] <= after[0] for before, after in pairwise(heard))


def _begun(slot: Slot, random: Any) -> Begun:
    """As it was laid, or cancelled before its sound, or cut within it."""
    end_ms = random.choice([slot.end_ms, slot.end_ms, slot.start_ms, (slot.start_ms + slot.end_ms) // 2])
    return Begun(wish=slot.wish, piece=slot.piece, start_ms=slot.start_ms, end_ms=end_ms)


@FEWER
@given(wishes(), policies)
def test_nothing_sounds_that_the_policy_forbids(wished: Wishes, policy: Policy) -> None:
    for line in resolved(wished, policy).values():
        for slot in line.slots:
            assert is_allowed(policy.hours, policy.utc_offset, slot.start_ms, slot.end_ms)
            assert policy.item_ms is None or slot.end_ms - slot.start_ms <= policy.item_ms
            assert not policy.languages or slot.piece.language in policy.languages


@FEWER
@given(wishes(), policies)
def test_no_session_is_too_long_and_no_day_has_too_many(wished: Wishes, policy: Policy) -> None:
    for line in resolved(wished, policy).values():
        sessions: list[list[int]] = []
        for slot in line.slots:
            if sessions and slot.start_ms - sessions[-1][1] < PAUSE_MS:
                sessions[-1][1] = slot.end_ms
            else:
                sessions.append([slot.start_ms, slot.end_ms])
        days = [(begin - MONDAY) // DAY for begin, _ in sessions]
        assert policy.session_ms is None or all(end - begin <= policy.session_ms for begin, end in sessions)
        assert policy.sessions is None or all(days.count(day) <= policy.sessions for day in days)


@FEWER
@given(wishes(), policies)
def test_every_wish_has_exactly_one_decision_in_every_village_it_is_for(wished: Wishes, policy: Policy) -> None:
    for village in VILLAGES:
        line = resolved(wished, policy)[village.id]
        told = sorted(decision.wish for decision in line.decisions)
        for_it = [turn for turn in wished.occurrences if set(turn.units) & set(village.path)]
        expected = [wish_of(turn, index) for turn in for_it for index in range(len(turn.segments))]
        expected += [notice.piece.source for notice in wished.notices if notice.owner in village.path]
        assert told == sorted(expected)


@FEWER
@given(wishes(), policies)
def test_every_sound_belongs_to_a_wish_that_says_it_sounds(wished: Wishes, policy: Policy) -> None:
    for line in resolved(wished, policy).values():
        codes = {decision.wish: decision.code.partition(".")[0] for decision in line.decisions}
        sounding = {slot.wish for slot in line.slots}
        assert all(
            (wish in sounding) is (code in ("plays", "later", "cut", "part")) for wish, code in codes.items() if "#" in wish
        )


@FEWER
@given(wishes(), policies, st.randoms(use_true_random=False))
def test_the_order_of_the_wishes_makes_no_difference(wished: Wishes, policy: Policy, random: Any) -> None:
    occurrences, notices = list(wished.occurrences), list(wished.notices)
    random.shuffle(occurrences)
    random.shuffle(notices)
    other = Wishes(occurrences=occurrences, notices=notices)
    assert plain(resolved(other, policy)) == plain(resolved(wished, policy))


@FEWER
@given(wishes(), policies)
def test_a_village_alone_is_resolved_as_among_all_others(wished: Wishes, policy: Policy) -> None:
    among = resolved(wished, policy)
    for village in VILLAGES:
        alone = resolve(wished, [village], {village.id: policy})
        assert plain(alone) == plain({village.id: among[village.id]})


@FEWER
@given(wishes(), policies)
def test_islands_are_only_a_way_to_save_work(wished: Wishes, policy: Policy) -> None:
    village = VILLAGES[0]
    mine = [turn for turn in wished.occurrences if set(turn.units) & set(village.path) and turn.owner in village.path]
    if any(segment.over is Over.MOVE for turn in mine for segment in turn.segments):
        return  # what moves goes to the next turn: of one big island it could not
    whole = lay([turn_of(turn) for turn in mine], Place(village=village, policy=policy), stock_of(village, ()))
    assert list(whole.slots) == list(resolved(Wishes(occurrences=mine), policy)[village.id].slots)


@FEWER
@given(wishes(), policies)
def test_a_higher_rank_loses_nothing_to_a_lower_one(wished: Wishes, policy: Policy) -> None:
    """Take away the one with the least precedence: all others sound as before."""
    village = VILLAGES[0]
    mine = sorted((turn for turn in wished.occurrences if turn.owner in village.path), key=precedence)
    mine = [turn for turn in mine if all(segment.take in (Take.PIECES, Take.RELAY) for segment in turn.segments)]
    if not mine:
        return
    last = mine[-1]
    with_it = resolve(Wishes(occurrences=mine), [village], {village.id: policy})[village.id]
    without = resolve(Wishes(occurrences=mine[:-1]), [village], {village.id: policy})[village.id]
    moved_from_it = {turn.id for turn in mine if turn.series == last.series}
    others = [slot for slot in with_it.slots if slot.wish.partition("#")[0] not in moved_from_it]
    assert others == [slot for slot in without.slots if slot.wish.partition("#")[0] not in moved_from_it]

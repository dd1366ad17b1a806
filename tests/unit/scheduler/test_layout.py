"""How turns that meet share a village's time, rule by rule, as somebody would tell it."""

from __future__ import annotations

import pytest

from scheduler.limits import Policy, Window
from scheduler.wishes import PRIORITY, Begin, Begun, Over, Piece, Segment, Take
from tests.unit.scheduler.turns import (
    BY_DAY,
    LUNG_VAI,
    MINUTE,
    SECOND,
    at,
    codes,
    notice,
    notices,
    piece,
    said,
    timeline,
    told,
    turn,
)


def relay(minutes: int, **rest: object) -> Segment:
    station = Piece(source="VOV", sound=None, duration_ms=minutes * MINUTE)
    return Segment(take=Take.RELAY, pieces=(station,), begin=Begin.EXACT, **rest)


def test_a_programme_sounds_segment_after_segment() -> None:
    result = timeline(turn("tin", "17:00", said(piece("jingle", 0.5)), said(piece("a"), piece("b", 2))))
    assert told(result) == [("17:00", "17:00:30", "jingle"), ("17:00:30", "17:05:30", "a"), ("17:05:30", "17:07:30", "b")]
    assert codes(result) == {"tin/0#0": "plays", "tin/0#1": "plays"}


def test_what_has_nothing_to_say_is_silent_and_says_so() -> None:
    result = timeline(turn("tin", "17:00", notices()))
    assert told(result) == []
    assert codes(result) == {"tin/0#0": "empty"}


# ── who goes first ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_priority_goes_first_and_the_normal_one_waits_for_its_end() -> None:
    result = timeline(turn("normal", "17:00"), turn("urgent", "17:00", said(piece("flood", 2)), klass=PRIORITY))
    assert told(result) == [("17:00", "17:02", "flood"), ("17:02", "17:07", "news")]
    assert codes(result) == {"normal/0#0": "later.taken", "urgent/0#0": "plays"}


def test_a_decision_names_who_was_in_the_way() -> None:
    result = timeline(turn("normal", "17:00"), turn("urgent", "17:00", klass=PRIORITY))
    assert next(each.by for each in result.decisions if each.wish == "normal/0#0") == "urgent/0#0"


def test_the_higher_level_goes_before_the_lower_even_if_it_begins_later() -> None:
    result = timeline(turn("xã", "17:00", said(piece("x", 10))), turn("tỉnh", "17:05", said(piece("t")), owner="p1"))
    assert told(result) == [("17:05", "17:10", "t"), ("17:10", "17:20", "x")]


def test_the_communes_order_comes_before_the_level() -> None:
    mine = turn("xã", "17:00", said(piece("x")), klass=PRIORITY, order=-1)
    theirs = turn("tỉnh", "17:00", said(piece("t")), klass=PRIORITY, owner="p1")
    assert told(timeline(mine, theirs)) == [("17:00", "17:05", "x"), ("17:05", "17:10", "t")]


def test_a_piece_waits_rather_than_being_broken_by_a_priority_item() -> None:
    result = timeline(turn("tin", "17:00", said(piece("a"), piece("b"))), turn("urgent", "17:07", klass=PRIORITY))
    assert told(result) == [("17:00", "17:05", "a"), ("17:07", "17:12", "news"), ("17:12", "17:17", "b")]


def test_a_relay_goes_on_behind_what_is_in_its_way_and_ends_at_its_time() -> None:
    result = timeline(turn("VOV", "17:00", relay(30)), turn("urgent", "17:10", said(piece("flood", 2)), klass=PRIORITY))
    assert told(result) == [("17:00", "17:10", "VOV"), ("17:10", "17:12", "flood"), ("17:12", "17:30", "VOV")]
    assert codes(result)["VOV/0#0"] == "cut.taken"


# ── when a segment may begin ─────────────────────────────────────────────────────────────────────────────────────────


def test_what_begins_exactly_cuts_the_segment_before_it() -> None:
    result = timeline(turn("tin", "17:00", said(piece("a", 20)), said(piece("b"), begin=Begin.EXACT, offset_ms=15 * MINUTE)))
    assert told(result) == [("17:00", "17:15", "a"), ("17:15", "17:20", "b")]
    assert codes(result)["tin/0#0"] == "cut.next"


def test_what_begins_exactly_is_dropped_where_its_moment_is_taken() -> None:
    result = timeline(turn("exact", "17:01", said(begin=Begin.EXACT)), turn("urgent", "17:00", klass=PRIORITY))
    assert [source for _, _, source in told(result)] == ["news"]
    assert codes(result)["exact/0#0"] == "dropped.taken"


@pytest.mark.parametrize(("wait_s", "code"), [(299, "dropped.late"), (300, "later.taken")])
def test_what_waits_up_to_n_seconds_waits_no_longer(wait_s: int, code: str) -> None:
    waiting = said(piece("w"), begin=Begin.WAIT, wait_ms=wait_s * SECOND)
    assert codes(timeline(turn("w", "17:00", waiting), turn("urgent", "17:00", klass=PRIORITY)))["w/0#0"] == code


# ── what is longer than its room ─────────────────────────────────────────────────────────────────────────────────────


def test_what_is_longer_than_its_segment_is_cut_at_the_end() -> None:
    result = timeline(turn("tin", "17:00", said(piece("a", 10), length_ms=8 * MINUTE)))
    assert told(result) == [("17:00", "17:08", "a")]
    assert codes(result) == {"tin/0#0": "cut.segment"}


@pytest.mark.parametrize(("finish_s", "end"), [(60, "17:09"), (120, "17:10"), (600, "17:10")])
def test_a_sentence_may_be_finished_but_not_for_longer_than_was_said(finish_s: int, end: str) -> None:
    segment = said(piece("a", 10), length_ms=8 * MINUTE, over=Over.FINISH, finish_ms=finish_s * SECOND)
    assert told(timeline(turn("tin", "17:00", segment))) == [("17:00", end, "a")]


def test_a_sentence_may_not_be_finished_over_somebody_else_or_into_the_night() -> None:
    segment = said(piece("a", 10), length_ms=8 * MINUTE, over=Over.FINISH, finish_ms=600 * SECOND)
    urgent = turn("urgent", "17:09", klass=PRIORITY)
    assert told(timeline(turn("tin", "17:00", segment, length_ms=8 * MINUTE), urgent))[0] == ("17:00", "17:09", "a")
    assert told(timeline(turn("tin", "20:55", segment), policy=BY_DAY)) == [("20:55", "21:00", "a")]


def test_what_does_not_fit_moves_to_the_next_turn_whole() -> None:
    def day(number: int) -> object:
        return turn("tin", "17:00", said(piece(f"a{number}", 6), over=Over.MOVE, length_ms=10 * MINUTE), day=number)

    long = turn("tin", "17:00", said(piece("a0", 6), piece("b0", 6), over=Over.MOVE, length_ms=10 * MINUTE))
    result = timeline(long, day(1), day(2))
    assert [(start, source) for start, _, source in told(result)] == [("17:00", "a0"), ("17:00+1", "b0"), ("17:00+2", "a1")]
    assert codes(result) == {"tin/0#0": "part.segment", "tin/1#0": "part.segment", "tin/2#0": "part.segment"}


# ── what a unit allows ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_relay_at_a_quarter_past_three_is_dropped_for_the_hour() -> None:
    result = timeline(turn("VOV", "03:15", relay(30)), policy=BY_DAY)
    assert told(result) == []
    assert codes(result) == {"VOV/0#0": "dropped.hours"}


def test_what_would_last_into_the_night_is_cut_when_the_hours_close() -> None:
    assert told(timeline(turn("tin", "20:58"), policy=BY_DAY)) == [("20:58", "21:00", "news")]


def test_hours_that_run_over_sundays_midnight_do_not_cut_there() -> None:
    policy = Policy(hours=(Window(from_minute=22 * 60, to_minute=60),))
    assert told(timeline(turn("tết", "23:58", day=6), policy=policy)) == [("23:58+6", "00:03+7", "news")]


def test_a_session_ends_at_its_limit() -> None:
    policy = Policy(session_ms=45 * MINUTE)
    result = timeline(turn("VOV", "17:00", relay(30), owner="p1"), turn("tin", "17:30", said(piece("a", 20))), policy=policy)
    assert told(result)[-1] == ("17:30", "17:45", "a")
    assert codes(result)["tin/0#0"] == "cut.session"


def test_after_a_pause_a_new_session_begins() -> None:
    policy = Policy(session_ms=45 * MINUTE)
    result = timeline(turn("a", "17:00", said(piece("a", 45))), turn("b", "17:55", said(piece("b", 20))), policy=policy)
    assert told(result)[-1] == ("17:55", "18:15", "b")


def test_a_third_session_of_a_day_that_allows_two_is_dropped_and_the_next_day_is_new() -> None:
    policy = Policy(sessions=2)
    turns = [turn("a", "05:00"), turn("b", "11:00"), turn("c", "17:00"), turn("d", "05:00", day=1)]
    assert codes(timeline(*turns, policy=policy))["c/0#0"] == "dropped.sessions"
    assert codes(timeline(*turns, policy=policy))["d/1#0"] == "plays"


def test_the_limit_of_sessions_is_kept_for_whoever_has_precedence() -> None:
    result = timeline(turn("a", "05:00"), turn("urgent", "17:00", klass=PRIORITY), policy=Policy(sessions=1))
    assert codes(result) == {"a/0#0": "dropped.sessions", "urgent/0#0": "plays"}


def test_nothing_is_longer_than_an_item_may_be() -> None:
    assert told(timeline(turn("tin", "17:00"), policy=Policy(item_ms=3 * MINUTE))) == [("17:00", "17:03", "news")]


def test_a_language_that_is_not_spoken_here_is_left_out() -> None:
    both = said(piece("kinh", 1), piece("tày", 1, "tyz"))
    assert told(timeline(turn("tin", "17:00", both), policy=Policy(languages=("tyz",)))) == [("17:00", "17:01", "tày")]
    result = timeline(turn("tin", "17:00", said(piece("kinh", 1))), policy=Policy(languages=("tyz",)))
    assert codes(result) == {"tin/0#0": "dropped.language"}


def test_a_village_may_only_speak_to_itself() -> None:
    result = timeline(turn("ta", "17:00", owner="x1-1", units=("x1",)), village=LUNG_VAI)
    assert told(result) == []
    assert codes(result) == {"ta/0#0": "dropped.reach"}


# ── notices that wait ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_notice_is_taken_once_by_the_earliest_turn_that_takes_its_kind() -> None:
    turns = [turn("tin", "17:00", notices(kinds=("tin",)), day=day) for day in (0, 1)]
    result = timeline(*turns, notices=(notice("a", kind="tin"), notice("b", kind="tuyển sinh")))
    assert told(result) == [("17:00", "17:01", "a")]
    assert codes(result) == {"tin/0#0": "plays", "tin/1#0": "empty", "a": "in", "b": "waits"}


def test_priority_notices_are_taken_first_then_the_older() -> None:
    waiting = (notice("new", since_ms=2), notice("old", since_ms=1), notice("urgent", since_ms=3, klass=PRIORITY))
    assert [source for *_, source in told(timeline(turn("tin", "17:00", notices()), notices=waiting))] == ["urgent", "old", "new"]


def test_a_notice_for_which_there_is_no_room_waits_for_the_next_turn() -> None:
    turns = [turn("tin", "17:00", notices(length_ms=5 * MINUTE, over=Over.MOVE), day=day) for day in (0, 1)]
    result = timeline(*turns, notices=(notice("a", 4), notice("b", 4)))
    assert [(start, source) for start, _, source in told(result)] == [("17:00", "a"), ("17:00+1", "b")]


def test_a_notice_driven_out_by_a_priority_item_is_said_in_a_later_turn_of_the_same_evening() -> None:
    early = turn("tin", "17:00", notices(begin=Begin.EXACT, over=Over.MOVE))
    late = turn("tối", "17:10", notices(over=Over.MOVE))
    result = timeline(early, late, turn("urgent", "17:00", klass=PRIORITY), notices=(notice("a"),))
    assert told(result)[-1] == ("17:10", "17:11", "a")


def test_the_villages_own_notices_sound_in_their_village_only() -> None:
    evening = turn("thôn", "17:00", notices(Take.OWN))
    waiting = (notice("khào a", owner="x1-1"), notice("xã"))
    assert [source for *_, source in told(timeline(evening, notices=waiting))] == ["khào a"]
    assert told(timeline(evening, notices=waiting, village=LUNG_VAI)) == []


def test_old_news_is_not_said_and_what_is_not_approved_yet_neither() -> None:
    waiting = (notice("old", until_ms=at("17:00")), notice("early", since_ms=at("17:01")))
    assert told(timeline(turn("tin", "17:00", notices()), notices=waiting)) == []


def test_a_notice_in_a_language_not_spoken_here_waits_and_says_why() -> None:
    result = timeline(turn("tin", "17:00", notices()), notices=(notice("kinh"),), policy=Policy(languages=("tyz",)))
    assert codes(result) == {"tin/0#0": "empty", "kinh": "waits.language"}


# ── what has begun ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_has_begun_stands_fast_and_is_not_said_again() -> None:
    tin = turn("tin", "17:00", said(piece("a"), piece("b")), said(piece("c")))
    on_air = Begun(wish="tin/0#0", piece=piece("a"), start_ms=at("17:00"), end_ms=at("17:05"))
    urgent = turn("urgent", "17:02", said(piece("flood", 1)), klass=PRIORITY)
    result = timeline(tin, urgent, begun={"x1-1": (on_air,)}, from_ms=at("17:03"))
    assert told(result) == [("17:05", "17:06", "flood"), ("17:06", "17:11", "b"), ("17:11", "17:16", "c")]


def test_nothing_begins_in_the_past() -> None:
    result = timeline(turn("tin", "17:00"), from_ms=at("17:03"))
    assert told(result) == [("17:03", "17:08", "news")]
    assert codes(timeline(turn("exact", "17:01", said(begin=Begin.EXACT)), from_ms=at("17:03"))) == {"exact/0#0": "dropped.past"}


def test_a_notice_that_was_aired_is_not_taken_again() -> None:
    evening, waiting = turn("tin", "17:00", notices()), (notice("a"), notice("b"))
    assert told(timeline(evening, notices=waiting, aired={"x1-1": frozenset("a")})) == [("17:00", "17:01", "b")]
    on_air = Begun(wish="trưa/0#0", piece=piece("b"), start_ms=at("16:58"), end_ms=at("17:03"))
    assert told(timeline(evening, notices=waiting, begun={"x1-1": (on_air,)})) == [("17:03", "17:04", "a")]


def test_the_sessions_of_the_day_that_are_over_count() -> None:
    morning = Begun(wish="sáng/0#0", piece=piece("a"), start_ms=at("05:00"), end_ms=at("05:05"))
    result = timeline(turn("tin", "17:00"), policy=Policy(sessions=1), begun={"x1-1": (morning,)}, from_ms=at("12:00"))
    assert codes(result) == {"tin/0#0": "dropped.sessions"}


def test_a_station_does_not_wait_what_is_past_of_it_is_missed() -> None:
    evening = turn("tiếp âm", "17:00", relay(30), said(piece("a")))
    assert told(timeline(evening, from_ms=at("17:20"))) == [("17:20", "17:30", "VOV"), ("17:30", "17:35", "a")]
    over = timeline(evening, turn("tin", "20:05"), from_ms=at("20:00"))
    assert codes(over) == {"tiếp âm/0#0": "dropped.past", "tiếp âm/0#1": "dropped.past", "tin/0#0": "plays"}


def test_those_that_are_late_together_follow_each_other() -> None:
    result = timeline(turn("trưa", "17:52", said(piece("a"))), turn("chiều", "17:58", said(piece("b"))), from_ms=at("18:00"))
    assert told(result) == [("18:00", "18:05", "a"), ("18:05", "18:10", "b")]


def test_a_turn_that_was_saved_long_after_its_moment_begins_with_the_next_one() -> None:
    late = [turn("sáng", "05:00", day=day) for day in (0, 1)]
    result = timeline(*late, from_ms=at("16:00"))
    assert told(result) == [("05:00+1", "05:05+1", "news")]
    assert codes(result) == {"sáng/0#0": "dropped.past", "sáng/1#0": "plays"}
    assert told(timeline(turn("sáng", "05:00"), from_ms=at("05:10"))) == [("05:10", "05:15", "news")]


def test_what_was_cancelled_before_its_sound_takes_no_time_and_is_not_said_again() -> None:
    stopped = Begun(wish="tin/0#0", piece=piece("a"), start_ms=at("17:00"), end_ms=at("17:00"))
    found = timeline(
        turn("tin", "17:00", said(piece("a"))),
        turn("họp", "17:00", said(piece("b"))),
        begun={"x1-1": (stopped,)},
        policy=Policy(sessions=1),
    )
    assert told(found) == [("17:00", "17:05", "b")]


def test_a_turn_that_still_waits_for_what_has_begun_is_not_past() -> None:
    on_air = Begun(wish="urgent/0#0", piece=piece("flood", 30), start_ms=at("17:00"), end_ms=at("17:30"))
    result = timeline(turn("tin", "17:00"), begun={"x1-1": (on_air,)}, from_ms=at("17:15"))
    assert told(result) == [("17:30", "17:35", "news")]


def test_a_turn_that_has_begun_goes_on_however_late() -> None:
    tin = turn("tin", "17:00", said(piece("a")), said(piece("b")))
    begun = Begun(wish="tin/0#0", piece=piece("a"), start_ms=at("17:00"), end_ms=at("17:05"))
    assert told(timeline(tin, begun={"x1-1": (begun,)}, from_ms=at("17:20"))) == [("17:20", "17:25", "b")]


def test_a_notice_is_not_taken_by_a_turn_that_is_past() -> None:
    turns = [turn("tin", "05:00", notices()), turn("tối", "17:00", notices())]
    assert told(timeline(*turns, notices=(notice("a"),), from_ms=at("12:00"))) == [("17:00", "17:01", "a")]

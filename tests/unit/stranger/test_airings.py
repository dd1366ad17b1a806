"""What becomes of an airing on the stranger: once, in its window, in its turn; and what it says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.yard import CLIP, Yard

OTHER = "f" * 64
PLAYED = ["accepted", "started", "finished"]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    yard = Yard(tmp_path).ready()
    yard.wait(30_000)  # its life has begun before whatever is said here
    return yard


# ── the window and the downbeat ──────────────────────────────────────────────────────────────────────────────────────


def test_it_begins_at_the_downbeat_and_ends_by_its_duration(yard: Yard) -> None:
    yard.order(start=yard.now + 1_000)
    yard.wait(1_050)
    assert yard.amp == []
    yard.wait(50)
    assert yard.began() == ["a"]
    yard.wait(1_950)
    assert len(yard.amp) == 1
    yard.wait(50)
    assert yard.amp[-1][1] == "whole"
    assert yard.words() == PLAYED


def test_a_worse_clock_begins_later_never_earlier(tmp_path: Path) -> None:
    yard = Yard(tmp_path).ready(u_ms=301)
    start = yard.now + 1_000
    yard.order(start=start)
    yard.wait(start + 250 - yard.now)
    assert yard.began() == []
    yard.wait(100)
    assert yard.began() == ["a"]


def test_what_comes_within_the_grace_is_played_and_beyond_it_missed(yard: Yard) -> None:
    yard.order(airing="in", start=yard.now - 9_000, sha256=OTHER)
    yard.order(airing="out", start=yard.now, sha256=OTHER, grace=1_000)
    yard.wait(900)
    yard.clip(OTHER)
    yard.wait(1_000)
    assert yard.began() == ["in"]
    assert yard.words("out")[-1] == "missed busy"


def test_dead_on_arrival_is_refused_once_however_often_it_comes(yard: Yard) -> None:
    token = yard.order(start=yard.now - 20_000, iat=yard.now - 1_000, exp=yard.now - 100)
    yard.bring(token)
    assert yard.words() == ["refused expired"]
    assert yard.node.memory.airings == {}


def test_a_window_that_has_gone_by_is_missed_late(yard: Yard) -> None:
    yard.plan(yard.item(start=yard.now - 20_000))
    assert yard.words() == ["missed late"]


def test_without_its_clip_it_is_missed_for_that(yard: Yard) -> None:
    yard.order(sha256=OTHER)
    yard.wait(11_000)
    assert yard.words() == ["accepted", "missed clip"]


def test_too_short_a_window_for_its_clock_is_missed_for_that(tmp_path: Path) -> None:
    yard = Yard(tmp_path).ready(u_ms=501)
    yard.order(grace=800, start=yard.now + 1_000)
    yard.wait(3_000)
    assert yard.words() == ["accepted", "missed clock"]


def test_a_clip_that_can_not_be_had_fails_with_the_reason_after_eight_tries(yard: Yard) -> None:
    yard.order(sha256=OTHER, grace=3_600_000)
    for _ in range(7):
        yard.node.fetched(OTHER, "hash")
    assert yard.words() == ["accepted"]
    yard.node.fetched(OTHER, "hash")
    yard.turn()
    assert yard.words() == ["accepted", "failed hash"]


def test_a_dead_link_ends_nothing_while_a_try_is_left_before_its_window_closes(yard: Yard) -> None:
    yard.order(sha256=OTHER, start=yard.now + 3_600_000, exp=yard.now + 3_700_000)
    for _ in range(20):
        yard.node.fetched(OTHER, "link")
    yard.clip(OTHER)
    assert yard.words() == ["accepted", "cached"]


# ── once ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_spent_on_disk_before_the_amplifier(yard: Yard) -> None:
    yard.order()
    yard.wait(200)
    assert yard.amp == [("a", None, 0, "sounding")]


def test_by_order_and_plan_and_order_again_it_sounds_once(yard: Yard) -> None:
    token = yard.order(start=yard.now + 1_000)
    yard.plan(yard.item(start=yard.now + 900))
    yard.wait(500)
    yard.bring(token)
    yard.wait(5_000)
    yard.bring(token)
    yard.order(rev=7)
    yard.wait(5_000)
    assert yard.began() == ["a"]


def test_a_higher_revision_of_what_sounds_comes_too_late(yard: Yard) -> None:
    yard.order()
    yard.wait(500)
    yard.order(rev=7, duration=60_000)
    yard.wait(5_000)
    assert yard.words() == PLAYED


def test_power_that_goes_in_the_sound_cuts_it_for_good(yard: Yard) -> None:
    token = yard.order()
    yard.wait(500)
    yard.power_off()
    yard.answer()
    yard.bring(token)
    yard.wait(5_000)
    assert yard.began() == ["a"]
    assert yard.words() == ["accepted", "started", "cut power"]


def test_what_waits_waits_on_over_a_power_cut_and_sounds_once_the_time_is_known(yard: Yard) -> None:
    yard.order(start=yard.now + 2_000)
    yard.plan(yard.item("b", start=yard.now + 6_000))
    yard.power_off(1_000)
    yard.wait(3_000)
    assert yard.began() == []
    yard.answer()
    yard.wait(8_000)
    assert yard.began() == ["a", "b"]


def test_a_window_without_power_is_missed_for_that(yard: Yard) -> None:
    yard.plan(yard.item(start=yard.now + 2_000))
    yard.power_off(60_000)
    yard.answer()
    assert yard.words() == ["accepted", "missed off"]


def test_a_window_without_the_time_is_missed_for_that(yard: Yard) -> None:
    yard.plan(yard.item(start=yard.now + 2_000))
    yard.power_off()
    yard.wait(20_000)
    yard.answer()
    assert yard.words() == ["accepted", "missed clock"]


def test_what_was_altered_on_disk_fails(yard: Yard) -> None:
    yard.order(start=yard.now + 2_000)
    yard.node.memory.airings["a"]["token"] += "A"
    yard.node.save()
    yard.power_off()
    yard.answer()
    assert yard.words() == ["accepted", "failed memory"]


# ── stops and revisions ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stop_before_the_sound_cancels_and_in_it_cuts(yard: Yard) -> None:
    yard.order(start=yard.now + 1_000)
    yard.stop()
    yard.order(airing="b")
    yard.wait(500)
    yard.stop("b")
    assert yard.words("a") == ["accepted", "cancelled stop"]
    assert yard.words("b") == ["accepted", "started", "cut stop"]
    assert yard.amp[-1][:2] == ("b", "silenced")


def test_a_stop_that_overtakes_its_order_is_a_tombstone(yard: Yard) -> None:
    yard.stop(rev=2)
    yard.order(rev=3)
    yard.wait(1_000)
    assert yard.words()[0] == "cancelled stop"
    assert yard.began() == []


def test_the_highest_revision_wins_and_an_older_stop_does_nothing(yard: Yard) -> None:
    yard.order(rev=2, start=yard.now + 1_000)
    yard.stop(rev=1)
    yard.order(rev=1, start=yard.now)
    yard.order(rev=3, start=yard.now + 3_000)
    yard.wait(2_000)
    assert yard.began() == []
    yard.wait(2_000)
    assert yard.words() == ["accepted", "accepted", "started"]


def test_only_an_emergencys_key_stops_or_replaces_an_emergency(yard: Yard) -> None:
    yard.emergency(start=yard.now + 1_000)
    yard.stop(rev=9)
    yard.order(rev=9, start=yard.now + 60_000)
    yard.plan(yard.item(rev=9))
    yard.wait(1_500)
    assert yard.began() == ["a"]
    yard.stop(rev=9, kid="emergency-2026", **{"class": "emergency"})
    assert yard.words()[-1] == "cut stop"


# ── one horn ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_those_due_together_the_earlier_then_the_priority_goes_first_and_none_cuts(yard: Yard) -> None:
    yard.order(airing="late", start=yard.now + 1_000, **{"class": "priority"})
    yard.order(airing="normal", start=yard.now + 999, rank=3)
    yard.order(airing="first", start=yard.now + 999, **{"class": "priority"})
    yard.wait(8_000)
    assert yard.began() == ["first", "normal", "late"]
    assert {end for _, end, *_ in yard.amp} == {None, "whole"}


def test_an_emergency_cuts_what_sounds_and_only_a_higher_rank_cuts_an_emergency(yard: Yard) -> None:
    yard.order()
    yard.wait(500)
    yard.emergency(airing="two", rank=2)
    yard.emergency(airing="same", rank=2)
    yard.wait(500)
    assert yard.words("a")[-1] == "cut emergency"
    yard.emergency(airing="three", rank=3)
    yard.wait(200)
    assert yard.words("two")[-1] == "cut emergency"
    yard.wait(6_000)
    assert yard.began() == ["a", "two", "three", "same"]


def test_an_emergency_without_its_clip_cuts_nothing(yard: Yard) -> None:
    yard.order()
    yard.wait(500)
    yard.emergency(airing="b", sha256=OTHER)
    yard.wait(1_700)
    assert yard.words("a") == PLAYED


def test_emergencies_wait_by_rank_then_by_issue_and_the_ninth_is_refused(yard: Yard) -> None:
    for number in range(9):
        yard.emergency(airing=f"e{number}", start=yard.now + 1_000, iat=yard.now - number, rank=3 if number == 5 else 1)
    assert yard.words("e8") == ["refused full"]
    yard.wait(2 * 2_050)
    assert yard.began()[:2] == ["e5", "e7"]


# ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_newer_plan_cancels_what_it_no_longer_names_and_leaves_orders_alone(yard: Yard) -> None:
    yard.plan(yard.item("gone"), yard.item("stays"))
    yard.order(airing="order", start=yard.now + 60_000)
    yard.plan(yard.item("stays"), yard.item("new"))
    assert yard.words("gone") == ["accepted", "cancelled plan"]
    assert (yard.words("stays"), yard.words("new"), yard.words("order")) == (["accepted"],) * 3
    yard.power_off()  # and what was kept is sealed by the newer one
    assert yard.words("stays") == ["accepted"]


def test_an_older_plan_and_one_of_another_village_change_nothing(yard: Yard) -> None:
    yard.plan(yard.item("b"), version=100)
    yard.plan(version=99)
    yard.plan(version=100)
    yard.plan(village="x01480-2", version=101)
    yard.plan(aud="x01480", version=102)
    assert yard.words("b") == ["accepted"]
    assert yard.node.versions()["plan"] == 100


def test_an_item_beyond_the_plans_end_is_refused(yard: Yard) -> None:
    yard.plan(yard.item("in", start=yard.now + 999), yard.item("out", start=yard.now + 1_000), valid_until=yard.now + 1_000)
    assert (yard.words("in"), yard.words("out")) == (["accepted"], ["refused expired"])


def test_in_another_village_the_plan_and_orders_to_places_left_are_gone(yard: Yard) -> None:
    yard.plan(yard.item("plan"))
    yard.order(airing="left", aud="x01480-1", start=yard.now + 60_000)
    yard.order(airing="stays", aud="x01480", start=yard.now + 60_000)
    yard.order(airing="own", aud=yard.node.id, start=yard.now + 60_000)
    yard.config(path=["p04", "x01480", "x01480-2"])
    assert yard.words("plan") == yard.words("left") == ["accepted", "cancelled moved"]
    assert yard.words("stays") == yard.words("own") == ["accepted"]
    assert yard.node.versions()["plan"] == 0


# ── room ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_full_table_refuses_and_forgets_nothing(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.stranger.ledger.TABLE_ROOM", 1)
    yard.stop("old")
    yard.order(airing="b")
    yard.order(airing="old", rev=9)
    yard.wait(1_000)
    assert yard.words("b") == ["refused full"]
    assert yard.began() == []


def test_without_room_for_its_words_nothing_is_accepted(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.stranger.ledger.RECEIPT_ROOM", 4)
    yard.order(start=yard.now + 1_000)
    yard.order(airing="b")
    yard.plan(yard.item("c"))
    yard.wait(5_000)
    assert yard.began() == ["a"]
    assert yard.words("b") == yard.words("c") == []


def test_a_tombstone_lasts_a_day_past_its_end(yard: Yard) -> None:
    token = yard.order(sha256=CLIP)
    yard.wait(3_000)
    yard.mono += 86_300_000
    yard.turn()
    assert "a" in yard.node.memory.airings
    yard.bring(token)
    assert yard.began() == ["a"]
    yard.mono += 1_000_000
    yard.turn()
    assert "a" not in yard.node.memory.airings

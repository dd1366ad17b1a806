"""Whom the stranger believes, when, and how it keeps the controller's words and its own: keys, clock, floors, custody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stranger.ledger import Clock
from tests.support.yard import CLIP, MORNING, PATH, USES, Yard


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path).ready()


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_says_only_what_its_use_lets_it(yard: Yard) -> None:
    yard.order("emergency-2026", airing="a")
    yard.order("plan-2026", airing="b")
    yard.emergency(airing="c")
    yard.order("order-2026", airing="d", **{"class": "emergency"})
    yard.plan(yard.item("e"), kid="order-2026")
    assert [yard.words(airing) for airing in "abcde"] == [
        ["refused trust"],
        ["refused trust"],
        ["accepted"],
        ["refused trust"],
        [],
    ]


@pytest.mark.parametrize(
    ("limits", "fields", "word"),
    [
        ({"units": ["x01480-1"]}, {}, "refused trust"),
        ({"units": ["p04"]}, {}, "accepted"),
        ({"units": ["x01480"]}, {"aud": "x01480-1-l1"}, "accepted"),
        ({"units": ["x99999"]}, {"aud": "x01480-1-l1"}, "refused trust"),
        ({"classes": ["priority"]}, {}, "refused trust"),
        ({"classes": ["normal"]}, {}, "accepted"),
        ({"exp": MORNING}, {}, "refused trust"),
        ({"nbf": MORNING + 3_600_000}, {}, "refused trust"),
    ],
)
def test_a_key_is_obeyed_within_its_units_classes_and_time(
    tmp_path: Path, limits: dict[str, object], fields: dict[str, object], word: str
) -> None:
    yard = Yard(tmp_path).ready()
    yard.trust(kid="order-2026", **limits)
    yard.order(start=yard.now + 60_000, **fields)
    assert yard.words() == [word]


def test_a_wrong_key_changes_nothing_that_waits(yard: Yard) -> None:
    yard.order(start=yard.now + 1_000)
    yard.order("answer-2026", rev=9)
    yard.order(rev=9, iat=yard.now + 90_000, exp=yard.now + 100_000)
    yard.stop(rev=9, kid="config-2026")
    yard.wait(1_500)
    assert yard.began() == ["a"]


def test_what_a_revoked_key_sealed_is_forgotten_without_a_word_and_may_come_again_under_a_good_one(yard: Yard) -> None:
    yard.order(start=yard.now + 3_000)
    yard.plan(yard.item("b"), yard.item("c"))
    yard.trust(USES | {"live-2026": "order"}, revoked=["order-2026", "plan-2026"])
    yard.order(airing="d")
    yard.order("live-2026", start=yard.now + 2_000)
    yard.wait(10_000)
    assert yard.words("a") == ["accepted", "accepted", "started", "finished"]
    assert (yard.words("b"), yard.words("c"), yard.words("d")) == (["accepted"], ["accepted"], [])
    assert yard.node.versions()["plan"] == 0


def test_a_config_by_a_revoked_key_stays_until_the_next_boot(yard: Yard) -> None:
    yard.trust(revoked=["config-2026"])
    assert yard.node.memory.config["path"] == PATH
    yard.power_off()
    assert yard.node.versions()["config"] == 0


def test_a_plan_key_is_changed_in_the_middle_of_a_day_and_nothing_is_lost(yard: Yard) -> None:
    yard.plan(yard.item("a"))
    yard.trust(USES | {"live-2026": "plan"})
    yard.plan(yard.item("a"), yard.item("b"), kid="live-2026")
    yard.trust({kid: use for kid, use in (USES | {"live-2026": "plan"}).items() if kid != "plan-2026"})
    yard.power_off()
    yard.answer()
    yard.wait(10_000)
    assert yard.words("a") == yard.words("b") == ["accepted", "started", "finished"]


def test_a_plan_says_only_the_classes_of_its_key(yard: Yard) -> None:
    yard.trust(kid="plan-2026", classes=["normal"])
    yard.plan(yard.item("a"), yard.item("b", **{"class": "priority"}))
    assert (yard.words("a"), yard.words("b")) == (["accepted"], ["refused trust"])


def test_no_other_key_takes_the_roots_name(yard: Yard) -> None:
    yard.trust({"root": "order"} | {kid: use for kid, use in USES.items() if use != "order"})
    yard.order("root")
    assert yard.words() == ["refused trust"]


def test_trust_comes_from_the_root_alone_and_never_gets_older(yard: Yard) -> None:
    yard.tell("tl-trust", "config-2026", aud="all", version=900, keys=[])
    yard.tell("tl-trust", "root", aud="x99999", version=900, keys=[])
    yard.tell("tl-trust", "root", aud="all", version=900, keys=[], iat=yard.now - 9_000, exp=yard.now - 1_000)
    yard.tell("tl-trust", "root", aud="all", version=900, keys=[], iat=yard.now + 90_000, exp=yard.now + 99_000)
    yard.trust(version=1)
    assert yard.node.versions()["trust"] == 1
    assert len(yard.node.keys()) == 5


def test_what_is_for_others_or_came_before_it_moved_here_is_ignored(yard: Yard) -> None:
    yard.order(aud="x01480-2")
    yard.order(aud="x01480-1-l2")
    yard.config(since=yard.now)
    yard.order(iat=yard.now)
    yard.config(aud="x01480-1-l2", path=["q"])
    assert yard.words() == []
    assert yard.node.memory.config["path"] == PATH
    yard.order(aud=yard.node.id, iat=yard.now)
    assert yard.words() == ["accepted"]


def test_what_was_made_ahead_of_its_time_is_refused(yard: Yard) -> None:
    yard.order(iat=yard.now + 60_100, exp=yard.now + 90_000)
    assert yard.words() == ["refused future"]


def test_a_kind_it_does_not_know_is_refused(yard: Yard) -> None:
    yard.order(kind="test")
    assert yard.words() == ["refused unsupported"]


def test_a_topic_proves_nothing_and_admits_its_own_types_only(yard: Yard) -> None:
    orders = "tl/1/unit/x01480/order"
    plan_key = yard.tell("tl-config", "config-2026", orders, aud=yard.node.id, version=77, path=["q"], since=0)
    assert yard.node.versions()["config"] != 77
    yard.bring(plan_key, "tl/1/unit/x01480-2/order")
    assert yard.node.refused == 2


def test_twenty_seals_a_second_and_the_last_five_for_emergencies(yard: Yard) -> None:
    yard.mono += 1_000 - yard.mono % 1_000
    for number in range(30):
        yard.order(airing=f"n{number}", start=yard.now + 60_000)
    taken = [number for number in range(30) if yard.words(f"n{number}")]
    assert taken == list(range(15))
    yard.mono += 1_000
    for number in range(14):
        yard.order(airing=f"m{number}", start=yard.now + 60_000)
    for number in range(9):
        yard.emergency(airing=f"e{number}")
    assert [bool(yard.words(f"e{number}")) for number in range(9)] == [True] * 6 + [False] * 3


# ── the time ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_the_time_it_is_silent_and_what_came_waits_for_it(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.trust()
    yard.config()
    yard.node.clip(CLIP).write_bytes(b"sound")
    yard.order(start=yard.now + 6_000)
    yard.wait(5_000)
    assert yard.words() == []
    assert yard.said("tl-state")[-1]["reason"] == "clock"
    yard.answer()
    yard.wait(4_000)
    assert yard.words() == ["accepted", "started", "finished"]
    assert yard.said("tl-state")[-1]["reason"] == ""


def test_what_died_while_it_waited_for_the_time_is_missed_for_that(yard: Yard) -> None:
    yard.wait(1_000)
    yard.power_off()
    yard.order(grace=1_000, exp=yard.now + 1_000)
    yard.wait(5_000)
    yard.answer()
    assert yard.words() == ["missed clock"]


@pytest.mark.parametrize(
    "fields", [{"nonce": "0" * 32}, {"nonce": None}, {"life": "0" * 16}, {"t2": MORNING * 2}, {"aud": "x01480-1-l2"}]
)
def test_an_answer_that_is_not_to_its_ask_brings_no_time(tmp_path: Path, fields: dict[str, object]) -> None:
    yard = Yard(tmp_path)
    yard.trust()
    yard.answer(**fields)
    assert yard.node.clock.read(yard.mono) == (0, -1)


def test_an_answer_that_does_not_count_brings_floors_and_custody_all_the_same(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.trust()
    yard.answer(aud="x01480-1-l2")
    yard.answer(life="0" * 16)
    assert yard.node.memory.floors == {}
    yard.answer(nonce=None)
    assert yard.node.memory.floors == {"trust": 0, "config": 0, "plan": 0}


def test_an_answer_that_took_over_four_seconds_counts_no_more(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.trust()
    yard.answer(u_ms=2_002)
    assert yard.node.clock.bound < 0
    yard.answer(u_ms=2_001)
    assert yard.node.clock.bound == 2_001


def test_an_answer_counts_once(tmp_path: Path) -> None:
    clock = Clock()
    assert clock.answer(1_000, MORNING, MORNING + 4, 1_024)
    assert clock.read(1_024) == (MORNING + 14, 11)
    assert clock.read(11_024) == (MORNING + 10_014, 12)  # 100 ppm
    assert clock.answer(11_024, MORNING, MORNING, 11_124)  # far worse, and 11 s off: not taken
    assert clock.read(11_124)[0] == MORNING + 10_114
    assert not clock.answer(1, MORNING, MORNING - 1, 2)


def test_a_clock_moves_far_only_by_three_answers_that_agree() -> None:
    clock, wrong = Clock(), MORNING + 7_200_000
    clock.answer(0, MORNING, MORNING, 10)
    clock.answer(1_000, wrong, wrong, 1_010)
    clock.answer(2_000, wrong + 500_000, wrong + 500_000, 2_010)
    clock.answer(3_000, wrong + 2_000, wrong + 2_000, 3_010)
    assert clock.read(3_010)[0] == MORNING + 3_005
    clock.answer(4_000, wrong + 3_000, wrong + 3_000, 4_010)
    clock.answer(5_000, wrong + 4_000, wrong + 4_000, 5_010)
    assert clock.read(5_010)[0] == wrong + 4_005


# ── floors and lives ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_below_its_floors_it_is_silent_and_takes_nothing_older(tmp_path: Path) -> None:
    yard = Yard(tmp_path).ready()
    yard.answer(floors={"trust": 1, "config": 50, "plan": 60})
    yard.order()
    yard.plan(yard.item("b"), version=59)
    yard.config(version=49)
    yard.wait(1_000)
    assert yard.said("tl-state")[-1]["reason"] == "floors"
    assert yard.began() == yard.words("b") == []
    yard.config(version=50)
    yard.wait(1_000)
    assert yard.began() == ["a"]


def test_a_new_life_does_not_begin_what_its_former_one_may_have_spent(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.trust()
    yard.config()
    yard.clip()
    yard.order(airing="waited", start=yard.now + 1_000)
    yard.wait(2_000)
    yard.answer()
    yard.order(airing="came", start=yard.node.memory.born - 1)
    yard.plan(yard.item("planned", start=yard.node.memory.born - 1))
    yard.order(airing="new", start=yard.node.memory.born)
    yard.power_off()
    yard.answer()
    yard.order(airing="later", start=yard.node.memory.born - 1)
    yard.wait(1_000)
    assert [yard.words(airing) for airing in ("waited", "came", "planned", "later")] == [["missed floors"]] * 4
    assert yard.began() == ["new"]


def test_a_life_that_was_born_under_a_clock_ahead_is_told_so_by_a_lower_answer(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.trust()
    yard.answer(iat=yard.now + 60_000)
    yard.answer(nonce=None, floors=None)
    yard.power_off()
    assert yard.node.memory.born == yard.now


def test_floors_never_fall(yard: Yard) -> None:
    yard.answer(floors={"trust": 0, "config": 50, "plan": 0})
    yard.answer(floors={"trust": 0, "config": 7, "plan": 9})
    yard.power_off()
    assert yard.node.memory.floors == {"trust": 0, "config": 50, "plan": 9}


@pytest.mark.parametrize("damage", [None, b"", b"{}", b'{"life": 1'])
def test_with_its_memory_gone_or_damaged_a_new_life_begins_silent(yard: Yard, damage: bytes | None) -> None:
    life, file = yard.node.memory.life, yard.home / "memory.json"
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)
    yard.power_off()
    assert yard.node.memory.life != life
    assert (yard.node.memory.floors, yard.node.reason()) == ({}, "clock")
    assert [state["reason"] for state in yard.said("tl-state")].count("memory.new") == 2


def test_states_rise_over_connections_and_boots(yard: Yard) -> None:
    yard.reconnect()
    yard.power_off()
    order = [(state["boot"], state["connection"], state["counter"]) for state in yard.said("tl-state")]
    assert order == sorted(set(order))
    assert order[-1][:2] == (2, 1)


# ── custody ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def numbers(yard: Yard) -> list[list[int]]:
    return [[item["seq"] for item in message["items"]] for message in yard.said("tl-receipts")]


def test_a_receipt_is_kept_and_said_again_until_a_sealed_upto_covers_it(yard: Yard) -> None:
    yard.stop("a")
    yard.stop("b")
    yard.wait(9_900)
    assert numbers(yard) == [[1], [2]]
    yard.wait(200)
    assert numbers(yard)[2:] == [[1, 2]]
    yard.power_off()
    assert numbers(yard)[3:] == [[1, 2]]
    yard.answer(upto=1)
    yard.reconnect()
    assert numbers(yard)[4:] == [[2]]
    assert yard.said("tl-receipts")[-1]["from"] == 2
    yard.answer(upto=2)
    yard.stop("c")
    assert numbers(yard)[-1] == [3]


def test_with_its_memory_rolled_back_it_numbers_what_it_holds_anew_above_what_was_heard(yard: Yard) -> None:
    yard.stop()
    yard.answer(upto=7)
    assert (numbers(yard)[-1], yard.said("tl-receipts")[-1]["from"]) == ([8], 8)
    assert "memory.rolled-back" in [state["reason"] for state in yard.said("tl-state")]


def test_birth_then_receipts_then_an_ask_open_each_connection(yard: Yard) -> None:
    yard.stop()
    yard.gather()
    before = len(yard.everything)
    yard.reconnect()
    yard.gather()
    assert [typ for typ, _ in yard.everything[before:]][:3] == ["tl-state", "tl-receipts", "tl-ask"]


def test_offered_again_its_newest_word_is_said_anew_once_a_connection(yard: Yard) -> None:
    token = yard.order(start=yard.now + 60_000)
    yard.bring(token)
    assert yard.words() == ["accepted"]
    yard.answer(upto=1)
    yard.bring(token)
    yard.answer(upto=2)
    yard.bring(token)
    assert yard.words() == ["accepted", "accepted"]


def test_an_unanswered_ask_is_followed_by_ever_rarer_ones_and_an_answered_one_by_quiet(yard: Yard) -> None:
    asked = len(yard.said("tl-ask"))
    yard.wait(500_000)
    assert len(yard.said("tl-ask")) == asked
    yard.reconnect()
    yard.wait(30_000)
    assert len(yard.said("tl-ask")) - asked == 4

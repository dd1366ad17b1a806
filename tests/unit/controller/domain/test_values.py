"""The domain's small values: ids, airing times, places, titles, presence, errors."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.airing import SETTLE_AFTER_MS, Airing, Klass, Mode
from controller.domain.bulletin import (
    MAX_NOTE,
    MAX_TITLE,
    STEPS,
    Act,
    Bulletin,
    BulletinState,
    check_note,
    check_title,
    prepared,
    step,
)
from controller.domain.errors import Conflict, NotFound, Refused, TiengLangError, Unavailable
from controller.domain.ids import check_id, new_id
from controller.domain.node import Presence
from controller.domain.unit import RANK, Level, Unit, is_under

NOW = 1_767_225_600_000


# ── ids ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_id_is_proper_and_never_the_same() -> None:
    ids = {new_id(NOW) for _ in range(1_000)}
    assert len(ids) == 1_000
    assert all(check_id(one) == one and len(one) == 22 for one in ids)


@given(st.integers(0, 16**11 - 1), st.integers(0, 16**11 - 1))
def test_ids_sort_by_time_until_the_year_2527(one: int, other: int) -> None:
    if one < other:
        assert new_id(one) < new_id(other)


@pytest.mark.parametrize("text", ["a", "0", "-", "p04", "x01480-1-l1", "a" * 36])
def test_proper_ids_pass(text: str) -> None:
    assert check_id(text) == text


@pytest.mark.parametrize("text", ["", "a" * 37, "A", "a b", "a/b", "+", "#", "ă", "a\n", "\n", "a.b", "a_b", "\x00", "１"])
def test_what_would_break_a_topic_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"id\.malformed"):
        check_id(text)


def test_a_huge_id_is_not_repeated_whole_in_its_error() -> None:
    with pytest.raises(Refused) as caught:
        check_id("x" * 10**6)
    assert len(str(caught.value)) < 200


# ── airings ──────────────────────────────────────────────────────────────────────────────────────────────────────────

AIRING = Airing(
    id="a", bulletin="b", mode=Mode.NOW, rev=1, units=("u",), start_ms=NOW, grace_ms=60_000, duration_ms=30_000,
    klass=Klass.NORMAL, rank=1, sha256="0" * 64, size=1, gain=0, language="vi", created_ms=NOW - 5_000,
)  # fmt: skip


@given(st.integers(0, 2**45), st.integers(0, 3_600_000), st.integers(1, 3_600_000))
def test_an_airing_ends_with_the_latest_sound_and_settles_two_minutes_later(start: int, grace: int, duration: int) -> None:
    airing = replace(AIRING, start_ms=start, grace_ms=grace, duration_ms=duration)
    assert airing.ends_ms == start + grace + duration
    assert airing.settles_ms == airing.ends_ms + 120_000 == airing.ends_ms + SETTLE_AFTER_MS


def test_values_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        AIRING.rev = 2  # type: ignore[misc]


# ── places ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_unit_is_under_itself_and_all_above_it_and_nothing_else() -> None:
    village = Unit(id="v", parent="c", level=Level.VILLAGE, name="V", path=("p", "c", "v"))
    assert [is_under(village, name) for name in ("p", "c", "v", "v2", "")] == [True, True, True, False, False]


def test_rank_rises_with_the_level() -> None:
    assert RANK[Level.VILLAGE] < RANK[Level.COMMUNE] < RANK[Level.PROVINCE]
    assert set(RANK) == set(Level)


# ── bulletins ────────────────────────────────────────────────────────────────────────────────────────────────────────

DRAFT = Bulletin(
    id="b", owner="c", title="T", klass=Klass.NORMAL, language="vi", state=BulletinState.DRAFT, created_ms=NOW, created_by="u"
)


def test_a_title_is_trimmed_and_its_blanks_made_one() -> None:
    assert check_title("  Thông báo \n họp\tthôn ") == "Thông báo họp thôn"
    assert check_title("x" * MAX_TITLE) == "x" * MAX_TITLE


@pytest.mark.parametrize(
    ("title", "code"), [("", "title-empty"), (" \n\t ", "title-empty"), ("x" * (MAX_TITLE + 1), "title-long")]
)
def test_an_empty_or_endless_title_is_refused(title: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        check_title(title)


READY = replace(DRAFT, clip="0" * 64)


@pytest.mark.parametrize("state", BulletinState)
@pytest.mark.parametrize("act", Act)
def test_each_step_is_in_the_table_or_refused(state: BulletinState, act: Act) -> None:
    with pytest.raises(Refused, match=r"bulletin\.no-sound"):
        step(replace(DRAFT, state=state), act)
    after = STEPS.get((state, act))
    if after is None:
        with pytest.raises(Conflict, match=r"bulletin\.decided"):
            step(replace(READY, state=state), act)
    else:
        assert step(replace(READY, state=state), act) is after


def test_nothing_but_a_yes_leads_from_waiting_to_what_may_be_said() -> None:
    assert [key for key, after in STEPS.items() if after is BulletinState.APPROVED] == [(BulletinState.SUBMITTED, Act.APPROVE)]


def test_a_prepared_sound_waits_for_a_yes_where_one_is_asked_for() -> None:
    asked, free = (prepared(DRAFT, "0" * 64, 5, asks=asks) for asks in (True, False))
    assert (asked.state, asked.submitted_ms, asked.approved_ms) == (BulletinState.SUBMITTED, 5, None)
    assert (free.state, free.submitted_ms, free.approved_ms, free.has_yes) == (BulletinState.APPROVED, None, 5, False)


@pytest.mark.parametrize(("note", "code"), [("", "note-empty"), (" \n ", "note-empty"), ("x" * (MAX_NOTE + 1), "note-long")])
def test_it_is_returned_with_a_note_that_says_something(note: str, code: str) -> None:
    assert check_note("  Nói \n chậm hơn ") == "Nói chậm hơn"
    with pytest.raises(Refused, match=code):
        check_note(note)


# ── nodes, errors ────────────────────────────────────────────────────────────────────────────────────────────────────


@given(*[st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))] * 2)
def test_presence_is_ordered_by_boot_then_connection_then_counter(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    def presence(numbers: tuple[int, int, int]) -> Presence:
        return Presence(boot=numbers[0], connection=numbers[1], counter=numbers[2])

    assert (presence(one) < presence(other)) is (one < other)
    assert (presence(one) == presence(other)) is (one == other)


@pytest.mark.parametrize("kind", [Refused, NotFound, Conflict, Unavailable])
def test_an_error_has_a_code_its_fields_and_says_both(kind: type[TiengLangError]) -> None:
    error = kind("airing.overlap", village="Lũng Nọi", at_ms=5)
    assert (error.code, error.fields) == ("airing.overlap", {"village": "Lũng Nọi", "at_ms": 5})
    assert str(error) == "airing.overlap village='Lũng Nọi' at_ms=5"
    assert isinstance(error, TiengLangError)

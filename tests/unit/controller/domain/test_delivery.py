"""The delivery's table, cell by cell, against a grid written out here."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.delivery import ENDS, TRANSITIONS, Evidence, State, Word, is_good, judge, move
from controller.protocol.messages import ReceiptState

# Rows: where it stands. Columns: what is said. A dot: nothing changes.
GRID = """
            publish   cancel     settle  accepted cached started finished refused failed missed cut cancelled
planned     published cancelling unknown accepted cached started finished refused failed missed cut cancelled
published   .         cancelling unknown accepted cached started finished refused failed missed cut cancelled
accepted    .         cancelling unknown .        cached started finished refused failed missed cut cancelled
cached      .         cancelling unknown .        .      started finished refused failed missed cut cancelled
started     .         cancelling unknown .        .      .       finished refused failed missed cut cancelled
cancelling  .         .          unknown .        .      .       finished refused failed missed cut cancelled
unknown     .         .          .       .        .      .       finished refused failed missed cut cancelled
finished    .         .          .       .        .      .       .        .       .      .      .   .
refused     .         .          .       .        .      .       .        .       .      .      .   .
failed      .         .          .       .        .      .       .        .       .      .      .   .
missed      .         .          .       .        .      .       .        .       .      .      .   .
cut         .         .          .       .        .      .       .        .       .      .      .   .
cancelled   .         .          .       .        .      .       .        .       .      .      .   .
"""
_HEAD, *_ROWS = (line.split() for line in GRID.strip().splitlines())
CELLS = [(row[0], word, cell) for row in _ROWS for word, cell in zip(_HEAD, row[1:], strict=True)]
NODES_WORDS = {Word(state.value) for state in ReceiptState}


@pytest.mark.parametrize(("state", "word", "after"), CELLS)
@pytest.mark.wire(90)
def test_cell(state: str, word: str, after: str) -> None:
    assert move(State(state), Word(word)) is State(state if after == "." else after)
    assert (Word(word) in TRANSITIONS[State(state)]) is (after != ".")


def test_the_grid_has_every_state_and_every_word() -> None:
    assert sorted((state, word) for state, word, _ in CELLS) == sorted(product(map(str, State), map(str, Word)))


def test_a_node_can_say_every_word_that_is_not_ours_or_the_sweepers() -> None:
    assert set(Word) - {Word.PUBLISH, Word.CANCEL, Word.SETTLE} == NODES_WORDS


LADDER = [State.PLANNED, State.PUBLISHED, State.ACCEPTED, State.CACHED, State.STARTED]


@given(st.lists(st.sampled_from(Word)))
@pytest.mark.wire(90)
def test_whatever_is_said_no_rung_is_descended_and_no_end_but_unknown_is_left(words: list[Word]) -> None:
    state = State.PLANNED
    for word in words:
        after = move(state, word)
        if state in ENDS - {State.UNKNOWN}:
            assert after is state
        if state is State.UNKNOWN:
            assert after in ENDS
        if state in LADDER and after in LADDER:
            assert LADDER.index(after) >= LADDER.index(state)
        assert after is not State.PLANNED or state is State.PLANNED
        state = after


@given(st.lists(st.sampled_from(Word)))
@pytest.mark.wire(91)
def test_once_settled_it_has_an_end_whatever_came_before_or_comes_after(words: list[Word]) -> None:
    state = State.PLANNED
    for word in words:
        state = move(state, word)
    state = move(state, Word.SETTLE)
    assert state in ENDS
    for word in words:
        state = move(state, word)
        assert state in ENDS


@given(st.lists(st.sampled_from(Word)))
def test_only_the_nodes_word_makes_an_end_that_is_not_unknown(words: list[Word]) -> None:
    state = State.PLANNED
    for word in words:
        after = move(state, word)
        if after is not state and after in ENDS:
            assert (word is Word.SETTLE) if after is State.UNKNOWN else word in NODES_WORDS
        state = after


@given(
    st.permutations([Word.ACCEPTED, Word.CACHED, Word.STARTED, Word.FINISHED]),
    st.lists(st.sampled_from([Word.ACCEPTED, Word.CACHED, Word.STARTED])),
)
def test_a_nodes_words_in_any_order_and_repeated_end_alike(words: list[Word], again: list[Word]) -> None:
    state = State.PUBLISHED
    for word in [*again, *words, *again]:
        state = move(state, word)
    assert state is State.FINISHED


H, S, N = Evidence.HEARD, Evidence.SILENT, Evidence.NOT_MEASURED


@pytest.mark.parametrize(
    ("known", "said", "after"),
    [
        (None, None, None), (None, H, H), (None, S, S), (None, N, N),
        (N, None, N), (N, H, H), (N, S, S), (N, N, N),
        (H, None, H), (H, H, H), (H, S, H), (H, N, H),
        (S, None, S), (S, H, S), (S, S, S), (S, N, S),
    ],
)  # fmt: skip
@pytest.mark.wire(91)
def test_evidence_is_added_and_never_taken_back(known: Evidence | None, said: Evidence | None, after: Evidence | None) -> None:
    assert judge(known, said) is after


@pytest.mark.parametrize(("state", "evidence"), list(product(State, [None, *Evidence])))
def test_good_is_finished_and_not_measured_silent(state: State, evidence: Evidence | None) -> None:
    assert is_good(state, evidence) is (state is State.FINISHED and evidence is not Evidence.SILENT)

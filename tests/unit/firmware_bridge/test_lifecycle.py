"""The life of an airing, cell by cell."""

from __future__ import annotations

import itertools

import pytest

from controller.domain.airing import Klass
from controller.domain.delivery import TRANSITIONS, Word, move
from controller.domain.delivery import State as Delivered
from controller.protocol.messages import ReceiptState
from firmware_bridge.lifecycle import ENDS, SPENT, TABLE, Airing, Phase

U, W, S, E = Phase.UNKNOWN, Phase.WAITING, Phase.SOUNDING, Phase.ENDED
CELLS = {
    U: {"accepted": W, "refused": E, "missed": E, "cancelled": E},
    W: {"accepted": W, "cached": W, "spent": S, "refused": E, "failed": E, "missed": E, "cancelled": E},
    S: {"started": S, "finished": E, "failed": E, "cut": E, "cancelled": E},
    E: {},
}


@pytest.mark.parametrize(("phase", "step"), list(itertools.product(Phase, [*ReceiptState, SPENT])))
@pytest.mark.wire(90)
def test_each_cell_of_the_table(phase: Phase, step: str) -> None:
    """What is written here moves as written; everything else is no step."""
    airing = Airing("a1", 1, Klass.NORMAL)
    airing.phase = phase
    expected = CELLS[phase].get(str(step))
    assert airing.may(step) is (expected is not None)
    if expected is None:
        with pytest.raises(KeyError):
            airing.take(step)
    else:
        airing.take(step)
        assert airing.phase is expected


@pytest.mark.wire(53)
def test_an_end_moves_no_more() -> None:
    """To repeat is a new airing."""
    assert TABLE[Phase.ENDED] == {}
    assert {step for row in TABLE.values() for step, to in row.items() if to is Phase.ENDED} == set(ENDS)


def test_whatever_a_node_can_say_moves_a_delivery_to_the_same_end() -> None:
    """Every path of words through the node's table ends the controller's table alike."""
    paths: list[tuple[Phase, Delivered]] = [(Phase.UNKNOWN, Delivered.PUBLISHED)]
    for _ in range(4):
        paths += [
            (to, delivery if step == SPENT else move(delivery, Word(step)))
            for phase, delivery in paths
            for step, to in TABLE[phase].items()
        ]
    for phase, delivery in set(paths):
        assert (phase is Phase.ENDED) is (TRANSITIONS[delivery] == {})

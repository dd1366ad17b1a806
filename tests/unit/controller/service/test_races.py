"""Two use cases at once on a real database: neither overwrites what the other has just written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from controller.domain.delivery import ENDS, State
from controller.domain.errors import Conflict
from controller.service.deliveries import LINK_UP_MS, Batch, hear
from controller.service.ports import Transaction
from tests.support.people import admin
from tests.unit.controller.service.house import NOW_MS, House, receipt, receipts


def while_hearing(house: House, airing: str, then: Callable[[], object]) -> None:
    """Begin to take an `accepted`, start `then` in another thread in the middle of it, and commit."""
    other = threading.Thread(target=then)

    def meanwhile(tx: Transaction) -> None:
        hear(tx, [Batch(said=receipts("x1-1-l1", receipt(1, airing, "accepted")), received_ms=NOW_MS)])
        other.start()
        other.join(0.2)

    with house.work.writing() as tx:
        meanwhile(tx)
    other.join(10)
    assert not other.is_alive()


def test_a_receipt_that_meets_the_sweeper_leaves_nothing_open(house: House) -> None:
    airing = house.say("x1-1")
    house.clock.advance(airing.settles_ms - NOW_MS)
    while_hearing(house, airing.id, lambda: house.sweeper.sweep(house.clock.monotonic_ms() - LINK_UP_MS))
    assert set(house.states(airing).values()) <= ENDS


def test_a_receipt_that_meets_a_cancel_does_not_undo_it(house: House) -> None:
    airing = house.say("x1-1")
    while_hearing(house, airing.id, lambda: house.airings.cancel(airing.id, by=admin()))
    assert set(house.states(airing).values()) == {State.CANCELLING}


def test_two_officers_at_one_moment_do_not_get_the_same_village_and_time(house: House) -> None:
    house.bulletin()
    together = threading.Barrier(6)

    def say(_: int) -> bool:
        together.wait()
        try:
            house.say("x1-1")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(say, range(6))) == [False] * 5 + [True]


def test_a_mark_that_comes_after_the_nodes_own_word_does_not_take_it_back(house: House) -> None:
    airing = house.say("x1-1")
    letters, _ = house.posting.due()
    house.hear(receipts("x1-1-l1", receipt(1, airing, "started")))
    house.posting.published(letters)
    assert house.states(airing) == {"x1-1-l1": State.STARTED, "x1-1-l2": State.PUBLISHED}


def test_villages_added_at_one_moment_get_an_id_each(house: House) -> None:
    names = [f"Bản {number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda name: house.units.add("x1", name, by=admin()), names))
    assert len({unit.id for unit in made}) == 8
    assert {unit.name for unit in house.units.tree(by=admin())} >= set(names)

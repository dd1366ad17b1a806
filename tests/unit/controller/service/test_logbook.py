"""The log: what it lists, for whom, what it adds up; and that what is kept of an airing is what its deliveries say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from controller.db.tables import tallies
from controller.domain.airing import Airing, Klass
from controller.domain.delivery import Evidence
from controller.domain.errors import NotFound, Refused
from controller.domain.rights import Actor, Reach, Role
from controller.service import logbook
from controller.service.asking import Wish
from controller.service.deliveries import LINK_UP_MS
from controller.service.logbook import Log, Look, Result, Stage, Wanted, narrowed
from controller.service.logged import Sum
from controller.service.reports import tally
from tests.support.people import admin, somebody
from tests.unit.controller.service.house import DAY_MS, DURATION_MS, HOUR_MS, NODES, NOW_MS, House, receipt, receipts

SPAN = (NOW_MS - DAY_MS, NOW_MS + DAY_MS)
HEAD = somebody(Role.HEAD, "p04", "x1", "x1-2")


def look(house: House, by: Actor | None = None, *, villages: bool = False, **wanted: object) -> Look:
    asked = replace(Wanted(span=SPAN), **wanted)  # type: ignore[arg-type]
    return Log(database=house.work, clock=house.clock).look(asked, by=by or admin(), villages=villages)


def settle(house: House, *airings: Airing) -> None:
    """Let its time go by."""
    house.clock.advance(max(each.settles_ms for each in airings) - house.clock.now_ms() + 1)
    assert house.sweeper.sweep(house.clock.monotonic_ms() - LINK_UP_MS) >= 1


def played(house: House, airing: Airing, *nodes: str) -> None:
    house.hear(*(receipts(node, receipt(1, airing, "finished"), first=1, life=f"{airing.created_ms:016x}") for node in nodes))


def kept(house: House, airing: Airing, within: Reach = None) -> Sum | None:
    with house.work.reading() as tx:
        return tx.logbook.sums([airing.id], within).get(airing.id)


def counted(house: House, airing: Airing, within: Reach = None) -> Sum:
    with house.work.reading() as tx:
        said = tally(tx.deliveries.counts([airing.id], within)[airing.id])
    return Sum(total=said.total, good=said.good)


# ── what is kept of an airing ────────────────────────────────────────────────────────────────────────────────────────


def test_what_an_airing_came_to_is_kept_when_it_is_settled_and_is_what_its_deliveries_say(house: House) -> None:
    airing = house.say("p04")
    played(house, airing, "x1-1-l1", "x1-1-l2", "x10-1-l1")
    house.hear(receipts("x10-1-l2", receipt(1, airing, "finished", evidence=Evidence.SILENT)))
    assert kept(house, airing) is None
    settle(house, airing)
    assert kept(house, airing) == counted(house, airing) == Sum(total=6, good=3)
    for path in (("p04", "x1"), ("p04", "x1", "x1-1"), ("p04", "x10", "x10-1")):
        assert kept(house, airing, (path,)) == counted(house, airing, (path,))


def test_a_late_true_word_corrects_what_is_kept(house: House) -> None:
    airing, other = house.say("x1-1"), house.say("x10")
    settle(house, airing, other)
    assert (kept(house, airing), kept(house, other)) == (Sum(total=2, good=0), Sum(total=2, good=0))
    played(house, airing, "x1-1-l2")
    assert kept(house, airing) == counted(house, airing) == Sum(total=2, good=1)
    silent = receipt(2, airing, "finished", evidence=Evidence.SILENT)  # measured later still
    house.hear(receipts("x1-1-l2", silent, first=1, life=f"{airing.created_ms:016x}"))
    assert kept(house, airing) == counted(house, airing) == Sum(total=2, good=0)
    assert kept(house, other) == Sum(total=2, good=0)


def test_a_word_nobody_expected_counts_where_the_loudspeaker_stands(house: House) -> None:
    airing = house.say("x1-1")
    settle(house, airing)
    played(house, airing, "x10-1-l1")
    assert kept(house, airing) == counted(house, airing) == Sum(total=3, good=1)
    assert kept(house, airing, (("p04", "x10"),)) == Sum(total=1, good=1)


def test_nothing_is_kept_of_what_is_not_settled(house: House) -> None:
    airing = house.say("x1-1")
    played(house, airing, "x1-1-l1", "x1-1-l2")
    with house.database.read() as connection:
        assert connection.execute(tallies.select()).all() == []
    house.clock.advance(40_000)
    found = look(house, villages=True)
    [line] = found.lines
    assert (line.stage, line.sum) == (Stage.DONE, Sum(total=2, good=2))
    assert [each.covered.sum for each in found.villages] == [Sum(total=2, good=2)]


# ── lines, and whom they are for ─────────────────────────────────────────────────────────────────────────────────────


def test_a_line_says_what_became_of_it_and_counts_what_its_reader_sees(house: House) -> None:
    airing = house.say("x1")
    played(house, airing, "x1-1-l1", "x1-2-l1")
    assert [line.stage for line in look(house).lines] == [Stage.WAITING]
    house.clock.advance(10_000)
    [line] = look(house).lines
    assert (line.stage, line.sum, line.where, line.title) == (
        Stage.RUNNING,
        Sum(total=4, good=2),
        ("Quảng Uyên",),
        "Tin b1",
    )
    settle(house, airing)
    [line] = look(house).lines
    assert (line.stage, line.sum, line.is_short, line.sound_ms) == (Stage.DONE, Sum(total=4, good=2), True, DURATION_MS)
    [mine] = look(house, HEAD).lines
    assert (mine.sum, mine.where) == (Sum(total=2, good=1), ("Quảng Uyên",))
    assert look(house, somebody(Role.EDITOR, "p04", "x10")).lines == ()


def test_a_unit_narrows_what_is_listed_and_what_is_counted(house: House) -> None:
    house.say("x1")
    house.say("x10")
    house.clock.advance(10_000)
    assert len(look(house).lines) == 2
    [line] = look(house, unit="x1-2").lines
    assert line.sum == Sum(total=2, good=0)
    assert len(look(house, HEAD, unit="p04").lines) == 1  # above them: what of it they see
    with pytest.raises(Refused) as refused:
        look(house, HEAD, unit="x10")
    assert refused.value.code == "right.none"
    with pytest.raises(NotFound):
        look(house, unit="x99")


def test_what_of_a_reach_is_below_a_unit() -> None:
    assert narrowed(None, ("p04", "x1")) == (("p04", "x1"),)
    assert narrowed((("p04",),), ("p04", "x1")) == (("p04", "x1"),)
    assert narrowed((("p04", "x1", "x1-2"), ("p04", "x10")), ("p04", "x1")) == (("p04", "x1", "x1-2"),)
    assert narrowed((("p04", "x10"),), ("p04", "x1")) == ()


def test_titles_are_found_without_accents_and_by_every_word(house: House) -> None:
    house.bulletin("Tiêm phòng")
    house.airings.say(bulletin="Tiêm phòng", wish=Wish(to=("x1",)), by=admin())
    house.say("x10")
    assert [line.title for line in look(house, text="PHONG  tiem").lines] == ["Tin Tiêm phòng"]
    assert look(house, text="tiem chung").lines == ()
    assert len(look(house, text=" ").lines) == 2


def test_conditions_are_class_and_result(house: House) -> None:
    heard, short, stopped = house.say("x1-1"), house.say("x1-2"), house.say("x10")
    played(house, heard, "x1-1-l1", "x1-1-l2")
    house.clock.advance(6_000)
    house.airings.cancel(stopped.id, by=admin())
    settle(house, heard, short, stopped)
    found = {result: {line.airing.id for line in look(house, result=result).lines} for result in Result}
    assert found == {
        Result.ALL: {heard.id, short.id, stopped.id},
        Result.SHORT: {short.id},
        Result.CANCELLED: {stopped.id},
    }
    assert look(house, klass=Klass.PRIORITY).lines == ()
    assert len(look(house, klass=Klass.NORMAL).lines) == 3


def test_the_edges_of_a_span_are_from_within_to_without(house: House) -> None:
    airing = house.say("x1", at_ms=NOW_MS + HOUR_MS)
    begin = airing.start_ms
    for by in (admin(), HEAD):
        assert [line.airing.id for line in look(house, by, span=(begin, begin + 1)).lines] == [airing.id]
        assert look(house, by, span=(begin - DAY_MS, begin)).lines == ()
        assert look(house, by, span=(begin + 1, begin + DAY_MS)).lines == ()


def test_what_the_planner_took_back_is_no_news(house: House) -> None:
    airing = house.say("x1", at_ms=NOW_MS + HOUR_MS)
    with house.work.writing() as tx:
        tx.planned.end(airing, NOW_MS)
    assert look(house).lines == ()
    assert look(house, HEAD).lines == ()


def test_a_log_that_is_too_long_is_refused_with_the_limit(small: House, monkeypatch: pytest.MonkeyPatch) -> None:
    small.say("x1")
    small.say("x10")
    monkeypatch.setattr(logbook, "MAX_LINES", 1)
    with pytest.raises(Refused) as refused:
        look(small)
    assert (refused.value.code, refused.value.fields) == ("log.many", {"limit": 1})


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_sums_add_up_what_is_over_and_tell_the_rest_apart(house: House) -> None:
    heard, stopped = house.say("x1"), house.say("x10")
    played(house, heard, "x1-1-l1", "x1-1-l2", "x1-2-l1")
    house.clock.advance(10_000)
    house.airings.cancel(stopped.id, by=admin())
    settle(house, heard, stopped)
    house.say("x1", at_ms=house.clock.now_ms() + HOUR_MS)
    found = look(house, villages=True)
    whole = found.whole
    assert (whole.airings, whole.cancelled, whole.open, whole.short) == (3, 1, 1, 1)
    assert whole.sum == Sum(total=4, good=3)
    assert whole.sound_ms == DURATION_MS + 5_000  # of what was stopped, what sounded until then
    assert found.by_class[Klass.NORMAL] == whole
    assert found.by_class[Klass.PRIORITY].airings == 0
    villages = {each.name: (each.commune, each.covered.airings, each.covered.heard, each.covered.sum) for each in found.villages}
    assert villages == {
        "Pác Rằng": ("Quảng Uyên", 1, 1, Sum(total=2, good=2)),
        "Phia Chang": ("Quảng Uyên", 1, 1, Sum(total=2, good=1)),
    }
    assert [each.name for each in look(house, HEAD, villages=True).villages] == ["Phia Chang"]


def test_a_span_without_airings_is_empty(house: House) -> None:
    found = look(house, villages=True)
    assert (found.lines, found.villages, found.whole.airings, found.whole.sum) == ((), (), 0, Sum(total=0, good=0))


def test_all_nodes_of_the_house_are_counted_by_village(small: House) -> None:
    airing = small.say("p04")
    played(small, airing, *NODES)
    settle(small, airing)
    assert sum(each.covered.sum.good for each in look(small, villages=True).villages) == len(NODES)


def test_a_span_is_found_by_indices_and_added_up_by_keys(small: House) -> None:
    """Of 3,000,000 deliveries a month none is touched, and no table is looked through that grows with time."""
    plans: list[str] = []

    @event.listens_for(small.database.engine, "before_cursor_execute")
    def explain(_: object, cursor: Any, statement: str, parameters: Any, *__: object) -> None:
        if statement.startswith("SELECT"):
            plans.extend(row[3] for row in cursor.connection.execute("EXPLAIN QUERY PLAN " + statement, parameters))

    settle(small, small.say("p04"))
    plans.clear()
    for by in (admin(), HEAD):
        assert len(look(small, by).lines) == 1
    assert any("ix_airings_start_ms" in step for step in plans)
    assert any("ix_airing_villages_village_start_ms" in step for step in plans)
    assert any("tallies USING PRIMARY KEY (airing=? AND village=?)" in step for step in plans)
    assert [step for step in plans if step.startswith("SCAN") and "units" not in step and "VIRTUAL" not in step] == []
    assert not [step for step in plans if "deliveries" in step and "airing=?" not in step]

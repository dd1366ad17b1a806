"""Programmes, policies, requests and marks come back from either database as they were kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace as changed
from sqlalchemy import select

from controller.db.database import Database
from controller.db.tables import programme_bulletins
from controller.db.unit_of_work import SqlTransaction, UnitOfWork
from controller.domain.airing import Airing, Klass, Mode
from controller.domain.bulletin import NEWS_MS, Bulletin, BulletinState
from controller.domain.unit import Level, Unit
from controller.service.clock_guard import ClockGuard
from controller.service.kept import KeptPolicy, KeptProgramme, Request, Ruling
from controller.service.ports import ClipRow, Draft
from scheduler.clock import VirtualClock
from scheduler.limits import Loudness, Policy, Window
from scheduler.programme import DayChange, Programme
from scheduler.rule import Every, Rule
from scheduler.wishes import Begin, Notice, Over, Piece, Segment, Take

SOUND = "c" * 64
COMMUNE = Unit(id="x1", parent=None, level=Level.COMMUNE, name="Phúc Sen", path=("x1",))
VILLAGE = Unit(id="x1-1", parent="x1", level=Level.VILLAGE, name="Pác Rằng", path=("x1", "x1-1"))
PIECE = Piece(source="b1", sound=SOUND, duration_ms=30_000, language="nut")
PROGRAMME = Programme(
    id="p1",
    owner="x1",
    units=("x1",),
    title="Buổi sáng",
    rule=Rule(
        first=date(2026, 11, 24),
        minutes=(300, 1020),
        every=Every.WEEK,
        weekdays=(1, 2, 3),
        skips=frozenset({date(2026, 12, 24), date(2026, 12, 25)}),
        pauses=((date(2027, 2, 1), date(2027, 2, 10)),),
    ),
    segments=(
        Segment(take=Take.PIECES, pieces=(PIECE,), begin=Begin.EXACT),
        Segment(take=Take.RELAY, pieces=(Piece(source="VOV1", sound=None, duration_ms=600_000),), over=Over.FINISH, finish_ms=5),
        Segment(take=Take.OWN, kinds=("hop-thon",), over=Over.MOVE, length_ms=60_000),
    ),
    changes=(DayChange(day=date(2027, 1, 1), minute=360, segments=(Segment(take=Take.FRESH),)),),
)
KEPT = KeptProgramme(programme=PROGRAMME, version=1, created_ms=1, created_by="An", changed_ms=2, changed_by="Bình")


APPROVED = Bulletin(
    id="b",
    owner="x1",
    title="Tin",
    klass=Klass.NORMAL,
    language="vi",
    state=BulletinState.APPROVED,
    created_ms=1,
    created_by="a",
    clip=SOUND,
    kind="news",
    approved_ms=10,
)


@pytest.fixture
def work(migrated: Database) -> UnitOfWork:
    work = UnitOfWork(migrated, ClockGuard(VirtualClock()), b"key")
    with work.writing() as tx:
        tx.units.add([COMMUNE, VILLAGE])
        clip = ClipRow(
            sha256=SOUND, size=9, duration_ms=30_000, kind="speech", loudness_lufs=-16, true_peak_dbtp=-2, peaks=b"", created_ms=1
        )
        tx.bulletins.add_clip(clip)
        add(tx, of("b1", kind=""))
    return work


@pytest.fixture
def tx(work: UnitOfWork) -> Iterator[SqlTransaction]:
    with work.writing() as tx:
        yield tx


def of(name: str, **said: Any) -> Bulletin:
    return replace(APPROVED, id=name, **said)


def add(tx: SqlTransaction, *bulletins: Bulletin) -> None:
    for each in bulletins:
        tx.bulletins.add(Draft(bulletin=each, upload=None, wish=None, error=None, airing=None))


def named(tx: SqlTransaction) -> list[str]:
    return list(tx.connection.scalars(select(programme_bulletins.c.bulletin)))


def test_a_programme_is_kept_changed_and_ended_and_holds_its_bulletins_while_it_lives(tx: SqlTransaction) -> None:
    tx.programmes.put(KEPT)
    tx.programmes.put(KEPT)
    assert (tx.programmes.get("p1"), tx.programmes.living(), named(tx)) == (KEPT, [KEPT], ["b1"])
    without = changed(KEPT, programme=changed(PROGRAMME, segments=PROGRAMME.segments[1:]), version=2)
    tx.programmes.put(without)
    assert (tx.programmes.get("p1"), named(tx)) == (without, [])
    tx.programmes.put(ended := changed(KEPT, ended_ms=9))
    assert (tx.programmes.get("p1"), tx.programmes.living(), named(tx)) == (ended, [], [])
    assert tx.programmes.get("p2") is None


def test_a_policy_is_kept_changed_and_removed(tx: SqlTransaction) -> None:
    policy = Policy(
        hours=(Window(from_minute=300, to_minute=1260, days=(1, 7)),),
        ceilings=(Loudness(from_minute=0, to_minute=60, gain=-30),),
        session_ms=900_000,
        languages=("vi", "nut"),
    )
    kept = KeptPolicy(unit="x1", ruling=Ruling(policy=policy, horizon_h=72, places=("school",)), version=1, changed_ms=5)
    tx.policies.put(changed(kept, version=9))
    tx.policies.put(kept)
    tx.policies.put(KeptPolicy(unit="x1-1"))
    assert tx.policies.all() == {"x1": kept, "x1-1": KeptPolicy(unit="x1-1")}
    tx.policies.remove("x1-1")
    assert list(tx.policies.all()) == ["x1"]


def test_requests_are_found_while_they_may_still_sound(tx: SqlTransaction) -> None:
    early = Request(
        id="r1",
        bulletin="b1",
        owner="x1",
        units=("x1", "x1-1"),
        start_ms=100_000,
        level=2,
        created_ms=1,
        created_by="a",
        begin=Begin.WAIT,
        wait_ms=10_000,
        over=Over.FINISH,
        finish_ms=1_000,
        grace_ms=5_000,
        rank_order=-1,
        gain=-30,
        klass=Klass.PRIORITY,
    )
    late = changed(early, id="r2", start_ms=200_000)
    for each in (late, early):
        tx.requests.add(each)
    assert (tx.requests.get("r1"), tx.requests.get("r3")) == (early, None)
    ends_ms = 100_000 + 10_000 + 1_000 + 5_000 + 30_000
    assert tx.requests.between(0, 200_001) == [early, late]
    assert tx.requests.between(ends_ms - 1, 200_000) == [early]
    assert tx.requests.between(ends_ms, 200_000) == []
    tx.requests.cancel("r1", 7)
    tx.requests.cancel("r1", 8)
    assert tx.requests.between(0, 200_001) == [late]
    assert tx.requests.get("r1") == changed(early, cancelled_ms=7)


def test_a_mark_that_is_set_again_while_somebody_plans_is_not_cleared(tx: SqlTransaction) -> None:
    tx.replans.mark(["x1", "x1-1", "x1"], 50)
    tx.replans.mark([], 60)
    waiting = tx.replans.waiting()
    assert waiting == [("x1", 50), ("x1-1", 50)]
    tx.replans.mark(["x1"], 50)
    tx.replans.clear(waiting)
    assert tx.replans.waiting() == [("x1", 51)]


def test_notices_are_what_is_approved_of_a_kind_and_not_old(tx: SqlTransaction) -> None:
    add(
        tx,
        of("n2", approved_ms=20, until_ms=500),
        of("n1", approved_ms=10, klass=Klass.PRIORITY, language="nut"),
        of("draft", state=BulletinState.DRAFT, approved_ms=None),
        of("silent", clip=None),
        of("old", until_ms=100),
        of("emergency", klass=Klass.EMERGENCY),
    )
    piece = Piece(source="n1", sound=SOUND, duration_ms=30_000, language="nut")
    notice = Notice(piece=piece, owner="x1", kind="news", klass="priority", since_ms=10, until_ms=10 + NEWS_MS)
    found = tx.bulletins.notices(100)
    assert found[0] == notice
    assert [(each.piece.source, each.until_ms) for each in found] == [("n1", 10 + NEWS_MS), ("n2", 500)]
    assert tx.bulletins.sizes([SOUND, "d" * 64]) == {SOUND: 9}


def test_an_airing_remembers_the_wish_that_it_fulfils(tx: SqlTransaction) -> None:
    airing = Airing(
        id="a1",
        bulletin="b1",
        mode=Mode.PLANNED,
        rev=1,
        units=("x1",),
        start_ms=1,
        grace_ms=1,
        duration_ms=1,
        klass=Klass.NORMAL,
        rank=2,
        sha256=SOUND,
        size=9,
        gain=0,
        language="vi",
        created_ms=1,
        wish="p1/2026-11-24/300#0",
    )
    tx.airings.add(airing, ["x1-1"], "a")
    assert tx.airings.get("a1") == airing

"""What is old is forgotten, table by table; what is open, named, or needed by a law stays, however old."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Table, event, func, select

from controller.db.tables import (
    airing_villages,
    airings,
    bulletins,
    clips,
    custody,
    deliveries,
    documents,
    outbox,
    programmes,
    receipts,
    requests,
)
from controller.domain.airing import Airing, Klass
from controller.domain.errors import Unavailable
from controller.protocol.messages import Health
from controller.service import presence, retention
from controller.service.deliveries import LINK_UP_MS
from controller.service.kept import Request
from controller.service.ports import Alarm
from controller.service.retention import AGAIN_MS, FIRST_MS, Keep, Retention
from tests.support.people import admin
from tests.unit.controller.service.house import DAY_MS, HOUR_MS, LIFE, NODES, NOW_MS, House, receipt, state
from tests.unit.controller.service.house import receipts as batch
from tests.unit.controller.service.slots import naming, programme

KEEP = Keep(receipts=10, airings=100, letters=1, health=5, clips=3, uploads=1)


@pytest.fixture
def forgetting(house: House) -> Retention:
    return made(house)


def made(house: House) -> Retention:
    return Retention(database=house.work, files=house.files, uploads=house.uploads, keep=KEEP, clock=house.clock)


def count(house: House, table: Table) -> int:
    with house.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def go_round(house: House) -> None:
    for _ in made(house).round():
        pass


def aged(house: House, data: bytes, days: float) -> str:
    """A file in the store that came so many days ago."""
    sha256 = house.files.put_bytes(data)
    then_s = (house.clock.now_ms() - days * DAY_MS) / 1000
    os.utime(house.files.path(sha256), (then_s, then_s))
    return sha256


def heard_and_settled(house: House, name: str = "x1") -> Airing:
    airing = house.say(name)
    house.hear(*(batch(node, receipt(1, airing, "finished")) for node in ("x1-1-l1", "x1-1-l2")))
    house.clock.advance(airing.settles_ms - house.clock.now_ms())
    assert house.sweeper.sweep(house.clock.monotonic_ms() - LINK_UP_MS) == 1
    return airing


def test_receipts_go_first_the_ledger_stays_and_custody_stays_for_ever(house: House) -> None:
    heard_and_settled(house)
    house.clock.advance(10 * DAY_MS + HOUR_MS)
    go_round(house)
    assert (count(house, receipts), count(house, deliveries), count(house, custody)) == (0, 4, 2)
    taken = house.hear(batch("x1-1-l1", receipt(2, "later", "accepted"), first=2))
    assert taken.upto == {("x1-1-l1", LIFE): 2}, "nobody is asked for a receipt that was had"


def test_receipts_of_an_airing_that_is_open_stay_however_old(house: House) -> None:
    airing = house.say("x1")
    house.hear(batch("x1-1-l1", receipt(1, airing, "accepted")))
    house.clock.advance(1_000 * DAY_MS)
    go_round(house)
    assert (count(house, receipts), count(house, airings), count(house, deliveries)) == (1, 1, 4)
    assert count(house, bulletins) == 1


def test_an_airing_goes_whole_with_its_deliveries_its_bulletin_and_its_sound(house: House) -> None:
    heard_and_settled(house)
    house.clock.advance(99 * DAY_MS)
    go_round(house)
    assert (count(house, airings), count(house, bulletins), count(house, clips)) == (1, 1, 1)
    house.clock.advance(2 * DAY_MS)
    go_round(house)
    assert [count(house, table) for table in (airings, airing_villages, deliveries, bulletins, clips)] == [0] * 5


def test_a_bulletin_that_is_on_the_air_again_stays_with_its_sound(house: House) -> None:
    heard_and_settled(house)
    house.clock.advance(101 * DAY_MS)
    house.say("x10")
    go_round(house)
    assert (count(house, airings), count(house, bulletins), count(house, clips)) == (1, 1, 1)


def test_a_bulletin_that_waits_for_its_sound_and_a_sound_that_is_held_stay(house: House) -> None:
    held = house.clip("d")
    house.nodes.hold("x1", held, on=True, by=admin())
    upload = house.upload()
    waiting = house.bulletins.receive(upload, title="Tin", klass=Klass.NORMAL, language="vi", owner="x1", by=admin())
    os.utime(house.uploads / waiting.id, (0, 0))
    house.clock.advance(101 * DAY_MS)
    go_round(house)
    assert (count(house, bulletins), count(house, clips)) == (1, 1)
    assert (house.uploads / waiting.id).exists()


def test_a_bulletin_that_a_living_programme_or_a_request_names_stays_with_its_sound(house: House) -> None:
    kept = house.programmes.create(programme(naming(house.bulletin("b1"))), by=admin("An"))
    start_ms = NOW_MS + 50 * DAY_MS
    request = Request(
        id="r1",
        bulletin=house.bulletin("b2"),
        owner="x1",
        units=("x1",),
        start_ms=start_ms,
        level=2,
        created_ms=1,
        created_by="a",
    )
    with house.work.writing() as tx:
        tx.requests.add(request)
    house.clock.advance(101 * DAY_MS)
    go_round(house)
    assert [count(house, table) for table in (bulletins, requests, programmes, clips)] == [2, 1, 1, 1]
    house.clock.advance(50 * DAY_MS)
    go_round(house)
    assert [count(house, table) for table in (bulletins, requests, clips)] == [1, 0, 1]
    house.programmes.end(kept.programme.id, by=admin("An"))
    go_round(house)
    assert [count(house, table) for table in (bulletins, programmes, clips)] == [0, 1, 0], "what it was is still known"


@pytest.mark.parametrize("wish", ["r1", "r1#0"])
def test_a_request_goes_with_its_airing_and_not_before(house: House, wish: str) -> None:
    request = Request(
        id="r1",
        bulletin=house.bulletin(),
        owner="x1",
        units=("x1",),
        start_ms=NOW_MS,
        level=2,
        created_ms=1,
        created_by="a",
    )
    airing = heard_and_settled(house)
    with house.work.writing() as tx:
        tx.requests.add(request)
        tx.connection.execute(airings.update().where(airings.c.id == airing.id).values(wish=wish))
    house.clock.advance(100 * DAY_MS - HOUR_MS)
    go_round(house)
    assert (count(house, airings), count(house, requests)) == (1, 1)
    house.clock.advance(2 * HOUR_MS)
    go_round(house)
    assert (count(house, airings), count(house, requests)) == (0, 0)


def test_deliveries_of_an_airing_that_nobody_knows_go_when_they_are_old(house: House) -> None:
    """So it is after a restored database: the loudspeaker told of an airing that the backup did not know."""
    house.hear(batch("x1-1-l1", receipt(1, "before-the-backup", "finished")))
    house.clock.advance(90 * DAY_MS)
    go_round(house)
    assert count(house, deliveries) == 1
    house.clock.advance(11 * DAY_MS)
    go_round(house)
    assert count(house, deliveries) == 0


def test_closed_alarms_go_and_open_ones_stay(house: House) -> None:
    with house.work.writing() as tx:
        for code, closed_ms in (("open", None), ("closed-then", NOW_MS), ("closed-now", NOW_MS + 2 * DAY_MS)):
            alarm = Alarm(id=0, code=code, node=None, first_ms=NOW_MS, last_ms=NOW_MS, number=1, detail="{}", closed_ms=closed_ms)
            tx.alarms.write([alarm])
    house.clock.advance(101 * DAY_MS)
    go_round(house)
    with house.work.reading() as tx:
        assert {alarm.code for alarm in tx.alarms.newest(10, closed=True)} == {"open", "closed-now"}


def test_letters_go_after_they_expired_and_those_that_live_stay(house: House) -> None:
    dead = house.say("x1")
    house.clock.advance(dead.ends_ms - NOW_MS)
    go_round(house)
    assert count(house, outbox) == 1, "for a day it can be looked at"
    house.clock.advance(DAY_MS)
    house.say("x10")
    go_round(house)
    assert [letter.subject == dead.id for letter in house.letters()] == [False]


def test_a_silent_loudspeakers_telemetry_goes_and_what_it_said_of_itself_stays(house: House) -> None:
    with house.work.writing() as tx:
        presence.states(tx, [(state("x1-1-l1"), NOW_MS), (state("x1-1-l2"), NOW_MS + 6 * DAY_MS)])
        for node, when in (("x1-1-l1", NOW_MS), ("x1-1-l2", NOW_MS + 6 * DAY_MS)):
            said = Health(node=node, generation=1, life=LIFE, t=NOW_MS, u=5, uptime_s=60)
            presence.health(tx, [(said, when)])
    house.clock.advance(6 * DAY_MS)
    go_round(house)
    with house.database.read() as connection:
        rows = dict(connection.exec_driver_sql("SELECT node, health FROM node_status").all())  # type: ignore[arg-type]
    assert rows["x1-1-l1"] is None
    assert rows["x1-1-l2"] is not None


def test_files_that_nothing_names_go_and_named_or_young_ones_stay(house: House) -> None:
    unnamed, young = aged(house, b"a plan of last week", 4), aged(house, b"a plan of today", 1)
    house.say("x1", at_ms=NOW_MS + HOUR_MS)
    with house.database.read() as connection:
        bodies = list(connection.scalars(select(documents.c.body).where(documents.c.kind == "plan")))
    for body in bodies:
        os.utime(house.files.path(body), (0, 0))
    go_round(house)
    assert not house.files.has(unnamed)
    assert house.files.has(young)
    assert all(map(house.files.has, bodies)), "the newest plan, however old"


def test_a_file_that_somebody_keeps_anew_in_the_middle_stays(small: House) -> None:
    name = aged(small, b"the same jingle", 4)
    found = list(small.files.old(small.clock.now_ms() - 3 * DAY_MS))
    small.files.put_bytes(b"the same jingle")
    assert found == [name]
    assert not small.files.forget(name, small.clock.now_ms() - 3 * DAY_MS)
    assert small.files.has(name)


def test_uploads_that_a_power_cut_left_are_swept_and_those_on_their_way_are_not(small: House) -> None:
    small.uploads.mkdir(parents=True)
    for name, age_ms in (("stray", DAY_MS + HOUR_MS), ("arriving", 1_000)):
        (small.uploads / name).write_bytes(b"sound")
        os.utime(small.uploads / name, ((NOW_MS - age_ms) / 1000,) * 2)
    go_round(small)
    assert [path.name for path in small.uploads.glob("*")] == ["arriving"]


def test_no_commit_takes_more_than_its_share(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "LIMIT", 10)
    airing = house.say("x1")
    words = [receipt(seq, airing, "accepted") for seq in range(1, 96)]
    house.hear(batch("x1-1-l1", *words))
    house.clock.advance(airing.settles_ms - NOW_MS)
    house.sweeper.sweep(house.clock.monotonic_ms() - LINK_UP_MS)
    house.clock.advance(11 * DAY_MS)
    before = count(house, receipts)
    left = [count(house, receipts) for _ in made(house).round()]
    assert max(a - b for a, b in zip([before, *left], left, strict=False)) == 10
    assert left[-1] == 0


def test_between_two_steps_others_have_their_turn_and_after_a_round_it_rests_for_a_day(house: House) -> None:
    forgetting, commits = made(house), []
    heard_and_settled(house)
    house.clock.advance(11 * DAY_MS)
    event.listen(house.database.engine, "commit", commits.append)

    def steps() -> int:
        number = 0
        while True:
            commits.clear()
            forgetting.step()
            if forgetting._round is None:
                return number
            number += 1
            assert len(commits) <= 3, "two looks and one change"

    assert steps() > 5
    assert count(house, receipts) == 0
    for hours, expected in ((23, 0), (1, 1)):
        house.clock.advance(hours * HOUR_MS)
        assert bool(steps()) == bool(expected)


def test_after_a_start_it_waits_and_after_a_trouble_too(small: House, monkeypatch: pytest.MonkeyPatch) -> None:
    forgetting, tried = made(small), []

    def away() -> None:
        tried.append(small.clock.monotonic_ms())
        raise Unavailable("database.locked")

    monkeypatch.setattr(small.work, "writing", away)
    forgetting.step()
    assert tried == []
    for wait_ms, number in ((FIRST_MS, 1), (AGAIN_MS - 1, 1), (1, 2)):
        small.clock.advance(wait_ms)
        with suppress(Unavailable):
            forgetting.step()
        assert len(tried) == number


def test_every_loudspeaker_is_looked_at_also_one_that_is_retired(house: House) -> None:
    with house.work.reading() as tx:
        assert tx.old.nodes() == sorted(NODES)


def test_a_path_that_is_not_there_is_no_trouble(small: House, tmp_path: Path) -> None:
    small.uploads = tmp_path / "nowhere"
    go_round(small)

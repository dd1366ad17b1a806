"""What comes with a bulletin: its sender's name for it, its text, the part of its sound."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from audio.clip import Part
from controller.domain.airing import Klass
from controller.domain.bulletin import Bulletin
from controller.domain.errors import Refused
from controller.domain.rights import OPERATOR, Actor
from controller.service.asking import Wish
from tests.support.people import admin
from tests.unit.controller.service.house import HOUR_MS, NOW_MS, House
from tests.unit.controller.service.test_bulletins import WAIT_S, uploads, waiting, work


def test_what_is_sent_again_under_the_same_name_is_the_same_bulletin_and_airs_once(house: House) -> None:
    wish = Wish(to=("x1-1",), at_ms=NOW_MS + HOUR_MS)

    def send(key: str, by: Actor = OPERATOR) -> Bulletin:
        return house.bulletins.receive(
            house.upload(b"sound"), title="Họp", klass=Klass.NORMAL, language="vi", owner="x1", by=by, wish=wish, key=key
        )

    first = send("d-1")
    assert send("d-1") == first
    work(house)
    assert send("d-1").id == first.id
    assert send("d-2").id != first.id
    assert send("d-1", by=admin()).id not in (first.id, send("d-2").id)
    assert len(waiting(house)) == 2
    assert len(uploads(house)) == 2
    assert len(house.reports.recent(by=admin())) == 1


def test_two_that_come_at_once_under_one_name_are_one(house: House) -> None:
    files, barrier = [house.upload(b"x").with_name(f"up-{number}") for number in range(6)], threading.Barrier(6)
    for file in files:
        file.write_bytes(b"sound")
    found: list[str] = []

    def send(file: Path) -> None:
        barrier.wait(WAIT_S)
        said = house.bulletins.receive(file, title="Họp", klass=Klass.NORMAL, language="vi", owner="x1", by=OPERATOR, key="0a-1")
        found.append(said.id)

    threads = [threading.Thread(target=send, args=(file,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(found) == 6
    assert len({*found}) == 1
    assert [draft.bulletin.id for draft in waiting(house)] == found[:1]
    assert uploads(house) == found[:1]


def test_the_text_and_the_chosen_part_are_kept_until_the_sound_is_prepared(house: House) -> None:
    bulletin = house.bulletins.receive(
        house.upload(b"sound"),
        title="Họp",
        klass=Klass.NORMAL,
        language="tyz",
        owner="x1",
        by=OPERATOR,
        text="  Kính thưa bà con,\nhọp lúc 19 giờ. ",
        part=Part(from_ms=1_500, to_ms=9_000),
    )
    assert [draft.part for draft in waiting(house)] == [Part(from_ms=1_500, to_ms=9_000)]
    work(house)
    assert house.prepare.parts == [Part(from_ms=1_500, to_ms=9_000)]
    assert house.bulletins.view(bulletin.id, by=admin()).bulletin.text == "Kính thưa bà con,\nhọp lúc 19 giờ."


def test_a_text_that_is_too_long_is_refused_and_nothing_is_kept(house: House) -> None:
    with pytest.raises(Refused, match=r"bulletin\.text-long"):
        house.bulletins.receive(
            house.upload(b"s"), title="Họp", klass=Klass.NORMAL, language="vi", owner="x1", by=OPERATOR, text="a" * 5_001
        )
    assert uploads(house) == []

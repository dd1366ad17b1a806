"""What is done is in the trail with the commit that did it; what is refused leaves nothing; an edit in the database is found."""

from __future__ import annotations

import pytest
from msgspec import json
from sqlalchemy import delete, update

from controller.db.people_tables import trail
from controller.domain.airing import Klass
from controller.domain.errors import Conflict, Refused
from controller.domain.rights import Deed, Role
from controller.service.asking import Wish
from controller.service.kept import Ruling
from controller.service.passwords import Passwords
from controller.service.users import Users
from scheduler.limits import Policy
from tests.support.people import admin, somebody
from tests.unit.controller.service.house import HOUR_MS, NOW_MS, House
from tests.unit.controller.service.slots import programme

HEAD = somebody(Role.HEAD, "p04", "x1", "x1-1", name="trưởng thôn")


def deeds(house: House) -> list[tuple[str, str, tuple[str, ...], str]]:
    """(who, deed, places, subject), the oldest first."""
    found = house.trail.list(by=admin())
    return [(view.line.name, view.line.deed, view.places, view.line.subject) for view in reversed(found)]


def test_what_is_done_is_told_with_who_where_and_to_what(house: House) -> None:
    airing = house.airings.say(bulletin=house.bulletin(), wish=Wish(to=("x1-1", "x1-2")), by=admin("lan"))
    house.airings.cancel(airing.id, by=admin("bình"))
    house.airings.cancel(airing.id, by=admin("bình"))  # asking twice is asking once
    kept = house.programmes.create(programme(), by=admin())
    house.policies.set("x1", 0, Ruling(policy=Policy(sessions=2)), by=admin())
    house.nodes.move("x1-1-l1", "x10-1", by=admin())
    assert deeds(house) == [
        ("lan", Deed.AIRING_SAY, ("Pác Rằng", "Phia Chang"), airing.id),
        ("bình", Deed.AIRING_CANCEL, ("Pác Rằng", "Phia Chang"), airing.id),
        ("canbo", Deed.PROGRAMME_EDIT, ("Quảng Uyên",), kept.programme.id),
        ("canbo", Deed.POLICY_SET, ("Quảng Uyên",), "x1"),
        ("canbo", Deed.NODE_MOVE, ("Pác Rằng", "Bản Giốc"), "x1-1-l1"),
    ]
    lines = [view.line for view in house.trail.list(by=admin())]
    assert json.decode(lines[-1].detail) == {"title": "Tin b1"}
    assert json.decode(lines[2].detail) == {"did": "create", "title": "Buổi sáng", "version": 1}
    assert house.trail.verify().lines == 5
    assert house.trail.verify().broken is None


def test_what_is_refused_leaves_no_line_and_does_nothing(house: House) -> None:
    bulletin = house.bulletin()
    for refused in (
        lambda: house.airings.say(bulletin=bulletin, wish=Wish(to=("x1-2",)), by=HEAD),
        lambda: house.airings.say(bulletin=bulletin, wish=Wish(to=("x1-1", "x1-2")), by=HEAD),
        lambda: house.programmes.create(programme(owner="x1-1", units=("x1-1",)), by=HEAD),
        lambda: house.nodes.add("x1-1", ["mới"], by=HEAD),
        lambda: house.units.add("x1", "mới", by=HEAD),
    ):
        with pytest.raises(Refused) as error:
            refused()
        assert error.value.code == "right.none"
    with pytest.raises(Conflict):  # allowed, and not done
        house.nodes.move("x1-1-l1", "x1-1", by=admin())
    assert deeds(house) == []
    assert house.letters() == []


def test_who_may_not_read_it_reads_nothing_and_others_what_is_theirs(house: House) -> None:
    house.airings.say(bulletin=house.bulletin(), wish=Wish(to=("x1-1",)), by=admin())
    house.nodes.retire("x10-1-l1", by=admin())
    with pytest.raises(Refused):
        house.trail.list(by=HEAD)
    leader = somebody(Role.LEADER, "p04", "x10")
    assert [view.line.deed for view in house.trail.list(by=leader)] == [Deed.NODE_RETIRE]
    assert [view.line.deed for view in house.trail.list(by=admin(), unit="x1")] == [Deed.AIRING_SAY]
    with pytest.raises(Refused):
        house.trail.list(by=leader, unit="x1")
    assert [view.line.number for view in house.trail.list(by=admin(), before=2)] == [1]
    assert [view.line.number for view in house.trail.list(by=admin(), limit=1)] == [2]


@pytest.mark.parametrize("number", [1, 700, 1_500])
def test_an_edit_in_the_database_is_found(house: House, number: int) -> None:
    """Over pages of a thousand lines, too."""
    with house.work.writing() as tx:
        for each in range(1_500):
            tx.trail.add(at_ms=each, by="u", name="u", deed="see", units=("x1",), subject="", detail="{}")
    assert house.trail.verify().lines == 1_500
    with house.database.write() as connection:
        connection.execute(update(trail).where(trail.c.number == number).values(name="ai khác"))
    assert house.trail.verify().broken == number
    with house.database.write() as connection:
        connection.execute(delete(trail).where(trail.c.number == number))
    assert house.trail.verify().broken == (number if number < 1_500 else None)
    assert house.trail.mac_of(number) is None
    with house.database.write() as connection:
        connection.execute(update(trail).where(trail.c.number == 2).values(number=0))
    assert house.trail.verify().broken == 1  # nothing hides before the first line


def test_what_an_upload_became_is_told_by_whoever_brought_it_if_they_still_may(house: House) -> None:
    users = Users(database=house.work, passwords=Passwords(memory_kib=64), clock=house.clock)
    head = users.add("an", "mot-mat-khau-dai", [(Role.HEAD, "x1-1")], by=admin())
    said = {"title": "Họp", "klass": Klass.NORMAL, "language": "vi", "owner": "x1-1", "by": head, "wish": Wish(to=("x1-1",))}
    first = house.bulletins.receive(house.upload(b"1"), **said)  # type: ignore[arg-type]
    prepare(house)
    airing = house.bulletins.view(first.id, by=admin()).airing
    assert deeds(house)[1:] == [
        ("an", Deed.BULLETIN_RECEIVE, ("Pác Rằng",), first.id),
        ("an", Deed.AIRING_SAY, ("Pác Rằng",), airing),
    ]
    house.clock.advance(3_600_000)
    second = house.bulletins.receive(house.upload(b"2"), **said)  # type: ignore[arg-type]
    users.remove("an", by=admin())
    prepare(house)
    view = house.bulletins.view(second.id, by=admin())
    assert (view.airing, view.error and view.error[0], view.clip is not None) == (None, "right.none", True)


def prepare(house: House) -> None:
    with house.work.reading() as tx:
        waiting = tx.bulletins.unprepared()
    for draft in waiting:
        house.bulletins._prepare_one(draft)


def test_a_request_is_cancelled_by_who_may_everywhere_it_was_asked_for(house: House) -> None:
    """Also where it has no time yet: the airing alone does not say how far it reaches."""
    airing = house.say("x1-1", "x1-2", at_ms=NOW_MS + HOUR_MS)
    with house.work.writing() as tx:
        tx.planned.leave(airing.id, ["x1-2"])
    with pytest.raises(Refused) as refused:
        house.airings.cancel(airing.id, by=HEAD)
    assert refused.value.code == "right.none"

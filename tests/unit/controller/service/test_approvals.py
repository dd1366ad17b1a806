"""A yes before it is said: who is asked, what a yes does, and that nobody gets round it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from controller.domain.airing import Klass
from controller.domain.bulletin import BulletinState
from controller.domain.delivery import State
from controller.domain.errors import Conflict, Refused, TiengLangError
from controller.domain.rights import Actor, Grant, Role
from controller.service.accounts import Account, User
from controller.service.approvals import Waiting
from controller.service.asking import Wish
from controller.service.consent import Consent, Freedom
from controller.service.kept import Ruling
from controller.service.ports import Draft
from scheduler.limits import Window
from tests.support.people import admin
from tests.unit.controller.service.house import DURATION_MS, HOUR_MS, NOW_MS, House
from tests.unit.controller.service.slots import naming, programme

PATHS = {"x1": ("p04", "x1"), "x1-1": ("p04", "x1", "x1-1"), "x1-2": ("p04", "x1", "x1-2"), "x10": ("p04", "x10")}
HERE = Wish(to=("x1-1",))
THREE_MINUTES = Freedom(role=Role.HEAD, longest_ms=180_000)


def person(house: House, name: str, *rights: tuple[Role, str]) -> Actor:
    user = User(id=name, name=name, grants=tuple(Grant(path=PATHS[unit], role=role) for role, unit in rights))
    with house.work.writing() as tx:
        tx.accounts.add(Account(user=user), NOW_MS)
        tx.accounts.grant(user.id, user.grants)
    return user


def ask(house: House, *free: Freedom, unit: str = "x1", two: bool = False) -> None:
    version = house.policies.get(unit, by=admin()).version
    house.policies.set(unit, version, Ruling(consent=Consent(free=free, two=two)), by=admin())


def bring(
    house: House, by: Actor, wish: Wish | None = HERE, *, klass: Klass = Klass.NORMAL, owner: str = "x1-1", kind: str = ""
) -> str:
    """A bulletin that was brought, its sound prepared."""
    said = house.bulletins.receive(
        house.upload(by.name.encode()), title="Họp thôn", klass=klass, language="vi", owner=owner, by=by, wish=wish, kind=kind
    )
    with house.work.reading() as tx:
        waiting = tx.bulletins.unprepared()
    for draft in waiting:
        house.bulletins._prepare_one(draft)
    return said.id


def state(house: House, bulletin: str) -> tuple[BulletinState, str | None]:
    view = house.bulletins.view(bulletin, by=admin())
    return view.bulletin.state, view.airing


def waiting(house: House, by: Actor) -> list[Waiting]:
    return house.approvals.waiting(by=by)


def yes(house: House, bulletin: str, **how: Any) -> Draft:
    """A yes to what stands there now."""
    seen = house.bulletins.view(bulletin, by=admin()).bulletin.submitted_ms or 0
    return house.approvals.approve(bulletin, seen, **how)


def deeds(house: House, subject: str) -> list[tuple[str, str]]:
    return [(line.name, line.deed) for view in house.trail.list(by=admin()) if (line := view.line).subject == subject]


@pytest.fixture
def head(house: House) -> Actor:
    return person(house, "trưởng thôn", (Role.HEAD, "x1-1"))


@pytest.fixture
def leader(house: House) -> Actor:
    return person(house, "lãnh đạo", (Role.LEADER, "x1"))


def test_what_is_a_freedom_is_said_at_once(house: House, head: Actor) -> None:
    ask(house, THREE_MINUTES)
    bulletin = bring(house, head)
    found, airing = state(house, bulletin)
    assert found is BulletinState.APPROVED
    assert airing is not None
    assert house.approvals.waiting(by=head) == []


def test_what_is_none_waits_for_a_yes_which_says_it_as_it_was_wished(house: House, head: Actor, leader: Actor) -> None:
    ask(house)
    bulletin = bring(house, head, Wish(to=("x1-1",), at_ms=NOW_MS + HOUR_MS))
    assert state(house, bulletin) == (BulletinState.SUBMITTED, None)
    [line] = waiting(house, leader)
    assert (line.bulletin.id, line.author, line.may_approve, line.is_own) == (bulletin, "trưởng thôn", True, False)
    assert line.lack is not None
    assert (line.lack.why, line.lack.unit) == ("role", "Quảng Uyên")
    [own] = waiting(house, head)
    assert (own.may_approve, own.is_own) == (False, True)
    assert (house.approvals.count(by=leader), house.approvals.count(by=head)) == (1, 0)

    yes(house, bulletin, by=leader)
    found, airing = state(house, bulletin)
    assert found is BulletinState.APPROVED
    [summary] = house.reports.recent(by=admin())
    assert (summary.airing.id, summary.airing.start_ms, summary.airing.units) == (airing, NOW_MS + HOUR_MS, ("x1-1",))
    assert set(house.states(summary.airing).values()) == {State.PLANNED}
    assert waiting(house, leader) == waiting(house, head) == []
    assert ("lãnh đạo", "bulletin.approve") in deeds(house, bulletin)
    assert ("trưởng thôn", "airing.say") in deeds(house, summary.airing.id)


def test_a_yes_twice_is_once_and_two_at_a_time_are_one(house: House, head: Actor, leader: Actor) -> None:
    ask(house)
    bulletin = bring(house, head)
    barrier, failed = threading.Barrier(2), []

    def approve() -> None:
        barrier.wait()
        try:
            yes(house, bulletin, by=leader)
        except TiengLangError as error:
            failed.append(error)

    threads = [threading.Thread(target=approve) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yes(house, bulletin, by=leader)
    assert failed == []
    assert len(house.reports.recent(by=admin())) == 1


def test_it_is_returned_with_a_note_changed_in_mind_and_submitted_again(house: House, head: Actor, leader: Actor) -> None:
    ask(house)
    bulletin = bring(house, head)
    house.approvals.give_back(bulletin, "  Nói rõ   giờ họp ", by=leader)
    house.approvals.give_back(bulletin, "Nói rõ giờ họp", by=leader)  # twice is once
    [own] = waiting(house, head)
    assert (own.bulletin.state, own.bulletin.note, own.decider) == (BulletinState.RETURNED, "Nói rõ giờ họp", "lãnh đạo")
    assert house.approvals.count(by=leader) == 0
    with pytest.raises(Conflict, match=r"bulletin\.decided"):
        yes(house, bulletin, by=leader)
    house.approvals.submit(bulletin, Wish(to=("x1-1",), at_ms=NOW_MS + HOUR_MS), by=head)
    [line] = waiting(house, leader)
    assert line.wish is not None
    assert (line.wish.at_ms, line.bulletin.note) == (NOW_MS + HOUR_MS, "")
    yes(house, bulletin, by=leader)
    assert len(house.reports.recent(by=admin())) == 1


def test_what_is_withdrawn_is_nobody_s_to_approve(house: House, head: Actor, leader: Actor) -> None:
    ask(house)
    bulletin = bring(house, head)
    house.approvals.withdraw(bulletin, by=head)
    assert state(house, bulletin) == (BulletinState.DRAFT, None)
    assert waiting(house, leader) == []
    with pytest.raises(Conflict, match=r"bulletin\.decided"):
        yes(house, bulletin, by=leader)
    with pytest.raises(Refused, match=r"bulletin\.not-approved"):
        house.airings.say(bulletin=bulletin, wish=HERE, by=head)


def test_what_was_approved_is_neither_returned_nor_withdrawn(house: House, head: Actor, leader: Actor) -> None:
    ask(house)
    bulletin = bring(house, head)
    yes(house, bulletin, by=leader)
    for late in (
        lambda: house.approvals.give_back(bulletin, "muộn rồi", by=leader),
        lambda: house.approvals.withdraw(bulletin, by=head),
    ):
        with pytest.raises(Conflict, match=r"bulletin\.decided"):
            late()
    with pytest.raises(Refused, match=r"bulletin\.said"):
        house.approvals.submit(bulletin, None, by=head)
    assert len(house.reports.recent(by=admin())) == 1


def test_nobody_approves_their_own_where_two_persons_are_asked_for(house: House) -> None:
    both = person(house, "quản trị xã", (Role.ADMIN, "x1"))
    ask(house, two=True)
    bulletin = bring(house, both, owner="x1", wish=Wish(to=("x1",)))
    assert state(house, bulletin) == (BulletinState.SUBMITTED, None)
    [line] = waiting(house, both)
    assert (line.may_approve, line.is_own) == (False, True)
    assert house.approvals.count(by=both) == 0
    with pytest.raises(Refused, match=r"consent\.own"):
        yes(house, bulletin, by=both)
    yes(house, bulletin, by=person(house, "người duyệt", (Role.APPROVER, "x1")))
    assert state(house, bulletin)[0] is BulletinState.APPROVED


def test_an_approver_of_elsewhere_sees_nothing_and_may_nothing(house: House, head: Actor) -> None:
    ask(house)
    bulletin = bring(house, head)
    other = person(house, "lãnh đạo xã khác", (Role.LEADER, "x10"))
    neighbour = person(house, "trưởng thôn bên", (Role.HEAD, "x1-2"))
    for who in (other, neighbour):
        assert waiting(house, who) == []
        for deed in (
            lambda who=who: yes(house, bulletin, by=who),
            lambda who=who: house.approvals.give_back(bulletin, "không", by=who),
            lambda who=who: house.approvals.withdraw(bulletin, by=who),
            lambda who=who: house.approvals.submit(bulletin, None, by=who),
            lambda who=who: house.approvals.see(bulletin, by=who),
        ):
            with pytest.raises(Refused, match=r"right\.none"):
                deed()
    with pytest.raises(Refused, match=r"right\.none"):
        yes(house, bulletin, by=head)


def test_the_api_is_no_way_round_the_yes(house: House, head: Actor, leader: Actor) -> None:
    """Brought without a wish it may be prepared; each way of saying it asks again."""
    ask(house, THREE_MINUTES)
    bulletin = bring(house, head, None, klass=Klass.PRIORITY)
    with pytest.raises(Refused, match=r"consent\.class"):
        house.airings.say(bulletin=bulletin, wish=HERE, by=head)
    with pytest.raises(Refused, match=r"consent\.class"):
        house.airings.say(bulletin=bulletin, wish=Wish(to=("x1-1",), at_ms=NOW_MS + HOUR_MS), by=head)
    editor = person(house, "biên tập", (Role.EDITOR, "x1"))
    with pytest.raises(Refused, match=r"consent\.role"):
        house.programmes.create(programme(naming(bulletin)), by=editor)
    made = house.programmes.create(programme(naming(house.bulletin(owner="x1"))), by=admin())
    with pytest.raises(Refused, match=r"consent\.role"):
        house.programmes.change(made.programme.id, 1, programme(naming(house.bulletin(owner="x1"), bulletin)), by=editor)
    renamed = house.programmes.change(
        made.programme.id, 1, programme(naming(house.bulletin(owner="x1")), title="Tên mới"), by=editor
    )
    assert renamed.version == 2  # what was in it before was somebody else's to decide
    assert house.reports.recent(by=admin()) == []
    house.approvals.submit(bulletin, HERE, by=head)
    yes(house, bulletin, by=leader)
    assert len(house.reports.recent(by=admin())) == 1


def test_a_notice_for_programmes_waits_too_and_its_yes_lets_them_take_it(house: House, head: Actor, leader: Actor) -> None:
    ask(house)
    bulletin = bring(house, head, None, kind="hop-thon")
    with house.work.reading() as tx:
        assert tx.bulletins.notices(NOW_MS) == []
    [line] = waiting(house, leader)
    assert line.wish is None
    house.waiting()
    yes(house, bulletin, by=leader)
    with house.work.reading() as tx:
        assert [notice.piece.source for notice in tx.bulletins.notices(NOW_MS)] == [bulletin]
    assert house.waiting() == ["x1-1"]


def test_a_time_that_is_past_is_refused_and_waits_on_until_it_is_said_at_once(house: House, head: Actor, leader: Actor) -> None:
    ask(house)
    bulletin = bring(house, head, Wish(to=("x1-1",), at_ms=NOW_MS + HOUR_MS))
    house.clock.advance(2 * HOUR_MS)
    with pytest.raises(Refused, match=r"airing\.past"):
        yes(house, bulletin, by=leader)
    assert state(house, bulletin) == (BulletinState.SUBMITTED, None)
    yes(house, bulletin, now=True, by=leader)
    [summary] = house.reports.recent(by=admin())
    assert summary.airing.start_ms >= NOW_MS + 2 * HOUR_MS


def test_a_yes_says_nothing_for_somebody_who_may_not_speak_there_any_more(house: House, head: Actor, leader: Actor) -> None:
    ask(house)
    bulletin = bring(house, head)
    with house.work.writing() as tx:
        tx.accounts.grant(head.id, ())
    with pytest.raises(Refused, match=r"bulletin\.author"):
        yes(house, bulletin, by=leader)
    assert state(house, bulletin) == (BulletinState.SUBMITTED, None)


def test_a_policy_that_asks_later_lets_what_is_planned_be(house: House, head: Actor) -> None:
    bulletin = bring(house, head, Wish(to=("x1-1",), at_ms=NOW_MS + HOUR_MS))
    ask(house)
    assert state(house, bulletin)[1] is not None
    with pytest.raises(Refused, match=r"consent\.role"):
        house.airings.say(bulletin=bulletin, wish=HERE, by=head)


def test_consent_is_no_matter_of_loudspeakers(small: House) -> None:
    """Who says yes is decided here: no node is told anything new, and how long a sound may be is the freedom's own."""
    before = small.letters()
    ask(small, Freedom(role=Role.HEAD, longest_ms=DURATION_MS))
    assert small.letters() == before


def test_a_yes_is_for_what_was_seen_and_for_nothing_that_was_submitted_since(house: House, head: Actor, leader: Actor) -> None:
    ask(house)
    bulletin = bring(house, head, Wish(to=("x1-1",), at_ms=NOW_MS + 3 * HOUR_MS))
    [seen] = waiting(house, leader)
    house.approvals.submit(bulletin, Wish(to=("x1-1",), gain=120), by=head)
    with pytest.raises(Conflict, match=r"bulletin\.changed"):
        house.approvals.approve(bulletin, seen.bulletin.submitted_ms or 0, by=leader)
    assert state(house, bulletin) == (BulletinState.SUBMITTED, None)
    yes(house, bulletin, by=leader)
    assert len(house.reports.recent(by=admin())) == 1


def test_a_yes_is_spent_by_its_airing_and_reaches_no_other_place(house: House, leader: Actor) -> None:
    editor = person(house, "biên tập", (Role.EDITOR, "x1"))
    ask(house)
    bulletin = bring(house, editor, HERE, owner="x1")
    yes(house, bulletin, by=person(house, "duyệt thôn", (Role.APPROVER, "x1-1")))
    for wish in (Wish(to=("x1",)), HERE, Wish(to=("x1-2",), at_ms=NOW_MS + HOUR_MS)):
        with pytest.raises(Refused, match=r"consent\.role"):
            house.airings.say(bulletin=bulletin, wish=wish, by=editor)
    with pytest.raises(Refused, match=r"consent\.role"):
        house.programmes.create(programme(naming(bulletin)), by=editor)
    house.programmes.create(programme(naming(bulletin), units=("x1-1",)), by=editor)  # there it has its yes


def test_nobody_submits_what_somebody_else_made(house: House, head: Actor) -> None:
    editor = person(house, "biên tập", (Role.EDITOR, "x1"))
    ask(house)
    bulletin = bring(house, editor, Wish(to=("x1",)), owner="x1")
    with pytest.raises(Refused, match=r"right\.none"):
        house.approvals.submit(bulletin, HERE, by=head)
    house.approvals.withdraw(bulletin, by=editor)
    both = person(house, "quản trị xã", (Role.ADMIN, "x1"))
    with pytest.raises(Refused, match=r"bulletin\.not-yours"):
        house.approvals.submit(bulletin, Wish(to=("x1",)), by=both)
    assert house.reports.recent(by=admin()) == []


def test_a_village_s_own_rule_binds_whoever_speaks_to_all(house: House) -> None:
    editor = person(house, "biên tập", (Role.EDITOR, "x1"))
    ask(house, unit="x1-2", two=True)
    bulletin = bring(house, editor, None, owner="x1")
    with pytest.raises(Refused, match=r"consent\.role"):
        house.airings.say(bulletin=bulletin, wish=Wish(to=("x1",)), by=editor)
    with pytest.raises(Refused, match=r"consent\.role"):
        house.programmes.create(programme(naming(bulletin)), by=editor)
    house.airings.say(bulletin=bulletin, wish=HERE, by=editor)


def test_a_programme_takes_no_more_villages_than_its_bulletins_may(house: House) -> None:
    editor = person(house, "biên tập", (Role.EDITOR, "x1"))
    ask(house, unit="x1-2")
    bulletin = bring(house, editor, None, owner="x1")
    made = house.programmes.create(programme(naming(bulletin), units=("x1-1",)), by=editor)
    wider = programme(naming(bulletin), units=("x1-1", "x1-2"))
    with pytest.raises(Refused, match=r"consent\.role"):
        house.programmes.change(made.programme.id, 1, wider, by=editor)
    house.programmes.end(made.programme.id, by=editor)
    ask(house, unit="x1-1")
    with pytest.raises(Refused, match=r"consent\.role"):
        house.programmes.reopen(made.programme.id, 2, by=editor)


def test_a_notice_that_is_aired_too_is_asked_for_both(house: House) -> None:
    both = person(house, "hai vai", (Role.EDITOR, "x1"), (Role.APPROVER, "x1-1"))
    ask(house)
    bulletin = bring(house, both, HERE, owner="x1", kind="tin")
    assert state(house, bulletin) == (BulletinState.SUBMITTED, None)
    with pytest.raises(Refused, match=r"right\.none"):
        yes(house, bulletin, by=person(house, "duyệt thôn", (Role.APPROVER, "x1-1")))


def test_what_is_to_be_heard_is_not_submitted_and_what_was_free_is_free_again(house: House, head: Actor) -> None:
    planned = bring(house, head, None)
    house.airings.say(bulletin=planned, wish=Wish(to=("x1-1",), at_ms=NOW_MS + HOUR_MS), by=head)
    with pytest.raises(Refused, match=r"bulletin\.in-use"):
        house.approvals.submit(planned, HERE, by=head)
    unsaid = bring(house, head, None)
    house.approvals.submit(unsaid, HERE, by=head)
    house.approvals.withdraw(unsaid, by=head)
    house.airings.say(bulletin=unsaid, wish=HERE, by=head)


def test_waiting_its_turn_leads_out_of_no_hours(house: House, head: Actor) -> None:
    minute = (NOW_MS // 60_000 + 420) % 1440
    window = Window(from_minute=(minute - 60) % 1440, to_minute=(minute + 120) % 1440)
    ask(house, Freedom(role=Role.HEAD, hours=(window,)))
    at_ms = NOW_MS + HOUR_MS
    late = bring(house, head, Wish(to=("x1-1",), at_ms=at_ms, latest_ms=at_ms + 3 * HOUR_MS))
    assert state(house, late)[0] is BulletinState.SUBMITTED
    assert state(house, bring(house, head, Wish(to=("x1-1",), at_ms=at_ms)))[0] is BulletinState.APPROVED

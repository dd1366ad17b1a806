"""Accounts: nobody makes, changes or takes away somebody who reaches further than they do; rights are those of this moment."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from controller.domain.errors import NotFound, Refused
from controller.domain.rights import OPERATOR, Actor, Deed, Role
from controller.service.passwords import Passwords
from controller.service.sessions import Sessions
from controller.service.users import MAX_GRANTS, Users, Wanted
from controller.service.vault import Vault
from tests.support.people import somebody
from tests.unit.controller.service.house import TREE, House

WORD = "mot-mat-khau-dai"
COMMUNE_ADMIN = somebody(Role.ADMIN, "p04", "x1", name="quản trị xã")


@pytest.fixture
def few(small: House) -> Users:
    return Users(database=small.work, passwords=Passwords(memory_kib=64), clock=small.clock)


def sessions_of(house: House) -> Sessions:
    vault = Vault(house.keyring.vault_key)
    return Sessions(database=house.work, passwords=Passwords(memory_kib=64), vault=vault, clock=house.clock)


def test_rights_are_kept_and_are_those_of_this_moment(house: House) -> None:
    users, sessions = Users(database=house.work, passwords=Passwords(memory_kib=64), clock=house.clock), sessions_of(house)
    user = users.add("canbo", WORD, [(Role.EDITOR, "x1"), (Role.TECHNICIAN, "x10-1")], by=OPERATOR)
    session = sessions.sign_in("canbo", WORD)
    assert sessions.who(session.token) == user
    assert user.may(Deed.AIRING_SAY, TREE[3])
    users.grant("canbo", [(Role.AUDITOR, None)], by=OPERATOR)
    now = sessions.who(session.token)
    assert now is not None
    assert not now.may(Deed.AIRING_SAY, TREE[3])
    assert now.reach is None
    users.remove(user.id, by=OPERATOR)
    assert sessions.who(session.token) is None
    assert users.list(by=OPERATOR) == []


@pytest.mark.parametrize(
    "grants",
    [[(Role.HEAD, "x10-1")], [(Role.ADMIN, "p04")], [(Role.AUDITOR, None)], [(Role.HEAD, "x1-1"), (Role.HEAD, "x10-1")]],
)
def test_an_administrator_gives_no_rights_beyond_the_own_place(few: Users, small: House, grants: Collection[Wanted]) -> None:
    few.add("ở ngoài", WORD, grants, by=OPERATOR)
    few.add("ở trong", WORD, [(Role.HEAD, "x1-1")], by=OPERATOR)
    for deed in (
        lambda: few.add("mới", WORD, grants, by=COMMUNE_ADMIN),
        lambda: few.grant("ở trong", grants, by=COMMUNE_ADMIN),  # nobody is lifted out
        lambda: few.grant("ở ngoài", [(Role.HEAD, "x1-1")], by=COMMUNE_ADMIN),  # nobody is drawn in
        lambda: few.set_password("ở ngoài", "mat-khau-cua-toi", by=COMMUNE_ADMIN),
        lambda: few.remove("ở ngoài", by=COMMUNE_ADMIN),
    ):
        with pytest.raises(Refused) as refused:
            deed()
        assert refused.value.code == "right.none"
    assert sessions_of(small).sign_in("ở ngoài", WORD).user.name == "ở ngoài"


def test_an_administrator_of_a_commune_sets_its_people_up(few: Users) -> None:
    few.add("ở ngoài", WORD, [(Role.HEAD, "x10-1")], by=OPERATOR)
    head = few.add("trưởng thôn", WORD, [(Role.HEAD, "x1-1")], by=COMMUNE_ADMIN)
    assert [user.name for user in few.list(by=COMMUNE_ADMIN)] == ["trưởng thôn"]
    changed = few.grant("trưởng thôn", [(Role.HEAD, "x1-2"), (Role.EMERGENCY, "x1")], by=COMMUNE_ADMIN)
    assert (changed.id, [grant.unit for grant in changed.grants]) == (head.id, ["x1", "x1-2"])
    few.set_password("trưởng thôn", "mot-mat-khau-khac", by=COMMUNE_ADMIN)
    few.remove("trưởng thôn", by=COMMUNE_ADMIN)
    with pytest.raises(NotFound):
        few.grant("trưởng thôn", [(Role.HEAD, "x1-2")], by=COMMUNE_ADMIN)


@pytest.mark.parametrize("who", [somebody(role, "p04") for role in Role if role is not Role.ADMIN])
def test_nobody_else_edits_accounts(few: Users, who: Actor) -> None:
    with pytest.raises(Refused):
        few.add("mới", WORD, [(Role.HEAD, "x1-1")], by=who)
    assert few.list(by=OPERATOR) == []


def test_an_account_without_a_role_or_with_too_many_or_in_no_place_is_refused(few: Users) -> None:
    for grants, code in (
        ([], "user.no-role"),
        ([(Role.HEAD, "x1-1")] * (MAX_GRANTS + 1), "user.no-role"),
        ([(Role.HEAD, "không-có")], "unit.unknown"),
    ):
        with pytest.raises((Refused, NotFound)) as refused:
            few.add("mới", WORD, grants, by=OPERATOR)
        assert refused.value.code == code


def test_the_first_account_may_do_everything_but_call_an_emergency(few: Users, small: House) -> None:
    name, password = few.first() or ("", "")
    admin = sessions_of(small).sign_in(name, password).user
    assert {deed for deed in Deed if admin.may(deed, None)} == set(Deed)
    assert [grant.role for grant in admin.grants] == [Role.ADMIN]
    assert few.first() is None

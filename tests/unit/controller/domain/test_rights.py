"""Who may do what, where: the table holds at a unit and below it, never beside it or above it."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.rights import MAY, OPERATOR, Actor, Deed, Grant, Role, is_within
from controller.domain.unit import Level, Unit
from tests.support.people import somebody


def unit(*path: str) -> Unit:
    level = (Level.PROVINCE, Level.COMMUNE, Level.VILLAGE)[len(path) - 1]
    return Unit(id=path[-1], parent=path[-2] if path[1:] else None, level=level, name=path[-1], path=path)


PROVINCE, COMMUNE, VILLAGE = unit("p04"), unit("p04", "x1"), unit("p04", "x1", "x1-1")
BESIDE, OTHER = unit("p04", "x1", "x1-2"), unit("p04", "x10")
PATHS = st.sampled_from([(), *(each.path for each in (PROVINCE, COMMUNE, VILLAGE, BESIDE, OTHER))])
GRANTS = st.builds(Grant, path=PATHS, role=st.sampled_from(Role))


def test_the_table_speaks_of_every_deed_and_every_role_may_do_something() -> None:
    assert set(MAY) == set(Deed)
    assert set(Role) == {role for roles in MAY.values() for role in roles}
    assert all(MAY.values())


def test_who_only_reads_changes_nothing() -> None:
    assert {deed for deed, roles in MAY.items() if Role.AUDITOR in roles} == {Deed.SEE, Deed.TRAIL_SEE}


@pytest.mark.parametrize(("role", "deed"), list(product(Role, Deed)))
def test_a_role_in_a_commune_holds_there_and_in_its_villages_only(role: Role, deed: Deed) -> None:
    who = somebody(role, "p04", "x1")
    may = role in MAY[deed]
    assert [who.may(deed, place) for place in (COMMUNE, VILLAGE, BESIDE)] == [may] * 3
    assert not any(who.may(deed, place) for place in (PROVINCE, OTHER, None))
    assert who.may_anywhere(deed) == may


def test_only_a_grant_for_everywhere_reaches_the_whole_installation() -> None:
    assert OPERATOR.may(Deed.CLOCK_FORGIVE, None)
    assert OPERATOR.may(Deed.USER_EDIT, VILLAGE)
    assert not somebody(Role.ADMIN, "p04").may(Deed.CLOCK_FORGIVE, None)


def test_who_has_several_roles_has_each_where_it_is() -> None:
    who = Actor(id="u", name="u", grants=(Grant(path=VILLAGE.path, role=Role.HEAD), Grant(path=OTHER.path, role=Role.TECHNICIAN)))
    assert who.may(Deed.AIRING_SAY, VILLAGE)
    assert who.may(Deed.NODE_MOVE, OTHER)
    assert not who.may(Deed.NODE_MOVE, VILLAGE)
    assert not who.may(Deed.AIRING_SAY, OTHER)
    assert who.reach == (VILLAGE.path, OTHER.path)


def test_what_stands_above_concerns_people_and_what_stands_beside_does_not() -> None:
    head = somebody(Role.HEAD, *VILLAGE.path)
    assert [head.is_near(place) for place in (PROVINCE, COMMUNE, VILLAGE, BESIDE, OTHER)] == [True, True, True, False, False]


@given(grants=st.lists(GRANTS, max_size=4).map(tuple), place=st.sampled_from([PROVINCE, COMMUNE, VILLAGE, BESIDE, OTHER]))
def test_within_reach_is_exactly_what_may_be_seen(grants: tuple[Grant, ...], place: Unit) -> None:
    who = Actor(id="u", name="u", grants=grants)
    assert is_within(place.path, who.reach) == who.may(Deed.SEE, place)
    assert who.is_near(place) or not who.may(Deed.SEE, place)
    if who.reach:
        assert not any(one != two and is_within(one, (two,)) for one in who.reach for two in who.reach)

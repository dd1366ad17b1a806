"""Who may say what without a yes: every way in which a freedom fails, and that what stands above binds what is below."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.airing import Klass
from controller.domain.rights import Actor, Grant, Role
from controller.domain.unit import Level, Unit
from controller.service.consent import Consent, Freedom, Lack, Said, lack
from scheduler.limits import Window

VILLAGE = Unit(id="x1-1", parent="x1", level=Level.VILLAGE, name="Pác Rằng", path=("p04", "x1", "x1-1"))
DAY = (Window(from_minute=5 * 60, to_minute=21 * 60),)
MINUTE_MS = 60_000
NOON_MS = 1_795_000_000_000 // 86_400_000 * 86_400_000 + 5 * 3_600_000  # 12:00 in Viet Nam
NIGHT_MS = NOON_MS + 10 * 3_600_000
SHORT = Freedom(role=Role.HEAD, longest_ms=3 * MINUTE_MS, hours=DAY)


def somebody(*roles: Role, path: tuple[str, ...] = VILLAGE.path) -> Actor:
    return Actor(id="ai", name="ai", grants=tuple(Grant(path=path, role=role) for role in roles))


def said(klass: Klass = Klass.NORMAL, minutes: float = 1, start_ms: int | None = NOON_MS) -> Said:
    return Said(klass=klass, duration_ms=int(minutes * MINUTE_MS), start_ms=start_ms)


def why(by: Actor, what: Said, *consents: Consent) -> str | None:
    found = lack(by, VILLAGE, [(f"đơn vị {number}", consent) for number, consent in enumerate(consents)], what, 420)
    return found.why if found else None


def test_where_nobody_asks_for_anything_nothing_is_lacking() -> None:
    assert why(somebody(Role.HEAD), said(Klass.PRIORITY, 59, NIGHT_MS)) is None


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (said(), None),
        (said(minutes=3), None),
        (said(minutes=3.01), "length"),
        (said(Klass.PRIORITY), "class"),
        (said(start_ms=NIGHT_MS), "hours"),
        (said(start_ms=NOON_MS + 9 * 3_600_000 - 30_000), "hours"),  # it would end behind 21:00
        (said(start_ms=None), None),  # a programme has its own hours
    ],
)
def test_a_village_head_s_short_notice_by_day_passes_and_nothing_else(what: Said, expected: str | None) -> None:
    assert why(somebody(Role.HEAD), what, Consent(free=(SHORT,))) == expected


def test_what_is_nobody_s_freedom_needs_a_yes() -> None:
    assert why(somebody(Role.EDITOR), said(), Consent(free=(SHORT,))) == "role"
    assert why(somebody(Role.HEAD), said(), Consent()) == "role"
    assert why(somebody(Role.HEAD, path=("p04", "x1", "x1-2")), said(), Consent(free=(SHORT,))) == "role"


def test_whoever_approves_there_needs_no_yes_unless_two_persons_are_asked_for() -> None:
    for role in (Role.ADMIN, Role.APPROVER, Role.LEADER):
        assert why(somebody(role), said(), Consent()) is None
        assert why(somebody(role), said(), Consent(two=True)) == "two"
    free = Freedom(role=Role.EDITOR, klass=Klass.PRIORITY)
    assert why(somebody(Role.ADMIN), said(Klass.PRIORITY), Consent(two=True, free=(free,))) is None  # what an editor may, too


def test_what_stands_above_binds_what_is_below() -> None:
    lax, strict = Consent(free=(SHORT,)), Consent()
    assert why(somebody(Role.HEAD), said(), lax, strict) == "role"
    assert why(somebody(Role.HEAD), said(), strict, lax) == "role"
    assert why(somebody(Role.HEAD), said(), lax, lax) is None


def test_the_freedom_that_came_nearest_is_told_with_its_limits() -> None:
    consent = Consent(free=(Freedom(role=Role.HEAD, longest_ms=MINUTE_MS), SHORT))
    assert lack(somebody(Role.HEAD), VILLAGE, [("Xã A", consent)], said(start_ms=NIGHT_MS, minutes=2), 420) == Lack(
        unit="Xã A", why="hours", longest_ms=3 * MINUTE_MS, hours=DAY
    )


FREEDOMS = st.builds(
    Freedom,
    role=st.sampled_from([Role.HEAD, Role.EDITOR]),
    klass=st.sampled_from([Klass.NORMAL, Klass.PRIORITY]),
    longest_ms=st.none() | st.integers(1_000, 3_600_000),
    hours=st.just(()) | st.just(DAY),
)
CONSENTS = st.builds(Consent, free=st.lists(FREEDOMS, max_size=4).map(tuple), two=st.booleans())
SAID = st.builds(
    Said,
    klass=st.sampled_from([Klass.NORMAL, Klass.PRIORITY]),
    duration_ms=st.integers(1_000, 3_600_000),
    start_ms=st.none() | st.integers(NOON_MS, NOON_MS + 86_400_000),
)
ROLES = st.sets(st.sampled_from(list(Role))).map(lambda roles: somebody(*sorted(roles)))


@given(by=ROLES, what=SAID, consents=st.lists(CONSENTS, max_size=3), more=CONSENTS)
def test_another_unit_s_asking_never_frees_anybody(by: Actor, what: Said, consents: list[Consent], more: Consent) -> None:
    if why(by, what, *consents) is not None:
        assert why(by, what, *consents, more) is not None
        assert why(by, what, more, *consents) is not None


@given(by=ROLES, what=SAID, consent=CONSENTS, freedom=FREEDOMS)
def test_a_freedom_more_never_binds_anybody(by: Actor, what: Said, consent: Consent, freedom: Freedom) -> None:
    if why(by, what, consent) is None:
        assert why(by, what, Consent(free=(*consent.free, freedom), two=consent.two)) is None


@given(by=ROLES, what=SAID, consent=CONSENTS)
def test_the_decision_is_what_the_rule_says_in_other_words(by: Actor, what: Said, consent: Consent) -> None:
    """Written again, from the sentence in the module's head."""
    roles = {grant.role for grant in by.grants}
    editing = roles | ({Role.EDITOR} if Role.ADMIN in roles else set())
    approves = bool(roles & {Role.ADMIN, Role.APPROVER, Role.LEADER})
    by_day = what.start_ms is None or _by_day(what.start_ms, what.duration_ms)
    fits = any(
        each.role in editing
        and (what.klass is Klass.NORMAL or each.klass is Klass.PRIORITY)
        and what.duration_ms <= (each.longest_ms or what.duration_ms)
        and (by_day or not each.hours)
        for each in consent.free
    )
    assert (why(by, what, consent) is None) == (fits or (approves and not consent.two))


def _by_day(start_ms: int, duration_ms: int) -> bool:
    begin = start_ms + 420 * MINUTE_MS
    midnight = begin // 86_400_000 * 86_400_000
    return midnight + 5 * 3_600_000 <= begin and begin + duration_ms <= midnight + 21 * 3_600_000

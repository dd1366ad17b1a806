"""What stands above binds what is below: joined policies allow what both allow, minute by minute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.limits import NEVER, NO_LANGUAGE, Loudness, Policy, Window, inherited, stricter
from scheduler.policy import is_allowed, loudest
from tests.unit.scheduler.turns import MINUTE, MONDAY

WEEK_MINUTES = 7 * 1440

windows = st.builds(
    Window,
    from_minute=st.integers(0, 1439),
    to_minute=st.integers(0, 1439),
    days=st.sets(st.integers(1, 7), max_size=7).map(lambda days: tuple(sorted(days))),
)
hours = st.lists(windows, max_size=4).map(tuple)


def is_open(hours: tuple[Window, ...], minute: int) -> bool:
    begin = MONDAY + minute * MINUTE
    return is_allowed(hours, 420, begin, begin + MINUTE)


@given(hours, hours, st.lists(st.integers(0, WEEK_MINUTES - 1), min_size=1, max_size=20))
def test_an_hour_is_open_below_only_if_both_have_it_open(
    above: tuple[Window, ...], below: tuple[Window, ...], minutes: list
) -> None:
    both = stricter(Policy(hours=above), Policy(hours=below)).hours
    for minute in minutes:
        assert is_open(both, minute) is (is_open(above, minute) and is_open(below, minute))


@given(hours, hours)
def test_joined_hours_fit_into_a_nodes_config(above: tuple[Window, ...], below: tuple[Window, ...]) -> None:
    both = stricter(Policy(hours=above), Policy(hours=below)).hours
    assert all(0 <= window.from_minute < 1440 and 0 <= window.to_minute < 1440 for window in both)


def test_hours_that_have_nothing_in_common_allow_nothing() -> None:
    morning, evening = Window(from_minute=300, to_minute=360), Window(from_minute=1020, to_minute=1080)
    both = stricter(Policy(hours=(morning,)), Policy(hours=(evening,)))
    assert both.hours == (NEVER,)
    assert not any(is_open(both.hours, minute) for minute in range(0, WEEK_MINUTES, 7))


def test_a_unit_without_hours_of_its_own_has_those_above_it() -> None:
    day = Window(from_minute=300, to_minute=1260)
    assert stricter(Policy(hours=(day,)), Policy()).hours == stricter(Policy(), Policy(hours=(day,))).hours == (day,)


def test_the_quietest_ceiling_holds() -> None:
    school = Loudness(from_minute=7 * 60, to_minute=17 * 60, gain=-60)
    commune = Loudness(from_minute=0, to_minute=0, gain=-20)
    both = stricter(Policy(ceilings=(commune,)), Policy(ceilings=(school,))).ceilings
    assert loudest(both, 420, MONDAY + 600 * MINUTE, MONDAY + 601 * MINUTE) == -60
    assert loudest(both, 420, MONDAY + 300 * MINUTE, MONDAY + 301 * MINUTE) == -20


@pytest.mark.parametrize("field", ["item_ms", "session_ms", "sessions"])
@pytest.mark.parametrize(("above", "below", "both"), [(None, None, None), (5, None, 5), (None, 7, 7), (5, 7, 5), (7, 5, 5)])
def test_the_lower_limit_holds(field: str, above: int | None, below: int | None, both: int | None) -> None:
    assert getattr(stricter(Policy(**{field: above}), Policy(**{field: below})), field) == both


@pytest.mark.parametrize(
    ("above", "below", "both"),
    [((), (), ()), (("vi",), (), ("vi",)), (("vi", "tyz"), ("tyz",), ("tyz",)), (("vi",), ("hmn",), (NO_LANGUAGE,))],
)
def test_only_languages_that_both_speak_are_spoken(above: tuple, below: tuple, both: tuple) -> None:
    assert stricter(Policy(languages=above), Policy(languages=below)).languages == both


def test_a_village_inherits_from_all_that_is_above_it() -> None:
    province, commune, village = Policy(session_ms=60), Policy(session_ms=45, sessions=2), Policy(sessions=3)
    assert inherited([province, commune, village]) == Policy(session_ms=45, sessions=2)
    assert inherited([]) == Policy()

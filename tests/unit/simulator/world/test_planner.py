"""The stand-in for the resolver: timelines without overlap, two days ahead, half of them approved in the day before."""

from __future__ import annotations

from itertools import pairwise

import pytest

from controller.protocol.codec import decode, encode
from controller.protocol.messages import PlanBody
from simulator.world.places import Places
from simulator.world.planner import HORIZON_MS, Almanac
from simulator.world.scenario import HOUR_MS, Scenario

WEEK = Scenario(nodes=90, days=7)


@pytest.fixture(scope="module")
def published() -> list[tuple[int, str, PlanBody]]:
    """Every plan of a week: (when, village, body)."""
    almanac, found = Almanac(WEEK, Places(WEEK)), []
    while (now_ms := almanac.next_ms()) is not None:
        found += [(now_ms, village, body) for village, body in almanac.plans(now_ms).items()]
    return found


def test_every_plan_is_one_that_the_contract_admits(published: list[tuple[int, str, PlanBody]]) -> None:
    assert all(decode(PlanBody, encode(body)) == body for _, _, body in published)
    assert all(item.start < body.valid_until for _, _, body in published for item in body.items)


def test_nothing_overlaps(published: list[tuple[int, str, PlanBody]]) -> None:
    for _, _, body in published:
        assert all(one.start + one.grace + one.duration <= other.start for one, other in pairwise(body.items))


def test_versions_rise_and_only_changed_villages_get_one(published: list[tuple[int, str, PlanBody]]) -> None:
    newest: dict[str, int] = {}
    for _, village, body in published:
        assert body.village == village
        assert body.version > newest.get(village, 0)
        newest[village] = body.version
    assert len(newest) == 30
    assert 4 <= len(published) / 30 / 7 <= 8  # four bulletins a day, two renewals, and the first


def test_at_any_moment_a_village_holds_two_whole_days(published: list[tuple[int, str, PlanBody]]) -> None:
    """Of what is approved by then."""
    places = Places(WEEK)
    almanac = Almanac(WEEK, places)
    last: dict[str, tuple[int, PlanBody]] = {}
    everything = {item.airing: item for _, _, body in published for item in body.items if body.village == "x00000-1"}
    for now_ms, village, body in published:
        if village == "x00000-1" and village in last:
            held = {item.airing for item in last[village][1].items}
            due = [a for a, item in everything.items() if now_ms <= item.start < now_ms + HORIZON_MS - HOUR_MS]
            assert [a for a in due if almanac.approved_ms(a) < last[village][0] and a not in held] == []
        last[village] = now_ms, body


def test_eight_airings_a_day_half_of_them_approved_six_to_twenty_four_hours_before() -> None:
    almanac = Almanac(WEEK, Places(WEEK))
    items = {}
    while (now_ms := almanac.next_ms()) is not None:
        for body in almanac.plans(now_ms).values():
            if body.village == "x00000-1":
                items.update({item.airing: item for item in body.items})
    fresh = [item.start - almanac.approved_ms(airing) for airing, item in items.items() if almanac.approved_ms(airing)]
    assert len(items) >= 8 * 7
    assert len(fresh) * 2 >= len(items)
    assert max(fresh) <= 24 * HOUR_MS
    assert sum(lead >= 6 * HOUR_MS for lead in fresh) >= len(fresh) - 4  # but for those of the first morning


def test_nothing_is_planned_whose_end_the_world_would_not_see(published: list[tuple[int, str, PlanBody]]) -> None:
    assert max(item.start for _, _, body in published for item in body.items) < WEEK.end_ms

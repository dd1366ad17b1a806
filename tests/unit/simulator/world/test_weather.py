"""What befalls nodes: as often and as long as the scenario says, and the same for the same seed."""

from __future__ import annotations

import statistics

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from simulator.world.scenario import DAY_MS, HOUR_MS, Scenario, Weather
from simulator.world.weather import Sky, covered_ms, is_clear, sky_of, within

MONTH = Scenario(days=30, nodes=400)
SKIES = [sky_of(MONTH, index) for index in range(400)]

spans = st.lists(st.integers(0, 100), max_size=8, unique=True).map(
    lambda ends: tuple(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)


def test_a_tenth_of_the_time_is_without_a_link() -> None:
    down = sum(covered_ms(sky.offline, MONTH.begin_ms, MONTH.end_ms) for sky in SKIES)
    assert 0.08 < down / (400 * 30 * DAY_MS) < 0.12


def test_outages_last_a_minute_to_six_hours_and_one_in_a_hundred_for_days() -> None:
    lengths = [end - begin for sky in SKIES for begin, end in sky.offline]
    long = [length for length in lengths if length > 6 * HOUR_MS]
    assert 0.005 < len(long) / len(lengths) < 0.015
    assert min(lengths) >= 60_000
    assert 24 * HOUR_MS <= min(long) <= max(long) <= 72 * HOUR_MS


def test_the_power_goes_once_a_month() -> None:
    assert 0.85 < statistics.mean(len(sky.unpowered) for sky in SKIES) < 1.15


def test_crystals_and_clocks_and_disks_are_as_bad_as_said() -> None:
    assert {min(sky.drift_ppm for sky in SKIES), max(sky.drift_ppm for sky in SKIES)} <= {-50, -49, 49, 50}
    assert 0.2 < sum(sky.rtc_off_ms is None for sky in SKIES) / 400 < 0.4
    assert 0 < sum(bool(sky.disk_full) for sky in SKIES) < 15


def test_a_nodes_weather_is_its_own_and_the_seeds() -> None:
    """More nodes, another programme: the same; another seed, another node: not."""
    other = msgspec.structs.replace(MONTH, nodes=5_000, seed=2)
    assert sky_of(msgspec.structs.replace(MONTH, nodes=5_000), 7) == SKIES[7]
    assert sky_of(other, 7) != SKIES[7] != SKIES[8]


def test_fair_weather_is_fair() -> None:
    calm = Weather(downtime=0, power_cuts_a_month=0, drift_ppm=0, without_rtc=1, full_disks=0)
    still = Sky(offline=(), unpowered=(), disk_full=(), drift_ppm=0, rtc_off_ms=None)
    assert sky_of(Scenario(weather=calm), 0) == still


@given(spans=spans, a=st.integers(0, 100), b=st.integers(0, 100))
def test_looking_into_spans_is_as_looking_at_each_moment(spans: tuple[tuple[int, int], ...], a: int, b: int) -> None:
    begin, end = sorted((a, b))
    bad = {moment for span in spans for moment in range(*span)}
    assert covered_ms(spans, begin, end) == len(bad & set(range(begin, end)))
    assert is_clear(spans, begin, end) is not bool(bad & set(range(begin, end + 1)))
    assert (within(spans, begin) is not None) is (begin in bad)

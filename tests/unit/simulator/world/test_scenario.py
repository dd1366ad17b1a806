"""A scenario file: settings, or an error with a code. Nothing in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.world.report import SENTENCES
from simulator.world.scenario import MAX_BYTES, Scenario, ScenarioError, parse, read

SHIPPED = sorted((Path(__file__).parents[4] / "simulator" / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_shipped_is_a_scenario(path: Path) -> None:
    assert isinstance(read(path), Scenario)


def test_the_month_is_as_hard_as_it_is_said_to_be() -> None:
    """Half of at least eight airings a day approved 6 to 24 hours before, 10 % of downtime, a power cut a month."""
    month = read(SHIPPED[0])
    programme, weather = month.programme, month.weather
    assert (month.nodes, month.days, month.on_time) == (5_000, 30, 0.9999)
    assert programme.bulletins_a_day >= len(programme.slots) >= 4
    assert programme.approved_s == (6 * 3600, 24 * 3600)
    assert (weather.downtime, weather.outage_s) == (0.1, (60, 6 * 3600))
    assert (weather.long_share, weather.long_s) == (0.01, (24 * 3600, 72 * 3600))
    assert (weather.power_cuts_a_month, weather.drift_ppm) == (1, 50)
    assert min(weather.without_rtc, weather.full_disks) > 0


def test_an_empty_file_is_the_usual_world() -> None:
    assert parse(b"") == Scenario()


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        (b"nodes = [1 2", "scenario.syntax", "line 1"),
        (b"\xff", "scenario.syntax", "utf-8"),
        (b"node = 5", "scenario.field", "`node`"),
        (b"nodes = 0", "scenario.field", "$.nodes"),
        (b"nodes = '5'", "scenario.field", "$.nodes"),
        (b"begin = 2026-01-01T00:00:00", "scenario.field", "$.begin"),
        (b"[weather]\ndowntime = 1", "scenario.field", "$.weather.downtime"),
        (b"[weather]\noutage_s = [60]", "scenario.field", "$.weather.outage_s"),
        (b"[weather]\noutage_s = [60, 30]", "scenario.period", "weather.outage_s: 60 > 30"),
        (b"[programme]\nslots = ['25:00']", "scenario.field", "$.programme.slots"),
        (b"[programme]\nduration_s = [20, 900]", "scenario.room", "duration_s"),
        (b"[policy]\nhours = [['21:00', '05:00']]", "scenario.hours", "policy.hours"),
    ],
)
def test_each_error_has_its_code_and_says_where(text: bytes, code: str, where: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(text)
    assert caught.value.code == code
    assert where in caught.value.detail


def test_a_file_that_is_not_there_or_is_no_page_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    for name in ("none.toml", "long.toml", "."):
        with pytest.raises(ScenarioError) as caught:
            read(tmp_path / name)
        assert caught.value.code == "scenario.unreadable"


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_bytes_it_is_a_scenario_or_an_error_with_a_sentence(data: bytes) -> None:
    code = ""
    try:
        parse(data)
    except ScenarioError as error:
        code = error.code
    assert code in ("", *SENTENCES)

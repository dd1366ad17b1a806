"""What a world came to, said and in JSON."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from simulator.cli import main
from simulator.world import report
from simulator.world.scenario import Scenario
from simulator.world.tally import Tally
from simulator.world.witness import Fault

WEEK = Scenario()
GOOD = {"pairs": 20_000, "on_time": 19_000, "fair": 10_000, "fair_on_time": 9_999, "streamed": 17_000}


def test_bars_hold_by_a_hair_and_break_by_one() -> None:
    assert all(bar.holds for bar in report.bars(Tally(**GOOD), WEEK))
    assert not report.bars(Tally(**{**GOOD, "fair_on_time": 9_998}), WEEK)[0].holds


@pytest.mark.parametrize("law", ["doubles", "lates", "breaches", "unsettled"])
def test_a_single_broken_law_breaks_its_bar(law: str) -> None:
    held = [bar.holds for bar in report.bars(Tally(**GOOD, **{law: 1}), WEEK)]
    assert held.count(False) == 1
    assert json.loads(report.for_machines(Tally(**GOOD, **{law: 1}), WEEK))["good"] is False


def test_a_share_is_never_rounded_up() -> None:
    tally = Tally(**{**GOOD, "fair": 10_000_000, "fair_on_time": 9_999_999})
    assert report.bars(tally, WEEK)[0].figure.startswith("99.9999 %")


def test_people_read_every_word_with_its_cause_and_who_broke_a_law() -> None:
    words = Counter({"finished": 9, "missed clock": 2})
    fault = Fault(kind="double", node=7, airing="slot-1", at_ms=5)
    said = report.for_people(Tally(**GOOD, words=words, fair_words=Counter({"cut power": 1})), WEEK, [fault])
    for text in ("missed clock", "cut power", "double: node 7, slot-1", "85.0000 %", "95.0000 %"):
        assert text in said


def test_the_command_exits_with_the_bars(tmp_path: Path) -> None:
    """0 when all hold, 1 when one does not; JSON on its own on standard output."""
    calm = tmp_path / "calm.toml"
    calm.write_text("nodes = 3\ndays = 1\n[weather]\ndowntime = 0\npower_cuts_a_month = 0\nfull_disks = 0\n")
    run = CliRunner().invoke(main, ["world", str(calm), "--json", "--days", "2", "--seed", "4"])
    assert run.exit_code == 0, run.output
    said = json.loads(run.stdout)
    assert (said["good"], said["seed"], said["days"], said["words"]) == (True, 4, 2, {"finished": said["pairs"]})
    hilly = tmp_path / "hilly.toml"
    hilly.write_text("nodes = 3\ndays = 2\n[weather]\nfull_disks = 1\nwithout_rtc = 1\ndowntime = 0.8\ndrift_ppm = 400\n")
    run = CliRunner().invoke(main, ["world", str(hilly)])
    assert run.exit_code == 1, run.output


@pytest.mark.parametrize(
    ("text", "code"), [("nodes = 'x'", "scenario.field"), ("=", "scenario.syntax"), (None, "scenario.unreadable")]
)
def test_the_command_refuses_what_is_no_scenario(tmp_path: Path, text: str | None, code: str) -> None:
    file = tmp_path / "a.toml"
    if text is not None:
        file.write_text(text)
    run = CliRunner().invoke(main, ["world", str(file)])
    assert run.exit_code == 2
    assert code in run.output


def test_a_tally_can_be_written() -> None:
    assert msgspec.json.decode(report.for_machines(Tally(), WEEK))["pairs"] == 0

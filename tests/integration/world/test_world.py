"""Worlds in virtual time: the real engines keep the laws in any weather, and a planted fault does not pass unseen."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import msgspec
import pytest

from controller.domain.airing import Klass
from controller.protocol.keys import Provision
from controller.protocol.messages import PlanBody, PlanItem
from firmware_bridge import awakening, intake, playlist
from firmware_bridge.engine import Engine
from firmware_bridge.timekeeper import Timekeeper
from simulator.world import report, scenario
from simulator.world.desk import Desk
from simulator.world.places import Places
from simulator.world.planner import Almanac
from simulator.world.run import World, maker
from simulator.world.scenario import DAY_MS, HOUR_MS, Scenario, Weather, read
from simulator.world.signet import Signet

SCENARIOS = Path(scenario.__file__).parents[1] / "scenarios"
MONTH = read(SCENARIOS / "month.toml")
SMALL = msgspec.structs.replace(MONTH, nodes=24, days=3)
HILLS = msgspec.structs.replace(SMALL, weather=Weather(downtime=0.6, long_share=0.5))
"""Days without a link: some never tell what became of it."""
STORM = msgspec.structs.replace(
    SMALL,
    nodes=12,
    weather=Weather(downtime=0.2, power_cuts_a_month=3_000, power_off_s=(2, 10), without_rtc=0, long_share=0, outage_s=(60, 900)),
    programme=msgspec.structs.replace(SMALL.programme, grace_s=600, bulletins_a_day=24, duration_s=(60, 90)),
)
"""The power goes a hundred times a day, for seconds: often within a sound, and back within its window."""


def told(it: World) -> str:
    return report.for_machines(it.run(), it.scenario)


def test_five_hundred_nodes_for_a_week_keep_every_bar() -> None:
    wanted = msgspec.structs.replace(MONTH, nodes=500, days=7)
    it = World(wanted)
    tally = it.run()
    assert [bar.name for bar in report.bars(tally, wanted) if not bar.holds] == [], report.for_people(
        tally, wanted, it.witness.faults
    )
    assert tally.pairs >= 8 * 500 * 7
    assert tally.fair > 0.9 * tally.pairs
    assert tally.streamed < tally.on_time


CPU_S = 900
"""A month of 5,000 nodes takes ten minutes of a core that it has to itself; beside other tests half as much again."""


@pytest.mark.soak
def test_five_thousand_nodes_for_a_month_keep_every_bar() -> None:
    began_s = time.process_time()
    it = World(MONTH)
    tally = it.run()
    took_s = time.process_time() - began_s
    said = report.for_people(tally, MONTH, it.witness.faults)
    print(f"{took_s:.0f} s of one core\n{said}")
    assert took_s < CPU_S
    assert [bar.name for bar in report.bars(tally, MONTH) if not bar.holds] == [], said
    assert tally.streamed < tally.on_time


def test_the_same_seed_is_the_same_world_and_another_seed_another() -> None:
    first = told(World(SMALL))
    assert told(World(SMALL)) == first
    assert told(World(msgspec.structs.replace(SMALL, seed=2))) != first


def test_what_is_skipped_changes_nothing() -> None:
    """Every round for the time and every health played out: the same sounds begin at the same ms, and end as before."""
    quick, whole = World(SMALL), World(SMALL, skips=False)
    one, other = quick.run(), whole.run()
    assert one.rounds_skipped > 100 * SMALL.nodes
    assert other.rounds_skipped == 0
    assert quick.witness.begun == whole.witness.begun
    assert one.words == other.words
    assert one.bytes_in == pytest.approx(other.bytes_in, rel=0.001)
    assert one.bytes_out == pytest.approx(other.bytes_out, rel=0.01)


def test_in_a_storm_nothing_plays_twice_or_late_and_everything_ends() -> None:
    tally = World(STORM).run()
    assert (tally.doubles, tally.lates, tally.breaches, tally.unsettled) == (0, 0, 0, 0)
    assert tally.words["cut power"] > 20


class Once:
    """A planner that says one thing to one village, at noon of the first day."""

    def __init__(self) -> None:
        self.start_ms = SMALL.begin_ms + 12 * HOUR_MS
        self.item = PlanItem(
            airing="noon",
            rev=1,
            start=self.start_ms,
            grace=1_000,
            duration=9_000,
            klass=Klass.NORMAL,
            rank=1,
            sha256="a" * 64,
            size=9,
        )
        self.is_said = False

    def next_ms(self) -> int | None:
        return None if self.is_said else SMALL.begin_ms

    def plans(self, now_ms: int) -> Mapping[str, PlanBody]:
        self.is_said = True
        return {"x00000-2": PlanBody(village="x00000-2", version=now_ms, valid_until=now_ms + DAY_MS, items=(self.item,))}

    def approved_ms(self, airing: str) -> int:
        return SMALL.begin_ms


def test_another_planner_takes_the_almanacs_place() -> None:
    calm = msgspec.structs.replace(SMALL, weather=Weather(downtime=0, power_cuts_a_month=0, full_disks=0))
    it = World(calm, planner=Once())
    tally = it.run()
    assert tally.words == {"finished": 3}
    assert {at - it.ledger.sheets["noon"].item.start for at in it.witness.begun["noon"].values()} <= set(range(90, 111))


# ── a technician sets 03:15 ──────────────────────────────────────────────────────────────────────────────────────────


def test_trung_loc_is_silent_at_a_quarter_past_three() -> None:
    """In a plan made with the right key, by whoever did not ask the resolver: every node refuses it and says why."""
    wanted = read(SCENARIOS / "trung-loc.toml")
    it = World(wanted, planner=careless(wanted))
    tally = it.run()
    assert all(not begun for airing, begun in it.witness.begun.items() if airing.endswith("-0315"))
    assert tally.words["refused hours"] == tally.forbidden == 3 * wanted.nodes
    assert all(bar.holds for bar in report.bars(tally, wanted))
    assert tally.words["finished"] > 0.9 * (tally.pairs - tally.forbidden)


def test_the_resolver_does_not_plan_a_quarter_past_three() -> None:
    wanted = read(SCENARIOS / "trung-loc.toml")
    it = World(wanted)
    tally = it.run()
    assert "refused hours" not in tally.words
    assert all(bar.holds for bar in report.bars(tally, wanted))
    assert tally.words["finished"] > 0.9 * tally.pairs


def careless(wanted: Scenario) -> Almanac:
    """A planner without rules."""
    return Almanac(wanted, Places(wanted))


# ── planted faults: a witness that can't fail proves nothing ─────────────────────────────────────────────────────────


def test_an_engine_that_forgets_what_it_spent_is_seen_to_play_twice() -> None:
    def forgetful(
        provision: Provision, kept: Mapping[str, bytes], clips: Collection[str], random: Callable[[int], bytes]
    ) -> Engine:
        rest = {key: value for key, value in kept.items() if not key.startswith(("airing/", "receipt/"))}
        return maker(Signet(f"{STORM.seed}/signet"))(provision, rest, clips, random)

    it = World(msgspec.structs.replace(STORM, days=1), make_engine=forgetful)
    tally = it.run()
    assert tally.doubles > 100
    assert any(fault.kind == "double" for fault in it.witness.faults)


def test_an_engine_without_its_hours_is_seen_in_the_night(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (playlist, intake):
        monkeypatch.setattr(place, "refusal", lambda *_: "")
    wanted = read(SCENARIOS / "trung-loc.toml")
    tally = World(wanted, planner=careless(wanted)).run()
    assert tally.breaches > wanted.nodes
    assert [bar.holds for bar in report.bars(tally, wanted)] == [True, True, True, False, True]


def test_an_engine_without_its_grace_is_seen_to_be_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins whatever the power kept from it, up to an hour later."""
    for place in (playlist, intake, awakening):
        monkeypatch.setattr(place, "last_begin_ms", lambda item: item.start + 3_600_000)
    hurried = msgspec.structs.replace(STORM.programme, grace_s=1)
    tally = World(msgspec.structs.replace(STORM, programme=hurried)).run()
    assert tally.lates > 0


def test_a_clock_without_its_bound_is_seen_to_be_early_or_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes whose RTC is believed to the ms."""
    monkeypatch.setattr(Timekeeper, "error", lambda *_: 0)
    assert World(STORM).run().lates > 0


def test_a_desk_that_settles_nothing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "_settle", lambda *_: None)
    assert World(HILLS).run().unsettled > 0

"""The driver's promise: a Keep is durable before any effect after it; power cuts lose what was not; clocks go as they should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge import events as ev
from simulator.faults import Faults
from tests.unit.simulator.fakes import Street

PLAY = ev.Play(airing="x", sha256="f" * 64, at_ms=1_000, duration_ms=2_000, gain=0)


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    made = Street(tmp_path)
    yield made
    made.memory.close()


def told(street: Street) -> list[ev.Event]:
    return [event for _, event in street.mind.told]


def test_effects_after_a_keep_wait_until_it_is_committed_in_their_order(street: Street) -> None:
    street.script[ev.Booted] = [
        ev.Alarm(code="before"),
        ev.Keep(key="k", value=b"v"),
        ev.Alarm(code="after"),
    ]
    street.node.power_on()
    assert street.counts["alarm:before"] == 1
    assert street.counts["alarm:after"] == 0
    street.node.feed(ev.Disconnected())
    street.commit()
    assert street.counts["alarm:after"] == 1
    assert street.memory.records("a") == {"k": b"v"}


def test_what_is_decided_while_a_keep_waits_waits_behind_it(street: Street) -> None:
    street.script[ev.Booted] = [ev.Keep(key="k", value=b"v")]
    street.script[ev.Disconnected] = [ev.Alarm(code="later")]
    street.node.power_on()
    street.node.feed(ev.Disconnected())
    assert street.counts["alarm:later"] == 0
    street.commit()
    assert street.counts["alarm:later"] == 1


def test_a_power_cut_before_the_commit_loses_the_effects_that_waited(street: Street) -> None:
    street.script[ev.Booted] = [ev.Keep(key="k", value=b"v"), ev.Alarm(code="after")]
    street.node.power_on()
    street.node.power_cut()
    street.commit()
    assert street.counts["alarm:after"] == 0


def test_it_boots_from_what_was_kept_and_from_the_clips_on_its_disk(street: Street) -> None:
    street.script[ev.Booted] = [ev.Keep(key="life", value=b"1")]
    street.memory.hold("a", "clip")
    street.node.power_on()
    assert street.mind.kept == {}
    street.node.power_cut()
    street.node.power_on()
    assert street.mind.kept == {"life": b"1"}
    assert street.mind.clips == ("clip",)
    assert len(street.minds) == 2


def test_it_is_woken_at_the_moment_it_asked_for_and_not_before(street: Street) -> None:
    street.node.power_on()
    street.mind.wake = 700
    street.node.feed(ev.Disconnected())
    street.loop.pass_ms(699)
    assert ev.Woke() not in told(street)
    street.loop.pass_ms(1)
    assert street.mind.told[-1] == (700, ev.Woke())


def test_a_moment_put_off_is_not_woken_early_and_one_moved_nearer_is_not_late(street: Street) -> None:
    street.node.power_on()
    street.mind.wake = 500
    street.node.feed(ev.Disconnected())
    street.mind.wake = 900
    street.node.feed(ev.Disconnected())
    street.loop.pass_ms(600)
    assert ev.Woke() not in told(street)
    street.mind.wake = 700
    street.node.feed(ev.Disconnected())
    street.loop.pass_ms(150)
    assert street.mind.told[-1] == (700, ev.Woke())


def test_a_moment_asked_for_before_a_power_cut_wakes_nobody(street: Street) -> None:
    street.node.power_on()
    street.mind.wake = 500
    street.node.feed(ev.Disconnected())
    street.node.power_cut()
    street.node.power_on()
    street.loop.pass_ms(1_000)
    assert told(street) == [ev.Booted()]


def test_a_drifting_crystal_runs_at_its_own_pace_and_still_never_wakes_early(street: Street) -> None:
    street.node.suffer(Faults(drift=-500))
    street.node.power_on()
    street.mind.wake = 100_000
    street.node.feed(ev.Disconnected())
    street.loop.pass_ms(200_000)
    now_ms, event = street.mind.told[-1]
    assert event == ev.Woke()
    assert now_ms == 100_000
    assert street.clock.monotonic_ms() == 205_000


def test_a_wrong_clock_is_told_at_boot_and_a_healthy_node_has_no_rtc(street: Street) -> None:
    street.node.power_on()
    assert told(street) == [ev.Booted()]
    street.node.suffer(Faults(wrong_clock=-7_000))
    street.node.power_cut()
    street.node.power_on()
    assert told(street) == [ev.Booted(rtc_ms=street.clock.now_ms() - 7_000, rtc_u_ms=1_000)]


def test_a_sound_begins_and_ends_on_time_and_the_board_hears_it(street: Street) -> None:
    street.script[ev.Booted] = [PLAY]
    street.node.power_on()
    street.loop.pass_ms(5_000)
    assert street.mind.told[1:] == [
        (1_000, ev.SoundStarted(airing="x")),
        (3_000, ev.SoundEnded(airing="x", heard=True)),
    ]
    assert [(sounded.at_utc_ms - 1_700_000_000_000, sounded.end) for sounded in street.sounded] == [
        (1_000, None),
        (3_000, "whole"),
    ]


def test_a_dead_horn_is_heard_by_nobody(street: Street) -> None:
    street.script[ev.Booted] = [PLAY]
    street.node.suffer(Faults(dead_horn=True))
    street.node.power_on()
    street.loop.pass_ms(5_000)
    assert told(street)[-1] == ev.SoundEnded(airing="x", heard=False)


def test_without_a_measuring_board_nothing_is_said_of_hearing(tmp_path: Path) -> None:
    street = Street(tmp_path, {ev.Booted: [PLAY]}, heard=False)
    street.node.power_on()
    street.loop.pass_ms(5_000)
    assert told(street)[-1] == ev.SoundEnded(airing="x", heard=None)
    street.memory.close()


def test_silence_ends_a_sound_at_once_and_one_that_waits_never_begins(street: Street) -> None:
    street.script[ev.Booted] = [PLAY]
    street.script[ev.Disconnected] = [ev.Silence(airing="x")]
    street.node.power_on()
    street.loop.pass_ms(1_500)
    street.node.feed(ev.Disconnected())
    assert street.sounded[-1].end == "silenced"
    street.node.power_cut()
    street.node.power_on()
    street.node.feed(ev.Disconnected())
    street.loop.pass_ms(5_000)
    assert len(street.sounded) == 2
    assert street.counts["sounding"] == 0


def test_a_power_cut_silences_at_once_and_nobody_is_told(street: Street) -> None:
    street.script[ev.Booted] = [PLAY]
    street.node.power_on()
    street.loop.pass_ms(1_500)
    street.node.power_cut()
    assert street.sounded[-1].end == "power"
    assert street.counts["sounding"] == 0
    street.loop.pass_ms(5_000)
    assert told(street)[-1] == ev.SoundStarted(airing="x")


def test_a_cut_in_the_middle_of_a_sound_comes_once_and_power_is_asked_back(street: Street) -> None:
    street.script[ev.Booted] = [PLAY]
    street.node.suffer(Faults(cut_in_sound=True))
    street.node.power_on()
    street.loop.pass_ms(5_000)
    assert not street.node.is_on
    assert [(s.at_utc_ms - 1_700_000_000_000, s.end) for s in street.sounded] == [(1_000, None), (2_000, "power")]
    assert street.powered_back == ["a"]


def test_a_dropped_clip_is_gone_after_the_commit(street: Street) -> None:
    street.memory.hold("a", "clip")
    street.script[ev.Booted] = [ev.DropClip(sha256="clip")]
    street.node.power_on()
    street.commit()
    assert street.memory.clips("a") == ()


def test_an_engine_that_fails_is_counted_and_the_street_goes_on(street: Street, caplog: pytest.LogCaptureFixture) -> None:
    street.node.power_on()
    street.mind.handle = lambda *_: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    street.node.feed(ev.Disconnected())
    assert street.counts["engine_errors"] == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_busy_loop_is_no_broken_player_whatever_comes_first_the_sound_goes_first(street: Street) -> None:
    street.script[ev.Booted] = [PLAY]
    street.node.power_on()
    street.clock.advance(9_000)  # the loop was busy: no timer fired
    street.node.feed(ev.Disconnected())
    assert told(street) == [
        ev.Booted(),
        ev.SoundStarted(airing="x"),
        ev.SoundEnded(airing="x", heard=True),
        ev.Disconnected(),
    ]
    assert [s.at_utc_ms - 1_700_000_000_000 for s in street.sounded] == [1_000, 3_000]
    street.loop.pass_ms(1)
    assert len(street.sounded) == 2

"""The server starts one day with its clock two hours ahead, and it is set right later: what sounds, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.conftest import Place, assert_heard_once, starts, until

NODES = 8
AHEAD_MS = 7_200_000


@pytest.mark.wire(88)
def test_set_right_it_signs_nothing_until_it_is_forgiven_and_then_all_is_heard_once(place: Place, short: Path) -> None:
    clock = place.home / "clock"
    with place.stack(nodes=NODES, first=place.crashing(clock=clock)) as stack:
        bulletin = stack.clip(short)
        stack.controller.kill()
        clock.write_text(str(AHEAD_MS))
        stack.controller.start(place.crashing(clock=clock))
        stack.fleet.ask(power_cut=stack.fleet.nodes, after_s=0)
        before = stack.say(bulletin, lead_ms=8_000)
        assert_heard_once(stack, before)  # together: the loudspeakers know no other time
        clock.write_text("0")
        answer = stack.controller.raw("POST", "/airings", json={"bulletin": bulletin, "to": stack.communes})
        assert (answer.status_code, answer.json()["code"]) == (503, "clock.behind")
        sounds = len(stack.fleet.sounds())
        stack.fleet.ask(power_cut=stack.fleet.nodes, after_s=0)  # without a clock, and nobody tells them the time
        until(lambda: bool(stack.fleet.ask(stats=True)["stats"]["connected"] == NODES), "they are back")
        forgiven = stack.controller.cli("clock", "forgive", "--yes")
        assert forgiven.returncode == 0, forgiven.stdout + forgiven.stderr
        assert len(stack.fleet.sounds()) == sounds
        after = stack.say(bulletin, lead_ms=10_000)
        assert_heard_once(stack, after)
        assert starts(stack, before) == dict.fromkeys(stack.fleet.nodes, 1)

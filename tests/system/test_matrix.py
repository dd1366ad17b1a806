"""One bulletin all the way, on each broker and each database: from the file to forty loudspeakers, and the proof back."""

from __future__ import annotations

from pathlib import Path

from tests.system.conftest import Place, assert_heard_once


def test_one_bulletin_reaches_all_forty_and_each_proves_it(every_place: Place, short: Path) -> None:
    with every_place.stack() as stack:
        airing = stack.say(stack.clip(short), lead_ms=2_000)
        assert_heard_once(stack, airing)
        told = stack.controller.call("GET", f"/airings/{airing}")["airing"]
        assert (told["ended"], told["good"], told["total"]) == (True, 40, 40)
        assert "engine" not in stack.controller.log
        assert "Traceback" not in stack.controller.log

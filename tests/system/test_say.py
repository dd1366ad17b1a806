"""`tienglang say FILE --to UNIT --wait` with real speech: 0 when every loudspeaker finished, 3 and their names when not."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from tests.support.stack import SPEECH
from tests.system.conftest import Place


def test_it_ends_with_0_when_all_heard_it_and_with_3_naming_the_dead_horns(place: Place) -> None:
    with place.stack() as stack:
        good, bad = stack.communes
        rows = stack.controller.call("GET", "/nodes", params={"unit": bad})
        dead = [rows[0], rows[-1]]
        stack.fleet.ask(fault="dead_horn", nodes=[row["id"] for row in dead])
        with ThreadPoolExecutor(2) as pool:  # both at once: the speech lasts 19 s
            told = pool.submit(stack.controller.cli, "say", SPEECH, "--to", good, "--wait", "--timeout", "100")
            partly = pool.submit(stack.controller.cli, "say", SPEECH, "--to", bad, "--wait", "--timeout", "100", "--json")
        everybody = told.result()
        assert everybody.returncode == 0, everybody.stdout + everybody.stderr
        rows = stack.controller.call("GET", "/nodes", params={"unit": good})
        lines = [[word.strip() for word in line.split("  ") if word] for line in everybody.stdout.splitlines()]
        assert {row["name"] for row in rows} == {words[1] for words in lines if words[-1] == "finished"}
        not_all = partly.result()
        assert not_all.returncode == 3, not_all.stdout + not_all.stderr
        said = json.loads(not_all.stdout)
        assert said["all_good"] is False
        for row in dead:
            assert row["name"] in not_all.stdout

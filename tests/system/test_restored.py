"""Yesterday's backup is restored under a fleet that has lived on: no loudspeaker is lost, and nothing is played twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from tests.support.stack import Stack
from tests.system.conftest import Place, assert_nothing_twice, starts, until
from tests.system.test_killed_controller import upload


def restored(stack: Stack, backup: Path) -> dict[str, object]:
    """Restore it in the place of what is there; what the command told."""
    done = stack.controller.cli("restore", str(backup), "--replace", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def backed_up(stack: Stack, to: Path) -> Path:
    """A backup of the controller as it runs, or stands still."""
    done = stack.controller.cli("backup", str(to), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return to


def aired(stack: Stack, bulletin: str) -> str:
    """The airing of a bulletin that was brought with a wish; everybody has played it."""
    until(lambda: stack.controller.call("GET", f"/bulletins/{bulletin}")["airing"] is not None, "it is aired")
    airing: str = stack.controller.call("GET", f"/bulletins/{bulletin}")["airing"]
    stack.wait_ledger(airing, "finished")
    return airing


def everybody_once(stack: Stack, *airings: str) -> bool:
    return all(starts(stack, airing) == dict.fromkeys(stack.fleet.nodes, 1) for airing in airings)


def test_what_was_done_after_the_backup_is_forgotten_and_nothing_else(place: Place, short: Path, longer: Path) -> None:
    with place.stack() as stack:
        bulletin = stack.clip(short)
        past = stack.say(bulletin, lead_ms=1_500)
        stack.wait_ledger(past, "finished")
        coming = stack.say(bulletin, at=(datetime.now(UTC) + timedelta(seconds=60)).isoformat())
        begun = stack.say(stack.clip(longer), lead_ms=4_000)  # the backup believes it open, and its order alive
        backup = backed_up(stack, place.home / "backup.tar")
        stack.wait_ledger(begun, "finished")
        later = aired(stack, upload(stack, short, lead_ms=1_500))  # of which the backup knows nothing
        stack.controller.kill()
        refused = stack.controller.cli("restore", str(backup))
        assert (refused.returncode, "[restore.not-empty]" in refused.stderr) == (4, True)

        restored(stack, backup)
        stack.controller.start()
        assert {each["id"] for each in stack.controller.call("GET", "/airings")} == {past, coming, begun}
        until(lambda: everybody_once(stack, coming), "what was planned airs", 120)
        new = stack.say(bulletin, lead_ms=3_000)
        until(lambda: set(stack.ledger(new).values()) == {"finished"}, "the next one reaches all: nobody is lost")
        assert everybody_once(stack, past, begun, later, coming, new)
        assert_nothing_twice(stack)
        until(lambda: not behind(stack), "no document of ours is older than what a loudspeaker holds")


def behind(stack: Stack) -> list[str]:
    """The loudspeakers that hold a newer config or plan than the database."""
    with stack.database() as database:
        query = (
            "SELECT s.node FROM node_status s JOIN nodes n ON n.id = s.node JOIN documents d"
            " ON (d.kind = 'config' AND d.subject = s.node AND d.version < s.config)"
            " OR (d.kind = 'plan' AND d.subject = n.village AND d.version < s.plan)"
        )
        return list(database.scalars(text(query)))


def test_what_waited_to_be_prepared_at_the_backup_and_was_aired_since_is_not_aired_again(place: Place, short: Path) -> None:
    with place.stack() as stack:
        waiting = upload(stack, short, lead_ms=1_500)
        stack.controller.pause()  # in the middle of preparing it
        backup = backed_up(stack, place.home / "backup.tar")
        stack.controller.resume()
        airing = aired(stack, waiting)
        stack.controller.kill()
        restored(stack, backup)
        stack.controller.start()

        def is_prepared() -> bool:
            return bool(stack.controller.call("GET", f"/bulletins/{waiting}")["state"] == "approved")

        until(is_prepared, "its sound is kept, and prepared again")
        told = stack.controller.call("GET", f"/bulletins/{waiting}")
        assert (told["airing"], told["error"]["code"]) == (None, "bulletin.restored")
        assert stack.controller.call("GET", "/airings") == []
        assert {sound["airing"] for sound in stack.fleet.sounds()} == {airing}
        assert_nothing_twice(stack)

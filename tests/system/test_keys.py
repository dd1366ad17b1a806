"""Keys are changed on a running system: by rotation nobody hears anything of it, by revocation a thief is heard no more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sqlalchemy import text

from controller import keyfile
from controller.protocol import topics
from controller.protocol.messages import Kind, Order, Use
from controller.service.keyring import kid_of
from scheduler.clock import SystemClock
from tests.support.outsider import Outsider
from tests.support.stack import Json, Stack
from tests.system.conftest import Place, assert_heard_once, assert_nothing_twice, starts, until
from tests.system.test_plan import in_s


def keys(stack: Stack, *words: str) -> Json:
    """Run `tienglang keys ...` beside the server."""
    said = stack.controller.cli("keys", *words, "--json")
    assert said.returncode == 0, said.stdout + said.stderr
    answer: Json = json.loads(said.stdout)
    return answer


def signer(stack: Stack, use: str) -> str:
    return next(str(key["kid"]) for key in keys(stack)["keys"] if (key["use"], key["state"]) == (use, "current"))


def wait_until_all_trust(stack: Stack, version: int) -> None:
    """Every loudspeaker reports that trust document."""

    def told() -> bool:
        with stack.database() as database:
            held = database.execute(text("SELECT node, trust FROM node_status")).all()
        return {row.node for row in held if row.trust == version} >= set(stack.fleet.nodes)

    until(told, f"all hold trust {version}")


def plan_kids(stack: Stack) -> set[str]:
    with stack.database() as database:
        return {kid_of(bytes(row.sealed)) for row in database.execute(text("SELECT sealed FROM documents WHERE kind = 'plan'"))}


def test_the_plan_key_is_changed_in_the_middle_of_planned_airings_and_listeners_notice_nothing(place: Place, short: Path) -> None:
    with place.stack() as stack:
        bulletin = stack.clip(short)
        first, second, third, fourth = (in_s(seconds) for seconds in (7, 12, 19, 25))
        airings = [stack.say(bulletin, at=at) for at in (first, second)]
        until(lambda: set(stack.ledger(airings[1]).values()) <= {"accepted", "cached"}, "all hold the plan by the old key")
        old = signer(stack, "plan")
        assert plan_kids(stack) == {old}
        new = keys(stack, "rotate", "plan", "--after", "4s")
        airings.append(stack.say(bulletin, at=third))
        assert plan_kids(stack) == {old}, "its moment has not come"
        wait_until_all_trust(stack, new["trust_version"])
        until(lambda: signer(stack, "plan") == new["kid"], "its moment comes")
        airings.append(stack.say(bulletin, at=fourth))
        assert plan_kids(stack) == {new["kid"]}
        for airing in airings:
            assert_heard_once(stack, airing)
        with stack.database() as database:
            words = {row.state for row in database.execute(text("SELECT DISTINCT state FROM receipts"))}
        assert words <= {"accepted", "cached", "started", "finished"}, "nobody refused, failed or missed anything"
        assert "Traceback" not in stack.controller.log


class Thief(Outsider):
    """Has a copy of the keys, and the broker."""

    def __init__(self, stack: Stack, bulletin: str) -> None:
        super().__init__(stack.broker_port)
        home = stack.controller.home
        shutil.copytree(home / "keys", home.parent / "thief" / "keys")
        found = keyfile.open_existing(home.parent / "thief", SystemClock().now_ms(), "tienglang")
        assert found is not None
        self._ring = found
        self._unit = stack.communes[0]
        with stack.database() as database:
            query = text("SELECT sha256, size FROM clips JOIN bulletins ON clip = sha256 WHERE id = :it")
            self._sha256, self._size = database.execute(query, {"it": bulletin}).one()

    def order(self, airing: str, in_ms: int) -> None:
        """Tell a commune to play something in a while."""
        now_ms = SystemClock().now_ms()
        order = Order(
            iss="tienglang",
            aud=self._unit,
            iat=now_ms,
            exp=now_ms + 60_000,
            id=airing,
            airing=airing,
            rev=1,
            kind=Kind.PLAY,
            start=now_ms + in_ms,
            grace=30_000,
            duration=2_000,
            sha256=self._sha256,
            size=self._size,
        )
        self.say(topics.unit_order(self._unit), self._ring.sign(Use.ORDER, order)).wait_for_publish(10)


def test_a_revoked_order_key_makes_no_sound_and_no_bulletin_is_lost_by_it(place: Place, short: Path) -> None:
    with place.stack() as stack:
        bulletin = stack.clip(short)
        with Thief(stack, bulletin) as thief:
            thief.order("thief-heard", 500)
            until(lambda: len(starts(stack, "thief-heard")) > 0, "the stolen key is worth something")
            waiting = stack.say(bulletin, lead_ms=12_000)
            until(lambda: set(stack.ledger(waiting).values()) <= {"accepted", "cached"}, "all have taken it in")
            thief.order("thief-waits", 9_000)
            said = keys(stack, "revoke", signer(stack, "order"))
            wait_until_all_trust(stack, said["trust_version"])
            thief.order("thief-late", 500)
            now = stack.say(bulletin, lead_ms=1_500)
            assert_heard_once(stack, now)
            assert_heard_once(stack, waiting)
        assert starts(stack, "thief-waits") + starts(stack, "thief-late") == {}
        assert_nothing_twice(stack)

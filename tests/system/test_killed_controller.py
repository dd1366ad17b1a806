"""The real controller process is killed (SIGKILL) on a bulletin's way out. What it took in airs; nothing is played twice.

`tests/support/crash_serve.py` is the real server with one more step at the point; after each death the usual one starts on
the same home.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.support.stack import Stack
from tests.system.conftest import Place, assert_heard_once, until

KILLED = -9
LEAD_MS = 4_000
"""A controller that dies is back before the sound, or in the middle of it."""


def dies_and_comes_back(stack: Stack) -> None:
    assert stack.controller.wait_dead(60) == KILLED
    stack.controller.start()


def airings(stack: Stack) -> list[str]:
    return [airing["id"] for airing in stack.controller.call("GET", "/airings")]


def the_airing(stack: Stack) -> str:
    """The only one there is."""
    (airing,) = airings(stack)
    return airing


def say_to_the_dying(stack: Stack, bulletin: str, **how: object) -> None:
    """It may die before it has answered, or after."""
    with suppress(httpx.HTTPError):
        stack.say(bulletin, **how)


@pytest.mark.wire(53, 68)
@pytest.mark.parametrize(
    ("point", "how"),
    [
        ("published", "now"),
        ("acknowledged", "now"),
        ("marked", "now"),
        ("published", "at"),
        pytest.param("acknowledged", "at", marks=pytest.mark.soak),
        pytest.param("marked", "at", marks=pytest.mark.soak),
    ],
)
def test_killed_on_the_way_out_it_airs_once(place: Place, short: Path, point: str, how: str) -> None:
    with place.stack(first=place.crashing(point)) as stack:
        say_to_the_dying(stack, stack.clip(short), **when(how))
        dies_and_comes_back(stack)
        assert_heard_once(stack, the_airing(stack))


def test_killed_before_the_commit_nothing_was_decided_and_asking_again_airs_it_once(place: Place, short: Path) -> None:
    with place.stack(first=place.crashing("decided")) as stack:
        bulletin = stack.clip(short)
        with pytest.raises(httpx.HTTPError):
            stack.say(bulletin, lead_ms=LEAD_MS)
        dies_and_comes_back(stack)
        assert airings(stack) == []
        airing = stack.say(bulletin, lead_ms=2_000)
        assert_heard_once(stack, airing)
        assert the_airing(stack) == airing


def test_killed_after_the_commit_it_airs_what_it_had_no_time_to_answer(place: Place, short: Path) -> None:
    with place.stack(first=place.crashing("committed", 2)) as stack:  # the first is the prepared clip's
        bulletin = stack.clip(short)
        with pytest.raises(httpx.HTTPError):
            stack.say(bulletin, lead_ms=LEAD_MS)
        dies_and_comes_back(stack)
        assert_heard_once(stack, the_airing(stack))


@pytest.mark.parametrize("point", ["decided", "committed"])
def test_what_was_answered_received_is_aired_once_though_killed_while_it_was_decided(
    place: Place, short: Path, point: str
) -> None:
    with place.stack(first=place.crashing(point)) as stack:
        bulletin = upload(stack, short, lead_ms=LEAD_MS)  # answered 202: kept
        dies_and_comes_back(stack)
        until(lambda: stack.controller.call("GET", f"/bulletins/{bulletin}")["airing"] is not None, "it is aired")
        assert_heard_once(stack, the_airing(stack))


def when(how: str) -> dict[str, object]:
    """Said now, as an order; or at a time, in each village's plan."""
    if how == "now":
        return {"lead_ms": LEAD_MS}
    return {"at": (datetime.now(UTC) + timedelta(milliseconds=LEAD_MS)).isoformat()}


def upload(stack: Stack, file: Path, **how: object) -> str:
    """Bring a file that is to be aired as soon as it is prepared; the bulletin's id. The answer is 202: it is kept."""
    form = {"title": "Thử loa", "to": stack.communes, **{name: str(value) for name, value in how.items()}}
    with file.open("rb") as opened:
        answer = stack.controller.raw("POST", "/bulletins", data=form, files={"file": opened})
    assert answer.status_code == 202, answer.text
    bulletin: str = answer.json()["id"]
    return bulletin

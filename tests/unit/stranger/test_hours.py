"""Local hours and ceilings on the stranger: the whole of a sound, by its own clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.yard import MORNING, Yard

HOUR = 3_600_000
DAY = 24 * HOUR
LOCAL_MIDNIGHT = MORNING - 7 * HOUR  # of a Thursday
THURSDAY = 4


def span(first: int, last: int, *days: int) -> dict[str, object]:
    return {"from": first * 60, "to": last * 60} | ({"days": list(days)} if days else {})


@pytest.mark.parametrize(
    ("hours", "first", "last", "allowed"),
    [
        ([], 3, 4, True),
        ([span(5, 21)], 5, 21, True),
        ([span(5, 21)], 4.99, 6, False),
        ([span(5, 21)], 20, 21.01, False),
        ([span(5, 12), span(12, 21)], 11, 13, True),
        ([span(5, 12), span(13, 21)], 11, 14, False),
        ([span(13, 21), span(5, 13)], 11, 14, True),
        ([span(22, 2)], 23, 25, True),
        ([span(22, 2)], 25, 26.01, False),
        ([span(22, 2, THURSDAY)], 25, 26, True),
        ([span(22, 2, THURSDAY + 1)], 23, 24, False),
        ([span(22, 2, THURSDAY - 1)], 0, 2, True),
        ([span(22, 2, THURSDAY)], 0, 2, False),
        ([span(5, 5, THURSDAY)], 5, 29, True),
        ([span(0, 24)], 23, 25, True),
        ([span(5, 21) | {"days": []}], 6, 7, False),
    ],
)
def test_the_whole_of_it_lies_within_their_union(
    tmp_path: Path, hours: list[dict[str, object]], first: float, last: float, allowed: bool
) -> None:
    node = Yard(tmp_path).ready(policy={"hours": hours}).node
    node.memory.config["policy"]["max_duration"] = DAY
    item = {"class": "priority", "duration": int((last - first) * HOUR)}
    assert node.unfit(item, LOCAL_MIDNIGHT + int(first * HOUR)) == ("" if allowed else "hours")


def test_another_zone_moves_them(tmp_path: Path) -> None:
    node = Yard(tmp_path).ready(policy={"utc_offset": -60, "hours": [span(5, 6)]}).node
    midnight = MORNING + HOUR
    assert not node.unfit({"class": "normal", "duration": HOUR}, midnight + 5 * HOUR)
    assert node.unfit({"class": "normal", "duration": HOUR}, LOCAL_MIDNIGHT + 5 * HOUR) == "hours"


def test_out_of_hours_it_refuses_and_an_emergency_passes(tmp_path: Path) -> None:
    yard = Yard(tmp_path).ready(policy={"hours": [span(8, 9)]})
    yard.order()
    yard.emergency(airing="b")
    yard.wait(3_000)
    assert yard.words("a") == ["refused hours"]
    assert yard.began() == ["b"]


def test_what_may_end_as_the_hours_end_is_not_lost_by_its_downbeat(tmp_path: Path) -> None:
    yard = Yard(tmp_path).ready(policy={"hours": [span(5, 8)]})
    last = MORNING + HOUR - 2_000
    yard.plan(yard.item("a", start=last))
    yard.wait(last - yard.now + 3_000)
    assert yard.words("a") == ["accepted", "started", "finished"]


def test_what_would_end_out_of_hours_because_it_comes_late_is_refused(tmp_path: Path) -> None:
    yard = Yard(tmp_path).ready(policy={"hours": [span(5, 8)]})
    last = MORNING + HOUR - 2_000
    yard.plan(yard.item("a", start=last, sha256="f" * 64))
    yard.wait(last - yard.now + 1_000)
    yard.clip("f" * 64)
    assert yard.words("a") == ["accepted", "cached", "refused hours"]
    assert yard.began() == []


def test_a_config_that_became_stricter_holds_for_what_waits(tmp_path: Path) -> None:
    yard = Yard(tmp_path).ready()
    yard.order(start=yard.now + 1_000)
    yard.config(policy={"hours": [span(8, 9)]})
    yard.wait(2_000)
    assert yard.words("a") == ["accepted", "refused hours"]


def test_longer_than_allowed_is_refused_even_as_an_emergency(tmp_path: Path) -> None:
    yard = Yard(tmp_path).ready(policy={"max_duration": 1_999})
    yard.order()
    yard.emergency(airing="b")
    assert yard.words("a") == yard.words("b") == ["refused length"]


def test_the_quietest_ceiling_met_holds_for_every_class(tmp_path: Path) -> None:
    night, noon = span(21, 6) | {"gain": -120}, span(11, 13) | {"gain": -50}
    node = Yard(tmp_path).ready(ceilings=[night, noon, span(0, 24) | {"gain": -10}]).node
    gains = [node.gain({"gain": 0, "duration": 600_000}, LOCAL_MIDNIGHT + hour * HOUR) for hour in (3, 8, 12, 22)]
    assert gains == [-120, -10, -50, -120]
    assert node.gain({"gain": -200, "duration": 600_000}, LOCAL_MIDNIGHT + 22 * HOUR) == -200
    assert node.gain({"gain": 0, "duration": 600_000}, LOCAL_MIDNIGHT + 21 * HOUR - 1) == -120  # met at its end

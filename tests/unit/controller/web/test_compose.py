"""What the page of composing offers to whom: places, names to speak in, languages, places in programmes."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from controller.domain.rights import OPERATOR, Role
from controller.service.kept import Ruling
from scheduler.limits import Policy
from scheduler.wishes import Segment, Take
from tests.unit.controller.service.slots import programme, relay, rule
from tests.unit.controller.web.conftest import PASSWORD, House

HERE, ELSEWHERE = "x01576", "x01645"


@pytest.fixture
def demo(house: House) -> House:
    """Two communes with loudspeakers."""
    house.services.make_demo(OPERATOR)
    return house


def page(client: httpx.Client, house: House, *grants: tuple[Role, str | None]) -> str:
    """The page as somebody with these roles sees it."""
    house.services.users.add("ai", PASSWORD, [*grants], by=OPERATOR)
    client.post("/api/v1/session", json={"name": "ai", "password": PASSWORD})
    answer = client.get("/compose")
    assert answer.status_code == 200
    return answer.text


def may(text: str) -> dict[str, Any]:
    found = re.search(r'id="may">(.*?)</script>', text)
    assert found is not None
    said: dict[str, Any] = json.loads(found[1])
    return said


def communes(house: House) -> list[str]:
    return [unit.id for unit in house.services.units.tree(by=OPERATOR) if unit.level == "commune"]


def test_who_speaks_for_two_communes_may_not_speak_in_the_name_of_what_is_above_both(nobody: httpx.Client, demo: House) -> None:
    both = communes(demo)
    text = page(nobody, demo, *((Role.EDITOR, each) for each in both))
    assert set(may(text)["owners"]) == set(both)
    assert f'data-path="p04 {both[0]}"' in text


def test_an_administrator_of_everything_may_speak_in_any_name(officer: httpx.Client, demo: House) -> None:
    assert set(may(officer.get("/compose").text)["owners"]) == {"p04", *communes(demo)}


def test_a_village_head_finds_the_own_villages_and_no_name_above_them(nobody: httpx.Client, demo: House) -> None:
    text = page(nobody, demo, (Role.HEAD, f"{HERE}-1"), (Role.AUDITOR, HERE))
    assert re.findall(r'type="checkbox" value="([^"]+)"', text) == [f"{HERE}-1"]
    assert may(text) == {"owners": [], "offers": []}
    assert 'data-commune=""' in text
    assert 'value="programme"' not in text


def test_the_unit_s_own_languages_come_first(nobody: httpx.Client, demo: House) -> None:
    ruling = Ruling(policy=Policy(languages=("nut", "vi")))
    demo.services.policies.set(HERE, 1, ruling, by=OPERATOR)
    text = page(nobody, demo, (Role.EDITOR, HERE))
    listed = re.findall(r'<option value="([a-z]+)"( selected)?>', text)
    assert listed[:3] == [("nut", ""), ("vi", " selected"), ("tyz", "")]
    assert "Tiếng Nùng" in text


@pytest.mark.parametrize(("role", "unit", "owners"), [(Role.EDITOR, HERE, [HERE, None]), (Role.HEAD, f"{HERE}-1", [None])])
def test_programmes_that_take_notices_are_offered_to_who_may_fill_them(
    nobody: httpx.Client, demo: House, role: Role, unit: str, owners: list[str | None]
) -> None:
    takes = (Segment(take=Take.FRESH, kinds=("hop-thon",), length_ms=600_000), Segment(take=Take.OWN, length_ms=600_000))
    told: dict[str, Any] = {"owner": HERE, "units": (HERE,), "title": "Buổi sáng <b>", "rule": rule(300, 1020)}
    demo.services.programmes.create(programme(*takes, **told), by=OPERATOR)
    demo.services.programmes.create(programme(relay(), **told | {"title": "Tiếp âm"}), by=OPERATOR)
    text = page(nobody, demo, (role, unit))
    offers = may(text)["offers"]
    assert [offer["owner"] for offer in offers] == owners
    assert offers[-1]["kind"] == "thong-bao"
    assert (offers[-1]["title"], offers[-1]["times"]) == ("Buổi sáng <b>", "05:00, 17:00")
    assert "Buổi sáng &lt;b&gt; · 05:00, 17:00" in text
    assert "Tiếp âm" not in text


def test_a_notice_for_a_programme_waits_for_it(officer: httpx.Client, demo: House) -> None:
    form = {"title": "Họp", "owner": f"{HERE}-1", "kind": "thong-bao", "until": "2026-11-26T00:00:00.000Z", "draft": "a-1"}
    said = officer.post("/api/v1/bulletins", files={"file": ("a.webm", b"sound")}, data=form).json()
    demo.prepare_all()
    said = officer.get(f"/api/v1/bulletins/{said['id']}").json()
    assert (said["kind"], said["until"], said["airing"], said["state"]) == ("thong-bao", form["until"], None, "approved")


def test_a_page_says_where_emergencies_are_and_that_no_machine_reads(officer: httpx.Client, demo: House) -> None:
    text = officer.get("/compose").text
    assert "Tin khẩn cấp không soạn ở đây" in text
    assert "Máy chưa tự đọc được" in text
    assert "no machine guesses" in officer.get("/compose?lang=en").text

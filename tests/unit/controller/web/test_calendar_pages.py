"""The calendar's page and what it is fed with: who finds what on it, a month in short, an end that is undone."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from controller.domain.rights import OPERATOR, Role
from tests.unit.controller.web.conftest import House, browser

COMMUNE = "x01654"
DAY = "2026-11-18"
WORD = "một mật khẩu dài"


@pytest.fixture
def office(officer: httpx.Client, house: House) -> httpx.Client:
    """A browser that is signed in, where a commune has two villages, a bulletin and a programme at 19:00."""
    officer.post("/api/v1/units/import", json={"code": "01654"})
    for name in ("Pác Rằng", "Phia Chang"):
        village = officer.post("/api/v1/units", json={"parent": COMMUNE, "name": name}).json()["id"]
        officer.post("/api/v1/nodes", json={"village": village, "names": [f"{name} 1"]})
    form = {"title": "Nhạc hiệu", "owner": COMMUNE}
    officer.post("/api/v1/bulletins", files={"file": ("a.mp3", b"sound" * 100)}, data=form)
    house.prepare_all()
    assert officer.post("/api/v1/programmes", json=evening()).status_code == 201
    return officer


def evening(**changes: Any) -> dict[str, Any]:
    segments = [{"take": "relay", "source": "VOV1", "length_ms": 1_800_000}]
    rule = {"first": DAY, "at": ["19:00"], "every": "day"}
    return {"owner": COMMUNE, "units": [COMMUNE], "title": "Buổi tối", "rule": rule, "segments": segments} | changes


def data(page: str) -> dict[str, Any]:
    found = re.search(r'id="calendar-data">(.*?)</script>', page)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


def somebody(house: House, client: httpx.Client, role: Role, unit: str) -> None:
    house.services.users.add("ai đó", WORD, [(role, unit)], by=OPERATOR)
    assert client.post("/api/v1/session", json={"name": "ai đó", "password": WORD}).status_code == 201


def test_an_editor_finds_handles_and_what_a_programme_may_be_made_of(office: httpx.Client) -> None:
    page = office.get("/calendar").text
    told = data(page)
    assert (told["unit"], told["view"], told["day"], told["today"]) == (COMMUNE, "week", DAY, DAY)
    assert set(told["edits"]) == {COMMUNE, f"{COMMUNE}-1", f"{COMMUNE}-2"}
    assert [each["title"] for each in told["bulletins"]] == ["Nhạc hiệu"]
    assert 'id="new-programme"' in page


def test_who_may_not_edit_sees_the_same_without_handles(office: httpx.Client, house: House) -> None:
    with browser(house) as client:
        somebody(house, client, Role.TECHNICIAN, COMMUNE)
        page = client.get("/calendar").text
        assert data(page)["edits"] == []
        assert 'id="new-programme"' not in page


def test_a_village_head_finds_the_own_village_only(office: httpx.Client, house: House) -> None:
    with browser(house) as client:
        somebody(house, client, Role.HEAD, f"{COMMUNE}-1")
        page = client.get(f"/calendar?unit={COMMUNE}-2").text
        assert data(page)["unit"] == f"{COMMUNE}-1"
        assert "Phia Chang" not in page
        assert data(page)["bulletins"] == []


def test_a_unit_a_view_and_a_day_are_taken_from_the_address_if_they_make_sense(office: httpx.Client) -> None:
    told = data(office.get(f"/calendar?unit={COMMUNE}-2&view=month&day=2026-12-24").text)
    assert (told["unit"], told["view"], told["day"]) == (f"{COMMUNE}-2", "month", "2026-12-24")
    told = data(office.get("/calendar?unit=x99&view=year&day=24/12").text)
    assert (told["unit"], told["view"], told["day"]) == (COMMUNE, "week", DAY)


def test_quiet_hours_are_told_to_the_page(office: httpx.Client) -> None:
    policy = {"version": 0, "policy": {"hours": [{"from": "05:00", "to": "21:00"}]}}
    assert office.put(f"/api/v1/policies/{COMMUNE}", json=policy).status_code == 200
    assert data(office.get("/calendar").text)["hours"] == [{"from": 300, "to": 1260, "days": [1, 2, 3, 4, 5, 6, 7]}]


def test_where_there_is_no_place_yet_the_page_says_what_to_do(officer: httpx.Client) -> None:
    page = officer.get("/calendar").text
    assert "tienglang units import" in page
    assert "calendar.js" not in page


def test_who_is_not_signed_in_is_led_to_the_door(nobody: httpx.Client) -> None:
    assert nobody.get("/calendar").headers["location"] == "/login?after=/calendar"


def test_days_in_a_row_are_each_as_the_day_alone(office: httpx.Client) -> None:
    days = office.get(f"/api/v1/units/{COMMUNE}/days", params={"first": "2026-11-16", "last": "2026-11-22"}).json()
    assert [each["day"] for each in days] == [f"2026-11-{number}" for number in range(16, 23)]
    assert days[2:] == [office.get(f"/api/v1/units/{COMMUNE}/day", params={"day": each["day"]}).json() for each in days[2:]]
    assert office.get(f"/api/v1/units/{COMMUNE}/days", params={"first": DAY, "last": "2027-01-30"}).json()["code"] == "day.range"
    assert office.get("/api/v1/units/p04/days", params={"first": DAY, "last": DAY}).status_code == 200


def test_a_month_in_short_has_minutes_titles_and_what_is_not_whole(office: httpx.Client) -> None:
    office.post("/api/v1/programmes", json=evening(title="Muộn", rule={"first": DAY, "at": ["19:10"], "every": "once"}))
    params = {"first": DAY, "last": "2026-11-19"}
    today, tomorrow = office.get(f"/api/v1/units/{COMMUNE}/days/short", params=params).json()
    assert (today["longest_ms"], today["broken"]) == (40 * 60_000, 1)
    assert [turn["title"] for turn in today["turns"]] == ["Buổi tối", "Muộn"]
    assert (tomorrow["longest_ms"], tomorrow["broken"]) == (30 * 60_000, 0)
    assert tomorrow["turns"] == [{"start": "2026-11-19T12:00:00.000Z", "title": "Buổi tối", "class": "normal", "villages": 2}]


def test_what_is_not_heard_says_when_it_would_be_and_how_long(office: httpx.Client) -> None:
    office.post("/api/v1/programmes", json=evening(title="Muộn", rule={"first": DAY, "at": ["19:10"], "every": "day"}))
    [group] = office.get(f"/api/v1/units/{COMMUNE}/day").json()["groups"]
    [reason] = group["reasons"]
    assert (reason["code"], reason["turn"], reason["wished_ms"]) == ("cut.taken", "2026-11-18T12:10:00.000Z", 1_800_000)


def test_a_preview_looks_as_far_as_it_is_asked_to(office: httpx.Client) -> None:
    [kept] = office.get("/api/v1/programmes").json()
    far = kept["programme"] | {"changes": [{"day": "2026-11-26", "turn": "19:00", "at": "18:00"}]}
    at = f"/api/v1/programmes/{kept['id']}/preview"
    assert office.post(at, json={"programme": far}).json()["groups"] == []
    [group] = office.post(at, params={"days": 9}, json={"programme": far}).json()["groups"]
    assert {line["start"] for line in group["after"]} - {line["start"] for line in group["before"]} == {
        "2026-11-26T11:00:00.000Z"
    }


def test_an_end_is_undone_unless_somebody_was_first(office: httpx.Client) -> None:
    [kept] = office.get("/api/v1/programmes").json()
    at = f"/api/v1/programmes/{kept['id']}"
    ended = office.post(f"{at}/end").json()
    assert office.post(f"{at}/reopen", json={"version": kept["version"]}).json()["code"] == "programme.changed"
    back = office.post(f"{at}/reopen", json={"version": ended["version"]}).json()
    assert (back["ended"], back["version"], back["programme"]) == (None, 3, kept["programme"])
    assert office.post(f"{at}/reopen", json={"version": 1}).json() == back
    trail = office.get("/api/v1/trail", params={"unit": COMMUNE}).json()
    assert "reopen" in json.dumps(trail)

"""Programmes and policies through the API: given back as they were taken, and refused in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from controller.domain.rights import OPERATOR, Role
from controller.web.policy_schemas import Limits
from controller.web.programme_schemas import ProgrammeBody, SegmentBody, clock_of, minute_of
from scheduler.programme import Programme
from scheduler.special import SPECIAL
from scheduler.wishes import Segment, Take
from tests.unit.controller.service.slots import programmes
from tests.unit.controller.web.conftest import House, browser

COMMUNE = "x01654"
VILLAGE = f"{COMMUNE}-1"
SOUND = {"file": ("tin.mp3", b"sound" * 100, "audio/mpeg")}
MORNING = {
    "owner": COMMUNE,
    "units": [COMMUNE],
    "title": "Chương trình buổi sáng",
    "rule": {"first": "2026-11-23", "at": ["05:00", "17:30"], "every": "week", "weekdays": [1, 2, 3, 4, 5, 6]},
    "segments": [{"take": "relay", "source": "VOV1", "length_ms": 1_800_000}, {"take": "own", "kinds": ["hop-thon"]}],
}
DAYTIME = {"hours": [{"from": "05:00", "to": "21:00"}]}


@pytest.fixture
def office(officer: httpx.Client) -> httpx.Client:
    """A browser that is signed in, where there is a commune with a village."""
    officer.post("/api/v1/units/import", json={"code": "01654"})
    officer.post("/api/v1/units", json={"parent": COMMUNE, "name": "Pác Rằng"})
    officer.post("/api/v1/nodes", json={"village": VILLAGE, "names": ["Pác Rằng 1"]})
    return officer


@pytest.fixture
def other(house: House) -> Iterator[httpx.Client]:
    """Somebody else's browser."""
    house.services.users.add("phó", "mot-mat-khau-dai", [(Role.ADMIN, None)], by=OPERATOR)
    with browser(house) as client:
        assert client.post("/api/v1/session", json={"name": "phó", "password": "mot-mat-khau-dai"}).status_code == 201
        yield client


def made(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/programmes", json=MORNING | changes)
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


def test_a_programme_is_given_back_as_it_was_taken_and_may_be_put_back_as_it_is(office: httpx.Client) -> None:
    said = made(office)
    assert (said["version"], said["level"], said["created_by"], said["ended"]) == (1, 2, "canbo", None)
    assert said["programme"]["rule"]["at"] == ["05:00", "17:30"]
    assert said["programme"]["class"] == "normal"
    assert said["programme"]["segments"][0]["source"] == "VOV1"
    at = f"/api/v1/programmes/{said['id']}"
    assert office.get(at).json() == said
    assert office.get("/api/v1/programmes", params={"unit": VILLAGE}).json() == [said]
    assert office.put(at, json={"version": 1, "programme": said["programme"]}).json() == said


def test_bulletins_are_named_by_their_ids_and_notices_by_their_kind(office: httpx.Client, house: House) -> None:
    form = {"title": "Nhạc hiệu", "owner": COMMUNE, "kind": "hop-thon", "until": "2026-12-01T00:00:00+07:00"}
    bulletin = office.post("/api/v1/bulletins", files=SOUND, data=form).json()
    assert (bulletin["kind"], bulletin["until"], bulletin["approved"]) == ("hop-thon", "2026-11-30T17:00:00.000Z", None)
    segments = [{"take": "pieces", "bulletins": [bulletin["id"]], "begin": "exact"}]
    refused = office.post("/api/v1/programmes", json=MORNING | {"segments": segments})
    assert (refused.status_code, refused.json()["code"]) == (422, "bulletin.no-sound")
    with house.work.reading() as tx:
        assert [unit for unit, _ in tx.replans.waiting()] == [VILLAGE]  # since its first loudspeaker
    house.prepare_all()
    assert office.get(f"/api/v1/bulletins/{bulletin['id']}").json()["approved"] is not None
    with house.work.reading() as tx:
        assert [notice.piece.source for notice in tx.bulletins.notices(house.clock.now_ms())] == [bulletin["id"]]
        assert [unit for unit, _ in tx.replans.waiting()] == [COMMUNE, VILLAGE]
    assert made(office, segments=segments)["programme"]["segments"][0]["bulletins"] == [bulletin["id"]]


def test_single_days_an_order_and_an_end(office: httpx.Client) -> None:
    at = f"/api/v1/programmes/{made(office)['id']}"
    assert office.post(f"{at}/pause", json={"from": "2027-02-05", "to": "2027-02-11"}).status_code == 200
    assert office.put(f"{at}/skips/2026-12-24").status_code == 200
    changed = office.put(f"{at}/days/2026-12-25", json={"at": "06:00"}).json()
    rule = changed["programme"]["rule"]
    assert (rule["skips"], rule["pauses"]) == (["2026-12-24"], [{"from": "2027-02-05", "to": "2027-02-11"}])
    plain = {"segments": None, "turn": None, "onto": None, "silent": False}
    assert changed["programme"]["changes"] == [{"day": "2026-12-25", "at": "06:00"} | plain]
    evening = office.put(f"{at}/days/2026-12-25", json={"turn": "17:30", "silent": True}).json()
    assert evening["programme"]["changes"][1] == {"day": "2026-12-25", "at": None} | plain | {"turn": "17:30", "silent": True}
    assert office.put(f"{at}/order", json={"order": -1}).json()["programme"]["order"] == -1
    sunday = office.put(f"{at}/skips/2026-11-29")
    assert (sunday.status_code, sunday.json()["code"]) == (422, "programme.no-turn")
    assert office.post(f"{at}/end").json()["ended"] is not None
    assert office.get("/api/v1/programmes").json() == []


def test_the_second_of_two_editors_gets_the_difference_by_name_and_time(office: httpx.Client, other: httpx.Client) -> None:
    said = made(office)
    at = f"/api/v1/programmes/{said['id']}"
    assert other.put(at, json={"version": 1, "programme": said["programme"] | {"title": "Buổi sớm"}}).status_code == 200
    late = office.put(at, json={"version": 1, "programme": said["programme"] | {"title": "Buổi trưa"}})
    problem = late.json()
    assert (late.status_code, problem["code"], problem["fields"]["version"]) == (409, "programme.changed", 2)
    assert problem["fields"]["differences"] == {"title": {"now": "Buổi sớm", "yours": "Buổi trưa"}}
    assert problem["message_vi"].startswith("phó vừa sửa chương trình “Buổi sớm”")
    assert problem["message_en"].startswith("phó changed the programme")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"rule": MORNING["rule"] | {"at": []}}, 422, "rule.empty"),  # type: ignore[operator]
        ({"rule": MORNING["rule"] | {"at": ["24:00"]}}, 422, "request.invalid"),  # type: ignore[operator]
        ({"rule": MORNING["rule"] | {"last": "2026-11-01"}}, 422, "rule.never"),  # type: ignore[operator]
        ({"rule": {"first": "2026-02-30", "at": ["05:00"], "every": "day"}}, 422, "request.invalid"),
        ({"units": ["x99"]}, 404, "unit.unknown"),
        ({"units": ["p04"]}, 422, "programme.reach"),
        ({"class": "emergency"}, 422, "request.invalid"),
        ({"segments": []}, 422, "programme.segments"),
        ({"segments": [{"take": "relay", "length_ms": 1000}]}, 422, "segment.empty"),
        ({"segments": [{"take": "relay", "source": "VOV1"}]}, 422, "segment.relay"),
        ({"colour": "red"}, 422, "request.invalid"),
    ],
)
def test_a_wrong_programme_is_refused_in_both_languages(
    office: httpx.Client, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = office.post("/api/v1/programmes", json=MORNING | changes)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert "{" not in problem["message_vi"] + problem["message_en"]
    assert "chưa rõ" not in problem["message_vi"]
    assert office.get("/api/v1/programmes").json() == []


def test_a_relay_at_three_fifteen_is_refused_with_the_reason(office: httpx.Client) -> None:
    assert office.put(f"/api/v1/policies/{COMMUNE}", json={"version": 0, "policy": DAYTIME}).status_code == 200
    night = MORNING | {"rule": {"first": "2026-11-23", "at": ["03:15"], "every": "day"}}
    problem = office.post("/api/v1/programmes", json=night).json()
    assert problem["code"] == "programme.hours"
    assert "03:15" in problem["message_vi"]
    assert "giờ không được phát của" in problem["message_vi"]


def test_a_policy_is_set_shown_inherited_and_taken_back(office: httpx.Client) -> None:
    at = f"/api/v1/policies/{COMMUNE}"
    assert office.get(at).json() == office.get(at).json() | {"version": 0, "changed": None}
    policy = DAYTIME | {"ceilings": [{"from": "21:00", "to": "24:00", "gain": -250}], "sessions": 2, "places": ["school"]}
    said = office.put(at, json={"version": 0, "policy": policy}).json()
    assert (said["version"], said["changed_by"], said["policy"]["horizon_h"]) == (1, "canbo", 48)
    assert said["policy"]["hours"] == [{"from": "05:00", "to": "21:00", "days": [1, 2, 3, 4, 5, 6, 7]}]
    assert office.get(at).json() == said == office.get("/api/v1/policies").json()[0]
    assert office.put(at, json={"version": 1, "policy": said["policy"]}).json() == said
    below = office.get(f"/api/v1/policies/{VILLAGE}/effective").json()
    assert (below["by"], below["policy"]["sessions"]) == ([COMMUNE], 2)
    assert [ceiling["gain"] for ceiling in below["policy"]["ceilings"]] == [-150, -250, -250]
    late = office.put(at, json={"version": 0, "policy": {}})
    assert (late.status_code, late.json()["code"]) == (409, "policy.changed")
    assert office.delete(at, params={"version": 0}).status_code == 409
    assert office.delete(at, params={"version": 1}).status_code == 204
    assert office.get("/api/v1/policies").json() == []
    assert office.get("/api/v1/policies/x99").json()["code"] == "unit.unknown"


def test_hours_that_never_meet_are_shown_as_no_hours_at_all(office: httpx.Client) -> None:
    for unit, begin, end in ((COMMUNE, "05:00", "10:00"), (VILLAGE, "11:00", "12:00")):
        office.put(f"/api/v1/policies/{unit}", json={"version": 0, "policy": {"hours": [{"from": begin, "to": end}]}})
    [never] = office.get(f"/api/v1/policies/{VILLAGE}/effective").json()["policy"]["hours"]
    assert never["days"] == []


def test_special_places_name_the_rule_they_come_from(office: httpx.Client) -> None:
    said = {each["name"]: each for each in office.get("/api/v1/special-places").json()}
    assert said.keys() == SPECIAL.keys()
    assert said["school"]["source"] == "QCVN 26:2010/BTNMT"
    assert [ceiling["gain"] for ceiling in said["school"]["policy"]["ceilings"]] == [-150, -250]


def test_every_minute_is_written_as_people_do() -> None:
    assert [minute_of(clock_of(minute)) for minute in range(1441)] == list(range(1441))


@given(programmes)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_what_the_api_gives_of_any_programme_it_takes_back_as_the_same(one: Programme) -> None:
    """Ids are the server's, sounds are found anew; a relay has one station."""

    def asked(segment: Segment) -> Segment:
        return SegmentBody.of(segment).segment()

    bare = ProgrammeBody.of(one).programme()
    again = ProgrammeBody.of(bare).programme()
    assert again == bare
    assert (bare.rule, bare.title, bare.units, bare.resume) == (one.rule, one.title, one.units, one.resume)
    assert [segment.take for segment in bare.segments] == [segment.take for segment in one.segments]
    assert all(asked(segment) == segment for segment in bare.segments if segment.take is not Take.RELAY)


def test_limits_are_given_back_as_they_were_taken() -> None:
    for special in SPECIAL.values():
        assert Limits.model_validate(Limits.said(special.policy)).policy() == special.policy

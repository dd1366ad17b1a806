"""A unit's day, its calendar and previews through the API; the calendar is opened by icalendar, which shares no code with us."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from controller.domain.unit import Level, Unit
from controller.service.days import Alike, Span
from controller.service.telling import Line
from controller.web.ical import calendar
from tests.support.people import admin
from tests.unit.controller.web.conftest import NOW_MS, PASSWORD, House

COMMUNE = "x01654"
DAY = "2026-11-18"
EVENING = "2026-11-18T12:00:00.000Z"
DAILY: dict[str, Any] = {"first": DAY, "at": ["19:00"], "every": "day"}


@pytest.fixture
def office(officer: httpx.Client, house: House) -> httpx.Client:
    """A browser that is signed in, where a commune has two villages, a bulletin and a programme at 19:00."""
    officer.post("/api/v1/units/import", json={"code": "01654"})
    for name in ("Pác Rằng", "Phia Chang"):
        village = officer.post("/api/v1/units", json={"parent": COMMUNE, "name": name}).json()["id"]
        officer.post("/api/v1/nodes", json={"village": village, "names": [f"{name} 1"]})
    sound = {"file": ("tin.mp3", b"sound" * 100, "audio/mpeg")}
    form = {"title": "Tin, thời tiết; \\ mưa", "owner": COMMUNE}
    bulletin = officer.post("/api/v1/bulletins", files=sound, data=form).json()["id"]
    house.prepare_all()
    segments = [{"take": "relay", "source": "VOV1", "length_ms": 1_800_000}, {"take": "pieces", "bulletins": [bulletin]}]
    wanted = {"owner": COMMUNE, "units": [COMMUNE], "title": "Buổi tối", "rule": DAILY, "segments": segments}
    assert officer.post("/api/v1/programmes", json=wanted).status_code == 201
    return officer


def programme(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    """Another programme like the one that is there."""
    wanted: dict[str, Any] = client.get("/api/v1/programmes").json()[0]["programme"]
    return wanted | changes


def limit(client: httpx.Client, unit: str, **limits: Any) -> None:
    policy = {"version": 0, "policy": {"session_ms": 900_000} | limits}
    assert client.put(f"/api/v1/policies/{unit}", json=policy).status_code == 200


def events(client: httpx.Client, **asked: Any) -> list[Any]:
    answer = client.get(f"/api/v1/units/{COMMUNE}/calendar.ics", **asked)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8"), answer.text
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def test_a_day_is_one_list_for_villages_that_sound_alike(office: httpx.Client) -> None:
    said = office.get(f"/api/v1/units/{COMMUNE}/day").json()
    assert (said["day"], said["from"], said["to"]) == (DAY, "2026-11-17T17:00:00.000Z", "2026-11-18T17:00:00.000Z")
    [group] = said["groups"]
    assert [village["name"] for village in group["villages"]] == ["Phia Chang", "Pác Rằng"]
    relay, news = group["lines"]
    assert (relay["start"], relay["length_ms"], relay["title"], relay["relay"]) == (EVENING, 1_800_000, "VOV1", True)
    assert (news["title"], news["programme"], news["class"], news["whole"]) == (
        "Tin, thời tiết; \\ mưa",
        "Buổi tối",
        "normal",
        True,
    )
    assert group["reasons"] == []
    assert office.get(f"/api/v1/units/{COMMUNE}/day", params={"day": "2026-11-17"}).json()["groups"][0]["lines"] == []


def test_what_is_not_as_wished_is_a_sentence_with_whose_limit_it_is(office: httpx.Client) -> None:
    limit(office, COMMUNE)
    [group] = office.get(f"/api/v1/units/{COMMUNE}/day", params={"day": DAY}).json()["groups"]
    name = office.get(f"/api/v1/units/{COMMUNE}/day").json()["name"]
    relay, news = group["reasons"]
    assert (relay["code"], relay["title"], relay["sounds"], relay["take"]) == ("cut.session", "Buổi tối", ["VOV1"], "relay")
    assert relay["text"]["en"] == f"Cut at 19:15: session limit of 15 minutes of {name}."
    assert relay["text"]["vi"] == f"Bị cắt lúc 19:15: giới hạn một buổi 15 phút của {name}."
    assert (news["code"], news["sounds"]) == ("dropped.session", ["Tin, thời tiết; \\ mưa"])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/units/x99/day", 404, "unit.unknown"), (f"/units/{COMMUNE}/day?day=2020-01-01", 422, "day.far")],
)
def test_what_can_not_be_told_is_refused(office: httpx.Client, path: str, status: int, code: str) -> None:
    answer = office.get(f"/api/v1{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_calendar_holds_each_turn_of_the_horizon_in_utc(office: httpx.Client) -> None:
    today, tomorrow = events(office)
    assert today.start == datetime(2026, 11, 18, 12, tzinfo=UTC)
    assert today.end == datetime(2026, 11, 18, 12, 30, 3, tzinfo=UTC)
    assert tomorrow.start == datetime(2026, 11, 19, 12, tzinfo=UTC)
    assert (today["SUMMARY"], today["LOCATION"]) == ("Buổi tối", "Phia Chang, Pác Rằng")
    assert today["DESCRIPTION"] == "19:00 VOV1\n19:30 Tin, thời tiết; \\ mưa"
    assert today["UID"] != tomorrow["UID"]
    assert [each["UID"] for each in events(office)] == [today["UID"], tomorrow["UID"]]


def test_a_village_that_differs_has_an_event_of_its_own(office: httpx.Client) -> None:
    before = [each["UID"] for each in events(office)]
    limit(office, f"{COMMUNE}-2", hours=[{"from": "05:00", "to": "19:20"}])
    after = events(office)
    assert len(after) == 4
    assert {each["UID"] for each in after} > {*before}
    assert {each["LOCATION"] for each in after} == {"Pác Rằng", "Phia Chang"}


def test_a_calendar_app_reads_the_feed_by_its_address_until_the_password_changes(office: httpx.Client, house: House) -> None:
    url = office.post(f"/api/v1/units/{COMMUNE}/calendar").json()["url"]
    with httpx.Client() as app:
        assert len(Calendar.from_ical(app.get(url).content).walk("VEVENT")) == 2
        assert app.get(url.partition("?")[0]).status_code == 401
        assert app.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 401
        assert app.get(url.replace(COMMUNE, f"{COMMUNE}-1")).status_code == 401
        assert app.get(url.replace("calendar.ics", "day")).status_code == 401
        body = {"old": PASSWORD, "new": "mot-mat-khau-khac"}
        assert office.put("/api/v1/session/password", json=body).status_code == 204
        assert app.get(url).status_code == 401
        fresh = office.post(f"/api/v1/units/{COMMUNE}/calendar").json()["url"]
        assert app.get(fresh).status_code == 200
        house.services.users.remove("canbo", by=admin())
        assert app.get(fresh).status_code == 401


def test_behind_a_proxy_that_ends_tls_the_address_is_an_https_one(office: httpx.Client) -> None:
    said = office.post(f"/api/v1/units/{COMMUNE}/calendar", headers={"x-forwarded-proto": "https"}).json()
    assert said["url"].startswith("https://127.0.0.1:")


def test_who_has_no_account_gets_no_address(office: httpx.Client) -> None:
    local = {"authorization": "Bearer the-local-token"}
    answer = office.post(f"/api/v1/units/{COMMUNE}/calendar", headers=local)
    assert (answer.status_code, answer.json()["code"]) == (422, "feed.person")
    assert events(office, headers=local) != []
    assert office.post("/api/v1/units/x99/calendar").json()["code"] == "unit.unknown"


def test_a_preview_tells_both_timelines_and_the_decisions_and_saves_nothing(office: httpx.Client, house: House) -> None:
    before = office.get("/api/v1/programmes").json()
    with house.work.reading() as tx:
        marks = tx.replans.waiting()
    wanted = programme(office, title="Tin lũ", **{"class": "priority"})
    said = office.post("/api/v1/programmes/preview", json=wanted).json()
    assert said["villages"] == 2
    [group] = said["groups"]
    assert [line["programme"] for line in group["before"]][:2] == ["Buổi tối", "Buổi tối"]
    assert [line["programme"] for line in group["after"]][:3] == ["Tin lũ", "Tin lũ", "Buổi tối"]
    moved = [each for each in group["decisions"] if each["before"] is not None]
    assert moved[0]["before"]["text"]["en"] == "It plays as wished."
    assert moved[0]["after"]["text"]["vi"] == "Không phát: lúc đó đang có lượt phát khác (“Tin lũ”)."
    ended = office.post(f"/api/v1/programmes/{before[0]['id']}/preview", json={"programme": None}).json()
    assert [group["after"] for group in ended["groups"]] == [[]]
    assert {each["after"] for each in ended["groups"][0]["decisions"]} == {None}
    assert office.get("/api/v1/programmes").json() == before
    with house.work.reading() as tx:
        assert tx.replans.waiting() == marks


def test_a_preview_of_what_could_not_be_saved_is_refused(office: httpx.Client) -> None:
    limit(office, COMMUNE, hours=[{"from": "05:00", "to": "21:00"}])
    night = programme(office, rule=DAILY | {"at": ["03:15"]})
    assert office.post("/api/v1/programmes/preview", json=night).json()["code"] == "programme.hours"
    assert office.post("/api/v1/programmes/p99/preview", json={"programme": None}).status_code == 404


def prepared(client: httpx.Client, house: House, **form: str) -> str:
    """A bulletin with its sound."""
    sound = {"file": ("tin.mp3", b"sound" * 100, "audio/mpeg")}
    name: str = client.post("/api/v1/bulletins", files=sound, data={"title": "Tin lũ"} | form).json()["id"]
    house.prepare_all()
    return name


def test_a_policy_and_a_bulletin_are_shown_before_and_after_too(office: httpx.Client, house: House) -> None:
    quiet = {"hours": [{"from": "05:00", "to": "18:00"}]}
    [group] = office.post(f"/api/v1/policies/{COMMUNE}/preview", json={"policy": quiet}).json()["groups"]
    assert (group["after"], group["before"][0]["programme"]) == ([], "Buổi tối")
    assert "ngoài giờ được phát của" in group["decisions"][0]["after"]["text"]["vi"]
    assert office.post(f"/api/v1/policies/{COMMUNE}/preview", json={"policy": None}).json()["groups"] == []
    wish = {"bulletin": prepared(office, house, **{"class": "priority"}), "to": [COMMUNE], "at": EVENING}
    [shown] = office.post("/api/v1/airings/preview", json=wish).json()["groups"]
    assert [line["title"] for line in shown["after"]][:1] == ["Tin lũ"]
    assert office.post("/api/v1/airings/preview", json=wish | {"to": ["x99"]}).json()["code"] == "unit.unknown"


def test_a_bulletin_at_a_time_is_refused_with_what_is_in_its_way_or_waits_for_it(office: httpx.Client, house: House) -> None:
    wish = {"bulletin": prepared(office, house), "to": [COMMUNE], "at": "2026-11-18T12:01:00.000Z"}
    refused = office.post("/api/v1/airings", json=wish)
    assert (refused.status_code, refused.json()["code"]) == (422, "airing.taken")
    assert refused.json()["message_vi"] == "Không phát được vào giờ đó: lúc đó đang có lượt phát khác (“Buổi tối”)."
    waits = office.post("/api/v1/airings", json=wish | {"latest": "2026-11-18T13:00:00.000Z"})
    assert waits.status_code == 201
    at = f"/api/v1/airings/{waits.json()['id']}/order"
    assert office.put(at, json={"order": -1}).status_code == 200
    assert office.put(at, json={"order": 5000}).status_code == 422
    assert "2026-11-18T12:30:00.000Z" < waits.json()["start"] < "2026-11-18T13:00:00.000Z"


def test_the_openapi_document_shows_what_a_day_looks_like(office: httpx.Client) -> None:
    document = office.get("/api/v1/openapi.json").json()
    paths = document["paths"]
    assert "text/calendar; charset=utf-8" in paths["/api/v1/units/{unit}/calendar.ics"]["get"]["responses"]["200"]["content"]
    assert "examples" in document["components"]["schemas"]["ReasonOut"]["properties"]["text"]
    assert {"/api/v1/units/{unit}/day", "/api/v1/programmes/preview", "/api/v1/programmes/{programme}/preview"} <= paths.keys()


words = st.text(st.characters(codec="utf-8", exclude_categories=("C",)) | st.sampled_from('\\;,":ệ'), min_size=1, max_size=120)
VILLAGE = Unit(id="x1-1", parent="x1", level=Level.VILLAGE, name="Khào A", path=("x1", "x1-1"))


@given(words, words)
def test_any_words_are_read_as_they_were_written_and_no_line_is_too_long(title: str, village: str) -> None:
    line = Line(
        start_ms=NOW_MS,
        end_ms=NOW_MS + 60_000,
        title=title,
        programme="",
        owner="",
        klass="normal",
        is_relay=False,
        is_whole=True,
        wish="r1#0",
        source="b1",
    )
    place = Unit(id="x1-1", parent="x1", level=Level.VILLAGE, name=village, path=("x1", "x1-1"))
    group = Alike(villages=(place,), lines=(line,), reasons=())
    raw = calendar(Span(unit=VILLAGE, utc_offset=420, from_ms=0, until_ms=NOW_MS, groups=(group,)), NOW_MS)
    [event] = Calendar.from_ical(raw).walk("VEVENT")
    assert (event["SUMMARY"], event["LOCATION"], event["UID"]) == (title, village, "r1@tienglang")
    assert event["DESCRIPTION"] == f"18:06 {title}"
    rows = raw.split(b"\r\n")
    assert rows[-1] == b""
    assert all(len(row) <= 75 and b"\n" not in row for row in rows)

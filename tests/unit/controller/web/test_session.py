"""Who may ask: sign-in, its limits, and the gate before every request."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.rights import OPERATOR, Role
from controller.service.sessions import FREE_TRIES, SESSION_MS, wait_ms
from tests.unit.controller.web.conftest import PASSWORD, House, browser

ADMIN = [(Role.ADMIN, None)]
DOORS = {("post", "/api/v1/session"), ("post", "/api/v1/invitation")}
"""Where one comes in: with a password, or a link."""


def sign_in(client: httpx.Client, password: str = PASSWORD, name: str = "canbo") -> int:
    return client.post("/api/v1/session", json={"name": name, "password": password}).status_code


def test_nothing_but_health_and_clips_is_open(nobody: httpx.Client) -> None:
    assert nobody.get("/healthz").json() == {
        "ok": True,
        "acts": True,
        "place": "may-1:8080",
        "since": "2026-11-18T11:06:40.000Z",
    }
    document = nobody.get("/api/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in methods:
            if path != "/healthz" and (method, path) not in DOORS:
                at = re.sub(r"\{\w+\}", "a", path.replace("{sha256}", "0" * 64).replace("{day}", "2026-11-24"))
                answer = nobody.request(method, at, json={})
                assert answer.status_code == 401, (method, path, answer.text)
                assert answer.json()["code"] == "session.none"


def test_the_cookie_is_for_us_alone(nobody: httpx.Client) -> None:
    answer = nobody.post("/api/v1/session", json={"name": " CanBo ", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "max-age=43200" in cookie
    assert "secure" not in cookie  # plain http on loopback
    assert nobody.get("/api/v1/session").json()["name"] == "canbo"


def test_the_cookie_is_secure_behind_https(nobody: httpx.Client) -> None:
    said = {"name": "canbo", "password": PASSWORD}
    answer = nobody.post("/api/v1/session", json=said, headers={"X-Forwarded-Proto": "https"})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_session_ends_after_a_working_day(officer: httpx.Client, house: House) -> None:
    house.clock.advance(SESSION_MS - 1)
    assert officer.get("/api/v1/session").status_code == 200
    house.clock.advance(1)
    assert officer.get("/api/v1/session").status_code == 401


def test_signing_out_ends_it_on_the_server_too(officer: httpx.Client, house: House) -> None:
    cookie = officer.cookies["tienglang_session"]
    assert officer.delete("/api/v1/session").status_code == 204
    assert house.services.sessions.who(cookie) is None


def test_the_database_holds_no_token(officer: httpx.Client, house: House) -> None:
    cookie = officer.cookies["tienglang_session"]
    with house.work.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM sessions").all()
    assert len(rows) == 1
    assert cookie not in str(rows)


def test_wrong_passwords_make_one_wait_longer_and_longer(nobody: httpx.Client, house: House) -> None:
    assert [sign_in(nobody, "sai") for _ in range(FREE_TRIES)] == [401] * FREE_TRIES
    locked = nobody.post("/api/v1/session", json={"name": "canbo", "password": PASSWORD})
    assert (locked.status_code, locked.headers["retry-after"]) == (429, "30")
    assert "30 giây" in locked.json()["message_vi"]
    house.clock.advance(30_000)
    assert sign_in(nobody) == 201
    assert [wait_ms(number) for number in (0, 4, 5, 6, 7, 50)] == [0, 0, 30_000, 60_000, 120_000, 900_000]


def test_one_address_may_not_try_many_names(nobody: httpx.Client, house: House) -> None:
    answers = [sign_in(nobody, "sai", f"name{number}") for number in range(21)]
    assert answers == [401] * 20 + [429]
    house.clock.advance(60_000)
    assert sign_in(nobody) == 201


def test_nobody_and_a_wrong_password_read_the_same(nobody: httpx.Client) -> None:
    answers = [nobody.post("/api/v1/session", json={"name": name, "password": "sai"}).json() for name in ("canbo", "khong-co")]
    assert answers[0] == answers[1]


def test_a_new_password_ends_the_other_sessions(officer: httpx.Client, house: House) -> None:
    other = house.services.sessions.sign_in("canbo", PASSWORD).token
    wrong = officer.put("/api/v1/session/password", json={"old": "sai", "new": "mat-khau-moi"})
    assert wrong.json()["code"] == "password.wrong"
    short = officer.put("/api/v1/session/password", json={"old": PASSWORD, "new": "ngan"})
    assert short.json()["code"] == "password.short"
    assert officer.put("/api/v1/session/password", json={"old": PASSWORD, "new": "mat-khau-moi"}).status_code == 204
    assert officer.get("/api/v1/session").status_code == 200
    assert house.services.sessions.who(other) is None
    assert sign_in(officer) == 401
    assert sign_in(officer, "mat-khau-moi") == 201


def test_the_command_line_brings_its_token(nobody: httpx.Client) -> None:
    right = {"Authorization": "Bearer the-local-token", "Origin": ""}
    assert nobody.get("/api/v1/session", headers=right).json()["name"] == "local"
    assert nobody.get("/api/v1/session", headers={"Authorization": "Bearer other"}).status_code == 401
    assert nobody.post("/api/v1/units/import", json={"code": "01654"}, headers=right).status_code == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
    ],
)
def test_no_other_site_changes_anything(officer: httpx.Client, headers: dict[str, str], status: int) -> None:
    assert officer.post("/api/v1/units/import", json={"code": "01654"}, headers=headers).status_code == status


def test_a_change_that_does_not_say_where_it_comes_from_is_refused(officer: httpx.Client) -> None:
    del officer.headers["origin"]
    assert officer.post("/api/v1/units/import", json={"code": "01654"}).json()["code"] == "request.origin"
    same = {"Sec-Fetch-Site": "same-origin"}
    assert officer.post("/api/v1/units/import", json={"code": "01654"}, headers=same).status_code == 201


def test_an_endless_body_is_refused(officer: httpx.Client) -> None:
    told = officer.post("/api/v1/units", content=b"x" * 1_000_001)
    assert (told.status_code, told.json()["code"]) == (413, "request.too-big")

    def untold() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    assert officer.post("/api/v1/units", content=untold()).status_code in (400, 413)


def test_every_answer_carries_the_safe_headers(nobody: httpx.Client) -> None:
    for answer in (nobody.get("/healthz"), nobody.get("/api/v1/airings"), nobody.get("/nowhere")):
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"


def test_accounts_are_added_found_and_removed(house: House) -> None:
    users = house.services.users
    assert users.first() is None  # there is one already
    users.add("Trưởng  Thôn", "mat-khau-dai", ADMIN, by=OPERATOR, demo=True)
    assert users.has_demo()
    with pytest.raises(Conflict):
        users.add("trưởng thôn", "mat-khau-dai", ADMIN, by=OPERATOR)
    users.remove("TRƯỞNG THÔN", by=OPERATOR)
    assert not users.has_demo()
    with pytest.raises(NotFound):
        users.remove("trưởng thôn", by=OPERATOR)
    with pytest.raises(Refused):
        users.add("", "mat-khau-dai", ADMIN, by=OPERATOR)


def test_ones_own_sessions_are_listed_and_ended(officer: httpx.Client, house: House) -> None:
    lost = house.services.sessions.sign_in("canbo", PASSWORD).token
    listed = officer.get("/api/v1/sessions").json()
    assert sorted(each["here"] for each in listed) == [False, True]
    here = next(each for each in listed if each["here"])
    assert (here["address"], here["agent"][:12]) == ("127.0.0.1", "python-httpx")
    other = next(each for each in listed if not each["here"])
    assert officer.delete(f"/api/v1/sessions/{other['id']}").status_code == 204
    assert house.services.sessions.who(lost) is None
    assert officer.delete(f"/api/v1/sessions/{other['id']}").json()["code"] == "session.unknown"
    assert officer.get("/api/v1/session").json()["grants"] == [{"role": "admin", "unit": None}]


def test_a_program_comes_in_by_its_token_and_does_what_it_is_for(officer: httpx.Client, nobody: httpx.Client) -> None:
    made = officer.post("/api/v1/tokens", json={"name": "Đài tỉnh", "deeds": ["unit.add"], "days": 30})
    assert (made.status_code, made.json()["deeds"]) == (201, ["see", "unit.add"])
    officer.delete("/api/v1/session")
    nobody.headers["Authorization"] = f"Bearer {made.json()['secret']}"
    del nobody.headers["Origin"]
    assert nobody.get("/api/v1/session").json()["name"] == "canbo (Đài tỉnh)"
    assert nobody.post("/api/v1/units/import", json={"code": "01654"}).status_code == 201
    refused = nobody.post("/api/v1/nodes", json={"village": "x01654", "names": ["a"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "right.none")
    assert nobody.post("/api/v1/tokens", json={"name": "nữa"}).json()["code"] == "session.person"
    for own in ("/api/v1/tokens", "/api/v1/sessions"):
        assert nobody.get(own).json()["code"] == "session.person"
    assert nobody.post("/api/v1/units/x01654/calendar").json()["code"] == "feed.person"
    program = nobody.headers.pop("Authorization")
    nobody.headers["Origin"] = str(nobody.base_url).rstrip("/")
    assert sign_in(nobody) == 201
    [listed] = nobody.get("/api/v1/tokens").json()
    assert "secret" not in listed
    assert nobody.delete(f"/api/v1/tokens/{listed['id']}").status_code == 204
    assert nobody.get("/api/v1/session", headers={"Authorization": program}).status_code == 401


def test_a_link_sets_a_village_head_up(officer: httpx.Client, house: House) -> None:
    officer.post("/api/v1/units/import", json={"code": "01654"})
    grants = [{"role": "head", "unit": "x01654"}]
    made = officer.post("/api/v1/users", json={"name": "Trưởng thôn", "grants": grants}).json()
    at, _, token = made["url"].partition("#")
    assert at == f"{officer.base_url}/invite"
    assert made["svg"].startswith("<svg")
    assert 'id="invite"' in officer.get(at).text
    with browser(house) as phone:
        said = {"token": token, "password": "mot-cau-de-nho"}
        assert phone.post("/api/v1/invitation", json=said).json() == {
            "name": "trưởng thôn",
            "expires": "2026-11-18T23:06:40.000Z",
            "grants": grants,
        }
        assert phone.get("/api/v1/session").json()["name"] == "trưởng thôn"
        assert phone.post("/api/v1/invitation", json=said).json()["code"] == "invitation.over"
    again = officer.post(f"/api/v1/users/{made['user']['id']}/invitation").json()
    assert again["url"] != made["url"]


def test_a_second_step_is_set_up_with_a_code_to_scan_and_asked_for_on_the_page(officer: httpx.Client, house: House) -> None:
    wrong = officer.post("/api/v1/session/second", json={"password": "sai-mat-khau"})
    assert wrong.json()["code"] == "password.wrong"
    offered = officer.post("/api/v1/session/second", json={"password": PASSWORD}).json()
    assert offered["address"].endswith("&digits=6&period=30")
    assert offered["svg"].startswith("<svg")
    secret = base64.b32decode(offered["secret"])

    def code() -> str:
        return TOTP(secret, 6, SHA1(), 30).generate(house.clock.now_ms() // 1000).decode()

    assert officer.put("/api/v1/session/second", json={"code": code()}).status_code == 204
    assert sign_in(officer) == 401
    form = {"name": "canbo", "password": PASSWORD}
    assert 'id="code"' not in officer.post("/login", data={"name": "canbo", "password": "sai"}).text
    asked = officer.post("/login", data=form)
    assert (asked.status_code, 'id="code"' in asked.text, 'value="canbo"' in asked.text) == (401, True, True)
    house.clock.advance(60_000)
    assert officer.post("/login", data=form | {"code": code()}, follow_redirects=False).status_code == 303
    house.clock.advance(60_000)
    assert officer.post("/api/v1/session", json=form | {"code": code()}).status_code == 201
    assert officer.post("/api/v1/session/second/off", json={"password": PASSWORD}).status_code == 204
    assert sign_in(officer) == 201


def test_the_first_account_is_made_once(house: House) -> None:
    users = house.services.users
    users.remove("canbo", by=OPERATOR)
    first = users.first()
    assert first is not None
    assert house.services.sessions.sign_in(*first).user.name == first[0]
    assert users.first() is None

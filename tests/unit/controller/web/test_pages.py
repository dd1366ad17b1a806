"""The pages as HTML: doors, languages, hostile names, and that nothing on them comes from elsewhere."""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from controller.domain.rights import OPERATOR, Role
from controller.service.alarms import Raised, raise_alarms
from controller.service.lease import Acting
from controller.web import nav, words
from controller.web.assets import FOLDER, Assets
from controller.web.pages import length, local
from tests.unit.controller.web.conftest import NOW_MS, PASSWORD, House, browser

HTML = {"Accept": "text/html"}


def sign_in(client: httpx.Client, **fields: str) -> httpx.Response:
    return client.post("/login", data={"name": "canbo", "password": PASSWORD} | fields)


def test_who_is_not_signed_in_is_led_to_the_door_and_back(nobody: httpx.Client) -> None:
    assert nobody.get("/").headers["location"] == "/login"
    assert nobody.get("/airings/abc").headers["location"] == "/login?after=/airings/abc"
    assert 'value="/airings/abc"' in nobody.get("/login?after=/airings/abc").text
    assert sign_in(nobody, after="/airings/abc").headers["location"] == "/airings/abc"
    assert nobody.get("/login").headers["location"] == "/"


@pytest.mark.parametrize(
    ("method", "address", "door"),
    [
        ("GET", "/", "/login"),
        ("GET", "/log?from=2026-11-01&to=2026-11-24&q=h%E1%BB%8Dp", "/log?from=2026-11-01&to=2026-11-24&q=h%E1%BB%8Dp"),
        ("GET", "/calendar?unit=x01576-1&view=week", "/calendar?unit=x01576-1&view=week"),
        ("GET", "/nodes/x01576-1-l1?done=moved", "/nodes/x01576-1-l1"),
        ("GET", "/log?q=(x)", "/log"),
        ("GET", f"/log?q={'a' * 400}", "/log"),
        ("GET", "/fragments/today?unit=x01576", "/login"),
        ("POST", "/approvals/7/approve", "/approvals"),
        ("POST", "/nodes?show=all", "/nodes"),
        ("POST", "/nodes/x01576-1-l1/alarms/3/close", "/nodes/x01576-1-l1"),
    ],
)
def test_the_door_leads_back_to_what_was_looked_at(nobody: httpx.Client, method: str, address: str, door: str) -> None:
    led = nobody.request(method, address).headers["location"]
    assert led == (door if door == "/login" else f"/login?after={quote(door)}")
    after = re.search(r'name="after" value="([^"]*)"', nobody.get(led).text)
    assert after is not None
    back = sign_in(nobody, after=unescape(after[1])).headers["location"]
    assert back == ("/" if door == "/login" else door)


@pytest.mark.parametrize(
    "after",
    [
        "//evil.example",
        "https://evil.example",
        "/airings/../x",
        "/airings/a?b",
        "javascript:x",
        "",
        "//evil.example/log?a=b",
        "/log?a=//evil.example",
        "/log?a\\b",
        "/log?a=\r\nx: y",
        "/log?a#b",
        "/log?",
        "/logs?a=b",
        "/@evil?a",
    ],
)
def test_a_stranger_s_link_leads_nowhere_else(nobody: httpx.Client, after: str) -> None:
    assert sign_in(nobody, after=after).headers["location"] == "/"


def test_a_wrong_password_keeps_the_name(nobody: httpx.Client) -> None:
    answer = sign_in(nobody, name='<b>"canbo', password="sai")
    assert answer.status_code == 401
    assert "Tên hoặc mật khẩu không đúng." in answer.text
    assert 'value="&lt;b&gt;&#34;canbo"' in answer.text


def test_signing_out(officer: httpx.Client) -> None:
    assert officer.post("/logout").headers["location"] == "/login"
    assert officer.get("/").status_code == 303


def test_english_by_choice_is_remembered(officer: httpx.Client) -> None:
    assert '<html lang="vi">' in officer.get("/").text
    assert "New bulletin" in officer.get("/?lang=en").text
    assert '<html lang="en">' in officer.get("/").text
    assert '<html lang="vi">' in officer.get("/?lang=vi").text


def other_language(page: str) -> str:
    """Where the link to the other language leads."""
    found = re.search(r'<a href="([^"]*)" lang="(?:vi|en)">', page)
    assert found is not None
    return unescape(found[1])


def test_the_other_language_shows_the_same_page(officer: httpx.Client) -> None:
    assert other_language(officer.get("/log").text) == "?lang=en"
    assert other_language(officer.get("/log?title=h%E1%BB%8Dp&lang=en&outcome=").text) == "?title=h%E1%BB%8Dp&outcome=&lang=vi"
    assert other_language(officer.get("/nowhere?lang=vi", headers=HTML).text) == "?lang=en"


def test_after_a_form_that_was_refused_the_other_language_shows_the_form_s_page(
    officer: httpx.Client, nobody: httpx.Client
) -> None:
    officer.post("/api/v1/demo")
    forms = {
        "/nodes/x01576-1-l1/alarms/999/close": "/nodes/x01576-1-l1?lang=en",
        "/nodes?show=all": "/nodes?lang=en",
        "/password": "/password?lang=en",
        "/account/second/confirm": "/account?lang=en",
    }
    for form, there in forms.items():
        answer = officer.post(form, data={"code": "1", "old": "sai", "new": "sai"}, headers=HTML)
        assert other_language(answer.text) == there, form
        assert '<html lang="en">' in officer.get(there).text
        officer.get("/?lang=vi")
    assert other_language(sign_in(nobody, password="sai").text) == "/login?lang=en"


def test_names_are_text_and_nothing_else(officer: httpx.Client, house: House) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    commune = officer.post("/api/v1/units/import", json={"code": "01654"}).json()["id"]
    village = officer.post("/api/v1/units", json={"parent": commune, "name": evil}).json()["id"]
    officer.post("/api/v1/nodes", json={"village": village, "names": [evil]})
    officer.post("/api/v1/bulletins", files={"file": ("a.mp3", b"sound")}, data={"title": evil, "to": village})
    house.prepare_all()
    for path in ("/", "/compose"):
        page = officer.get(path).text
        assert "<img src=x" not in page
        assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in page


def test_open_alarms_are_a_calm_line_with_the_newest_one_first(officer: httpx.Client, house: House) -> None:
    assert "cảnh báo mở" not in officer.get("/").text
    evil = "<b>x"
    with house.work.writing() as tx:
        raise_alarms(tx, [Raised(code=f"node.r{number}", node=evil, at_ms=NOW_MS + number) for number in range(19)])
        raise_alarms(tx, [Raised(code="node.clone", node=f"n{number}", at_ms=NOW_MS + 100 + number) for number in range(6)])
    page = officer.get("/").text
    assert "<strong>25 cảnh báo mở</strong>" in page
    assert "25 open alarms" in officer.get("/?lang=en").text
    assert page.index('alarms-newest">n5: hai thiết bị') < page.index("n0: hai thiết bị") < page.index("&lt;b&gt;x: cụm loa báo")
    assert evil not in page
    assert page.count("<li><span>") == 20


def test_everything_a_page_loads_is_ours_and_kept(officer: httpx.Client) -> None:
    page = officer.get("/compose").text
    addresses = re.findall(r'(?:src|href)="([^"#?]+)', page)
    assert not [address for address in addresses if "//" in address]
    ours = {address for address in addresses if address.startswith("/static/")}
    assert len(ours) >= 5
    for address in ours:
        answer = officer.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert officer.get("/static/old-build/page.css").headers["cache-control"] == "no-cache"
    assert officer.get("/static/x/../../app.py").status_code == 404
    assert officer.get("/static/x/nothing.css").status_code == 404


def test_pages_are_packed_for_the_way_and_streams_are_not_held_back(officer: httpx.Client) -> None:
    officer.post("/api/v1/demo")
    page = officer.get("/compose", headers={"Accept-Encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    assert 'id="tree"' in page.text
    assert "content-encoding" not in officer.get("/compose", headers={"Accept-Encoding": "identity"}).headers
    with officer.stream("GET", "/api/v1/today/events", headers={"Accept-Encoding": "gzip"}) as stream:
        assert "content-encoding" not in stream.headers
        assert next(stream.iter_lines()) == "event: today"


def test_a_first_visit_moves_less_than_350_kb() -> None:
    assets = Assets()._assets.values()
    assert sum(len(asset.packed or asset.plain) for asset in assets) < 350_000


def test_no_page_has_a_script_or_style_inside(officer: httpx.Client) -> None:
    for path in (*(item.path for item in nav.ITEMS), "/password", "/invite", "/login"):
        page = officer.get(path).text
        assert not re.search(r"<style|\son\w+=|\sstyle=|<script(?![^>]*(src=|application/json))", page)


def modules(page: str) -> set[str]:
    """The modules that a page runs, and those that these import."""
    found: set[str] = set()
    waiting = set(re.findall(r'<script type="module" src="/static/[^/]+/([a-z_./-]+)"', page))
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= set(re.findall(r'(?:from|import) "\./([a-z_-]+\.js)"', (FOLDER / name).read_text(encoding="utf-8"))) - found
    return found


def test_modules_name_only_words_and_parts_that_their_page_has(officer: httpx.Client, house: House) -> None:
    officer.post("/api/v1/demo")
    officer.post("/api/v1/bulletins", files={"file": ("a.mp3", b"sound")}, data={"title": "Họp", "to": "x01576"})
    house.prepare_all()
    [airing] = officer.get("/api/v1/airings").json()
    one_each = [f"/airings/{airing['id']}", f"/bulletins/{unsaid(officer, house)}", "/nodes/x01576-1-l1"]
    paths = [*(item.path for item in nav.ITEMS), *one_each, "/invite"]
    pages = {path: officer.get(path).text for path in paths}
    pages["/people (invited)"] = officer.post("/people", data={"name": "mới", "role": "head", "unit": "Khào A"}).text
    run: set[str] = set()
    for path, page in pages.items():
        said = re.search(r'id="words">(.*?)</script>', page)
        known = json.loads(said[1])["words"] if said else {}
        for name in modules(page):
            run.add(name)
            source = (FOLDER / name).read_text(encoding="utf-8")
            assert not set(re.findall(r'\bsay\((?:\w+ \? )?"([a-z-]+)"', source)) - known.keys(), (path, name)
            parts = set(re.findall(r'(?:\$|getElementById)\("([a-z-]+)"\)', source))
            assert not {part for part in parts if f'id="{part}"' not in page}, (path, name)
    assert run | {"theme.js"} == {each.name for each in FOLDER.glob("*.js")}


def unsaid(officer: httpx.Client, house: House) -> str:
    """A bulletin that was not said yet."""
    bulletin = officer.post("/api/v1/bulletins", files={"file": ("b.mp3", b"other")}, data={"title": "Chưa phát"}).json()["id"]
    house.prepare_all()
    return str(bulletin)


def tables() -> dict[str, dict[str, tuple[str, str]]]:
    """Every table of words that pages and their modules have."""
    found = {}
    for path in Path(words.__file__).parent.glob("*words.py"):
        module = importlib.import_module(f"controller.web.{path.stem}")
        found |= {
            f"{path.stem}.{name}": table for name, table in vars(module).items() if name.isupper() and isinstance(table, dict)
        }
    return found


@pytest.mark.parametrize("name", tables())
def test_every_word_is_there_in_both_languages(name: str) -> None:
    for key, (vi, en) in tables()[name].items():
        assert vi, key
        assert en, key
        assert set(re.findall(r"\{\w+\}", vi)) == set(re.findall(r"\{\w+\}", en)), key


def test_no_word_of_a_page_is_overwritten_by_another_page_s() -> None:
    source = Path(words.__file__).read_text(encoding="utf-8").partition("COMMON:")[0]
    keys = re.findall(r'^    "([a-z-]+)": \(', source, re.MULTILINE)
    keys += [key for name, table in tables().items() if name.endswith("_words.WORDS") for key in table]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


def test_moments_are_shown_in_vietnamese_time() -> None:
    when = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
    assert local(when, datetime(2026, 11, 22, 18, 0, tzinfo=UTC)) == "00:30"
    assert local(when, datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == "00:30 · 23/11"
    assert local(when, datetime(2027, 1, 1, tzinfo=UTC)) == "00:30 · 23/11/2026"


@pytest.mark.parametrize(
    ("ms", "shown"), [(0, "0:00"), (3_000, "0:03"), (59_600, "1:00"), (65_000, "1:05"), (3_600_000, "60:00")]
)
def test_a_length_is_shown_as_a_player_shows_it(ms: int, shown: str) -> None:
    assert length(ms) == shown


def test_an_address_that_is_none_is_a_page_for_people_and_json_for_programs(officer: httpx.Client) -> None:
    page = officer.get("/nowhere", headers=HTML)
    assert page.status_code == 404
    assert "Không có địa chỉ này." in page.text
    assert officer.get("/airings/none", headers=HTML).status_code == 404
    assert officer.get("/nowhere").json()["code"] == "request.not-found"


def test_the_own_password_by_page(officer: httpx.Client) -> None:
    wrong = officer.post("/password", data={"old": "sai", "new": "mat-khau-moi"})
    assert "Mật khẩu hiện tại không đúng." in wrong.text
    assert "Đã đổi mật khẩu." in officer.post("/password", data={"old": PASSWORD, "new": "mat-khau-moi"}).text


@pytest.mark.parametrize(
    ("place", "vi", "en"),
    [
        ("may-2:8080", "<strong>may-2:8080</strong>, từ", "<strong>may-2:8080</strong>, since"),
        ("", "Lúc này chưa máy nào trực", "No controller acts at this moment"),
    ],
)
def test_a_page_that_stands_by_says_calmly_who_acts(house: House, place: str, vi: str, en: str) -> None:
    acting = Acting(here=False, place=place, since_ms=NOW_MS)
    with browser(replace(house, services=replace(house.services, acting=lambda: acting))) as client:
        client.post("/api/v1/session", json={"name": "canbo", "password": PASSWORD})
        assert vi in client.get("/").text
        assert en in client.get("/?lang=en").text


def test_a_page_of_the_one_that_acts_says_nothing_of_it(officer: httpx.Client) -> None:
    assert "dự phòng" not in officer.get("/").text


@pytest.mark.parametrize(("role", "composes"), [(Role.HEAD, True), (Role.LEADER, False), (Role.AUDITOR, False)])
def test_everybody_finds_the_pages_that_are_for_them(nobody: httpx.Client, house: House, role: Role, composes: bool) -> None:
    house.services.make_demo(OPERATOR)
    house.services.users.add("ai", PASSWORD, [(role, "x01576-1")], by=OPERATOR)
    assert sign_in(nobody, name="ai").status_code == 303
    first = nobody.get("/").text
    assert ('href="/compose"' in first) == composes
    page = nobody.get("/compose")
    assert (page.status_code == 200) == composes
    assert page.status_code == 200 or page.json()["code"] == "right.none"
    assert ('id="compose"' in page.text) == composes
    assert "Đàm Thuỷ" not in page.text
    for item in nav.ITEMS:
        answer = nobody.get(item.path)
        assert (answer.status_code == 200) == (f'href="{item.path}"' in first), item.path


@pytest.mark.parametrize(("role", "stops"), [(Role.HEAD, True), (Role.LEADER, True), (Role.AUDITOR, False)])
def test_an_airing_s_page_offers_what_its_person_may_do(nobody: httpx.Client, house: House, role: Role, stops: bool) -> None:
    house.services.make_demo(OPERATOR)
    house.services.users.add("ai", PASSWORD, [(role, "x01576-1")], by=OPERATOR)
    nobody.headers["Authorization"] = f"Bearer {house.services.local_token}"
    nobody.post("/api/v1/bulletins", files={"file": ("a.mp3", b"sound")}, data={"title": "Họp", "to": "x01576-1"})
    house.prepare_all()
    [airing] = nobody.get("/api/v1/airings").json()
    del nobody.headers["Authorization"]
    sign_in(nobody, name="ai")
    assert f'data-stops="{int(stops)}"' in nobody.get(f"/airings/{airing['id']}").text

"""The pages of people and of one's own account: plain forms that keep what was typed, and show what is shown once."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from controller.domain.errors import Refused
from controller.domain.rights import OPERATOR, Role
from controller.domain.unit import Level, Unit
from controller.web.people_pages import find
from tests.unit.controller.web.conftest import PASSWORD, House, browser


@pytest.fixture
def commune(house: House) -> Iterator[httpx.Client]:
    """An administrator of one commune of the demo."""
    house.services.make_demo(OPERATOR)
    house.services.users.add("quản trị xã", PASSWORD, [(Role.ADMIN, "x01576")], by=OPERATOR)
    with browser(house) as client:
        client.post("/login", data={"name": "quản trị xã", "password": PASSWORD})
        yield client


def link_in(page: str) -> str:
    found = re.search(r'<code id="link">([^<]+)</code>', page)
    assert found is not None, page
    return found[1]


def test_a_village_head_is_invited_with_three_fields(commune: httpx.Client, house: House) -> None:
    form = {"name": "Nông Văn An", "role": "head", "unit": "Lũng Vài, Quảng Uyên"}
    shown = commune.post("/people", data=form)
    assert (shown.status_code, "<svg" in shown.text) == (200, True)
    token = link_in(shown.text).partition("#")[2]
    assert house.services.invitations.whose(token).grants[0].unit == "x01576-3"
    assert "Trưởng thôn · Lũng Vài" in commune.get("/people").text
    again = commune.post("/people", data=form)  # the back button, and once more
    assert (again.status_code, 'value="Nông Văn An"' in again.text) == (409, True)
    assert "Đã có tài khoản mang tên này." in again.text


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"unit": "Đàm Thuỷ"}, 422, "Không có nơi nào tên “Đàm Thuỷ”."),
        ({"unit": "*"}, 403, "Tài khoản này không được sửa tài khoản."),
        ({"unit": "p04"}, 403, "Tài khoản này không được sửa tài khoản"),
        ({"role": "boss"}, 422, "Chưa chọn vai trò."),
        ({"name": " "}, 422, "Tên tài khoản phải có từ 1 đến 64 chữ."),
    ],
)
def test_what_can_not_be_stays_as_it_was_typed_and_says_why(
    commune: httpx.Client, fields: dict[str, str], status: int, said: str
) -> None:
    typed = {"name": "mới", "role": "head", "unit": "Khào A"} | fields
    page = commune.post("/people", data=typed)
    assert (page.status_code, said in page.text) == (status, True), page.text
    assert f'value="{typed["unit"]}"' in page.text


def test_roles_are_taken_back_and_given_and_accounts_end(commune: httpx.Client, house: House) -> None:
    users = house.services.users
    head = users.add("an", PASSWORD, [(Role.HEAD, "x01576-1")], by=OPERATOR)
    at = f"/people/{head.id}"
    commune.post(f"{at}/roles", data={"keep": "head@x01576-1", "role": "technician", "unit": "quang uyen"})
    commune.post(f"{at}/roles", data={"keep": ["technician@x01576"]})
    [found] = [user for user in users.list(by=OPERATOR) if user.id == head.id]
    assert [(grant.role, grant.unit) for grant in found.grants] == [(Role.TECHNICIAN, "x01576")]
    none = commune.post(f"{at}/roles", data={})
    assert (none.status_code, "ít nhất một vai trò" in none.text) == (422, True)
    assert link_in(commune.post(f"{at}/invitation").text)
    assert commune.post(f"{at}/second-off").status_code == 303
    assert commune.post(f"{at}/remove").headers["location"] == "/people"
    assert head.id not in commune.get("/people").text


def test_who_reaches_further_is_shown_and_not_to_be_edited(commune: httpx.Client, house: House) -> None:
    further = house.services.users.add("hai xã", PASSWORD, [(Role.TECHNICIAN, "x01576"), (Role.HEAD, "x01501-1")], by=OPERATOR)
    page = commune.get("/people").text
    assert "hai xã" in page
    assert f"/people/{further.id}/remove" not in page
    refused = commune.post(f"/people/{further.id}/remove")
    assert (refused.status_code, "không được sửa tài khoản" in refused.text) == (403, True)
    assert further.id in commune.get("/people").text
    assert "canbo" not in page  # of the province
    nobody = commune.post("/people/nobody/remove")
    assert (nobody.status_code, "Không có tài khoản này." in nobody.text) == (404, True)


def test_who_is_no_administrator_finds_no_door(house: House) -> None:
    house.services.make_demo(OPERATOR)
    with browser(house) as client:
        assert client.get("/people").headers["location"] == "/login"
        assert client.post("/people/x/remove").headers["location"] == "/login"
        assert client.get("/account").headers["location"] == "/login"
        client.post("/login", data={"name": "truongthon", "password": "tieng-lang-2026"})
        assert 'href="/people"' not in client.get("/").text
        for answer in (client.get("/people"), client.post("/people", data={"name": "x", "role": "head", "unit": "Khào A"})):
            assert (answer.status_code, answer.json()["code"]) == (403, "right.none")


def test_names_are_shown_as_they_are(commune: httpx.Client, house: House) -> None:
    house.services.users.add('<b onload="x">', PASSWORD, [(Role.HEAD, "x01576-1")], by=OPERATOR)
    assert "<b onload" not in commune.get("/people").text


def test_the_second_step_is_turned_on_and_off_on_ones_own_page(commune: httpx.Client, house: House) -> None:
    wrong = commune.post("/account/second", data={"password": "sai-mat-khau"})
    assert (wrong.status_code, "Mật khẩu hiện tại không đúng" in wrong.text) == (422, True), wrong.text
    offered = commune.post("/account/second", data={"password": PASSWORD}).text
    secret = re.search(r'<code class="secret">([A-Z2-7]+)</code>', offered)
    address = re.search(r'name="address" value="([^"]+)"', offered)
    assert secret is not None
    assert address is not None
    kept = {"secret": secret[1], "address": address[1].replace("&amp;", "&")}
    missed = commune.post("/account/second/confirm", data=kept | {"code": "000000"})
    assert (missed.status_code, secret[1] in missed.text, "<svg" in missed.text) == (401, True, True)
    code = TOTP(base64.b32decode(secret[1]), 6, SHA1(), 30).generate(house.clock.now_ms() // 1000).decode()
    assert commune.post("/account/second/confirm", data=kept | {"code": code}).status_code == 303
    assert "đang bật" in commune.get("/account").text
    assert commune.post("/account/second/off", data={"password": PASSWORD}).status_code == 303
    assert "đang bật" not in commune.get("/account").text


def test_sessions_and_tokens_are_seen_made_and_ended_there(commune: httpx.Client, house: House) -> None:
    lost = house.services.sessions.sign_in("quản trị xã", PASSWORD).token
    page = commune.get("/account").text
    [session] = re.findall(r'action="/account/sessions/([^/"]+)/end"', page)
    assert "Máy này" in page
    assert commune.post(f"/account/sessions/{session}/end").status_code == 303
    assert house.services.sessions.who(lost) is None
    made = commune.post("/account/tokens", data={"name": "đài tỉnh", "deeds": ["airing.say"], "days": "30"}).text
    secret = re.search(r'<code class="secret">(tl_[^<]+)</code>', made)
    assert secret is not None
    assert house.services.tokens.who(secret[1]) is not None
    page = commune.get("/account").text
    assert secret[1] not in page
    [token] = re.findall(r'action="/account/tokens/([^/"]+)/end"', page)
    assert commune.post(f"/account/tokens/{token}/end").status_code == 303
    assert house.services.tokens.who(secret[1]) is None
    unnamed = commune.post("/account/tokens", data={"name": " "})
    assert (unnamed.status_code, "Tên mã truy cập" in unnamed.text) == (422, True)
    assert 'value="user.edit"' not in page


def test_a_place_is_found_by_label_id_or_a_name_that_only_it_has() -> None:
    units = [
        Unit(id="x1", parent=None, level=Level.COMMUNE, name="Quảng Uyên", path=("x1",)),
        Unit(id="x1-1", parent="x1", level=Level.VILLAGE, name="Khào A", path=("x1", "x1-1")),
        Unit(id="x2", parent=None, level=Level.COMMUNE, name="Đàm Thuỷ", path=("x2",)),
        Unit(id="x2-1", parent="x2", level=Level.VILLAGE, name="Khào A", path=("x2", "x2-1")),
    ]
    assert [find(units, text).id for text in ("dam thuy", "X1-1", "Khào A, Đàm Thuỷ", "khao a, uyen")] == [
        "x2",
        "x1-1",
        "x2-1",
        "x1-1",
    ]
    for text, code in (
        ("Khào A", "unit.several"),
        ("Khào", "unit.several"),
        ("", "unit.none"),
        (" , ", "unit.none"),
        ("Khào C", "unit.none"),
    ):
        with pytest.raises(Refused) as refused:
            find(units, text)
        assert refused.value.code == code

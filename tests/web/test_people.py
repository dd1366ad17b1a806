"""People, as they are set up: an administrator invites a village head, who opens the link on a phone and speaks to one place."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Browser, Page, expect

from tests.support.stack import Stack
from tests.web.conftest import PHONE, SMALLEST, shoot, short_sound, sign_in

WORD = "họp thôn tối thứ bảy"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Forty loudspeakers in two communes."""
    with Stack(tmp_path) as stack:
        yield stack


def fits(page: Page) -> None:
    page.set_viewport_size(SMALLEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]


def test_a_village_head_is_invited_and_speaks_to_the_own_village_only(
    page: Page, chromium: Browser, stack: Stack, tmp_path: Path
) -> None:
    url = stack.controller.url
    sign_in(page, url)
    page.get_by_role("link", name="Tài khoản").click()
    shoot(page, "people")
    page.get_by_label("Tên đăng nhập").fill("nông văn an")
    page.locator("#role-new").select_option("head")
    page.locator("#unit-new").fill("Lũng Vài")
    page.get_by_role("button", name="Tạo lời mời").click()
    expect(page.get_by_role("heading", name="Lời mời cho nông văn an")).to_be_visible()
    shoot(page, "invitation", whole=False)
    link = page.locator("#link").inner_text()
    fits(page)

    phone = chromium.new_context(viewport=PHONE, locale="vi-VN", is_mobile=True, has_touch=True).new_page()
    phone.set_default_timeout(15_000)
    phone.goto(link)
    phone.locator("#new").fill("ngắn")
    phone.locator("#new").evaluate("field => field.minLength = 0")
    phone.get_by_role("button", name="Vào Tiếng Làng").click()
    expect(phone.locator("#problem")).to_contain_text("8")
    phone.locator("#new").fill(WORD)
    shoot(phone, "invited-phone", whole=False)
    phone.get_by_role("button", name="Vào Tiếng Làng").click()
    phone.get_by_role("link", name="Bản tin mới").click()
    phone.get_by_role("heading", name="Bản tin mới").wait_for()
    assert phone.locator("#tree input[value]").count() == 1
    assert phone.get_by_text("Đàm Thuỷ").count() == 0
    phone.locator("#file").set_input_files(short_sound(tmp_path))
    phone.get_by_label("Tên bản tin").fill("Họp thôn")
    expect(phone.locator("#chosen")).to_have_text("Đã chọn 3 cụm loa ở 1 thôn")  # the only one is chosen already
    phone.get_by_role("button", name="Phát ngay tới 3 cụm loa").click()
    expect(phone.locator("#headline")).to_have_text("Cả 3 cụm loa đã phát xong.", timeout=60_000)
    shoot(phone, "village-head-phone", whole=False)

    phone.goto(link)  # it was good once
    phone.locator("#new").fill(WORD)
    phone.get_by_role("button", name="Vào Tiếng Làng").click()
    expect(phone.locator("#problem")).to_contain_text("đã dùng rồi")
    phone.context.close()


def test_a_second_step_is_turned_on_by_scanning_and_asked_for_at_the_door(page: Page, stack: Stack) -> None:
    url = stack.controller.url
    sign_in(page, url, "lanhdao")
    assert page.get_by_role("link", name="Bản tin mới").count() == 0
    page.get_by_role("link", name="lanhdao").click()
    page.locator("#second-password").fill("tieng-lang-2026")
    page.get_by_role("button", name="Bật").click()
    expect(page.get_by_role("img", name="Mã QR")).to_be_visible()
    secret = base64.b32decode(page.locator("#second .secret").inner_text())
    shoot(page, "second-step")
    page.get_by_label("Mã 6 số").fill(code(secret))
    page.get_by_role("button", name="Xác nhận").click()
    expect(page.get_by_text("đang bật")).to_be_visible()
    shoot(page, "account")
    fits(page)
    page.get_by_role("button", name="Đăng xuất", exact=True).first.click()
    page.get_by_label("Tên đăng nhập").fill("lanhdao")
    page.get_by_label("Mật khẩu").fill("tieng-lang-2026")
    page.get_by_role("button", name="Đăng nhập").click()
    page.get_by_label("Mã 6 số").fill(code(secret, 30))  # the one before was used
    page.get_by_label("Mật khẩu").fill("tieng-lang-2026")
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", name="Các lượt phát gần đây")).to_be_visible()


def code(secret: bytes, later_s: int = 0) -> str:
    """What the app on the phone shows."""
    return TOTP(secret, 6, SHA1(), 30).generate(int(time.time()) + later_s).decode()

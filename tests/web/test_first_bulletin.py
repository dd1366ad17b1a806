"""The first bulletin, as an officer says it: a real browser, the real server, a fleet of simulated loudspeakers behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.stack import Controller, Stack
from tests.web.conftest import PHONE, SMALLEST, shoot, short_sound, sign_in


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Forty loudspeakers in two communes."""
    with Stack(tmp_path) as stack:
        yield stack


def test_from_signing_in_to_forty_loudspeakers_that_played(page: Page, stack: Stack, tmp_path: Path) -> None:
    sound = short_sound(tmp_path, 4)
    url = stack.controller.url
    page.goto(url)
    shoot(page, "login", whole=False)
    sign_in(page, url)
    expect(page.get_by_text("Chưa phát bản tin nào")).to_be_visible()
    page.get_by_role("link", name="Bản tin mới").click()
    page.locator("#file").set_input_files(sound)
    expect(page.locator("#file-name")).to_have_text(sound.name)
    expect(page.locator("#file-about")).to_contain_text("0:")
    page.get_by_label("Tên bản tin").fill("Họp thôn tối nay lúc 19 giờ")
    page.get_by_role("button", name="Chọn tất cả").click()
    expect(page.get_by_text("Đã chọn 40 cụm loa ở 13 thôn")).to_be_visible()
    shoot(page, "compose")
    page.get_by_role("button", name="Phát ngay tới 40 cụm loa").click()

    expect(page.locator("#ledger")).to_be_visible(timeout=60_000)
    expect(page.locator(".place .cell")).to_have_count(40)
    expect(page.locator(".cell.s-started").first).to_be_attached(timeout=30_000)
    shoot(page, "page-playing")
    expect(page.locator("#headline")).to_have_text("Cả 40 cụm loa đã phát xong.", timeout=60_000)
    expect(page.locator("#stop")).to_be_hidden()

    page.locator(".place .cell").first.click()
    expect(page.locator("#detail")).to_contain_text("Đã phát xong")
    shoot(page, "detail", whole=False)
    page.keyboard.press("Escape")
    shoot(page, "page")
    page.set_viewport_size(PHONE)
    shoot(page, "page-phone")
    page.set_viewport_size(SMALLEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]

    page.reload()  # the address is the airing's: the same ledger stands there again
    expect(page.locator("#headline")).to_have_text("Cả 40 cụm loa đã phát xong.")
    page.get_by_role("link", name="Hôm nay").last.click()
    expect(page.locator("#recent .stage").first).to_have_text("40/40")


def test_silent_places_are_named_with_their_reason(page: Page, stack: Stack, tmp_path: Path) -> None:
    sound = short_sound(tmp_path, 4)
    by_name = {node["name"]: node["id"] for node in stack.controller.call("GET", "/nodes")}
    stack.fleet.ask(fault="dead_horn", nodes=[by_name["Lũng Vài 2"]])
    stack.fleet.ask(fault="full_disk", nodes=[by_name["Khào A 1"]])
    bulletin = stack.clip(sound, "Tiêm phòng cho trẻ em sáng thứ bảy")
    sign_in(page, stack.controller.url)
    airing = stack.say(bulletin)
    page.goto(f"{stack.controller.url}/airings/{airing}")
    expect(page.locator("#headline")).to_have_text(
        "38 trên 40 cụm loa đã phát xong; im lặng: Khào A 1, Lũng Vài 2.", timeout=100_000
    )
    page.get_by_role("button", name="Khào A 1").click()
    expect(page.locator("#detail")).to_contain_text("Lý do")
    shoot(page, "silent-detail", whole=False)
    page.keyboard.press("Escape")
    shoot(page, "silent")
    page.emulate_media(color_scheme="dark")
    shoot(page, "silent-dark")
    page.goto(f"{stack.controller.url}/airings/{airing}?lang=en")
    expect(page.locator("#headline")).to_have_text("38 of 40 loudspeakers have played it; silent: Khào A 1, Lũng Vài 2.")


def test_said_for_a_time_then_cancelled(page: Page, stack: Stack, tmp_path: Path) -> None:
    sound = short_sound(tmp_path, 4)
    sign_in(page, stack.controller.url)
    page.goto(f"{stack.controller.url}/compose")
    page.locator("#file").set_input_files(sound)
    page.get_by_label("Tìm thôn, xã").fill("lung vai")
    page.get_by_role("button", name="Chọn tất cả").click()
    expect(page.get_by_text("Đã chọn 3 cụm loa ở 1 thôn")).to_be_visible()
    page.get_by_text("Hẹn giờ", exact=True).click()
    page.get_by_role("button", name="05:00 ngày mai").click()
    page.get_by_role("button", name="Hẹn phát tới 3 cụm loa").click()
    expect(page.locator("#ledger-when")).to_contain_text("05:00", timeout=60_000)
    expect(page.locator(".place .s-cached")).to_have_count(3, timeout=60_000)
    shoot(page, "planned")
    page.get_by_role("button", name="Huỷ lượt phát").click()
    shoot(page, "cancel", whole=False)
    page.locator("#ask-yes").click()
    expect(page.locator("#headline")).to_have_text("Đã huỷ, không cụm loa nào phát.", timeout=30_000)


def test_a_bad_file_is_refused_and_nothing_typed_is_lost(page: Page, stack: Stack, tmp_path: Path) -> None:
    sign_in(page, stack.controller.url)
    page.goto(f"{stack.controller.url}/compose")
    page.get_by_role("button", name="Phát", exact=True).click()
    expect(page.locator("#problem")).to_have_text("Chưa chọn tệp âm thanh.")
    picture = tmp_path / "anh.mp3"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5_000))
    page.locator("#file").set_input_files(picture)
    page.get_by_label("Tên bản tin").fill("Thông báo tiêm phòng")
    page.get_by_role("button", name="Chọn tất cả").click()
    page.get_by_role("button", name="Phát ngay tới 40 cụm loa").click()
    expect(page.locator("#problem")).to_contain_text("ảnh", timeout=30_000)
    expect(page.get_by_label("Tên bản tin")).to_have_value("Thông báo tiêm phòng")
    expect(page.get_by_text("Đã chọn 40 cụm loa ở 13 thôn")).to_be_visible()
    shoot(page, "refused")
    stack.controller.kill()
    page.get_by_role("button", name="Phát ngay tới 40 cụm loa").click()
    expect(page.locator("#problem")).to_contain_text("Những gì đã điền vẫn còn")
    expect(page.get_by_label("Tên bản tin")).to_have_value("Thông báo tiêm phòng")


def test_a_fresh_server_says_what_to_do_first(page: Page, tmp_path: Path) -> None:
    controller = Controller(tmp_path / "controller", demo=False)
    controller.start()
    try:
        [(name, password)] = re.findall(r"first account: (\S+) .*password: (\S+)", controller.log)
        sign_in(page, controller.url, name, password)
        page.goto(f"{controller.url}/compose")
        expect(page.get_by_text("Chưa có xã nào.")).to_be_visible()
        expect(page.get_by_text("tienglang units import")).to_be_visible()
        shoot(page, "empty")
        page.get_by_role("link", name=name).click()
        page.get_by_role("link", name="Đổi mật khẩu").click()
        page.get_by_label("Mật khẩu hiện tại").fill(password)
        page.get_by_label("Mật khẩu mới").fill("mat-khau-cua-toi")
        page.get_by_role("button", name="Đổi mật khẩu").click()
        expect(page.get_by_text("Đã đổi mật khẩu.")).to_be_visible()
    finally:
        controller.kill()

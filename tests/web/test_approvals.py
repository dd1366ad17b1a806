"""Two persons and one bulletin: an editor at a desk sends it, a leader on a phone hears it and says yes, or returns it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.stack import Stack
from tests.web.conftest import PHONE, SMALLEST, shoot, short_sound, sign_in


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Forty loudspeakers in two communes; one of these asks for a leader's yes."""
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


def compose(page: Page, url: str, sound: Path, title: str, village: str, nodes: int) -> None:
    page.goto(f"{url}/compose")
    page.locator("#file").set_input_files(sound)
    page.locator("#title").fill(title)
    page.get_by_label("Tìm thôn, xã").fill(village)
    page.get_by_role("button", name="Chọn tất cả").click()
    page.get_by_role("button", name=f"Phát ngay tới {nodes} cụm loa").click()
    expect(page.get_by_text("Đang chờ duyệt")).to_be_visible(timeout=60_000)


def airings(stack: Stack) -> list[str]:
    return [airing["title"] for airing in stack.controller.call("GET", "/airings")]


def test_an_editor_sends_it_a_leader_returns_it_once_and_says_yes_with_one_thumb(
    page: Page, chromium: Browser, stack: Stack, tmp_path: Path
) -> None:
    url = stack.controller.url
    sound = short_sound(tmp_path)
    sign_in(page, url, "bientap")
    compose(page, url, sound, "Tiêm phòng cho trẻ em", "pac rang", 4)
    expect(page.get_by_text("phải được duyệt trước khi phát")).to_be_visible()
    shoot(page, "approval-waits")

    phone = chromium.new_context(viewport=PHONE, locale="vi-VN", is_mobile=True, has_touch=True).new_page()
    phone.set_default_timeout(15_000)
    sign_in(phone, url, "lanhdao")
    phone.get_by_role("button", name="Các trang").tap()
    phone.get_by_role("link", name="Chờ duyệt", exact=True).tap()
    expect(phone.get_by_role("heading", name="1 bản tin chờ bạn duyệt.")).to_be_visible()
    expect(phone.get_by_text("1 thôn nghe lúc")).to_be_visible()
    shoot(phone, "approval-phone")
    assert phone.locator("audio").evaluate("sound => { sound.muted = true; return sound.play().then(() => sound.duration) }") > 1
    phone.get_by_text("Trả lại", exact=True).tap()
    phone.get_by_role("button", name="Nói rõ ngày, giờ").tap()
    shoot(phone, "approval-return-phone")
    phone.get_by_role("button", name="Gửi lời nhắn và trả lại").tap()
    expect(phone.get_by_role("status")).to_contain_text("Đã trả lại: Tiêm phòng cho trẻ em")

    expect(page.get_by_text("Nói rõ ngày, giờ.")).to_be_visible(timeout=20_000)  # the author's page looks by itself
    shoot(page, "approval-returned")
    page.get_by_role("button", name="Gửi duyệt lại").click()
    expect(page.get_by_role("status")).to_contain_text("Đã gửi duyệt")
    page.get_by_role("link", name="Xem bản tin").click()

    phone.reload()
    phone.get_by_role("button", name="Duyệt", exact=True).tap()
    expect(phone.get_by_role("status")).to_contain_text("Đã duyệt: Tiêm phòng cho trẻ em")
    phone.set_viewport_size(SMALLEST)
    assert phone.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]
    phone.get_by_role("link", name="Xem phát đến đâu").tap()
    expect(phone.locator("#headline")).to_have_text("Cả 4 cụm loa đã phát xong.", timeout=60_000)
    expect(page.locator("#headline")).to_have_text("Cả 4 cụm loa đã phát xong.", timeout=30_000)  # it followed by itself
    phone.go_back()
    expect(phone.get_by_role("button", name="Duyệt", exact=True)).to_have_count(0)
    assert airings(stack).count("Tiêm phòng cho trẻ em") == 1
    phone.context.close()


def test_a_leader_in_the_dark_sees_what_was_withdrawn_go(page: Page, stack: Stack, tmp_path: Path) -> None:
    url = stack.controller.url
    sound = short_sound(tmp_path)
    sign_in(page, url, "bientap")
    compose(page, url, sound, "Họp xã", "lung vai", 3)
    page.get_by_role("button", name="Rút lại").click()
    expect(page.get_by_role("status")).to_contain_text("Đã rút lại: Họp xã")
    expect(page.get_by_text("Chưa gửi")).to_be_visible()
    compose(page, url, sound, "Lịch cắt điện", "khao a", 2)
    page.get_by_role("button", name="Đăng xuất").click()
    page.emulate_media(color_scheme="dark")
    sign_in(page, url, "lanhdao")
    page.get_by_role("link", name="Chờ duyệt", exact=True).click()
    expect(page.get_by_role("heading", name="1 bản tin chờ bạn duyệt.")).to_be_visible()
    expect(page.get_by_text("1 thôn nghe lúc")).to_be_visible()
    shoot(page, "approval-dark")
    assert {"Họp xã", "Lịch cắt điện"}.isdisjoint(airings(stack))

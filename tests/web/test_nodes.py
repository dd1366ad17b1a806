"""A technician's day on a phone: who is silent and since when, a test phrase that is heard, a move, an end; and a page that
stays open on a ladder."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from controller.db.tables import alarms
from tests.support.stack import Stack
from tests.web.conftest import PHONE, SMALLEST, shoot, sign_in

SILENT, LIVING, MOVED, ENDED = "x01576-3-l2", "x01576-1-l1", "x01576-4-l2", "x01576-7-l4"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Forty loudspeakers in two communes."""
    with Stack(tmp_path_factory.mktemp("nodes")) as stack:
        yield stack


@pytest.fixture
def phone(chromium: Browser, stack: Stack) -> Iterator[Page]:
    """The technician's."""
    context = chromium.new_context(viewport=PHONE, locale="vi-VN", is_mobile=True, has_touch=True)
    phone = context.new_page()
    phone.set_default_timeout(15_000)
    sign_in(phone, stack.controller.url, "kythuat")
    yield phone
    context.close()


def fits(page: Page) -> None:
    page.set_viewport_size(SMALLEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]
    small = page.evaluate(
        "[...document.querySelectorAll('main :is(a, button, summary, input)')].filter((each) => each.offsetParent"
        " && each.getBoundingClientRect().height < 43.5).map((each) => each.outerHTML.slice(0, 90))"
    )
    assert small == []


def look(page: Page) -> None:
    """As when somebody comes back to the page: it looks at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def is_silent(stack: Stack, node: str) -> bool:
    said = stack.controller.call("GET", "/nodes")
    return any(each["id"] == node and not each["online"] for each in said)


def test_a_silent_loudspeaker_is_named_and_looked_at_on_a_ladder_and_another_plays_the_test_phrase(
    phone: Page, stack: Stack
) -> None:
    stack.fleet.ask(fault="offline", nodes=[SILENT])
    stack.wait_for(lambda: is_silent(stack, SILENT), 20)
    phone.get_by_role("button", name="Các trang").click()
    phone.get_by_role("link", name="Cụm loa", exact=True).click()
    expect(phone.locator("#headline")).to_have_text("39 trong 40 cụm loa đang nối mạng; im lặng: Lũng Vài 2.")
    first = phone.locator(".node").first
    expect(first).to_contain_text("Lũng Vài 2")
    expect(first).to_contain_text("Im lặng từ")
    expect(first).to_contain_text("Đã mất kết nối")
    shoot(phone, "nodes-phone", whole=False)
    phone.get_by_label("Tìm cụm loa, thôn, xã").fill("lung vai")
    phone.get_by_role("button", name="Tìm", exact=True).click()
    expect(phone.locator(".node")).to_have_count(3)
    phone.get_by_role("link", name="Lũng Vài 2").click()
    expect(phone.locator("#headline")).to_contain_text("Im lặng từ")
    shoot(phone, "node-silent-phone", whole=False)
    stack.fleet.ask(fault="offline", nodes=[SILENT], on=False)  # the plug is found, and put in again
    expect(phone.locator("#headline")).to_have_text("Đang nối mạng", timeout=20_000)

    phone.goto(f"{stack.controller.url}/nodes/{LIVING}")  # and its neighbour is tried
    phone.get_by_role("button", name="Phát thử").click()
    expect(phone.locator(".test-said")).to_contain_text("chờ cụm loa trả lời")
    expect(phone.locator(".test-said strong")).to_have_text("Đang phát thử. Hãy lắng nghe.", timeout=15_000)
    expect(phone.locator(".test-said strong")).to_have_text("Đã phát xong, có tiếng", timeout=15_000)
    shoot(phone, "node-phone")
    heard = {sound["node"] for sound in stack.fleet.sounds()}
    assert heard == {LIVING}
    phone.route("**/fragments/**", lambda route: route.abort())
    look(phone)
    expect(phone.locator("#link-lost")).to_contain_text("Mất liên lạc với máy chủ", timeout=10_000)
    phone.unroute("**/fragments/**")
    look(phone)
    expect(phone.locator("#link-lost")).to_be_hidden(timeout=10_000)
    phone.route("**/fragments/**", lambda route: route.fulfill(body="<p data-part='strange'></p>"))
    look(phone)
    expect(phone.locator("#link-lost")).to_be_visible()
    phone.unroute("**/fragments/**")
    expect(phone.locator("#link-lost")).to_be_hidden(timeout=10_000)  # it goes on looking
    fits(phone)
    shoot(phone, "node-smallest")


@pytest.mark.soak
def test_it_is_moved_and_another_is_retired_by_a_second_button(phone: Page, stack: Stack) -> None:
    url = stack.controller.url
    phone.goto(f"{url}/nodes/{MOVED}")
    phone.get_by_text("Chuyển sang thôn khác").click()
    phone.get_by_label("Thôn mới").fill("lung vai")
    shoot(phone, "node-move-phone")
    phone.get_by_role("button", name="Chuyển", exact=True).click()
    expect(phone.get_by_text("Đã chuyển.")).to_be_visible()
    expect(phone.locator(".node-place")).to_contain_text("Lũng Vài")
    expect(phone.locator(".facts").last).not_to_contain_text("chưa có bản", timeout=15_000)
    phone.goto(f"{url}/nodes/{ENDED}")
    phone.get_by_text("Ngừng dùng cụm loa này").click()
    shoot(phone, "node-retire-phone")
    phone.get_by_role("button", name="Ngừng dùng hẳn: Tình Đông 4").click()
    expect(phone.get_by_text("Cụm loa này đã ngừng dùng")).to_be_visible()
    phone.goto(f"{url}/nodes")
    expect(phone.locator("#headline")).to_have_text("Cả 39 cụm loa đang nối mạng.")
    phone.get_by_role("heading", name="Thêm cụm loa").click()
    fits(phone)
    shoot(phone, "nodes-smallest")


@pytest.mark.soak
def test_the_desk_has_the_same_pages_in_the_dark_and_closes_an_alarm(page: Page, stack: Stack) -> None:
    silent = "x01501-2-l1"
    stack.fleet.ask(fault="offline", nodes=[silent])
    stack.wait_for(lambda: is_silent(stack, silent), 20)
    now_ms = int(time.time() * 1000)
    said = {"node": "", "generation": 1, "life": "00000000000000aa", "t": 1, "u": 9, "uptime_s": 300_000, "mains": 12}
    said |= {"battery": 109, "signal": -107, "temperature": 415, "disk_free": 40_000_000, "clips": 12}
    with stack.database() as connection:  # boards that measure it come with the amplifier's driver
        tell = text("update node_status set health = :said where node = :node")
        for node in (silent, LIVING):
            connection.execute(tell, {"node": node, "said": json.dumps(said | {"node": node, "t": now_ms})})
            raised = {
                "code": "node.clock.moved",
                "node": node,
                "first_ms": now_ms - 600_000,
                "last_ms": now_ms,
                "number": 3,
                "detail": "{}",
            }
            connection.execute(alarms.insert(), [raised])
        connection.commit()
    page.emulate_media(color_scheme="dark")
    sign_in(page, stack.controller.url)
    page.goto(f"{stack.controller.url}/nodes")
    expect(page.locator("#headline")).to_contain_text("im lặng: Bản Gun 1; 2 cụm loa có cảnh báo")
    expect(page.locator(".node").first).to_contain_text("Đã mất kết nối, mất điện lưới, ắc quy 10,9 V")
    shoot(page, "nodes-dark", whole=False)
    page.goto(f"{stack.controller.url}/nodes/{LIVING}")
    page.locator("#test-play").focus()
    with page.expect_response("**/fragments/**"):
        look(page)
    assert page.evaluate("document.activeElement.id") == "test-play"  # though it was drawn anew
    shoot(page, "node-dark")
    page.get_by_role("button", name="Đã xử lý, đóng").click()
    expect(page.get_by_text("Cảnh báo đang mở")).to_be_hidden()

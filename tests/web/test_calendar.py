"""The calendar: a programme is made, two that collide are brought apart by dragging, a turn is left out and put back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.stack import Stack
from tests.web.conftest import PHONE, SMALLEST, shoot, sign_in

COMMUNE = "x01576"
HERE = timedelta(hours=7)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Forty loudspeakers in two communes, quiet hours, and two programmes in each other's way."""
    with Stack(tmp_path_factory.mktemp("calendar")) as stack:
        call = stack.controller.call
        call("PUT", f"/policies/{COMMUNE}", json={"version": 1, "policy": {"hours": [{"from": "05:00", "to": "21:00"}]}})
        jingle = {"take": "pieces", "bulletins": [stack.clip(title="Nhạc hiệu")]}
        make(stack, "Chương trình buổi sáng", "05:00", [jingle, relay("VOV1", 30)])
        make(stack, "Chương trình buổi chiều", "17:00", [jingle, relay("Đài tỉnh Cao Bằng", 30)])
        make(stack, "Tin nông vụ", "17:15", [relay("VOV2", 25)])
        yield stack


def relay(source: str, minutes: int) -> dict[str, Any]:
    return {"take": "relay", "source": source, "length_ms": minutes * 60_000}


def make(stack: Stack, title: str, at: str, segments: list[dict[str, Any]]) -> str:
    rule = {"first": (soon() - timedelta(days=30)).isoformat(), "at": [at], "every": "day"}
    wanted = {"owner": COMMUNE, "units": [COMMUNE], "title": title, "rule": rule, "segments": segments}
    made: str = stack.controller.call("POST", "/programmes", json=wanted)["id"]
    return made


def soon() -> date:
    """The day after tomorrow here, or one later if that is a Monday: it and the day before are to come, and in one week."""
    day = (datetime.now(UTC) + HERE).date() + timedelta(days=2)
    return day + timedelta(days=1) if day.isoweekday() == 1 else day


def calendar(page: Page, stack: Stack, day: date, view: str = "week") -> None:
    page.goto(f"{stack.controller.url}/calendar?unit={COMMUNE}&view={view}&day={day.isoformat()}")
    expect(page.locator("#grid")).to_have_attribute("aria-busy", "false")


def turn(page: Page, day: date, title: str) -> Locator:
    return page.locator(f'.day[data-day="{day.isoformat()}"] .turn', has=page.locator(".turn-title", has_text=title))


def drag(page: Page, block: Locator, day: date, by: int) -> None:
    """By the mouse, to another day and some pixels down."""
    block.scroll_into_view_if_needed()
    box, column = block.bounding_box(), page.locator(f'.day[data-day="{day.isoformat()}"]').bounding_box()
    assert box is not None
    assert column is not None
    page.mouse.move(box["x"] + 20, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(column["x"] + 20, box["y"] + 8 + by, steps=6)


def test_two_programmes_that_collide_are_brought_apart_by_dragging(page: Page, stack: Stack) -> None:
    day = soon()
    sign_in(page, stack.controller.url)
    page.get_by_role("link", name="Lịch").click()
    expect(page.locator("#grid")).to_have_attribute("aria-busy", "false")
    page.locator("#unit").select_option(COMMUNE)
    expect(page.locator(".turn").first).to_be_visible()
    calendar(page, stack, day)
    late = turn(page, day, "Tin nông vụ")
    expect(late.locator(".turn-before")).to_contain_text("lúc đó đang có lượt phát khác")
    shoot(page, "calendar-week")
    late.locator(".turn-open").click()
    expect(page.locator("#turn-groups")).to_contain_text("VOV2")
    expect(page.locator("#turn-groups .bad")).to_contain_text("“Chương trình buổi chiều”")
    page.keyboard.press("Escape")

    drag(page, late, day, 120)
    expect(page.locator(".landing")).to_have_text("18:35")
    shoot(page, "calendar-drag", whole=False)
    page.mouse.up()
    expect(page.locator("#preview .verdict")).to_have_text("Không tin nào bị cắt hay bị bỏ vì thay đổi này.")
    expect(page.locator("#preview")).to_contain_text("“Tin nông vụ” phát trọn")
    page.locator("#change-time").fill("16:50")  # that would take the afternoon's time
    expect(page.locator("#preview .late")).to_contain_text("Phát muộn hơn, lúc 17:15 (sau “Tin nông vụ”)")
    page.locator("#change-time").fill("20:50")
    expect(page.locator("#preview .verdict")).to_have_text("Nếu lưu, có tin sẽ không phát trọn:")
    page.locator("#change-time").fill("18:00")
    expect(page.locator("#preview .verdict.good")).to_be_visible()
    page.locator("#change-always").check()
    expect(page.locator("#preview .come").nth(1)).to_contain_text("18:00")
    expect(page.locator("#preview .verdict.good")).to_be_visible()
    shoot(page, "calendar-preview", whole=False)
    page.get_by_role("button", name="Lưu").click()
    expect(page.locator("#change")).to_be_hidden()
    expect(page.locator("#undo")).to_contain_text("Đã dời “Tin nông vụ” sang 18:00")
    expect(page.locator(f'.day[data-day="{day.isoformat()}"] .turn.broken')).to_have_count(0)
    expect(turn(page, day, "Tin nông vụ")).to_contain_text("18:00")


def test_an_exception_is_made_by_keyboard_and_undone(page: Page, stack: Stack) -> None:
    day = soon()
    sign_in(page, stack.controller.url)
    calendar(page, stack, day)
    morning = turn(page, day, "Chương trình buổi sáng")
    morning.locator(".turn-grip").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".landing")).to_have_text("05:05")
    page.keyboard.press("Escape")
    expect(page.locator(".landing")).to_have_count(0)
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#live")).to_contain_text("05:15")
    page.keyboard.press("Enter")
    expect(page.locator("#preview .come")).to_contain_text("05:15")
    page.get_by_role("button", name="Lưu").click()
    expect(turn(page, day, "Chương trình buổi sáng")).to_contain_text("05:15")
    expect(turn(page, day + timedelta(days=-1), "Chương trình buổi sáng")).to_contain_text("05:00")
    page.get_by_role("button", name="Hoàn tác").click()
    expect(page.locator("#undo")).to_contain_text("Đã hoàn tác")
    expect(turn(page, day, "Chương trình buổi sáng")).to_contain_text("05:00")

    turn(page, day, "Chương trình buổi sáng").locator(".turn-open").click()
    page.get_by_role("button", name="Bỏ buổi này").click()
    expect(page.locator("#preview .gone")).to_have_count(1)
    page.get_by_role("button", name="Lưu").click()
    expect(page.locator(".turn.left-out")).to_contain_text("Chương trình buổi sáng")
    shoot(page, "calendar-undo", whole=False)
    page.locator(".turn.left-out .turn-open").click()
    expect(page.get_by_role("button", name="Phát lại như thường lệ")).to_be_visible()
    page.keyboard.press("Escape")
    [kept] = [
        each for each in stack.controller.call("GET", "/programmes") if each["programme"]["title"] == "Chương trình buổi sáng"
    ]
    other = {"version": kept["version"], "programme": kept["programme"] | {"title": "Buổi sáng của xã"}}
    stack.controller.call("PUT", f"/programmes/{kept['id']}", json=other)  # somebody else is first
    page.get_by_role("button", name="Hoàn tác").click()
    expect(page.locator("#undo")).to_contain_text("vừa sửa chương trình “Buổi sáng của xã” trước bạn")
    other = {"version": kept["version"] + 1, "programme": kept["programme"] | {"changes": []}}
    stack.controller.call("PUT", f"/programmes/{kept['id']}", json=other)


@pytest.mark.soak
def test_a_programme_is_made_and_ended_and_the_end_is_undone(page: Page, stack: Stack) -> None:
    day = soon()
    sign_in(page, stack.controller.url)
    calendar(page, stack, day)
    page.get_by_role("button", name="Chương trình mới").click()
    page.get_by_role("button", name="Xem trước").click()
    expect(page.locator("#field-title")).to_contain_text("Đặt tên cho chương trình.")
    page.get_by_label("Tên chương trình").fill("Bản tin trưa")
    page.locator("[name=weekday][value='7']").check(force=True)
    page.locator("#time-rows input").fill("03:15")
    page.locator("#segment-add").click()
    page.locator("[data-part=bulletin]").select_option(label="Nhạc hiệu")
    page.locator("#segment-add").click()
    page.locator(".segment").nth(1).locator("[data-part=take]").select_option("relay")
    page.locator(".segment").nth(1).locator("[data-part=station]").fill("VOV1")
    page.locator(".segment").nth(1).locator("[data-part=minutes]").fill("15")
    page.get_by_role("button", name="Xem trước").click()
    expect(page.locator("#field-rule .field-wrong")).to_contain_text("giờ không được phát của Xã Quảng Uyên")
    page.locator("#time-rows input").fill("11:30")
    expect(page.locator("#rule-sentence")).to_contain_text("Hằng ngày, 11:30")
    page.get_by_role("button", name="Xem trước").click()
    expect(page.locator("#programme-preview .verdict.good")).to_be_visible()
    shoot(page, "calendar-form", whole=False)
    page.get_by_role("button", name="Lưu").click()
    expect(page.locator("#programme")).to_be_hidden()
    expect(turn(page, day, "Bản tin trưa")).to_be_visible()
    turn(page, day, "Bản tin trưa").locator(".turn-open").click()
    page.get_by_role("button", name="Kết thúc chương trình").click()
    expect(page.locator("#preview .gone").first).to_be_visible()
    page.get_by_role("button", name="Lưu").click()
    expect(turn(page, day, "Bản tin trưa")).to_have_count(0)
    page.get_by_role("button", name="Hoàn tác").click()
    expect(turn(page, day, "Bản tin trưa")).to_be_visible()
    calendar(page, stack, day, "month")
    expect(page.locator(f'.cell-day[data-day="{day.isoformat()}"]')).to_contain_text("Bản tin trưa")
    shoot(page, "calendar-month")
    page.locator(f'.cell-day[data-day="{day.isoformat()}"]').click()
    expect(turn(page, day, "Bản tin trưa")).to_be_visible()


@pytest.mark.soak
def test_an_officer_moves_a_turn_by_a_finger_on_its_grip(chromium: Browser, stack: Stack) -> None:
    day = soon()
    context = chromium.new_context(viewport=PHONE, locale="vi-VN", is_mobile=True, has_touch=True)
    phone = context.new_page()
    phone.set_default_timeout(15_000)
    sign_in(phone, stack.controller.url)
    calendar(phone, stack, day)
    grip = turn(phone, day, "Chương trình buổi sáng").locator(".turn-grip")
    box = grip.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    finger = context.new_cdp_session(phone)
    x, y = box["x"] + 20, box["y"] + 20
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 7):
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y + 11 * step}]})
    expect(phone.locator(".landing")).to_have_text("05:30")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(phone.locator("#preview .come")).to_contain_text("05:30")
    shoot(phone, "calendar-phone-move", whole=False)
    phone.get_by_role("button", name="Thôi").click()
    context.close()


def test_a_technician_looks_on_a_phone_and_finds_no_handles(chromium: Browser, stack: Stack) -> None:
    day = soon()
    dark = chromium.new_context(viewport=PHONE, locale="vi-VN", is_mobile=True, has_touch=True, color_scheme="dark")
    phone = dark.new_page()
    phone.set_default_timeout(15_000)
    sign_in(phone, stack.controller.url, "kythuat")
    calendar(phone, stack, day)
    expect(turn(phone, day, "Chương trình buổi chiều")).to_be_visible()
    assert phone.locator(".day:visible").count() == 1
    assert phone.locator(".turn-grip, #new-programme").count() == 0
    shoot(phone, "calendar-phone-dark")
    turn(phone, day, "Chương trình buổi chiều").locator(".turn-open").click()
    assert phone.locator("#turn-deeds button").count() == 0
    phone.locator("#turn [data-close]").click()
    phone.locator("#after").click()
    expect(turn(phone, day + timedelta(days=1), "Chương trình buổi chiều")).to_be_visible()
    for view in ("week", "month"):
        phone.set_viewport_size(SMALLEST)
        calendar(phone, stack, day, view)
        assert phone.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]
        shoot(phone, f"calendar-320-{view}")
    dark.close()


@pytest.mark.soak
def test_a_smaller_group_s_trouble_is_told_and_days_that_could_not_be_fetched_are_not_named(page: Page, stack: Stack) -> None:
    day = soon()
    early = {"hours": [{"from": "05:00", "to": "17:10"}]}
    stack.controller.call("PUT", f"/policies/{COMMUNE}-3", json={"version": 0, "policy": early})
    sign_in(page, stack.controller.url)
    calendar(page, stack, day)
    late = turn(page, day, "Chương trình buổi chiều").locator(".turn-open")
    expect(late).to_have_attribute("aria-label", re.compile("1 thôn không nghe trọn"))
    weekly = page.locator(f'.day-head[data-day="{day.isoformat()}"]').inner_text()
    calendar(page, stack, day, "month")
    counted = page.locator(f'.cell-day[data-day="{day.isoformat()}"] .cell-broken').inner_text().strip()
    assert counted in " ".join(weekly.split())
    period, address = page.locator("#period").inner_text(), page.url
    page.route("**/days/short*", lambda route: route.abort())
    page.locator("#after").click()
    expect(page.locator("#problem")).to_be_visible()
    assert (page.locator("#period").inner_text(), page.url) == (period, address)
    page.unroute("**/days/short*")
    page.locator("#after").click()
    expect(page.locator("#period")).not_to_have_text(period)
    expect(page.locator("#problem")).to_be_hidden()

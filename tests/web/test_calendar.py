"""The calendar: a programme is made, two that collide are brought apart by dragging, a turn is left out and put back."""

from __future__ import annotations

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
        call("PUT", f"/policies/{COMMUNE}", json={"version": 0, "policy": {"hours": [{"from": "05:00", "to": "21:00"}]}})
        jingle = {"take": "pieces", "bulletins": [stack.clip(title="Nhạc hiệu")]}
        make(stack, "Chương trình buổi sáng", "05:00", [jingle, relay("VOV1", 30)])
        make(stack, "Chương trình buổi chiều", "17:00", [jingle, relay("Đài tỉnh Cao Bằng", 30)])
        make(stack, "Tin nông vụ", "17:15", [relay("VOV2", 25)])
        yield stack


def relay(source: str, minutes: int) -> dict[str, Any]:
    return {"take": "relay", "source": source, "length_ms": minutes * 60_000}


def make(stack: Stack, title: str, at: str, segments: list[dict[str, Any]]) -> str:
    rule = {"first": "2026-11-02", "at": [at], "every": "day"}
    wanted = {"owner": COMMUNE, "units": [COMMUNE], "title": title, "rule": rule, "segments": segments}
    made: str = stack.controller.call("POST", "/programmes", json=wanted)["id"]
    return made


def soon() -> date:
    """The day after tomorrow here: all its turns are still to come, and it may be in the next week."""
    return (datetime.now(UTC) + HERE).date() + timedelta(days=2)


def calendar(page: Page, stack: Stack, day: date, view: str = "week") -> None:
    page.goto(f"{stack.controller.url}/calendar?unit={COMMUNE}&view={view}&day={day.isoformat()}")
    expect(page.locator("#grid")).to_have_attribute("aria-busy", "false")


def turn(page: Page, day: date, title: str) -> Locator:
    return page.locator(f'.day[data-day="{day.isoformat()}"] .turn', has_text=title)


def test_scratch(page: Page, stack: Stack, chromium: Browser) -> None:
    sign_in(page, stack.controller.url)
    calendar(page, stack, soon())
    shoot(page, "z-week")
    turn(page, soon(), "Tin nông vụ").locator(".turn-open").click()
    shoot(page, "z-turn", whole=False)
    page.locator("#turn [data-close]").click()
    grip = turn(page, soon(), "Tin nông vụ")
    box = grip.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 90, steps=5)
    shoot(page, "z-drag", whole=False)
    page.mouse.up()
    page.wait_for_timeout(800)
    shoot(page, "z-drop", whole=False)
    page.locator("#change [data-close]").click()
    page.locator("#new-programme").click()
    page.locator("#segment-add").click()
    shoot(page, "z-form", whole=False)
    page.locator("#programme [data-close]").click()
    calendar(page, stack, soon(), "month")
    shoot(page, "z-month")
    phone = chromium.new_context(viewport=PHONE, locale="vi-VN", is_mobile=True, has_touch=True, color_scheme="dark").new_page()
    sign_in(phone, stack.controller.url)
    calendar(phone, stack, soon())
    shoot(phone, "z-phone")
    calendar(phone, stack, soon(), "month")
    shoot(phone, "z-phone-month")

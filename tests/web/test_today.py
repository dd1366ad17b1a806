"""The first page, as it is left open on a desk: it follows by itself, says why something is not said, and fits every screen."""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.stack import SPEECH, Stack
from tests.web.conftest import DESKTOP, PHONE, SMALLEST, shoot, sign_in

COMMUNE = "x01576"
HERE = timedelta(hours=7)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Forty loudspeakers in two communes; one commune has programmes, quiet hours and a village with hours of its own."""
    with Stack(tmp_path_factory.mktemp("today")) as stack:
        call = stack.controller.call
        news = stack.clip(SPEECH, "Thời tiết và nông vụ")
        first = (datetime.now(UTC) + HERE).date().isoformat()

        def programme(title: str, at: str, relay_ms: int, **how: Any) -> None:
            segments = [{"take": "relay", "source": "VOV1", "length_ms": relay_ms}, {"take": "pieces", "bulletins": [news]}]
            rule = {"first": first, "at": [at], "every": "day"}
            call(
                "POST",
                "/programmes",
                json={"owner": COMMUNE, "units": [COMMUNE], "title": title, "rule": rule, "segments": segments, **how},
            )

        programme("Chương trình buổi sáng", "05:00", 1_800_000)
        programme("Chương trình buổi chiều", "17:00", 2_700_000)
        programme("Phòng chống cháy rừng mùa hanh khô", "17:20", 300_000, **{"class": "priority"})
        hours = [{"from": "05:00", "to": "21:00"}]
        call("PUT", f"/policies/{COMMUNE}", json={"version": 1, "policy": {"hours": hours, "session_ms": 2_700_000}})
        late = [{"from": "06:00", "to": "20:00"}]
        call("PUT", f"/policies/{COMMUNE}-4", json={"version": 0, "policy": {"hours": late, "session_ms": 2_700_000}})
        yield stack


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


def a_call(folder: Path) -> Path:
    """Four seconds of sound: long enough to be seen, short enough to wait for."""
    file = folder / "keng.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(b"".join(struct.pack("<h", int(9_000 * math.sin(at * 0.3))) for at in range(64_000)))
    return file


def test_an_airing_begins_and_ends_on_an_open_page(page: Page, stack: Stack, tmp_path: Path) -> None:
    sign_in(page, stack.controller.url)
    page.goto(f"{stack.controller.url}/?unit={COMMUNE}")
    expect(page.get_by_text("Chưa có gì đang phát.")).to_be_visible()
    expect(page.locator("#part-on-air")).to_contain_text("Lượt tới ở")
    expect(page.locator("#part-coverage")).to_contain_text("13 trên 13 thôn có loa hoạt động", timeout=30_000)
    shoot(page, "today")
    page.locator("#to-tomorrow").focus()
    page.evaluate("window.same = true")
    bulletin = stack.clip(a_call(tmp_path), "Họp thôn tối nay")
    stack.say(bulletin, to=["x01501"], lead_ms=2_000)  # where no quiet hours are: this test runs at any hour
    row = page.locator(".on-air-row")
    expect(row).to_contain_text("Họp thôn tối nay", timeout=10_000)
    expect(row.locator(".stage")).to_have_text("Đang phát", timeout=10_000)
    shoot(page, "today-on-air")
    expect(page.locator("#recent .stage").first).to_have_text("18/18", timeout=30_000)
    expect(page.get_by_text("Chưa có gì đang phát.")).to_be_visible(timeout=30_000)
    assert page.evaluate("window.same && document.activeElement.id") == "to-tomorrow"  # no reload, and nothing was taken away


@pytest.mark.soak
def test_why_something_is_not_said_as_wished_by_keyboard_on_every_screen(page: Page, stack: Stack) -> None:
    sign_in(page, stack.controller.url)
    page.goto(f"{stack.controller.url}/?unit={COMMUNE}&day=tomorrow")
    lanes = page.locator(".lane")
    expect(lanes).to_have_count(2)
    expect(lanes.nth(1)).to_contain_text("Khào A")
    shoot(page, "today-tomorrow")
    block = page.locator(".turn", has_text="Chương trình buổi chiều").first
    block.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#why")
    expect(dialog).to_contain_text("Bị cắt lúc 17:20")
    shoot(page, "today-why", whole=False)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(block).to_be_focused()
    page.keyboard.press("Space")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#not-said-2").press("Enter")
    expect(dialog).to_contain_text("ngoài giờ được phát của Khào A")
    page.keyboard.press("Escape")
    page.emulate_media(color_scheme="dark")
    shoot(page, "today-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    expect(page.locator(".turn-row").first).to_be_visible()
    shoot(page, "today-phone")
    page.set_viewport_size(SMALLEST)
    fits(page)
    page.locator(".turn-row").first.click()
    fits(page)
    page.set_viewport_size(DESKTOP)


def test_a_dead_link_is_told_and_comes_back_by_itself_with_what_happened_meanwhile(page: Page, stack: Stack) -> None:
    page.route("**/today/events", lambda route: route.abort())
    sign_in(page, stack.controller.url, "kythuat")
    expect(page.locator(".today > section").first).to_have_id("part-faults")
    expect(page.locator("#part-faults")).to_contain_text("Mọi cụm loa đang hoạt động")
    expect(page.locator("#link-lost")).to_contain_text("đang nối lại")
    silent = [node["id"] for node in stack.controller.call("GET", "/nodes") if node["village"] == f"{COMMUNE}-3"]
    stack.fleet.ask(fault="offline", nodes=silent)
    page.unroute("**/today/events")
    expect(page.locator("#link-lost")).to_be_hidden(timeout=20_000)
    expect(page.locator("#part-faults")).to_contain_text("3 cụm loa im lặng", timeout=25_000)
    expect(page.locator("#part-coverage")).to_contain_text("12 trên 13 thôn")
    page.get_by_text("1 thôn chưa nghe được").click()
    expect(page.locator("#without")).to_contain_text("Lũng Vài")
    page.locator("#silent summary").click()
    nodes = [node for node in stack.controller.call("GET", "/nodes") if node["village"] == f"{COMMUNE}-4"]
    stack.fleet.ask(fault="offline", nodes=[node["id"] for node in nodes])
    stack.wait_for(lambda: not any(n["online"] for n in stack.controller.call("GET", f"/nodes?unit={COMMUNE}-4")), 20)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")  # rather than wait for the next look
    expect(page.locator("#without")).to_contain_text("Khào A", timeout=20_000)  # swapped, and as open and shut as before
    expect(page.locator("#without p").first).to_be_visible()
    expect(page.locator("#silent")).not_to_have_attribute("open", "")
    shoot(page, "today-technician")


@pytest.mark.soak
def test_a_broken_answer_is_told_and_the_page_goes_on(page: Page, stack: Stack) -> None:
    sign_in(page, stack.controller.url)
    page.route("**/fragments/today", lambda route: route.fulfill(body="<p>"))
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator("#link-lost")).to_contain_text("đang nối lại")
    page.unroute("**/fragments/today")
    expect(page.locator("#link-lost")).to_be_hidden(timeout=15_000)


def test_an_airing_s_page_comes_back_after_a_refusal_and_leads_to_the_door_when_the_session_is_over(
    page: Page, stack: Stack
) -> None:
    airing = stack.say(stack.clip(title="Họp thôn"))
    sign_in(page, stack.controller.url)
    page.route("**/events", lambda route: route.fulfill(status=503))
    page.goto(f"{stack.controller.url}/airings/{airing}")
    expect(page.locator("#link-lost")).to_contain_text("đang nối lại")
    page.unroute("**/events")
    expect(page.locator("#headline")).not_to_be_empty(timeout=15_000)
    expect(page.locator("#link-lost")).to_be_hidden()
    page.route("**/events", lambda route: route.fulfill(status=503))
    page.reload()
    page.context.clear_cookies()
    page.wait_for_url(f"**/login?after=%2Fairings%2F{airing}")

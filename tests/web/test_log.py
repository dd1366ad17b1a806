"""What became of it: an officer sees who missed a notice and why, says it again for them, prints it, finds both in the log."""

from __future__ import annotations

import csv
import io
import math
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.stack import Stack
from tests.web.conftest import DESKTOP, PHONE, SMALLEST, shoot, sign_in

TITLE = "Tiêm phòng cho trẻ em sáng thứ bảy"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Forty loudspeakers in two communes."""
    with Stack(tmp_path_factory.mktemp("log")) as stack:
        yield stack


def sound(folder: Path) -> Path:
    """Four seconds of a tone: who waits for two airings hears enough of it."""
    file = folder / "tone.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(b"".join(struct.pack("<h", round(9_000 * math.sin(step / 6))) for step in range(64_000)))
    return file


def fits(page: Page) -> None:
    page.set_viewport_size(SMALLEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]
    page.set_viewport_size(DESKTOP)


def test_who_missed_it_is_named_reached_again_and_on_record(page: Page, stack: Stack, tmp_path: Path) -> None:
    by_name = {node["name"]: node["id"] for node in stack.controller.call("GET", "/nodes")}
    broken = {"dead_horn": [by_name["Lũng Vài 2"]], "full_disk": [by_name["Khào A 1"]]}
    for fault, nodes in broken.items():
        stack.fleet.ask(fault=fault, nodes=nodes)
    bulletin = stack.clip(sound(tmp_path), TITLE)
    sign_in(page, stack.controller.url)
    airing = stack.say(bulletin, grace_ms=15_000)
    page.goto(f"{stack.controller.url}/airings/{airing}")
    expect(page.locator("#missed-title")).to_have_text("2 nơi chưa nghe:", timeout=100_000)
    expect(page.locator("#missed-list")).to_contain_text("Lũng Vài 2: phát xong nhưng loa không kêu.")
    expect(page.locator("#missed-list")).to_contain_text("Khào A 1: ")
    shoot(page, "missed", whole=False)
    page.emulate_media(media="print")
    shoot(page, "printed")
    expect(page.locator("#paper")).to_be_visible()
    assert page.locator("#paper tbody tr").count() == 13
    expect(page.locator("#paper-said")).to_contain_text("/20")
    page.emulate_media(media="screen")

    for fault, nodes in broken.items():
        stack.fleet.ask(fault=fault, nodes=nodes, on=False)
    page.get_by_role("button", name="Phát lại cho nơi chưa nghe").click()
    expect(page.locator("#again")).to_contain_text("Khào A, Lũng Vài")
    expect(page.locator("#again")).to_contain_text("nghe hai lần")
    shoot(page, "repeat", whole=False)
    page.get_by_role("button", name="Phát lại ngay").click()
    page.wait_for_url(lambda url: airing not in url)
    expect(page.locator("#headline")).to_contain_text("đã phát xong.", timeout=60_000)
    expect(page.locator("#missed")).to_be_hidden()
    expect(page.get_by_text("Đây là lượt phát lại")).to_be_visible()

    page.get_by_role("link", name="Nhật ký").click()
    expect(page.locator(".log-line")).to_have_count(2)
    expect(page.locator("#answer")).to_have_text("2 lượt phát: 1 lượt có nơi chưa nghe.")
    expect(page.locator(".log-line").nth(1)).to_contain_text("38/40")
    shoot(page, "log")
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [(row["Tên bản tin"], row["Kết quả"]) for row in rows] == [(TITLE, "Đã nghe đủ"), (TITLE, "Có nơi chưa nghe")]
    fits(page)

    page.get_by_text("Chọn ngày khác, lọc").click()
    shoot(page, "log-filter")
    page.get_by_label("Kết quả").select_option(label="Có nơi chưa nghe")
    page.get_by_label("Tên bản tin").fill("tiem phong")
    page.get_by_role("button", name="Xem").click()
    expect(page.locator(".log-line")).to_have_count(1)
    expect(page.get_by_label("Tên bản tin")).to_have_value("tiem phong")
    page.get_by_role("link", name="Bỏ lọc").click()
    page.get_by_role("link", name="Tháng", exact=True).click()
    expect(page.get_by_role("heading", name="Các thôn nghe được bao nhiêu")).to_be_visible()
    shoot(page, "log-month")
    fits(page)
    page.set_viewport_size(PHONE)
    shoot(page, "log-phone")
    page.emulate_media(color_scheme="dark")
    shoot(page, "log-dark")
    page.locator(".log-line").first.click()
    expect(page.locator("#headline")).to_contain_text("đã phát xong.")
    page.goto(f"{stack.controller.url}/airings/{airing}")
    expect(page.get_by_text("Đã phát lại cho nơi chưa nghe:")).to_be_visible()
    shoot(page, "missed-phone-dark")
    fits(page)

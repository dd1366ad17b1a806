"""A real browser: Debian's Chromium, driven by Playwright. What its console complains of fails the test.

`make test` tries one or two whole stories of each page, `make soak` all of them: browsers are most of the twelve minutes.
"""

from __future__ import annotations

import shutil
import wave
from collections.abc import Iterator
from math import sin, tau
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IMAGES = Path(__file__).parents[2] / "docs" / "img"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SMALLEST = {"width": 320, "height": 640}


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """The browser."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip("Debian's chromium is not installed here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh profile on a desktop, far from Viet Nam: the page must show Vietnamese time all the same."""
    context = chromium.new_context(viewport=DESKTOP, timezone_id="America/New_York", locale="vi-VN", device_scale_factor=1)
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab. Errors of scripts, of the content policy and of missing files are the test's errors."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: _note(complaints, message))
    yield page
    assert complaints == []


def _note(complaints: list[str], message: ConsoleMessage) -> None:
    # The browser logs refused answers and dead links by itself; a file of ours that were missing would show in the pictures.
    if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
        complaints.append(message.text)


def short_sound(folder: Path, seconds: float = 2.0) -> Path:
    """A file with a tone of so many seconds, for tests that wait until it has sounded."""
    path, rate = folder / "am-thanh-ngan.wav", 16_000
    samples = (round(9_000 * sin(tau * 440 * number / rate)) for number in range(int(seconds * rate)))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
    return path


def shoot(page: Page, name: str, *, whole: bool = True) -> None:
    """Leave a picture in docs/img, for the guide and for whoever looks at the work."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(350)  # transitions end
    page.screenshot(path=IMAGES / f"{name}.png", full_page=whole)


def sign_in(page: Page, url: str, name: str = "canbo", password: str = "tieng-lang-2026") -> None:
    """Through the login page, as a person does."""
    page.goto(url)
    page.get_by_label("Tên đăng nhập").fill(name)
    page.get_by_label("Mật khẩu").fill(password)
    page.get_by_role("button", name="Đăng nhập").click()
    page.get_by_role("heading", name="Các lượt phát gần đây").wait_for()

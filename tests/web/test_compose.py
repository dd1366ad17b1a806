"""Composing, as people do it: recorded or from a file, cut, kept through whatever happens, looked at before it is aired."""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from tests.support.stack import Stack
from tests.web.conftest import CHROMIUM, DESKTOP, FLAGS, PHONE, SMALLEST, shoot, short_sound, sign_in

SPEECH = Path(__file__).parents[1] / "data" / "speech-english.mp3"
FAKE_SOUND = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

LOSE_AN_ANSWER = """() => {
  const send = XMLHttpRequest.prototype.send;
  let lost = false;
  XMLHttpRequest.prototype.send = function (body) {
    const answered = this.onload;
    this.onload = () => (lost ? answered() : ((lost = true), this.onerror()));
    send.call(this, body);
  };
}"""
"""The first answer to an upload never comes back, though the server had all of it."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Forty loudspeakers in two communes, for the whole file."""
    with Stack(tmp_path_factory.mktemp("compose")) as stack:
        yield stack


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the microphone hears, again and again: a browser's own beeps are no voice, and can't be levelled like one."""
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    with av.open(str(SPEECH)) as source, wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
        for frame in source.decode(audio=0):
            for each in resampler.resample(frame):
                file.writeframes(each.to_ndarray().tobytes())
    return path


@pytest.fixture
def chromium(voice: Path) -> Iterator[Browser]:
    """The browser, with a microphone that somebody speaks into."""
    with sync_playwright() as playwright:
        args = [*FLAGS, *FAKE_SOUND, f"--use-file-for-fake-audio-capture={voice}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh profile that may use the microphone."""
    context = chromium.new_context(
        viewport=DESKTOP, timezone_id="America/New_York", locale="vi-VN", device_scale_factor=1, permissions=["microphone"]
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


def compose(page: Page, stack: Stack) -> None:
    """Signed in, on the page, and it is ready."""
    if page.url == "about:blank":
        sign_in(page, stack.controller.url)
    page.goto(f"{stack.controller.url}/compose")
    expect(page.locator("#say")).to_be_enabled()


def choose(page: Page, village: str) -> None:
    """One village by its name."""
    page.get_by_label("Tìm thôn, xã").fill(village)
    page.locator("#all").click()


def fits(page: Page) -> None:
    """Nothing is wider than the smallest screen."""
    page.set_viewport_size(SMALLEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]


def bulletins(stack: Stack, title: str) -> list[Any]:
    """The airings of this title, newest first."""
    return [each for each in stack.controller.call("GET", "/airings") if each["title"] == title]


def evening(minutes: int) -> datetime:
    """Tomorrow at 12:00 and some minutes, local time."""
    day = (datetime.now(UTC) + timedelta(hours=7, days=1)).date()
    return datetime(day.year, day.month, day.day, 5, tzinfo=UTC) + timedelta(minutes=minutes)


def local(when: datetime) -> str:
    """As the field for a time takes it."""
    return (when + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M")


def test_recorded_kept_through_a_reload_cut_and_heard_everywhere(page: Page, stack: Stack) -> None:
    compose(page, stack)
    page.get_by_text("Văn bản", exact=True).click()
    page.get_by_label("Bài đọc").fill("Kính thưa bà con trong thôn.\nTối nay họp lúc 19 giờ tại nhà văn hoá.")
    shoot(page, "compose-text", whole=False)
    page.get_by_role("button", name="Bắt đầu ghi").click()
    expect(page.locator("#prompter")).to_contain_text("Tối nay họp")
    expect(page.locator("#meter-say")).to_have_text("Vừa")
    assert page.locator("#meter-peak").evaluate("peak => parseFloat(peak.style.left)") > 50
    shoot(page, "compose-recording", whole=False)
    page.get_by_role("button", name="Tạm dừng").click()
    expect(page.locator("#meter-say")).to_have_text("Đang tạm dừng")
    page.get_by_role("button", name="Ghi tiếp").click()
    expect(page.locator("#record-time")).to_have_text(re.compile("0:0[4-9]"))

    page.reload()  # in the middle: a crash would be the same
    expect(page.locator("#draft-say")).to_contain_text("Có bản ghi chưa gửi từ")
    expect(page.locator("#trim")).to_be_visible()
    expect(page.get_by_label("Bài đọc")).to_have_value("Kính thưa bà con trong thôn.\nTối nay họp lúc 19 giờ tại nhà văn hoá.")
    page.get_by_role("button", name="Ghi lại từ đầu").click()
    expect(page.locator("#record-time")).to_have_text(re.compile("0:0[4-9]"))
    page.get_by_role("button", name="Dừng", exact=True).click()
    expect(page.locator("#trim")).to_be_visible()
    page.get_by_role("button", name="Nghe đoạn chọn").click()
    expect(page.locator("#trim-now")).to_be_visible()
    start = page.get_by_role("slider", name="Bắt đầu phát từ")
    start.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(start).to_have_attribute("aria-valuetext", "0:01,1")
    end = page.get_by_role("slider", name="Phát đến")
    end.focus()
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#trim-say")).to_contain_text("Phát 0:02,5, từ 0:01,1 đến 0:03,6")
    page.get_by_label("Tên bản tin").fill("Họp thôn có ghi âm")
    page.get_by_role("button", name="Chọn tất cả").click()
    shoot(page, "compose-trim")
    fits(page)
    shoot(page, "compose-320")
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    shoot(page, "compose-phone-dark")
    page.get_by_role("button", name="Phát ngay tới 40 cụm loa").dblclick()
    expect(page.locator("#headline")).to_have_text("Cả 40 cụm loa đã phát xong.", timeout=60_000)
    [airing] = bulletins(stack, "Họp thôn có ghi âm")
    said = stack.controller.call("GET", f"/bulletins/{airing['bulletin']}")
    assert said["clip"]["duration_ms"] == pytest.approx(2_500, abs=300)
    assert said["text"].startswith("Kính thưa bà con")
    page.go_back()
    expect(page.locator("#say")).to_be_enabled()
    expect(page.get_by_label("Tên bản tin")).to_have_value("")
    expect(page.locator("#draft")).to_be_hidden()
    page.get_by_role("button", name="Như lần trước").click()
    expect(page.locator("#chosen")).to_have_text("Đã chọn 40 cụm loa ở 13 thôn")


def test_a_file_chosen_before_the_page_is_ready_counts(page: Page, stack: Stack, tmp_path: Path) -> None:
    sign_in(page, stack.controller.url)
    waiting: list[Route] = []
    page.route("**/compose.js", lambda route: waiting.append(route))
    page.goto(f"{stack.controller.url}/compose", wait_until="commit")
    page.locator("#file").set_input_files(short_sound(tmp_path))
    page.wait_for_timeout(200)
    assert page.locator("#file-name").inner_text() == "Chọn tệp âm thanh"  # nobody heard of it
    waiting.pop().continue_()
    expect(page.locator("#file-name")).to_have_text("am-thanh-ngan.wav")
    expect(page.get_by_label("Tên bản tin")).to_have_value("am thanh ngan")


@pytest.mark.soak
def test_a_file_is_cut_to_what_was_chosen(page: Page, stack: Stack) -> None:
    compose(page, stack)
    page.locator("#file").set_input_files(SPEECH)
    page.get_by_role("slider", name="Phát đến").focus()
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    choose(page, "lung vai")
    page.get_by_label("Tên bản tin").fill("Cắt đoạn")
    page.reload()  # the file and its part are kept, too
    expect(page.locator("#file-name")).to_have_text(SPEECH.name)
    expect(page.locator("#trim-say")).to_contain_text("Phát 0:03,5, từ 0:00,0 đến 0:03,5")
    expect(page.locator("#draft-say")).to_contain_text(f"Có tệp “{SPEECH.name}” chưa gửi")
    page.get_by_role("button", name="Phát ngay tới 3 cụm loa").click()
    expect(page.locator("#ledger")).to_be_visible(timeout=30_000)
    [airing] = bulletins(stack, "Cắt đoạn")
    assert airing["duration_ms"] == pytest.approx(3_300, abs=300)  # half a second of it may be silence


@pytest.mark.soak
def test_a_microphone_that_is_denied_or_missing_says_what_to_do(page: Page, stack: Stack, context: BrowserContext) -> None:
    compose(page, stack)
    page.get_by_text("Ghi âm", exact=True).click()
    for name, words in (
        ("NotAllowedError", "Micrô: Cho phép"),
        ("NotFoundError", "Máy này không có micrô"),
        ("NotReadableError", "ứng dụng khác dùng"),
    ):
        page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{name}')); }}")
        page.get_by_role("button", name="Bắt đầu ghi").click()
        expect(page.locator("#sound-problem")).to_contain_text(words)
    page.set_viewport_size(PHONE)
    shoot(page, "compose-denied", whole=False)


def test_a_link_that_dies_in_the_middle_makes_one_bulletin_and_not_two(page: Page, stack: Stack, context: BrowserContext) -> None:
    compose(page, stack)
    page.evaluate(LOSE_AN_ANSWER)
    sent: list[str] = []
    page.on("requestfinished", lambda request: sent.append(request.url))
    page.locator("#file").set_input_files(SPEECH)
    page.get_by_label("Tên bản tin").fill("Mất mạng giữa chừng")
    choose(page, "lung vai")
    context.set_offline(True)
    page.get_by_role("button", name="Phát ngay tới 3 cụm loa").click()
    expect(page.locator("#problem")).to_contain_text("tự gửi lại khi có mạng")
    shoot(page, "compose-offline", whole=False)
    page.get_by_role("button", name="Thôi, không gửi nữa").click()
    expect(page.locator("#problem")).to_contain_text("Đã thôi gửi")
    page.get_by_role("button", name="Phát ngay tới 3 cụm loa").click()
    expect(page.locator("#problem")).to_contain_text("tự gửi lại khi có mạng")
    context.set_offline(False)
    expect(page.locator("#ledger")).to_be_visible(timeout=30_000)
    assert len([url for url in sent if url.endswith("/bulletins")]) >= 2
    assert len(bulletins(stack, "Mất mạng giữa chừng")) == 1


@pytest.mark.soak
def test_what_is_on_the_server_is_aired_though_nobody_waits_and_no_other_one_after_it(page: Page, stack: Stack) -> None:
    compose(page, stack)
    page.route("**/api/v1/bulletins/*/events", lambda route: route.abort())
    page.route(re.compile(r"/api/v1/bulletins/[0-9a-z-]+$"), lambda route: route.abort())
    page.locator("#file").set_input_files(SPEECH)
    page.get_by_label("Tên bản tin").fill("Bản đầu")
    choose(page, "lung vai")
    page.get_by_text("Hẹn giờ", exact=True).click()
    page.locator("#at").fill(local(evening(150)))
    expect(page.locator("#moment")).to_have_text(re.compile(r"Hẹn phát (thứ \S+|chủ nhật) \d\d/\d\d, 14:30"))
    page.get_by_role("button", name="Hẹn phát tới 3 cụm loa").click()
    page.get_by_role("button", name="Không chờ nữa (bản tin vẫn được phát)").click()
    expect(page.locator("#problem")).to_contain_text("Máy chủ đã nhận bản tin")
    stack.wait_for(lambda: bool(bulletins(stack, "Bản đầu")), 30)
    page.get_by_label("Tên bản tin").fill("Bản sau")
    page.get_by_role("button", name="Hẹn phát tới 3 cụm loa").click()
    expect(page.locator("#problem")).to_contain_text("Bản tin trước (“Bản đầu”) đã ở máy chủ")
    expect(page.locator("#problem")).to_be_in_viewport()
    page.get_by_role("link", name="Xem bản tin trước").click()
    expect(page.locator("#ledger")).to_be_visible()
    assert bulletins(stack, "Bản sau") == []


@pytest.mark.soak
def test_a_file_chosen_while_recording_is_sent_alone_with_the_text(page: Page, stack: Stack) -> None:
    compose(page, stack)
    page.get_by_text("Văn bản", exact=True).click()
    page.get_by_label("Bài đọc").fill("Chữ của bài")
    page.get_by_role("button", name="Bắt đầu ghi").click()
    expect(page.locator("#record-time")).to_have_text(re.compile("0:0[2-9]"))
    page.locator("#file").set_input_files(SPEECH)
    expect(page.locator("#file-name")).to_have_text(SPEECH.name)
    expect(page.locator("#trim")).to_be_visible()
    expect(page.locator("#recording")).to_be_hidden()
    page.get_by_label("Tên bản tin").fill("Chỉ có tệp")
    choose(page, "lung vai")
    page.get_by_text("Hẹn giờ", exact=True).click()
    page.locator("#at").fill(local(evening(180)))
    with page.expect_request(lambda request: request.method == "POST" and request.url.endswith("/bulletins")):
        page.get_by_role("button", name="Hẹn phát tới 3 cụm loa").click()
    expect(page.locator("#ledger")).to_be_visible(timeout=30_000)
    [airing] = bulletins(stack, "Chỉ có tệp")
    said = stack.controller.call("GET", f"/bulletins/{airing['bulletin']}")
    assert said["text"] == "Chữ của bài"
    with av.open(str(SPEECH)) as source:
        assert said["clip"]["duration_ms"] == pytest.approx((source.duration or 0) / 1000, abs=1_000)


def test_what_is_in_the_way_is_shown_and_a_person_decides(page: Page, stack: Stack) -> None:
    bulletin = stack.clip(SPEECH, "Tin đã hẹn trước")
    village = next(each["id"] for each in stack.controller.call("GET", "/units") if each["name"] == "Lũng Vài")
    at = evening(7)
    stack.say(bulletin, [village], at=at.isoformat())
    compose(page, stack)
    page.locator("#file").set_input_files(SPEECH)
    page.get_by_label("Tên bản tin").fill("Tin đến sau")
    page.get_by_role("button", name="Chọn tất cả").click()
    page.get_by_text("Hẹn giờ", exact=True).click()
    page.locator("#at").fill(local(at))
    page.get_by_label("Nếu giờ ấy đang vướng").select_option("60")
    page.get_by_role("button", name="Hẹn phát tới 40 cụm loa").click()
    expect(page.locator("#preview")).to_be_visible(timeout=30_000)
    expect(page.locator("#preview-list li").first).to_contain_text("Lũng Vài")
    expect(page.locator("#preview-list li").first).to_contain_text("Tin đã hẹn trước")
    expect(page.locator("#preview-sound")).to_contain_text("độ to chuẩn")
    shoot(page, "compose-preview")
    fits(page)
    page.set_viewport_size(DESKTOP)

    page.reload()  # the sound is on the server: it is not sent again
    expect(page.locator("#draft-say")).to_contain_text("đã gửi âm thanh")
    shoot(page, "compose-draft", whole=False)
    uploads: list[str] = []
    page.on("request", lambda request: uploads.append(request.url) if request.url.endswith("/bulletins") else None)
    page.get_by_role("button", name="Phát bản tin đó").click()
    expect(page.locator("#preview")).to_be_visible()
    page.get_by_role("button", name="Sửa giờ, nơi").click()
    page.locator("#at").fill(local(evening(30)))
    page.get_by_role("button", name="Hẹn phát tới 40 cụm loa").click()
    expect(page.locator("#ledger")).to_be_visible(timeout=30_000)
    assert uploads == []
    assert [each["start"] for each in bulletins(stack, "Tin đến sau")] == [evening(30).strftime("%Y-%m-%dT%H:%M:00.000Z")]


@pytest.mark.soak
def test_a_second_tab_leaves_the_draft_to_the_first(page: Page, stack: Stack, context: BrowserContext) -> None:
    compose(page, stack)
    page.get_by_label("Tên bản tin").fill("Ở thẻ đầu")
    second = context.new_page()
    second.goto(f"{stack.controller.url}/compose")
    expect(second.locator("#draft-say")).to_contain_text("thẻ khác")
    expect(second.get_by_label("Tên bản tin")).to_have_value("")
    second.get_by_label("Tên bản tin").fill("Ở thẻ sau")
    second.close()
    page.reload()
    expect(page.get_by_label("Tên bản tin")).to_have_value("Ở thẻ đầu")
    page.get_by_role("button", name="Bỏ bản nháp").click()
    expect(page.get_by_label("Tên bản tin")).to_have_value("")


@pytest.mark.soak
def test_two_communes_are_two_bulletins_and_a_programme_takes_a_notice(page: Page, stack: Stack) -> None:
    both = stack.communes
    grants = [{"role": "admin", "unit": commune} for commune in both]
    stack.controller.call("POST", "/users", json={"name": "hai xã", "password": "tieng-lang-2026", "grants": grants})
    sign_in(page, stack.controller.url, "hai xã")
    compose(page, stack)
    page.locator("#file").set_input_files(SPEECH)
    page.get_by_label("Tên bản tin").fill("Tin cho hai xã")
    page.get_by_role("button", name="Chọn tất cả").click()
    expect(page.locator("#apart")).to_contain_text("Máy sẽ gửi 2 bản tin")
    shoot(page, "compose-two")
    page.get_by_text("Hẹn giờ", exact=True).click()
    page.locator("#at").fill(local(evening(90)))
    page.get_by_role("button", name="Hẹn phát tới 40 cụm loa").click()
    expect(page.locator("#sent-list li")).to_have_count(2, timeout=60_000)
    expect(page.locator("#sent-list a")).to_have_count(2)
    shoot(page, "compose-sent")
    fits(page)
    page.set_viewport_size(DESKTOP)
    assert len(bulletins(stack, "Tin cho hai xã")) == 2

    take = {"take": "own", "kinds": [], "length_ms": 600_000}
    rule = {"first": "2026-11-23", "at": ["04:55"], "every": "day"}
    body = {"owner": both[0], "units": [both[0]], "title": "Tin của thôn", "rule": rule, "segments": [take]}
    programme = stack.controller.call("POST", "/programmes", json=body)
    page.get_by_role("link", name="Bản tin khác").click()
    page.locator("#file").set_input_files(SPEECH)
    page.get_by_label("Tên bản tin").fill("Dọn đường làng")
    page.get_by_text("Trong chương trình", exact=True).click()
    page.get_by_text("Tin của thôn · 04:55").click()
    choose(page, "lung vai")
    shoot(page, "compose-programme")
    page.get_by_role("button", name="Gửi vào chương trình").click()
    expect(page.locator("#sent-list")).to_contain_text("Chờ chương trình “Tin của thôn” (04:55) phát.", timeout=30_000)
    stack.controller.call("POST", f"/programmes/{programme['id']}/end")


def test_a_village_head_says_a_notice_with_three_touches(chromium: Browser, stack: Stack) -> None:
    grants = [{"role": "head", "unit": f"{stack.communes[0]}-1"}]
    stack.controller.call("POST", "/users", json={"name": "trưởng thôn", "password": "tieng-lang-2026", "grants": grants})
    phone = chromium.new_context(viewport=PHONE, locale="vi-VN", is_mobile=True, has_touch=True, permissions=["microphone"])
    page = phone.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, stack.controller.url, "trưởng thôn")
    compose(page, stack)
    page.get_by_role("button", name="Bắt đầu ghi").tap()
    expect(page.locator("#record-time")).to_have_text(re.compile("0:0[2-9]"))
    page.get_by_role("button", name="Dừng", exact=True).tap()
    expect(page.get_by_label("Tên bản tin")).to_have_value(re.compile(r"Thông báo lúc \d\d:\d\d"))
    shoot(page, "compose-head", whole=False)
    page.get_by_role("button", name=re.compile("Phát ngay tới")).tap()
    expect(page.locator("#ledger")).to_be_visible(timeout=30_000)
    phone.close()

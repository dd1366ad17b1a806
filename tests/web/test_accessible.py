"""Every page as assistive technology meets it: axe-core finds nothing serious, in both languages, by day and by night."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from controller.web import nav
from tests.support.stack import SPEECH, Stack
from tests.web.conftest import DESKTOP, PHONE

GRAVE = {"serious", "critical"}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
WORD = "tieng-lang-2026"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Forty loudspeakers; something was said, something is planned, something waits for a yes."""
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        stack.say(stack.clip(SPEECH, "Lịch tiêm phòng"))
        stack.controller.call("POST", "/programmes", json=_programme())
        stack.waits = _asked(stack)
        yield stack


def _programme() -> dict[str, object]:
    return {
        "owner": "x01576",
        "units": ["x01576"],
        "title": "Buổi chiều",
        "rule": {"first": "2026-11-23", "at": ["17:00"], "every": "day"},
        "segments": [{"take": "relay", "source": "VOV1", "length_ms": 900_000}],
    }


def _asked(stack: Stack) -> str:
    """A bulletin of the demo's editor, whose yes is the leader's."""
    with httpx.Client(base_url=stack.controller.url, headers={"Origin": stack.controller.url}) as editor:
        editor.post("/api/v1/session", json={"name": "bientap", "password": WORD}).raise_for_status()
        with SPEECH.open("rb") as file:
            form = {"title": "Họp thôn", "to": "x01576-1"}
            said = editor.post("/api/v1/bulletins", data=form, files={"file": file}).json()["id"]
        stack.wait_for(lambda: editor.get(f"/api/v1/bulletins/{said}").json()["state"] == "submitted", 60)
    return str(said)


def pages(stack: Stack) -> list[str]:
    """All at the top, and one page of each thing."""
    airing = stack.controller.call("GET", "/airings")[0]["id"]
    node = stack.controller.call("GET", "/nodes")[0]["id"]
    one_each = [f"/airings/{airing}", f"/bulletins/{stack.waits}", f"/nodes/{node}", "/account", "/password"]
    return [*(item.path for item in nav.ITEMS), *one_each]


@pytest.mark.parametrize(
    ("language", "scheme", "view"),
    [
        ("vi", "light", DESKTOP),
        ("en", "dark", PHONE),
        pytest.param("vi", "dark", PHONE, marks=pytest.mark.soak),
        pytest.param("en", "light", DESKTOP, marks=pytest.mark.soak),
    ],
)
def test_no_page_shuts_anybody_out(chromium: Browser, stack: Stack, language: str, scheme: str, view: dict[str, int]) -> None:
    context = chromium.new_context(viewport=view, color_scheme=scheme, locale="vi-VN", reduced_motion="reduce")
    page = context.new_page()
    found = [*look(page, f"{stack.controller.url}/login?lang={language}"), *look(page, f"{stack.controller.url}/invite#x")]
    page.request.post(
        f"{stack.controller.url}/api/v1/session",
        data={"name": "canbo", "password": WORD},
        headers={"Origin": stack.controller.url},
    )
    for path in pages(stack):
        found += look(page, f"{stack.controller.url}{path}")
    context.close()
    assert found == []


def look(page: Page, url: str) -> list[str]:
    """What is seriously wrong there, one line a place."""
    page.goto(url)
    page.wait_for_timeout(300)  # what scripts fetch is drawn
    wrong = [each for each in Axe().run(page, options=RULES).response["violations"] if each["impact"] in GRAVE]
    path = url.partition("//")[2].partition("/")[2]
    return [f"/{path}: {each['id']}: {node['target']} {node['failureSummary'][:160]}" for each in wrong for node in each["nodes"]]

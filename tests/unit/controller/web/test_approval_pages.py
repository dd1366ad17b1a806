"""The pages of approval as HTML: who sees what, what was typed stays, names are text, and a yes needs no script."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from controller.domain.rights import OPERATOR, Role
from controller.service.consent import Consent
from controller.service.kept import Ruling
from controller.web.schemas import _rfc3339
from scheduler.clock import moment
from tests.unit.controller.web.conftest import NOW_MS, PASSWORD, House, browser

API = "/api/v1"
LATER = _rfc3339(moment(NOW_MS) + timedelta(hours=30))


@pytest.fixture
def village(house: House) -> str:
    """A village of a commune that asks for a yes, with an editor and two who may give it."""
    house.services.units.import_commune("01654", by=OPERATOR)
    unit = house.services.units.add("x01654", "Pác Rằng", by=OPERATOR)
    house.services.nodes.add(unit.id, ["Cụm 1"], by=OPERATOR)
    house.services.policies.set("x01654", 0, Ruling(consent=Consent()), by=OPERATOR)
    for name, role in (("biên tập", Role.EDITOR), ("lãnh đạo", Role.LEADER), ("duyệt", Role.APPROVER), ("xem", Role.AUDITOR)):
        house.services.users.add(name, PASSWORD, [(role, "x01654")], by=OPERATOR)
    return unit.id


def enter(client: httpx.Client, name: str) -> httpx.Client:
    client.cookies.clear()
    assert client.post(f"{API}/session", json={"name": name, "password": PASSWORD}).status_code == 201
    return client


def bring(house: House, client: httpx.Client, village: str, title: str = "Họp thôn", **form: str) -> str:
    data = {"title": title, "to": village} | form
    bulletin = enter(client, "biên tập").post(f"{API}/bulletins", files={"file": ("a.mp3", title.encode())}, data=data).json()
    house.prepare_all()
    return str(bulletin["id"])


def seen(house: House, bulletin: str) -> str:
    """What a card's form names: the moment at which it was submitted."""
    return str(house.services.bulletins.view(bulletin, by=OPERATOR).bulletin.submitted_ms)


def test_an_editor_s_bulletin_waits_and_a_leader_s_one_press_says_it(house: House, nobody: httpx.Client, village: str) -> None:
    bulletin = bring(house, nobody, village)
    own = nobody.get(f"/bulletins/{bulletin}").text
    assert "Đang chờ duyệt" in own
    assert "<strong>canbo, duyệt, lãnh đạo</strong>" in own
    assert "phải được duyệt trước khi phát" in own
    assert "/approve" not in own
    assert "Rút lại" in nobody.get("/approvals").text
    page = enter(nobody, "lãnh đạo").get("/approvals").text
    assert "1 bản tin chờ bạn duyệt." in page
    assert "biên tập" in page
    assert f'src="/clips/{house.services.bulletins.view(bulletin, by=OPERATOR).bulletin.clip}"' in page
    answer = nobody.post(f"/approvals/{bulletin}/approve", data={"seen": seen(house, bulletin)})
    assert answer.status_code == 303
    after = nobody.get(answer.headers["location"]).text
    airing = house.services.bulletins.view(bulletin, by=OPERATOR).airing
    assert f'href="/airings/{airing}"' in after
    assert "Không có bản tin nào chờ bạn duyệt." in after
    assert nobody.get(f"/bulletins/{bulletin}").headers["location"] == f"/airings/{airing}"
    assert nobody.post(f"/approvals/{bulletin}/approve", data={"seen": seen(house, bulletin)}).status_code == 303  # twice is once
    assert len(house.services.reports.recent(by=OPERATOR)) == 1


def test_it_is_returned_with_a_note_and_an_empty_note_keeps_the_card_open(
    house: House, nobody: httpx.Client, village: str
) -> None:
    bulletin = bring(house, nobody, village)
    enter(nobody, "duyệt")
    empty = nobody.post(f"/approvals/{bulletin}/return", data={"note": "  "})
    assert empty.status_code == 422
    assert "Xin ghi vì sao trả lại." in empty.text
    assert re.search(r'<details class="return" open>', empty.text)
    long = nobody.post(f"/approvals/{bulletin}/return", data={"note": "dài " * 200})
    assert "tối đa 500" in long.text
    assert "dài dài dài" in long.text
    nobody.post(f"/approvals/{bulletin}/return", data={"note": "<b>Nói rõ giờ"})
    page = enter(nobody, "biên tập").get("/approvals").text
    assert "&lt;b&gt;Nói rõ giờ" in page
    assert "<b>Nói" not in page
    assert "Bị trả lại" in page
    assert nobody.post(f"/approvals/{bulletin}/submit").status_code == 303
    assert "Đang chờ duyệt" in nobody.get("/approvals").text


def test_a_time_that_went_by_offers_to_say_it_now(house: House, nobody: httpx.Client, village: str) -> None:
    bulletin = bring(house, nobody, village, at=LATER)
    house.clock.advance(40 * 3_600_000)
    page = enter(nobody, "lãnh đạo").get("/approvals").text
    assert "đã quá giờ" in page
    assert "Duyệt và phát ngay" in page
    late = nobody.post(f"/approvals/{bulletin}/approve", data={"seen": seen(house, bulletin)})
    assert late.status_code in (409, 422)
    assert "Duyệt và phát ngay" in late.text
    assert nobody.post(f"/approvals/{bulletin}/approve", data={"now": "1", "seen": seen(house, bulletin)}).status_code == 303


def test_what_somebody_else_decided_is_told_calmly(house: House, nobody: httpx.Client, village: str) -> None:
    bulletin = bring(house, nobody, village)
    house.services.approvals.withdraw(bulletin, by=OPERATOR)
    answer = enter(nobody, "lãnh đạo").post(f"/approvals/{bulletin}/approve", data={"seen": seen(house, bulletin)})
    assert answer.status_code == 409
    assert "không còn ở bước đó nữa" in answer.text


def test_who_may_neither_ask_nor_answer_finds_no_such_page(house: House, nobody: httpx.Client, village: str) -> None:
    bulletin = bring(house, nobody, village)
    enter(nobody, "xem")
    assert 'href="/approvals"' not in nobody.get("/").text
    for path in ("approve", "return", "withdraw", "submit"):
        answer = nobody.post(f"/approvals/{bulletin}/{path}", data={"note": "x"})
        assert answer.status_code == 403, path
    assert nobody.post("/approvals/none/approve").status_code == 404


def test_a_card_s_names_are_text_and_nonsense_in_the_address_says_nothing(
    house: House, nobody: httpx.Client, village: str
) -> None:
    bring(house, nobody, village, "<img src=x>")
    page = enter(nobody, "lãnh đạo").get("/approvals?did=%3Cimg%3E&done=%3Cimg%3E").text
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page
    assert 'class="told"' not in page
    assert "2 bulletins wait" not in nobody.get("/approvals?lang=en").text
    assert "1 bulletin waits for your yes." in nobody.get("/approvals?lang=en").text


def test_the_page_of_a_bad_sound_says_what_was_wrong(house: House, nobody: httpx.Client, village: str) -> None:
    enter(nobody, "biên tập")
    form = {"title": "Tiếng hỏng", "to": village}
    bulletin = nobody.post(f"{API}/bulletins", files={"file": ("a.mp3", b"bad")}, data=form).json()["id"]
    assert "Đang chuẩn bị âm thanh" in nobody.get(f"/bulletins/{bulletin}").text
    house.prepare_all()
    assert 'role="alert"' in nobody.get(f"/bulletins/{bulletin}").text


def test_a_preview_tells_the_approver_what_their_yes_would_do(house: House, nobody: httpx.Client, village: str) -> None:
    bulletin = bring(house, nobody, village, at=LATER)
    said = enter(nobody, "lãnh đạo").get(f"{API}/bulletins/{bulletin}/preview").json()
    [group] = said["groups"]
    assert [each["after"]["code"] for each in group["decisions"]] == ["plays"]
    assert group["after"][0]["start"] == LATER
    assert house.services.reports.recent(by=OPERATOR) == []


def test_the_list_of_a_program_says_the_same(house: House, village: str) -> None:
    with browser(house) as client:
        bulletin = bring(house, client, village)
        [own] = client.get(f"{API}/approvals").json()
        assert (own["id"], own["state"], own["own"], own["may_approve"]) == (bulletin, "submitted", True, False)
        assert own["why"]["code"] == "consent.role"
        [line] = enter(client, "lãnh đạo").get(f"{API}/approvals").json()
        assert (line["author"], line["may_approve"], line["to"]) == ("biên tập", True, [{"id": village, "name": "Pác Rằng"}])
        assert client.get(f"{API}/bulletins/{bulletin}").json()["state"] == "submitted"


def test_the_first_page_says_how_many_wait_for_whom(house: House, nobody: httpx.Client, village: str) -> None:
    bring(house, nobody, village)
    assert 'id="to-approvals"' not in nobody.get("/").text  # its author can't say yes
    assert "<strong>1</strong> bản tin chờ duyệt" in enter(nobody, "lãnh đạo").get("/").text


def test_a_page_that_is_old_approves_nothing_new(house: House, nobody: httpx.Client, village: str) -> None:
    bulletin = bring(house, nobody, village)
    before = seen(house, bulletin)
    assert f'name="seen" value="{before}"' in enter(nobody, "lãnh đạo").get("/approvals").text
    assert enter(nobody, "biên tập").post(f"/approvals/{bulletin}/submit").status_code == 303
    answer = enter(nobody, "lãnh đạo").post(f"/approvals/{bulletin}/approve", data={"seen": before})
    assert answer.status_code == 409
    assert "vừa được gửi lại" in answer.text
    assert nobody.post(f"/approvals/{bulletin}/approve").status_code == 409

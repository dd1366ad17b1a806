"""The first page in each of its states: for each kind of person, on a fresh installation, on air and silent, in two languages."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import delete

from controller.db.people_tables import grants
from controller.domain.delivery import State
from controller.domain.rights import OPERATOR, Role
from controller.service.asking import Wish
from controller.service.covering import SEEN_MS
from controller.service.ports import Status
from controller.service.users import Wanted
from controller.web.pages import number
from controller.web.today_view import age
from tests.unit.controller.web.conftest import NOW_MS, PASSWORD, House

COMMUNE, OTHER = "x01576", "x01501"
FRAGMENT = "/fragments/today"
RULE: dict[str, Any] = {"first": "2026-11-18", "at": ["19:00"], "every": "day"}


@pytest.fixture
def demo(house: House) -> House:
    """Forty loudspeakers in two communes."""
    house.services.make_demo(OPERATOR)
    return house


def come(client: httpx.Client, house: House, *roles: Wanted) -> httpx.Client:
    """Somebody with these roles signs in."""
    house.services.users.add("ai", PASSWORD, roles, by=OPERATOR)
    assert client.post("/api/v1/session", json={"name": "ai", "password": PASSWORD}).status_code == 201
    return client


def all_there(house: House, *, but: int = 0, ago_ms: int = 0) -> None:
    """All loudspeakers but the first `but` were just heard from."""
    with house.work.writing() as tx:
        words = [
            Status(
                node=node.id,
                life="00000000000000aa",
                boot=1,
                connection=1,
                counter=1,
                online=True,
                seen_ms=NOW_MS - ago_ms,
                clock_u_ms=5,
                trust=1,
                config=1,
                plan=1,
            )
            for node in tx.nodes.within(None)[but:]
        ]
        tx.nodes.set_statuses(words)


def say(house: House, officer: httpx.Client, to: str, title: str = "Họp") -> str:
    bulletin = officer.post("/api/v1/bulletins", files={"file": ("a.mp3", b"sound")}, data={"title": title}).json()["id"]
    house.prepare_all()
    return house.services.airings.say(bulletin=bulletin, wish=Wish(to=(to,)), by=OPERATOR).id


def move(house: House, airing: str, state: State) -> None:
    with house.work.writing() as tx:
        tx.deliveries.write([replace(each, state=state) for each in tx.deliveries.of_airing(airing)])


def programme(client: httpx.Client, **more: Any) -> None:
    segments = [{"take": "relay", "source": "VOV1", "length_ms": 1_800_000}]
    wanted = {"owner": COMMUNE, "units": [COMMUNE], "title": "Buổi tối", "rule": RULE, "segments": segments} | more
    assert client.post("/api/v1/programmes", json=wanted).status_code == 201


def test_a_fresh_installation_says_what_to_do_first(officer: httpx.Client) -> None:
    page = officer.get("/").text
    assert "Chưa có xã nào." in page
    assert "tienglang units import" in page
    assert "Các lượt phát gần đây" in page
    assert 'id="part-tonight"' not in page


def test_communes_without_loudspeakers_say_how_to_add_them(officer: httpx.Client) -> None:
    officer.post("/api/v1/units/import", json={"code": "01654"})
    assert "Chưa có cụm loa nào." in officer.get("/").text
    officer.post("/api/v1/units", json={"parent": "x01654", "name": "Pác Rằng"})
    assert "tienglang nodes add" in officer.get("/").text


def test_a_person_without_a_place_is_told_whom_to_ask(nobody: httpx.Client, demo: House) -> None:
    come(nobody, demo, (Role.HEAD, f"{COMMUNE}-1"))
    with demo.work.writing() as tx:
        tx.connection.execute(delete(grants))
    page = nobody.get("/").text
    assert "Tài khoản này chưa được giao nơi nào." in page
    assert "Pác Rằng 1" not in page
    assert 'href="/compose"' not in page


def test_nothing_on_air_is_one_line_that_says_what_comes_next(officer: httpx.Client, demo: House) -> None:
    assert "Từ nay tới hết ngày mai chưa hẹn gì." in officer.get("/").text
    programme(officer)
    page = officer.get(f"/?unit={COMMUNE}").text
    assert "Lượt tới ở Xã Quảng Uyên: 19:00, Buổi tối, 7 thôn." in page
    assert "Next in Xã Quảng Uyên: 19:00, Buổi tối, 7 villages." in officer.get(f"/?unit={COMMUNE}&lang=en").text


def test_a_village_head_sees_the_own_village_and_says_something(nobody: httpx.Client, demo: House) -> None:
    all_there(demo)
    page = come(nobody, demo, (Role.HEAD, f"{COMMUNE}-1")).get("/").text
    assert "4 trên 4 cụm loa đang hoạt động" in page
    assert 'href="/compose"' in page
    assert "chỉ tiêu" not in page
    assert "Pác Rằng" in page
    assert not {"Phia Chang", "Bản Giốc", "Quảng Uyên"} & set(re.findall(r"Phia Chang|Bản Giốc|Quảng Uyên", page))


def test_a_technician_finds_faults_first_open_and_linked(nobody: httpx.Client, demo: House) -> None:
    all_there(demo, but=2, ago_ms=0)
    page = come(nobody, demo, (Role.TECHNICIAN, COMMUNE), (Role.TECHNICIAN, OTHER)).get("/").text
    assert page.index('id="part-faults"') < page.index('id="part-on-air"')
    assert '<details class="alarms" id="silent" open>' in page
    assert "2 cụm loa im lặng" in page
    assert f'href="/nodes/{OTHER}-1-l1"' in page
    assert "chưa nối mạng lần nào" in page
    assert 'href="/compose"' not in page


def test_an_auditor_sees_everything_and_finds_no_button(nobody: httpx.Client, demo: House) -> None:
    page = come(nobody, demo, (Role.AUDITOR, "p04")).get("/").text
    assert page.index('id="part-on-air"') < page.index('id="part-faults"')
    main = page.partition("<main")[2].partition('<dialog class="sheet')[0]
    assert "btn-" not in main


@pytest.mark.parametrize(
    ("but", "said"),
    [(40, "0 %"), (4, "12 trên 13 thôn có loa hoạt động"), (0, "Đạt chỉ tiêu trên 80 % (kế hoạch 712/KH-UBND).")],
)
def test_coverage_says_how_many_villages_can_hear_us(officer: httpx.Client, demo: House, but: int, said: str) -> None:
    all_there(demo, but=but)
    page = officer.get("/").text
    assert said in page
    assert "đã báo tin trong 5 phút qua" in page
    assert ('id="without"' in page) == (but > 0)


def test_whoever_was_not_heard_for_a_while_is_silent_with_its_age(officer: httpx.Client, demo: House) -> None:
    all_there(demo, ago_ms=SEEN_MS + 3 * 3_600_000)
    page = officer.get("/").text
    assert "40 cụm loa im lặng" in page
    assert page.count("từ 3 giờ trước") == 20
    assert "và 20 nơi khác" in page
    assert "40 silent loudspeakers" in officer.get("/?lang=en").text


def test_all_well_is_said_too(officer: httpx.Client, demo: House) -> None:
    all_there(demo)
    assert "Mọi cụm loa đang hoạt động, không có cảnh báo." in officer.get("/").text


def test_on_air_is_the_answer_with_a_link_until_it_ended(officer: httpx.Client, demo: House) -> None:
    airing = say(demo, officer, COMMUNE)
    assert "Sắp phát" in officer.get(FRAGMENT).text
    demo.clock.advance(6_000)
    move(demo, airing, State.STARTED)
    page = officer.get(FRAGMENT).text
    assert f'href="/airings/{airing}" id="on-air-{airing}"' in page
    assert "Cả 22 cụm loa đang phát." in page
    assert 'value="333"' in page  # one second of three
    move(demo, airing, State.FINISHED)
    page = officer.get(FRAGMENT).text
    assert "Chưa có gì đang phát." in page
    assert "22/22" in page


def test_what_is_on_air_elsewhere_is_not_shown(nobody: httpx.Client, officer: httpx.Client, demo: House) -> None:
    say(demo, officer, COMMUNE, "Bí mật của xã kia")
    officer.delete("/api/v1/session")
    page = come(nobody, demo, (Role.EDITOR, OTHER)).get("/").text
    assert "Bí mật của xã kia" not in page


def test_a_place_is_chosen_by_its_address_and_another_one_than_offered_is_the_first(officer: httpx.Client, demo: House) -> None:
    programme(officer)
    assert "Buổi tối" in officer.get(FRAGMENT, params={"unit": COMMUNE}).text
    for unit in ("", OTHER, "x1", "'><b>"):
        page = officer.get(FRAGMENT, params={"unit": unit}).text
        assert f'id="to-{OTHER}" aria-current="true"' in page
    assert "Buổi tối" in officer.get(FRAGMENT, params={"unit": COMMUNE, "day": "tomorrow"}).text


def test_many_places_are_a_list_to_choose_from(officer: httpx.Client, demo: House) -> None:
    for code in ("01279", "01288", "01290"):
        unit = officer.post("/api/v1/units/import", json={"code": code})
        village = officer.post("/api/v1/units", json={"parent": unit.json()["id"], "name": "Thôn Một"}).json()["id"]
        officer.post("/api/v1/nodes", json={"village": village, "names": ["Cụm 1"]})
    page = officer.get("/").text
    assert '<select class="form-select" id="choose-place" name="unit">' in page
    assert page.count("<option") == 5


def test_why_something_is_not_said_is_in_the_page_in_the_field_s_words(officer: httpx.Client, demo: House) -> None:
    programme(officer)
    policy = {"session_ms": 900_000, "hours": [{"from": "05:00", "to": "21:00"}]}
    assert officer.put(f"/api/v1/policies/{COMMUNE}", json={"version": 1, "policy": policy}).status_code == 200
    page = officer.get(f"/?unit={COMMUNE}").text
    assert "Bị cắt lúc 19:15: giới hạn một buổi 15 phút của Xã Quảng Uyên." in page
    assert "giờ không được phát" in page
    assert "Cut at 19:15: session limit of 15 minutes of Xã Quảng Uyên." in officer.get(f"/?unit={COMMUNE}&lang=en").text


def test_names_in_the_picture_are_text_and_nothing_else(officer: httpx.Client, demo: House) -> None:
    programme(officer, title='"><b>x')
    page = officer.get(f"/?unit={COMMUNE}").text
    assert "<b>x" not in page
    assert "&#34;&gt;&lt;b&gt;x" in page


def test_a_fragment_is_for_who_is_signed_in(nobody: httpx.Client) -> None:
    assert nobody.get(FRAGMENT).headers["location"] == "/login"


@pytest.mark.parametrize(
    ("ms", "vi", "en"),
    [
        (0, "vừa mới đây", "just now"),
        (59_999, "vừa mới đây", "just now"),
        (60_000, "từ 1 phút trước", "for 1 min"),
        (3 * 3_600_000 + 5, "từ 3 giờ trước", "for 3 h"),
        (50 * 3_600_000, "từ 2 ngày trước", "for 2 d"),
    ],
)
def test_an_age_is_one_unit_and_never_more_than_it_is(ms: int, vi: str, en: str) -> None:
    assert (age(ms, "vi"), age(ms, "en")) == (vi, en)


def test_numbers_are_written_as_people_here_do() -> None:
    assert (number(1234, "vi"), number(1234, "en"), number(12, "vi")) == ("1.234", "1,234", "12")

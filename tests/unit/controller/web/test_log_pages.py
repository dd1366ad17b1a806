"""The log's page and its files, and an airing's: filters in the address, empty days, pages, languages, whose eyes see what."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from msgspec.structs import replace

from controller.domain.airing import Airing
from controller.domain.delivery import State
from controller.domain.rights import OPERATOR, Role
from controller.service.asking import Wish
from controller.service.deliveries import LINK_UP_MS, Sweeper
from controller.web import log_pages
from controller.web.log_pages import share
from scheduler.clock import moment
from tests.unit.controller.web.conftest import NOW_MS, PASSWORD, House, browser
from tests.unit.controller.web.test_sheets import opened

HTML = {"Accept": "text/html"}
DAY = f"{moment(NOW_MS) + timedelta(hours=7):%Y-%m-%d}"
MONTH_DAY = f"{moment(NOW_MS) + timedelta(hours=7):%d/%m/%Y}"


@pytest.fixture
def commune(house: House, officer: httpx.Client) -> str:
    """A commune with two villages of two loudspeakers."""
    services = house.services
    services.units.import_commune("01654", by=OPERATOR)
    for number, name in enumerate(("Pác Rằng", "Lũng Vài"), 1):
        services.units.add("x01654", name, by=OPERATOR)
        services.nodes.add(f"x01654-{number}", [f"{name} 1", f"{name} 2"], by=OPERATOR)
    return "x01654"


def say(officer: httpx.Client, house: House, title: str, to: str = "x01654", klass: str = "normal") -> Airing:
    form = {"title": title, "class": klass, "owner": "x01654"}
    bulletin = officer.post("/api/v1/bulletins", files={"file": ("a.mp3", title.encode())}, data=form).json()["id"]
    house.prepare_all()
    return house.services.airings.say(bulletin=bulletin, wish=Wish(to=(to,)), by=OPERATOR)


def settle(house: House, airing: Airing, *missed: str) -> None:
    """All loudspeakers play it but these, which have no word; its time goes by."""
    with house.work.writing() as tx:
        rows = tx.deliveries.of_airing(airing.id)
        tx.deliveries.write([replace(row, state=State.FINISHED) for row in rows if row.node not in missed])
    house.clock.advance(airing.settles_ms - house.clock.now_ms() + 1)
    bus, clock = house.services.bus, house.clock
    Sweeper(database=house.work, clock=clock, bus=bus).sweep(clock.monotonic_ms() - LINK_UP_MS)


def lines_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.fixture
def head(house: House, commune: str) -> Iterator[httpx.Client]:
    """The head of the second village."""
    house.services.users.add("trưởng thôn", PASSWORD, [(Role.HEAD, f"{commune}-2")], by=OPERATOR)
    with browser(house) as client:
        assert client.post("/api/v1/session", json={"name": "trưởng thôn", "password": PASSWORD}).status_code == 201
        yield client


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_log_needs_a_person_and_leads_back(nobody: httpx.Client) -> None:
    assert nobody.get("/log").headers["location"] == "/login?after=/log"


def test_an_empty_day_says_what_to_do(officer: httpx.Client) -> None:
    page = officer.get("/log").text
    assert f"{MONTH_DAY}: không có lượt phát nào." in page
    assert "chọn Tháng để xem cả tháng" in page
    filtered = officer.get("/log?text=x").text
    assert "Hãy bớt một điều kiện" in filtered
    assert "Bỏ lọc" in filtered
    assert "nothing was said" in officer.get("/log?lang=en").text


def test_a_day_begins_with_the_answer_and_names_what_was_missed(officer: httpx.Client, house: House, commune: str) -> None:
    settle(house, say(officer, house, "Họp thôn"))
    assert "1 lượt phát: mọi nơi đều nghe." in officer.get("/log").text
    short = say(officer, house, "Tiêm phòng", klass="priority")
    settle(house, short, "x01654-2-l1")
    page = officer.get("/log").text
    assert "2 lượt phát: 1 lượt có nơi chưa nghe." in page
    assert page.index("Tiêm phòng") < page.index("Họp thôn")  # the newest first
    assert ">3/4<" in page
    assert ">Ưu tiên</span>" in page
    assert "Có nơi chưa nghe" in page
    assert f'href="/airings/{short.id}"' in page
    yesterday = officer.get(f"/log?on={moment(NOW_MS) - timedelta(days=1):%Y-%m-%d}").text
    assert "không có lượt phát nào" in yesterday


def test_conditions_stay_in_the_address_and_in_the_form(officer: httpx.Client, house: House, commune: str) -> None:
    settle(house, say(officer, house, "Họp thôn"))
    settle(house, say(officer, house, "Tiêm phòng"), "x01654-1-l1")
    page = officer.get("/log?text=TIEM&result=short&class=normal&unit=x01654-1").text
    assert "Tiêm phòng" in page
    assert "Họp thôn" not in page
    assert 'value="TIEM"' in page
    assert '<option value="x01654-1" selected>' in page
    assert '<option value="short" selected>' in page
    assert "result=short&amp;text=TIEM" in page  # in the addresses of the files and of the other days
    assert ">1/2<" in page  # of that village alone
    assert "Tiêm phòng" not in officer.get("/log?unit=x01654-2&result=short").text


def test_a_form_with_nothing_filled_in_shows_the_day(officer: httpx.Client) -> None:
    assert officer.get(f"/log?kind=day&on={DAY}&unit=&class=&result=&text=").status_code == 200


@pytest.mark.parametrize("wrong", ["on=2026-13-40", "kind=week", "class=x", "on=1066-10-14", "unit=../x", "page=0"])
def test_an_address_that_makes_no_sense_is_a_page_that_says_so(officer: httpx.Client, wrong: str) -> None:
    answer = officer.get(f"/log?{wrong}", headers=HTML)
    assert answer.status_code == 422
    assert "<html" in answer.text


def test_a_month_has_its_sums_and_its_villages(officer: httpx.Client, house: House, commune: str) -> None:
    settle(house, say(officer, house, "Họp thôn"))
    settle(house, say(officer, house, "Tiêm phòng", klass="priority"), "x01654-2-l1", "x01654-2-l2")
    for kind, name in (("month", "Tháng"), ("quarter", "Quý"), ("half", "6 tháng")):
        page = officer.get(f"/log?kind={kind}").text
        assert name in page
        assert "2 trên 2 thôn nghe được ít nhất một lượt phát (100 %)." in page
        assert '<td data-head="Tỉ lệ nghe được">75 %</td>' in page
        assert page.index('village-name">Lũng Vài') < page.index('village-name">Pác Rằng')  # who heard least comes first
    assert "Số phút phát" not in officer.get("/log").text


def test_a_long_log_comes_in_pages(officer: httpx.Client, house: House, commune: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        settle(house, say(officer, house, f"Tin {number}"))
    monkeypatch.setattr(log_pages, "PAGE", 2)
    first, second = officer.get("/log").text, officer.get("/log?page=2").text
    assert ("Tin 2" in first, "Tin 0" in first, "Trang 1 / 2" in first) == (True, False, True)
    assert ("Tin 2" in second, "Tin 0" in second, "Mới hơn" in second) == (False, True, True)
    assert "Tin 0" in officer.get("/log?page=99").text


def test_a_head_sees_the_own_village_and_no_other(officer: httpx.Client, head: httpx.Client, house: House, commune: str) -> None:
    settle(house, say(officer, house, "Của xã"), "x01654-1-l1")
    settle(house, say(officer, house, "Của thôn kia", to=f"{commune}-1"))
    page = head.get("/log").text
    assert "Của xã" in page
    assert "Của thôn kia" not in page
    assert ">2/2<" in page
    assert "Pác Rằng" not in page
    assert [line["Tên bản tin"] for line in lines_of(head.get("/api/v1/log.csv"))] == ["Của xã"]
    assert head.get("/log?unit=x01654-1", headers=HTML).status_code == 403
    assert len(lines_of(head.get(f"/api/v1/airings/{first_id(officer)}/ledger.csv"))) == 2


def first_id(officer: httpx.Client) -> str:
    oldest: str = officer.get("/api/v1/airings").json()[-1]["id"]
    return oldest


def test_a_stranger_s_title_is_text_on_the_page_and_in_the_files(officer: httpx.Client, house: House, commune: str) -> None:
    settle(house, say(officer, house, "=1+1<b>"))
    assert "=1+1&lt;b&gt;" in officer.get("/log").text
    [line] = lines_of(officer.get("/api/v1/log.csv"))
    assert line["Tên bản tin"] == "'=1+1<b>"
    cells = opened(officer.get("/api/v1/log.xlsx").content, 1)
    assert cells["B2"] == ("s", "=1+1<b>")
    assert not [cell for cell in cells.values() if cell[0] == "f"]


def test_shares_are_rounded_down() -> None:
    assert [share(*each, "vi") for each in ((1, 1), (9_999, 10_000), (1, 3), (0, 0), (0, 5))] == [
        "100 %",
        "99,9 %",
        "33,3 %",
        "–",
        "0 %",
    ]
    assert share(1, 3, "en") == "33.3 %"


# ── the files ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_csv_holds_what_is_filtered(officer: httpx.Client, house: House, commune: str) -> None:
    settle(house, say(officer, house, "Họp thôn"), "x01654-1-l1")
    settle(house, say(officer, house, "Tiêm phòng"))
    answer = officer.get("/api/v1/log.csv?text=hop")
    assert answer.headers["content-disposition"] == f'attachment; filename="nhat-ky-{DAY}.csv"'
    [line] = lines_of(answer)
    assert line | {"Bắt đầu": "", "Mã lượt phát": "", "Người phát": ""} == {
        "Bắt đầu": "",
        "Tên bản tin": "Họp thôn",
        "Loại tin": "Thông thường",
        "Người phát": "",
        "Nơi phát": "Xã Hòa An",
        "Thời lượng (giây)": "3",
        "Cụm loa nghe được": "3",
        "Tổng số cụm loa": "4",
        "Tỉ lệ nghe được": "75,0%",
        "Kết quả": "Có nơi chưa nghe",
        "Mã lượt phát": "",
    }
    assert line["Bắt đầu"].startswith(MONTH_DAY)
    assert "Title" in lines_of(officer.get("/api/v1/log.csv?lang=en"))[0]


def test_the_book_has_two_sheets_and_adds_up(officer: httpx.Client, house: House, commune: str) -> None:
    settle(house, say(officer, house, "Họp thôn"), "x01654-1-l1")
    answer = officer.get("/api/v1/log.xlsx?kind=month")
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    assert opened(answer.content, 1)["G2"] == ("n", "3")
    sums = opened(answer.content, 2)
    texts = {text for kind, text in sums.values() if kind == "s"}
    assert {"Loại tin", "Thông thường", "Ưu tiên", "Khẩn cấp", "Cộng", "Thôn", "Pác Rằng", "Lũng Vài"} <= texts
    assert ("n", "0.75") in sums.values()


def test_one_airings_files_name_each_loudspeaker(officer: httpx.Client, house: House, commune: str) -> None:
    airing = say(officer, house, "Họp thôn")
    settle(house, airing, "x01654-2-l1")
    answer = officer.get(f"/api/v1/airings/{airing.id}/ledger.csv")
    assert f'filename="ket-qua-{DAY}' in answer.headers["content-disposition"]
    rows = lines_of(answer)
    assert [(row["Thôn"], row["Cụm loa"], row["Đã nghe"], row["Kết quả"]) for row in rows] == [
        ("Lũng Vài", "Lũng Vài 1", "không", "Không có tin báo"),
        ("Lũng Vài", "Lũng Vài 2", "có", "Đã phát xong"),
        ("Pác Rằng", "Pác Rằng 1", "có", "Đã phát xong"),
        ("Pác Rằng", "Pác Rằng 2", "có", "Đã phát xong"),
    ]
    book = officer.get(f"/api/v1/airings/{airing.id}/ledger.xlsx")
    assert opened(book.content, 1)["C2"] == ("s", "Lũng Vài 1")


def test_files_are_for_who_is_signed_in(nobody: httpx.Client) -> None:
    assert nobody.get("/api/v1/log.csv").status_code == 401
    assert nobody.get("/api/v1/log.xlsx").status_code == 401


# ── an airing's page ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_repeated_once_and_both_pages_name_one_another(officer: httpx.Client, house: House, commune: str) -> None:
    airing = say(officer, house, "Họp thôn")
    early = officer.post(f"/api/v1/airings/{airing.id}/repeat")
    assert (early.status_code, early.json()["code"]) == (422, "airing.running")
    settle(house, airing, "x01654-2-l1")
    first = officer.post(f"/api/v1/airings/{airing.id}/repeat")
    second = officer.post(f"/api/v1/airings/{airing.id}/repeat")
    assert (first.status_code, second.status_code) == (200, 200)
    again = first.json()
    assert again["id"] == second.json()["id"] != airing.id
    assert (again["units"], again["repeats"], again["total"]) == (["x01654-2"], airing.id, 2)
    assert f'href="/airings/{again["id"]}"' in officer.get(f"/airings/{airing.id}").text
    assert f'href="/airings/{airing.id}"' in officer.get(f"/airings/{again['id']}").text


def test_who_may_not_speak_finds_no_button(house: House, officer: httpx.Client, commune: str) -> None:
    airing = say(officer, house, "Họp thôn")
    assert 'data-says="1"' in officer.get(f"/airings/{airing.id}").text
    house.services.users.add("kiểm tra", PASSWORD, [(Role.AUDITOR, commune)], by=OPERATOR)
    with browser(house) as auditor:
        assert auditor.post("/api/v1/session", json={"name": "kiểm tra", "password": PASSWORD}).status_code == 201
        assert 'data-says="0"' in auditor.get(f"/airings/{airing.id}").text
        assert "Nhật ký" in auditor.get("/log").text
